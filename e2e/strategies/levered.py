"""Trades futures in both directions at a leverage of its own, for the liquidation guard to cut."""

from __future__ import annotations

from datetime import datetime

from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated

LIMITS = {"liquidation_guard": 3.0, "max_gross_exposure": None, "max_drawdown": None}


class Levered(IStrategy):
    """Follows a sudden move in either direction, twenty times its stake. Not gated."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = True
    process_only_new_candles = True
    startup_candle_count = 1000
    minimal_roi = {"0": 0.5, "240": -1}
    stoploss = -0.99

    def leverage(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_leverage: float,
        max_leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: object,
    ) -> float:
        return 20.0

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        change = dataframe["close"].pct_change()
        dataframe["move"] = change / change.rolling(96).std()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["move"] > 2.5, "enter_long"] = 1
        dataframe.loc[dataframe["move"] < -2.5, "enter_short"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe


@risk_gated(rules=[], limits=LIMITS)
class LeveredGuarded(Levered):
    """The same, with the guard as the only limit."""


@risk_gated(columns="verdict")
class LeveredVerdict(LeveredGuarded):
    """The same again, with only those columns that the gate and its guard read."""


@risk_gated(rules=[], limits=LIMITS, mode="off")
class LeveredOff(Levered):
    """Switched off: must be the ungated twin, bit for bit."""


@risk_gated(rules=[], limits=LIMITS, mode="shadow")
class LeveredShadow(Levered):
    """Only recorded."""
