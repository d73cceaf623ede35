"""A gated strategy that sizes its own stakes; the gate can only make them smaller."""

from datetime import datetime
from typing import Any

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated


@risk_gated(profile="aggressive")
class GateAndSizing(IStrategy):
    """A dip buyer that stakes less when the pair moves more, by the engine's own volatility."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 96

    minimal_roi = {"0": 0.04, "240": 0.01, "720": 0}
    stoploss = -0.05

    typical_sigma = 0.002

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
        """Half to all of the proposed stake, by how volatile the pair is now.

        `risk_sigma`, like every measure, is NaN where the bridge gave none: the comparison is
        written so that NaN keeps the proposed stake, which is the gate's to deny.
        """
        dataframe, _ = self.dp.get_analyzed_dataframe(pair, self.timeframe)
        sigma = dataframe["risk_sigma"].iat[-1]
        if sigma > self.typical_sigma:
            return proposed_stake * max(0.5, self.typical_sigma / sigma)
        return proposed_stake
