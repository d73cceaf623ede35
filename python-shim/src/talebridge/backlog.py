"""Equity samples of a backtest, valued when somebody asks for them instead of candle by candle.

The times are those a hook on every candle would sample at: the first candle of every hour, and the
first after a fill. At a candle's start the frames still end before the candle that has just closed,
so samples are marked one candle further back than questions are.
"""

from __future__ import annotations

import math

from talebridge.errors import ShimError
from talebridge.marks import Closes, Held
from talebridge.portfolio import HOUR_MS, Samples


class Backlog:
    """The samples since the account was last looked at."""

    def __init__(self, samples: Samples, closes: Closes, timeframe_ms: int) -> None:
        self._samples = samples
        self._closes = closes
        self._timeframe_ms = timeframe_ms
        self._first_ms: int | None = None
        self._held: Held | None = None

    @property
    def blind(self) -> bool:
        """Whether past values of the account cannot be had: then every sample is to be taken at
        its own time."""
        return self._held is None

    def forget(self) -> None:
        """The account changed at an unknown time."""
        self._held = None

    def started(self, now_ms: int) -> None:
        """A candle begins: what the grid of candles is anchored at."""
        if self._first_ms is None:
            self._first_ms = now_ms

    def look(self, held: Held | None, now_ms: int, *, at_start: bool) -> float | None:
        """Notes the account from now on, and values it; None when only freqtrade can."""
        if held is not None and not all(self._closes.known(h.pair) for h in held.holdings):
            held = None
        self._held = held
        if held is None:
            return None
        back = 2 if at_start else 1
        value = held.value(self._closes, now_ms - back * self._timeframe_ms)
        if not math.isfinite(value):
            raise ShimError(f"the account's value is {value}")
        return value

    def catch_up(self, until_ms: int) -> float | None:
        """Adds the hourly samples up to a time. Returns the value of one dated exactly then."""
        if self._held is None or self._first_ms is None:
            return None
        time_ms, value = -1, math.nan
        due_ms = self._samples.next_ms
        while (next_ms := self._candle_from(due_ms)) <= until_ms:
            time_ms = next_ms
            value = self._held.value(self._closes, time_ms - 2 * self._timeframe_ms)
            self._samples.add_late(time_ms, value)
            due_ms = (time_ms // HOUR_MS + 1) * HOUR_MS
        return value if time_ms == until_ms else None

    def _candle_from(self, time_ms: int) -> int:
        """The first candle that begins at a time or later."""
        return time_ms + ((self._first_ms or 0) - time_ms) % self._timeframe_ms
