"""A strategy on strings: it does what the file named by ``TALEBRIDGE_E2E_STRINGS`` says, at once.

It analyses in every loop of the bot, so nothing has to wait for the next candle.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy, merge_informative_pair
from pandas import DataFrame

from talebridge import risk_gated


def _strings(name: str) -> Any:
    file = os.environ.get("TALEBRIDGE_E2E_STRINGS")
    return {} if file is None else json.loads(Path(file).read_text()).get(name, {})


@risk_gated()
class Puppet(IStrategy):
    """Longs on spot."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = False
    process_only_new_candles = False
    startup_candle_count = 30
    minimal_roi: ClassVar = {"0": 10.0}
    stoploss = -0.2
    position_adjustment_enable = True
    order_types: ClassVar = {
        "entry": "limit",
        "exit": "limit",
        "force_exit": "market",
        "stoploss": "limit",
        "stoploss_on_exchange": True,
    }

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        side = _strings("enter").get(metadata["pair"])
        if side is not None:
            dataframe.loc[dataframe.index[-1], [f"enter_{side}", "enter_tag"]] = (1, "told")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        """The simulated exchange fills orders whole or not at all, so its book is changed here."""
        for order in self.dp._exchange._dry_run_open_orders.values():
            if order["symbol"] in _strings("half") and order["status"] == "open":
                half = order["amount"] / 2
                order.update({"status": "canceled", "filled": half, "remaining": half})

    def custom_entry_price(
        self, pair: str, proposed_rate: float, side: str, **kwargs: Any
    ) -> float:
        if pair not in _strings("far"):
            return proposed_rate
        return proposed_rate * (0.5 if side == "long" else 1.5)

    def adjust_entry_price(
        self, trade: Trade, current_order_rate: float, **kwargs: Any
    ) -> float | None:
        """freqtrade asks when a candle is new, and replaces an order whose price is another."""
        return current_order_rate * (0.99 if trade.pair in _strings("replace") else 1.0)

    def adjust_trade_position(self, trade: Trade, **kwargs: Any) -> float | None:
        """Once each way, else the bot would go on in its next loop."""
        more = _strings("add").get(trade.pair)
        if more is None or trade.has_open_orders:
            return None
        done = trade.nr_of_successful_exits if more < 0 else trade.nr_of_successful_entries - 1
        return None if done else more

    def custom_exit(self, pair: str, **kwargs: Any) -> str | None:
        return "told" if pair in _strings("exit") else None


@risk_gated()
class PuppetFutures(Puppet):
    """Both sides, with leverage."""

    can_short = True

    def leverage(self, *args: Any, **kwargs: Any) -> float:
        return 3.0


@risk_gated()
class Follower(Puppet):
    """Does what another bot's signals say, as freqtrade's documentation has it."""

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        theirs, _ = self.dp.get_producer_df(metadata["pair"])
        if theirs.empty:
            dataframe["enter_long_default"] = 0
            return dataframe
        frame = self.timeframe
        return merge_informative_pair(
            dataframe, theirs, frame, frame, append_timeframe=False, suffix="default"
        )

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["enter_long_default"] == 1, ["enter_long", "enter_tag"]] = (
            1,
            "followed",
        )
        return dataframe
