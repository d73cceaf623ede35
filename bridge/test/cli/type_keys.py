"""An interactive shell on a terminal of its own: runs lines, types a word and the tab key.

Prints what the screen shows then.

Usage: type_keys.py WANTED TYPED SHELL [ARGUMENT...] -- LINE...
Ends when WANTED is on the screen, or after half a minute without it.
"""

import os
import pty
import select
import signal
import sys
import time

PATIENCE_S = 30.0


def read_until(fd: int, wanted: str) -> str:
    seen = ""
    end = time.monotonic() + PATIENCE_S
    while wanted not in seen and time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            seen += os.read(fd, 65536).decode(errors="replace")
    return seen


def main(wanted: str, typed: str, *rest: str) -> None:
    at = rest.index("--")
    shell, lines = rest[:at], rest[at + 1 :]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(shell[0], shell)  # noqa: S606 - the shell is what is tested
    for number, line in enumerate(lines):
        # The sum is on the screen only once the shell has done the line, not when it echoes it.
        os.write(fd, f"{line}; echo done-$(( {number} + 100 ))\n".encode())
        read_until(fd, f"done-{number + 100}")
    os.write(fd, f"{typed}\t".encode())
    sys.stdout.write(read_until(fd, wanted))
    os.kill(pid, signal.SIGKILL)


main(*sys.argv[1:])
