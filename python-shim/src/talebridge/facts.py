"""What some limits need to know besides a question and its account; read only where one is on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from talebridge._generated import FACTS, Side
from talebridge.entry import Entry, number_or_nan, to_ms
from talebridge.liquidation import maintenance
from talebridge.portfolio import open_trades, stop_distance
from talebridge.wire import ClosedTrade

_FACTS_FOR = ("max_rate_deviation", "max_trade_loss", "max_book_loss", "liquidation_guard")
_CLOSED_FOR = ("loss_streak_trades", "kelly_fraction")
_STOPS_FOR = ("max_book_loss",)
"""Limits that read facts, closed trades, and positions' distances to their stop-losses."""
_COLUMNS = tuple(
    f"risk_{name}_{side.name.lower()}" for name in ("es99", "xi", "adverse_q") for side in Side
)
_CLOSES_FOR = ("max_cluster_exposure", "max_book_es")
"""Limits that read how pairs move together."""
_MOST_CLOSED = 512
"""As many as the bridge keeps."""


class Facts:
    """Reads facts of a strategy's entries. Plain data: pickled with the strategy."""

    def __init__(self, config: Mapping[str, Any], limits: Mapping[str, Any]) -> None:
        on = {key for key, value in limits.items() if value is not None}
        self._wanted = not on.isdisjoint(_FACTS_FOR)
        self._closed = not on.isdisjoint(_CLOSED_FOR)
        self._futures = str(config.get("trading_mode", "spot")) == "futures"
        self.stops = not on.isdisjoint(_STOPS_FOR)
        """Whether positions tell how far their stop-losses are."""
        self.closes = not on.isdisjoint(_CLOSES_FOR)
        """Whether the bridge is told closes of the pairs asked about and held."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the analysed frames that facts are read from."""
        return _COLUMNS if self._wanted else ()

    def of(self, strategy: Any, entry: Entry) -> tuple[float, ...] | None:
        """The facts of an entry in the protocol's order, NaN for what is not known."""
        if not self._wanted:
            return None
        frame = _frame(strategy, entry.pair)
        side = entry.side.name.lower()
        told = {
            "close": _last(frame, "close"),
            "stop": _stop(strategy, entry),
            # Backtests keep columns as float32, live frames do not: both tell the same number.
            "es": float(np.float32(_last(frame, f"risk_es99_{side}"))),
            "xi": float(np.float32(_last(frame, f"risk_xi_{side}"))),
            "adverse": _adverse(frame, side),
            **self._maintenance(strategy, entry),
            "wanted_leverage": entry.wanted_leverage,
        }
        return tuple(told.get(name, math.nan) for name in FACTS)

    def closed(self, since_ms: int) -> tuple[ClosedTrade, ...]:
        """Trades closed at or after a time, in order of their close; none where no limit asks."""
        if not self._closed:
            return ()
        from freqtrade.persistence import Trade

        since = datetime.fromtimestamp(since_ms / 1000, UTC) - timedelta(milliseconds=1)
        found = [
            ClosedTrade(int(trade.id), to_ms(trade.close_date), float(trade.close_profit))
            for trade in Trade.get_trades_proxy(is_open=False, close_date=since)
            if trade.close_profit is not None and math.isfinite(trade.close_profit)
        ]
        found.sort(key=lambda one: (one.close_ms, one.trade))
        return tuple(found[-_MOST_CLOSED:])

    def _maintenance(self, strategy: Any, entry: Entry) -> dict[str, float]:
        margin = maintenance(strategy, entry.pair, entry.stake) if self._futures else None
        if margin is None:
            return {}
        return {
            "mm_rate": margin.rate,
            "mm_amount": margin.amount,
            "liquidation_buffer": margin.buffer,
        }


def _stop(strategy: Any, entry: Entry) -> float:
    """Distance of the stop-loss from the rate, as a share of it."""
    for trade in open_trades():
        if trade.pair == entry.pair and trade.amount > 0:
            distance = stop_distance(trade, entry.rate)
            return math.nan if distance is None else distance
    # freqtrade counts it on the stake: with leverage the price moves less.
    return abs(number_or_nan(strategy.stoploss)) / entry.leverage


def adverse_excursion(strategy: Any, pair: str, side: Side) -> float:
    """The fact `adverse` of a pair's signal candle, NaN if not known."""
    return _adverse(_frame(strategy, pair), side.name.lower())


def _frame(strategy: Any, pair: str) -> Any:
    return strategy.dp.get_analyzed_dataframe(pair, strategy.timeframe)[0]


def _adverse(frame: Any, side: str) -> float:
    return float(np.float32(_last(frame, f"risk_adverse_q_{side}")))


def _last(frame: Any, column: str) -> float:
    if not len(frame) or column not in frame.columns:
        return math.nan
    return number_or_nan(frame[column].iat[-1])
