"""Volatility and jump."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from candles import Array

#: Newest first.
POWER_LAW = np.arange(1.0, 65.0) ** -1.5
EXPONENTIAL = 0.94 ** np.arange(128)
FLOOR_ROWS, FLOOR_SHARE, SIGMA_MIN = 89, 0.25, 1e-6
PARKINSON = 1.0 / (2.0 * math.sqrt(math.log(2.0)))
WINDOW = 96
PRODUCTS, MAX_ZEROS = 94, 23


def log_returns(close: Array) -> Array:
    """ln(C_t / C_{t-1}); NaN first."""
    return np.concatenate([[np.nan], np.diff(np.log(close))])


def weighted(values: Array, weights: Array) -> Array:
    """Root of the weighted mean of the last values; weights newest first."""
    return np.sqrt(np.convolve(values, weights / weights.sum())[: values.size])


def range_volatility(high: Array, low: Array) -> Array:
    """Parkinson volatility with power-law weights, floored by the median range."""
    ranges = np.log(high / low)
    floor = pd.Series(ranges).rolling(FLOOR_ROWS).median().to_numpy() * FLOOR_SHARE
    return np.fmax(np.fmax(weighted(ranges**2, POWER_LAW), floor) * PARKINSON, SIGMA_MIN)


def ewma(returns: Array) -> Array:
    """Volatility by exponentially weighted squared returns."""
    return weighted(np.nan_to_num(returns) ** 2, EXPONENTIAL)


def rogers_satchell_variance(open_: Array, high: Array, low: Array, close: Array) -> Array:
    """Rogers & Satchell's variance of every candle."""
    upper, lower, body = np.log(high / open_), np.log(low / open_), np.log(close / open_)
    return np.maximum(upper * (upper - body) + lower * (lower - body), 0.0)


def rogers_satchell(variance: Array) -> Array:
    """Their volatility with exponential weights."""
    return weighted(variance, EXPONENTIAL)


def range_windows(
    open_: Array, high: Array, low: Array, close: Array, variance: Array
) -> tuple[Array, Array]:
    """Garman-Klass and Yang-Zhang volatility over the window."""
    n = WINDOW
    span, body = np.log(high / low), pd.Series(np.log(close / open_))
    gap = pd.Series(np.log(open_ / np.roll(close, 1)))
    garman_klass = 0.5 * span**2 - (2.0 * math.log(2.0) - 1.0) * body**2
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    rs = pd.Series(variance).rolling(n).mean()
    yang_zhang = gap.rolling(n).var() + k * body.rolling(n).var() + (1.0 - k) * rs
    gk = garman_klass.rolling(n).mean()
    return np.sqrt(gk.clip(lower=0.0)).to_numpy(), np.sqrt(yang_zhang.clip(lower=0.0)).to_numpy()


def jump(returns: Array) -> Array:
    """J against the bipower variation of the 95 returns before."""
    absolute = pd.Series(np.abs(returns))
    mean = (absolute * absolute.shift()).rolling(PRODUCTS).mean().shift()
    zeros = (absolute == 0.0).rolling(PRODUCTS + 1).sum().shift()
    valid = (zeros <= MAX_ZEROS) & (mean > 0.0)
    return (absolute / np.sqrt(mean)).where(valid).to_numpy()
