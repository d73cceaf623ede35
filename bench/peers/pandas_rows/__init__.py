"""The engine's measures as a careful pandas user would write them: vectorised wherever the
formula allows, a Python loop with a fit that is repeated only for new exceedances where it
does not.
"""
