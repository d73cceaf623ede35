"""One strategy under three breakers with one limit: ours, and both of freqtrade's own.

It holds what it bought for hours, so that an account loses before a trade is closed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated

MAX_DRAWDOWN = 0.04


class Breaker(IStrategy):
    """Buys falls and sells six hours later."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 1000
    minimal_roi: ClassVar = {"0": 0.04, "360": -1}
    stoploss = -0.2

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        change = dataframe["close"].pct_change()
        dataframe["fall"] = -change / change.rolling(96).std()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["fall"] > 2, ["enter_long", "enter_tag"]] = (1, "dip")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe


@risk_gated(
    rules=[],
    limits={
        "max_drawdown": MAX_DRAWDOWN,
        "max_daily_loss": None,
        "max_gross_exposure": None,
    },
)
class BreakerGated(Breaker):
    """By mark-to-market equity against its high-water mark."""


def _protection(mode: str) -> list[dict[str, Any]]:
    return [
        {
            "method": "MaxDrawdown",
            "lookback_period_candles": 30 * 288,
            "trade_limit": 1,
            "stop_duration_candles": 288,
            "max_allowed_drawdown": MAX_DRAWDOWN,
            "calculation_mode": mode,
        }
    ]


class BreakerRatios(Breaker):
    """By freqtrade's protection as it comes: the sum of closed trades' ratios."""

    @property
    def protections(self) -> list[dict[str, Any]]:
        return _protection("ratios")


class BreakerEquity(Breaker):
    """By freqtrade's protection on the account, closed trades only."""

    @property
    def protections(self) -> list[dict[str, Any]]:
        return _protection("equity")
