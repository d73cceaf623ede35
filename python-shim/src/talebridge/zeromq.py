"""A link of ZeroMQ: a DEALER socket that connects once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import zmq

from talebridge.errors import Absent, Broken, ProtocolError, SendFailed, TimedOut, Unavailable
from talebridge.link import MAX_REPLY_BYTES, SLICE_MS

if TYPE_CHECKING:
    from talebridge.deadline import Deadline
    from talebridge.place import Kind, Place
    from talebridge.watch import Watch

_MAX_REPLY_FRAMES = 2


class ZmqLink:
    """Connects, and is watched where ZeroMQ alone would not tell what is wrong.

    Raises Unavailable when the connection cannot succeed.
    """

    def __init__(
        self, place: Place, kind: Kind, context: zmq.Context[zmq.Socket[bytes]], deadline: Deadline
    ) -> None:
        self._place = place
        self._kind: Kind = kind
        self._address = place.address(kind)
        self._fresh = True
        self._watch: Watch | None = None
        sock = self._socket = context.socket(zmq.DEALER)
        sock.setsockopt(zmq.LINGER, 0)
        sock.setsockopt(zmq.IMMEDIATE, 1)
        sock.setsockopt(zmq.RECONNECT_IVL, -1)
        sock.setsockopt(zmq.SNDHWM, 64)
        sock.setsockopt(zmq.RCVHWM, 64)
        sock.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY_BYTES[kind])
        try:
            self._watch = place.connect(sock, kind)
            if self._watch is not None:
                self._watch.until_ready(deadline)
        except Unavailable:
            self.close()
            raise

    def close(self) -> None:
        """Ends it; what is on its way is lost."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
        self._socket.close(linger=0)

    def send(self, messages: Sequence[Sequence[Any]], deadline: Deadline) -> None:
        """As `Link.send`."""
        sock = self._socket
        # On a socket that was connected before, "would block" means that the daemon went away.
        sock.setsockopt(zmq.SNDTIMEO, deadline.left_ms() if self._fresh else 0)
        try:
            for frames in messages:
                for frame in frames[:-1]:
                    sock.send(frame, zmq.SNDMORE)
                sock.send(frames[-1], copy=len(frames) == 1)
        except zmq.ZMQError as error:
            raise SendFailed(f"no bridge answers at {self._address} ({error})") from error
        self._fresh = False

    def receive(self, deadline: Deadline) -> tuple[bytes, list[Any]]:
        """As `Link.receive`."""
        sock = self._socket
        further: list[Any] = []
        try:
            first = self._first_frame(deadline)
            while sock.getsockopt(zmq.RCVMORE):
                if len(further) == _MAX_REPLY_FRAMES:
                    raise ProtocolError(f"the bridge at {self._address} sent too many frames")
                further.append(sock.recv(copy=False).buffer)
        except zmq.Again as error:
            raise TimedOut(
                f"the bridge at {self._address} gave no answer within {deadline.total_ms:.0f} ms"
            ) from error
        except zmq.ZMQError as error:
            raise Absent(f"the connection to {self._address} failed ({error})") from error
        return first, further

    def _first_frame(self, deadline: Deadline) -> bytes:
        """Waits in slices, because ZeroMQ does not tell that the peer died while it was asked."""
        sock = self._socket
        while True:
            left_ms = deadline.left_ms()
            sock.setsockopt(zmq.RCVTIMEO, min(left_ms, SLICE_MS))
            try:
                return sock.recv()
            except zmq.Again:
                if left_ms <= SLICE_MS:
                    raise
            self._place.probe(self._kind)
            if self._watch is not None:
                self._watch.check()
            if not int(sock.getsockopt(zmq.EVENTS)) & zmq.POLLOUT:
                # Somebody listens there again, but it is not who was asked.
                raise Broken(f"the connection to {self._address} ended before the answer came")
