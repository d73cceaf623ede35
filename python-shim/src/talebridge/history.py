"""Closes of pairs on one grid of times, for the limits that measure how pairs move together.

An hour between two closes, as far as a bot's frames reach back at that: twelve candles at most; one
candle where that is longer. Nothing later than the signal candle of the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from talebridge import columns
from talebridge._generated import LIMITS
from talebridge.marks import Closes, Floats
from talebridge.recent import Recent
from talebridge.wire import CloseNews, CloseRow, Position

_HOUR_S = 3600
_MOST_CANDLES = 12
"""A step's length: of 600 candles, the least that a bot is sure to have, that leaves 49 returns."""


class History:
    """Reads closes of a strategy's pairs. Plain data: pickled with the strategy."""

    def __init__(self, strategy: Any, closes: Closes, timeframe_s: int, memory_rows: int) -> None:
        self._strategy = strategy
        self._closes = closes
        self._candle_ms = timeframe_s * 1000
        self._candles = max(1, min(_MOST_CANDLES, _HOUR_S // timeframe_s))
        self.step_s = timeframe_s * self._candles
        self.count = min(LIMITS["closes"], (memory_rows + 1) // self._candles)
        """Closes told of a pair: as many as a live frame is sure to hold, in backtests too."""

    def wanted(
        self, pair: str, positions: tuple[Position, ...], open_ms: int, at_ms: int
    ) -> WantedCloses:
        """Closes for a question about a pair whose signal candle opened at `open_ms`, none later
        than the account was looked at."""
        held = sorted({position.pair for position in positions} - {pair})
        pairs = (pair, *held[: LIMITS["close_pairs_kept"] - 1])
        candle, phase_ms = divmod(open_ms, self._candle_ms)
        step_ms = self.step_s * 1000
        end_ms = (candle + 1) // self._candles * step_ms + phase_ms
        # The exchange may publish a candle a moment before our clock closes it.
        return WantedCloses(self, pairs, end_ms if end_ms <= at_ms else end_ms - step_ms)

    def news(self, pair: str, until_ms: int, sent_ms: int | None) -> CloseRow | None:
        """Closes of a pair up to a time on the grid, after those sent; None without any.

        What is not known at the end is not told, so that it is looked for again.
        """
        step_ms = self.step_s * 1000
        count = self.count
        if sent_ms is not None and sent_ms <= until_ms and (until_ms - sent_ms) % step_ms == 0:
            count = min(count, (until_ms - sent_ms) // step_ms)
        ends = until_ms - step_ms * np.arange(count - 1, -1, -1, dtype=np.float64)
        closes = self._at(pair, ends - self._candle_ms)
        known = np.flatnonzero(np.isfinite(closes))
        if not known.size:
            return None
        first = 0 if count < self.count else int(known[0])
        last = int(known[-1])
        return CloseRow(pair, int(ends[last]), tuple(closes[first : last + 1].tolist()))

    def _at(self, pair: str, opens_ms: Floats) -> Floats:
        """Closes of the candles that opened at these times, NaN where one is not known."""
        times, closes = self._closes.of(pair) or self._analysed(pair)
        if not times.size:
            return np.full(len(opens_ms), np.nan)
        index = np.minimum(np.searchsorted(times, opens_ms), times.size - 1)
        found = closes[index]
        return np.where(
            (times[index] == opens_ms) & np.isfinite(found) & (found > 0), found, np.nan
        )

    def _analysed(self, pair: str) -> tuple[Floats, Floats]:
        """freqtrade's own frame, where none was annotated in this process, as in hyperopt."""
        frame, _ = self._strategy.dp.get_analyzed_dataframe(pair, self._strategy.timeframe)
        if not len(frame):
            return np.empty(0), np.empty(0)
        times = columns.open_times_ms(frame).astype(np.float64)
        return times, frame["close"].to_numpy(dtype=np.float64, na_value=np.nan)


@dataclass(frozen=True, slots=True)
class WantedCloses:
    """The closes one question needs, the candidate's first."""

    history: History
    pairs: tuple[str, ...]
    until_ms: int


class Ledger:
    """What the bridge was told of closes since the last hello, as far as it keeps them: it forgets
    the pairs told longest ago, and so does this."""

    def __init__(self) -> None:
        self._newest: Recent[int] = Recent(LIMITS["close_pairs_kept"])

    def news(self, wanted: WantedCloses) -> CloseNews | None:
        """Closes a question needs and the bridge lacks, as many as one message takes."""
        rows = self._rows(wanted)
        first_told = sum(self._newest.get(row.pair) is None for row in rows)
        if first_told + len(self._newest) > LIMITS["close_pairs_kept"]:
            # For them the bridge may forget others that are wanted. Told again, all are kept.
            self._newest = Recent(LIMITS["close_pairs_kept"])
            rows = self._rows(wanted)
        rows = rows[: LIMITS["close_pairs"]]
        history = wanted.history
        return CloseNews(history.step_s, history.count, rows) if rows else None

    def note(self, news: CloseNews) -> None:
        """These closes were told."""
        for row in news.rows:
            self._newest.set(row.pair, row.until_ms)

    def _rows(self, wanted: WantedCloses) -> list[CloseRow]:
        rows = []
        for pair in wanted.pairs:
            told_ms = self._newest.get(pair)
            if told_ms != wanted.until_ms:
                row = wanted.history.news(pair, wanted.until_ms, told_ms)
                if row is not None:
                    rows.append(row)
        return rows
