"""Points in time to be done by."""

from __future__ import annotations

import time


class Deadline:
    """A point in time on the monotonic clock."""

    __slots__ = ("at", "total_s")

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self.at = time.monotonic() + total_s

    @property
    def total_ms(self) -> float:
        """The whole length in milliseconds."""
        return self.total_s * 1000

    def restart(self) -> None:
        """Begins anew, with the same length."""
        self.at = time.monotonic() + self.total_s

    def left_ms(self) -> int:
        """Milliseconds left, rounded up; 0 when it has passed."""
        left = self.at - time.monotonic()
        return int(left * 1000) + 1 if left > 0 else 0

    def wall_ms(self) -> int:
        """The same point on the wall clock, ms since 1970."""
        return round((time.time() + self.at - time.monotonic()) * 1000)
