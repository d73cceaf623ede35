"""The candles of a strategy's pairs: their `risk_` columns, and the verdict on a signal candle."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from talebridge import ahead, columns, wire
from talebridge._generated import MEMORY_ROWS, REASON_TEXT, Reason
from talebridge.abort import caller_named, operational_exception
from talebridge.analysed import Analysed
from talebridge.entry import utc_text
from talebridge.errors import (
    BadCandles,
    BridgeError,
    NoVerdict,
    SettingsRejected,
    reason_of,
    text_of,
)
from talebridge.failures import Failures
from talebridge.gated import Gated
from talebridge.market import Market
from talebridge.modes import Context
from talebridge.run import CandleVerdict, Run

if TYPE_CHECKING:
    from pandas import DataFrame

logger = logging.getLogger(__name__)

_FIRST_SHIM_REASON = 70


class Candles:
    """Annotates frames, and finds the verdicts in them again when an entry is asked about."""

    def __init__(self, gated: Gated, failures: Failures) -> None:
        self._gated = gated
        self._failures = failures
        self._analysed = Analysed()
        self.market = Market(gated)
        self.recursive = caller_named("RecursiveAnalysis") is not None
        """Whether recursive-analysis runs, which varies the start-up candles on purpose."""

    def read(self, dataframe: DataFrame) -> columns.Block | DataFrame:
        """The candles as a block; the frame if unreadable, to be reported by `annotate`."""
        try:
            block = columns.to_block(dataframe)
        except BadCandles:
            return dataframe
        self._begin(block)
        return block

    def annotate(
        self, candles: DataFrame | columns.Block, dataframe: DataFrame, metadata: Mapping[str, Any]
    ) -> DataFrame:
        """The frame with the columns computed from `candles`.

        Live, a failure gives columns that deny; in backtests it raises OperationalException.
        """
        pair = str(metadata.get("pair"))
        rows = len(dataframe)
        try:
            block = candles if isinstance(candles, np.ndarray) else columns.to_block(candles)
            if block.shape[1] != rows:
                # freqtrade rejects the frame itself, and says why.
                return dataframe
            room = columns.Room(dataframe, self._gated.columns)
            self._judge(pair, block, room.ours)
            self._begin_after(pair)
            return room.frame()
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            return self._failed(pair, dataframe, error)

    def verdict(self, run: Run, pair: str, now_ms: int) -> CandleVerdict:
        """The verdict of the signal candle at a time, from the strategy's own analysed frame.

        Raises BridgeError when there is none.
        """
        asked = run.asked
        if self._gated.lazy and asked is not None and asked[:2] == (pair, now_ms):
            # A backtest confirms an entry right after it was sized, on the same frame.
            return asked[2]
        signal = self._analysed.signal(self._gated.strategy, pair, whole=self._gated.lazy)
        if signal is None:
            raise NoVerdict(
                f"the analysed candles of {pair} carry no verdict: let populate_indicators, "
                "populate_entry_trend and populate_exit_trend keep the risk_ columns"
            )
        open_ms, size, reason, value = signal.open_ms, signal.size, signal.reason, signal.value
        if not 0 <= size <= 1 or not math.isfinite(reason):
            raise NoVerdict(f"the verdict of {pair} was changed: size {size}, reason {reason}")
        if reason >= _FIRST_SHIM_REASON:
            return self._judge_late(run, pair, open_ms, int(reason))
        verdict = CandleVerdict(open_ms, size, int(reason), value)
        run.asked = (pair, now_ms, verdict)
        return verdict

    def _begin(self, block: columns.Block) -> None:
        """Has the bridge begin with candles it is going to be asked about. Whatever fails here
        fails again there, and is told there."""
        run = self._gated.run
        # Beside a market other candles are sent than these.
        if not self._gated.lazy or self.market.pair is not None or not block.shape[1]:
            return
        if run is not None and run.pid == os.getpid():
            with contextlib.suppress(Exception), run.lock:
                run.session.begin(block)

    def _begin_after(self, pair: str) -> None:
        following = ahead.candles_after(pair) if self._gated.lazy else None
        if following is not None:
            with contextlib.suppress(BadCandles, AttributeError):
                self._begin(columns.to_block(following))

    def _judge(self, pair: str, block: columns.Block, into: columns.Block) -> None:
        self._check_startup_candles()
        self._check_parameters()
        rows = block.shape[1]
        if rows == 0:
            return
        run = self._gated.current_run()
        block = self.market.beside(pair, block, lambda key, text: run.say_once(key, _warn, text))
        with run.lock:
            try:
                run.session.annotate(block, into)
            except BadCandles as error:
                when = ""
                if 0 <= error.row < rows:
                    when = f" ({utc_text(int(block[0, error.row]))})"
                raise BadCandles(
                    f"bad candles of {pair}: row {error.row}{when}, column {error.column}: {error}",
                    error.row,
                    error.column,
                ) from None
            except Exception:
                if self._gated.context is Context.TRADE:
                    run.unjudged.set(pair, (int(block[0, -1]), block))
                raise
            self._note_verdict(run, pair, block, into)

    def _note_verdict(
        self, run: Run, pair: str, block: columns.Block, result: columns.Block
    ) -> CandleVerdict:
        self._gated.fingerprint = run.session.fingerprint
        size, reason, value = (
            float(result[self._gated.columns.index(name), -1])
            for name in (columns.SIZE, columns.REASON, columns.VALUE)
        )
        verdict = CandleVerdict(int(block[0, -1]), size, int(reason), value)
        run.verdicts.set(pair, verdict)
        run.unjudged.pop(pair)
        if self._gated.lazy or self._gated.history is not None:
            self._gated.closes.keep(pair, block)
        run.bridge_up(entry=False)
        return verdict

    def _judge_late(self, run: Run, pair: str, open_ms: int, reason: int) -> CandleVerdict:
        """Asks again about candles that were analysed while the bridge was away: freqtrade would
        not come back to them before the next candle."""
        verdict = run.verdicts.get(pair)
        if verdict is not None and verdict.open_ms == open_ms:
            return verdict
        waiting = run.unjudged.get(pair)
        if waiting is None or waiting[0] != open_ms:
            error = BridgeError(
                f"the candles of {pair} were analysed while the bridge gave no usable answer "
                f"({wire.reason_name(reason)})"
            )
            error.reason = Reason(reason) if reason in REASON_TEXT else Reason.UNAVAILABLE
            raise error
        return self._note_verdict(
            run, pair, waiting[1], run.session.annotate(waiting[1], urgent=True)
        )

    def _failed(self, pair: str, frame: DataFrame, error: Exception) -> DataFrame:
        if self._gated.context is Context.OPTIMIZE:
            hint = self._failures.hint(error)
            raise operational_exception(f"talebridge: {text_of(error)}{hint}") from error
        reason = reason_of(error)
        self._failures.report(error, pair, entry=False)
        names = self._gated.columns
        return columns.add(frame, columns.unready(len(frame), reason, names), names)

    def _check_startup_candles(self) -> None:
        needed = MEMORY_ROWS[self._gated.settings.window_set]
        if self.recursive:
            return
        text = self._too_few(needed)
        if text is None:
            return
        text = f"{text}, or use risk_bridge.window_set: compact"
        if self._gated.context is Context.OPTIMIZE:
            raise SettingsRejected(text)
        run = self._gated.current_run()
        run.say_once("startup", _warn, text)

    def _too_few(self, needed: int) -> str | None:
        """Why there are too few candles before the first one that is traded; None if enough."""
        # A strategy may set its own count after ours, in its `__init__`.
        count = self._gated.strategy.startup_candle_count
        if count < needed:
            return (
                f"startup_candle_count is {count}, but a verdict needs {needed} candles: set it to "
                f"{needed} where the strategy or config.json sets it"
            )
        # freqtrade's web server keeps the candles it has loaded for another strategy.
        loaded = getattr(caller_named("Backtesting"), "required_startup", count)
        if loaded < needed:
            return (
                f"freqtrade has loaded {loaded} candles before the first one that is traded, for a "
                f"strategy that ran earlier, but a verdict needs {needed}: reset the backtest, or "
                "change its time range, and run it again"
            )
        return None

    def _check_parameters(self) -> None:
        """A hyperopt that judges its candles once would turn nothing that they are judged by."""
        gated = self._gated
        if gated.mode_name != "hyperopt" or gated.strategy.config.get("analyze_per_epoch"):
            return
        problem = gated.parameters.turned_too_late(gated.strategy)
        if problem is not None:
            raise SettingsRejected(problem)


def _warn(text: str) -> None:
    logger.warning("talebridge: %s", text)
