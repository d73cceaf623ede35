"""What a backtest's account was worth at times that have passed.

Between two fills an account changes with the closes of the pairs it holds and with nothing else,
so its value at any time in between can be had later, from the closes the frames brought.
"""

from __future__ import annotations

import math
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

    def last_ms(self, pair: str) -> int | None:
        """Open time of a pair's last candle, if its candles are here."""
        kept = self._pairs.get(pair)
        return int(kept[0].item(-1)) if kept is not None and len(kept[0]) else None

    def of(self, pair: str) -> tuple[Floats, Floats] | None:
        """Open times (ms, ascending) and closes of a pair, if they are here."""
        return self._pairs.get(pair)

    def at(self, pair: str, open_ms: int, before: float) -> float:
        """Close of a known pair's candle that opened at a time, of the one before where there is
        none; `before` ahead of the first."""
        kept = self._pairs.get(pair)
        if kept is None:
            return before
        times, closes = kept
        # Candles follow each other at one distance as a rule: the row can be reckoned.
        row = _reckoned(times, open_ms)
        if row is None:
            row = int(times.searchsorted(open_ms, side="right")) - 1
        close = closes.item(row) if row >= 0 else before
        return close if math.isfinite(close) and close > 0 else before


def _reckoned(times: Floats, open_ms: int) -> int | None:
    """The row of a time among times at the distance of the first two, if it is there."""
    if len(times) < 2:
        return None
    first = times.item(0)
    row = int((open_ms - first) // (times.item(1) - first or 1.0))
    return row if 0 <= row < len(times) and times.item(row) == open_ms else None


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

    def value(self, closes: Closes, open_ms: int) -> float:
        """Equity in stake currency, marked at the closes of the candles opened at a time.

        A few at a time and not as arrays: between two fills there are a handful, and numpy takes
        longer to begin than all of them take here.
        """
        equity = self.base
        for holding in self.holdings:
            mark = closes.at(holding.pair, open_ms, holding.open_rate)
            equity += holding.slope * (mark - holding.open_rate)
        return equity
