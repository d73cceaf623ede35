"""Starting a private daemon, which lives and dies with this process."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import secrets
import selectors
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from talebridge.config import Settings
from talebridge.errors import Unavailable

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 30.0
"""Node's start on a busy machine; a daemon that works is there within a second."""
_STOP_TIMEOUT_S = 3.0
_ENDING_S = 0.5
_INHERITED = "TALEBRIDGE_PRIVATE_DIR"
"""Set by a process for its children. Not TALEBRIDGE_DIR, by which a user names a bot's bridge."""
_MAX_READY_BYTES = 65_536
_SHOWN_LOG_BYTES = 2_000


def find_command(settings: Settings) -> list[str]:
    """The words that start the bridge's command line.

    Setting `command`, $TALEBRIDGE_COMMAND, the package talebridge-bridge of this environment,
    `talebridge` on the path, a built checkout around this file. Raises Unavailable naming them.
    """
    if settings.command is not None:
        return list(settings.command)
    from_env = os.environ.get("TALEBRIDGE_COMMAND", "")
    if from_env.strip():
        return shlex.split(from_env)
    packaged = _packaged_command()
    if packaged is not None:
        return packaged
    on_path = shutil.which("talebridge")
    if on_path:
        return [on_path]
    built = Path(__file__).resolve().parents[3] / "bridge" / "dist" / "main.js"
    node = shutil.which("node")
    if node and built.is_file():
        return [node, str(built)]
    raise Unavailable(
        'the bridge is not installed: `pip install "talebridge[bridge]"` in this environment '
        "brings it. There is no package talebridge-bridge, no `talebridge` on the path, no "
        "TALEBRIDGE_COMMAND, no risk_bridge.command in config.json and no built "
        f"{built} (`npm run build`)"
    )


def _packaged_command() -> list[str] | None:
    """The daemon that pip installed beside us; None when it is not there.

    Raises Unavailable when it is there and damaged: one on the path may be of another version.
    """
    try:
        import talebridge_bridge
    except ImportError:
        return None
    try:
        return list(talebridge_bridge.command())
    except FileNotFoundError as error:
        raise Unavailable(str(error)) from None


def how_to_name(directory: Path) -> str:
    """One sentence for error messages of runs that start a private bridge."""
    return (
        "This run starts a private bridge by itself; to use your own, start it with "
        f"`talebridge serve --dir {directory}` and set risk_bridge.dir to that directory"
    )


class PrivateDaemon:
    """A daemon of this process's own, on its way once this exists and there after `wait`. Ends when
    its stdin closes, so it cannot outlive us."""

    def __init__(self, command: list[str], directory: Path, journal_dir: Path) -> None:
        self.pid = os.getpid()
        self.directory = directory
        self._ready = False
        self._failure: Unavailable | None = None
        self._words = words = [
            *command,
            "serve",
            "--dir",
            str(directory),
            "--journal-dir",
            str(journal_dir),
            "--private",
            "--log-level",
            "warn",
        ]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the daemon
        try:
            # Its own session: Ctrl-C reaches freqtrade alone, which may still want answers.
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise Unavailable(
                f"the bridge could not be started with `{shlex.join(words)}`: {error}"
            ) from None

    def wait(self) -> None:
        """Waits until the daemon answers. Raises Unavailable, and ends it, when it does not get so
        far."""
        if self._failure is not None:
            raise self._failure
        if self._ready:
            return
        try:
            self._wait_until_ready(self._words)
        except Unavailable as error:
            self._failure = error
            self.stop()
            raise
        self._ready = True

    def alive(self) -> bool:
        """Whether the daemon still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Closes the daemon's stdin and waits for its end; kills it when it does not go."""
        if self.pid != os.getpid():
            return
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        if os.environ.get(_INHERITED) == str(self.directory):
            del os.environ[_INHERITED]
        # The daemon removes it itself, unless it was killed.
        shutil.rmtree(self.directory, ignore_errors=True)

    def _wait_until_ready(self, words: list[str]) -> None:
        stdout = self._process.stdout
        line = b"" if stdout is None else _first_line(stdout, START_TIMEOUT_S)
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and event.get("event") == "ready":
            return
        # Its output ends a moment before the process does.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        code = self._process.poll()
        ended = "did not become ready" if code is None else f"ended with exit code {code}"
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - _SHOWN_LOG_BYTES))
        said = self._log.read().decode(errors="replace").strip()
        raise Unavailable(
            f"the bridge started with `{shlex.join(words)}` {ended}"
            + (f"; it said:\n{said}" if said else "")
        )


def _first_line(stream: IO[bytes], timeout_s: float) -> bytes:
    """The stream's first line, or what came of it before its end or the deadline."""
    deadline = time.monotonic() + timeout_s
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while b"\n" not in found and len(found) < _MAX_READY_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                break
            chunk = os.read(stream.fileno(), 4096)
            if not chunk:
                break
            found += chunk
    return found.split(b"\n", 1)[0]


_private: PrivateDaemon | None = None


def launch_private(settings: Settings, user_data_dir: Path | None) -> PrivateDaemon:
    """Makes sure this process has a private daemon, which may still be on its way.

    It is always a fresh one: in a directory the user named, a bot could come to be answered by a
    daemon that knows nothing of its history. The directory is exported as TALEBRIDGE_PRIVATE_DIR,
    so that worker processes find it. Raises Unavailable saying what went wrong and what to do.
    """
    global _private
    if _private is not None and _private.pid == os.getpid():
        if _private.alive():
            return _private
        _private.stop()
    directory = _fresh_directory()
    journal_dir = _journal_dir(settings, user_data_dir, directory)
    _private = PrivateDaemon(find_command(settings), directory, journal_dir)
    os.environ[_INHERITED] = str(directory)
    logger.info("talebridge: started a private bridge, journal in %s", journal_dir)
    return _private


def inherited_directory() -> Path | None:
    """The directory of a private daemon that a parent of this process started."""
    value = os.environ.get(_INHERITED)
    return Path(value) if value else None


_MAX_BASE_BYTES = 55
"""What is left beside the longest uid and pid, and the name of the longest socket."""


def _fresh_directory() -> Path:
    base = Path(tempfile.gettempdir())
    # Socket paths are limited to 107 bytes, which deep temporary directories exceed.
    if len(os.fsencode(base)) > _MAX_BASE_BYTES:
        base = Path("/tmp")  # noqa: S108 - the daemon makes its directory there with mode 0700
    return base / f"talebridge-{os.getuid()}-{os.getpid()}-{secrets.token_hex(4)}"


def _journal_dir(settings: Settings, user_data_dir: Path | None, directory: Path) -> Path:
    if settings.journal_dir is not None:
        return Path(settings.journal_dir).expanduser().absolute()
    if user_data_dir is not None:
        return (user_data_dir / "talebridge" / "journal").absolute()
    return directory / "journal"


@atexit.register
def _stop_private() -> None:
    if _private is not None:
        _private.stop()
