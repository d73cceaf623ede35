"""A gated strategy that adds to losing positions: every addition is gated like an entry."""

from datetime import datetime
from typing import Any

import numpy as np
from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated


@risk_gated
class DcaGated(IStrategy):
    """Buys a dip with a third of the stake and adds a third at 1.5 % and at 3 % below."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 96

    minimal_roi = {"0": 0.03, "240": 0.01, "720": 0}
    stoploss = -0.08

    position_adjustment_enable = True
    max_entry_position_adjustment = 2
    levels = (-0.015, -0.03)

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        price = np.log(dataframe["close"])
        window = price.rolling(96)
        dataframe["distance"] = (price - window.mean()) / window.std()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        fell = (dataframe["distance"] < -2.5) & (dataframe["volume"] > 0)
        dataframe.loc[fell, ["enter_long", "enter_tag"]] = (1, "dip")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["distance"] > 0, ["exit_long", "exit_tag"]] = (1, "mean")
        return dataframe

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
        """Leaves room for the additions."""
        return proposed_stake / (1 + self.max_entry_position_adjustment)

    def adjust_trade_position(
        self,
        trade: Trade,
        current_time: datetime,
        current_rate: float,
        current_profit: float,
        min_stake: float | None,
        max_stake: float,
        current_entry_rate: float,
        current_exit_rate: float,
        current_entry_profit: float,
        current_exit_profit: float,
        **kwargs: Any,
    ) -> float | tuple[float | None, str | None] | None:
        """The next third, once the position is far enough below its average."""
        entries = trade.nr_of_successful_entries
        if trade.has_open_orders or not 1 <= entries <= len(self.levels):
            return None
        if current_profit > self.levels[entries - 1]:
            return None
        return trade.stake_amount / entries, f"add_{entries}"
