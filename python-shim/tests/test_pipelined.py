"""Several requests on their way at once: order, errors in the middle, and peers that end there."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from helpers import (
    FOREVER_S,
    NAMES,
    Connection,
    Peer,
    Raw,
    Refusal,
    StreamPeer,
    answering,
    framed,
    good,
)
from test_client import say_hello
from test_session import session
from test_stream import LONG_S

from talebridge import client, columns, wire
from talebridge import session as session_module
from talebridge._generated import MEMORY_ROWS, Op, Status
from talebridge.client import Channel
from talebridge.deadline import Deadline
from talebridge.errors import (
    Absent,
    BadCandles,
    BridgeError,
    Broken,
    Busy,
    Late,
    ProtocolError,
    SendFailed,
    ShimError,
    TimedOut,
    WrongFingerprint,
)
from talebridge.place import Local

pytestmark = pytest.mark.usefixtures("no_hang")

PART = 500
M = MEMORY_ROWS["standard"]

Answer = Callable[[Op, list[Any], list[bytes]], Any]
Answering = Callable[[Answer], Peer | StreamPeer]


@pytest.fixture(params=["stream", "zeromq"])
def bridge(
    request: pytest.FixtureRequest,
    peer: Callable[..., Peer],
    stream: Callable[..., StreamPeer],
) -> Answering:
    """Makes a peer that answers, at either end of the gate."""
    if request.param == "zeromq":
        return peer
    return lambda answer: stream(answering(answer))


def ask(
    channel: Channel, number: int, ahead: int, deadline_s: float = LONG_S
) -> Iterator[tuple[int, list[Any] | BridgeError, list[Any]]]:
    """Asks questions numbered from 0; never has more than `ahead` of them unanswered."""
    drawn = 0

    def requests() -> Iterator[tuple[int, Sequence[Any]]]:
        nonlocal drawn
        for n in range(number):
            request_id = channel.new_id()
            drawn += 1
            yield request_id, [wire.encode_standing(request_id, 0, 0, n)]

    replies = channel.pipelined(requests(), Deadline(deadline_s), ahead)
    for answered, reply in enumerate(replies, start=1):
        assert drawn - answered <= ahead
        yield reply


def echoed(message: list[Any]) -> bytes:
    """A reply with the number that was asked."""
    reply: bytes = msgpack.packb([1, message[2], 0, message[5]])
    return reply


def echo(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    return good(op, message, frames) if op is Op.HELLO else Raw(echoed(message))


def numbers(replies: Iterator[tuple[int, list[Any] | BridgeError, list[Any]]]) -> list[Any]:
    """What was answered, each an error or the number that was asked; ids are told apart by."""
    return [reply if isinstance(reply, BridgeError) else reply[0] for _, reply, _ in replies]


# ---------------------------------------------------------------------------------- order and room


@pytest.mark.parametrize("ahead", [1, 2, 3, 7, 100])
def test_replies_come_as_they_are_given_each_under_its_id(
    ahead: int, bridge: Answering, sockets: Path
) -> None:
    rng = random.Random(ahead)
    held: list[bytes] = []
    count = 0

    def shuffled(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        nonlocal count
        count += 1
        held.append(echoed(message))
        if len(held) < ahead and count < 30:
            return None
        rng.shuffle(held)
        # Some wait longer than those asked after them, at the end all are given.
        given = held[:] if count == 30 else held[: rng.randrange(1, len(held) + 1)]
        del held[: len(given)]
        return [Raw(one) for one in given]

    bridge(shuffled)
    channel = Channel(Local(sockets), "gate")
    seen = list(ask(channel, 30, ahead))
    assert sorted(numbers(iter(seen))) == list(range(30))
    assert {request_id: reply[0] for request_id, reply, _ in seen} == {  # type: ignore[index]
        n + 1: n for n in range(30)
    }
    in_order = [request_id for request_id, _, _ in seen] == list(range(1, 31))
    assert in_order is (ahead == 1)
    assert channel._link is not None
    channel.close()


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_no_more_than_so_many_are_unanswered(
    ahead: int, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    """The peer waits for one too many before each of its replies."""
    rng = random.Random(3)
    most: list[int] = []

    def behave(connection: Connection) -> None:
        held: list[bytes] = []
        left = 12
        while left:
            while len(held) < min(ahead, left):
                frame = connection.read()
                assert frame is not None
                held.append(frame)
            assert connection.read(within_s=0.03) is None
            most.append(len(held))
            message = msgpack.unpackb(held.pop(rng.randrange(len(held))))
            connection.send(echoed(message))
            left -= 1

    stream(behave)
    channel = Channel(Local(sockets), "gate")
    assert sorted(numbers(ask(channel, 12, ahead))) == list(range(12))
    assert max(most) == ahead
    assert len(most) == 12
    channel.close()


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_silence_ends_with_the_deadline_and_so_many_asked(
    ahead: int, bridge: Answering, sockets: Path
) -> None:
    asked: list[int] = []
    bridge(lambda op, message, frames: asked.append(message[5]))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(TimedOut):
        list(ask(channel, 9, ahead, deadline_s=0.3))
    assert asked == list(range(ahead))
    assert channel._link is None


def test_the_next_is_on_its_way_before_a_reply_is_looked_at(
    bridge: Answering, sockets: Path
) -> None:
    arrived = [threading.Event() for _ in range(4)]

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        arrived[message[5]].set()
        return echo(op, message, frames)

    bridge(answer)
    channel = Channel(Local(sockets), "gate")
    for _, reply, _ in ask(channel, 4, 1):
        assert isinstance(reply, list)
        assert arrived[min(reply[0] + 1, 3)].wait(LONG_S)
    channel.close()


def test_nothing_to_ask_opens_no_connection(sockets: Path) -> None:
    channel = Channel(Local(sockets), "gate")
    assert list(ask(channel, 0, 2)) == []
    assert channel._link is None


def test_what_was_posted_is_settled_first(bridge: Answering, sockets: Path) -> None:
    bridge(echo)
    channel = Channel(Local(sockets), "gate")
    heard: list[Any] = []
    request_id = channel.new_id()
    channel.post(request_id, wire.encode_standing(request_id, 0, 0, 77), LONG_S, heard.append)
    asked = ask(channel, 3, 2)
    assert heard == []
    assert numbers(asked) == [0, 1, 2]
    assert heard == [[77]]
    channel.close()


# ----------------------------------------------------------------------------------------- errors


def test_an_error_in_the_middle_costs_no_other_reply_and_no_connection(
    bridge: Answering, sockets: Path
) -> None:
    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is not Op.HELLO and message[5] == 2:
            return Refusal(Status.INTERNAL, "the third")
        return echo(op, message, frames)

    bridge(answer)
    channel = Channel(Local(sockets), "gate")
    replies = numbers(ask(channel, 6, 2))
    assert [one for one in replies if isinstance(one, int)] == [0, 1, 3, 4, 5]
    assert "the third" in str(replies[2])
    link = channel._link
    assert link is not None
    assert say_hello(channel).boot == "b1"
    assert channel._link is link
    channel.close()


def test_after_nothing_but_errors_no_more_is_asked(bridge: Answering, sockets: Path) -> None:
    asked: list[int] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        asked.append(message[5])
        return Refusal(Status.BUSY)

    bridge(answer)
    channel = Channel(Local(sockets), "gate")
    assert [type(one) for one in numbers(ask(channel, 9, 3))] == [Busy] * 3
    assert asked == [0, 1, 2]
    assert channel._link is not None
    channel.close()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (lambda m: msgpack.packb([1, m[2] + 1000, 0, 1]), "answered request 1001, asked was 1, 2"),
        (lambda m: msgpack.packb([1, m[2] + 2, 0, 1]), "answered request 3, asked was 1, 2"),
        (lambda m: msgpack.packb([1, 0, int(Status.SCHEMA), "unreadable", {}]), "unreadable"),
        (lambda m: b"\xc1", "not msgpack"),
        (lambda m: msgpack.packb([9, m[2], 0]), "version 9"),
    ],
    ids=["unasked", "not yet asked", "id 0", "garbage", "version"],
)
def test_a_reply_to_nothing_that_was_asked_gives_the_connection_up(
    raw: Callable[[list[Any]], bytes], said: str, bridge: Answering, sockets: Path
) -> None:
    wrong = [True]

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return good(op, message, frames)
        return Raw(raw(message)) if message[5] == 0 and wrong.pop() else Raw(echoed(message))

    bridge(answer)
    channel = Channel(Local(sockets), "gate")
    seen: list[Any] = []
    with pytest.raises(ProtocolError, match=said):
        seen.extend(ask(channel, 5, 2))
    assert channel._link is None
    # Nor does what was still on its way answer anything.
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_one_reply_twice_gives_the_connection_up(bridge: Answering, sockets: Path) -> None:
    bridge(lambda op, message, frames: [Raw(echoed(message))] * 2)
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(ProtocolError, match="answered request 1, asked was 2"):
        list(ask(channel, 5, 2))
    assert channel._link is None


def test_a_reply_that_came_late_ends_it(bridge: Answering, sockets: Path) -> None:
    """The clock told by the hello no longer counts: the next request says hello again."""

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        late = op is not Op.HELLO and message[5] == 1
        return Refusal(Status.LATE, "12 ms late") if late else echo(op, message, frames)

    bridge(answer)
    channel = Channel(Local(sockets), "gate")
    channel.boot = "b0"
    replies = ask(channel, 9, 2)
    assert numbers(iter([next(replies)])) == [0]
    with pytest.raises(Late):
        list(replies)
    assert channel._link is None
    assert channel.boot is None
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_a_request_that_cannot_be_made_gives_up_those_on_their_way(
    bridge: Answering, sockets: Path
) -> None:
    bridge(echo)
    channel = Channel(Local(sockets), "gate")

    def requests() -> Iterator[tuple[int, Sequence[Any]]]:
        for n in range(3):
            request_id = channel.new_id()
            yield request_id, [wire.encode_standing(request_id, 0, 0, n)]
        raise ShimError("too large")

    with pytest.raises(ShimError):
        list(channel.pipelined(requests(), Deadline(LONG_S), 2))
    assert channel._link is None
    assert say_hello(channel).boot == "b1"
    channel.close()


@pytest.mark.parametrize("how", ["close", "break", "raise", "drop"])
def test_whoever_stops_in_the_middle_gives_the_connection_up(
    how: str, bridge: Answering, sockets: Path
) -> None:
    bridge(echo)
    channel = Channel(Local(sockets), "gate")
    replies = ask(channel, 9, 3)
    assert numbers(iter([next(replies)])) == [0]
    assert channel._link is not None
    match how:
        case "close":
            replies.close()  # type: ignore[attr-defined]
        case "break":
            for _ in replies:
                break
            del replies
        case "raise":
            with pytest.raises(KeyError):
                replies.throw(KeyError())  # type: ignore[attr-defined]
        case "drop":
            del replies
    assert channel._link is None
    assert say_hello(channel).boot == "b1"
    assert numbers(ask(channel, 2, 2)) == [0, 1]
    channel.close()


def test_whoever_stops_after_the_last_reply_keeps_it(bridge: Answering, sockets: Path) -> None:
    bridge(echo)
    channel = Channel(Local(sockets), "gate")
    replies = ask(channel, 2, 2)
    next(replies)
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert channel._link is not None
    channel.close()


# --------------------------------------------------------------------------------- peers that end


@pytest.mark.parametrize("successor", [True, False])
def test_a_peer_that_dies_with_two_outstanding_is_noticed_at_once(
    successor: bool,
    bridge: Answering,
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = threading.Event()

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if message[5] == 2:
            both.set()
        return Raw(echoed(message)) if message[5] == 0 else None

    dying = bridge(answer)

    def end() -> None:
        both.wait(LONG_S)
        dying.stop()
        if successor:
            bridge(echo)

    ending = threading.Thread(target=end)
    ending.start()
    channel = Channel(Local(sockets), "gate")
    seen: list[Any] = []
    with pytest.raises(Absent):
        seen.extend(ask(channel, 5, 2, deadline_s=FOREVER_S))
    ending.join()
    assert channel._link is None
    if successor:
        assert numbers(ask(channel, 2, 2)) == [0, 1]
        channel.close()
    else:
        with pytest.raises(Absent):
            list(ask(channel, 2, 2, deadline_s=FOREVER_S))


def test_one_cut_off_in_the_second_of_two_replies(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def cut(connection: Connection) -> None:
        first, second = (msgpack.unpackb(connection.read() or b"") for _ in range(2))
        connection.sock.sendall(framed(echoed(first)) + framed(echoed(second))[:-1])

    stream(cut)
    channel = Channel(Local(sockets), "gate")
    replies = ask(channel, 2, 2, deadline_s=FOREVER_S)
    assert numbers(iter([next(replies)])) == [0]
    with pytest.raises(Broken):
        next(replies)
    assert channel._link is None


def test_a_peer_that_is_gone_when_the_next_is_sent(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    """What was sent before and is answered is nobody's: all of it is asked again."""
    ended = threading.Event()

    def behave(connection: Connection) -> None:
        first, _ = (msgpack.unpackb(connection.read() or b"") for _ in range(2))
        connection.send(echoed(first))
        connection.sock.close()
        ended.set()

    stream(behave)
    channel = Channel(Local(sockets), "gate")

    def requests() -> Iterator[tuple[int, Sequence[Any]]]:
        for n in range(3):
            if n == 2:
                assert ended.wait(LONG_S)
            request_id = channel.new_id()
            yield request_id, [wire.encode_standing(request_id, 0, 0, n)]

    with pytest.raises(SendFailed):
        list(channel.pipelined(requests(), Deadline(FOREVER_S), 2))
    assert channel._link is None


# ---------------------------------------------------------------------------- frames in their parts


class Judge:
    """Answers frames with what they hold, so that a part in the wrong place would show."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        """First row of each part, as its own rows tell."""
        self.ops: list[Op] = []
        self.say: Callable[[int], Any] = lambda first: None
        """Another answer to a part than its columns, if it gives any."""

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        self.ops.append(op)
        if op is not Op.ANNOTATE:
            return good(op, message, frames)
        rows = message[3]
        sent = np.frombuffer(frames[1], dtype="<f8").reshape(message[4], rows)
        first = int(sent[0, 0])
        self.asked.append(first)
        said = self.say(first)
        if said is not None:
            return said
        return self.reply(message, sent)

    @staticmethod
    def reply(message: list[Any], sent: Any) -> Raw:
        rows = message[3]
        block = np.zeros((len(NAMES), rows))
        block[: len(sent)] = sent
        header = msgpack.packb([1, message[2], 0, rows, len(NAMES), "e1"])
        return Raw(header, block.tobytes())


@pytest.fixture
def judge(peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> Judge:
    monkeypatch.setattr(session_module, "_PART_ROWS", PART)
    judge = Judge()
    peer(judge)
    return judge


def numbered(rows: int) -> columns.Block:
    """Candles whose every number tells its row and column."""
    return np.arange(6.0)[:, None] * 1e6 + np.arange(float(rows))


ROWS = 6 * PART + 37
FIRSTS = [max(0, begin - M) for begin in range(0, ROWS, PART)]
"""First row sent of each part. The first parts all begin at row 0."""
LATER = [first for first in FIRSTS if first > 0]


def test_parts_are_put_where_they_belong(judge: Judge, sockets: Path) -> None:
    assert ROWS > M + PART
    assert len(LATER) > 2
    result = session(sockets).annotate(numbered(ROWS))
    np.testing.assert_array_equal(result[:6], numbered(ROWS))
    assert judge.asked == FIRSTS


def test_parts_answered_the_other_way_round_are_put_where_they_belong(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PART_ROWS", PART)
    judge = Judge()
    held: list[Raw] = []

    def swapped(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        answer = judge(op, message, frames)
        if op is not Op.ANNOTATE:
            return answer
        if not held and len(judge.asked) < len(FIRSTS):
            held.append(answer)
            return None
        replies = [answer, *held]
        held.clear()
        return replies

    peer(swapped)
    result = session(sockets).annotate(numbered(ROWS))
    np.testing.assert_array_equal(result[:6], numbered(ROWS))
    assert sorted(judge.asked) == sorted(FIRSTS)


def bad(row: int, column: str = "high") -> Refusal:
    text = f"row {row}, column {column}: NaN"
    return Refusal(Status.BAD_INPUT, text, message=text, row=row, column=column)


def test_of_several_bad_parts_the_earliest_is_named_whichever_is_told_first(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PART_ROWS", PART)
    judge = Judge()
    held: list[Raw] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        reply = judge(op, message, frames)
        if op is not Op.ANNOTATE or judge.asked[-1] not in LATER[:2]:
            return reply
        # Rows of the part itself, behind those it needs before its first.
        row = M + 5 if judge.asked[-1] == LATER[0] else M + 3
        text = f"row {row}, column high: NaN"
        detail = {"message": text, "row": row, "column": "high"}
        held.append(Raw(msgpack.packb([1, message[2], int(Status.BAD_INPUT), text, detail])))
        return held[::-1] if len(held) == 2 else None

    peer(answer)
    expected = LATER[0] + M + 5
    with pytest.raises(BadCandles, match=f"^row {expected}, column high: NaN") as caught:
        session(sockets).annotate(numbered(ROWS))
    assert caught.value.row == expected
    # The connection is of use still.
    link = client.channel(Local(sockets), "batch")._link
    assert link is not None
    assert session(sockets).annotate(numbered(9)).shape == (len(NAMES), 9)
    assert client.channel(Local(sockets), "batch")._link is link


def test_parts_that_were_judged_beside_a_bad_one_are_taken(judge: Judge, sockets: Path) -> None:
    judge.say = lambda first: bad(M + 1) if first == LATER[1] else None
    into = np.full((len(NAMES), ROWS), np.nan)
    with pytest.raises(BadCandles) as caught:
        session(sockets).annotate(numbered(ROWS), into)
    assert caught.value.row == LATER[1] + M + 1
    begin = LATER[1] + M
    np.testing.assert_array_equal(into[:6, :begin], numbered(ROWS)[:, :begin])
    assert np.isnan(into[:, begin : begin + PART]).all()
    after = slice(begin + PART, begin + 2 * PART)
    np.testing.assert_array_equal(into[:6, after], numbered(ROWS)[:, after])


def test_a_busy_bridge_is_asked_again_about_the_parts_left_alone(
    judge: Judge, sockets: Path
) -> None:
    refused = [LATER[1], LATER[0], LATER[1]]

    def busy(first: int) -> Any:
        if first in refused:
            refused.remove(first)
            return Refusal(Status.BUSY)
        return None

    judge.say = busy
    result = session(sockets).annotate(numbered(ROWS))
    np.testing.assert_array_equal(result[:6], numbered(ROWS))
    assert refused == []
    # Everything once, and once more for every refusal.
    assert sorted(judge.asked) == sorted([*FIRSTS, LATER[0], LATER[1], LATER[1]])
    assert judge.ops.count(Op.HELLO) == 1


def test_one_that_is_always_busy_for_one_part_is_given_up(judge: Judge, sockets: Path) -> None:
    judge.say = lambda first: Refusal(Status.BUSY) if first == LATER[0] else None
    with pytest.raises(Busy):
        session(sockets, batch_timeout_s=0.5).annotate(numbered(ROWS))
    assert all(judge.asked.count(first) == 1 for first in LATER[1:])


def test_what_came_late_is_asked_again_once_with_a_new_hello(judge: Judge, sockets: Path) -> None:
    late = [Refusal(Status.LATE, "12 ms late")]
    judge.say = lambda first: late.pop() if first == LATER[0] and late else None
    result = session(sockets).annotate(numbered(ROWS))
    np.testing.assert_array_equal(result[:6], numbered(ROWS))
    assert judge.ops.count(Op.HELLO) == 2
    assert judge.asked.count(LATER[0]) == 2
    late.extend([Refusal(Status.LATE, "13 ms late")] * 2)
    with pytest.raises(Late, match="13 ms late"):
        session(sockets).annotate(numbered(ROWS))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"engine": "e2"}, WrongFingerprint),
        ({"rows": 3}, ProtocolError),
        ({"columns": 5}, ProtocolError),
    ],
)
def test_a_part_of_another_engine_or_shape_gives_up_those_on_their_way(
    change: dict[str, Any], error: type[BridgeError], judge: Judge, sockets: Path
) -> None:
    def answer(first: int) -> Any:
        if first != LATER[0]:
            return None
        told = {"rows": PART + M, "columns": len(NAMES), "engine": "e1", **change}
        return [told["rows"], told["columns"], told["engine"]], [bytes(8)]

    judge.say = answer
    mine = session(sockets)
    with pytest.raises(error):
        mine.annotate(numbered(ROWS))
    assert client.channel(Local(sockets), "batch")._link is None
    judge.say = lambda first: None
    np.testing.assert_array_equal(mine.annotate(numbered(ROWS))[:6], numbered(ROWS))


def test_a_successor_of_one_that_died_with_two_outstanding_judges_the_parts_left(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PART_ROWS", PART)
    first, second = Judge(), Judge()
    both = threading.Event()

    def dying(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        answer = first(op, message, frames)
        if op is Op.ANNOTATE and first.asked[-1] in LATER:
            if len([one for one in first.asked if one in LATER]) == 2:
                both.set()
            return None
        return answer

    old = peer(dying)

    def replace() -> None:
        assert both.wait(LONG_S)
        old.stop()
        peer(second)

    change = threading.Thread(target=replace)
    change.start()
    # Long before its deadline; it may be found absent before its successor is there.
    mine = session(sockets, restart_wait_s=LONG_S, batch_timeout_s=FOREVER_S)
    result = mine.annotate(numbered(ROWS))
    change.join()
    np.testing.assert_array_equal(result[:6], numbered(ROWS))
    assert first.asked == [one for one in FIRSTS if one == 0] + LATER[:2]
    assert second.asked == LATER
    assert second.ops[0] is Op.HELLO


def test_silence_about_one_part_ends_with_the_deadline_of_all(
    peer: Callable[..., Peer], sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PART_ROWS", PART)
    judge = Judge()

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        reply = judge(op, message, frames)
        return None if op is Op.ANNOTATE and judge.asked[-1] == LATER[0] else reply

    peer(answer)
    with pytest.raises(TimedOut):
        session(sockets, batch_timeout_s=0.5).annotate(numbered(ROWS))
    # The others were asked about beside it, each once.
    assert judge.asked == FIRSTS
    assert client.channel(Local(sockets), "batch")._link is None
