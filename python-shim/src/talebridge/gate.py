"""`RiskGate`: the gate of one strategy object, as its hooks call it.

freqtrade takes an exception in an entry hook for approval, so every public method here returns an
explicit decision whatever happens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from talebridge import setup
from talebridge._generated import Kind, Side, Stage
from talebridge.abort import operational_exception
from talebridge.candles import Candles
from talebridge.decide import Decider
from talebridge.entry import (
    Entry,
    additions_used_up,
    effective_stake,
    is_reduction,
    minimum,
    number_or_nan,
    same_stake,
    to_ms,
)
from talebridge.errors import SettingsRejected
from talebridge.failures import Failures
from talebridge.gated import Gated
from talebridge.leverage import LeverageGuard
from talebridge.locks import Locks
from talebridge.modes import Context
from talebridge.portfolio import pending_stake
from talebridge.run import side_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from talebridge.columns import Block

_SURE_OF_MIN_STAKE = 0.9
"""adjust_trade_position is told a minimum that is up to a ninth above the one freqtrade then uses:
backtests add a reserve for a stop-loss of 10 %, and custom_entry_price moves it by the price."""


class RiskGate:
    """The gate of one strategy object.

    `@risk_gated` makes one by itself; `self.risk = RiskGate(self, profile="conservative")` at the
    end of a strategy's `__init__` is for those who call `annotate`, `leverage`, `stake`,
    `confirm`, `adjust` and `sample` from their own hooks.

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
        try:
            self.gated = Gated(strategy, sources)
            self.failures = Failures(self.gated)
            self._candles = Candles(self.gated, self.failures)
        except (SettingsRejected, ValueError) as error:
            raise operational_exception(f"talebridge: {error}") from None
        self._decider = Decider(self.gated, self.failures, self._candles)
        self._guard = LeverageGuard(self.gated)
        self._locks = Locks(self.gated, self.failures)
        if self.active:
            setup.check_hooks(self.gated)
            setup.check_history(self.gated)
            window_set = self.gated.settings.window_set
            setup.raise_startup_candles(strategy, window_set, recursive=self._candles.recursive)
            setup.first_contact(self.gated, self.failures)

    @property
    def active(self) -> bool:
        """False in mode `off`, where nothing is asked and nothing changes."""
        return self.gated.active

    # ------------------------------------------------------------------------------- candles

    def annotate(self, dataframe: DataFrame, metadata: Mapping[str, Any]) -> DataFrame:
        """The frame with the `risk_` columns. Call it from `populate_indicators`.

        Live, a failure gives columns that deny; in backtests it raises OperationalException.
        """
        return self.annotate_from(dataframe, dataframe, metadata)

    def annotate_from(
        self, candles: DataFrame | Block, dataframe: DataFrame, metadata: Mapping[str, Any]
    ) -> DataFrame:
        """As `annotate`, with the columns computed from other candles than the frame holds."""
        if not self.active:
            return dataframe
        return self._candles.annotate(candles, dataframe, metadata)

    def read_candles(self, dataframe: DataFrame) -> Block | DataFrame:
        """The candles before the strategy's own code may change them; the frame if unreadable."""
        return self._candles.read(dataframe)

    def informative_pairs(self, own: Any) -> Any:
        """The strategy's informative pairs with the market pair among them. Call it from
        `informative_pairs` with what that hook would return; needed if `market_pair` is set."""
        return self._candles.market.with_informative(own) if self.active else own

    # ------------------------------------------------------------------------------- entries

    def leverage(
        self, proposed: Any, *, pair: str, current_time: datetime, max_leverage: float, side: str
    ) -> Any:
        """The leverage to use for a new entry: `proposed` itself or less, never below 1.

        Call it from `leverage` with what that hook was given. Only the liquidation guard cuts.
        """
        wanted = number_or_nan(proposed)
        if not self.gated.guards_leverage or math.isnan(wanted):
            return proposed
        most = number_or_nan(max_leverage)
        with self.failures.caught(pair):
            return self._guard.cap(proposed, most, pair, side_of(side), to_ms(current_time))
        return proposed if self.gated.shadow else min(wanted, 1.0)

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
        with self.failures.caught(pair):
            stake = number_or_nan(proposed)
            if stake <= 0:
                # 0 and negative numbers are the strategy's own way not to trade.
                return proposed
            effective = effective_stake(stake, number_or_nan(min_stake), number_or_nan(max_stake))
            if effective == 0:
                # freqtrade drops the trade by itself.
                return proposed
            entry = Entry(
                pair, side_of(side), Kind.ENTRY, Stage.SIZE, to_ms(current_time), effective
            )
            entry.min_stake = minimum(min_stake)
            entry.leverage = number_or_nan(leverage)
            entry.rate = number_or_nan(current_rate)
            allowed = self._decider.size(entry)
            if allowed is None:
                return 0.0
            return proposed if same_stake(allowed, effective) else allowed
        return proposed if self.gated.shadow else 0.0

    def confirm(
        self,
        *,
        pair: str,
        amount: float,
        rate: float,
        current_time: datetime,
        side: str = "long",
        sampled_next: bool = False,
    ) -> bool:
        """Whether an entry order may be placed. Call it from `confirm_trade_entry`.

        `sampled_next`: whether `sample` is sure to be called when the next candle starts, and
        before, `confirm` or `stake` for whatever else is entered: then a backtest need not wait for
        an answer that is known.
        """
        if not self.active:
            return True
        with self.failures.caught(pair):
            entry = Entry(
                pair, side_of(side), Kind.ENTRY, Stage.FINAL, to_ms(current_time), math.nan
            )
            entry.rate = number_or_nan(rate)
            return self._decider.confirm(entry, number_or_nan(amount), heard_next=sampled_next)
        return self.gated.shadow

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
        with self.failures.caught():
            if additions_used_up(self.gated.strategy, trade):
                # freqtrade ignores the proposal by itself.
                return proposed
            stake = number_or_nan(proposed[0] if isinstance(proposed, tuple) else proposed)
            leverage = number_or_nan(trade.leverage or 1.0)
            least = minimum(min_stake)
            most = number_or_nan(max_stake)
            if self.gated.context is Context.OPTIMIZE and leverage > 0:
                # Backtests tell the minimum of the position, live bots that of the stake.
                least /= leverage
            if effective_stake(stake, least * _SURE_OF_MIN_STAKE, most) == 0:
                return proposed
            effective = effective_stake(stake, least, most) or least
            side = Side.SHORT if trade.is_short else Side.LONG
            now_ms = to_ms(current_time)
            entry = Entry(trade.pair, side, Kind.SCALE_IN, Stage.SIZE, now_ms, effective)
            # freqtrade asks again while the order for the last addition is open.
            entry.replaces = pending_stake(trade)
            entry.min_stake = least
            entry.leverage = leverage
            entry.rate = number_or_nan(current_rate)
            allowed = self._decider.size(entry)
            if allowed is not None and same_stake(allowed, effective):
                return proposed
            return (allowed, *proposed[1:]) if isinstance(proposed, tuple) else allowed
        if self.gated.shadow:
            return proposed
        return (None, *proposed[1:]) if isinstance(proposed, tuple) else None

    # ------------------------------------------------------------------------------- account

    def sample(self, current_time: datetime) -> bool:
        """Samples the account's value when due, and mirrors denials as locks if that is wanted.
        Call it from `bot_loop_start`; never raises.

        Returns whether the next candle's call is needed: a backtest can do without most.
        """
        if not self.active or self.gated.context is Context.PASSIVE:
            return False
        try:
            now_ms = to_ms(current_time)
            run = self.gated.current_run(now_ms)
            run.standing = None
            self._decider.settle()
            if run.session.samples.due(now_ms):
                with run.lock:
                    run.sample(now_ms)
            self._locks.mirror(now_ms)
        except Exception as error:  # noqa: BLE001 - a missed sample must not disturb the bot
            self.failures.report(error)
            return True
        return run.backlog is None or run.backlog.blind

    def filled(self, *, sampled_next: bool = False) -> None:
        """An order filled. Call it from `order_filled`; never raises.

        `sampled_next`: whether `sample` is sure to be called when the next candle starts.
        """
        run = self.gated.run
        if run is not None:
            run.standing = None
            run.session.samples.filled()
            if run.backlog is not None and not sampled_next:
                run.backlog.forget()

    def link(self, trade: Any) -> None:
        """Notes on a bot's trade which line of the journal let it in; never raises."""
        run = self.gated.run
        if run is None or self.gated.context is not Context.TRADE:
            return
        try:
            side = Side.SHORT if trade.is_short else Side.LONG
            line = run.let_in.pop((trade.pair, side))
            if line is not None:
                trade.set_custom_data("talebridge", asdict(line))
        except Exception as error:  # noqa: BLE001 - a missing note must not disturb the bot
            self.failures.report(error)
