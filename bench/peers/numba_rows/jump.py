"""Jump of the candle against the bipower variation before it."""

from __future__ import annotations

import numpy as np
from numba import njit

PRODUCTS, MAX_ZEROS = 94, 23


@njit
def jump(returns):
    """J of every candle; NaN where the returns before it vary too little."""
    rows = returns.size
    out = np.full(rows, np.nan)
    total, zeros = 0.0, 0
    for t in range(1, rows):
        if t > PRODUCTS + 1:
            if zeros <= MAX_ZEROS and total > 0.0:
                out[t] = abs(returns[t]) / np.sqrt(total / PRODUCTS)
            total -= abs(returns[t - PRODUCTS - 1] * returns[t - PRODUCTS])
            zeros -= returns[t - PRODUCTS - 1] == 0.0
        if t > 1:
            total += abs(returns[t] * returns[t - 1])
        zeros += returns[t] == 0.0
    return out
