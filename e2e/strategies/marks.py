"""A gated strategy that values its account before every candle by freqtrade's own means.

Notes what it finds as lines of JSON in the file named by ``TALEBRIDGE_E2E_NOTES``.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from dips import Dips
from freqtrade.persistence import Trade

from talebridge import risk_gated


@risk_gated()
class DipsMarks(Dips):
    """Dips, with a hook on every candle."""

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        trades = Trade.get_trades_proxy(is_open=True)
        equity = self.wallets.get_free("USDT") + sum(trade.stake_amount for trade in trades)
        for trade in trades:
            frame, _ = self.dp.get_analyzed_dataframe(trade.pair, self.timeframe)
            equity += trade.calc_profit(frame["close"].iat[-1])
        line = {"t_ms": round(current_time.timestamp() * 1000), "equity": equity}
        with Path(os.environ["TALEBRIDGE_E2E_NOTES"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "open": len(trades)}) + "\n")
