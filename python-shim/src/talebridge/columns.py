"""Candle frames -> the block the bridge takes, and its columns -> the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from talebridge import chosen
from talebridge._generated import Reason
from talebridge.errors import BadCandles, ProtocolError
from talebridge.wire import ANNOTATE_COLUMNS

if TYPE_CHECKING:
    from pandas import DataFrame

NAMES = chosen.ALL
SIZE, REASON, VALUE = "risk_size", "risk_reason", "risk_value"

Names = tuple[str, ...]
"""Columns of a block or a frame: some of NAMES, in their order."""

Block = NDArray[np.float64]
TIME, CLOSE = (ANNOTATE_COLUMNS.index(name) for name in ("date", "close"))
"""Rows of a block of candles."""


def to_block(frame: DataFrame) -> Block:
    """Open time (ms since 1970, UTC), open, high, low, close, volume: shape (6, rows), float64.

    Columns are taken by name, since freqtrade's frames carry more of them. The date may have any
    unit and zone; a date without a zone is UTC. Raises BadCandles naming row and column.
    """
    missing = [name for name in ANNOTATE_COLUMNS if name not in frame.columns]
    if missing:
        raise BadCandles(f"the candles lack the column(s) {', '.join(missing)}", 0, missing[0])
    block = np.empty((len(ANNOTATE_COLUMNS), len(frame)), dtype="<f8")
    block[0] = open_times_ms(frame)
    for index, name in enumerate(ANNOTATE_COLUMNS[1:], start=1):
        try:
            block[index] = frame[name].to_numpy(dtype="float64", na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise BadCandles(f"column {name} does not hold numbers: {error}", 0, name) from error
    return block


def open_times_ms(frame: DataFrame) -> NDArray[np.int64]:
    """The `date` column as ms since 1970, UTC."""
    dates = frame["date"]
    try:
        empty = np.flatnonzero(dates.isna().to_numpy())
        if empty.size:
            row = int(empty[0])
            raise BadCandles(f"row {row} has no date", row, "date")
        # The unit is ns, us or ms, depending on pandas, the run mode and the file's age.
        times: NDArray[np.int64] = dates.dt.as_unit("ms").astype("int64").to_numpy()
    except AttributeError as error:
        raise BadCandles(
            f"column date has type {dates.dtype}, expected dates", 0, "date"
        ) from error
    return times


def indexes(names: Names) -> list[int]:
    """Where these columns stand among all of them, as the bridge is asked for them."""
    return [NAMES.index(name) for name in names]


def from_reply(data: Any, rows: int, columns: int, names: Names = NAMES) -> Block:
    """The bridge's block of these columns, shape (columns, rows). A bridge that does not know of a
    choice has sent all of them, and they are taken out of those.

    Raises ProtocolError when it has another size.
    """
    if columns not in (len(names), len(NAMES)):
        raise ProtocolError(f"the bridge sent {columns} columns, expected {len(names)}")
    if data is None or len(data) != rows * columns * 8:
        raise ProtocolError("the bridge sent a block of another size than its header says")
    block: Block = np.frombuffer(data, dtype="<f8").reshape(columns, rows)
    return block if columns == len(names) else block[indexes(names)]


def unready(rows: int, reason: Reason, names: Names = NAMES) -> Block:
    """Columns that deny: every measure NaN, size 0 and this reason in every row."""
    block = np.full((len(names), rows), np.nan)
    block[names.index(SIZE)] = 0.0
    block[names.index(REASON)] = float(reason)
    return block


class Room:
    """A frame's float64 columns with room for ours after them, in one block of memory.

    pandas keeps columns of one type in one block, and makes it at the first copy of a frame that
    has several: by copying all of them twice, which for a year of candles takes longer than to
    judge them. So they come as one.
    """

    def __init__(self, frame: DataFrame, names: Names = NAMES) -> None:
        self._names = names
        # All of ours that it had, whichever it gets.
        self._theirs = frame.drop(columns=[name for name in NAMES if name in frame.columns])
        floats = (self._theirs.dtypes == np.dtype("float64")).to_numpy()
        self._floats, self._others = np.flatnonzero(floats), np.flatnonzero(~floats)
        own = len(self._floats)
        self._block = np.empty((own + len(names), len(frame)))
        self._block[:own] = self._theirs.iloc[:, self._floats].to_numpy().T
        self.ours: Block = self._block[own:]
        """Of shape (columns, rows), to be filled."""

    def frame(self) -> DataFrame:
        """The frame with its risk columns at its end, float64. Once: the block becomes its own."""
        import pandas

        theirs = self._theirs
        names = [*theirs.columns[self._floats], *self._names]
        floats = pandas.DataFrame(self._block.T, index=theirs.index, columns=names, copy=False)
        joined = pandas.concat([theirs.iloc[:, self._others], floats], axis=1)
        if not len(self._floats):
            return joined
        ours = np.arange(len(theirs.columns), len(joined.columns))
        order = np.argsort(np.concatenate((self._others, self._floats, ours)))
        return joined.iloc[:, order]


def add(frame: DataFrame, block: Block, names: Names = NAMES) -> DataFrame:
    """The frame with these risk columns at its end."""
    room = Room(frame, names)
    room.ours[:] = block
    return room.frame()
