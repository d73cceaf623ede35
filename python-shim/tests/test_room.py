"""The room for our columns in a frame: the same frame as pandas joins, in one block of floats."""

from __future__ import annotations

import os
import socket
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import NAMES, candles
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from talebridge import columns, spawn
from talebridge.place import MAX_SOCKET_PATH_BYTES, Local

# ---------------------------------------------------------------------------- frames of any kind

Values = Callable[[np.random.Generator, int], Any]


def dates(rng: np.random.Generator, rows: int) -> Any:
    return pd.to_datetime(rng.integers(0, 2**60, rows), unit="ns", utc=True)


def with_gaps(dtype: Any) -> Values:
    def values(rng: np.random.Generator, rows: int) -> Any:
        numbers = pd.array(rng.integers(0, 9, rows), dtype=dtype)
        numbers[rng.random(rows) < 0.3] = pd.NA
        return numbers

    return values


KINDS: dict[str, Values] = {
    "float64": lambda rng, rows: np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
    "float32": lambda rng, rows: rng.normal(size=rows).astype("float32"),
    "int64": lambda rng, rows: rng.integers(-9, 9, rows),
    "int8": lambda rng, rows: rng.integers(-9, 9, rows).astype("int8"),
    "bool": lambda rng, rows: rng.random(rows) < 0.5,
    "object": lambda rng, rows: pd.array(
        [(None, "x", 1, 2.5)[n] for n in rng.integers(0, 4, rows)], dtype="object"
    ),
    "str": lambda rng, rows: pd.array([f"s{n}" for n in rng.integers(0, 9, rows)], dtype="str"),
    "datetime": dates,
    "naive": lambda rng, rows: dates(rng, rows).tz_localize(None),
    "timedelta": lambda rng, rows: pd.to_timedelta(rng.integers(0, 10**9, rows), unit="s"),
    "Float64": with_gaps("Float64"),
    "Int64": with_gaps("Int64"),
    "category": lambda rng, rows: pd.Categorical.from_codes(
        rng.integers(-1, 3, rows), dtype=pd.CategoricalDtype(["a", "b", "c"])
    ),
    "complex": lambda rng, rows: rng.normal(size=rows) + 1j,
    "sparse": lambda rng, rows: pd.arrays.SparseArray(rng.integers(0, 2, rows).astype(float)),
}

INDICES: dict[str, Callable[[int], pd.Index]] = {
    "range": lambda rows: pd.RangeIndex(rows),
    "from 1000": lambda rows: pd.RangeIndex(1000, 1000 + rows),
    "backwards": lambda rows: pd.Index(range(rows, 0, -1)),
    "repeated": lambda rows: pd.Index([n // 3 for n in range(rows)], name="n"),
    "dates": lambda rows: pd.date_range("2025-09-01", periods=rows, freq="5min", tz="UTC"),
    "texts": lambda rows: pd.Index([f"r{n}" for n in range(rows)], dtype="str"),
    "with NaN": lambda rows: pd.Index([np.nan if n % 2 else n for n in range(rows)], dtype=float),
    "two levels": lambda rows: pd.MultiIndex.from_arrays(
        [[n // 2 for n in range(rows)], [n % 2 for n in range(rows)]], names=["a", "b"]
    ),
}

COLUMN_NAMES: list[Any] = [
    *("date", "open", "close", "own", "own", "enter_long", "risk_own", ""),
    *(NAMES[0], NAMES[3], NAMES[-1]),
    *(7, ("a", 1)),
]


@dataclass(frozen=True)
class Given:
    """What a frame is made of."""

    columns: tuple[tuple[Any, str], ...]
    rows: int
    index: str
    seed: int
    grown: bool
    """Column after column, as strategies do: each in a block of its own."""

    def frame(self) -> pd.DataFrame:
        rng = np.random.default_rng(self.seed)
        index = INDICES[self.index](self.rows)
        made = [pd.Series(KINDS[kind](rng, self.rows), index=index) for _, kind in self.columns]
        if self.grown:
            frame = pd.DataFrame(index=index)
            for number, series in enumerate(made):
                frame[number] = series.array
        else:
            frame = pd.DataFrame(dict(enumerate(made)), index=index)
        frame.columns = flat([name for name, _ in self.columns])
        return frame


def flat(names: list[Any]) -> pd.Index:
    """An index of one level, whatever the names are."""
    index: pd.Index = pd.Index(names, tupleize_cols=False)
    return index


frames = st.builds(
    Given,
    columns=st.lists(
        st.tuples(st.sampled_from(COLUMN_NAMES), st.sampled_from(sorted(KINDS))),
        min_size=1,
        max_size=14,
    ).map(tuple),
    rows=st.integers(0, 9),
    index=st.sampled_from(sorted(INDICES)),
    seed=st.integers(0, 2**16),
    grown=st.booleans(),
)


Names = tuple[str, ...]
ALL = tuple(NAMES)
chosen = st.one_of(
    st.just(ALL),
    st.sets(st.sampled_from(NAMES), min_size=1).map(
        lambda names: tuple(name for name in NAMES if name in names)
    ),
)
"""All of ours, or those a strategy wants."""


def block_of(rows: int, seed: int = 0, names: Names = ALL) -> columns.Block:
    block = np.random.default_rng(seed).normal(size=(len(names), rows))
    block[:, ::4] = np.nan
    return block


def as_pandas_joins(frame: pd.DataFrame, block: columns.Block, names: Names = ALL) -> pd.DataFrame:
    own = frame.loc[:, [name not in NAMES for name in frame.columns]]
    ours = pd.DataFrame(block.T, columns=list(names), index=own.index)
    return pd.concat([own, ours], axis=1)


def filled(frame: pd.DataFrame, block: columns.Block, names: Names = ALL) -> pd.DataFrame:
    """The frame with these columns; any warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        room = columns.Room(frame, names)
        room.ours[:] = block
        return room.frame()


def float_blocks(frame: pd.DataFrame) -> list[Any]:
    return [block for block in frame._mgr.blocks if block.dtype == "float64"]


def overwrite(frame: pd.DataFrame) -> None:
    """Every value of a frame, in place, by what pandas makes of another of its rows or columns."""
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        other = column.iloc[::-1].array.copy()
        if column.dtype == np.dtype("float64"):
            other = np.full(len(frame), -77.0)
        frame.isetitem(position, other)
    if len(frame):
        frame.loc[:, NAMES] = -78.0
        frame.iloc[0, -1] = -79.0


# --------------------------------------------------------------------------------- the properties


@settings(max_examples=300, deadline=None, derandomize=True)
@given(made=frames, names=chosen, seed=st.integers(0, 2**16))
@example(Given((("a", "int64"),), 3, "range", 0, False), ALL, 1)
@example(Given((("a", "float64"),), 3, "range", 0, False), ALL, 1)
@example(Given(((NAMES[0], "float64"),), 3, "range", 0, False), ALL[1:3], 1)
@example(Given((("a", "float64"), ("a", "float64"), ("a", "int64")), 0, "range", 0, True), ALL, 1)
def test_the_frame_is_the_one_pandas_joins(made: Given, names: Names, seed: int) -> None:
    frame = made.frame()
    block = block_of(made.rows, seed, names)
    result = filled(frame, block, names)
    assert_frame_equal(result, as_pandas_joins(frame, block, names), check_freq=True)
    own = [name for name in frame.columns if name not in NAMES]
    assert list(result.columns) == [*own, *names]
    assert set(result.dtypes.iloc[-len(names) :]) == {np.dtype("float64")}
    # It may be filled again, for a strategy that is analysed again.
    every = block_of(made.rows, seed + 1)
    assert_frame_equal(filled(result, every), as_pandas_joins(frame, every))
    assert_frame_equal(frame, made.frame())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(made=frames, names=chosen)
def test_all_floats_are_in_one_block(made: Given, names: Names) -> None:
    """freqtrade copies the frame, and pandas makes one block of several at the first copy."""
    result = filled(made.frame(), block_of(made.rows, names=names), names)
    assert len(float_blocks(result)) == 1
    (blocks,) = float_blocks(result)
    floats = result.dtypes == np.dtype("float64")
    assert list(blocks.mgr_locs.as_array) == list(np.flatnonzero(floats.to_numpy()))
    # A copy is one copy of the block, not a new order of its columns.
    assert len(float_blocks(result.copy())) == 1


@settings(max_examples=200, deadline=None, derandomize=True)
@given(made=frames)
def test_what_is_written_into_a_result_is_in_no_other_frame(made: Given) -> None:
    frame = made.frame()
    before = made.frame()
    block = block_of(made.rows)
    first, second = filled(frame, block), filled(frame, block)
    third = filled(first, block)
    kept = second.copy(deep=True), third.copy(deep=True)
    overwrite(first)
    assert_frame_equal(frame, before)
    assert_frame_equal(second, kept[0])
    assert_frame_equal(third, kept[1])
    expected = as_pandas_joins(frame, block)
    assert_frame_equal(second, expected)
    # Nor the other way round.
    overwrite(second)
    for position in range(frame.shape[1]):
        frame.isetitem(position, frame.iloc[:, position].array[::-1].copy())
    assert_frame_equal(third, kept[1])
    np.testing.assert_array_equal(block, block_of(made.rows))


@pytest.mark.parametrize("own", [0, 1, 60, 150])
@pytest.mark.parametrize("grown", [True, False])
def test_a_strategy_s_frame_is_joined_without_a_warning(own: int, grown: bool) -> None:
    """With more columns of its own than pandas puts up with, each in a block of its own."""
    frame = candles(50)
    # pandas warns of how such a frame was made itself: not what is looked at here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(own):
            frame[f"own_{number}"] = [float(number), float(number)] * 25
    if not grown:
        frame = frame.copy()
    block = block_of(50)
    result = filled(frame, block)
    assert_frame_equal(result, as_pandas_joins(frame, block))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result["enter_long"] = 1
        result.loc[result["close"] > 100, "enter_long"] = 0
        result.loc[0, "risk_size"] = 0.5
        copied = result.copy()
    assert len(float_blocks(copied)) == 1
    assert np.isnan(block[NAMES.index("risk_size"), 0])


def test_rooms_do_not_share_memory() -> None:
    """Several pairs are analysed at once; memory that is given back is used again."""
    rooms = [columns.Room(candles(500, seed=n)) for n in range(4)]
    for n, room in enumerate(rooms):
        room.ours[:] = n
    for n, room in enumerate(rooms):
        frame = room.frame()
        assert (frame[NAMES] == n).to_numpy().all()
        assert_frame_equal(frame.drop(columns=NAMES), candles(500, seed=n))


def test_what_the_bridge_sent_may_be_gone_when_the_frame_is_read() -> None:
    frame = candles(100)
    sent = bytearray(block_of(100).tobytes())
    room = columns.Room(frame)
    room.ours[:] = columns.from_reply(sent, 100, len(NAMES))
    result = room.frame()
    sent[:] = bytes(len(sent))
    np.testing.assert_array_equal(result[NAMES].to_numpy().T, block_of(100))


def test_the_other_way_to_add_columns_gives_the_same() -> None:
    frame = candles(30).assign(own=1, when=datetime(2025, 9, 1, tzinfo=UTC))
    block = block_of(30)
    assert_frame_equal(columns.add(frame, block), as_pandas_joins(frame, block))


# ------------------------------------------------------------------------- room for a socket's name


LONGEST_UID = 2**32 - 2
LONGEST_PID = 2**22
"""The most Linux takes (PID_MAX_LIMIT)."""
SOCKETS = ("gate.sock", "batch.sock", "gate.stream")


@pytest.mark.parametrize("letter", ["x", "ä", "漢"])
@pytest.mark.parametrize("size", [*range(50, 60), 107])
def test_a_private_daemon_s_directory_leaves_room_for_every_socket(
    size: int, letter: str, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the temporary directory is called, and whoever runs it as whichever process."""
    left = size - len(os.fsencode(sockets)) - 1
    wide = len(letter.encode())
    base = sockets / (letter * (left // wide) + "y" * (left % wide))
    assert len(os.fsencode(base)) == size
    base.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(base))
    with monkeypatch.context() as patched:
        patched.setattr(os, "getuid", lambda: LONGEST_UID)
        patched.setattr(os, "getpid", lambda: LONGEST_PID)
        directory = spawn._fresh_directory()
    for name in SOCKETS:
        assert len(os.fsencode(directory / name)) <= MAX_SOCKET_PATH_BYTES
    if directory.parent != base:
        assert size > spawn._MAX_BASE_BYTES
        assert directory.parent == Path("/tmp")  # noqa: S108 - that it is this one
        return
    # What counts is what the system takes.
    directory.mkdir()
    for name in SOCKETS:
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(str(directory / name))
            listener.listen()
            client.connect(str(directory / name))


def test_the_names_are_those_the_places_have(sockets: Path) -> None:
    (sockets / "gate.stream").touch()
    place = Local(sockets)
    names = {Path(place.address(kind)).name for kind in ("gate", "batch")}
    stream = place.stream("gate")
    assert stream is not None
    assert names | {stream.name} == set(SOCKETS)
