"""Connections to the bridge: this process's only run-time state that must never be pickled.

One link per (process, thread, endpoint), opened on first use. A link is given up on any failure: a
late reply can then never be taken for another request's. It never reconnects by itself either, so
that a question can never reach a restarted daemon under the old one's session handle.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import zmq

from talebridge.deadline import Deadline
from talebridge.errors import (
    Absent,
    BridgeError,
    Late,
    ProtocolError,
    TimedOut,
    Unavailable,
)
from talebridge.link import Link
from talebridge.place import Kind, Place
from talebridge.stream import StreamLink
from talebridge.wire import ID_CYCLE, HelloReply, open_reply
from talebridge.zeromq import ZmqLink

logger = logging.getLogger(__name__)

TIMEOUTS_IN_A_ROW = 3
"""After these the bridge is taken to hang."""
_MAX_CHANNELS = 16
"""Per thread; a process that outlives many private daemons drops the oldest."""


Then = Callable[[list[Any] | BridgeError], None]


@dataclass(frozen=True, slots=True)
class Posted:
    """A request on its way that nobody waits for."""

    request_id: int
    timeout_s: float
    then: Then


class Channel:
    """One link to one endpoint, used by one thread."""

    def __init__(self, place: Place, kind: Kind) -> None:
        self.address = place.address(kind)
        self.kind: Kind = kind
        self.boot: str | None = None
        """Nonce of the daemon that said hello on this connection; None before that."""
        self.minor = 0
        """Protocol minor of that daemon."""
        self.clock_ahead_ms = 0
        """How far its clock is ahead of ours."""
        self._place = place
        self._link: Link | None = None
        self._next_id = 0
        self._posted: Posted | None = None
        """What was sent and not waited for."""
        self._unread: set[int] = set()
        """What `pipelined` has not fetched the replies of."""

    def greeted(self, reply: HelloReply, asked_ms: float) -> None:
        """Notes who said hello here. `asked_ms`: our wall clock when it was asked."""
        self.boot = reply.boot
        self.minor = reply.minor
        self.clock_ahead_ms = 0
        if reply.clock_ms is not None and not self._place.same_clock:
            self.clock_ahead_ms = round(reply.clock_ms - (asked_ms + time.time() * 1000) / 2)

    def new_id(self) -> int:
        """A request id, unique on this link."""
        self._next_id = (self._next_id + 1) % ID_CYCLE
        return self._next_id

    def request(
        self, request_id: int, frames: Sequence[Any], deadline: Deadline
    ) -> tuple[list[Any], list[Any]]:
        """Sends a request and waits for its reply.

        Returns the payload of the first frame, decoded, and the further frames.
        Raises SendFailed when the request did not leave this process, Unavailable when no answer
        came before the deadline, ProtocolError for garbage, and the error of a non-ok status.
        """
        self.alone()
        self._transmit([frames], deadline)
        return self._reply(request_id, deadline)

    def requests(
        self, asked: Sequence[tuple[int, bytes]], deadline: Deadline
    ) -> list[list[Any] | BridgeError]:
        """Sends several requests at once and then waits for their replies: one way there and back.

        Returns each one's payload, or the error of its status. Raises what `request` raises when
        the connection is of no more use: then nothing is known of any reply.
        """
        self.alone()
        self._transmit([[frame] for _, frame in asked], deadline)
        replies: list[list[Any] | BridgeError] = []
        for request_id, _ in asked:
            try:
                replies.append(self._reply(request_id, deadline)[0])
            except BridgeError as error:
                if self._link is None:
                    raise
                replies.append(error)
        return replies

    @property
    def unread(self) -> frozenset[int]:
        """Requests whose replies `pipelined` is to fetch."""
        return frozenset(self._unread)

    def begin(self, asked: Iterable[tuple[int, Sequence[Any]]], deadline: Deadline) -> None:
        """Sends requests and leaves their replies to `pipelined`. Whatever else is asked before
        that gives the connection up, and them with it.

        Raises what `request` raises when the connection is of no more use.
        """
        self.alone()
        for request_id, frames in asked:
            self._transmit([frames], deadline)
            self._unread.add(request_id)

    def pipelined(
        self,
        asked: Iterator[tuple[int, Sequence[Any]]],
        deadline: Deadline,
        ahead: int,
        *,
        begun: bool = False,
    ) -> Generator[tuple[int, list[Any] | BridgeError, list[Any]]]:
        """Sends requests, no more than `ahead` of them unanswered, and yields the replies as they
        come, in whatever order: id, payload or the error of its status, further frames. Those to
        what was `begun` are among them.

        The next request is on its way before a reply is yielded. Whoever stops in the middle gives
        the connection up. Raises what `request` raises when the connection is of no more use, as it
        is after Late.
        """
        if not begun:
            self.alone()
        waiting = self._unread

        def send() -> None:
            while len(waiting) < ahead and (request := next(asked, None)) is not None:
                self._transmit([request[1]], deadline)
                waiting.add(request[0])

        try:
            send()
            while waiting:
                first, further = self._received(deadline)
                request_id, reply = self._opened(first)
                if request_id not in waiting:
                    raise _unasked(request_id, reply, waiting)
                waiting.discard(request_id)
                if not isinstance(reply, BridgeError):
                    send()
                yield request_id, reply, further
        finally:
            if waiting:
                self.close()

    def post(self, request_id: int, frame: bytes, timeout_s: float, then: Then) -> None:
        """Sends a request and does not wait for its reply. `then` is given what `requests` returns
        for it, or the error that ended the connection: by `settle`, at the latest by the next
        request or when the connection is given up. It must not raise.

        Raises SendFailed when the request did not leave this process.
        """
        self.alone()
        self._transmit([[frame]], Deadline(timeout_s))
        self._posted = Posted(request_id, timeout_s, then)

    def settle(self) -> None:
        """Fetches the reply to what was posted, if there is any to come."""
        posted, self._posted = self._posted, None
        if posted is None:
            return
        reply: list[Any] | BridgeError
        try:
            reply = self._reply(posted.request_id, Deadline(posted.timeout_s))[0]
        except BridgeError as error:
            reply = error
        posted.then(reply)

    def alone(self) -> None:
        """Sees to it that the next reply is that of the next request: what was posted is settled,
        what was begun is given up, and the connection with it."""
        self.settle()
        if self._unread:
            self.close()

    def forget(self) -> None:
        """Gives the link up, and what was posted with it: nobody is there any more to be told."""
        self._posted = None
        self.close()

    def _transmit(self, messages: Sequence[Sequence[Any]], deadline: Deadline) -> None:
        """Sends messages of one or more frames."""
        link = self._link
        if link is None:
            link = self._link = self._open(deadline)
        try:
            link.send(messages, deadline)
        except BridgeError:
            self.close()
            raise

    def _open(self, deadline: Deadline) -> Link:
        path = self._place.stream(self.kind)
        if path is not None:
            return StreamLink(self._place, self.kind, path, deadline)
        return ZmqLink(self._place, self.kind, _context(), deadline)

    def _reply(self, request_id: int, deadline: Deadline) -> tuple[list[Any], list[Any]]:
        """The next reply, which has to be that of a request."""
        first, further = self._received(deadline)
        reply_id, reply = self._opened(first)
        if isinstance(reply, BridgeError):
            raise reply
        if reply_id != request_id:
            self.close()
            raise _unasked(reply_id, reply, (request_id,))
        return reply, further

    def _received(self, deadline: Deadline) -> tuple[bytes, list[Any]]:
        link = self._link
        if link is None:
            raise Absent(f"the connection to {self.address} was given up before the answer came")
        try:
            return link.receive(deadline)
        except BridgeError:
            self.close()
            raise

    def _opened(self, frame: bytes) -> tuple[int, list[Any] | BridgeError]:
        try:
            request_id, reply = open_reply(frame)
        except ProtocolError:
            self.close()
            raise
        if isinstance(reply, Late):
            # Its clock may have been set since the hello that told it.
            self.close()
        return request_id, reply

    def close(self) -> None:
        """Gives the link up. The next request opens another."""
        posted, self._posted = self._posted, None
        link, self._link, self.boot = self._link, None, None
        self._unread.clear()
        if link is not None:
            link.close()
        if posted is not None:
            posted.then(Absent(f"the connection to {self.address} was given up unanswered"))

    def __del__(self) -> None:
        # A thread that ends takes its channels along.
        self.forget()


def _unasked(
    request_id: int, reply: list[Any] | BridgeError, asked: Collection[int]
) -> BridgeError:
    """What to raise for a reply to none of the requests that wait. An error may be under another
    id: that of a request which the bridge could not read."""
    if isinstance(reply, BridgeError):
        return reply
    ids = ", ".join(map(str, sorted(asked)))
    return ProtocolError(f"the bridge answered request {request_id}, asked was {ids}")


class Breaker:
    """Pauses the asking of an absent or hung bridge, so that many pairs cost few deadlines.

    An absent bridge pauses it at once. A single answer that comes late does not: only time-outs in
    a row tell a bridge that hangs from one that was slow once.
    """

    def __init__(self) -> None:
        self._open_until = 0.0
        self._why = ""
        self._timeouts = 0

    def check(self) -> None:
        """Raises Unavailable while open."""
        if time.monotonic() < self._open_until:
            raise Unavailable(f"{self._why} (not asked again for a moment)")

    def failed(self, error: Unavailable, pause_s: float) -> None:
        """Notes a failure and opens for `pause_s` seconds where that is due."""
        if isinstance(error, TimedOut):
            self._timeouts += 1
            if self._timeouts < TIMEOUTS_IN_A_ROW:
                return
        elif not isinstance(error, Absent):
            # It did answer.
            self._timeouts = 0
            return
        self._open_until = time.monotonic() + pause_s
        self._why = str(error)

    def succeeded(self) -> None:
        """Closes."""
        self._open_until = 0.0
        self._timeouts = 0


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.channels: dict[tuple[Place, Kind], Channel] = {}


class _Process:
    """What this process holds: replaced as a whole in a forked child, where nothing of it works."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.context: zmq.Context[zmq.Socket[bytes]] | None = None
        self.breakers: dict[tuple[Place, Kind], Breaker] = {}
        self.threads = _PerThread()


_process = _Process()


def _reset_after_fork() -> None:
    global _process
    _inherited.append(_process)
    _process = _Process()


_inherited: list[_Process] = []
"""State of parent processes: kept from the garbage collector, which would touch their sockets."""

os.register_at_fork(after_in_child=_reset_after_fork)


def channel(place: Place, kind: Kind) -> Channel:
    """This thread's channel to an endpoint."""
    channels = _process.threads.channels
    key = (place, kind)
    found = channels.get(key)
    if found is None:
        while len(channels) >= _MAX_CHANNELS:
            channels.pop(next(iter(channels))).close()
        found = channels[key] = Channel(place, kind)
    return found


@atexit.register
def _close_channels() -> None:
    channels = _process.threads.channels
    while channels:
        channels.popitem()[1].forget()


def breaker(place: Place, kind: Kind) -> Breaker:
    """The breaker all threads of this process share for one endpoint.

    Entries and candles have one each: candles that take long say nothing about entries.
    """
    key = (place, kind)
    with _process.lock:
        breakers = _process.breakers
        while key not in breakers and len(breakers) >= _MAX_CHANNELS:
            breakers.pop(next(iter(breakers)))
        return breakers.setdefault(key, Breaker())


def _context() -> zmq.Context[zmq.Socket[bytes]]:
    process = _process
    with process.lock:
        if process.context is None:
            _check_msgpack()
            process.context = zmq.Context()
        return process.context


def _check_msgpack() -> None:
    if not msgpack.Packer.__module__.endswith("_cmsgpack"):
        logger.warning(
            "talebridge: msgpack runs without its C extension, forty times slower; "
            "reinstall it with `pip install --force-reinstall msgpack`"
        )
