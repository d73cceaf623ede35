"""For `npm run campaign:dryrun`: a bot that is always busy, twice, with the gate and without.

Every other minute into every pair, more of it after twenty seconds, out when a minute old. Notes
what freqtrade asks of it as lines of JSON in the file named by `TALEBRIDGE_NOTES`.
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated

_YOUNG = timedelta(seconds=20)


def _note(kind: str, pair: str) -> None:
    line = json.dumps({"t_ms": round(time.time() * 1000), "kind": kind, "pair": pair})
    with Path(os.environ["TALEBRIDGE_NOTES"]).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


class HourPlain(IStrategy):
    """Not gated."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = False
    process_only_new_candles = True
    # The engine's memory, rounded up: both bots load and analyse frames of the same length.
    startup_candle_count = 1000
    minimal_roi = {"0": 10.0, "1": -1}
    stoploss = -0.5
    position_adjustment_enable = True
    max_entry_position_adjustment = 1

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe["mean"] = dataframe["close"].ewm(span=20).mean()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        turn = sum(metadata["pair"].encode()) % 2
        minute = dataframe["date"].dt.minute
        dataframe.loc[minute % 2 == turn, ["enter_long", "enter_tag"]] = (1, "turn")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def custom_entry_price(self, pair: str, *args: Any, **kwargs: Any) -> float:
        """The first thing freqtrade asks about an entry it wants to make: before any gate."""
        _note("wants in", pair)
        return float(kwargs["proposed_rate"])

    def adjust_trade_position(
        self, trade: Trade, current_time: datetime, *args: Any, **kwargs: Any
    ) -> float | None:
        if trade.has_open_orders or trade.nr_of_successful_entries > 1:
            return None
        return trade.stake_amount / 2 if current_time - trade.open_date_utc > _YOUNG else None

    def confirm_trade_exit(self, pair: str, *args: Any, **kwargs: Any) -> bool:
        """Exits that are about to be made."""
        _note("goes out", pair)
        return True


@risk_gated(profile="conservative")
class HourGated(HourPlain):
    """The same, gated."""
