"""Seeded synthetic candles for the peers' bench: two volatility regimes, fat tails, a market to
follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CANDLE_MS = 300_000


@dataclass(frozen=True)
class Candles:
    """Columns of equal length; times in ms since 1970, prices in any one unit."""

    open_ms: Array
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    market_close: Array

    def block(self) -> Array:
        """The columns one after the other, as the engine takes them."""
        return np.concatenate(
            [
                self.open_ms,
                self.open,
                self.high,
                self.low,
                self.close,
                self.volume,
                self.market_close,
            ]
        )


def market(seed: int, rows: int) -> Candles:
    """`rows` candles of 5 minutes, on ticks of 0.001, so that some prices do not move."""
    rng = np.random.default_rng(seed)
    volatility = np.where((np.arange(rows) // 200) % 3 == 2, 0.004, 0.001)
    shock = rng.standard_t(4, rows)
    own = 0.6 * volatility * shock + 0.8 * volatility * rng.standard_t(4, rows)
    close = np.maximum(np.round(100.0 * np.exp(np.cumsum(own)), 3), 0.001)
    open_ = np.concatenate([[100.0], close[:-1]])
    up, down = rng.random(rows), rng.random(rows)
    return Candles(
        open_ms=1.7e12 + CANDLE_MS * np.arange(rows, dtype=np.float64),
        open=open_,
        high=np.maximum(open_, close) * (1.0 + volatility * up),
        low=np.minimum(open_, close) * (1.0 - volatility * down),
        close=close,
        volume=np.round(np.exp(4.0 + 0.8 * rng.standard_normal(rows)), 4),
        market_close=30_000.0 * np.exp(np.cumsum(volatility * shock)),
    )
