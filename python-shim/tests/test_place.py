"""Bridges reached over tcp: keys, who is let in, and what is said when not."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zmq
from helpers import LONG_MS, Strategy, analysed, ask_confirm, ask_stake, config, journal

from talebridge import risk_gated, wire
from talebridge.client import Channel
from talebridge.deadline import Deadline
from talebridge.errors import Absent, Refused, SendFailed, TimedOut
from talebridge.place import Remote, is_loopback, read_key
from talebridge.wire import Hello

NOWHERE = "tcp://127.0.0.1:1"


@dataclass
class Tcp:
    """A daemon on tcp, and the keys it was given."""

    process: subprocess.Popen[bytes]
    directory: Path
    gate: str
    batch: str
    bot: Path
    revoked: Path

    def remote(self, key: Path | None) -> Remote:
        return Remote(self.gate, self.batch, key)

    def connect(self, key: Path | None) -> dict[str, Any]:
        return {
            "gate": self.gate,
            "batch": self.batch,
            "key_file": None if key is None else str(key),
        }

    def edited(self, name: str, **changes: str) -> Path:
        """The bot's key file with other keys in it."""
        path = self.directory / name
        path.write_text(json.dumps({**json.loads(self.bot.read_text()), **changes}))
        path.chmod(0o600)
        return path


def serve(command: list[str], directory: Path, **tcp: Any) -> subprocess.Popen[bytes]:
    file = directory / "daemon.json"
    keys = str(directory / "keys")
    addresses = {"gate": "127.0.0.1:0", "batch": "127.0.0.1:0"}
    file.write_text(json.dumps({"tcp": {**addresses, "keys_dir": keys, **tcp}}))
    words = [*command, "serve", "--config", str(file), "--dir", str(directory / "run")]
    words += ["--journal-dir", str(directory / "journal"), "--log-level", "error"]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.fixture
def tcp(command: list[str], sockets: Path, request: pytest.FixtureRequest) -> Iterator[Tcp]:
    keys = ["--keys-dir", str(sockets / "keys")]
    bot, revoked = sockets / "bot.key", sockets / "revoked.key"
    for words in (
        ["server"],
        ["client", "bot", "--out", str(bot)],
        ["client", "revoked", "--out", str(revoked)],
        ["revoke", "revoked"],
    ):
        subprocess.run([*command, "keys", *words, *keys], check=True, capture_output=True)
    process = serve(command, sockets, **getattr(request, "param", {}))
    line = json.loads(process.stdout.readline() if process.stdout else b"")
    yield Tcp(process, sockets, line["gate"], line["batch"], bot, revoked)
    process.kill()
    process.communicate()


def say_hello(place: Remote, timeout_s: float = LONG_MS / 1000) -> Channel:
    channel = Channel(place, "gate")
    request_id = channel.new_id()
    hello = Hello("test", "backtest", "s", {"timeframe_s": 300})
    channel.request(request_id, [wire.encode_hello(request_id, hello)], Deadline(timeout_s))
    return channel


def test_a_listed_key_is_let_in(tcp: Tcp) -> None:
    say_hello(tcp.remote(tcp.bot))


def test_each_refusal_says_what_is_wrong_and_what_to_do(tcp: Tcp) -> None:
    public, secret = (key.decode() for key in zmq.curve_keypair())
    for key, said in (
        (tcp.revoked, "not on the bridge's list"),
        (tcp.edited("server.key", server_public=public), "server_public in .* is not its key"),
        (tcp.edited("pair.key", secret=secret), "public and secret are no pair"),
        (None, "takes no connection without keys"),
    ):
        with pytest.raises(Refused, match=said) as caught:
            say_hello(tcp.remote(key))
        assert "talebridge keys client NAME" in str(caught.value)
        if key is not None:
            assert json.loads(key.read_text())["secret"] not in str(caught.value)


@pytest.mark.parametrize("tcp", [{"insecure": True}], indirect=True)
def test_an_insecure_bridge_is_reached_without_keys_only(tcp: Tcp) -> None:
    say_hello(tcp.remote(None))
    # Whichever side is the first to see that the other does not want keys.
    with pytest.raises(Refused, match="insecure"):
        say_hello(tcp.remote(tcp.bot))


def test_where_nobody_listens() -> None:
    with pytest.raises(Absent, match=re.escape(f"no bridge answers at {NOWHERE}")):
        say_hello(Remote(NOWHERE, NOWHERE, None), timeout_s=1e6)


def test_what_listens_and_says_nothing_or_nonsense() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(TimedOut, match="took no connection within 50 ms"):
            say_hello(Remote(address, address, None), timeout_s=0.05)
        listening.accept()[0].close()

        def answer() -> None:
            taken, _ = listening.accept()
            taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 8)
            taken.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Absent):
            say_hello(Remote(address, address, None))
        thread.join()


def test_a_bridge_that_dies_is_noticed_and_found_again(tcp: Tcp) -> None:
    channel = say_hello(tcp.remote(tcp.bot))
    tcp.process.kill()
    tcp.process.wait()
    with pytest.raises((SendFailed, Absent)):
        channel.request(7, [b"\x00"], Deadline(1e6))
    with pytest.raises(Absent):
        say_hello(tcp.remote(tcp.bot), timeout_s=1e6)


# ------------------------------------------------------------------------------------------- files


def test_a_key_file_has_to_be_the_owners_alone(tmp_path: Path) -> None:
    public, secret = (key.decode() for key in zmq.curve_keypair())
    good = {"server_public": public, "public": public, "secret": secret}
    path = tmp_path / "bot.key"
    with pytest.raises(Refused, match="cannot be read"):
        read_key(path)
    path.write_text(json.dumps(good))
    for mode in (0o644, 0o640, 0o604, 0o610, 0o601):
        path.chmod(mode)
        with pytest.raises(Refused, match="chmod 600"):
            read_key(path)
    for mode in (0o600, 0o400):
        path.chmod(mode)
        assert read_key(path).secret == secret
    assert secret not in repr(read_key(path))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bot.key"
    path.write_text("{}")
    path.chmod(0o600)
    os.chown(path, 65534, 65534)
    with pytest.raises(Refused, match="belongs to user 65534"):
        read_key(path)


@pytest.mark.parametrize(
    "content",
    ["", "x", "[]", "{}", '{"server_public": 1, "public": 2, "secret": 3}', "ä" * 9000, "secret"],
)
def test_what_is_no_key_file(content: str, tmp_path: Path) -> None:
    path = tmp_path / "bot.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Refused, match="does not hold server_public, public and secret"):
        read_key(path)
    for bad in ("short", "ä" * 40, "~" * 40, None):
        keys = {"server_public": "a" * 40, "public": "a" * 40, "secret": bad}
        path.write_text(json.dumps(keys))
        with pytest.raises(Refused, match="40 characters of Z85"):
            read_key(path)


def test_which_addresses_are_this_machine() -> None:
    for address in ("tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://localhost:1", "tcp://[::1]:1"):
        assert is_loopback(address)
    for address in ("tcp://10.0.0.1:1", "tcp://127.0.0.1.evil.net:1", "tcp://[::2]:1", "x", ""):
        assert not is_loopback(address)


# ------------------------------------------------------------------------------------- a whole bot


@pytest.fixture
def make(strategy: type[Strategy], sockets: Path) -> Callable[..., Any]:
    def build(connect: dict[str, Any], runmode: str = "dry_run", **settings: Any) -> Any:
        given = config(sockets / "unused", runmode, connect=connect, **settings)
        return risk_gated(strategy)(given)

    return build


def test_a_bot_is_gated_over_tcp(tcp: Tcp, make: Callable[..., Any]) -> None:
    mine = make(tcp.connect(tcp.bot), "backtest")
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 100.0
    assert ask_confirm(mine, frame) is True
    assert len(journal(tcp.directory)) == 2


def test_a_bot_with_the_wrong_key_pauses_its_entries_and_says_why(
    tcp: Tcp, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    mine = make(tcp.connect(tcp.revoked), breaker_s=0)
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False
    assert caplog.text.count("not on the bridge's list") == 1
    assert "Entries are paused, exits continue" in caplog.text
    assert "Start the bridge" not in caplog.text, "it runs; that is not what is wrong"


@pytest.mark.parametrize("autostart", ["off", "auto"])
def test_a_backtest_with_the_wrong_key_stops_instead_of_going_elsewhere(
    autostart: str, tcp: Tcp, make: Callable[..., Any], command: list[str]
) -> None:
    with pytest.raises(Exception, match="not on the bridge's list"):
        make(tcp.connect(tcp.revoked), "backtest", autostart=autostart, command=command)
