"""Regime: rank of the volatility, and a change of the log range."""

from __future__ import annotations

import numpy as np
from numba import njit

SUFFIX, REFERENCE = 64, 250
ALLOWANCE, DEVIATION_MIN, RANGE_MIN = 0.5, 0.29, 1e-6


@njit
def change(high, low):
    """Largest suffix sum of the standardised log range over 64 candles: positive for a rise,
    negative for a fall.
    """
    rows, n = high.size, REFERENCE
    x = np.log(np.maximum(np.log(high / low), RANGE_MIN))
    out = np.full(rows, np.nan)
    total, squares = 0.0, 0.0
    for t in range(rows):
        new, old = t - SUFFIX, t - SUFFIX - n
        if new >= 0:
            total += x[new]
            squares += x[new] * x[new]
        if old >= 0:
            total -= x[old]
            squares -= x[old] * x[old]
        if new < n - 1:
            continue
        mean = total / n
        deviation = max(np.sqrt(max((squares - total * mean) / (n - 1), 0.0)), DEVIATION_MIN)
        up, down, excess = 0.0, 0.0, 0.0
        for k in range(1, SUFFIX + 1):
            excess += x[t + 1 - k] - mean
            slack = k * ALLOWANCE * deviation
            up = max(up, excess - slack)
            down = max(down, -excess - slack)
        out[t] = up / deviation if up >= down else -down / deviation
    return out
