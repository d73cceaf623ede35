"""Connections to peers that are dead, slow, hostile or restarted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
from helpers import Peer, Raw, Refusal, good, hello_body

from talebridge import client, wire
from talebridge._generated import Op, Reason, Status
from talebridge.client import Breaker, Channel
from talebridge.deadline import Deadline
from talebridge.errors import Absent, Busy, ProtocolError, SendFailed, TimedOut, Unavailable
from talebridge.place import Local

HELLO = wire.Hello("test/1", "util", "s", {})


def say_hello(channel: Channel, timeout_s: float = 10.0) -> wire.HelloReply:
    request_id = channel.new_id()
    frame = wire.encode_hello(request_id, HELLO)
    return wire.decode_hello(channel.request(request_id, [frame], Deadline(timeout_s))[0])


def test_a_request_is_answered(peer: Callable[..., Peer], sockets: Path) -> None:
    peer()
    channel = Channel(Local(sockets), "gate")
    assert say_hello(channel).boot == "b1"
    assert say_hello(channel).handle == 5
    channel.close()


def test_nobody_there_is_noticed_at_once(sockets: Path) -> None:
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(Unavailable, match="no bridge answers at"):
        say_hello(channel, timeout_s=1e6)


def test_the_socket_of_a_dead_daemon_is_noticed_at_once(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    peer().stop()
    assert (sockets / "gate.sock").exists()
    with pytest.raises(Unavailable, match="refused"):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=1e6)


def test_a_path_no_socket_can_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="107 bytes"):
        say_hello(Channel(Local(tmp_path / ("x" * 100)), "gate"))


def test_silence_ends_with_the_deadline(peer: Callable[..., Peer], sockets: Path) -> None:
    peer(lambda *_: None)
    with pytest.raises(Unavailable, match="no answer within 50 ms"):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=0.05)


def test_death_while_being_asked_does_not_cost_the_deadline(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    asked = threading.Event()
    silent = peer(lambda *_: asked.set())

    def end() -> None:
        asked.wait()
        silent.stop()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(Unavailable, match="refused"):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=1e6)
    ending.join()


def test_a_late_reply_never_answers_another_request(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    release = threading.Event()
    first = [True]

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if first.pop() if first else False:
            release.wait(10)
            return [hello_body(boot="late")]
        return [hello_body(boot="fresh")]

    peer(answer)
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(Unavailable):
        say_hello(channel, timeout_s=0.05)
    release.set()
    assert say_hello(channel).boot == "fresh"
    channel.close()


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"\xc1"],
        [b"\xde\xad\xbe\xef" * 50],
        [msgpack.packb([2, 1, 0, {}])],
        [msgpack.packb([1, 999, 0, {}])],
        [msgpack.packb([1, 0, 2, "no id could be read", {}])],
        [msgpack.packb({"v": 1})],
        [msgpack.packb([1, 1, 0, {}]), b"", b"", b""],
    ],
    ids=["empty", "c1", "bytes", "version 2", "wrong id", "id 0", "map", "frames"],
)
def test_garbage_is_a_protocol_error_and_the_next_request_is_served(
    frames: list[bytes], peer: Callable[..., Peer], sockets: Path
) -> None:
    garbage = [True]

    def answer(*args: Any) -> Any:
        return Raw(*frames) if garbage else good(*args)

    peer(answer)
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(ProtocolError) as caught:
        say_hello(channel)
    assert caught.value.reason is Reason.PROTOCOL_ERROR
    garbage.clear()
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_a_frame_above_the_limit_is_not_taken(peer: Callable[..., Peer], sockets: Path) -> None:
    peer(lambda *_: Raw(b"\x91" * 1_000_000))
    with pytest.raises(Unavailable):
        say_hello(Channel(Local(sockets), "gate"), timeout_s=0.2)


def test_a_restarted_daemon_is_never_asked_over_the_old_connection(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    old = peer()
    channel = Channel(Local(sockets), "gate")
    say_hello(channel)
    channel.boot = "b1"
    old.stop()
    fresh = peer()

    def ask_until_noticed() -> None:
        # Until libzmq has noticed, sends succeed into the void.
        while True:
            channel.request(1, [b"\x90"], Deadline(0))

    with pytest.raises((SendFailed, Unavailable)):
        ask_until_noticed()
    assert channel.boot is None
    assert fresh.asked == []
    assert say_hello(channel).boot == "b1"
    channel.close()


def test_threads_have_channels_of_their_own(peer: Callable[..., Peer], sockets: Path) -> None:
    peer()
    found: dict[str, Channel] = {}
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            channel = found[name] = client.channel(Local(sockets), "gate")
            for _ in range(50):
                say_hello(channel)
            channel.close()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set(map(id, found.values()))) == 4
    assert client.channel(Local(sockets), "gate") is client.channel(Local(sockets), "gate")
    assert client.channel(Local(sockets), "gate") is not client.channel(Local(sockets), "batch")


def test_a_forked_child_asks_over_a_connection_of_its_own(
    peer: Callable[..., Peer], sockets: Path
) -> None:
    peer()
    mine = client.channel(Local(sockets), "gate")
    say_hello(mine)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            other = client.channel(Local(sockets), "gate")
            ok = other is not mine and say_hello(other).boot == "b1"
            os.write(write, b"1" if ok else b"0")
        finally:
            os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b"1"
    os.waitpid(pid, 0)
    os.close(read)
    assert say_hello(mine).boot == "b1"
    mine.close()


def test_channels_of_a_thread_are_bounded(sockets: Path) -> None:
    for number in range(40):
        client.channel(Local(sockets / str(number)), "gate")
        client.breaker(Local(sockets / str(number)), "gate")
    assert len(client._process.threads.channels) <= 16
    assert len(client._process.breakers) <= 16


def test_the_breaker_answers_locally_until_its_pause_is_over() -> None:
    breaker = Breaker()
    breaker.check()
    breaker.failed(Absent("it is dead"), 1e6)
    with pytest.raises(Unavailable, match="it is dead"):
        breaker.check()
    breaker.failed(Absent("it is dead"), 0)
    breaker.check()
    breaker.failed(Absent("it is dead"), 1e6)
    breaker.succeeded()
    breaker.check()


def test_only_timeouts_in_a_row_open_the_breaker() -> None:
    breaker = Breaker()
    for between in (breaker.succeeded, lambda: breaker.failed(Busy("queue full"), 1e6)):
        for _ in range(2):
            breaker.failed(TimedOut("slow"), 1e6)
            breaker.check()
        between()
    for _ in range(2):
        breaker.failed(TimedOut("slow"), 1e6)
        breaker.check()
    breaker.failed(TimedOut("slow"), 1e6)
    with pytest.raises(Unavailable, match="slow"):
        breaker.check()


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_a_refused_request_keeps_the_connection(
    status: Status, peer: Callable[..., Peer], sockets: Path
) -> None:
    refuse = [True]
    peer(lambda *args: Refusal(status) if refuse else good(*args))
    channel = Channel(Local(sockets), "gate")
    with pytest.raises(Exception, match=r".") as caught:
        say_hello(channel)
    assert caught.value.reason in Reason
    refuse.clear()
    assert say_hello(channel).boot == "b1"
    channel.close()
