"""What a backtest's account was worth at times that have passed.

Between two fills an account changes with the closes of the pairs it holds and with nothing else,
so its value at any time in between can be had later, from the closes the frames brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talebridge.columns import CLOSE, TIME, Block
from talebridge.recent import Recent

Floats = NDArray[np.float64]


class Closes:
    """Closes of the pairs annotated in this process. Not pickled: a worker annotates its own, or
    has none."""

    def __init__(self) -> None:
        self._pairs: Recent[tuple[Floats, Floats]] = Recent()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, _: dict[str, Any]) -> None:
        self._pairs = Recent()

    def keep(self, pair: str, block: Block) -> None:
        """Keeps a frame's open times (ms, ascending) and closes."""
        self._pairs.set(pair, (block[TIME].copy(), block[CLOSE].copy()))

    def known(self, pair: str) -> bool:
        """Whether a pair's closes are here."""
        return self._pairs.get(pair) is not None

    def at(self, pair: str, opens_ms: Floats, before: float) -> Floats:
        """Closes of a known pair's candles that opened at `opens_ms`, of the ones before where
        there is none; `before` ahead of the first."""
        kept = self._pairs.get(pair)
        if kept is None:
            return np.full(len(opens_ms), before)
        times, closes = kept
        index = np.searchsorted(times, opens_ms, side="right") - 1
        found = closes[np.maximum(index, 0)]
        return np.where((index >= 0) & np.isfinite(found) & (found > 0), found, before)


@dataclass(frozen=True, slots=True)
class Holding:
    """One trade as a function of its pair's price: `slope` money per unit of price."""

    pair: str
    slope: float
    open_rate: float


@dataclass(frozen=True, slots=True)
class Held:
    """An account between two fills. `base`: its value with every holding at its opening rate."""

    base: float
    holdings: tuple[Holding, ...]

    def values(self, closes: Closes, opens_ms: Floats) -> Floats:
        """Equity in stake currency, marked at the closes of the candles opened at `opens_ms`."""
        equity = np.full(len(opens_ms), self.base)
        for holding in self.holdings:
            marks = closes.at(holding.pair, opens_ms, holding.open_rate)
            equity += holding.slope * (marks - holding.open_rate)
        return equity
