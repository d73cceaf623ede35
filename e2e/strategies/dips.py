"""Dip buyers that enter often enough to meet the gate's rules, decorated in every form users may.

One file, so that one ``freqtrade backtesting --strategy-list`` run holds the gated and the ungated
twins side by side.
"""

from __future__ import annotations

import contextlib
import os
import signal
from datetime import datetime, timedelta
from typing import Any

from freqtrade.persistence import Trade
from freqtrade.strategy import IntParameter, IStrategy
from pandas import DataFrame

from talebridge import risk_gated

# The engine's memory M of the standard window set rounded up: with the same count everywhere, gated
# and ungated runs start on the same candle and see the same indicators.
STARTUP_CANDLES = 1000


class Dips(IStrategy):
    """Buys a sudden fall, sells an hour later. Not gated."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = STARTUP_CANDLES
    minimal_roi = {"0": 0.03, "60": -1}
    stoploss = -0.05

    fall_sigma = 2.0

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        change = dataframe["close"].pct_change()
        dataframe["fall"] = -change / change.rolling(96).std()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["fall"] > self.fall_sigma, ["enter_long", "enter_tag"]] = (1, "dip")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe


@risk_gated()
class DipsGated(Dips):
    """The same, gated. Its start-up count is left to the shim."""

    startup_candle_count = 30


@risk_gated(columns="verdict")
class DipsVerdict(DipsGated):
    """The same again, with the verdict's columns alone in its frames."""

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        ours = [name for name in dataframe.columns if name.startswith("risk_")]
        if ours != ["risk_size", "risk_reason", "risk_value"]:
            raise ValueError(f"the frame has {ours}")
        return dataframe


@risk_gated(profile="conservative")
class DipsConservative(Dips):
    """Gated by the profile that also denies."""


@risk_gated(mode="shadow")
class DipsShadow(Dips):
    """Only recorded, never touched."""


@risk_gated(mode="off")
class DipsOff(Dips):
    """Switched off: must be the ungated twin, bit for bit."""

    startup_candle_count = 30


class DipsShort(Dips):
    """The ungated twin of :class:`DipsOff`."""

    startup_candle_count = 30


class DipsChild(DipsConservative):
    """A child that overrides a gated hook without calling the parent's."""

    def confirm_trade_entry(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def custom_stake_amount(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_stake: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        return proposed_stake


@risk_gated(profile="conservative")
class DipsTwice(DipsConservative):
    """Parent and child both decorated."""


@risk_gated()
class DipsHyper(Dips):
    """Something for hyperopt to turn."""

    fall = IntParameter(15, 30, default=20, space="buy")

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["fall"] > self.fall.value / 10, ["enter_long", "enter_tag"]] = (
            1,
            "dip",
        )
        return dataframe


def _kill_bridge(how: signal.Signals = signal.SIGKILL) -> None:
    """Kills the daemon the test named, once: a second call finds nobody."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(os.environ["TALEBRIDGE_E2E_DAEMON_PID"]), how)


@risk_gated()
class DipsKillAtStake(Dips):
    """Kills the bridge between two candles, so that the stake hook is the first to notice."""

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        if Trade.get_trades_proxy(is_open=False):
            _kill_bridge()


@risk_gated()
class DipsKillAtConfirm(Dips):
    """Kills the bridge between stake and confirmation, so that the confirm hook is first to notice.

    Between the two freqtrade only asks its own wallet whether the stake is valid: step in there.
    """

    how = signal.SIGKILL

    def bot_start(self, **kwargs: Any) -> None:
        wallets = self.wallets
        validate = wallets.validate_stake_amount

        def validate_and_kill(*args: Any, **more: Any) -> float:
            if Trade.get_trades_proxy(is_open=False):
                _kill_bridge(self.how)
            return validate(*args, **more)

        wallets.validate_stake_amount = validate_and_kill


@risk_gated()
class DipsFreezeAtConfirm(DipsKillAtConfirm):
    """Freezes it there: the confirmation is sent, and its answer never comes."""

    how = signal.SIGSTOP


@risk_gated()
class DipsKillAtScaleIn(Dips):
    """Kills the bridge when it wants more of a position: the scale-in hook is first to notice."""

    position_adjustment_enable = True

    def adjust_trade_position(
        self, trade: Trade, current_time: datetime, *args: Any, **kwargs: Any
    ) -> float | None:
        if current_time - trade.open_date_utc < timedelta(minutes=10):
            return None
        _kill_bridge()
        return trade.stake_amount / 2
