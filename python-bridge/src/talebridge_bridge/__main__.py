"""`talebridge …` and `python -m talebridge_bridge …`."""

from __future__ import annotations

import os
import sys

from talebridge_bridge import command


def main() -> None:
    """Becomes the daemon's command line: same process, same signals, same exit code."""
    words = [*command(), *sys.argv[1:]]
    os.execv(words[0], words)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
