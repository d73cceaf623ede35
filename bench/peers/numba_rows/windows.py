"""Windows shared by the measures."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit
def replace_sorted(window, old, new):
    """Replaces `old` by `new` in an ascending window; returns the lowest and highest place that
    changed.
    """
    start = np.searchsorted(window, old)
    if old <= new:
        stop = max(np.searchsorted(window, new), start + 1) - 1
        for i in range(start, stop):
            window[i] = window[i + 1]
        window[stop] = new
        return start, stop
    stop = np.searchsorted(window, new)
    for i in range(start, stop, -1):
        window[i] = window[i - 1]
    window[stop] = new
    return stop, start


@njit
def weighted(values, weights):
    """Root of the mean of the last values, for every row; weights newest first, of sum 1."""
    taps = weights.size
    weights = weights[::-1].copy()
    padded = np.zeros(values.size + taps)
    padded[taps:] = values
    out = np.empty(values.size)
    for t in range(values.size):
        total = 0.0
        for i in range(taps):
            total += weights[i] * padded[t + 1 + i]
        out[t] = np.sqrt(total)
    return out


@njit
def mid_rank(values, rows):
    """Mid-rank of every value among the `rows` that end with it; missing ones are NaN and not
    counted.
    """
    keys = values.astype(np.float32)
    out = np.full(values.size, np.nan)
    for t in range(rows - 1, values.size):
        newest = keys[t]
        below, equal, present = 0, 0, 0
        for i in range(t - rows + 1, t + 1):
            below += keys[i] < newest
            equal += keys[i] == newest
            present += keys[i] == keys[i]
        if newest == newest and 2 * present >= rows:
            out[t] = (below + 0.5 * equal) / present
    return out
