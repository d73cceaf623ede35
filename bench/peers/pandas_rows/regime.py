"""Regime: rank of the volatility, and a change of the log range."""

from __future__ import annotations

import numpy as np
import pandas as pd
from candles import Array

SUFFIX, REFERENCE = 64, 250
ALLOWANCE, DEVIATION_MIN, RANGE_MIN = 0.5, 0.29, 1e-6


def mid_rank(values: Array, rows: int) -> Array:
    """Mid-rank of every value among the `rows` that end with it; missing ones are not counted."""
    window = pd.Series(values.astype(np.float32)).rolling(rows, min_periods=rows // 2)
    present = window.count()
    rank = (window.rank() - 0.5) / present
    return rank.where(2 * present >= rows).to_numpy()


def change(high: Array, low: Array) -> Array:
    """Largest suffix sum of the standardised log range over 64 candles: positive for a rise,
    negative for a fall.
    """
    x = pd.Series(np.log(np.maximum(np.log(high / low), RANGE_MIN)))
    reference = x.shift(SUFFIX).rolling(REFERENCE)
    mean = reference.mean().to_numpy()
    deviation = np.maximum(reference.std().to_numpy(), DEVIATION_MIN)
    first = SUFFIX - 1
    latest_first = np.lib.stride_tricks.sliding_window_view(x.to_numpy(), SUFFIX)[:, ::-1]
    length = np.arange(1, SUFFIX + 1)
    excess = np.cumsum(latest_first, axis=1) - length * mean[first:, None]
    slack = length * (ALLOWANCE * deviation[first:, None])
    up = np.maximum((excess - slack).max(axis=1), 0.0)
    down = np.maximum((-excess - slack).max(axis=1), 0.0)
    out = np.full(high.size, np.nan)
    out[first:] = np.where(up >= down, up, -down) / deviation[first:]
    return out
