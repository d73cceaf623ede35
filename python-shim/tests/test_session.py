"""Sessions against peers that restart, forget, contradict themselves or are another version."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from helpers import LONG_MS, NAMES, Peer, Raw, Refusal, candles, good, hello_body
from test_wire import question

from talebridge import client, columns
from talebridge import session as session_module
from talebridge._generated import Op, Reason, Stage, Status
from talebridge.errors import (
    BridgeError,
    Broken,
    Busy,
    ProtocolError,
    SettingsRejected,
    StalePortfolio,
    Unavailable,
    WrongFingerprint,
)
from talebridge.place import Local
from talebridge.session import Session, Snapshot, Terms
from talebridge.wire import Answer, Hello

TERMS = Terms(
    hello=Hello("test/1", "live", "bot", {"timeframe_s": 300}),
    engine={"profile": "aggressive", "window_set": "standard", "timeframe_s": 300},
    window_set="standard",
    hello_timeout_s=LONG_MS / 1000,
    gate_timeout_s=LONG_MS / 1000,
    batch_timeout_s=LONG_MS / 1000,
    breaker_s=0.0,
    deadlines=True,
    busy_wait_s=0.0,
    restart_wait_s=0.0,
)
EMPTY = Snapshot(1000, 10_000.0, ())


def session(directory: Path, **changes: Any) -> Session:
    return Session(Local(directory), dataclasses.replace(TERMS, **changes), None)


def test_one_question_costs_hello_portfolio_and_gate_the_next_one_gate_alone(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    asked = peer().asked
    mine = session(sockets)
    mine.ask(question(), EMPTY)
    assert asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE]
    mine.ask(question(), EMPTY)
    assert asked[3:] == [Op.GATE]
    mine.ask(question(), Snapshot(2000, 10_001.0, ()))
    assert asked[4:] == [Op.PORTFOLIO, Op.GATE]


def test_portfolio_and_question_cost_one_way_there_and_back(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    """A peer that is silent until it has read the question, and then answers both."""
    kept: list[bytes] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            kept.append(msgpack.packb([1, message[2], 0, message[4]]))
            return None
        if op is Op.GATE and kept:
            allowed = [1, message[2], 0, 0, 0, message[12], math.nan, math.nan, 1, 0]
            return [Raw(kept.pop()), Raw(msgpack.packb(allowed))]
        return good(op, message, frames)

    peer(answer)
    mine = session(sockets)
    for equity in (10_000.0, 10_001.0):
        assert mine.ask(question(), Snapshot(1000, equity, ())).journal_seq == 1


def test_a_portfolio_that_was_taken_is_known_though_the_question_failed(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    """Sent again under the same number, a newer one would be taken for the same."""
    fails = [Refusal(Status.INTERNAL)]
    seqs: list[tuple[int, float]] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            seqs.append((message[4], message[6]))
        return fails.pop() if op is Op.GATE and fails else good(op, message, frames)

    peer(answer)
    mine = session(sockets)
    with pytest.raises(Unavailable, match="failed on this request"):
        mine.ask(question(), EMPTY)
    mine.ask(question(), Snapshot(2000, 9_000.0, ()))
    assert seqs == [(1, 10_000.0), (2, 9_000.0)]


def test_an_answer_given_without_the_portfolio_does_not_count(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        refused = op is Op.PORTFOLIO
        return Refusal(Status.SCHEMA, "odd") if refused else good(op, message, frames)

    asked = peer(answer).asked
    mine = session(sockets)
    for _ in range(2):
        with pytest.raises(ProtocolError, match="odd"):
            mine.ask(question(), EMPTY)
    assert asked.count(Op.PORTFOLIO) == 2


def test_answers_in_another_order_are_none(peer: Callable[..., Peer], sockets: Path) -> None:
    kept: list[int] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            kept.append(message[2])
            return None
        if op is Op.GATE:
            allowed = [1, message[2], 0, 0, 0, message[12], math.nan, math.nan, 1, 0]
            return [Raw(msgpack.packb(allowed)), Raw(msgpack.packb([1, kept.pop(), 0, 1]))]
        return good(op, message, frames)

    peer(answer)
    with pytest.raises(ProtocolError, match="asked was"):
        session(sockets).ask(question(), EMPTY)


def test_two_sessions_of_one_thread_share_the_connection_not_the_session(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    handles = iter([5, 6, 7])
    gates: list[int] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(handle=next(handles))]
        if op is Op.GATE:
            gates.append(message[3])
        return good(op, message, frames)

    peer(answer)
    first, second = session(sockets), session(sockets)
    for mine in (first, second, first, second):
        mine.ask(question(), EMPTY)
    assert gates == [5, 6, 5, 6]
    block = columns.to_block(candles(3))
    assert second.annotate(block).shape == (len(NAMES), 3)
    assert first.annotate(block).shape == (len(NAMES), 3)


def test_a_forgotten_session_is_opened_again_and_told_everything(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    known: set[int] = set()
    handles = iter(range(1, 9))
    told: list[list[Any]] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            handle = next(handles)
            known.add(handle)
            return [hello_body(handle=handle, boot=f"b{handle}")]
        if message[3] not in known:
            return Refusal(Status.NO_SESSION)
        if op is Op.PORTFOLIO:
            told.append(message)
        return good(op, message, frames)

    peer(answer)
    mine = session(sockets)
    mine.samples.add(1000, 10_000.0)
    mine.ask(question(), EMPTY)
    known.clear()
    assert mine.ask(question(), EMPTY).reason == 0
    assert [message[3] for message in told] == [1, 2]
    assert told[1][7] == [[1000, 10_000.0]]


def test_a_stale_portfolio_is_sent_again(peer: Callable[..., Peer], sockets: Path) -> None:
    refuse = [Refusal(Status.STALE_PORTFOLIO, seq=40)]
    seqs: list[int] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO and not refuse:
            return [hello_body(seq=40)]
        if op is Op.PORTFOLIO:
            seqs.append(message[4])
        if op is Op.GATE and refuse:
            return refuse.pop()
        return good(op, message, frames)

    peer(answer)
    session(sockets).ask(question(), EMPTY)
    assert seqs == [1, 41]


def test_a_bridge_that_is_never_content_ends_in_an_error(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        stale = op is Op.GATE
        return Refusal(Status.STALE_PORTFOLIO, seq=1) if stale else good(op, message, frames)

    asked = peer(answer).asked
    with pytest.raises(StalePortfolio, match="share one"):
        session(sockets).ask(question(), EMPTY)
    assert len(asked) < 40


def test_a_second_bot_under_the_same_session_is_named(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        return [message[4] + 1] if op is Op.PORTFOLIO else good(op, message, frames)

    peer(answer)
    with pytest.raises(StalePortfolio, match="two bots"):
        session(sockets).ask(question(), EMPTY)


def test_samples_are_sent_once_in_parts_oldest_first(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    parts: list[list[Any]] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            parts.append(message[7])
        return good(op, message, frames)

    peer(answer)
    mine = session(sockets)
    for hour in range(1200):
        mine.samples.add(hour * 3_600_000 + 1, 1.0 + hour)
    at_ms = mine.samples.newest_ms()
    mine.ask(question(), Snapshot(at_ms, 5.0, ()))
    assert [len(part) for part in parts] == [512, 512, 176]
    times = [t for part in parts for t, _ in part]
    assert times == sorted(set(times))
    mine.ask(question(), Snapshot(at_ms, 5.0, ()))
    assert len(parts) == 3


def test_samples_the_bridge_has_are_not_sent_again(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    sent: list[Any] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(samples_until_ms=3_600_001.0, seq=7)]
        if op is Op.PORTFOLIO:
            sent.append((message[4], message[7]))
        return good(op, message, frames)

    peer(answer)
    mine = session(sockets)
    for hour in range(3):
        mine.samples.add(hour * 3_600_000 + 1, 1.0)
    mine.ask(question(), Snapshot(7_200_001, 1.0, ()))
    assert sent == [(8, [[7_200_001, 1.0]])]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"engine_version": "9.9.9"}, "engine version"),
        ({"columns": NAMES[1:]}, "columns"),
        ({"columns": NAMES[::-1]}, "columns"),
        ({"memory_rows": 500}, "start-up candles"),
    ],
)
def test_a_bridge_of_another_build_is_refused(
    change: dict[str, Any], text: str, peer: Callable[..., Peer], sockets: Path
) -> None:
    peer(lambda op, *rest: [hello_body(**change)] if op is Op.HELLO else good(op, *rest))
    with pytest.raises(WrongFingerprint, match=text) as caught:
        session(sockets).ask(question(), EMPTY)
    assert caught.value.reason is Reason.WRONG_FINGERPRINT


def test_decisions_that_change_during_a_run_are_refused(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    peer()
    mine = Session(Local(sockets), TERMS, "another")
    with pytest.raises(WrongFingerprint, match="from another to f1"):
        mine.ask(question(), EMPTY)


def test_columns_of_another_engine_are_refused(peer: Callable[..., Peer], sockets: Path) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        result = good(op, message, frames)
        return ([*result[0][:2], "e2"], result[1]) if op is Op.ANNOTATE else result

    peer(answer)
    with pytest.raises(WrongFingerprint, match="from e1 to e2"):
        session(sockets).annotate(columns.to_block(candles(3)))


@pytest.mark.parametrize("fault", ["rows", "columns", "short", "missing"])
def test_a_block_of_another_shape_is_refused(
    fault: str, peer: Callable[..., Peer], sockets: Path
) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        result = good(op, message, frames)
        if op is not Op.ANNOTATE:
            return result
        (rows, count, engine), (block,) = result
        return {
            "rows": ([rows - 1, count, engine], [block]),
            "columns": ([rows, count - 1, engine], [block]),
            "short": ([rows, count, engine], [block[:-8]]),
            "missing": ([rows, count, engine], []),
        }[fault]

    peer(answer)
    with pytest.raises(ProtocolError):
        session(sockets).annotate(columns.to_block(candles(3)))


def test_a_busy_bridge_is_asked_again(peer: Callable[..., Peer], sockets: Path) -> None:
    busy = [Refusal(Status.BUSY), Refusal(Status.BUSY)]

    def answer(op: Op, *rest: Any) -> Any:
        return busy.pop() if op is Op.ANNOTATE and busy else good(op, *rest)

    peer(answer)
    assert session(sockets).annotate(columns.to_block(candles(3))).shape[1] == 3
    busy += [Refusal(Status.BUSY)] * 99
    with pytest.raises(Busy):
        session(sockets, batch_timeout_s=0.5).annotate(columns.to_block(candles(3)))


def test_a_run_waits_for_its_turn_beyond_the_deadline_of_an_answer(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a worker among many does: more often than a call has rounds, longer than its deadline."""
    pauses: list[float] = []
    real = session_module.Deadline

    class Passing(real):  # type: ignore[misc, valid-type]
        def elapse(self, seconds: float) -> None:
            self.at -= seconds

    made: list[Passing] = []

    def deadline(total_s: float) -> Passing:
        made.append(Passing(total_s))
        return made[-1]

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        for each in made:
            each.elapse(seconds)

    monkeypatch.setattr(session_module, "Deadline", deadline)
    monkeypatch.setattr(session_module.time, "sleep", sleep)
    busy = [Refusal(Status.BUSY)] * 200

    def answer(op: Op, *rest: Any) -> Any:
        return busy.pop() if op is Op.ANNOTATE and busy else good(op, *rest)

    peer(answer)
    mine = session(sockets, batch_timeout_s=5.0, busy_wait_s=100_000.0)
    assert mine.annotate(columns.to_block(candles(3))).shape[1] == 3
    assert len(pauses) == 200
    assert max(pauses) == 1.0
    busy += [Refusal(Status.BUSY)] * 200
    made.clear()
    with pytest.raises(Busy):
        session(sockets, busy_wait_s=60.0, batch_timeout_s=5.0).annotate(
            columns.to_block(candles(3))
        )
    assert busy


def test_refused_settings_are_listed(peer: Callable[..., Peer], sockets: Path) -> None:
    found = [{"path": "limits/max_drawdown", "message": "too big"}, {"path": "p", "message": "q"}]
    peer(lambda *_: Refusal(Status.SETTINGS, violations=found))
    with pytest.raises(SettingsRejected) as caught:
        session(sockets).open()
    assert "risk_bridge.limits.max_drawdown: too big\n  risk_bridge.p: q" in str(caught.value)


def test_many_questions_to_a_silent_bridge_cost_three_deadlines(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    silent = peer(lambda *_: None)
    mine = session(sockets, gate_timeout_s=0.3, batch_timeout_s=0.3, breaker_s=1e6)
    for _ in range(50):
        with pytest.raises(Unavailable):
            mine.ask(question(), EMPTY)
        with pytest.raises(Unavailable):
            mine.annotate(columns.to_block(candles(3)))
    assert len(silent.asked) == 6
    client.breaker(Local(sockets), "gate").succeeded()
    client.breaker(Local(sockets), "batch").succeeded()


def test_slow_candles_do_not_pause_entries(peer: Callable[..., Peer], sockets: Path) -> None:
    peer(lambda op, *rest: None if op is Op.ANNOTATE else good(op, *rest))
    mine = session(sockets, batch_timeout_s=0.05, breaker_s=1e6)
    for _ in range(5):
        with pytest.raises(Unavailable):
            mine.annotate(columns.to_block(candles(3)))
    assert mine.ask(question(), EMPTY).stake == 100
    client.breaker(Local(sockets), "batch").succeeded()


def test_an_absent_bridge_is_not_asked_again_for_a_while(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    mine = session(sockets, breaker_s=1e6)
    with pytest.raises(Unavailable, match="no bridge answers"):
        mine.ask(question(), EMPTY)
    asked = peer().asked
    with pytest.raises(Unavailable, match="not asked again for a moment"):
        mine.ask(question(), EMPTY)
    assert asked == []
    client.breaker(Local(sockets), "gate").succeeded()
    assert mine.ask(question(), EMPTY).stake == 100


def test_a_bridge_replaced_while_it_is_asked_is_asked_again(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    """Long before the deadline: its successor listens at the same address but was not asked."""
    silent = peer(lambda op, *rest: None if op is Op.GATE else good(op, *rest))
    heard: list[int] = []

    def replace() -> None:
        while Op.GATE not in silent.asked:
            time.sleep(0.005)
        silent.stop()
        peer(lambda op, *rest: heard.append(op) or good(op, *rest))

    change = threading.Thread(target=replace)
    change.start()
    mine = session(sockets, gate_timeout_s=300.0)
    assert mine.ask(question(), EMPTY).journal_seq == 1
    change.join()
    assert heard == [Op.HELLO, Op.PORTFOLIO, Op.GATE]


def test_a_restarted_bridge_is_told_the_portfolio_within_the_same_question(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    old = peer()
    mine = session(sockets)
    mine.ask(question(), EMPTY)
    old.stop()
    with pytest.raises(BridgeError):
        mine.ask(question(), EMPTY)
    fresh = peer(lambda op, *r: [hello_body(boot="b2")] if op is Op.HELLO else good(op, *r))
    assert mine.ask(question(), EMPTY).stake == 100
    assert fresh.asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE]


@pytest.mark.parametrize("then", ["ask", "post"])
def test_a_bridge_that_went_away_with_what_was_posted_never_has_its_handle_used_at_another(
    then: str, peer: Callable[..., Peer], sockets: Path
) -> None:
    """Handles are numbers that every bridge begins anew: there it may be another bot's."""
    old = peer(lambda op, m, f: None if op is Op.GATE and m[12] == 60 else good(op, m, f))
    mine = session(sockets)
    mine.ask(question(), EMPTY)
    heard: list[Answer | BridgeError] = []
    assert mine.post(question(stake=60.0), heard.append)
    old.stop()
    fresh = peer(lambda op, *r: [hello_body(boot="b2")] if op is Op.HELLO else good(op, *r))
    if then == "post":
        assert not mine.post(question(), heard.append)
        assert fresh.asked == []
    else:
        assert mine.ask(question(), EMPTY).stake == 100
        assert fresh.asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE]
    assert [type(one) for one in heard] == [Broken]


def test_a_bridge_that_went_away_is_waited_for_where_that_is_wanted(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    old = peer()
    mine = session(sockets, restart_wait_s=LONG_MS / 1000)
    mine.ask(question(), EMPTY)
    old.stop()
    started: list[Peer] = []
    restart = threading.Timer(
        0.5,
        lambda: started.append(
            peer(lambda op, *r: [hello_body(boot="b2")] if op is Op.HELLO else good(op, *r))
        ),
    )
    restart.start()
    assert mine.ask(question(), EMPTY).stake == 100
    restart.join()
    assert started[0].asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE]


def test_a_bridge_started_again_between_size_and_confirmation_is_asked_for_the_size_again(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    old = peer()
    mine = session(sockets, deadlines=False)
    mine.ask(question(stake=100.0), EMPTY)
    mine.ask(question(stake=60.0, stage=Stage.FINAL), EMPTY)
    assert old.asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE, Op.GATE]
    mine.ask(question(stake=100.0), EMPTY)
    old.stop()
    stakes: list[float] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(boot="b2")]
        if op is Op.GATE:
            stakes.append(message[12])
        return good(op, message, frames)

    peer(answer)
    with contextlib.suppress(BridgeError):
        # The first attempt may only find that the old connection is dead.
        mine.ask(question(stake=60.0, stage=Stage.FINAL), EMPTY)
    if not stakes:
        mine.ask(question(stake=60.0, stage=Stage.FINAL), EMPTY)
    assert stakes == [100.0, 60.0]
    # Another entry's confirmation asks for nothing else.
    mine.ask(question(pair="ETH/USDT", stake=50.0, stage=Stage.FINAL), EMPTY)
    assert stakes == [100.0, 60.0, 50.0]


def test_a_bridge_that_stays_away_is_absent_in_the_end(sockets: Path) -> None:
    mine = session(sockets, restart_wait_s=0.3)
    with pytest.raises(Unavailable, match="no bridge answers"):
        mine.ask(question(), EMPTY)


def test_numbers_survive_the_way_there_and_back(peer: Callable[..., Peer], sockets: Path) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is not Op.ANNOTATE:
            return good(op, message, frames)
        sent = np.frombuffer(frames[1], dtype="<f8").reshape(6, message[3])
        block = np.zeros((len(NAMES), message[3]))
        block[:6] = sent
        return [message[3], len(NAMES), "e1"], [block.tobytes()]

    peer(answer)
    block = columns.to_block(candles(2000))
    np.testing.assert_array_equal(session(sockets).annotate(block)[:6], block)


# -------------------------------------------------------------------------------------- deadlines


GATE_ELEMENTS = 16
ANNOTATE_ELEMENTS = 6


class Heard:
    """A bridge that keeps every gate and annotate message."""

    def __init__(self, **hello: Any) -> None:
        self.hello = hello
        self.messages: dict[Op, list[list[Any]]] = {Op.GATE: [], Op.ANNOTATE: []}

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(**self.hello)]
        if op in self.messages:
            self.messages[op].append(message)
        return good(op, message, frames)


def ask_both(mine: Session) -> None:
    mine.ask(question(), EMPTY)
    mine.annotate(columns.to_block(candles(3)))


def test_requests_carry_their_deadline_on_the_wall_clock(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    heard = Heard(minor=1, clock_ms=5)
    peer(heard)
    before_ms = time.time() * 1000
    ask_both(session(sockets, gate_timeout_s=5.0, batch_timeout_s=50.0))
    after_ms = time.time() * 1000
    for op, elements, left_ms in (
        (Op.GATE, GATE_ELEMENTS, 5000),
        (Op.ANNOTATE, ANNOTATE_ELEMENTS, 50_000),
    ):
        ((*_, until_ms),) = heard.messages[op]
        assert len(heard.messages[op][0]) == elements + 1
        # The socket is one of this machine, whatever clock the bridge says it reads.
        assert before_ms + left_ms - 1 <= until_ms <= after_ms + left_ms + 1


@pytest.mark.parametrize(("minor", "deadlines"), [(0, True), (1, False)])
def test_no_deadline_for_an_older_bridge_nor_where_time_is_simulated(
    minor: int, deadlines: bool, peer: Callable[..., Peer], sockets: Path
) -> None:
    heard = Heard(minor=minor)
    peer(heard)
    ask_both(session(sockets, deadlines=deadlines))
    assert [len(m) for m in heard.messages[Op.GATE]] == [GATE_ELEMENTS]
    assert [len(m) for m in heard.messages[Op.ANNOTATE]] == [ANNOTATE_ELEMENTS]


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 0, 86_400_000])
def test_a_clock_elsewhere_is_reckoned_with(
    ahead_ms: int, peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Local, "same_clock", False)
    heard = Heard()
    peer(heard)
    before_ms = time.time() * 1000
    heard.hello = {"minor": 1, "clock_ms": round(before_ms) + ahead_ms}
    mine = session(sockets, gate_timeout_s=5.0)
    mine.ask(question(), EMPTY)
    took_ms = time.time() * 1000 - before_ms
    ((*_, until_ms),) = heard.messages[Op.GATE]
    assert abs(until_ms - ahead_ms - before_ms - 5000) <= took_ms + 2


def test_what_came_late_is_asked_again_once_after_a_new_hello(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    late = Refusal(Status.LATE, "12 ms late", late_ms=12)
    asked = peer(lambda op, *rest: late if op is Op.GATE else good(op, *rest)).asked
    mine = session(sockets)
    for _ in range(2):
        with pytest.raises(Unavailable, match="after its deadline: 12 ms late") as caught:
            mine.ask(question(), EMPTY)
        assert caught.value.reason is Reason.UNAVAILABLE
    assert asked.count(Op.GATE) == 4
    assert asked.count(Op.HELLO) == 4


def test_what_came_late_by_the_bridge_s_clock_is_answered_in_the_time_that_is_left(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock there is set forward between hello and question, as over a network only."""
    monkeypatch.setattr(Local, "same_clock", False)
    ahead_ms = 0

    def judged(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        nonlocal ahead_ms
        now_ms = round(time.time() * 1000) + ahead_ms
        if op is Op.HELLO:
            ahead_ms = 3_600_000
            return [hello_body(minor=1, clock_ms=now_ms)]
        if op is Op.GATE and now_ms > message[-1]:
            return Refusal(Status.LATE, "late", late_ms=round(now_ms - message[-1]))
        return good(op, message, frames)

    asked = peer(judged).asked
    session(sockets, gate_timeout_s=5.0).ask(question(), EMPTY)
    assert asked.count(Op.GATE) == 2


def test_a_late_answer_without_time_left_is_none(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Refusal(Status.LATE, "12 ms late", late_ms=12)
    asked = peer(lambda op, *rest: late if op is Op.GATE else good(op, *rest)).asked
    mine = session(sockets)
    mine.open()
    requests = client.Channel.requests

    def slow(self: client.Channel, asked: Any, deadline: Any) -> Any:
        try:
            return requests(self, asked, deadline)
        except Unavailable:
            deadline.at = time.monotonic()
            raise

    monkeypatch.setattr(client.Channel, "requests", slow)
    with pytest.raises(Unavailable, match="12 ms late"):
        mine.ask(question(), EMPTY)
    assert asked.count(Op.GATE) == 1


def test_a_market_needs_a_bridge_that_knows_it(peer: Callable[..., Peer], sockets: Path) -> None:
    heard = Heard(minor=0)
    peer(heard)
    block = np.ones((7, 3))
    with pytest.raises(ProtocolError, match="too old for risk_bridge"):
        session(sockets).annotate(block)
    assert heard.messages[Op.ANNOTATE] == []
    heard.hello = {"minor": 1}
    client.channel(Local(sockets), "batch").close()
    session(sockets).annotate(block)
    assert [m[4] for m in heard.messages[Op.ANNOTATE]] == [7]
