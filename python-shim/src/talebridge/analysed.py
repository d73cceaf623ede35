"""What a strategy's analysed frame says about the signal candle.

In a backtest freqtrade cuts a frame of up to a thousand rows out of the whole one each time it is
asked, which with all its columns takes longer than a question to the bridge. So the few columns
that are read here are taken out of the whole frame once, and read at the row where freqtrade's cut
would end. Where this freqtrade keeps its frames in another way, the cut is read.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from talebridge import columns
from talebridge.errors import BadCandles, NoVerdict
from talebridge.recent import Recent

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = NDArray[np.float64]
_READ = (columns.SIZE, columns.REASON, columns.VALUE)
_FRAMES = "_DataProvider__cached_pairs"
_ENDS = "_DataProvider__slice_index"
"""Of freqtrade's DataProvider: frame per (pair, timeframe, candle type), and the row before which
the present ends, per pair."""


@dataclass(frozen=True, slots=True)
class Signal:
    """The signal candle's row: open time, and what the columns hold, as they were found."""

    open_ms: int
    size: float
    reason: float
    value: float


class _Whole:
    """The columns of one whole frame."""

    __slots__ = ("_frame", "_reason", "_size", "_times", "_value")

    def __init__(self, frame: DataFrame) -> None:
        self._frame = weakref.ref(frame)
        self._times = columns.open_times_ms(frame).copy()
        self._size, self._reason, self._value = (
            frame[name].to_numpy(dtype="float64", copy=True) for name in _READ
        )

    def is_of(self, frame: DataFrame) -> bool:
        return self._frame() is frame

    def signal(self, end: int) -> Signal:
        """The row before `end`, or the last one where the frame ends earlier."""
        row = min(end, len(self._times)) - 1
        return Signal(
            self._times.item(row),
            self._size.item(row),
            self._reason.item(row),
            self._value.item(row),
        )


class Analysed:
    """Reads the analysed frames of one strategy object. Holds none of them."""

    def __init__(self) -> None:
        self._wholes: Recent[_Whole] = Recent()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, _: dict[str, Any]) -> None:
        self._wholes = Recent()

    def signal(self, strategy: Any, pair: str, *, whole: bool) -> Signal | None:
        """The signal candle of a pair, None where its frame has no row or no verdict.

        Raises NoVerdict where it has several.
        `whole`: whether freqtrade shows a part of a whole frame, as in backtests.
        """
        place = _place(strategy, pair) if whole else None
        if place is None:
            return _last_row(strategy, pair)
        frame, end = place
        found = self._wholes.get(pair)
        if found is None or not found.is_of(frame):
            if not _carries_verdict(pair, frame):
                return None
            try:
                found = _Whole(frame)
            except (BadCandles, TypeError, ValueError):
                # Rows that no question is about may hold anything.
                return _last_row(strategy, pair)
            self._wholes.set(pair, found)
        return found.signal(end)


def _place(strategy: Any, pair: str) -> tuple[DataFrame, int] | None:
    """The whole frame of a pair and where the present ends in it; None where neither is known."""
    frames = getattr(strategy.dp, _FRAMES, None)
    ends = getattr(strategy.dp, _ENDS, None)
    if not isinstance(frames, Mapping) or not isinstance(ends, Mapping):
        return None
    kept = frames.get((pair, strategy.timeframe, strategy.config.get("candle_type_def")))
    end = ends.get(pair)
    if not isinstance(kept, tuple) or not isinstance(end, int) or end <= 0 or not len(kept[0]):
        return None
    return kept[0], end


def _last_row(strategy: Any, pair: str) -> Signal | None:
    frame, _ = strategy.dp.get_analyzed_dataframe(pair, strategy.timeframe)
    if not len(frame) or not _carries_verdict(pair, frame):
        return None
    size, reason, value = (float(frame[name].to_numpy()[-1]) for name in _READ)
    return Signal(round(frame["date"].iat[-1].timestamp() * 1000), size, reason, value)


def _carries_verdict(pair: str, frame: DataFrame) -> bool:
    """Raises NoVerdict where it carries several."""
    names = list(frame.columns)
    for name in _READ:
        if names.count(name) > 1:
            raise NoVerdict(
                f"the analysed candles of {pair} have several columns {name}: where the strategy "
                "joins frames, let it leave out or rename the risk_ columns of all but its own"
            )
    return columns.SIZE in names
