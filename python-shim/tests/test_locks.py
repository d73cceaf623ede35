"""Denials of every entry, mirrored as freqtrade's own locks: set once, released, never too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import Peer, Refusal, Strategy, config, good

from talebridge import risk_gated
from talebridge._generated import PROTOCOL_MINOR, Op, Reason, Status
from talebridge.locks import PREFIX

persistence = pytest.importorskip("freqtrade.persistence")
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
CANDLE = timedelta(minutes=5)


class Stands:
    """A bridge that says what stands, and notes how often it was asked."""

    def __init__(self) -> None:
        self.denied: list[tuple[Reason, datetime | None]] = []
        self.asked = 0
        self.minor = PROTOCOL_MINOR
        self.refuse = False

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [{**good(op, message, frames)[0], "minor": self.minor}]
        if op is not Op.STANDING:
            return good(op, message, frames)
        self.asked += 1
        if self.refuse:
            return Refusal(Status.INTERNAL)
        rows = [[int(r), 0 if t is None else round(t.timestamp() * 1000)] for r, t in self.denied]
        return [rows]


@pytest.fixture
def bridge(peer: Callable[..., Peer]) -> Stands:
    made = Stands()
    peer(made)
    return made


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """freqtrade's locks without its database, as in a backtest."""
    locks = persistence.PairLocks
    before = (locks.use_db, locks.timeframe, locks.locks)
    locks.use_db, locks.timeframe, locks.locks = False, "5m", []
    yield
    locks.use_db, locks.timeframe, locks.locks = before


class Locking(Strategy):
    """freqtrade's ways to lock."""

    def lock_pair(self, pair: str, until: datetime, reason: str, side: str = "*") -> None:
        persistence.PairLocks.lock_pair(pair, until, reason, side=side)

    def unlock_reason(self, reason: str) -> None:
        persistence.PairLocks.unlock_reason(reason, datetime.now(UTC))


@pytest.fixture
def bot(sockets: Path, strategy: type[Strategy]) -> Callable[..., Any]:
    def make(runmode: str = "dry_run", **settings: Any) -> Any:
        hook = {"bot_loop_start": strategy.__dict__["bot_loop_start"]}
        cls = type("Bot", (strategy, Locking), dict(hook))
        return risk_gated()(cls)(config(sockets, runmode, **{"lock_pairs": True, **settings}))

    return make


def active() -> list[tuple[str, str, datetime]]:
    """Pair, first word of the reason, and end of each lock in force."""
    found = persistence.PairLocks.get_pair_locks(None)
    return [
        (lock.pair, (lock.reason or "").removeprefix(PREFIX).split(".")[0], lock.lock_end_time)
        for lock in found
    ]


def floor(time: datetime) -> datetime:
    return time - (time - datetime(2020, 1, 1, tzinfo=UTC)) % CANDLE


def test_a_denial_of_every_entry_is_a_lock_of_all_pairs_and_goes_with_it(
    bridge: Stands, bot: Callable[..., Any]
) -> None:
    mine = bot()
    mine.bot_loop_start(current_time=NOW)
    assert active() == []
    end = floor(NOW + 2 * HOUR)
    bridge.denied = [(Reason.DAILY_LOSS, end)]
    for loop in range(5):
        mine.bot_loop_start(current_time=NOW + timedelta(seconds=5 * loop))
    assert active() == [("*", "daily_loss", end)]
    assert len(persistence.PairLocks.locks) == 1
    bridge.denied = []
    mine.bot_loop_start(current_time=NOW + timedelta(minutes=1))
    assert active() == []


def test_a_lock_never_outlives_what_it_mirrors(bridge: Stands, bot: Callable[..., Any]) -> None:
    mine = bot()
    # Not at a candle's end: freqtrade would round it up.
    end = floor(NOW + 2 * HOUR) + timedelta(minutes=2)
    bridge.denied = [(Reason.LOSS_STREAK, end)]
    mine.bot_loop_start(current_time=NOW)
    assert active() == [("*", "loss_streak", floor(end))]
    # It ends earlier now.
    bridge.denied = [(Reason.LOSS_STREAK, end - HOUR)]
    mine.bot_loop_start(current_time=NOW)
    assert active() == [("*", "loss_streak", floor(end - HOUR))]
    # What ends within the candle is left to the gate.
    bridge.denied = [(Reason.LOSS_STREAK, floor(NOW) + timedelta(milliseconds=1))]
    mine.bot_loop_start(current_time=NOW)
    assert active() == []


def test_one_that_someone_must_end_or_that_is_long_is_locked_for_a_day_at_a_time(
    bridge: Stands, bot: Callable[..., Any]
) -> None:
    mine = bot()
    bridge.denied = [(Reason.HALTED, None), (Reason.DRAWDOWN, NOW + 30 * 24 * HOUR)]
    mine.bot_loop_start(current_time=NOW)
    mine.bot_loop_start(current_time=NOW + HOUR)
    day = floor(NOW + 24 * HOUR)
    assert sorted(active()) == [("*", "drawdown", day), ("*", "halted", day)]
    for lock in persistence.PairLocks.locks:
        lock.lock_end_time = NOW - HOUR
    mine.bot_loop_start(current_time=NOW)
    assert len(active()) == 2


def test_locks_of_others_are_never_touched(bridge: Stands, bot: Callable[..., Any]) -> None:
    until = floor(NOW + HOUR)
    persistence.PairLocks.lock_pair("*", until - timedelta(seconds=1), "MaxDrawdown")
    persistence.PairLocks.lock_pair("A/B", until - timedelta(seconds=1), None)
    mine = bot()
    bridge.denied = [(Reason.HALTED, None)]
    mine.bot_loop_start(current_time=NOW)
    bridge.denied = []
    mine.bot_loop_start(current_time=NOW)
    assert sorted(active()) == [("*", "MaxDrawdown", until), ("A/B", "", until)]


@pytest.mark.parametrize("settings", [{"lock_pairs": False}, {"mode": "shadow"}], ids=str)
def test_where_none_are_wanted_those_of_an_earlier_run_are_released_and_nothing_is_asked(
    settings: dict[str, Any], bridge: Stands, bot: Callable[..., Any]
) -> None:
    earlier = bot()
    bridge.denied = [(Reason.HALTED, None)]
    earlier.bot_loop_start(current_time=NOW)
    assert len(active()) == 1
    mine = bot(**settings)
    mine.bot_loop_start(current_time=NOW)
    mine.bot_loop_start(current_time=NOW)
    assert active() == []
    assert bridge.asked == 1


def test_backtests_lock_nothing(bridge: Stands, bot: Callable[..., Any]) -> None:
    bridge.denied = [(Reason.HALTED, None)]
    mine = bot("backtest")
    mine._talebridge_gate.sample(NOW)
    assert (active(), bridge.asked) == ([], 0)


@pytest.mark.parametrize(("policy", "kept"), [("deny", 1), ("allow", 0), ("last_known", 0)])
def test_while_the_bridge_is_silent_a_lock_stays_only_where_entries_are_denied_anyway(
    policy: str,
    kept: int,
    bridge: Stands,
    bot: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine = bot(on_unavailable=policy)
    bridge.denied = [(Reason.HALTED, None)]
    mine.bot_loop_start(current_time=NOW)
    bridge.refuse = True
    for _ in range(3):
        mine.bot_loop_start(current_time=NOW)
    assert len(active()) == kept
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1


def test_a_bridge_that_does_not_know_the_question_is_named(
    bridge: Stands, bot: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    bridge.minor = 2
    bot().bot_loop_start(current_time=NOW)
    assert "too old for risk_bridge.lock_pairs" in caplog.text
    assert bridge.asked == 0


def test_a_failing_lock_never_disturbs_the_bot(
    bridge: Stands, bot: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = bot()
    mine.lock_pair = lambda *_: 1 / 0
    bridge.denied = [(Reason.HALTED, None)]
    mine.bot_loop_start(current_time=NOW)
    mine.bot_loop_start(current_time=NOW)
    assert caplog.text.count("the shim failed with ZeroDivisionError") == 1
