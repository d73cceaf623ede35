"""Adverse excursion: scale from three range variances."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

MEDIUM_ROWS, LONG_ROWS = 96, 576
PARKINSON = 0.25 / math.log(2.0)
PULL, PULL_LIMIT = 0.2, 2.2


@njit
def adverse_scale(high, low, sigma, typical, fast_weight, medium_weight):
    """The scale of the worst move, which a quantile of the shape multiplies."""
    rows = high.size
    out = np.full(rows, np.nan)
    square = np.log(high / low) ** 2
    medium, long = 0.0, 0.0
    for t in range(rows):
        medium += square[t] - (square[t - MEDIUM_ROWS] if t >= MEDIUM_ROWS else 0.0)
        long += square[t] - (square[t - LONG_ROWS] if t >= LONG_ROWS else 0.0)
        if t < LONG_ROWS - 1:
            continue
        slow = np.log(long * PARKINSON / LONG_ROWS)
        middle = np.log(medium * PARKINSON / MEDIUM_ROWS)
        distance = min(max(slow - typical, -PULL_LIMIT), PULL_LIMIT)
        fast = 2.0 * np.log(sigma[t])
        blend = fast_weight * (fast - middle) + medium_weight * (middle - slow)
        out[t] = np.exp(0.5 * (slow - PULL * distance + blend))
    return out
