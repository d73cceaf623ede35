"""The engine's measures as a numba expert would write them: incremental windows, rolling sums by
adding and subtracting, a tail that is fitted again only when its exceedances change. One
thread; compilation is not timed.
"""
