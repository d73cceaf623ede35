"""Volatility: range filter, squared returns, Rogers-Satchell, Garman-Klass, Yang-Zhang."""

from __future__ import annotations

import numpy as np
from numba import njit

from .windows import replace_sorted, weighted

#: Newest first.
POWER_LAW = np.arange(1.0, 65.0) ** -1.5
POWER_LAW /= POWER_LAW.sum()
EXPONENTIAL = 0.94 ** np.arange(128)
EXPONENTIAL /= EXPONENTIAL.sum()
FLOOR_ROWS, FLOOR_SHARE, SIGMA_MIN = 89, 0.25, 1e-6
PARKINSON = 0.6005612043932249
WINDOW = 96


@njit
def log_returns(close):
    """ln(C_t / C_{t-1}); NaN first."""
    out = np.empty(close.size)
    out[0] = np.nan
    for t in range(1, close.size):
        out[t] = np.log(close[t] / close[t - 1])
    return out


@njit
def range_volatility(high, low):
    """Parkinson volatility with power-law weights, floored by the median range."""
    ranges = np.log(high / low)
    kernel = weighted(ranges * ranges, POWER_LAW)
    ordered = np.zeros(FLOOR_ROWS)
    out = np.empty(high.size)
    for t in range(high.size):
        replace_sorted(ordered, ranges[t - FLOOR_ROWS] if t >= FLOOR_ROWS else 0.0, ranges[t])
        sigma = max(kernel[t], ordered[FLOOR_ROWS // 2] * FLOOR_SHARE) * PARKINSON
        out[t] = max(sigma, SIGMA_MIN)
    return out


@njit
def ewma(returns):
    """Volatility by exponentially weighted squared returns."""
    squares = returns * returns
    squares[0] = 0.0
    return weighted(squares, EXPONENTIAL)


@njit
def rogers_satchell_variance(open_, high, low, close):
    """Rogers & Satchell's variance of every candle."""
    upper, lower, body = np.log(high / open_), np.log(low / open_), np.log(close / open_)
    return np.maximum(upper * (upper - body) + lower * (lower - body), 0.0)


@njit
def rogers_satchell(variance):
    """Their volatility with exponential weights."""
    return weighted(variance, EXPONENTIAL)


@njit
def range_windows(open_, high, low, close, variance):
    """Garman-Klass and Yang-Zhang volatility over the window, by sliding sums."""
    rows, n = close.size, WINDOW
    gk_out, yz_out = np.full(rows, np.nan), np.full(rows, np.nan)
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    terms = np.zeros((rows, 6))
    sums = np.zeros(6)
    for t in range(1, rows):
        gap, body, span = (
            np.log(open_[t] / close[t - 1]),
            np.log(close[t] / open_[t]),
            np.log(high[t] / low[t]),
        )
        terms[t, 0], terms[t, 1], terms[t, 2], terms[t, 3] = gap, gap * gap, body, body * body
        terms[t, 4] = variance[t]
        terms[t, 5] = 0.5 * span * span - (2.0 * np.log(2.0) - 1.0) * body * body
        for j in range(6):
            sums[j] += terms[t, j] - (terms[t - n, j] if t >= n else 0.0)
        if t >= n:
            gaps = (sums[1] - sums[0] * sums[0] / n) / (n - 1)
            bodies = (sums[3] - sums[2] * sums[2] / n) / (n - 1)
            gk_out[t] = np.sqrt(max(sums[5] / n, 0.0))
            yz_out[t] = np.sqrt(max(gaps + k * bodies + (1.0 - k) * sums[4] / n, 0.0))
    return gk_out, yz_out
