"""The plain stream of a private bridge, against peers that are dead, slow, hostile or restarted."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from helpers import (
    FOREVER_S,
    LONG_MS,
    Connection,
    Peer,
    Refusal,
    StreamPeer,
    answering,
    framed,
    good,
    hello_body,
)
from test_client import HELLO, say_hello
from test_session import EMPTY, session
from test_wire import question

from talebridge import client, wire
from talebridge._generated import LIMITS, Op, PositionState, Side, Status
from talebridge.client import Channel
from talebridge.deadline import Deadline
from talebridge.errors import (
    Absent,
    BridgeError,
    Broken,
    NoSession,
    ProtocolError,
    SendFailed,
    TimedOut,
    Unavailable,
)
from talebridge.link import SLICE_MS
from talebridge.place import Local, Place, Remote
from talebridge.session import Snapshot
from talebridge.stream import StreamLink
from talebridge.wire import ClosedTrade, Position
from talebridge.zeromq import ZmqLink

pytestmark = pytest.mark.usefixtures("no_hang")

Behave = Callable[[Connection], None]
LONG_S = LONG_MS / 1000


def hello_reply(request_id: int, **changes: Any) -> bytes:
    reply: bytes = msgpack.packb([1, request_id, 0, hello_body(**changes)])
    return reply


def asked_id(message: bytes | None) -> int:
    assert message is not None
    return int(msgpack.unpackb(message)[2])


def encoded_hello(channel: Channel) -> tuple[int, bytes]:
    request_id = channel.new_id()
    return request_id, wire.encode_hello(request_id, HELLO)


def until_gone(connection: Connection) -> None:
    """Reads and never answers."""
    while connection.read() is not None:
        pass


def in_turn(*behaves: Behave) -> Behave:
    """One behaviour for each connection, in order; the last one for all that follow."""
    left = list(behaves)
    return lambda connection: (left.pop(0) if len(left) > 1 else left[0])(connection)


class Counting:
    """A socket that counts what is sent with it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.sent: list[bytes] = []

    def send(self, data: memoryview) -> int:
        self.sent.append(bytes(data))
        return self._sock.send(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def counted(channel: Channel) -> Counting:
    link = channel._link
    assert isinstance(link, StreamLink)
    counting = Counting(link._socket)
    link._socket = counting  # type: ignore[assignment]
    return counting


# -------------------------------------------------------------------------------- nobody is there


@pytest.mark.parametrize("what", ["nothing", "stale", "file", "directory", "dangling", "datagram"])
def test_where_nobody_listens_it_is_noticed_at_once(what: str, sockets: Path) -> None:
    path = sockets / "gate.stream"
    kind = socket.SOCK_DGRAM if what == "datagram" else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as bound:
        match what:
            case "stale" | "datagram":
                bound.bind(str(path))
            case "file":
                path.write_bytes(b"\x00" * 99)
            case "directory":
                path.mkdir()
            case "dangling":
                path.symlink_to(sockets / "nowhere")
        if what == "stale":
            bound.close()
        with pytest.raises(Absent, match=r"no bridge answers at .*gate\.stream") as caught:
            StreamLink(Local(sockets), "gate", path, Deadline(LONG_S))
        # Where it is not there at all, ZeroMQ's socket is tried.
        with pytest.raises(Absent, match="no bridge answers at"):
            say_hello(Channel(Local(sockets), "gate"), timeout_s=FOREVER_S)
    assert not isinstance(caught.value, SendFailed | Broken)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Whoever runs the tests, without root's rights: to root nothing is forbidden."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("forbidden", ["gate.stream", "."])
def test_a_stream_of_somebody_else_s_is_nobody_s(
    forbidden: str, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream()
    sockets.chmod(0o755)
    (sockets / forbidden).chmod(0)
    with nobody(), pytest.raises(Absent, match="denied"):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=FOREVER_S)
    sockets.chmod(0o700)


# ---------------------------------------------------------------------------- connections that end


def close_at_once(connection: Connection) -> None:
    pass


def close_when_asked(connection: Connection) -> None:
    connection.read()


def reset_when_asked(connection: Connection) -> None:
    """A UNIX socket that is closed over what it has not read resets the connection."""
    select.select([connection.sock], [], [], LONG_S)


@pytest.mark.parametrize("end", [close_at_once, close_when_asked, reset_when_asked])
def test_a_connection_that_ends_is_noticed_and_the_next_request_opens_another(
    end: Behave, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    peer = stream(in_turn(end, answering()))
    channel = Channel(Local(sockets), "gate")
    channel.boot = "b0"
    with pytest.raises(Absent):
        say_hello(channel, timeout_s=FOREVER_S)
    assert channel.boot is None
    assert channel._link is None
    assert say_hello(channel).boot == "b1"
    assert len(peer.connections) == 2
    channel.close()


def test_an_end_is_broken_where_somebody_listens_and_absence_where_nobody_does(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream(close_when_asked)
    with pytest.raises(Broken, match="ended before the answer came"):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=FOREVER_S)
    (sockets / "gate.sock").unlink()
    with pytest.raises(Absent, match="no bridge answers") as caught:
        say_hello(Channel(Local(sockets), "gate"), timeout_s=FOREVER_S)
    assert not isinstance(caught.value, Broken)


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 100, -1])
def test_half_a_reply_is_none(cut: int, stream: Callable[..., StreamPeer], sockets: Path) -> None:
    def half(connection: Connection) -> None:
        reply = framed(hello_reply(asked_id(connection.read()), boot="half"))
        connection.sock.sendall(reply[:cut])

    stream(in_turn(half, answering()))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(Broken):
        say_hello(channel, timeout_s=FOREVER_S)
    # What came of it is not taken for the beginning of the next.
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_a_session_asks_again_over_another_connection(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    asked: list[int] = []
    stream(in_turn(close_when_asked, answering(asked=asked)))
    assert session(sockets).ask(question(), EMPTY).stake == 100
    assert asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE]


def test_a_restarted_peer_is_never_asked_over_the_old_connection(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    old = stream()
    channel = Channel(Local(sockets), "gate")
    say_hello(channel)
    channel.boot = "b1"
    old.stop()
    asked: list[int] = []
    stream(answering(asked=asked))
    with pytest.raises(SendFailed):
        channel.request(1, [b"\x90"], Deadline(FOREVER_S))
    assert channel.boot is None
    assert asked == []
    assert say_hello(channel).boot == "b1"
    assert asked == [Op.HELLO]
    channel.close()


def test_a_peer_that_is_gone_for_good_is_absent(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    peer = stream()
    channel = Channel(Local(sockets), "gate")
    say_hello(channel)
    peer.stop()
    for _ in range(3):
        with pytest.raises(Absent, match="no bridge answers"):
            say_hello(channel, timeout_s=FOREVER_S)


def test_death_while_being_asked_does_not_cost_the_deadline(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    asked = threading.Event()

    def silent(connection: Connection) -> None:
        connection.read()
        asked.set()
        until_gone(connection)

    peer = stream(silent)

    def end() -> None:
        asked.wait(LONG_S)
        peer.stop()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(Absent):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=FOREVER_S)
    ending.join()


def test_a_session_that_is_restarted_is_told_everything_anew(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    old = stream()
    mine = session(sockets)
    mine.ask(question(), EMPTY)
    old.stop()
    with pytest.raises(Absent):
        mine.ask(question(), EMPTY)
    asked: list[int] = []
    renamed = answering(
        lambda op, *r: [hello_body(boot="b2")] if op is Op.HELLO else good(op, *r), asked
    )
    stream(renamed)
    assert mine.ask(question(), EMPTY).stake == 100
    assert asked == [Op.HELLO, Op.PORTFOLIO, Op.GATE]


# ---------------------------------------------------------------------------------------- silence


def test_silence_ends_with_the_deadline(stream: Callable[..., StreamPeer], sockets: Path) -> None:
    stream(until_gone)
    for timeout_s in (0.05, 0.6):
        ms = round(timeout_s * 1000)
        with pytest.raises(TimedOut, match=rf"gate\.stream gave no answer within {ms} ms"):
            say_hello(Channel(Local(sockets), "gate"), timeout_s=timeout_s)


def test_a_deadline_that_has_passed_is_no_reason_to_hang(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream(until_gone)
    with pytest.raises(TimedOut):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=0)
    with pytest.raises(TimedOut):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=-5)


def test_a_reply_that_stops_in_the_middle_ends_with_the_deadline(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def half(connection: Connection) -> None:
        connection.sock.sendall(framed(hello_reply(asked_id(connection.read())))[:-1])
        until_gone(connection)

    stream(half)
    with pytest.raises(TimedOut):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=0.4)


def test_one_that_takes_its_time_is_waited_for(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    """Longer than a slice of waiting, more than once."""

    def slow(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        time.sleep(0.6)
        return good(op, message, frames)

    stream(answering(slow))
    channel = Channel(Local(sockets), "gate")
    for _ in range(2):
        assert say_hello(channel, timeout_s=LONG_S).boot == "b1"
    channel.close()


def test_a_late_reply_never_answers_another_request(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    release, sent = threading.Event(), threading.Event()

    def late(connection: Connection) -> None:
        request_id = asked_id(connection.read())
        release.wait(LONG_S)
        # Under every id the next request may have.
        try:
            connection.send(*(hello_reply(request_id + n, boot="late") for n in range(4)))
        finally:
            sent.set()

    peer = stream(in_turn(late, answering()))
    channel = Channel(Local(sockets), "gate")
    channel.boot = "b0"
    with pytest.raises(TimedOut):
        say_hello(channel, timeout_s=0.05)
    assert channel._link is None
    assert channel.boot is None
    release.set()
    assert sent.wait(LONG_S)
    assert say_hello(channel).boot == "b1"
    assert len(peer.connections) == 2
    channel.close()


def test_one_that_never_reads_costs_no_more_than_the_deadline(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    given_up = threading.Event()

    def deaf(connection: Connection) -> None:
        given_up.wait(LONG_S)

    stream(deaf)
    channel = Channel(Local(sockets), "gate")
    channel.boot = "b0"
    much = [(channel.new_id(), bytes(60_000)) for _ in range(200)]
    with pytest.raises(TimedOut, match="within 200 ms"):
        channel.requests(much, Deadline(0.2))
    assert channel._link is None
    assert channel.boot is None
    given_up.set()


def test_the_same_link_waits_as_long_as_each_request_may(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    """How long the socket waits is set where it changes only."""
    pauses = [0.0, 0.4, 0.0, 0.0, 0.4]

    def slow(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        time.sleep(pauses.pop())
        return good(op, message, frames)

    peer = stream(answering(slow))
    channel = Channel(Local(sockets), "gate")
    say_hello(channel)
    link = channel._link
    assert isinstance(link, StreamLink)
    while pauses:
        # As a deadline that was near left it.
        link._wait_for(1)
        assert say_hello(channel, timeout_s=LONG_S).boot == "b1"
    pauses.append(0.4)
    with pytest.raises(TimedOut):
        say_hello(channel, timeout_s=0.02)
    assert len(peer.connections) == 1


# ---------------------------------------------------------------------------------------- garbage


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack("<I", 0),
        struct.pack("<I", LIMITS["portfolio_bytes"] + 1),
        struct.pack("<I", 2**32 - 1) + b"\x90" * 100,
        struct.pack(">I", 300) + b"\x90" * 300,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
    ids=["0", "limit + 1", "2^32 - 1", "big-endian", "http"],
)
def test_a_length_no_reply_has_is_a_protocol_error_before_anything_is_waited_for(
    raw: bytes, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def lying(connection: Connection) -> None:
        connection.read()
        connection.sock.sendall(raw)
        until_gone(connection)

    peer = stream(in_turn(lying, answering()))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(ProtocolError, match="bytes, which no reply has"):
        say_hello(channel, timeout_s=FOREVER_S)
    assert say_hello(channel).boot == "b1"
    assert len(peer.connections) == 2
    channel.close()


def test_the_longest_reply_is_taken(stream: Callable[..., StreamPeer], sockets: Path) -> None:
    def longest(connection: Connection) -> None:
        request_id = asked_id(connection.read())
        head = msgpack.packb([1, request_id, 0, b""])[:-2]
        body = bytes(LIMITS["portfolio_bytes"] - len(head) - 3)
        connection.send(head + b"\xc5" + struct.pack(">H", len(body)) + body)
        until_gone(connection)

    stream(longest)
    channel = Channel(Local(sockets), "gate")
    request_id = channel.new_id()
    asked = [msgpack.packb([1, 0, request_id])]
    ((body,), further) = channel.request(request_id, asked, Deadline(LONG_S))
    assert len(body) > 65_000
    assert further == []
    channel.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xc1",
        b"\xde\xad\xbe\xef" * 50,
        msgpack.packb([2, 1, 0, {}]),
        msgpack.packb([1, 999, 0, {}]),
        msgpack.packb([1, 0, 2, "no id could be read", {}]),
        msgpack.packb([1, 1, 77]),
        msgpack.packb([1, -1, 0]),
        msgpack.packb([1, True, 0]),
        msgpack.packb({"v": 1}),
        b"\x91" * 5000,
        b"\xdd\xff\xff\xff\xff",
        hello_reply(1) + b"\x00",
    ],
    ids=[
        "c1", "bytes", "version 2", "wrong id", "id 0", "unknown status", "negative id", "bool id",
        "map", "depth", "huge array", "a byte too many",
    ],
)  # fmt: skip
def test_garbage_is_a_protocol_error_and_the_next_request_is_served(
    garbage: bytes, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    sent = [garbage]

    def behave(connection: Connection) -> None:
        while sent:
            connection.read()
            connection.send(sent.pop())
        answering()(connection)

    stream(behave)
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(ProtocolError):
        say_hello(channel, timeout_s=FOREVER_S)
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_random_bytes_in_place_of_replies_can_only_fail(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    rng = random.Random(20_261_123)

    def noise(connection: Connection) -> None:
        reply = bytearray(framed(hello_reply(asked_id(connection.read()))))
        for _ in range(rng.randrange(1, 6)):
            reply[rng.randrange(8)] = rng.randrange(256)
        connection.sock.sendall(reply[: rng.randrange(len(reply) + 1)])

    stream(noise)
    channel = Channel(Local(sockets), "gate")
    for _ in range(200):
        with pytest.raises(BridgeError):
            say_hello(channel, timeout_s=LONG_S)
        # A status by chance keeps the connection, which the peer has ended.
        channel.close()


def test_a_reply_under_another_id_gives_the_connection_up(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def other(connection: Connection) -> None:
        request_id = asked_id(connection.read())
        connection.send(hello_reply(request_id + 1, boot="of the next request"))
        until_gone(connection)

    peer = stream(in_turn(other, answering()))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(ProtocolError, match="answered request 2, asked was 1"):
        say_hello(channel)
    assert say_hello(channel).boot == "b1"
    assert len(peer.connections) == 2
    channel.close()


@pytest.mark.parametrize("status", [Status.NO_SESSION, Status.SCHEMA, Status.INTERNAL])
def test_a_refused_request_keeps_the_connection(
    status: Status, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    refuse = [Refusal(status)]
    peer = stream(answering(lambda *args: refuse.pop() if refuse else good(*args)))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(BridgeError):
        say_hello(channel)
    assert say_hello(channel).boot == "b1"
    assert len(peer.connections) == 1
    channel.close()


def test_one_that_came_late_gives_it_up(stream: Callable[..., StreamPeer], sockets: Path) -> None:
    late = [Refusal(Status.LATE, "12 ms late")]
    peer = stream(answering(lambda *args: late.pop() if late else good(*args)))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(Unavailable, match="12 ms late"):
        say_hello(channel)
    assert say_hello(channel).boot == "b1"
    assert len(peer.connections) == 2
    channel.close()


# ----------------------------------------------------------------------------------------- pieces


def test_a_reply_byte_by_byte_is_one(stream: Callable[..., StreamPeer], sockets: Path) -> None:
    def trickling(connection: Connection) -> None:
        while (message := connection.read()) is not None:
            for byte in framed(hello_reply(asked_id(message))):
                connection.sock.sendall(bytes([byte]))

    stream(trickling)
    channel = Channel(Local(sockets), "gate")
    for _ in range(3):
        assert say_hello(channel, timeout_s=LONG_S).boot == "b1"
    channel.close()


def test_replies_in_one_piece_are_told_apart(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def together(connection: Connection) -> None:
        ids = [asked_id(connection.read()) for _ in range(5)]
        connection.send(*(hello_reply(n, boot=f"b{n}") for n in ids))
        until_gone(connection)

    stream(together)
    channel = Channel(Local(sockets), "gate")
    replies = channel.requests([encoded_hello(channel) for _ in range(5)], Deadline(LONG_S))
    assert [wire.decode_hello(payload).boot for payload in map(unwrapped, replies)] == [
        f"b{n}" for n in range(1, 6)
    ]
    channel.close()


def unwrapped(reply: list[Any] | BridgeError) -> list[Any]:
    assert isinstance(reply, list)
    return reply


def test_replies_cut_anywhere_are_the_same(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    rng = random.Random(7)

    def cutting(connection: Connection) -> None:
        while (message := connection.read()) is not None:
            ids = [asked_id(message), *(asked_id(connection.read()) for _ in range(3))]
            data = b"".join(framed(hello_reply(n, boot=f"b{n}")) for n in ids)
            while data:
                size = rng.choice([1, 2, 3, 5, 100, 1000])
                connection.sock.sendall(data[:size])
                data = data[size:]
                if rng.random() < 0.2:
                    time.sleep(0.001)

    stream(cutting)
    channel = Channel(Local(sockets), "gate")
    for _ in range(25):
        asked = [encoded_hello(channel) for _ in range(4)]
        replies = channel.requests(asked, Deadline(LONG_S))
        boots = [wire.decode_hello(unwrapped(reply)).boot for reply in replies]
        assert boots == [f"b{n}" for n, _ in asked]
    channel.close()


def test_a_reply_too_many_is_not_taken_for_the_next_request_s(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def twice(connection: Connection) -> None:
        reply = hello_reply(asked_id(connection.read()), boot="twice")
        connection.send(reply, reply)
        until_gone(connection)

    stream(in_turn(twice, answering()))
    channel = Channel(Local(sockets), "gate")
    assert say_hello(channel).boot == "twice"
    with pytest.raises(ProtocolError, match="answered request 1, asked was 2"):
        say_hello(channel)
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_an_error_among_several_replies_costs_the_others_nothing(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    refusals = iter([None, Refusal(Status.NO_SESSION, "who"), None])
    stream(answering(lambda *args: next(refusals) or good(*args)))
    channel = Channel(Local(sockets), "gate")
    replies = channel.requests([encoded_hello(channel) for _ in range(3)], Deadline(LONG_S))
    assert [type(reply) for reply in replies] == [list, NoSession, list]
    assert channel._link is not None
    channel.close()


def test_several_requests_leave_in_one_write_each_with_its_length(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream()
    channel = Channel(Local(sockets), "gate")
    say_hello(channel)
    counting = counted(channel)
    asked = [encoded_hello(channel) for _ in range(3)]
    channel.requests(asked, Deadline(LONG_S))
    assert counting.sent == [b"".join(framed(frame) for _, frame in asked)]
    channel.close()


def test_a_question_under_a_changed_account_costs_one_write(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    asked: list[int] = []
    stream(answering(asked=asked))
    mine = session(sockets)
    mine.ask(question(), EMPTY)
    counting = counted(client.channel(Local(sockets), "gate"))
    mine.ask(question(), Snapshot(2000, 9_000.0, ()))
    assert asked[3:] == [Op.PORTFOLIO, Op.GATE]
    assert len(counting.sent) == 1


def big_snapshot() -> Snapshot:
    """As much of an account as the protocol admits, in numbers that take most bytes."""
    rng = random.Random(3)
    positions = tuple(
        Position(
            f"{n:04}{'X' * 20}/USDT", Side.LONG, rng.random(), 1.5, PositionState.OPEN, rng.random()
        )
        for n in range(LIMITS["positions"])
    )
    closed = [ClosedTrade(10_000 + n, 2**40 + n, rng.random()) for n in range(250)]
    return Snapshot(2**41, 10_000.5, positions, lambda _: closed)


def test_a_big_portfolio_is_one_message(stream: Callable[..., StreamPeer], sockets: Path) -> None:
    told: list[tuple[int, list[Any]]] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.PORTFOLIO:
            told.append((len(frames[0]), message))
        return good(op, message, frames)

    stream(answering(answer))
    mine = session(sockets)
    for n in range(500):
        mine.samples.add(2**40 + n * 3_600_000, n + 0.5)
    snapshot = big_snapshot()
    assert mine.ask(question(), snapshot).stake == 100
    ((size, message),) = told
    assert 40_000 < size <= LIMITS["portfolio_bytes"]
    assert [row[0] for row in message[8]] == [p.pair for p in snapshot.positions]
    assert [row[2] for row in message[9]] == [c.profit for c in snapshot.closed(0)]


# -------------------------------------------------------------------------- posted, not waited for


def post(channel: Channel, heard: list[Any], timeout_s: float = LONG_S) -> int:
    request_id, frame = encoded_hello(channel)
    channel.post(request_id, frame, timeout_s, heard.append)
    return request_id


def test_what_was_posted_is_answered_before_the_next_request_is_sent(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream()
    channel = Channel(Local(sockets), "gate")
    heard: list[Any] = []
    post(channel, heard)
    assert heard == []
    assert say_hello(channel).boot == "b1"
    assert [reply[0]["boot"] for reply in heard] == ["b1"]
    channel.settle()
    channel.close()
    assert len(heard) == 1


@pytest.mark.parametrize("successor", [True, False])
@pytest.mark.parametrize("by", ["settle", "request", "post"])
def test_one_that_dies_before_the_answer_to_what_was_posted_is_told(
    by: str, successor: bool, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    asked = threading.Event()

    def silent(connection: Connection) -> None:
        connection.read()
        asked.set()
        until_gone(connection)

    peer = stream(silent)
    channel = Channel(Local(sockets), "gate")
    channel.boot = "b0"
    heard: list[Any] = []
    post(channel, heard, timeout_s=FOREVER_S)
    assert asked.wait(LONG_S)
    peer.stop()
    if successor:
        stream()
    if by == "settle":
        channel.settle()
    elif successor:
        # Over a connection of its own.
        assert by == "post" or say_hello(channel).boot == "b1"
        assert by == "request" or post(channel, [])
    else:
        with pytest.raises(Absent):
            post(channel, []) if by == "post" else say_hello(channel)
    assert [type(one) for one in heard] == [Broken if successor else Absent]
    assert channel.boot is None
    channel.forget()


def test_silence_about_what_was_posted_ends_with_its_own_deadline(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream(in_turn(until_gone, answering()))
    channel = Channel(Local(sockets), "gate")
    heard: list[Any] = []
    post(channel, heard, timeout_s=0.1)
    assert say_hello(channel, timeout_s=LONG_S).boot == "b1"
    assert [type(one) for one in heard] == [TimedOut]
    channel.close()


@pytest.mark.parametrize("raw", [struct.pack("<I", 0), framed(b"\xc1"), framed(hello_reply(9))])
def test_garbage_in_answer_to_what_was_posted_is_told(
    raw: bytes, stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def garbage(connection: Connection) -> None:
        connection.read()
        connection.sock.sendall(raw)
        until_gone(connection)

    stream(garbage)
    channel = Channel(Local(sockets), "gate")
    heard: list[Any] = []
    post(channel, heard)
    channel.settle()
    assert [type(one) for one in heard] == [ProtocolError]
    assert channel._link is None


def test_what_was_posted_is_told_when_its_channel_makes_room_and_not_when_it_is_forgotten(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    stream(until_gone)
    heard: list[Any] = []
    post(client.channel(Local(sockets), "gate"), heard, timeout_s=FOREVER_S)
    for number in range(20):
        client.channel(Local(sockets / str(number)), "gate")
    assert [type(one) for one in heard] == [Absent]
    channel = Channel(Local(sockets), "gate")
    post(channel, heard, timeout_s=FOREVER_S)
    channel.forget()
    channel.settle()
    assert len(heard) == 1


def test_what_did_not_leave_is_not_posted(stream: Callable[..., StreamPeer], sockets: Path) -> None:
    peer = stream()
    channel = Channel(Local(sockets), "gate")
    say_hello(channel)
    peer.stop()
    heard: list[Any] = []
    with pytest.raises(SendFailed):
        post(channel, heard)
    channel.settle()
    assert heard == []


# ------------------------------------------------------------------------------ who uses the stream


def test_the_stream_is_used_where_it_is_offered_and_for_questions_alone(
    stream: Callable[..., StreamPeer], peer: Callable[..., Peer], sockets: Path
) -> None:
    zeromq = peer()
    gate, batch = Channel(Local(sockets), "gate"), Channel(Local(sockets), "batch")
    say_hello(gate)
    assert isinstance(gate._link, ZmqLink)
    asked: list[int] = []
    stream(answering(asked=asked))
    # A connection that stands is kept.
    say_hello(batch)
    assert isinstance(batch._link, ZmqLink)
    gate.close()
    say_hello(gate)
    assert isinstance(gate._link, StreamLink)
    assert asked == [Op.HELLO]
    assert zeromq.asked == [Op.HELLO] * 2
    gate.close()
    batch.close()


def test_no_stream_leads_over_a_network(sockets: Path) -> None:
    (sockets / "gate.stream").touch()
    assert Local(sockets).stream("gate") == sockets / "gate.stream"
    assert Local(sockets).stream("batch") is None
    remote: Place = Remote("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", None)
    assert remote.stream("gate") is None


def test_threads_have_connections_of_their_own(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    """The peer answers each connection with its own number: a reply read by another thread, or
    half of one, would show."""
    numbers = iter(range(1000))

    def numbered(connection: Connection) -> None:
        mine = next(numbers)
        answering(lambda *_: [hello_body(handle=mine)])(connection)

    peer = stream(numbered)
    failed: list[BaseException] = []
    handles: dict[int, set[int]] = {}

    def work(name: int) -> None:
        try:
            channel = client.channel(Local(sockets), "gate")
            handles[name] = {say_hello(channel, LONG_S).handle for _ in range(100)}
            channel.close()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(peer.connections) == 8
    assert sorted(min(seen) for seen in handles.values()) == list(range(8))
    assert all(len(seen) == 1 for seen in handles.values())


def test_a_thread_that_ends_takes_its_connection_along(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    ended = threading.Event()

    def behave(connection: Connection) -> None:
        answering()(connection)
        ended.set()

    stream(behave)
    thread = threading.Thread(target=lambda: say_hello(client.channel(Local(sockets), "gate")))
    thread.start()
    thread.join()
    assert ended.wait(LONG_S)


def test_a_forked_child_asks_over_a_connection_of_its_own(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    peer = stream()
    mine = client.channel(Local(sockets), "gate")
    say_hello(mine)
    heard: list[Any] = []
    post(mine, heard)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            other = client.channel(Local(sockets), "gate")
            ok = other is not mine and say_hello(other).boot == "b1"
            # What was posted before is the parent's to hear of.
            os.write(write, b"1" if ok and heard == [] else b"0")
        finally:
            os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b"1"
    os.waitpid(pid, 0)
    os.close(read)
    assert say_hello(mine).boot == "b1"
    assert [reply[0]["boot"] for reply in heard] == ["b1"]
    assert len(peer.connections) == 2
    mine.close()


def test_a_place_is_plain_data_and_a_connection_is_kept_by_it(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    peer = stream()
    say_hello(client.channel(Local(sockets), "gate"))
    copied = pickle.loads(pickle.dumps(Local(sockets)))
    assert copied == Local(sockets)
    assert copied.stream("gate") == sockets / "gate.stream"
    assert client.channel(copied, "gate") is client.channel(Local(sockets), "gate")
    say_hello(client.channel(copied, "gate"))
    assert len(peer.connections) == 1
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(client.channel(copied, "gate"))
    client.channel(copied, "gate").close()


def test_a_connection_that_was_reset_is_told_from_a_bridge_that_has_gone(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    """As after the end of one: somebody listens there again, so a session asks once more."""
    stream(in_turn(reset_when_asked, reset_when_asked, answering()))
    with pytest.raises(Broken):
        say_hello(Channel(Local(sockets), "gate"))
    assert session(sockets).ask(question(), EMPTY).stake == 100


def test_a_peer_that_reads_late_is_waited_for_longer_than_a_slice(
    stream: Callable[..., StreamPeer], sockets: Path
) -> None:
    def late(connection: Connection) -> None:
        time.sleep(2.5 * SLICE_MS / 1000)
        answering(lambda *_: [1])(connection)

    stream(late)
    channel = Channel(Local(sockets), "gate")
    ids = [channel.new_id() for _ in range(20)]
    # More than a socket holds unread.
    asked = [(one, msgpack.packb([1, int(Op.STANDING), one, bytes(60_000)])) for one in ids]
    assert len(channel.requests(asked, Deadline(LONG_S))) == 20
    channel.close()


@pytest.mark.parametrize("let_in", [False, True])
def test_a_bridge_that_lets_nobody_in_just_now_is_waited_for(let_in: bool, sockets: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    with listening, socket.socket(socket.AF_UNIX) as held:
        listening.bind(str(sockets / "gate.stream"))
        listening.listen(0)
        held.connect(str(sockets / "gate.stream"))
        taken: list[socket.socket] = []

        def take() -> None:
            time.sleep(0.1)
            taken.extend(listening.accept()[0] for _ in range(2))

        thread = threading.Thread(target=take)
        if let_in:
            thread.start()
        deadline = Deadline(LONG_S if let_in else 0.3)
        try:
            link = StreamLink(Local(sockets), "gate", sockets / "gate.stream", deadline)
        except TimedOut:
            assert not let_in
        else:
            assert let_in
            link.close()
            thread.join()
        for one in taken:
            one.close()
