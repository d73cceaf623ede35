"""The stream of the real private daemon: who is asked through it, and what becomes of a backtest
whose daemon is killed or frozen."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    FOREVER_S,
    LONG_MS,
    Strategy,
    analysed,
    ask_confirm,
    ask_stake,
    candles,
    config,
    entry_time,
    journal,
    start_daemon,
    stop_daemon,
)
from test_certain import next_candle, now, ready
from test_daemon import jumpy
from test_session import EMPTY, session
from test_setup import STOP
from test_stream import big_snapshot
from test_wire import question

from talebridge import client, columns, risk_gated
from talebridge._generated import Kind, PositionState, Reason, Side, Stage
from talebridge.errors import Absent, BridgeError, TimedOut, Unavailable
from talebridge.place import Local
from talebridge.session import Session, Snapshot
from talebridge.stream import StreamLink
from talebridge.wire import Answer, Hello, Position, Question
from talebridge.zeromq import ZmqLink

pytestmark = pytest.mark.usefixtures("no_hang")

Process = subprocess.Popen[bytes]
HELLO = Hello("test/1", "backtest", "run", {"timeframe_s": 300})
AWAY = "no bridge answers|ended before the answer came|failed"
"""What is said of a daemon that is gone, long before any deadline."""


def backtest(directory: Path, name: str = "run", **changes: Any) -> Session:
    hello = dataclasses.replace(HELLO, session=name)
    return session(directory, hello=hello, deadlines=False, **changes)


def link_of(directory: Path, kind: Any = "gate") -> Any:
    return client.channel(Local(directory), kind)._link


def killed(process: Process) -> None:
    process.kill()
    process.wait()


def outcome(mine: Session, asked: Question, snapshot: Snapshot) -> str:
    """All of an answer, with NaN equal to itself; or why there is none."""
    try:
        return repr(dataclasses.astuple(mine.ask(asked, snapshot)))
    except BridgeError as error:
        return f"{type(error).__name__}: {error}"


# --------------------------------------------------------------------------------- which of the two


def test_a_private_daemon_is_asked_over_its_stream_and_sent_candles_over_zeromq(
    private: Process, sockets: Path
) -> None:
    mine = backtest(sockets)
    assert mine.ask(question(), EMPTY).journal_seq > 0
    assert mine.annotate(columns.to_block(candles(50))).shape[1] == 50
    assert isinstance(link_of(sockets), StreamLink)
    assert isinstance(link_of(sockets, "batch"), ZmqLink)
    assert len(journal(sockets)) == 1


def test_any_other_daemon_is_asked_over_zeromq(daemon: Path) -> None:
    backtest(daemon).ask(question(), EMPTY)
    assert isinstance(link_of(daemon), ZmqLink)


def test_a_daemon_in_the_place_of_a_killed_private_one_is_asked_over_zeromq(
    private: Process, command: list[str], sockets: Path
) -> None:
    backtest(sockets).ask(question(), EMPTY)
    killed(private)
    assert (sockets / "gate.stream").exists()
    with pytest.raises(Absent, match="no bridge answers"):
        backtest(sockets).ask(question(), EMPTY)
    other = start_daemon(command, sockets)
    try:
        assert not (sockets / "gate.stream").exists()
        backtest(sockets).ask(question(), EMPTY)
        assert isinstance(link_of(sockets), ZmqLink)
    finally:
        stop_daemon(other)


def test_one_private_daemon_after_the_other_is_asked_over_its_own_stream(
    private: Process, command: list[str], sockets: Path
) -> None:
    mine = backtest(sockets)
    mine.ask(question(), EMPTY)
    killed(private)
    other = start_daemon(command, sockets, "--private")
    try:
        # Noticed when it is sent, and asked anew.
        assert mine.ask(question(), EMPTY).journal_seq > 0
        assert isinstance(link_of(sockets), StreamLink)
    finally:
        stop_daemon(other)
    assert not (sockets / "gate.stream").exists()


# --------------------------------------------------------------------------------- the same answers


def questions(seed: int, number: int) -> Iterator[tuple[Question, Snapshot]]:
    """A run's: entries, confirmations and additions, valid and not, under an account that moves."""
    rng = random.Random(seed)
    now_ms = 1_762_905_900_000
    snapshot = EMPTY
    for _ in range(number):
        if rng.random() < 0.5:
            now_ms += 300_000 * rng.randrange(1, 200)
        if rng.random() < 0.6:
            positions = tuple(
                Position(f"P{n}/USDT", Side(rng.randrange(2)), rng.uniform(1, 900), 1.0,
                         PositionState.OPEN)
                for n in range(rng.randrange(12))
            )  # fmt: skip
            snapshot = Snapshot(now_ms, rng.uniform(7_000, 11_000), positions)
        stake = rng.choice([rng.uniform(0.1, 3_000), rng.uniform(10, 100), math.nan, math.inf, -1])
        # One in four is no reason of a candle, one in eight of the others has a size that is none.
        reason = rng.choice([Reason.OK, Reason.JUMP, Reason.WARMING_UP, Reason.UNAVAILABLE])
        judged = rng.choice([256, 1024]) if reason is Reason.JUMP else 0
        asked = question(
            pair=f"P{rng.randrange(6)}/USDT",
            side=Side(rng.randrange(2)),
            kind=rng.choice(list(Kind)),
            stage=rng.choice(list(Stage)),
            candle_open_ms=now_ms - 300_000 * rng.choice([1, 1, 1, 1, 0, 9]),
            now_ms=now_ms,
            size_1024=1024 if reason is Reason.OK else rng.choice([judged] * 7 + [2000]),
            reason=int(reason),
            value=rng.choice([math.nan, 3.5]),
            stake=stake,
            min_stake=rng.choice([5.5, 200.0, math.nan]),
            leverage=rng.choice([1.0, 3.0, 0.5, math.nan]),
        )
        yield asked, dataclasses.replace(snapshot, at_ms=now_ms)


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_the_same_through_both(
    seed: int, private: Process, command: list[str], sockets: Path
) -> None:
    other = sockets / "z"
    other.mkdir(mode=0o700)
    process = start_daemon(command, other)
    try:
        over_stream, over_zeromq = backtest(sockets), backtest(other)
        answers = []
        for asked, snapshot in questions(seed, 150):
            answers.append(outcome(over_stream, asked, snapshot))
            assert answers[-1] == outcome(over_zeromq, asked, snapshot)
        assert isinstance(link_of(sockets), StreamLink)
        assert isinstance(link_of(other), ZmqLink)
        assert len(set(answers)) > 100
        assert over_stream.standing(2**41, EMPTY) == over_zeromq.standing(2**41, EMPTY)
    finally:
        stop_daemon(process)
    client.channel(Local(other), "gate").close()
    lines, others = (
        [{key: line[key] for key in KEPT if key in line} for line in journal(directory)]
        for directory in (sockets, other)
    )
    assert len(lines) > 50
    assert lines == others


KEPT = ("pair", "side", "kind", "stage", "decision", "reason", "would", "value", "limit", "stake")


def test_a_gated_strategy_enters_the_same_through_both(
    private: Process, command: list[str], sockets: Path, strategy: type[Strategy]
) -> None:
    other = sockets / "z"
    other.mkdir(mode=0o700)
    process = start_daemon(command, other)
    try:
        entered = []
        for directory in (sockets, other):
            own = type("Own", (strategy,), dict(strategy.__dict__))
            mine = risk_gated(own)(config(directory))
            jump = jumpy(mine)
            stakes = [ask_stake(mine, jump)]
            confirmed = [ask_confirm(mine, jump, stakes[0])]
            for seed in range(5):
                pair = f"P{seed}/USDT"
                frame = analysed(mine, pair, seed=seed)
                stakes.append(ask_stake(mine, frame, 100.0 + seed, pair=pair))
                confirmed.append(ask_confirm(mine, frame, 100.0 + seed, pair=pair))
            entered.append((stakes, confirmed, frame["risk_size"].to_numpy().tobytes()))
            assert stakes[0] == 25.0
            assert all(confirmed)
        assert entered[0] == entered[1]
        assert isinstance(link_of(sockets), StreamLink)
        assert isinstance(link_of(other), ZmqLink)
    finally:
        stop_daemon(process)


def test_a_big_portfolio_is_taken(private: Process, sockets: Path) -> None:
    mine = backtest(sockets)
    for n in range(500):
        mine.samples.add(2**40 + n * 3_600_000, n + 0.5)
    snapshot = big_snapshot()
    answer = mine.ask(question(now_ms=snapshot.at_ms), snapshot)
    assert answer.journal_seq > 0
    mine.ask(question(now_ms=snapshot.at_ms), dataclasses.replace(snapshot, equity=9_000.0))
    assert isinstance(link_of(sockets), StreamLink)


# ------------------------------------------------------------------------------- killed and frozen


@contextmanager
def after(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Does something while the test does something else, and waits for it."""
    timer = threading.Timer(seconds, act)
    timer.start()
    yield
    timer.join()


def test_killed_between_questions_a_run_stops_saying_what_to_do(
    private: Process, sockets: Path, strategy: type[Strategy], caplog: pytest.LogCaptureFixture
) -> None:
    mine = ready(strategy, sockets)
    assert ask_stake(mine, now(mine)) == 100.0
    killed(private)
    assert ask_stake(mine, now(mine), side="short") == 0.0
    assert "stops this run" in caplog.text
    assert "no bridge answers" in caplog.text
    assert f"talebridge serve --dir {sockets}" in caplog.text
    assert ask_confirm(mine, now(mine)) is False
    with pytest.raises(STOP, match="no bridge answers"):
        analysed(mine)


def test_killed_while_it_is_asked_it_is_noticed_long_before_the_deadline(
    private: Process, sockets: Path, strategy: type[Strategy], caplog: pytest.LogCaptureFixture
) -> None:
    """Frozen first, so that the question is on its way for sure."""
    mine = ready(strategy, sockets, batch_timeout_s=FOREVER_S)
    assert ask_stake(mine, now(mine)) == 100.0
    private.send_signal(signal.SIGSTOP)
    with after(0.5, private.kill):
        assert ask_stake(mine, now(mine), side="short") == 0.0
    assert "stops this run" in caplog.text
    assert "no answer within" not in caplog.text
    assert ask_confirm(mine, now(mine)) is False


def test_frozen_a_run_stops_at_the_deadline(
    private: Process, sockets: Path, strategy: type[Strategy], caplog: pytest.LogCaptureFixture
) -> None:
    mine = ready(strategy, sockets, batch_timeout_s=1)
    assert ask_stake(mine, now(mine)) == 100.0
    private.send_signal(signal.SIGSTOP)
    assert ask_stake(mine, now(mine), side="short") == 0.0
    assert "stops this run" in caplog.text
    assert "no answer within 1000 ms" in caplog.text
    assert ask_confirm(mine, now(mine)) is False
    assert link_of(sockets) is None
    # What it answers when it wakes is nobody's; a run of its own is answered.
    private.send_signal(signal.SIGCONT)
    again = ready(strategy, sockets)
    assert ask_stake(again, now(again), 70.0) == 70.0
    assert ask_confirm(again, now(again), 70.0) is True
    next_candle(again)
    assert caplog.text.count("stops this run") == 1


def test_frozen_for_less_than_the_deadline_costs_nothing_but_time(
    private: Process, sockets: Path, strategy: type[Strategy], caplog: pytest.LogCaptureFixture
) -> None:
    mine = ready(strategy, sockets, batch_timeout_s=60)
    for n in range(3):
        private.send_signal(signal.SIGSTOP)
        with after(0.4, lambda: private.send_signal(signal.SIGCONT)):
            stake = 100.0 - n
            assert ask_stake(mine, now(mine), stake) == stake
    assert ask_confirm(mine, now(mine), 98.0) is True
    next_candle(mine)
    assert "stops this run" not in caplog.text
    assert len(journal(sockets)) == 4


@pytest.mark.parametrize("looked_at", ["next candle", "next question"])
@pytest.mark.parametrize("fault", ["killed before", "killed after", "frozen"])
def test_a_confirmation_that_gets_no_answer_stops_the_run(
    fault: str,
    looked_at: str,
    private: Process,
    sockets: Path,
    strategy: type[Strategy],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that is killed is frozen first, so that it has not answered yet."""
    mine = ready(strategy, sockets, batch_timeout_s=1)
    assert ask_stake(mine, now(mine)) == 100.0
    if fault == "killed before":
        killed(private)
    else:
        private.send_signal(signal.SIGSTOP)
    assert ask_confirm(mine, now(mine)) is (fault != "killed before")
    if fault == "killed after":
        killed(private)
    if looked_at == "next candle":
        next_candle(mine)
    else:
        assert ask_stake(mine, now(mine), side="short") == 0.0
    assert caplog.text.count("stops this run") == 1
    assert ("no answer within 1000 ms" in caplog.text) is (fault == "frozen")
    later = entry_time(now(mine)) + timedelta(minutes=10)
    assert ask_stake(mine, now(mine), current_time=later) == 0.0
    assert caplog.text.count("stops this run") == 1


def test_candles_of_a_daemon_that_dies_meanwhile_stop_the_run(
    private: Process, sockets: Path, strategy: type[Strategy]
) -> None:
    mine = ready(strategy, sockets, batch_timeout_s=FOREVER_S)
    private.send_signal(signal.SIGSTOP)
    with after(0.5, private.kill), pytest.raises(STOP, match=AWAY):
        analysed(mine)


@pytest.mark.parametrize("seed", range(4))
def test_killed_or_frozen_at_any_moment_every_answer_given_is_in_the_journal(
    seed: int, private: Process, sockets: Path
) -> None:
    rng = random.Random(seed)
    mine = backtest(sockets, gate_timeout_s=2.0)
    mine.ask(question(), EMPTY)
    fault = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP])
    answers: list[Answer] = []
    failure: BridgeError | None = None
    # A step of the account now and then: two messages on their way at once.
    with after(rng.uniform(0.0, 0.15), lambda: private.send_signal(fault)):
        for n in range(10**6):
            try:
                asked = question(pair=f"P{n % 7}/USDT", stake=50.0 + n % 40)
                answers.append(mine.ask(asked, Snapshot(1000, 10_000.0 + n // 3, ())))
            except BridgeError as error:
                failure = error
                break
    assert isinstance(failure, TimedOut if fault == signal.SIGSTOP else Absent)
    assert link_of(sockets) is None
    lines = {line["seq"]: line for line in journal_lines(sockets)}
    assert len(answers) <= len(lines) <= len(answers) + 2
    for answer in answers:
        assert lines[answer.journal_seq]["stake"] is not None


def journal_lines(directory: Path) -> list[dict[str, Any]]:
    """As `journal`, without the half line a killed daemon may have left."""
    lines = []
    for file in sorted((directory / "journal").glob("*.jsonl")):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n") and (entry := json.loads(line))["type"] == "gate":
                lines.append(entry)
    return lines


# ----------------------------------------------------------------------------------- many of them


def test_threads_each_over_a_connection_of_their_own(private: Process, sockets: Path) -> None:
    failed: list[BaseException] = []
    given: list[Answer] = []

    def work(name: str) -> None:
        try:
            mine = backtest(sockets, name)
            for n in range(100):
                stake = 50.0 + n % 40
                answer = mine.ask(question(stake=stake), Snapshot(1000, 10_000.0 + n, ()))
                assert answer.stake <= stake
                given.append(answer)
            assert isinstance(link_of(sockets), StreamLink)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({answer.journal_seq for answer in given}) == 600


def test_a_forked_worker_asks_over_its_own_connection_and_the_parent_goes_on(
    private: Process, sockets: Path
) -> None:
    mine = backtest(sockets)
    first = mine.ask(question(), EMPTY).journal_seq
    workers = []
    for n in range(3):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                asked = backtest(sockets, f"worker {n}").ask(question(), EMPTY)
                os.write(write, str(asked.journal_seq).encode())
            finally:
                os._exit(0)
        os.close(write)
        workers.append((pid, read))
        mine.ask(question(stake=60.0), EMPTY)
    heard = []
    for pid, read in workers:
        heard.append(int(os.read(read, 99)))
        os.waitpid(pid, 0)
        os.close(read)
    last = mine.ask(question(stake=50.0), EMPTY).journal_seq
    assert len({first, last, *heard}) == 5
    assert len(journal(sockets)) == 8


def test_beyond_the_limit_of_connections_one_is_told_and_served_when_there_is_room(
    private: Process, sockets: Path, command: list[str]
) -> None:
    limits = subprocess.run(
        [*command, "schema", "--limits"], check=True, capture_output=True, timeout=LONG_MS / 1000
    )
    most = json.loads(limits.stdout)["fixed"]["stream_connections"]["value"]
    crowd = []
    for _ in range(most):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(sockets / "gate.stream"))
        crowd.append(sock)
    mine = backtest(sockets)
    with pytest.raises(Absent):
        mine.ask(question(), EMPTY)
    for sock in crowd:
        sock.close()
    until = time.monotonic() + LONG_MS / 1000
    while True:
        try:
            assert mine.ask(question(), EMPTY).journal_seq > 0
            break
        except Unavailable:
            assert time.monotonic() < until
            time.sleep(0.05)
