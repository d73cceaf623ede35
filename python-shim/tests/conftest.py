"""Fixtures: misbehaving peers on real sockets, the real daemon, and stand-ins for freqtrade."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import Peer, Strategy, built_bridge, fresh_strategy, start_daemon, stop_daemon

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
