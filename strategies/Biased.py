"""Deliberately wrong: looks into the future. Never trade it.

It is here to show that freqtrade's lookahead-analysis finds a bias in a gated strategy, so that its
clean bill for the other samples means something.
"""

from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated


@risk_gated
class Biased(IStrategy):
    """Buys when the price will be higher in an hour."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 96

    minimal_roi = {"0": 0.01, "60": 0}
    stoploss = -0.05

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe["future_return"] = dataframe["close"].shift(-12) / dataframe["close"] - 1
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        rises = (dataframe["future_return"] > 0.004) & (dataframe["volume"] > 0)
        dataframe.loc[rises, ["enter_long", "enter_tag"]] = (1, "oracle")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["future_return"] < -0.004, ["exit_long", "exit_tag"]] = (
            1,
            "oracle",
        )
        return dataframe
