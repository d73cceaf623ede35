"""Strategies with every hook freqtrade offers, to hold the gate against what people really run.

Each notes how often freqtrade called each of its hooks, and whose code answered, in the file named
by ``TALEBRIDGE_E2E_NOTES`` when the process ends.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import warnings
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from dips import STARTUP_CANDLES
from freqtrade.persistence import Order, Trade
from freqtrade.strategy import IStrategy, informative, stoploss_from_open
from pandas import DataFrame

from talebridge import risk_gated

OWN_COLUMNS = 60
"""As many as strategies with several timeframes have; pandas warns beyond a hundred blocks."""
EXIT_HOOKS = ("custom_exit", "custom_stoploss", "confirm_trade_exit", "custom_exit_price")
COUNTS: dict[str, Counter[str]] = {}


@atexit.register
def _note_counts() -> None:
    file = os.environ.get("TALEBRIDGE_E2E_NOTES")
    if file is None or not COUNTS:
        return
    with Path(file).open("a", encoding="utf-8") as notes:
        for strategy, counts in COUNTS.items():
            notes.write(json.dumps({"strategy": strategy, "counts": counts}) + "\n")


class Busy(IStrategy):
    """Buys dips with limit orders that may not fill, adds to losers, takes profit in parts."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = STARTUP_CANDLES
    minimal_roi: ClassVar = {"0": 0.03}
    stoploss = -0.05
    use_custom_stoploss = True
    position_adjustment_enable = True
    max_entry_position_adjustment = 1
    order_types: ClassVar = {
        "entry": "limit",
        "exit": "limit",
        "stoploss": "market",
        "stoploss_on_exchange": False,
    }
    unfilledtimeout: ClassVar = {"entry": 20, "exit": 20, "unit": "minutes"}

    fall_sigma = 1.8

    @property
    def protections(self) -> list[dict[str, Any]]:
        """Enough of them that a run under --enable-protections locks pairs."""
        return [
            {"method": "CooldownPeriod", "stop_duration_candles": 3},
            {
                "method": "StoplossGuard",
                "lookback_period_candles": 72,
                "trade_limit": 2,
                "stop_duration_candles": 24,
                "only_per_pair": True,
            },
        ]

    def _count(self, hook: str) -> None:
        COUNTS.setdefault(type(self).__name__, Counter())[hook] += 1

    def bot_start(self, **kwargs: Any) -> None:
        """Warnings of pandas about how frames are put together are errors from here on."""
        warnings.simplefilter("error", pd.errors.PerformanceWarning)
        wrapped = [
            name for name in EXIT_HOOKS if getattr(type(self), name) is not getattr(Busy, name)
        ]
        for name in wrapped:
            self._count(f"{name} is not the strategy's own")

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        self._count("bot_loop_start")

    @informative("1h")
    def populate_indicators_1h(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe["trend"] = dataframe["close"].rolling(12).mean()
        return dataframe

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        change = dataframe["close"].pct_change()
        dataframe["fall"] = -change / change.rolling(96).std()
        # Named as FreqAI names its features and targets, one by one as most people add them.
        for lag in range(OWN_COLUMNS):
            dataframe[f"%-lag_{lag}"] = 0.0
        dataframe["&-target"] = change
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        known = dataframe["trend_1h"].notna()
        dip = known & (dataframe["fall"] > self.fall_sigma)
        dataframe.loc[dip, ["enter_long", "enter_tag"]] = (1, "dip")
        if self.can_short:
            spike = known & (dataframe["fall"] < -self.fall_sigma)
            dataframe.loc[spike, ["enter_short", "enter_tag"]] = (1, "spike")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def leverage(self, *args: Any, **kwargs: Any) -> float:
        self._count("leverage")
        return 3.0

    def custom_entry_price(
        self,
        pair: str,
        trade: Trade | None,
        current_time: datetime,
        proposed_rate: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """A little away from the market: filled late, replaced, or never."""
        self._count("custom_entry_price")
        return proposed_rate * (0.998 if side == "long" else 1.002)

    def adjust_entry_price(
        self, trade: Trade, order: Order | None, current_order_rate: float, **kwargs: Any
    ) -> float | None:
        self._count("adjust_entry_price")
        return current_order_rate * (0.9995 if trade.is_short else 1.0005)

    def custom_stake_amount(self, proposed_stake: float, **kwargs: Any) -> float:
        self._count("custom_stake_amount")
        return proposed_stake * 0.5

    def confirm_trade_entry(self, *args: Any, **kwargs: Any) -> bool:
        self._count("confirm_trade_entry")
        return True

    def adjust_trade_position(
        self, trade: Trade, current_time: datetime, current_profit: float, **kwargs: Any
    ) -> float | tuple[float | None, str] | None:
        """Always wants more of a loser, more often than it may; sells a third of a winner once."""
        self._count("adjust_trade_position")
        if trade.has_open_orders:
            return None
        if current_profit < -0.004:
            return trade.stake_amount / 2, "more"
        if current_profit > 0.006 and trade.nr_of_successful_exits == 0:
            return -trade.stake_amount / 3, "less"
        return None

    def order_filled(self, pair: str, trade: Trade, order: Order, **kwargs: Any) -> None:
        self._count("order_filled")

    def custom_stoploss(
        self, trade: Trade, current_profit: float, after_fill: bool, **kwargs: Any
    ) -> float | None:
        self._count("custom_stoploss")
        if current_profit > 0.01:
            return stoploss_from_open(
                0.002, current_profit, is_short=trade.is_short, leverage=trade.leverage
            )
        return None

    def custom_exit(self, trade: Trade, current_time: datetime, **kwargs: Any) -> str | None:
        self._count("custom_exit")
        return "two_hours" if current_time - trade.open_date_utc >= timedelta(hours=2) else None

    def custom_exit_price(self, proposed_rate: float, **kwargs: Any) -> float:
        self._count("custom_exit_price")
        return proposed_rate

    def confirm_trade_exit(self, *args: Any, **kwargs: Any) -> bool:
        self._count("confirm_trade_exit")
        return True


@risk_gated(mode="shadow")
class BusyShadow(Busy):
    """Recorded and not touched."""


class _Measured:
    """Notes how many candles are judged, and how many of those against a market pair."""

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        counts = COUNTS.setdefault(type(self).__name__, Counter())
        judged = dataframe["risk_sigma_rank"].notna()
        counts["judged"] += int(judged.sum())
        counts["measured"] += int((judged & (dataframe["risk_market_n"] > 200)).sum())
        # What freqtrade puts where an exchange had no candles.
        silent = dataframe["volume"] == 0
        counts["silent"] += int(silent.sum())
        counts["silent, judged"] += int((silent & (dataframe["risk_size"] > 0)).sum())
        return super().populate_entry_trend(dataframe, metadata)


@risk_gated(profile="conservative", limits={"max_side_positions": 2})
class BusyGated(_Measured, Busy):
    """Gated."""


class BusyFutures(Busy):
    """Both sides, with leverage."""

    can_short = True


@risk_gated(mode="shadow")
class BusyFuturesShadow(BusyFutures):
    """Recorded and not touched."""


@risk_gated(profile="conservative", limits={"max_side_positions": 2})
class BusyFuturesGated(_Measured, BusyFutures):
    """Gated."""


class _Crowd(IStrategy):
    """Wants every pair on every candle."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    startup_candle_count = STARTUP_CANDLES
    minimal_roi: ClassVar = {"30": -1}
    stoploss = -0.05

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["volume"] > 0, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe


@risk_gated(limits={"max_gross_exposure": 0.15})
class Pending(_Crowd):
    """Its orders never fill: only what is pending can be in the next one's way."""

    unfilledtimeout: ClassVar = {"entry": 10, "exit": 10, "unit": "minutes"}

    def custom_entry_price(self, proposed_rate: float, **kwargs: Any) -> float:
        return proposed_rate * 0.5


@risk_gated(limits={"max_pair_exposure": 0.15})
class Insists(_Crowd):
    """Wants the same addition on every candle, though its order for that is still open."""

    ADDITION = 400.0
    position_adjustment_enable = True

    def custom_entry_price(self, trade: Trade | None, proposed_rate: float, **kwargs: Any) -> float:
        return proposed_rate if trade is None else proposed_rate * 0.5

    def adjust_trade_position(self, *args: Any, **kwargs: Any) -> float:
        return self.ADDITION


@risk_gated(profile="conservative")
class Tiny(_Crowd):
    """Its stakes are just above the exchange's minimum: a cut falls below it."""

    def custom_stake_amount(self, min_stake: float | None, **kwargs: Any) -> float:
        return (min_stake or 0.0) * 1.02


@risk_gated()
class Wild(_Crowd):
    """Computes stakes that are none."""

    STAKES = (math.nan, math.inf, -math.inf)

    def custom_stake_amount(self, current_time: datetime, **kwargs: Any) -> float:
        return self.STAKES[current_time.minute // 5 % len(self.STAKES)]


@risk_gated()
class Drops(_Crowd):
    """Throws away every column it does not know before it decides."""

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        candles = ["date", "open", "high", "low", "close", "volume"]
        return super().populate_entry_trend(dataframe[candles].copy(), metadata)
