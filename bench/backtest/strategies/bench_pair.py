"""The dip buyer of strategies/GateOnly.py: as it is without the gate, and gated.

All load as many start-up candles, so that all trade from the same candle and see the same
indicators: what differs is the gate alone.
"""

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated

STARTUP_CANDLES = 1000
"""The engine's memory of the standard window set, rounded up."""


class BenchPlain(IStrategy):
    """Buys a fall of more than 2.5 standard deviations from the eight-hour mean, sells at it."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = STARTUP_CANDLES

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


@risk_gated
class BenchGated(BenchPlain):
    """The same, gated with the default settings."""


@risk_gated(columns="verdict")
class BenchVerdict(BenchPlain):
    """Gated with the default settings, its frames with the verdict's columns alone."""


@risk_gated(mode="shadow")
class BenchShadow(BenchPlain):
    """The same trades as BenchPlain, every entry asked about."""
