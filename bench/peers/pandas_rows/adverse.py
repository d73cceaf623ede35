"""Adverse excursion: scale from three range variances."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from candles import Array

MEDIUM_ROWS, LONG_ROWS = 96, 576
PARKINSON = 0.25 / math.log(2.0)
PULL, PULL_LIMIT = 0.2, 2.2


def adverse_scale(
    high: Array, low: Array, sigma: Array, typical: float, fast_weight: float, medium_weight: float
) -> Array:
    """The scale of the worst move, which a quantile of the shape multiplies."""
    variance = pd.Series(np.log(high / low) ** 2 * PARKINSON)
    medium = np.log(variance.rolling(MEDIUM_ROWS).mean())
    long = np.log(variance.rolling(LONG_ROWS).mean())
    distance = (long - typical).clip(-PULL_LIMIT, PULL_LIMIT)
    blend = fast_weight * (2.0 * np.log(sigma) - medium) + medium_weight * (medium - long)
    return np.exp(0.5 * (long - PULL * distance + blend)).to_numpy()
