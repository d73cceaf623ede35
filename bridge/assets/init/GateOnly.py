"""The smallest gated strategy: a dip buyer with a stop, and two lines of talebridge."""

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated


@risk_gated
class GateOnly(IStrategy):
    """Buys a fall of more than 2.5 standard deviations from the eight-hour mean, sells at the mean.

    Entries are allowed, cut or denied by the bridge; stop-loss and exits are freqtrade's alone.
    """

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 96

    minimal_roi = {"0": 0.04, "240": 0.01, "720": 0}
    stoploss = -0.05

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
