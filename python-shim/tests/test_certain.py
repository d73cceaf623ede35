"""Confirmations that are not waited for: when they are sent, and that nothing is lost by it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgpack
import pytest
from helpers import (
    Peer,
    Raw,
    Refusal,
    Strategy,
    analysed,
    ask_confirm,
    ask_stake,
    config,
    entry_time,
    good,
    open_trade,
)

from talebridge import RiskGate, client, failures, risk_gated
from talebridge._generated import Op, Reason, Status

FINAL = 8
"""The bit of a question's flags that tells its stage."""


class Bridge:
    """Allows everything, and holds back its answers to confirmations until it is told to send."""

    def __init__(self, peer: Callable[..., Peer]) -> None:
        self.asked: list[str] = []
        self.final: Any = good
        """What answers a confirmation."""
        self.peer = peer(self)

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is not Op.GATE:
            self.asked.append(op.name.lower())
            return good(op, message, frames)
        final = bool(message[5] & FINAL)
        self.asked.append("final" if final else "size")
        return self.final(op, message, frames) if final else good(op, message, frames)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What runs were stopped for."""
    said: list[str] = []
    monkeypatch.setattr(failures, "stop_run", lambda text: said.append(text) or True)
    return said


@pytest.fixture
def bridge(peer: Callable[..., Peer]) -> Bridge:
    return Bridge(peer)


def ready(strategy: type[Strategy], sockets: Path, *, left: int = 5, **bridge: Any) -> Any:
    """A gated strategy in a backtest, with so many candles after the one it may enter at."""
    mine = risk_gated(strategy)(config(sockets, **bridge))
    frame = analysed(mine)
    mine.dp.frames["BTC/USDT"] = frame.iloc[: len(frame) - 1 - left]
    return mine


def now(strategy: Any) -> Any:
    return strategy.dp.frames["BTC/USDT"]


def next_candle(strategy: Any) -> None:
    strategy.bot_loop_start(current_time=entry_time(now(strategy)) + timedelta(minutes=5))


def never(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    return None


def wait_for(asked: list[str], what: str, times: int = 1) -> None:
    """Until the bridge has read so many of a kind: nobody waits for them otherwise."""
    until = time.monotonic() + 20
    while asked.count(what) < times and time.monotonic() < until:
        time.sleep(0.005)
    assert asked.count(what) == times


def denied(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    return [2, int(Reason.DAILY_LOSS), 0.0, 0.1, 0.05, 2, 2]


def stale(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    return [2, int(Reason.STALE), 0.0, 0.1, 0.05, 2, 2]


def enlarged(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    return [0, 0, 1e6, math.nan, math.nan, 2, 0]


def of_another(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    return Raw(msgpack.packb([1, message[2] + 1, 0, 0, 0, message[12], math.nan, math.nan, 1, 0]))


def test_a_confirmation_nothing_came_before_is_not_waited_for(
    bridge: Bridge, strategy: type[Strategy], sockets: Path, stopped: list[str]
) -> None:
    """The peer would never answer: whoever waited would hang."""
    bridge.final = never
    mine = ready(strategy, sockets, batch_timeout_s=1)
    assert ask_stake(mine, now(mine)) == 100.0
    assert ask_confirm(mine, now(mine)) is True
    assert stopped == []
    next_candle(mine)
    assert len(stopped) == 1
    assert "no answer within" in stopped[0]


def test_its_answer_is_looked_at_when_the_next_candle_starts(
    bridge: Bridge, strategy: type[Strategy], sockets: Path, stopped: list[str]
) -> None:
    mine = ready(strategy, sockets)
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine), stake=99.7) is True
    next_candle(mine)
    assert stopped == []
    assert bridge.asked == ["hello", "hello", "annotate", "portfolio", "size", "final"]
    # Once: what was looked at is not looked at again.
    next_candle(mine)
    assert ask_stake(mine, now(mine)) == 100.0
    assert stopped == []


def test_an_entry_costs_three_messages_and_one_wait(
    bridge: Bridge,
    strategy: type[Strategy],
    sockets: Path,
    stopped: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a backtest's speed depends on and no clock has to show."""
    done: list[Any] = []
    send, receive = client.Channel._transmit, client.Channel._received

    def sent(self: client.Channel, messages: Any, deadline: Any) -> None:
        done.extend(len(frames[0]) for frames in messages)
        send(self, messages, deadline)

    def received(self: client.Channel, deadline: Any) -> Any:
        done.append("reply")
        return receive(self, deadline)

    mine = ready(strategy, sockets)
    ask_stake(mine, now(mine))
    ask_confirm(mine, now(mine))
    strategy.trades.append(open_trade())
    mine.order_filled(pair="ETH/USDT", trade=strategy.trades[0], order=None, current_time=None)
    next_candle(mine)
    monkeypatch.setattr(client.Channel, "_transmit", sent)
    monkeypatch.setattr(client.Channel, "_received", received)
    later = {"current_time": entry_time(now(mine)) + timedelta(minutes=10)}
    ask_stake(mine, now(mine), **later)
    told, asked = done[:2]
    assert done == [told, asked, "reply", "reply"]
    assert told <= 128
    assert asked <= 128
    ask_confirm(mine, now(mine), **later)
    assert done[4:] == [asked]
    mine.bot_loop_start(current_time=later["current_time"] + timedelta(minutes=5))
    assert done[5:] == ["reply"]
    assert stopped == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (denied, r"allowed the entry of BTC/USDT at 2025-\S+ \S+ UTC and then denied it \(daily_"),
        (stale, "older than the signal candle"),
        (enlarged, "with stake 1000000.0 to a proposal of 100.0"),
        (of_another, "asked was"),
        (lambda *_: Raw(b"\x00garbage"), "not msgpack|not a reply"),
        (lambda *_: Refusal(Status.STALE_PORTFOLIO, "other", seq=9), "other"),
        (lambda *_: Refusal(Status.NO_SESSION, "who"), "who"),
        (lambda *_: Refusal(Status.INTERNAL, "broken"), "broken"),
    ],
)
@pytest.mark.parametrize("looked_at", ["next candle", "next question"])
def test_any_other_answer_than_the_one_counted_on_stops_the_run(
    answer: Any,
    said: str,
    looked_at: str,
    bridge: Bridge,
    strategy: type[Strategy],
    sockets: Path,
    stopped: list[str],
) -> None:
    bridge.final = answer
    mine = ready(strategy, sockets)
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine)) is True
    if looked_at == "next candle":
        next_candle(mine)
    else:
        assert ask_stake(mine, now(mine)) == 0.0
    (text,) = stopped
    assert re.search(said, text), text
    # From here on nothing is entered, nor asked.
    before = len(bridge.asked)
    later = entry_time(now(mine)) + timedelta(minutes=10)
    assert ask_stake(mine, now(mine), current_time=later) == 0.0
    assert ask_confirm(mine, now(mine), current_time=later) is False
    assert len(bridge.asked) == before


@pytest.mark.parametrize("looked_at", ["next candle", "next question"])
def test_a_bridge_that_dies_with_the_confirmation_stops_the_run(
    looked_at: str,
    bridge: Bridge,
    strategy: type[Strategy],
    sockets: Path,
    stopped: list[str],
) -> None:
    bridge.final = never
    mine = ready(strategy, sockets)
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine)) is True
    wait_for(bridge.asked, "final")
    bridge.peer.stop()
    if looked_at == "next candle":
        next_candle(mine)
    else:
        assert ask_stake(mine, now(mine)) == 0.0
    assert len(stopped) == 1


def test_a_bridge_that_died_before_it_is_noticed_by_the_confirmation_or_the_next_candle(
    bridge: Bridge, strategy: type[Strategy], sockets: Path, stopped: list[str]
) -> None:
    mine = ready(strategy, sockets)
    ask_stake(mine, now(mine))
    bridge.peer.stop()
    # Whether the connection's end is known by now is up to ZeroMQ's own thread.
    entered = ask_confirm(mine, now(mine))
    next_candle(mine)
    assert entered in (True, False)
    assert len(stopped) == 1


@pytest.mark.parametrize("left", [0, 1, 2])
def test_near_the_end_of_a_run_answers_are_waited_for(
    left: int, bridge: Bridge, strategy: type[Strategy], sockets: Path, stopped: list[str]
) -> None:
    """With the last candle nobody looks at the flag that stops the run any more."""
    bridge.final = denied
    mine = ready(strategy, sockets, left=left)
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine)) is (left >= 2)
    next_candle(mine)
    assert len(stopped) == (1 if left >= 2 else 0)


def changed_rate(mine: Any) -> dict[str, Any]:
    return {"rate": 100.5}


def larger_stake(mine: Any) -> dict[str, Any]:
    return {"stake": 100.5}


def other_time(mine: Any) -> dict[str, Any]:
    return {"current_time": entry_time(now(mine)) + timedelta(minutes=1)}


def other_side(mine: Any) -> dict[str, Any]:
    return {"side": "short"}


def filled_since(mine: Any) -> dict[str, Any]:
    mine.order_filled(pair="ETH/USDT", trade=open_trade(), order=None, current_time=None)
    return {}


def asked_since(mine: Any) -> dict[str, Any]:
    ask_stake(mine, now(mine), side="short")
    return {}


def candle_since(mine: Any) -> dict[str, Any]:
    mine.bot_loop_start(current_time=entry_time(now(mine)))
    return {}


@pytest.mark.parametrize(
    "change",
    [
        changed_rate,
        larger_stake,
        other_time,
        other_side,
        filled_since,
        asked_since,
        candle_since,
    ],
)
def test_where_anything_changed_the_answer_is_waited_for(
    change: Callable[[Any], dict[str, Any]],
    bridge: Bridge,
    strategy: type[Strategy],
    sockets: Path,
    stopped: list[str],
) -> None:
    bridge.final = denied
    mine = ready(strategy, sockets)
    if change is candle_since:
        # Heard only after a fill.
        mine.order_filled(pair="ETH/USDT", trade=open_trade(), order=None, current_time=None)
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine), **change(mine)) is False
    assert stopped == []


@pytest.mark.parametrize("limit", ["max_rate_deviation", "max_trade_loss"])
def test_where_limits_look_at_more_than_the_account_the_answer_is_waited_for(
    limit: str, bridge: Bridge, strategy: type[Strategy], sockets: Path
) -> None:
    bridge.final = denied
    mine = ready(strategy, sockets, limits={limit: 0.05})
    mine.stoploss = -0.1
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine)) is False


@pytest.mark.parametrize("runmode", ["hyperopt", "util_no_exchange", "dry_run", "live"])
def test_everywhere_else_the_answer_is_waited_for(
    runmode: str, bridge: Bridge, strategy: type[Strategy], sockets: Path
) -> None:
    bridge.final = denied
    mine = risk_gated(strategy)(config(sockets, runmode))
    frame = analysed(mine)
    mine.dp.frames["BTC/USDT"] = frame.iloc[:-6]
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine)) is False


def test_who_calls_the_gate_himself_is_answered(
    bridge: Bridge, strategy: type[Strategy], sockets: Path
) -> None:
    """Nothing tells that he calls `sample` when the next candle starts."""
    bridge.final = denied
    mine = strategy(config(sockets))
    gate = RiskGate(mine)
    frame = analysed(mine)
    frame = gate.annotate(frame, {"pair": "BTC/USDT"})
    mine.dp.frames["BTC/USDT"] = frame.iloc[:-6]
    given = {"pair": "BTC/USDT", "current_time": entry_time(now(mine))}
    sizes = {"current_rate": 100.0, "min_stake": 10.0, "max_stake": 1000.0}
    assert gate.stake(100.0, **given, **sizes) == 100.0
    assert gate.confirm(**given, amount=1.0, rate=100.0) is False


def test_a_denial_in_shadow_mode_stops_nothing(
    bridge: Bridge, strategy: type[Strategy], sockets: Path, stopped: list[str]
) -> None:
    bridge.final = lambda op, message, frames: [
        0,
        int(Reason.DAILY_LOSS),
        message[12],
        0.1,
        0.05,
        2,
        2,
    ]
    mine = ready(strategy, sockets, mode="shadow")
    ask_stake(mine, now(mine))
    assert ask_confirm(mine, now(mine)) is True
    next_candle(mine)
    assert stopped == []


def test_a_stake_that_was_cut_is_confirmed_at_what_it_was_cut_to(
    bridge: Bridge, strategy: type[Strategy], sockets: Path, stopped: list[str]
) -> None:
    cut = [1, int(Reason.JUMP), 25.0, 7.0, 4.0, 1, 1]
    allowed = bridge.final
    bridge.__class__ = type("Cuts", (Bridge,), {})

    def answer(self: Bridge, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.GATE and not message[5] & FINAL:
            self.asked.append("size")
            return cut
        return Bridge.__call__(self, op, message, frames)

    bridge.__class__.__call__ = answer  # type: ignore[method-assign]
    bridge.final = denied
    mine = ready(strategy, sockets)
    assert ask_stake(mine, now(mine)) == 25.0
    # More than it was cut to: asked and waited for.
    assert ask_confirm(mine, now(mine), stake=25.1) is False
    bridge.final = allowed
    assert ask_stake(mine, now(mine)) == 25.0
    assert ask_confirm(mine, now(mine), stake=24.9) is True
    next_candle(mine)
    assert stopped == []
