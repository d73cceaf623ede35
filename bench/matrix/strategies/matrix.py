"""What real strategies do, in one file: for the matrix of freqtrade releases and its exports.

Each class three times: ungated, in shadow mode and gated, all from the same candle. Not meant to
earn anything.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated

STARTUP_CANDLES = 1000
"""The engine's memory of the standard window set, rounded up."""
CUTS: dict[str, Any] = {
    "profile": "conservative",
    "rules": [{"measure": "jump", "from": 1.5, "to": 4, "min_size": 0.25, "deny_above": 6}],
}
"""Cuts stakes often enough that a short backtest shows it."""


class SpotPlain(IStrategy):
    """Buys below the mean of eight hours, sells above it; what is open at the end is forced out."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = STARTUP_CANDLES
    minimal_roi = {"0": 0.03}
    stoploss = -0.06

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        close = dataframe["close"]
        dataframe["score"] = (close - close.rolling(96).mean()) / close.rolling(96).std()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["score"] < -1.5, ["enter_long", "enter_tag"]] = (1, "low")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["score"] > 1.5, ["exit_long", "exit_tag"]] = (1, "high")
        return dataframe


@risk_gated(mode="shadow")
class SpotShadow(SpotPlain):
    """Only recorded."""


@risk_gated(**CUTS)
class SpotGated(SpotPlain):
    """Gated."""


class DcaPlain(SpotPlain):
    """Buys more as it falls, sells a third on the way up; stakes of its own, confirms itself."""

    stoploss = -0.2
    position_adjustment_enable = True

    def custom_stake_amount(self, pair: str, *args: Any, **kwargs: Any) -> float:
        return float(kwargs["proposed_stake"]) / 4

    def confirm_trade_entry(self, pair: str, *args: Any, **kwargs: Any) -> bool:
        return kwargs["current_time"].hour != 3

    def adjust_trade_position(
        self,
        trade: Trade,
        current_time: datetime,
        current_rate: float,
        current_profit: float,
        *args: Any,
        **kwargs: Any,
    ) -> float | None:
        entries = trade.nr_of_successful_entries
        if entries < 3 and current_profit < -0.006 * entries:
            return trade.select_filled_orders(trade.entry_side)[0].stake_amount
        if current_profit > 0.004 and trade.nr_of_successful_exits == 0:
            return -trade.stake_amount / 3
        return None


@risk_gated(mode="shadow")
class DcaShadow(DcaPlain):
    """Only recorded."""


@risk_gated(**CUTS)
class DcaGated(DcaPlain):
    """Gated."""


class FuturesPlain(SpotPlain):
    """Both sides, three times leveraged."""

    can_short = True

    def leverage(self, pair: str, *args: Any, **kwargs: Any) -> float:
        return 3.0

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["score"] < -1.5, ["enter_long", "enter_tag"]] = (1, "low")
        dataframe.loc[dataframe["score"] > 1.5, ["enter_short", "enter_tag"]] = (1, "high")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["score"] > 0.5, ["exit_long", "exit_tag"]] = (1, "mean")
        dataframe.loc[dataframe["score"] < -0.5, ["exit_short", "exit_tag"]] = (1, "mean")
        return dataframe


@risk_gated(mode="shadow")
class FuturesShadow(FuturesPlain):
    """Only recorded."""


@risk_gated(**CUTS)
class FuturesGated(FuturesPlain):
    """Gated."""
