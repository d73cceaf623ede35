"""A link through a plain UNIX stream, as the private bridge of a backtest offers it.

The messages are those of the gate's ZeroMQ socket, each with its length before it: four bytes,
little-endian. A backtest asks one question after the other, and here a question wakes one thread on
each side, where ZeroMQ wakes three.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from talebridge.errors import (
    Absent,
    BridgeError,
    Broken,
    ProtocolError,
    SendFailed,
    TimedOut,
)
from talebridge.link import MAX_REPLY_BYTES, SLICE_MS

if TYPE_CHECKING:
    from pathlib import Path

    from talebridge.deadline import Deadline
    from talebridge.place import Kind, Place

_LENGTH = struct.Struct("<I")
_READ_BYTES = 65_536
_SLICE_S = SLICE_MS / 1000
_CROWD_PAUSE_S = 0.005
"""Pause before a bridge that takes no more connections is asked to take this one again."""


class StreamLink:
    """Connects. Raises Absent when nobody listens, TimedOut when who does takes no more."""

    def __init__(self, place: Place, kind: Kind, path: Path, deadline: Deadline) -> None:
        self._place = place
        self._kind: Kind = kind
        self._path = path
        self._most_bytes = MAX_REPLY_BYTES[kind]
        self._came = b""
        """What was read beyond the last message."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._timeout_s = _SLICE_S
        self._socket.settimeout(_SLICE_S)
        try:
            self._connect(deadline)
        except BridgeError:
            self.close()
            raise

    def _connect(self, deadline: Deadline) -> None:
        while True:
            try:
                self._socket.connect(os.fspath(self._path))
            except BlockingIOError as error:
                # Many wait to be let in. The kernel does not wait for a place among them.
                if deadline.left_ms() == 0:
                    raise self._timed_out(deadline) from error
                time.sleep(_CROWD_PAUSE_S)
            except OSError as error:
                raise Absent(f"no bridge answers at {self._path} ({error})") from error
            else:
                return

    def close(self) -> None:
        """Ends it; what is on its way is lost."""
        self._socket.close()

    def send(self, messages: Sequence[Sequence[Any]], deadline: Deadline) -> None:
        """As `Link.send`, all in one piece. A message has one frame here."""
        data = b"".join(
            part for frames in messages for part in (_LENGTH.pack(len(frames[0])), frames[0])
        )
        left = memoryview(data)
        while left:
            left_ms = deadline.left_ms()
            self._wait_for(left_ms)
            try:
                left = left[self._socket.send(left) :]
            except TimeoutError as error:
                if left_ms <= SLICE_MS:
                    raise self._timed_out(deadline) from error
            except OSError as error:
                # A message of which a part has left is nothing to who did not get the rest.
                raise SendFailed(f"no bridge answers at {self._path} ({error})") from error

    def receive(self, deadline: Deadline) -> tuple[bytes, list[Any]]:
        """As `Link.receive`."""
        came = self._came
        while True:
            if len(came) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(came)
                if not 0 < length <= self._most_bytes:
                    raise ProtocolError(
                        f"the bridge at {self._path} sent a message of {length} bytes, which no "
                        "reply has"
                    )
                end = _LENGTH.size + length
                if len(came) >= end:
                    self._came = came[end:]
                    return came[_LENGTH.size : end], []
            came += self._read(deadline)

    def _read(self, deadline: Deadline) -> bytes:
        while True:
            left_ms = deadline.left_ms()
            self._wait_for(left_ms)
            try:
                data = self._socket.recv(_READ_BYTES)
            except TimeoutError as error:
                if left_ms <= SLICE_MS:
                    raise self._timed_out(deadline) from error
                continue
            except ConnectionError:
                # It ended with a question unread.
                data = b""
            if not data:
                self._place.probe(self._kind)
                # Somebody listens there again, but it is not who was asked.
                raise Broken(f"the connection to {self._path} ended before the answer came")
            return data

    def _wait_for(self, left_ms: int) -> None:
        """Sets how long the socket waits at a time: a system call that is seldom needed."""
        timeout_s = min(max(left_ms, 1) / 1000, _SLICE_S)
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            self._socket.settimeout(timeout_s)

    def _timed_out(self, deadline: Deadline) -> TimedOut:
        return TimedOut(
            f"the bridge at {self._path} gave no answer within {deadline.total_ms:.0f} ms"
        )
