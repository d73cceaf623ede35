"""Candles the bridge judges before it is asked to."""

from __future__ import annotations

import math
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import NAMES, M, Peer, Strategy, candles, config, good, start_daemon, stop_daemon
from test_session import session

from talebridge import ahead, client, columns, risk_gated, wire
from talebridge import session as session_module
from talebridge._generated import Op
from talebridge.errors import Absent, BadCandles
from talebridge.place import Local

ONE, OTHER = (columns.to_block(candles(2400, seed=seed)) for seed in (5, 6))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of every part that was asked about, of which two have 500 of their own each."""
    rows: list[int] = []
    encode = wire.encode_annotate

    def encoded(request_id: int, count: int, *args: Any, **kwargs: Any) -> bytes:
        rows.append(count)
        return encode(request_id, count, *args, **kwargs)

    monkeypatch.setattr(wire, "encode_annotate", encoded)
    monkeypatch.setattr(session_module, "_PART_ROWS", 500)
    return rows


def bits(block: columns.Block) -> Any:
    return np.ascontiguousarray(block).view(np.uint64)


def unread(place: Path) -> int:
    return len(client.channel(Local(place), "batch").unread)


def test_what_was_begun_is_asked_once_and_has_the_same_bits(daemon: Path, asked: list[int]) -> None:
    mine = session(daemon)
    whole = mine.annotate(ONE)
    parts = len(asked)
    mine.begin(ONE)
    assert (len(asked), unread(daemon)) == (parts + 2, 2)
    # The same candles in other memory, as freqtrade copies them.
    mine.begin(ONE.copy())
    assert len(asked) == parts + 2
    np.testing.assert_array_equal(bits(mine.annotate(ONE.copy())), bits(whole))
    assert (len(asked), unread(daemon)) == (2 * parts, 0)


def test_nothing_is_begun_with_a_bridge_that_has_not_said_hello(
    daemon: Path, asked: list[int]
) -> None:
    mine = session(daemon)
    mine.begin(ONE)
    assert (asked, unread(daemon)) == ([], 0)


@pytest.mark.parametrize("again", [False, True])
def test_what_was_begun_about_other_candles_is_given_up(
    again: bool, daemon: Path, asked: list[int]
) -> None:
    mine = session(daemon)
    whole = mine.annotate(OTHER)
    mine.begin(ONE)
    if again:
        mine.begin(OTHER)
    np.testing.assert_array_equal(bits(mine.annotate(OTHER)), bits(whole))
    assert unread(daemon) == 0
    changed = OTHER.copy()
    changed[columns.CLOSE, 1700] = changed[1:5, 1700].mean()
    mine.begin(OTHER)
    assert (bits(mine.annotate(changed)) != bits(whole)).any()


def test_another_session_of_the_thread_is_not_answered_what_this_one_began(
    daemon: Path, asked: list[int]
) -> None:
    mine, another = session(daemon), session(daemon)
    whole = another.annotate(OTHER)
    mine.annotate(ONE)
    mine.begin(ONE)
    np.testing.assert_array_equal(bits(another.annotate(OTHER)), bits(whole))
    mine.begin(ONE)
    another.begin(OTHER)
    np.testing.assert_array_equal(bits(mine.annotate(ONE)), bits(session(daemon).annotate(ONE)))


def test_a_bad_candle_of_what_was_begun_is_named_by_its_row(daemon: Path, asked: list[int]) -> None:
    mine = session(daemon)
    mine.annotate(ONE)
    bad = ONE.copy()
    bad[2, 700] = math.nan
    bad[2, 1700] = math.nan
    mine.begin(bad)
    with pytest.raises(BadCandles) as caught:
        mine.annotate(bad)
    assert (caught.value.row, caught.value.column) == (700, "high")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_bridge_that_died_over_what_was_begun_is_asked_again_or_missed(
    restarted: bool, command: list[str], sockets: Path, asked: list[int]
) -> None:
    process: subprocess.Popen[bytes] = start_daemon(command, sockets)
    mine = session(sockets)
    whole = mine.annotate(ONE)
    mine.begin(ONE)
    process.send_signal(signal.SIGKILL)
    stop_daemon(process)
    if restarted:
        process = start_daemon(command, sockets)
        np.testing.assert_array_equal(bits(mine.annotate(ONE)), bits(whole))
        stop_daemon(process)
    else:
        with pytest.raises(Absent):
            mine.annotate(ONE)


def test_no_more_is_unanswered_than_the_bridge_judges_at_a_time(
    peer: Callable[..., Peer], sockets: Path, asked: list[int]
) -> None:
    """A third reply that nobody reads would be one that the bridge's socket has no room for."""
    most: list[int] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.ANNOTATE:
            most.append(unread_now())
        return good(op, message, frames)

    mine = session(sockets)
    peer(answer)
    channel = client.channel(Local(sockets), "batch")

    def unread_now() -> int:
        return len(channel.unread)

    mine.annotate(ONE)
    mine.begin(ONE)
    mine.annotate(ONE)
    assert max(most) <= 2
    assert len(most) == len(asked)


class Analysed(Strategy):
    """Goes through its pairs as freqtrade does, in the method that is looked for."""

    def advise_all_indicators(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        return {
            pair: self.populate_indicators(frame.copy(), {"pair": pair}).copy()
            for pair, frame in data.items()
        }


def test_the_pair_after_is_begun_before_the_strategy_sees_it(
    daemon: Path, asked: list[int]
) -> None:
    seen: list[tuple[str, int]] = []

    class Counting(Analysed):
        def populate_indicators(self, dataframe: Any, metadata: Any) -> Any:
            seen.append((metadata["pair"], len(asked)))
            return dataframe

    mine = risk_gated(Counting)(config(daemon))
    frames = {pair: candles(2400, seed=seed) for seed, pair in enumerate("ABC")}
    result = mine.advise_all_indicators(frames)
    parts = len(asked) // 3
    # Of the first pair nothing can be known earlier; of the others two parts each.
    assert seen == [("A", 0), ("B", parts + 2), ("C", 2 * parts + 2)]
    assert unread(daemon) == 0
    alone = session(daemon)
    for pair, frame in frames.items():
        own = alone.annotate(columns.to_block(frame))
        np.testing.assert_array_equal(bits(result[pair][list(NAMES)].to_numpy().T), bits(own))


def test_a_strategy_that_changes_the_next_pairs_candles_is_judged_by_what_it_shows(
    daemon: Path, asked: list[int]
) -> None:
    class Meddling(Analysed):
        def advise_all_indicators(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
            result = {}
            for pair in data:
                shown = data[pair].copy()
                if pair == "B":
                    shown["close"] = shown["close"].iloc[::-1].to_numpy()
                    shown["high"] = shown[["open", "high", "close"]].max(axis=1)
                    shown["low"] = shown[["open", "low", "close"]].min(axis=1)
                result[pair] = self.populate_indicators(shown, {"pair": pair})
            return result

    mine = risk_gated(Meddling)(config(daemon))
    frames = {pair: candles(2400, seed=seed) for seed, pair in enumerate("ABC")}
    result = mine.advise_all_indicators(frames)
    own = session(daemon).annotate(columns.to_block(result["B"]))
    np.testing.assert_array_equal(bits(result["B"][list(NAMES)].to_numpy().T), bits(own))
    assert unread(daemon) == 0


def test_rows_of_the_next_pair_that_are_no_candles_are_reported_as_its_own(daemon: Path) -> None:
    mine = risk_gated(Analysed)(config(daemon))
    frames = {"A": candles(M + 10), "B": candles(M + 10).drop(columns="volume")}
    with pytest.raises(Exception, match="volume"):
        mine.advise_all_indicators(frames)


def test_nothing_is_guessed_outside_of_a_loop_over_pairs() -> None:
    assert ahead.candles_after("A") is None

    def advise_all_indicators(data: Any) -> Any:
        return ahead.candles_after("A")

    frame = candles(3)
    assert advise_all_indicators({"A": None, "B": frame}) is frame
    assert advise_all_indicators({"B": frame, "A": None}) is None
    assert advise_all_indicators({"B": frame}) is None
    assert advise_all_indicators(["A", "B"]) is None
