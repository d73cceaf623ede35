"""What ZeroMQ tells about a tcp connection while it is made and used.

A refused key looks like silence otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import zmq
from zmq.utils.monitor import recv_monitor_message

from talebridge.errors import Absent, Refused, TimedOut

if TYPE_CHECKING:
    from talebridge.deadline import Deadline

_REFUSED = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
)
_LOST = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_CONNECT_RETRIED
_EVENTS = zmq.EVENT_HANDSHAKE_SUCCEEDED | _REFUSED | _LOST


class Watch:
    """The events of one socket with one connection. `refusals`: text of each failed handshake."""

    def __init__(self, sock: zmq.Socket[bytes], address: str, refusals: Mapping[int, str]) -> None:
        self._address = address
        self._refusals = refusals
        self._sock = sock
        self._monitor = sock.get_monitor_socket(_EVENTS)

    def until_ready(self, deadline: Deadline) -> None:
        """Waits for the end of the handshake.

        Raises Refused when it fails, Absent when nobody is there, TimedOut at the deadline.
        """
        while True:
            event = self._next(deadline.left_ms())
            if event is None:
                raise TimedOut(
                    f"{self._address} took no connection within {deadline.total_ms:.0f} ms"
                )
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return
            self._raise(event)

    def check(self) -> None:
        """Raises Absent when the connection was lost since."""
        while (event := self._next(0)) is not None:
            self._raise(event)

    def close(self) -> None:
        """Ends the watch; before its socket is closed."""
        self._sock.disable_monitor()
        self._monitor.close(linger=0)

    def _next(self, wait_ms: int) -> int | None:
        if not self._monitor.poll(wait_ms):
            return None
        return int(recv_monitor_message(self._monitor)["event"])

    def _raise(self, event: int) -> None:
        if event & _REFUSED:
            raise Refused(self._refusals[event])
        if event & _LOST:
            raise Absent(f"no bridge answers at {self._address}")
