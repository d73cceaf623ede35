"""Decisions of the gate, and what becomes of an entry when anything fails."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import (
    NAMES,
    M,
    Peer,
    Raw,
    Refusal,
    Strategy,
    analysed,
    ask_adjust,
    ask_confirm,
    ask_stake,
    candles,
    config,
    entry_time,
    good,
    hello_body,
    open_trade,
    pending_order,
)

from talebridge import RiskGate, client, portfolio, risk_gated
from talebridge._generated import Op, Reason, Status
from talebridge.decide import Decider
from talebridge.failures import Failures
from talebridge.gated import Gated

PAIR = "BTC/USDT"


class Answers:
    """A bridge whose answers to gate and annotate can be changed while it runs."""

    def __init__(self) -> None:
        self.gate: Any = None
        self.annotate: Any = None
        self.hello: Any = None
        self.portfolio: Any = None
        self.questions: list[list[Any]] = []

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.GATE:
            self.questions.append(message)
        own = {
            Op.GATE: self.gate,
            Op.ANNOTATE: self.annotate,
            Op.HELLO: self.hello,
            Op.PORTFOLIO: self.portfolio,
        }.get(op)
        if own == "silent":
            return None
        return own(message) if callable(own) else own or good(op, message, frames)

    @property
    def kinds(self) -> list[int]:
        """Kind of every question."""
        return [message[5] >> 1 & 3 for message in self.questions]

    @property
    def stages(self) -> list[int]:
        """Stage of every question."""
        return [message[5] >> 3 for message in self.questions]


def cut(share: float, reason: Reason = Reason.JUMP) -> Callable[[list[Any]], list[Any]]:
    return lambda message: [1, int(reason), message[12] * share, 6.0, 4.0, 1, 1]


def deny(reason: Reason = Reason.DRAWDOWN) -> list[Any]:
    return [2, int(reason), 0, 0.25, 0.2, 1, 2]


@pytest.fixture
def bridge(peer: Callable[..., Peer]) -> Answers:
    answers = Answers()
    peer(answers)
    return answers


@pytest.fixture
def make(strategy: type[Strategy], sockets: Path) -> Callable[..., Any]:
    """A gated strategy object in a run mode."""

    def build(runmode: str = "backtest", **settings: Any) -> Any:
        return risk_gated(strategy)(config(sockets, runmode, **settings))

    return build


# -------------------------------------------------------------------------------------- decisions


@pytest.mark.parametrize("runmode", ["backtest", "hyperopt", "util_no_exchange", "dry_run", "live"])
def test_an_allowed_entry_is_returned_untouched(
    runmode: str, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make(runmode)
    frame = analysed(mine)
    proposed = Decimal("123.25")
    assert ask_stake(mine, frame, proposed) is proposed
    assert ask_confirm(mine, frame, 123.25) is True
    assert bridge.stages == [0, 1]
    assert [q[12] for q in bridge.questions] == [123.25, 123.25]
    assert bridge.questions[0][9:11] == [1024, 0]
    assert bridge.questions[0][7] == frame["date"].iloc[-1].timestamp() * 1000


def test_a_cut_stake_is_used_and_confirmed(bridge: Answers, make: Callable[..., Any]) -> None:
    mine = make()
    frame = analysed(mine)
    bridge.gate = cut(0.25)
    assert ask_stake(mine, frame, 100.0) == 25.0
    bridge.gate = None
    assert ask_confirm(mine, frame, 25.0) is True


def test_a_denied_entry_gets_no_stake_and_no_confirmation(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    bridge.gate = deny()
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False


@pytest.mark.parametrize("stake", [0.0, 100.0, math.nan, math.inf])
@pytest.mark.parametrize("runmode", ["dry_run", "backtest"])
def test_a_denied_order_is_not_confirmed_whatever_its_stake(
    runmode: str, stake: float, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make(runmode)
    frame = analysed(mine)
    bridge.gate = deny()
    assert ask_confirm(mine, frame, stake) is False
    assert len(bridge.questions) == 1


@pytest.mark.parametrize("policy", ["deny", "allow", "last_known"])
def test_an_order_of_nothing_is_not_confirmed_by_policy_either(
    policy: str, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("dry_run", on_unavailable=policy, breaker_s=0)
    frame = analysed(mine)
    bridge.gate = Refusal(Status.INTERNAL)
    assert ask_confirm(mine, frame, 0.0) is False


def test_a_cut_below_the_exchanges_minimum_is_a_denial(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    bridge.gate = cut(0.25)
    assert ask_stake(mine, frame, 100.0, min_stake=26.0) == 0.0
    assert ask_stake(mine, frame, 100.0, min_stake=24.0) == 25.0
    assert ask_stake(mine, frame, 100.0, min_stake=None) == 25.0


def test_a_cut_at_the_final_stage_denies_beyond_the_exchanges_rounding(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    bridge.gate = cut(0.995)
    assert ask_confirm(mine, frame) is True
    bridge.gate = cut(0.98)
    assert ask_confirm(mine, frame) is False


@pytest.mark.parametrize("proposed", [None, 0, 0.0, -1.0, Decimal(0), np.float64(-5)])
def test_no_trade_is_the_strategys_own_decision(
    proposed: Any, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    assert ask_stake(mine, frame, proposed) is proposed
    assert bridge.questions == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, np.float32("nan"), "100", [1], object()])
@pytest.mark.parametrize("answer", [None, deny(Reason.BAD_STAKE)])
def test_a_stake_that_is_no_number_never_passes(
    bad: Any, answer: Any, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("dry_run")
    frame = analysed(mine)
    bridge.gate = answer
    assert ask_stake(mine, frame, bad) == 0.0


@pytest.mark.parametrize("field", ["amount", "rate"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, None, "x"])
def test_an_order_that_is_no_number_is_not_confirmed(
    field: str, bad: Any, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("dry_run")
    frame = analysed(mine)
    assert ask_confirm(mine, frame, **{field: bad}) is False


def test_the_question_is_about_the_stake_freqtrade_would_use(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    assert ask_stake(mine, frame, 900.0, max_stake=400.0) == 900.0
    assert ask_stake(mine, frame, 9.0, min_stake=10.0) == 9.0
    assert [q[12] for q in bridge.questions] == [400.0, 10.0]
    # Beyond 30 % below the minimum, and without money, freqtrade drops the trade by itself.
    assert ask_stake(mine, frame, 7.0, min_stake=10.0) == 7.0
    assert ask_stake(mine, frame, 50.0, max_stake=5.0) == 50.0
    assert len(bridge.questions) == 2


def test_confirm_uses_the_leverage_the_stake_was_asked_with(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    ask_stake(mine, frame, 100.0, leverage=4.0, side="short")
    ask_confirm(mine, frame, 400.0, side="short")
    assert [(q[12], q[14], q[5] & 1) for q in bridge.questions] == [(100.0, 4.0, 1)] * 2


def test_scale_ins_are_gated_and_reductions_are_not(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    wanted: list[Any] = []
    strategy.adjust_trade_position = lambda self, **kwargs: wanted[0]  # type: ignore[assignment]
    mine = make()
    frame = analysed(mine)
    trade = open_trade(PAIR, leverage=2.0)
    for untouched in (None, -50.0, 0, (None, "tag"), (-10.0, "tag"), math.nan, ()):
        wanted[:] = [untouched]
        result = ask_adjust(mine, frame, trade)
        assert result is untouched
    assert bridge.questions == []
    for allowed in (40.0, (40.0, "tag"), np.float64(40)):
        wanted[:] = [allowed]
        assert ask_adjust(mine, frame, trade) is allowed
    assert set(bridge.kinds) == {1}
    assert {q[14] for q in bridge.questions} == {2.0}
    bridge.gate = cut(0.5)
    wanted[:] = [(40.0, "tag")]
    assert ask_adjust(mine, frame, trade) == (20.0, "tag")
    wanted[:] = [40.0]
    assert ask_adjust(mine, frame, trade, min_stake=60.0) is None
    bridge.gate = deny()
    assert ask_adjust(mine, frame, trade) is None
    wanted[:] = [(40.0, "tag")]
    assert ask_adjust(mine, frame, trade) == (None, "tag")
    wanted[:] = [math.inf]
    assert ask_adjust(mine, frame, trade) is None


@pytest.mark.parametrize("tell", ["heard", "refused"])
def test_an_order_that_a_denied_addition_would_have_replaced_is_told_as_it_stays(
    tell: str,
    bridge: Answers,
    strategy: type[Strategy],
    make: Callable[..., Any],
) -> None:
    """Others of its group would take the room it has."""
    strategy.adjust_trade_position = lambda self, **kwargs: 60.0  # type: ignore[assignment]
    mine = make("dry_run", on_unavailable="allow")
    frame = analysed(mine)
    trade = open_trade(PAIR, open_orders=[pending_order(40.0)])
    mine.trades[:] = [trade]
    told: list[list[float]] = []

    def portfolio(message: list[Any]) -> Any:
        told.append([position[2] for position in message[8]])
        return Refusal(Status.INTERNAL) if len(told) > 1 and tell == "refused" else [message[4]]

    bridge.portfolio = portfolio
    bridge.gate = deny()
    assert ask_adjust(mine, frame, trade) is None
    assert told == [[500.0], [500.0, 40.0]]
    assert len(bridge.questions) == 1


def test_an_order_that_an_allowed_addition_replaces_is_not_told(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    strategy.adjust_trade_position = lambda self, **kwargs: 60.0  # type: ignore[assignment]
    mine = make("dry_run")
    frame = analysed(mine)
    trade = open_trade(PAIR, open_orders=[pending_order(40.0)])
    mine.trades[:] = [trade]
    told: list[int] = []
    bridge.portfolio = lambda message: told.append(len(message[8])) or [message[4]]
    assert ask_adjust(mine, frame, trade) == 60.0
    assert told == [1]


@pytest.mark.parametrize(
    ("runmode", "leverage", "wanted", "asked"),
    [
        ("live", 1.0, 12.0, 12.0),
        # Raised to the minimum, as freqtrade does up to 30 %.
        ("live", 1.0, 8.0, 10.0),
        ("live", 2.0, 8.0, 10.0),
        ("live", 1.0, 20_000.0, 10_000.0),
        # Backtests tell the minimum of the position.
        ("backtest", 2.0, 6.0, 6.0),
        ("backtest", 2.0, 4.0, 5.0),
        # The minimum told may be a ninth too high: what freqtrade may place is asked about.
        ("backtest", 1.0, 7.1, 10.0),
        ("backtest", 1.0, True, None),
        # freqtrade drops these by itself.
        ("live", 1.0, 6.0, None),
        ("backtest", 2.0, 3.0, None),
    ],
)
def test_a_scale_in_is_asked_about_with_the_stake_freqtrade_will_use(
    runmode: str,
    leverage: float,
    wanted: float,
    asked: float | None,
    bridge: Answers,
    strategy: type[Strategy],
    make: Callable[..., Any],
) -> None:
    strategy.adjust_trade_position = lambda self, **kwargs: wanted  # type: ignore[assignment]
    mine = make(runmode)
    frame = analysed(mine)
    trade = open_trade(PAIR, leverage=leverage)
    assert ask_adjust(mine, frame, trade, min_stake=10.0) is wanted
    assert [q[12] for q in bridge.questions] == ([] if asked is None else [asked])
    bridge.gate = deny()
    result = ask_adjust(mine, frame, trade, min_stake=10.0)
    assert result is (wanted if asked is None else None)


def test_true_is_the_number_one_as_in_freqtrade(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    strategy.adjust_trade_position = lambda self, **kwargs: (True, "t")  # type: ignore[assignment]
    bridge.gate = deny()
    mine = make()
    frame = analysed(mine)
    assert ask_adjust(mine, frame, open_trade(PAIR), min_stake=0.5) == (None, "t")
    assert [q[12] for q in bridge.questions] == [1.0]


def test_additions_freqtrade_ignores_are_not_asked_about(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    strategy.adjust_trade_position = lambda self, **kwargs: 40.0  # type: ignore[assignment]
    strategy.max_entry_position_adjustment = 2  # type: ignore[attr-defined]
    mine = make()
    frame = analysed(mine)
    bridge.gate = deny()
    assert ask_adjust(mine, frame, open_trade(PAIR, nr_of_successful_entries=3)) == 40.0
    assert bridge.questions == []
    assert ask_adjust(mine, frame, open_trade(PAIR, nr_of_successful_entries=2)) is None
    strategy.max_entry_position_adjustment = -1  # type: ignore[attr-defined]
    assert ask_adjust(mine, frame, open_trade(PAIR, nr_of_successful_entries=99)) is None


@pytest.mark.parametrize("runmode", ["live", "backtest"])
@pytest.mark.parametrize("policy", ["deny", "allow", "last_known"])
def test_whatever_fails_inside_the_shim_denies(
    runmode: str,
    policy: str,
    bridge: Answers,
    strategy: type[Strategy],
    make: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    strategy.adjust_trade_position = lambda self, **kwargs: 40.0  # type: ignore[assignment]
    mine = make(runmode, on_unavailable=policy)
    frame = analysed(mine)
    # Arguments of types freqtrade does not pass.
    assert ask_stake(mine, frame, current_time="now") == 0.0
    assert ask_confirm(mine, frame, current_time="now") is False
    assert ask_adjust(mine, frame, object()) is None
    assert "shim failed" in caplog.text or "could not be reported" in caplog.text
    # Arguments it no longer passes.
    for hook, denial in (
        (mine.custom_stake_amount, 0.0),
        (mine.confirm_trade_entry, False),
        (mine.adjust_trade_position, None),
    ):
        assert hook() == denial
    # And a report that fails itself.
    monkeypatch.setattr(Failures, "report", lambda *_: 1 / 0)
    monkeypatch.setattr(Failures, "stop", lambda *_: 1 / 0)
    monkeypatch.setattr(Decider, "_decide", lambda *_: 1 / 0)
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False
    assert ask_adjust(mine, frame, open_trade(PAIR)) is None
    assert bridge.questions == []


def test_a_live_clock_that_was_ahead_leaves_no_samples_in_the_future(
    peer: Callable[..., Peer], make: Callable[..., Any]
) -> None:
    told: list[list[Any]] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            told.append(message)
        return good(op, message, frames)

    peer(answer)
    mine = make("live")
    frame = analysed(mine)
    now = entry_time(frame)
    mine.bot_loop_start(current_time=now + timedelta(days=2))
    mine.bot_loop_start(current_time=now)
    ask_stake(mine, frame, current_time=now)
    now_ms = int(now.timestamp() * 1000)
    assert [message[5] for message in told] == [now_ms]
    assert all(t <= now_ms for message in told for t, _ in message[7])


def test_a_replaced_order_in_a_backtest_is_asked_as_such(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    strategy.trades.append(open_trade(PAIR, amount=0.0, leverage=2.0))
    ask_confirm(mine, frame, 200.0)
    ask_confirm(mine, frame, 100.0, pair="ETH/USDT")
    assert bridge.kinds == [2]
    assert bridge.questions[0][12] == 100.0


def test_a_new_entry_beside_an_open_trade_is_no_replacement(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    mine = make()
    frame = analysed(mine)
    strategy.trades.append(open_trade(PAIR))
    ask_stake(mine, frame)
    ask_confirm(mine, frame)
    assert bridge.kinds == [0, 0]


def test_live_an_entry_is_never_a_replacement(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    mine = make("live")
    frame = analysed(mine)
    strategy.trades.append(open_trade(PAIR))
    assert ask_confirm(mine, frame) is True
    assert bridge.kinds == [0]


@pytest.mark.parametrize("answer", [deny(), cut(0.5), Refusal(Status.INTERNAL), Raw(b"\xff")])
def test_shadow_mode_lets_everything_pass(
    answer: Any, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("dry_run", mode="shadow", breaker_s=0)
    frame = analysed(mine)
    bridge.gate = answer
    for proposed in (100.0, math.inf, math.nan):
        assert ask_stake(mine, frame, proposed) is proposed
    for stake in (100.0, 0.0, math.nan, math.inf):
        assert ask_confirm(mine, frame, stake) is True
    assert len(bridge.questions) >= 6


def test_shadow_mode_lets_an_order_pass_whose_kind_cannot_be_told(
    bridge: Answers, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = make("dry_run", mode="shadow")
    frame = analysed(mine)
    monkeypatch.setattr(Gated, "_new_run", lambda *_: 1 / 0)
    mine._talebridge_gate.gated.run = None
    assert ask_confirm(mine, frame) is True


def test_a_stale_verdict_stops_a_backtest(
    bridge: Answers, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = make()
    frame = analysed(mine)
    bridge.gate = deny(Reason.STALE)
    assert ask_stake(mine, frame) == 0.0
    assert "cannot happen in a backtest" in caplog.text
    bridge.gate = None
    assert ask_stake(mine, frame) == 0.0, "a stopped run stays stopped"


def test_denials_are_logged_live_once_per_candle(
    bridge: Answers, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mine = make("dry_run")
    frame = analysed(mine)
    bridge.gate = deny()
    for second in range(20):
        ask_stake(mine, frame, current_time=entry_time(frame) + timedelta(seconds=second))
    text = "denies the long entry of BTC/USDT with stake 100: drawdown (0.25, limit 0.2)"
    assert caplog.text.count(text) == 1


@pytest.mark.parametrize(("reason", "times"), [(Reason.WARMING_UP, 1), (Reason.DRAWDOWN, 3)])
def test_a_pair_that_was_listed_lately_is_told_once_not_with_every_candle(
    reason: Reason,
    times: int,
    bridge: Answers,
    make: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    mine = make("dry_run")
    frame = analysed(mine)
    bridge.gate = deny(reason)
    for candle in range(3):
        at = entry_time(frame) + timedelta(minutes=5 * candle)
        ask_stake(mine, frame, current_time=at)
    assert caplog.text.count("denies the long entry of BTC/USDT") == times


# --------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize("runmode", ["backtest", "live"])
def test_without_a_verdict_nothing_enters(
    runmode: str, bridge: Answers, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = make(runmode, on_unavailable="allow")
    frame = candles(M + 5)
    assert ask_stake(mine, frame) == 0.0
    mine.dp.frames[PAIR] = frame
    assert ask_confirm(mine, frame) is False
    assert bridge.questions == []
    assert "carry no verdict" in caplog.text


@pytest.mark.parametrize(
    "columns",
    [
        {"risk_size": math.nan},
        {"risk_size": 1.5},
        {"risk_size": -1.0},
        {"risk_size": math.inf},
        {"risk_reason": math.nan},
    ],
)
def test_a_verdict_that_was_tampered_with_denies(
    columns: dict[str, float], bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("live", on_unavailable="allow")
    frame = analysed(mine, **columns)
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False
    assert bridge.questions == []


def test_float32_frames_give_the_same_question(bridge: Answers, make: Callable[..., Any]) -> None:
    mine = make()
    frame = analysed(mine, risk_size=719 / 1024, risk_reason=4, risk_value=float(np.float32(5.3)))
    ask_stake(mine, frame)
    kinds = {name: "float32" for name in NAMES}
    mine.dp.frames[PAIR] = frame.astype(kinds)
    ask_stake(mine, frame)
    assert bridge.questions[0][7:12] == bridge.questions[1][7:12]
    assert bridge.questions[0][9] == 719


# --------------------------------------------------------------------------------------- failures


BROKEN = {
    "silent": ("silent", Reason.UNAVAILABLE),
    "failing": (Refusal(Status.INTERNAL), Reason.UNAVAILABLE),
    "garbage": (Raw(b"\xc1\xc1"), Reason.PROTOCOL_ERROR),
    "version": (Raw(b"\x94\x02\x01\x00\x80"), Reason.PROTOCOL_ERROR),
    "schema": (Refusal(Status.SCHEMA), Reason.PROTOCOL_ERROR),
    "enlarging": ([0, 0, 1e9, 0.0, 0.0, 1, 0], Reason.PROTOCOL_ERROR),
    "nan": ([1, 4, math.nan, 0.0, 0.0, 1, 1], Reason.PROTOCOL_ERROR),
    "stale": (Refusal(Status.STALE_PORTFOLIO, seq=3), Reason.STALE_PORTFOLIO),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("policy", ["deny", "allow", "last_known"])
def test_live_a_failing_gate_decides_by_policy(
    fault: str, policy: str, bridge: Answers, make: Callable[..., Any]
) -> None:
    timeout = 60 if fault == "silent" else 10_000
    mine = make("dry_run", on_unavailable=policy, timeout_ms=timeout, breaker_s=0)
    frame = analysed(mine)
    bridge.gate = BROKEN[fault][0]
    passes = policy != "deny"
    assert ask_stake(mine, frame) == (100.0 if passes else 0.0)
    assert ask_confirm(mine, frame) is passes
    # What the strategy itself does not want stays unwanted.
    assert ask_stake(mine, frame, 0) == 0
    assert ask_stake(mine, frame, math.inf) == 0.0


@pytest.mark.parametrize("fault", BROKEN)
def test_a_failing_gate_stops_a_backtest_and_denies(
    fault: str, bridge: Answers, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = make(on_unavailable="allow", batch_timeout_s=0.3 if fault == "silent" else 20)
    frame = analysed(mine)
    bridge.gate = BROKEN[fault][0]
    backtesting = Backtesting(lambda: ask_stake(mine, frame))
    assert backtesting.run() == 0.0
    assert backtesting.abort
    assert [r.levelname for r in caplog.records].count("CRITICAL") == 1
    assert ask_confirm(mine, frame) is False
    assert [r.levelname for r in caplog.records].count("CRITICAL") == 1


class Backtesting:
    """Has the name and the flag of freqtrade's."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.abort = False
        self.work = work

    def run(self) -> Any:
        return self.work()


def test_last_known_uses_the_pairs_own_verdict_while_it_is_young(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("dry_run", on_unavailable="last_known", last_known_max_age_candles=3, breaker_s=0)

    def half(message: list[Any]) -> Any:
        (head, (block,)) = good(Op.ANNOTATE, message, [])
        values = np.frombuffer(block).reshape(len(NAMES), -1).copy()
        values[NAMES.index("risk_size")] = 0.5
        return head, [values.tobytes()]

    bridge.annotate = half
    frame = analysed(mine)
    bridge.gate = Refusal(Status.INTERNAL)
    closed = entry_time(frame)
    for candle, expected in ((0, 50.0), (3, 50.0), (4, 0.0)):
        now = closed + timedelta(minutes=5 * candle)
        assert ask_stake(mine, frame, current_time=now) == expected
    assert ask_stake(mine, frame, min_stake=60.0) == 0.0
    assert ask_stake(mine, frame, pair="NEVER/SEEN") == 0.0


def test_allow_still_heeds_a_verdict_that_is_known(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("dry_run", on_unavailable="allow", breaker_s=0)

    def none(message: list[Any]) -> Any:
        head, (block,) = good(Op.ANNOTATE, message, [])
        return head, [bytes(len(block))]

    bridge.annotate = none
    frame = analysed(mine)
    bridge.gate = Refusal(Status.INTERNAL)
    assert ask_stake(mine, frame) == 0.0


@pytest.mark.parametrize("reason", [Reason.BAD_INPUT, Reason.SHIM_ERROR])
def test_only_absence_is_a_matter_of_policy(
    reason: Reason,
    bridge: Answers,
    make: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = make("dry_run", on_unavailable="allow")
    frame = analysed(mine)
    if reason is Reason.BAD_INPUT:
        bridge.gate = Refusal(Status.BAD_INPUT, row=1, column="high")
    else:
        monkeypatch.setattr(portfolio, "open_trades", lambda: 1 / 0)
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False


@pytest.mark.parametrize("name", ["dp", "wallets", "timeframe"])
def test_anything_missing_denies(name: str, bridge: Answers, make: Callable[..., Any]) -> None:
    mine = make("live", on_unavailable="allow")
    frame = analysed(mine)
    setattr(mine, name, None)
    if name == "timeframe":
        mine.dp.get_analyzed_dataframe = lambda pair, timeframe: 1 / 0
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False


@pytest.mark.parametrize("runmode", ["live", "dry_run", "plot", "webserver", "other", None])
def test_failed_columns_deny_and_nothing_is_raised(
    runmode: Any, bridge: Answers, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = make(runmode, breaker_s=0)
    if runmode is None:
        del mine.config["runmode"]
    bridge.annotate = Refusal(Status.INTERNAL)
    for _ in range(3):
        frame = analysed(mine)
    assert list(frame.columns[-len(NAMES) :]) == NAMES
    assert (frame["risk_size"] == 0).all()
    assert (frame["risk_reason"] == Reason.UNAVAILABLE).all()
    assert ask_stake(mine, frame) == 0.0
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1


@pytest.mark.parametrize(
    "fault", [Refusal(Status.INTERNAL), Raw(b"\xc1"), Refusal(Status.SCHEMA)], ids=repr
)
@pytest.mark.parametrize("runmode", ["backtest", "hyperopt", "util_no_exchange", "util_exchange"])
def test_failed_columns_stop_a_run(
    fault: Any, runmode: str, bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make(runmode, on_unavailable="allow")
    bridge.annotate = fault
    with pytest.raises(operational(), match="talebridge: "):
        analysed(mine)


def operational() -> type[Exception]:
    from talebridge.abort import operational_exception

    return type(operational_exception(""))


def test_bad_candles_are_named_with_pair_row_date_and_column(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    bridge.annotate = Refusal(Status.BAD_INPUT, row=2, column="high", message="high below low")
    with pytest.raises(operational()) as caught:
        analysed(make())
    for part in ("BTC/USDT", "row 2", "2025-09-01 00:10:00 UTC", "column high", "high below low"):
        assert part in str(caught.value)


def test_bad_candles_deny_their_pair_alone(bridge: Answers, make: Callable[..., Any]) -> None:
    mine = make("live", on_unavailable="allow")
    bridge.annotate = Refusal(Status.BAD_INPUT, row=2, column="high", message="high below low")
    bad = analysed(mine)
    bridge.annotate = None
    analysed(mine, "ETH/USDT")
    assert (bad["risk_reason"] == Reason.BAD_INPUT).all()
    ask_stake(mine, bad)
    assert bridge.questions[0][9:11] == [0, int(Reason.BAD_INPUT)]
    assert ask_stake(mine, bad, pair="ETH/USDT") == 100.0


def test_the_outage_is_said_once_and_so_is_its_end(
    bridge: Answers, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mine = make("live", breaker_s=0)
    frame = analysed(mine)
    for _ in range(2):
        bridge.gate = Refusal(Status.INTERNAL)
        assert [ask_stake(mine, frame) for _ in range(5)] == [0.0] * 5
        bridge.gate = None
        assert [ask_stake(mine, frame) for _ in range(5)] == [100.0] * 5
    assert caplog.text.count("Entries are paused, exits continue") == 2
    assert caplog.text.count("entries resume") == 2


def test_candles_analysed_during_an_outage_are_judged_when_the_bridge_is_back(
    bridge: Answers, make: Callable[..., Any]
) -> None:
    mine = make("live", breaker_s=0)
    bridge.annotate = Refusal(Status.INTERNAL)
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 0.0
    bridge.annotate = None
    assert ask_stake(mine, frame) == 100.0
    assert ask_confirm(mine, frame) is True
    assert bridge.questions[0][7] == frame["date"].iloc[-1].timestamp() * 1000


def test_a_bridge_that_changes_its_engine_denies_with_its_own_reason(
    peer: Callable[..., Peer], make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    answers = Answers()
    old = peer(answers)
    mine = make("live", breaker_s=0)
    frame = analysed(mine)
    old.stop()
    answers.hello = [hello_body(fingerprint="f2", boot="b2")]
    peer(answers)
    results = [ask_stake(mine, frame) for _ in range(3)]
    assert results == [0.0] * 3
    assert "from f1 to f2" in caplog.text
    assert mine._talebridge_gate.gated.fingerprint == "f1"


def test_a_live_bot_starts_without_a_bridge_and_uses_it_once_it_is_there(
    peer: Callable[..., Peer], make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = make("live", breaker_s=0)
    assert "talebridge serve --dir" in caplog.text
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 0.0
    peer(Answers())
    assert ask_stake(mine, frame) == 100.0


def test_fifty_pairs_of_a_hung_bridge_cost_three_deadlines(
    peer: Callable[..., Peer], make: Callable[..., Any]
) -> None:
    answers = Answers()
    hung = peer(answers)
    mine = make("live", timeout_ms=300, hello_timeout_ms=500, breaker_s=600)
    frame = analysed(mine)
    before = hung.asked.count(Op.ANNOTATE)
    answers.gate = answers.annotate = "silent"
    for number in range(50):
        pair = f"P{number}/USDT"
        analysed(mine, pair)
        assert ask_stake(mine, frame, pair=pair) == 0.0
    assert hung.asked.count(Op.ANNOTATE) == before + 3
    assert Op.GATE not in hung.asked
    for kind in ("gate", "batch"):
        client.breaker(mine._talebridge_gate.gated.place, kind).succeeded()


# ----------------------------------------------------------------------------------------- equity


def test_sampling_is_quiet_whatever_happens(
    bridge: Answers, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = make("live")
    monkeypatch.setattr(portfolio, "open_trades", lambda: 1 / 0)
    frame = candles(3)
    mine.bot_loop_start(current_time=entry_time(frame))
    mine.bot_loop_start(current_time=None)
    mine.order_filled(pair=PAIR, trade=None, order=None, current_time=entry_time(frame))


def test_samples_reach_the_bridge_with_the_next_question(
    peer: Callable[..., Peer], make: Callable[..., Any]
) -> None:
    told: list[Any] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            told.append(message)
        return good(op, message, frames)

    asked = peer(answer).asked
    mine = make()
    frame = analysed(mine)
    start = entry_time(frame) - timedelta(hours=5)
    before = len(asked)
    for minute in range(0, 300, 5):
        now = start + timedelta(minutes=minute)
        mine.bot_loop_start(current_time=now)
        if minute in (40, 200):
            # A fill, of a trade that was closed again at once.
            mine.wallets.free = 10_000.0 + minute
            mine.order_filled(pair=PAIR, trade=None, order=None, current_time=now)
    assert len(asked) == before
    ask_stake(mine, frame)
    (message,) = told
    first_ms = int(start.timestamp() * 1000)
    assert [((t - first_ms) / 60_000, e - 10_000) for t, e in message[7]] == [
        *((minute, 0) for minute in (0, 30)),
        *((minute, 40) for minute in (45, 90, 150)),
        *((minute, 200) for minute in (205, 210, 270)),
    ]


def test_the_portfolio_is_valued_anew_for_every_candle_in_a_backtest(
    peer: Callable[..., Peer], make: Callable[..., Any]
) -> None:
    equities: list[float] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            equities.append(message[6])
        return good(op, message, frames)

    peer(answer)
    mine = make()
    frame = analysed(mine)
    for minute, equity in ((0, 1000.0), (5, 990.0), (10, 980.0)):
        mine.wallets.free = equity
        ask_stake(mine, frame, current_time=entry_time(frame) + timedelta(minutes=minute))
    assert equities == [1000.0, 990.0, 980.0]


def test_a_run_that_goes_back_in_time_opens_a_session_of_its_own(
    peer: Callable[..., Peer], make: Callable[..., Any]
) -> None:
    sessions: list[str] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO and message[3]["session"] not in sessions:
            sessions.append(message[3]["session"])
        return good(op, message, frames)

    peer(answer)
    mine = make()
    frame = analysed(mine)
    now = entry_time(frame)
    for minute in (0, 5, 10, 0, 5):
        ask_stake(mine, frame, current_time=now + timedelta(minutes=minute))
    assert len(sessions) == 2
    live = make("live")
    frame = analysed(live)
    for minute in (10, 0, 10):
        ask_stake(live, frame, current_time=now + timedelta(minutes=minute))
    assert len(sessions) == 3


# ------------------------------------------------------------------------------------ composition


def test_the_gate_can_be_called_by_hand(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    plain = strategy(config(sockets))
    gate = RiskGate(plain, profile="conservative")
    frame = gate.annotate(candles(M + 5), {"pair": PAIR})
    plain.dp.frames[PAIR] = frame
    now = entry_time(frame)
    bridge.gate = cut(0.5)
    asked = {"pair": PAIR, "current_time": now, "current_rate": 100.0}
    assert gate.stake(100.0, **asked, min_stake=None, max_stake=1e4) == 50.0
    bridge.gate = deny()
    assert gate.confirm(pair=PAIR, amount=1.0, rate=100.0, current_time=now) is False
    trade = SimpleNamespace(pair=PAIR, is_short=False, leverage=None)
    more = {"trade": trade, "current_time": now, "current_rate": 1.0, "min_stake": 1.0}
    assert gate.adjust(5.0, **more, max_stake=10.0) is None
    gate.filled()
    gate.sample(now)


def test_a_frame_of_another_length_is_left_to_freqtrade(
    bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    strategy.populate_indicators = lambda self, df, metadata: df.iloc[5:]  # type: ignore[assignment]
    result = analysed(make())
    assert "risk_size" not in result


@pytest.mark.parametrize("result", [None, "frame", 5])
def test_what_is_no_frame_is_left_to_freqtrade(
    result: Any, bridge: Answers, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    strategy.populate_indicators = lambda self, df, metadata: result  # type: ignore[assignment]
    assert make().populate_indicators(candles(5), {"pair": PAIR}) is result


def test_the_columns_come_from_the_candles_before_the_strategy_changed_them(
    peer: Callable[..., Peer], strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    sent: list[bytes] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        sent.extend(frames[1:])
        return good(op, message, frames)

    def smooth(self: Any, dataframe: pd.DataFrame, metadata: dict) -> pd.DataFrame:
        dataframe["close"] = dataframe["close"].rolling(3).mean()
        return dataframe

    strategy.populate_indicators = smooth  # type: ignore[method-assign]
    peer(answer)
    frame = analysed(make())
    assert frame["close"].isna().any()
    assert not np.isnan(np.frombuffer(sent[0])).any()


def test_an_empty_frame_gets_its_columns_too(bridge: Answers, make: Callable[..., Any]) -> None:
    result = make().populate_indicators(candles(5).iloc[:0], {"pair": PAIR})
    assert list(result.columns[-len(NAMES) :]) == NAMES


def test_a_bridge_that_knows_less_than_the_one_before_is_told_all_closed_trades(
    peer: Callable[..., Peer],
    sockets: Path,
    strategy: type[Strategy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One started again under a hyperopt, or without its journal, knows none."""
    persistence = pytest.importorskip("freqtrade.persistence")
    trades = [
        SimpleNamespace(id=n, close_date=datetime.fromtimestamp(n, UTC), close_profit=-0.1)
        for n in (10, 20, 30)
    ]

    def proxy(*, is_open: bool, close_date: datetime) -> list[Any]:
        return [trade for trade in trades if trade.close_date > close_date]

    monkeypatch.setattr(persistence.Trade, "get_trades_proxy", staticmethod(proxy))
    told: list[list[int]] = []

    def bridge(boot: str) -> Peer:
        def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
            if op is Op.HELLO:
                return [hello_body(boot=boot)]
            if op is Op.PORTFOLIO:
                told.append([trade[0] for trade in message[9]] if len(message) > 9 else [])
            return good(op, message, frames)

        return peer(answer)

    first = bridge("b1")
    limits = {"loss_streak_trades": 3}
    mine = risk_gated(strategy)(config(sockets, "dry_run", limits=limits, breaker_s=0))
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 100.0
    assert told == [[10, 20, 30]]
    first.stop()
    bridge("b2")
    # The first attempt may only find that the old connection is dead.
    assert 100.0 in (ask_stake(mine, frame), ask_stake(mine, frame))
    assert told[1] == [10, 20, 30]
