"""`RiskGate`: asks the bridge about candles and entries, and decides what its silence means.

freqtrade takes an exception in an entry hook for approval, so every public method here returns an
explicit decision whatever happens.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from talebridge import columns, portfolio, setup, spawn, wire
from talebridge._generated import MEMORY_ROWS, REASON_TEXT, Decision, Kind, Reason, Side, Stage
from talebridge._version import __version__
from talebridge.abort import caller_named, operational_exception, stop_run
from talebridge.config import Settings, engine_settings, resolve
from talebridge.entry import (
    Entry,
    additions_used_up,
    effective_stake,
    is_reduction,
    minimum,
    number_or_nan,
    same_stake,
    to_ms,
    utc_text,
)
from talebridge.errors import (
    BadCandles,
    BridgeError,
    NoVerdict,
    SettingsRejected,
    is_absence,
    reason_of,
    text_of,
)
from talebridge.modes import Context, run_mode, timeframe_seconds
from talebridge.portfolio import Account
from talebridge.run import CandleVerdict, Run, Sized, session_key, side_of
from talebridge.session import Session, Terms
from talebridge.wire import Answer, Hello, Question

if TYPE_CHECKING:
    from pandas import DataFrame

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FINAL_TOLERANCE = 1.01
"""What a final stake may exceed its allowance by: exchanges round amounts and prices."""
_SURE_OF_MIN_STAKE = 0.9
"""adjust_trade_position is told a minimum that is up to a ninth above the one freqtrade then uses:
backtests add a reserve for a stop-loss of 10 %, and custom_entry_price moves it by the price."""
_BUSY_WAIT_S = 600.0
"""How long a backtest or hyperopt waits for its turn while other workers keep the bridge busy."""
_FIRST_SHIM_REASON = 70
_SAME_AS_ABSENT = (
    Reason.UNAVAILABLE,
    Reason.PROTOCOL_ERROR,
    Reason.WRONG_FINGERPRINT,
    Reason.STALE_PORTFOLIO,
)
_PAUSED = "Entries are paused, exits continue"


class RiskGate:
    """The gate of one strategy object.

    `@risk_gated` makes one by itself; `self.risk = RiskGate(self, profile="conservative")` at the
    end of a strategy's `__init__` is for those who call `annotate`, `stake`, `confirm`, `adjust`
    and `sample` from their own hooks.

    Raises freqtrade's OperationalException when the settings are invalid, and in backtest, hyperopt
    and analysis also when no bridge answers.
    """

    def __init__(self, strategy: Any, **arguments: Any) -> None:
        self._set_up(strategy, [arguments])

    @classmethod
    def from_arguments(cls, strategy: Any, sources: Sequence[Mapping[str, Any]]) -> RiskGate:
        """A gate from several sources of arguments, later ones overruling earlier ones."""
        gate = cls.__new__(cls)
        gate._set_up(strategy, sources)
        return gate

    def _set_up(self, strategy: Any, sources: Sequence[Mapping[str, Any]]) -> None:
        self.strategy = strategy
        self.fingerprint: str | None = None
        self._run: Run | None = None
        config = strategy.config
        try:
            self.settings: Settings = resolve([*sources, config.get("risk_bridge")])
            self.mode_name, self.context = run_mode(config)
            timeframe = config.get("timeframe") or getattr(strategy, "timeframe", None)
            self.timeframe_s = timeframe_seconds(timeframe) if self.active else 0
        except (SettingsRejected, ValueError) as error:
            raise operational_exception(f"talebridge: {error}") from None
        self.directory = self.settings.directory()
        if not self.active:
            return
        self._recursive = caller_named("RecursiveAnalysis") is not None
        setup.raise_startup_candles(strategy, self.settings.window_set, recursive=self._recursive)
        setup.first_contact(self)

    @property
    def active(self) -> bool:
        """False in mode `off`, where nothing is asked and nothing changes."""
        return self.settings.mode != "off"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_run": None}

    # ------------------------------------------------------------------------------- candles

    def annotate(self, dataframe: DataFrame, metadata: Mapping[str, Any]) -> DataFrame:
        """The frame with the `risk_` columns. Call it from `populate_indicators`.

        Live, a failure gives columns that deny; in backtests it raises OperationalException.
        """
        return self.annotate_from(dataframe, dataframe, metadata)

    def annotate_from(
        self, candles: DataFrame | columns.Block, dataframe: DataFrame, metadata: Mapping[str, Any]
    ) -> DataFrame:
        """As `annotate`, with the columns computed from other candles than the frame holds."""
        if not self.active:
            return dataframe
        pair = str(metadata.get("pair"))
        rows = len(dataframe)
        try:
            block = candles if isinstance(candles, np.ndarray) else columns.to_block(candles)
            if block.shape[1] != rows:
                # freqtrade rejects the frame itself, and says why.
                return dataframe
            return columns.add(dataframe, self._judge(pair, block))
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            return self._annotate_failed(pair, dataframe, error)

    def read_candles(
        self, dataframe: DataFrame, metadata: Mapping[str, Any]
    ) -> columns.Block | DataFrame:
        """The candles before the strategy's own code may change them; the frame if unreadable."""
        try:
            return columns.to_block(dataframe)
        except BadCandles:
            # Asked for again, and then reported, when the columns are made.
            return dataframe

    def _judge(self, pair: str, block: columns.Block) -> columns.Block:
        self._check_startup_candles()
        rows = block.shape[1]
        if rows == 0:
            return columns.unready(0, Reason.WARMING_UP)
        run = self._current_run(None)
        with run.lock:
            try:
                result = run.session.annotate(block)
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
                if self.context is Context.TRADE:
                    run.unjudged.set(pair, (int(block[0, -1]), block))
                raise
            self._note_verdict(run, pair, block, result)
        return result

    def _note_verdict(
        self, run: Run, pair: str, block: columns.Block, result: columns.Block
    ) -> CandleVerdict:
        self.fingerprint = run.session.fingerprint
        size, reason, value = (
            float(result[columns.NAMES.index(name), -1])
            for name in (columns.SIZE, columns.REASON, columns.VALUE)
        )
        verdict = CandleVerdict(int(block[0, -1]), size, int(reason), value)
        run.verdicts.set(pair, verdict)
        run.unjudged.pop(pair)
        run.bridge_up()
        return verdict

    def _annotate_failed(self, pair: str, frame: DataFrame, error: Exception) -> DataFrame:
        if self.context is Context.OPTIMIZE:
            hint = f". {self.way_out()}" if is_absence(error) else ""
            raise operational_exception(f"talebridge: {text_of(error)}{hint}") from error
        reason = reason_of(error)
        self.report(error, pair)
        return columns.add(frame, columns.unready(len(frame), reason))

    def _check_startup_candles(self) -> None:
        """A strategy may set its own count after ours, in its `__init__`."""
        needed = MEMORY_ROWS[self.settings.window_set]
        count = self.strategy.startup_candle_count
        if count >= needed or self._recursive:
            return
        text = (
            f"startup_candle_count is {count}, but a verdict needs {needed} candles: set it to "
            f"{needed} where the strategy or config.json sets it, or use "
            "risk_bridge.window_set: compact"
        )
        if self.context is Context.OPTIMIZE:
            raise SettingsRejected(text)
        run = self._current_run(None)
        run.say_once("startup", lambda message: logger.warning("talebridge: %s", message), text)

    # ------------------------------------------------------------------------------- entries

    def stake(
        self,
        proposed: Any,
        *,
        pair: str,
        current_time: datetime,
        current_rate: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float = 1.0,
        side: str = "long",
    ) -> Any:
        """The stake to use for a new entry: `proposed` itself, less, or 0 for none.

        Call it from `custom_stake_amount` with what that hook was given.
        """
        if not self.active or proposed is None:
            return proposed
        return self._safely(
            lambda: self._stake(
                proposed,
                pair=pair,
                current_time=current_time,
                current_rate=current_rate,
                min_stake=min_stake,
                max_stake=max_stake,
                leverage=leverage,
                side=side,
            ),
            denial=0.0,
            unjudged=proposed,
            about=pair,
        )

    def _stake(
        self,
        proposed: Any,
        *,
        pair: str,
        current_time: datetime,
        current_rate: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float,
        side: str,
    ) -> Any:
        stake = number_or_nan(proposed)
        if stake <= 0:
            # 0 and negative numbers are the strategy's own way not to trade.
            return proposed
        effective = effective_stake(stake, number_or_nan(min_stake), number_or_nan(max_stake))
        if effective == 0:
            # freqtrade drops the trade by itself.
            return proposed
        now_ms = to_ms(current_time)
        entry = Entry(pair, side_of(side), Kind.ENTRY, Stage.SIZE, now_ms, effective)
        entry.min_stake = minimum(min_stake)
        entry.leverage = number_or_nan(leverage)
        entry.rate = number_or_nan(current_rate)
        allowed = self._decide(entry)
        if self._run is not None:
            self._run.sized.set((pair, entry.side), Sized(now_ms, entry.leverage))
        return proposed if same_stake(allowed, effective) else allowed

    def confirm(
        self,
        *,
        pair: str,
        amount: float,
        rate: float,
        current_time: datetime,
        side: str = "long",
    ) -> bool:
        """Whether an entry order may be placed. Call it from `confirm_trade_entry`."""
        if not self.active:
            return True
        return self._safely(
            lambda: self._confirm(
                pair=pair, amount=amount, rate=rate, current_time=current_time, side=side
            ),
            denial=False,
            unjudged=True,
            about=pair,
        )

    def _confirm(
        self, *, pair: str, amount: float, rate: float, current_time: datetime, side: str
    ) -> bool:
        now_ms = to_ms(current_time)
        entry = Entry(pair, side_of(side), Kind.ENTRY, Stage.FINAL, now_ms, math.nan)
        try:
            kind, leverage = self._kind_and_leverage(entry)
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            return self._without_answer(entry, error) > 0
        entry.kind = kind
        entry.leverage = leverage
        entry.rate = number_or_nan(rate)
        entry.stake = number_or_nan(amount) * entry.rate / leverage
        allowed = self._decide(entry)
        return same_stake(allowed, entry.stake) or allowed > 0

    def adjust(
        self,
        proposed: Any,
        *,
        trade: Any,
        current_time: datetime,
        current_rate: float,
        min_stake: float | None,
        max_stake: float,
    ) -> Any:
        """The adjustment to use: increases are gated, everything else is returned untouched.

        Call it from `adjust_trade_position` with that hook's result (a number, None, or a tuple
        with a tag) and arguments.
        """
        if not self.active or is_reduction(proposed):
            return proposed
        return self._safely(
            lambda: self._adjust(
                proposed,
                trade=trade,
                current_time=current_time,
                current_rate=current_rate,
                min_stake=min_stake,
                max_stake=max_stake,
            ),
            denial=(None, *proposed[1:]) if isinstance(proposed, tuple) else None,
            unjudged=proposed,
        )

    def _adjust(
        self,
        proposed: Any,
        *,
        trade: Any,
        current_time: datetime,
        current_rate: float,
        min_stake: float | None,
        max_stake: float,
    ) -> Any:
        if additions_used_up(self.strategy, trade):
            # freqtrade ignores the proposal by itself.
            return proposed
        stake = number_or_nan(proposed[0] if isinstance(proposed, tuple) else proposed)
        leverage = number_or_nan(trade.leverage or 1.0)
        least = minimum(min_stake)
        most = number_or_nan(max_stake)
        if self.context is Context.OPTIMIZE and leverage > 0:
            # Backtests tell the minimum of the position, live bots that of the stake.
            least /= leverage
        if effective_stake(stake, least * _SURE_OF_MIN_STAKE, most) == 0:
            return proposed
        effective = effective_stake(stake, least, most) or least
        side = Side.SHORT if trade.is_short else Side.LONG
        entry = Entry(trade.pair, side, Kind.SCALE_IN, Stage.SIZE, to_ms(current_time), effective)
        entry.min_stake = least
        entry.leverage = leverage
        entry.rate = number_or_nan(current_rate)
        allowed = self._decide(entry)
        if same_stake(allowed, effective):
            return proposed
        result = allowed if allowed > 0 else None
        return (result, *proposed[1:]) if isinstance(proposed, tuple) else result

    def sample(self, current_time: datetime) -> None:
        """Samples the account's value when due. Call it from `bot_loop_start`; never raises."""
        if not self.active or self.context is Context.PASSIVE:
            return
        try:
            now_ms = to_ms(current_time)
            run = self._current_run(now_ms)
            if run.session.samples.due(now_ms):
                with run.lock:
                    run.sample(now_ms)
        except Exception as error:  # noqa: BLE001 - a missed sample must not disturb the bot
            self.report(error)

    def filled(self) -> None:
        """An order filled. Call it from `order_filled`; never raises."""
        run = self._run
        if run is not None:
            run.session.samples.filled()

    # ------------------------------------------------------------------------------ deciding

    def _decide(self, entry: Entry) -> float:
        """The stake allowed: the entry's own, less, or 0."""
        try:
            run = self._current_run(entry.now_ms)
            with run.lock:
                if run.stopped:
                    return 0.0
                answer = self._ask(run, entry)
            return self._apply(run, entry, answer)
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            return self._without_answer(entry, error)

    def _ask(self, run: Run, entry: Entry) -> Answer:
        verdict = self._candle_verdict(run, entry.pair)
        snapshot = run.snapshot(entry.now_ms, patient=self.context is Context.TRADE)
        question = Question(
            pair=entry.pair,
            side=entry.side,
            kind=entry.kind,
            stage=entry.stage,
            candle_open_ms=verdict.open_ms,
            now_ms=entry.now_ms,
            size_1024=int(verdict.size * 1024),
            reason=verdict.reason,
            value=verdict.value,
            stake=entry.stake,
            min_stake=entry.min_stake,
            leverage=entry.leverage,
            rate=entry.rate,
        )
        answer = run.session.ask(question, snapshot)
        self.fingerprint = run.session.fingerprint
        run.bridge_up()
        if answer.reason == Reason.STALE and self.context is Context.OPTIMIZE:
            raise NoVerdict(
                f"the newest verdict of {entry.pair} at {utc_text(entry.now_ms)} is that of "
                f"{utc_text(verdict.open_ms)}, which cannot happen in a backtest"
            )
        return answer

    def _apply(self, run: Run, entry: Entry, answer: Answer) -> float:
        if self.settings.mode == "shadow":
            return entry.stake
        if answer.decision is Decision.ALLOW and math.isfinite(entry.stake):
            return entry.stake
        allowed = 0.0
        if answer.decision is Decision.REDUCE and math.isfinite(entry.stake):
            allowed = answer.stake
            if entry.stage is Stage.FINAL:
                # It can no longer be cut, only be placed or not.
                allowed = entry.stake if entry.stake <= allowed * _FINAL_TOLERANCE else 0.0
            elif allowed < entry.min_stake:
                allowed = 0.0
        if allowed < entry.stake or allowed == 0:
            self._log_decision(run, entry, answer, allowed)
        return allowed

    def _candle_verdict(self, run: Run, pair: str) -> CandleVerdict:
        """The verdict of the signal candle, from the strategy's own analysed frame."""
        strategy = self.strategy
        frame, _ = strategy.dp.get_analyzed_dataframe(pair, strategy.timeframe)
        if not len(frame) or columns.SIZE not in frame.columns:
            raise NoVerdict(
                f"the analysed candles of {pair} carry no verdict: does populate_indicators "
                "return the frame it was given?"
            )
        size, reason, value = (
            float(frame[name].iat[-1]) for name in (columns.SIZE, columns.REASON, columns.VALUE)
        )
        open_ms = round(frame["date"].iat[-1].timestamp() * 1000)
        if not 0 <= size <= 1 or not math.isfinite(reason):
            raise NoVerdict(f"the verdict of {pair} was changed: size {size}, reason {reason}")
        if reason < _FIRST_SHIM_REASON:
            return CandleVerdict(open_ms, size, int(reason), value)
        return self._judge_late(run, pair, open_ms, int(reason))

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

    def _kind_and_leverage(self, entry: Entry) -> tuple[Kind, float]:
        """confirm_trade_entry is told neither.

        Backtests confirm every replaced order again, without asking for a stake first; live, only
        new entries are confirmed.
        """
        run = self._current_run(entry.now_ms)
        sized = run.sized.get((entry.pair, entry.side))
        if self.context is Context.OPTIMIZE and (sized is None or sized.now_ms != entry.now_ms):
            for trade in portfolio.open_trades():
                if trade.pair == entry.pair:
                    return Kind.REPLACE, float(trade.leverage or 1.0)
        return Kind.ENTRY, 1.0 if sized is None else sized.leverage

    # ------------------------------------------------------------------------------- failing

    def _safely(self, decide: Callable[[], T], *, denial: T, unjudged: T, about: str = "") -> T:
        """The decision; the denial when making it fails, since freqtrade would enter."""
        try:
            return decide()
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            self.failed(error, about)
            return unjudged if self.settings.mode == "shadow" else denial

    def failed(self, error: Exception, about: str = "") -> None:
        """Tells of a failure: a backtest stops, a bot logs it. Never raises."""
        try:
            if self.context is Context.OPTIMIZE:
                self._stop(error)
            else:
                self.report(error, about)
        except Exception:
            logger.exception("talebridge: a failure could not be reported: %s", error)

    def _stop(self, error: Exception) -> None:
        """Stops a backtest, once."""
        run = self._run
        if run is None or not run.stopped:
            if run is not None:
                run.stopped = True
            hint = f". {self.way_out()}" if is_absence(error) else ""
            stop_run(f"{text_of(error)}{hint}")

    def way_out(self) -> str:
        """How to get a bridge, as one sentence for error messages."""
        if self.may_start_private:
            return spawn.how_to_name(self.settings.directory())
        start = spawn.how_to_start(self.directory)
        if self.context is Context.OPTIMIZE:
            return f"{start}, or set risk_bridge.autostart to auto"
        return start

    @property
    def may_start_private(self) -> bool:
        """Whether this run may start a bridge of its own. A bot's has to outlive it: never live."""
        if self.context is Context.TRADE:
            return False
        wanted = self.settings.autostart
        return wanted == "on" or (wanted == "auto" and self.context is Context.OPTIMIZE)

    def _without_answer(self, entry: Entry, error: Exception) -> float:
        """What an entry gets when the bridge could not be asked or gave no usable answer."""
        reason = reason_of(error)
        if self.context is Context.OPTIMIZE:
            self._stop(error)
            return 0.0
        self.report(error, entry.pair)
        if self.settings.mode == "shadow":
            return entry.stake
        policy = self.settings.on_unavailable
        if policy == "deny" or reason not in _SAME_AS_ABSENT or not math.isfinite(entry.stake):
            return 0.0
        return self._by_policy(entry, policy)

    def _by_policy(self, entry: Entry, policy: str) -> float:
        run = self._run
        verdict = None if run is None else run.verdicts.get(entry.pair)
        newest = 2 if policy == "allow" else self.settings.last_known_max_age_candles
        # Age counts from the candle's close.
        oldest_ms = entry.now_ms - (newest + 1) * self.timeframe_s * 1000
        if verdict is None or verdict.open_ms < oldest_ms:
            allowed = entry.stake if policy == "allow" else 0.0
        else:
            # A verdict that is known holds under either policy.
            allowed = entry.stake * verdict.size
        if entry.stage is Stage.FINAL and allowed > 0:
            # Already cut when its size was asked for.
            allowed = entry.stake
        return allowed if allowed >= entry.min_stake else 0.0

    def report(self, error: Exception, about: str = "") -> None:
        """Logs a failure once: per change for the bridge, per pair and reason for the rest."""
        run = self._run
        reason = reason_of(error)
        text = text_of(error)
        if run is None:
            logger.error("talebridge: %s", text)
        elif reason in _SAME_AS_ABSENT:
            run.bridge_down(reason, text, self._consequence())
        else:
            run.say_once(
                (about, reason),
                lambda message: logger.warning(
                    "talebridge: %s (%s)", message, wire.reason_name(reason), exc_info=error
                ),
                text,
            )

    def _consequence(self) -> str:
        if self.context is Context.PASSIVE:
            return "The risk_ columns stay empty"
        if self.settings.mode == "shadow":
            return "Mode is shadow: entries pass unjudged"
        match self.settings.on_unavailable:
            case "deny":
                return f"{_PAUSED}. {self.way_out()}"
            case "allow":
                return "Entries pass, because on_unavailable is allow"
            case _:
                return "Entries pass on their last known verdict, because on_unavailable says so"

    def _log_decision(self, run: Run, entry: Entry, answer: Answer, allowed: float) -> None:
        name = wire.reason_name(answer.reason)
        verb = "denies" if allowed == 0 else f"cuts to {allowed:.8g}"
        _, meaning, ends = REASON_TEXT.get(answer.reason, ("", "", ""))
        text = (
            f"talebridge {verb} the {entry.side.name.lower()} {entry.kind.name.lower()} of "
            f"{entry.pair} with stake {entry.stake:.8g}: {name} "
            f"({answer.value:.6g}, limit {answer.limit:.6g}). {meaning} Ends: {ends}"
        )
        if self.context is not Context.TRADE:
            logger.debug(text)
            return
        # Asked again every few seconds while the signal lasts.
        key = (entry.pair, entry.side, entry.kind, name, entry.now_ms // (self.timeframe_s * 1000))
        run.say_once(key, logger.info, text)

    # ----------------------------------------------------------------------------------- run

    def open(self) -> None:
        """Says hello with a new run. Raises BridgeError."""
        self._run = None
        run = self._current_run(None)
        with run.lock:
            run.session.open()
        self.fingerprint = run.session.fingerprint

    def _current_run(self, now_ms: int | None) -> Run:
        """This process's run: a new one after unpickling, a fork, and when time goes back."""
        run = self._run
        if run is None or run.pid != os.getpid() or self._went_back(run, now_ms):
            run = self._run = self._new_run()
        if now_ms is not None:
            if now_ms < run.last_ms:
                # A clock that was ahead has been set right: its samples lie in the future.
                with run.lock:
                    run.session.samples.back_to(now_ms)
            run.last_ms = now_ms
        return run

    def _went_back(self, run: Run, now_ms: int | None) -> bool:
        return self.context is Context.OPTIMIZE and now_ms is not None and now_ms < run.last_ms

    def _new_run(self) -> Run:
        settings = self.settings
        strategy = self.strategy
        trade = self.context is Context.TRADE
        key = session_key(
            self.mode_name, type(strategy).__name__, strategy.config, settings.session
        )
        gate_settings = {**settings.gate, "timeframe_s": self.timeframe_s}
        hello_s = settings.hello_timeout_ms / 1000
        batch_s = settings.batch_timeout_s
        terms = Terms(
            hello=Hello(f"talebridge-python/{__version__}", self.mode_name, key, gate_settings),
            engine=engine_settings(settings, self.timeframe_s),
            window_set=settings.window_set,
            # Only a bot's loop is in a hurry: a busy machine must not end a backtest.
            hello_timeout_s=hello_s if trade else max(hello_s, batch_s),
            gate_timeout_s=settings.timeout_ms / 1000 if trade else batch_s,
            batch_timeout_s=min(batch_s, hello_s) if trade else batch_s,
            breaker_s=settings.breaker_s if self.context is not Context.OPTIMIZE else 0.0,
            busy_wait_s=_BUSY_WAIT_S if self.context is Context.OPTIMIZE else 0.0,
        )
        session = Session(self.directory, terms, self.fingerprint)
        return Run(session, Account(strategy, real=self.mode_name == "live"))
