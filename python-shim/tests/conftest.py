"""Fixtures: misbehaving peers on real sockets, the real daemon, and stand-ins for freqtrade."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import (
    FOREVER_S,
    Connection,
    Peer,
    Strategy,
    StreamPeer,
    answering,
    built_bridge,
    fresh_strategy,
    start_daemon,
    stop_daemon,
)

from talebridge import portfolio, spawn


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A directory with a path short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="tb-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def peer(sockets: Path) -> Iterator[Callable[..., Peer]]:
    """Makes peers that answer on gate.sock and batch.sock as a test's function says."""
    peers: list[Peer] = []

    def make(answer: Callable[..., object] | None = None, directory: Path | None = None) -> Peer:
        made = Peer(directory or sockets, answer)
        peers.append(made)
        return made

    yield make
    for made in peers:
        made.stop()


@pytest.fixture
def stream(sockets: Path) -> Iterator[Callable[..., StreamPeer]]:
    """Makes peers that do with a connection on gate.stream as a test's function says."""
    peers: list[StreamPeer] = []

    def make(behave: Callable[[Connection], None] | None = None) -> StreamPeer:
        made = StreamPeer(sockets, behave or answering())
        peers.append(made)
        return made

    yield make
    for made in peers:
        made.stop()


@pytest.fixture
def no_hang() -> Iterator[None]:
    """Fails a test that waited for a deadline which was not meant to pass."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < FOREVER_S / 2


@pytest.fixture(scope="session")
def command() -> list[str]:
    """How to start the built bridge; tests that need it are skipped where it is not built."""
    words = built_bridge()
    if words is None:
        pytest.skip("the bridge is not built: run `npm run build`")
    return words


@pytest.fixture
def daemon(command: list[str], sockets: Path) -> Iterator[Path]:
    """The directory of a running real daemon."""
    process = start_daemon(command, sockets)
    yield sockets
    stop_daemon(process)


@pytest.fixture
def private(command: list[str], sockets: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running real daemon of a backtest's kind, in `sockets`. May be stopped or killed."""
    process = start_daemon(command, sockets, "--private")
    yield process
    process.send_signal(signal.SIGCONT)
    stop_daemon(process)


@pytest.fixture
def strategy(monkeypatch: pytest.MonkeyPatch) -> type[Strategy]:
    """A strategy class of its own per test, over an account without trades."""
    made = fresh_strategy()
    monkeypatch.setattr(portfolio, "open_trades", lambda: list(made.trades))
    return made


@pytest.fixture(autouse=True)
def _no_inherited_bridge(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test finds the bridge of the machine or of another test."""
    for name in (
        "TALEBRIDGE_DIR",
        "TALEBRIDGE_PRIVATE_DIR",
        "TALEBRIDGE_COMMAND",
        "XDG_RUNTIME_DIR",
    ):
        monkeypatch.delenv(name, raising=False)
    yield
    if spawn._private is not None:
        spawn._private.stop()
        spawn._private = None
