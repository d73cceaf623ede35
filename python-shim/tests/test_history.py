"""Closes for the limits that measure how pairs move together: which, how far, and how often."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import (
    M,
    Peer,
    Strategy,
    analysed,
    ask_stake,
    candles,
    config,
    entry_time,
    good,
    hello_body,
    journal,
    open_trade,
    start_daemon,
    stop_daemon,
)
from test_session import EMPTY, session
from test_wire import question

from talebridge import risk_gated
from talebridge._generated import LIMITS, MEMORY_ROWS, Op, PositionState, Reason, Side
from talebridge.errors import ProtocolError, text_of
from talebridge.history import History
from talebridge.marks import Closes
from talebridge.session import Snapshot
from talebridge.wire import Position

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
MIDNIGHT_MS = 20_000 * 24 * HOUR_MS
NO_DP = SimpleNamespace(get_analyzed_dataframe=lambda *_: (pd.DataFrame(), None))


def kept(pairs: dict[str, np.ndarray]) -> Closes:
    """Closes annotated in this process, given as rows of open time and close."""
    closes = Closes()
    for pair, (times, values) in pairs.items():
        block = np.zeros((6, len(times)))
        block[0], block[4] = times, values
        closes.keep(pair, block)
    return closes


def steady(rows: int, until_ms: int, step_ms: int = 5 * MINUTE_MS) -> np.ndarray:
    """Candles that close 1, 2, 3 … up to `rows`, the last at a time."""
    times = until_ms - step_ms * np.arange(rows, 0, -1)
    return np.array([times, np.arange(1.0, rows + 1)])


def history(
    pairs: dict[str, np.ndarray], timeframe_s: int = 300, rows: int = M, dp: Any = NO_DP
) -> History:
    strategy = SimpleNamespace(dp=dp, timeframe="5m")
    return History(strategy, kept(pairs), timeframe_s, rows)


@pytest.mark.parametrize(
    ("timeframe_s", "window_set", "step_s", "count"),
    [
        (60, "standard", 720, 82),
        (180, "standard", 2160, 82),
        (300, "standard", 3600, 82),
        (300, "compact", 3600, 49),
        (900, "standard", 3600, 97),
        (3600, "standard", 3600, 97),
        (14_400, "compact", 14_400, 97),
    ],
)
def test_the_grid_is_hourly_as_far_as_a_live_frame_reaches_back(
    timeframe_s: int, window_set: str, step_s: int, count: int
) -> None:
    made = history({}, timeframe_s, MEMORY_ROWS[window_set])
    assert (made.step_s, made.count) == (step_s, count)
    # Wherever in a step the last candle is, the first close told is in the frame.
    assert (count - 1) * step_s + step_s <= (MEMORY_ROWS[window_set] + 1) * timeframe_s


def test_closes_end_at_the_last_full_hour_before_the_signal_candle_closed() -> None:
    made = history({"A/B": steady(3000, MIDNIGHT_MS + 100 * HOUR_MS)})
    # The candle that opens at 13:55 closes at 14:00, the one before it at 13:55.
    for open_minutes, hour in ((13 * 60 + 55, 14), (13 * 60 + 50, 13), (13 * 60, 13)):
        wanted = made.wanted("A/B", (), MIDNIGHT_MS + open_minutes * MINUTE_MS, 2**53)
        assert wanted.until_ms == MIDNIGHT_MS + hour * HOUR_MS
        row = made.news("A/B", wanted.until_ms, None)
        assert row is not None
        assert row.until_ms == wanted.until_ms
        # Closes count candles: those of the hours, none of the days that follow in the frame.
        last = 3000 - (100 - hour) * 12
        assert list(row.closes) == [last - 12.0 * back for back in range(81, -1, -1)]


def test_no_close_is_later_than_the_account_was_looked_at() -> None:
    made = history({})
    open_ms = MIDNIGHT_MS - 5 * MINUTE_MS
    # The exchange has published the candle a second before our clock closes it.
    assert made.wanted("A/B", (), open_ms, MIDNIGHT_MS).until_ms == MIDNIGHT_MS
    assert made.wanted("A/B", (), open_ms, MIDNIGHT_MS - 1).until_ms == MIDNIGHT_MS - HOUR_MS


def test_weekly_candles_lie_on_the_grid_of_their_own_opens() -> None:
    week_ms = 7 * 24 * HOUR_MS
    monday_ms = 4 * 24 * HOUR_MS + 2000 * week_ms
    made = history({"A/B": steady(300, monday_ms, week_ms)}, 7 * 86_400)
    wanted = made.wanted("A/B", (), monday_ms - week_ms, monday_ms)
    assert wanted.until_ms == monday_ms
    row = made.news("A/B", wanted.until_ms, None)
    assert row is not None
    assert list(row.closes[-2:]) == [299.0, 300.0]


def test_only_what_is_news_is_told() -> None:
    made = history({"A/B": steady(2000, MIDNIGHT_MS)})
    until_ms = MIDNIGHT_MS
    assert made.news("A/B", until_ms, until_ms) is None
    row = made.news("A/B", until_ms, until_ms - 2 * HOUR_MS)
    assert row is not None
    assert list(row.closes) == [1988.0, 2000.0]
    # Too long ago to be continued, or from a clock that was ahead: all.
    for sent_ms in (until_ms - 200 * HOUR_MS, until_ms + HOUR_MS, until_ms - HOUR_MS - 1):
        row = made.news("A/B", until_ms, sent_ms)
        assert row is not None
        assert len(row.closes) == made.count


def test_what_is_missing_is_not_made_up() -> None:
    times, closes = steady(2000, MIDNIGHT_MS)
    closes[1999 - 12] = math.nan
    closes[1999 - 24] = 0.0
    gone = np.delete(np.array([times, closes]), 1999 - 36, axis=1)
    row = history({"A/B": gone}).news("A/B", MIDNIGHT_MS, None)
    assert row is not None
    told = list(row.closes[-5:])
    assert [told[0], told[4]] == [1952.0, 2000.0]
    assert [math.isnan(one) for one in told] == [False, True, True, True, False]


def test_the_end_that_is_not_there_yet_is_looked_for_again() -> None:
    made = history({"A/B": steady(2000, MIDNIGHT_MS - 5 * MINUTE_MS)})
    row = made.news("A/B", MIDNIGHT_MS, None)
    assert row is not None
    assert row.until_ms == MIDNIGHT_MS - HOUR_MS
    assert made.news("A/B", MIDNIGHT_MS, row.until_ms) is None


def test_a_short_history_is_told_as_it_is_and_none_not_at_all() -> None:
    made = history({"NEW/B": steady(30, MIDNIGHT_MS)})
    row = made.news("NEW/B", MIDNIGHT_MS, None)
    assert row is not None
    assert list(row.closes) == [6.0, 18.0, 30.0]
    assert made.news("NEVER/B", MIDNIGHT_MS, None) is None
    assert (
        history({"OLD/B": steady(30, MIDNIGHT_MS - 1000 * HOUR_MS)}).news(
            "OLD/B", MIDNIGHT_MS, None
        )
        is None
    )


def test_where_none_was_annotated_freqtrades_own_frame_is_read() -> None:
    frame = candles(2000)
    dp = SimpleNamespace(get_analyzed_dataframe=lambda *_: (frame, None))
    until_ms = int(frame["date"].iloc[-1].timestamp() * 1000) + 5 * MINUTE_MS
    until_ms -= until_ms % HOUR_MS
    row = history({}, dp=dp).news("A/B", until_ms, None)
    assert row is not None
    closed = frame.loc[
        frame["date"] + timedelta(minutes=5) <= pd.Timestamp(until_ms, unit="ms", tz="UTC")
    ]
    assert list(row.closes) == closed["close"].to_numpy()[::-12][:82][::-1].tolist()


def test_the_pair_and_those_held_are_wanted_each_once_and_bounded() -> None:
    made = history({})
    held = tuple(
        Position(f"P{at:03}/B", Side.LONG, 1.0, 1.0, PositionState.OPEN) for at in range(100)
    )
    assert made.wanted("P001/B", held[:3] * 2, 0, 0).pairs == ("P001/B", "P000/B", "P002/B")
    assert len(made.wanted("A/B", held, 0, 0).pairs) == LIMITS["close_pairs_kept"]


# ------------------------------------------------------------------------------------- sessions


class Told:
    """A bridge that notes what it is told of closes."""

    def __init__(self, minor: int = 3) -> None:
        self.minor = minor
        self.boot = "b1"
        self.rows: list[list[tuple[str, int, int]]] = []
        """Per portfolio: pairs with their newest close and the number of closes."""

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(minor=self.minor, boot=self.boot)]
        if op is Op.PORTFOLIO:
            news = message[10][2] if len(message) > 10 else []
            self.rows.append([(pair, until_ms, len(closes)) for pair, until_ms, closes in news])
        return good(op, message, frames)


def snapshot(made: History, pair: str, hour: float, *held: str) -> Snapshot:
    at_ms = MIDNIGHT_MS + int(hour * HOUR_MS)
    positions = tuple(Position(p, Side.LONG, 1.0, 1.0, PositionState.OPEN) for p in held)
    wanted = made.wanted(pair, positions, at_ms - 5 * MINUTE_MS, at_ms)
    return dataclasses.replace(EMPTY, at_ms=at_ms, positions=positions, closes=wanted)


def test_closes_are_told_once_then_hour_by_hour_and_all_again_to_another_boot(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    bridge = Told()
    first = peer(bridge)
    made = history({p: steady(3000, MIDNIGHT_MS + 48 * HOUR_MS) for p in ("A/B", "C/B", "D/B")})
    mine = session(sockets)

    def ask(pair: str, hour: float, *held: str) -> list[list[tuple[str, int, int]]]:
        before = len(bridge.rows)
        mine.ask(question(), snapshot(made, pair, hour, *held))
        return bridge.rows[before:]

    at = MIDNIGHT_MS
    assert ask("A/B", 0.0, "C/B") == [[("A/B", at, 82), ("C/B", at, 82)]]
    assert ask("A/B", 0.5, "C/B") == []
    assert ask("D/B", 0.5, "C/B") == [[("D/B", at, 82)]]
    later = at + 2 * HOUR_MS
    assert ask("A/B", 2.0, "C/B") == [[("A/B", later, 2), ("C/B", later, 2)]]
    # The bridge was restarted: what it has folded from its journal it may be told again.
    first.stop()
    bridge.boot = "b2"
    peer(bridge)
    assert ask("A/B", 2.25, "C/B") == [[("A/B", later, 82), ("C/B", later, 82)]]
    # The clock was ahead and is set right.
    early = at + HOUR_MS
    assert ask("A/B", 1.0, "C/B") == [[("A/B", early, 82), ("C/B", early, 82)]]


def test_many_pairs_are_told_in_parts_and_what_the_bridge_forgot_again(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    bridge = Told()
    peer(bridge)
    names = [f"P{at:02}/B" for at in range(70)]
    made = history({p: steady(2000, MIDNIGHT_MS) for p in names})
    mine = session(sockets)
    mine.ask(question(), snapshot(made, names[0], 0.0, *names[1:40]))
    assert [len(rows) for rows in bridge.rows] == [16, 16, 8]
    # Candidates more, as many as the bridge keeps besides: nothing is forgotten yet.
    for pair in names[40:64]:
        mine.ask(question(), snapshot(made, pair, 0.0))
    bridge.rows.clear()
    mine.ask(question(), snapshot(made, names[0], 0.0, *names[1:40]))
    assert [row for rows in bridge.rows for row in rows] == []
    # For one more the bridge forgets the pair told first, which is held: all held are told again.
    mine.ask(question(), snapshot(made, names[64], 0.0, *names[:3]))
    told = [row[0] for rows in bridge.rows for row in rows]
    assert sorted(told) == sorted([names[64], *names[:3]])


def test_a_pair_without_candles_is_asked_about_all_the_same(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    bridge = Told()
    asked = peer(bridge).asked
    mine = session(sockets)
    made = history({})
    mine.ask(question(), snapshot(made, "NEVER/B", 0.0))
    assert (bridge.rows, asked[-1]) == ([[]], Op.GATE)


def test_closes_need_a_bridge_that_knows_them(peer: Callable[..., Peer], sockets: Path) -> None:
    peer(Told(minor=2))
    made = history({"A/B": steady(2000, MIDNIGHT_MS)})
    with pytest.raises(ProtocolError) as error:
        session(sockets).ask(question(), snapshot(made, "A/B", 0.0))
    assert "max_cluster_exposure" in text_of(error.value)
    assert "same talebridge version" in text_of(error.value)


# ------------------------------------------------------------------------------- the real daemon


LIMITED = {"limits": {"max_cluster_exposure": 0.02, "max_book_es": 0.05, "max_drawdown": None}}


def gated(strategy: type[Strategy], directory: Path, runmode: str) -> Any:
    return risk_gated()(strategy)(config(directory, runmode, profile="extreme", **LIMITED))


@pytest.mark.parametrize("runmode", ["backtest", "dry_run"])
def test_a_cluster_is_cut_and_a_pair_that_moves_by_itself_is_not(
    daemon: Path, strategy: type[Strategy], runmode: str
) -> None:
    made = gated(strategy, daemon, runmode)
    # Candles of one seed are alike to the last close; of another they have nothing in common.
    frame = analysed(made, "BTC/USDT")
    analysed(made, "ETH/USDT")
    analysed(made, "XRP/USDT", seed=8)
    at = entry_time(frame)
    if runmode == "dry_run":
        shift = pd.Timestamp.now("UTC").floor("5min").to_pydatetime() - at
        for pair in ("BTC/USDT", "ETH/USDT", "XRP/USDT"):
            seed = 8 if pair == "XRP/USDT" else 7
            moved = candles(M + 60, seed, start=candles(1)["date"].iloc[0] + shift)
            made.dp.frames[pair] = made.populate_indicators(moved, {"pair": pair})
        frame = made.dp.frames["BTC/USDT"]
    strategy.trades.append(open_trade("ETH/USDT", stake=150.0))
    cut_to = ask_stake(made, frame)
    equity = journal(daemon, "portfolio")[0]["equity"]
    assert cut_to == pytest.approx(0.02 * equity - 150.0)
    assert ask_stake(made, frame, pair="XRP/USDT") == 100.0
    cut, free = journal(daemon)
    assert (cut["decision"], cut["reason"]) == ("reduce", "exposure_cluster")
    assert free["decision"] == "allow"
    told = [
        row
        for line in journal(daemon, "portfolio")
        for row in line.get("closes", {}).get("rows", [])
    ]
    assert [(pair, len(closes)) for pair, _, closes in told] == [
        ("BTC/USDT", 82),
        ("ETH/USDT", 82),
        ("XRP/USDT", 82),
    ]
    assert all(until_ms <= free["now_ms"] for _, until_ms, _ in told)


def test_a_daemon_restarted_under_a_live_bot_knows_the_closes(
    command: list[str], sockets: Path, strategy: type[Strategy]
) -> None:
    first = start_daemon(command, sockets)
    made = gated(strategy, sockets, "dry_run")
    now = pd.Timestamp.now("UTC").floor("5min").to_pydatetime()
    moved = candles(M + 60, start=now - timedelta(minutes=5 * (M + 60)))
    frame = made.dp.frames["BTC/USDT"] = made.populate_indicators(moved, {"pair": "BTC/USDT"})
    assert ask_stake(made, frame) == 100.0
    first.kill()
    first.communicate()
    second = start_daemon(command, sockets)
    try:
        assert ask_stake(made, frame) == 100.0
        assert [line["reason"] for line in journal(sockets)] == ["ok", "ok"]
        assert journal(sockets)[1]["reask"]
    finally:
        stop_daemon(second)


def test_without_closes_the_book_s_risk_is_not_known(
    daemon: Path, strategy: type[Strategy]
) -> None:
    made = gated(strategy, daemon, "backtest")
    frame = analysed(made, "BTC/USDT", rows=M + 1)
    made._talebridge_gate.gated.closes._pairs.pop("BTC/USDT")
    made.dp.frames["BTC/USDT"] = frame.tail(300)
    assert ask_stake(made, frame) == 0.0
    assert journal(daemon)[0]["reason"] == Reason.BOOK_ES.name.lower()
