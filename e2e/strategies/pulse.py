"""For a bot on one-minute candles that is always busy: in on every candle, out a minute later.

Notes what freqtrade asks of it as lines of JSON in the file named by ``TALEBRIDGE_E2E_NOTES``.
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame

from talebridge import risk_gated


def _note(kind: str, **more: Any) -> None:
    with Path(os.environ["TALEBRIDGE_E2E_NOTES"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"t_ms": time.time() * 1000, "kind": kind, **more}) + "\n")


@risk_gated()
class Pulse(IStrategy):
    """In on every candle, out as soon as a position is a minute old."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 30
    minimal_roi = {"0": 10.0, "1": -1}
    stoploss = -0.5

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["volume"] > 0, ["enter_long", "enter_tag"]] = (1, "pulse")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

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
        """The first thing freqtrade asks about an entry it wants to make: before any gate."""
        _note("wants in", pair=pair)
        return proposed_rate

    def confirm_trade_exit(self, pair: str, *args: Any, **kwargs: Any) -> bool:
        """Exits that are about to be made."""
        _note("goes out", pair=pair)
        return True
