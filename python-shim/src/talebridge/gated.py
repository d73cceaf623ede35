"""A strategy under the gate: its settings, how it is run, and this process's run of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from talebridge import chosen, messages, published
from talebridge._generated import MEMORY_ROWS
from talebridge._version import __version__
from talebridge.backlog import Backlog
from talebridge.config import Settings, engine_settings, resolve
from talebridge.facts import Facts
from talebridge.history import History
from talebridge.marks import Closes
from talebridge.modes import Context, run_mode, timeframe_seconds
from talebridge.parameters import Parameters
from talebridge.place import Place
from talebridge.portfolio import Account
from talebridge.run import Run, session_key
from talebridge.session import Session, Snapshot, Terms
from talebridge.wire import Hello

_RESTART_WAIT_S = 10.0
"""How long a hyperopt waits for a bridge that was there to be started again."""
_BUSY_WAIT_S = 600.0
"""How long a backtest or hyperopt waits for its turn while other workers keep the bridge busy."""


class Gated:
    """What all parts of a gate know. Pickled with the strategy, without the run.

    Raises SettingsRejected or ValueError when the settings or the timeframe are invalid.
    """

    def __init__(self, strategy: Any, sources: Sequence[Mapping[str, Any]]) -> None:
        config = strategy.config
        self.strategy = strategy
        self.settings: Settings = resolve([*sources, config.get("risk_bridge")])
        self.parameters = Parameters(strategy, self.settings)
        self._values: tuple[Any, ...] = ()
        """Of the parameters, which the settings are made with."""
        self._follow()
        self.mode_name, self.context = run_mode(config)
        timeframe = config.get("timeframe") or getattr(strategy, "timeframe", None)
        self.timeframe_s = timeframe_seconds(timeframe) if self.active else 0
        self.place: Place = self.settings.place()
        """Of the bridge in use: that of the settings, or of a private one."""
        self.private = False
        """Whether that is a private one, which nobody starts again."""
        self.met = False
        """Whether that bridge has answered since the strategy was made."""
        self.fingerprint: str | None = None
        """Of the decisions, as the bridge told it; None before the first hello."""
        self.closes = Closes()
        limits = self.settings.gate.get("limits") or {}
        self.facts = Facts(config, {**limits, **dict.fromkeys(self.parameters.limits, True)})
        self.columns = chosen.with_more(self.settings.columns, self.facts.columns)
        """Of the frames, in the manifest's order: the same as long as the strategy lives."""
        self.history: History | None = None
        """Of closes; None where no limit asks for them."""
        if self.active and self.facts.closes:
            rows = MEMORY_ROWS[self.settings.window_set]
            self.history = History(strategy, self.closes, self.timeframe_s, rows)
        self.run: Run | None = None
        """The last run; possibly another process's. `current_run` gives this process's."""
        self.begin: Callable[[], None] | None = None
        """What is left to do before the first run: a bridge on its way has to be greeted."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "run": None, "begin": None}

    @property
    def active(self) -> bool:
        """False in mode `off`, where nothing is asked and nothing changes."""
        return self.settings.mode != "off"

    @property
    def shadow(self) -> bool:
        """Whether everything is asked and recorded but nothing changed."""
        return self.settings.mode == "shadow"

    @property
    def lazy(self) -> bool:
        """Whether equity is sampled when somebody asks, because the past can still be valued."""
        return self.context is Context.OPTIMIZE

    @property
    def guards_leverage(self) -> bool:
        """Whether leverages are capped before entries."""
        futures = str(self.strategy.config.get("trading_mode", "spot")) == "futures"
        wanted = self.limit("liquidation_guard") is not None
        return self.active and futures and (wanted or "liquidation_guard" in self.parameters.limits)

    @property
    def _outlives_restarts(self) -> bool:
        """Whether a bridge that goes away is waited for: a hyperopt is hours of work, and every
        question goes on with a new session."""
        return self.mode_name == "hyperopt" and self.met and not self.private

    def limit(self, key: str) -> float | None:
        """The level of an account limit that no profile switches on; None when it is off."""
        level: float | None = (self.settings.gate.get("limits") or {}).get(key)
        return level

    @property
    def may_start_private(self) -> bool:
        """Whether this run may start a bridge of its own. A bot's has to outlive it: never live."""
        if self.context is Context.TRADE:
            return False
        wanted = self.settings.autostart
        return wanted == "on" or (wanted == "auto" and self.context is Context.OPTIMIZE)

    def open(self) -> None:
        """Says hello with a new run. Raises BridgeError."""
        self.run = None
        run = self.current_run()
        with run.lock:
            run.session.open()
        self.fingerprint = run.session.fingerprint
        self.met = True

    def account(self, run: Run, now_ms: int) -> Snapshot:
        """The account now, with a way to the trades the bridge has not heard of."""
        snapshot = run.snapshot(now_ms, patient=self.context is Context.TRADE)
        return replace(snapshot, closed=self.facts.closed)

    def record(self) -> None:
        """Notes for the result file what this run decides by."""
        published.record(self.strategy.config, self.settings, self.fingerprint)

    def begun(self) -> None:
        """Does what is left to do before the first run. Raises BridgeError, each time anew."""
        begin = self.begin
        if begin is not None:
            self.begin = None
            try:
                begin()
            except BaseException:
                self.begin = begin
                raise

    def current_run(self, now_ms: int | None = None) -> Run:
        """This process's run: a new one after unpickling, a fork, when time goes back, and when a
        parameter that settings follow has changed.

        Raises SettingsRejected when it now makes invalid settings, and BridgeError when a
        backtest's new run gets no answer.
        """
        self.begun()
        if self.parameters and self._follow():
            # Its decisions are others, and so is their fingerprint.
            self.run = self.fingerprint = None
            if self.context is Context.OPTIMIZE:
                self.open()
                self.record()
        run = self.run
        if run is None or run.pid != os.getpid() or self._went_back(run, now_ms):
            run = self.run = self._new_run()
        if now_ms is not None:
            if now_ms < run.last_ms:
                # A clock that was ahead has been set right: its samples lie in the future.
                with run.lock:
                    run.session.samples.back_to(now_ms)
            run.last_ms = now_ms
        return run

    def _follow(self) -> bool:
        """Makes the settings anew where a parameter has another value; whether one has."""
        values = self.parameters.values(self.strategy)
        if values == self._values:
            return False
        self.settings = self.parameters.applied(values)
        self._values = values
        return True

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
            hello=Hello(
                f"talebridge-python/{__version__}",
                self.mode_name,
                key,
                gate_settings,
                strategy.config.get("stake_currency"),
            ),
            engine=engine_settings(settings, self.timeframe_s),
            window_set=settings.window_set,
            columns=self.columns,
            # Only a bot's loop is in a hurry: a busy machine must not end a backtest.
            hello_timeout_s=hello_s if trade else max(hello_s, batch_s),
            gate_timeout_s=settings.timeout_ms / 1000 if trade else batch_s,
            batch_timeout_s=min(batch_s, hello_s) if trade else batch_s,
            breaker_s=settings.breaker_s if self.context is not Context.OPTIMIZE else 0.0,
            deadlines=trade,
            busy_wait_s=_BUSY_WAIT_S if self.context is Context.OPTIMIZE else 0.0,
            restart_wait_s=_RESTART_WAIT_S if self._outlives_restarts else 0.0,
        )
        session = Session(self.place, terms, self.fingerprint)
        backlog = None
        if self.lazy:
            backlog = Backlog(session.samples, self.closes, self.timeframe_s * 1000)
        real = self.mode_name == "live"
        account = Account(strategy, real=real, stops=self.facts.stops)
        return Run(session, account, backlog, messages.sender(strategy) if trade else None)
