"""Where a bridge listens: sockets in a directory of this machine, or tcp with CURVE keys.

A place is plain data: it is pickled with the strategy, and keys connections. It names a key file
and never holds a key.
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import stat
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import zmq

from talebridge.errors import Absent, Refused, Unavailable
from talebridge.watch import Watch

Kind = Literal["gate", "batch"]

MAX_SOCKET_PATH_BYTES = 107
_STREAM = "gate.stream"
_MAX_KEY_FILE_BYTES = 4096
_KEY_CHARS = 40
_Z85 = frozenset(string.ascii_letters + string.digits + ".-:+=^!/*?&<>()[]{}@%$#")
_HEARTBEAT_MS = 1000
_HEARTBEAT_TIMEOUT_MS = 3000

ADDRESS = re.compile(r"tcp://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})")


class Place(Protocol):
    """A bridge's two sockets. Hashable."""

    def address(self, kind: Kind) -> str:
        """Where a socket is, for people."""

    def connect(self, sock: zmq.Socket[bytes], kind: Kind) -> Watch | None:
        """Connects a socket, with an eye kept on it where ZeroMQ alone would not tell what is
        wrong. Raises Unavailable when it cannot succeed."""

    def stream(self, kind: Kind) -> Path | None:
        """A plain stream to use instead of a ZeroMQ socket, where the bridge offers one."""

    def probe(self, kind: Kind) -> None:
        """Raises Absent when nobody listens, as far as that can be told at once."""

    @property
    def same_clock(self) -> bool:
        """Whether the bridge reads the clock of this machine."""

    def how_to_start(self) -> str:
        """One sentence for error messages."""


@dataclass(frozen=True)
class Local:
    """Socket files in a directory."""

    directory: Path

    @property
    def same_clock(self) -> bool:
        """Always."""
        return True

    def address(self, kind: Kind) -> str:
        """Path of the socket file."""
        return str(self._path(kind))

    def connect(self, sock: zmq.Socket[bytes], kind: Kind) -> None:
        """Needs no watching: a file whose daemon is gone refuses at once."""
        self.probe(kind)
        sock.connect(f"ipc://{self._path(kind)}")

    def stream(self, kind: Kind) -> Path | None:
        """That of a private bridge, for questions."""
        path = self.directory / _STREAM
        # Not Path.exists, which raises where others' directories may not be looked into.
        return path if kind == "gate" and os.path.exists(path) else None  # noqa: PTH110

    def probe(self, kind: Kind) -> None:
        """Fails at once when nobody listens; ZeroMQ would tell by running into the deadline."""
        path = self._path(kind)
        if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
            raise Unavailable(
                f"the socket path {path} is longer than {MAX_SOCKET_PATH_BYTES} bytes: "
                "set risk_bridge.dir to a shorter one"
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            code = probe.connect_ex(str(path))
        # EAGAIN: the daemon's backlog is full, so somebody does listen.
        if code not in (0, errno.EAGAIN, errno.EINPROGRESS):
            raise Absent(f"no bridge answers at {path} ({os.strerror(code)})")

    def how_to_start(self) -> str:
        """With the directory."""
        return (
            f"Start the bridge with `talebridge serve --dir {self.directory}` (from a clone: "
            f"`node bridge/dist/main.js serve --dir {self.directory}`)"
        )

    def _path(self, kind: Kind) -> Path:
        return self.directory / f"{kind}.sock"


@dataclass(frozen=True)
class Remote:
    """Two tcp addresses, `tcp://HOST:PORT`, and the file with the keys; without one, in the clear,
    to this machine only."""

    gate: str
    batch: str
    key_file: Path | None

    @property
    def same_clock(self) -> bool:
        """Not even on one machine: a tunnel may end anywhere."""
        return False

    def address(self, kind: Kind) -> str:
        """The tcp address."""
        return self.gate if kind == "gate" else self.batch

    def connect(self, sock: zmq.Socket[bytes], kind: Kind) -> Watch:
        """Connects with the keys of the key file, read anew each time, so that it can be replaced
        while the bot runs."""
        key = None if self.key_file is None else read_key(self.key_file)
        if key is not None:
            try:
                sock.setsockopt_string(zmq.CURVE_SERVERKEY, key.server_public)
                sock.setsockopt_string(zmq.CURVE_PUBLICKEY, key.public)
                sock.setsockopt_string(zmq.CURVE_SECRETKEY, key.secret)
            except zmq.ZMQError as error:
                raise Unavailable(
                    f"libzmq takes no CURVE keys ({error}): install pyzmq from its own wheels"
                ) from error
        # A peer that vanished without a word is noticed: on ipc the kernel tells.
        sock.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
        sock.setsockopt(zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MS)
        address = self.address(kind)
        watch = Watch(sock, address, self._refusals(address, key))
        try:
            sock.connect(address)
        except zmq.ZMQError as error:
            watch.close()
            raise Absent(f"{address} cannot be connected to ({error})") from error
        return watch

    def stream(self, kind: Kind) -> None:
        """None over a network."""

    def probe(self, kind: Kind) -> None:
        """Nothing can be told at once: the watch tells."""

    def how_to_start(self) -> str:
        """On the other machine."""
        return (
            f"Start the bridge where {self.gate} leads to, with that address as `tcp.gate` in its "
            "configuration"
        )

    def _refusals(self, address: str, key: Key | None) -> Mapping[int, str]:
        """What a failed handshake means, by ZeroMQ's event."""
        if key is None:
            wants = (
                f"the bridge at {address} takes no connection without keys: make them with "
                "`talebridge keys client NAME` there and set risk_bridge.connect.key_file"
            )
            return {
                zmq.EVENT_HANDSHAKE_FAILED_AUTH: wants,
                zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: wants,
                zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: wants,
            }
        file = self.key_file
        return {
            zmq.EVENT_HANDSHAKE_FAILED_AUTH: (
                f"the bridge at {address} does not let in the public key {key.public} of {file}: "
                "it is not on the bridge's list (`talebridge keys list` there); `talebridge keys "
                "client NAME` makes another"
            ),
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: (
                f"the bridge at {address} hung up on us: server_public in {file} is not its key, "
                "public and secret are no pair, or its tcp is insecure, where key_file has to be "
                "null. Make the file anew there with `talebridge keys client NAME`"
            ),
            zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: (
                f"what answers at {address} is no bridge that expects the keys of {file}: "
                "check risk_bridge.connect, and that the bridge's tcp is not set to insecure"
            ),
        }


@dataclass(frozen=True, repr=False)
class Key:
    """What a key file holds, in Z85. Not shown: it must not end up in a log."""

    server_public: str
    public: str
    secret: str


def read_key(path: Path) -> Key:
    """The keys of a file that `talebridge keys client` made.

    Raises Refused when it is absent, readable by others, or no key file.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise Refused(
            f"the key file {path} cannot be read ({error.strerror}): make it with "
            "`talebridge keys client NAME` where the bridge runs, and move it there"
        ) from error
    if status.st_uid != os.getuid():
        raise Refused(
            f"the key file {path} belongs to user {status.st_uid}, not to {os.getuid()}: "
            f"chown {os.getuid()} it"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise Refused(f"the key file {path} is open to other users: chmod 600 it")
    try:
        fields: Any = json.loads(content)
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        keys = [fields.get(name) for name in ("server_public", "public", "secret")]
        if all(_is_key(key) for key in keys):
            return Key(*map(str, keys))
    raise Refused(
        f"the key file {path} does not hold server_public, public and secret, each "
        f"{_KEY_CHARS} characters of Z85: make it anew with `talebridge keys client NAME`"
    )


def _is_key(key: object) -> bool:
    return isinstance(key, str) and len(key) == _KEY_CHARS and set(key) <= _Z85


def is_loopback(address: str) -> bool:
    """Whether a tcp address leads to this machine itself, told without asking a resolver."""
    match = ADDRESS.fullmatch(address)
    host = "" if match is None else match["host"].strip("[]")
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
