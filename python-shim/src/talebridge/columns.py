"""Candle frames -> the block the bridge takes, and its columns -> the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from talebridge._generated import COLUMNS, Reason
from talebridge.errors import BadCandles, ProtocolError
from talebridge.wire import ANNOTATE_COLUMNS

if TYPE_CHECKING:
    from pandas import DataFrame

NAMES = tuple(spec.name for spec in COLUMNS)
SIZE, REASON, VALUE = "risk_size", "risk_reason", "risk_value"

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


def from_reply(data: Any, rows: int, columns: int) -> Block:
    """The bridge's block, shape (columns, rows); raises ProtocolError when it has another size."""
    if columns != len(NAMES):
        raise ProtocolError(f"the bridge sent {columns} columns, expected {len(NAMES)}")
    if data is None or len(data) != rows * columns * 8:
        raise ProtocolError("the bridge sent a block of another size than its header says")
    return np.frombuffer(data, dtype="<f8").reshape(columns, rows)


def unready(rows: int, reason: Reason) -> Block:
    """Columns that deny: every measure NaN, size 0 and this reason in every row."""
    block = np.full((len(NAMES), rows), np.nan)
    block[NAMES.index(SIZE)] = 0.0
    block[NAMES.index(REASON)] = float(reason)
    return block


class Room:
    """A frame's float64 columns with room for ours after them, in one block of memory.

    pandas keeps columns of one type in one block, and makes it at the first copy of a frame that
    has several: by copying all of them twice, which for a year of candles takes longer than to
    judge them. So they come as one.
    """

    def __init__(self, frame: DataFrame) -> None:
        self._theirs = frame.drop(columns=[name for name in NAMES if name in frame.columns])
        floats = (self._theirs.dtypes == np.dtype("float64")).to_numpy()
        self._floats, self._others = np.flatnonzero(floats), np.flatnonzero(~floats)
        own = len(self._floats)
        self._block = np.empty((own + len(NAMES), len(frame)))
        self._block[:own] = self._theirs.iloc[:, self._floats].to_numpy().T
        self.ours: Block = self._block[own:]
        """Of shape (columns, rows), to be filled."""

    def frame(self) -> DataFrame:
        """The frame with all risk columns at its end, always the same set, float64."""
        import pandas

        theirs = self._theirs
        names = [*theirs.columns[self._floats], *NAMES]
        floats = pandas.DataFrame(self._block.T, index=theirs.index, columns=names, copy=False)
        joined = pandas.concat([theirs.iloc[:, self._others], floats], axis=1)
        if not len(self._floats):
            return joined
        ours = np.arange(len(theirs.columns), len(joined.columns))
        order = np.argsort(np.concatenate((self._others, self._floats, ours)))
        return joined.iloc[:, order]


def add(frame: DataFrame, block: Block) -> DataFrame:
    """The frame with these risk columns at its end."""
    room = Room(frame)
    room.ours[:] = block
    return room.frame()
