"""The account as the bridge has to see it, read from freqtrade's own objects."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from talebridge._generated import LIMITS, PositionState, Side
from talebridge.entry import Entry
from talebridge.errors import ShimError
from talebridge.marks import Held, Holding
from talebridge.recent import Recent
from talebridge.wire import Position

HOUR_MS = 3_600_000
MAX_SAMPLES = 4096
"""More than 30 days of hourly samples and of fills; the oldest go first."""


def open_trades() -> list[Any]:
    """freqtrade's open trades, in a list of our own: in backtests it hands out its own."""
    from freqtrade.persistence import Trade

    return list(Trade.get_trades_proxy(is_open=True))


def pending_stake(trade: Any) -> float:
    """Stake of a trade's entry orders that have not filled."""
    return sum(
        float(order.stake_amount)
        for order in trade.open_orders
        if order.ft_order_side == trade.entry_side
    )


def without_pending(positions: tuple[Position, ...], entry: Entry) -> tuple[Position, ...]:
    """The positions without the order that an entry takes the place of."""
    if not entry.replaces:
        return positions
    order = (entry.pair, entry.side, PositionState.PENDING, entry.replaces)
    for index, one in enumerate(positions):
        if (one.pair, one.side, one.state, one.stake) == order:
            return positions[:index] + positions[index + 1 :]
    return positions


class Account:
    """Positions and mark-to-market equity of the account a strategy trades."""

    def __init__(self, strategy: Any, *, real: bool, stops: bool = False) -> None:
        self._strategy = strategy
        self._real = real
        self._stops = stops
        self._at_cost: Recent[float] = Recent()
        self._spot = str(strategy.config.get("trading_mode", "spot")) == "spot"

    def positions(self, trades: list[Any]) -> tuple[Position, ...]:
        """Open positions and pending entry orders, sorted, so that equal accounts compare equal."""
        found: list[Position] = []
        for trade in trades:
            side = Side.SHORT if trade.is_short else Side.LONG
            leverage = float(trade.leverage or 1.0)
            loss = stop_distance(trade, self._mark(trade)) if self._stops else None
            if trade.amount > 0:
                stake = float(trade.stake_amount)
                found.append(Position(trade.pair, side, stake, leverage, PositionState.OPEN, loss))
            pending = pending_stake(trade)
            if pending > 0:
                found.append(
                    Position(trade.pair, side, pending, leverage, PositionState.PENDING, loss)
                )
        found.sort(key=lambda p: (p.pair, p.side, p.state, p.stake))
        return tuple(found)

    def equity(self, trades: list[Any]) -> float:
        """Account value in stake currency: open trades at their last close, fees included.

        Raises ShimError when freqtrade offers no wallet (as in web server mode).
        """
        wallets = self._strategy.wallets
        if wallets is None:
            raise ShimError("freqtrade offers no wallet here, so the account cannot be read")
        currency = self._strategy.config["stake_currency"]
        if self._spot and self._real:
            value = wallets.get_total(currency) + self._coins(trades)
        else:
            filled = [trade for trade in trades if trade.amount > 0]
            profit = sum(float(trade.calc_profit(self._mark(trade))) for trade in filled)
            value = self._money(trades) + profit
        if not math.isfinite(value):
            raise ShimError(f"the account's value is {value}")
        return float(value)

    def held(self, trades: list[Any]) -> Held | None:
        """The account as a function of its pairs' prices, as `equity` values a simulated one on
        spot. None where it changes by itself: funding is charged to futures without a fill.

        Raises ShimError when freqtrade offers no wallet.
        """
        filled = [trade for trade in trades if trade.amount > 0]
        if filled and not self._spot:
            return None
        holdings = []
        base = 0.0
        for trade in filled:
            fee = float(trade.fee_close or 0.0)
            amount = float(trade.amount)
            slope = -amount * (1.0 + fee) if trade.is_short else amount * (1.0 - fee)
            rate = float(trade.open_rate)
            holdings.append(Holding(trade.pair, slope, rate))
            base += self._profit_at_cost(trade, rate)
        return Held(base + self._money(trades), tuple(holdings))

    def _profit_at_cost(self, trade: Any, rate: float) -> float:
        """A trade's profit at its opening rate, on spot: its fees. Reckoned once per state of it:
        freqtrade does so in decimals, which takes longer than all the rest of a valuation."""
        state = (
            trade.pair,
            trade.amount,
            rate,
            trade.fee_close,
            trade.is_short,
            trade.open_trade_value,
        )
        profit = self._at_cost.get(state)
        if profit is None:
            profit = float(trade.calc_profit(rate))
            self._at_cost.set(state, profit)
        return profit

    def _money(self, trades: list[Any]) -> float:
        """What a simulated account holds, its open trades at cost."""
        wallets = self._strategy.wallets
        if wallets is None:
            raise ShimError("freqtrade offers no wallet here, so the account cannot be read")
        currency = self._strategy.config["stake_currency"]
        if self._spot:
            # freqtrade's own books: every open trade's stake has left the free balance.
            return float(wallets.get_free(currency)) + _stakes(trades)
        # Margin stays in the stake currency's total.
        return float(wallets.get_total(currency))

    def _coins(self, trades: list[Any]) -> float:
        """What the trades' coins would sell for, as far as the exchange holds them.

        The same balance that tells the money tells the coins: an exit that has filled on the
        exchange before freqtrade booked it must not count as money and as coins. Coins that are not
        the bot's, beyond what its trades bought, do not count at all.
        """
        value = 0.0
        held: dict[str, float] = {}
        for trade in trades:
            bought = float(trade.amount) + sum(
                float(order.safe_filled)
                for order in trade.open_orders
                if order.ft_order_side == trade.entry_side
            )
            coin = str(trade.safe_base_currency)
            left = held.get(coin)
            if left is None:
                left = float(self._strategy.wallets.get_total(coin))
            counted = min(bought, left)
            held[coin] = left - counted
            value += counted * self._mark(trade) * (1.0 - float(trade.fee_close or 0.0))
        return value

    def _mark(self, trade: Any) -> float:
        """The pair's last analysed close; its opening rate before there is one."""
        frame, _ = self._strategy.dp.get_analyzed_dataframe(trade.pair, self._strategy.timeframe)
        if len(frame):
            close = float(frame["close"].iat[-1])
            if math.isfinite(close) and close > 0:
                return close
        return float(trade.open_rate)


def stop_distance(trade: Any, rate: float) -> float | None:
    """How far a trade's stop-loss is from a rate, as a share of it; None when it has none."""
    stop = float(trade.stop_loss or 0.0)
    if not (stop > 0 and rate > 0 and math.isfinite(stop)):
        return None
    away = stop - rate if trade.is_short else rate - stop
    return max(0.0, away) / rate


def _stakes(trades: list[Any]) -> float:
    return sum(float(trade.stake_amount) for trade in trades)


class Samples:
    """Equity samples: hourly, hence at the UTC day's start, and after fills. Bounded."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, float]] = deque(maxlen=MAX_SAMPLES)
        self.next_ms = 0
        """When the next hourly sample is due."""
        self._filled = False

    def due(self, now_ms: int) -> bool:
        """Whether a sample is wanted now."""
        return self._filled or now_ms >= self.next_ms

    def filled(self) -> None:
        """An order filled. freqtrade's books are not consistent before its next callback."""
        self._filled = True

    def add(self, now_ms: int, equity: float) -> None:
        """Records equity at a time later than all before."""
        self._filled = False
        self.add_late(now_ms, equity)

    def add_late(self, now_ms: int, equity: float) -> None:
        """As `add`, from before the fill that asked for a sample, if one did."""
        self.next_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
        if not self._samples or now_ms > self._samples[-1][0]:
            self._samples.append((now_ms, equity))

    def back_to(self, now_ms: int) -> None:
        """Forgets samples from after `now_ms`: the clock that dated them was ahead."""
        while self._samples and self._samples[-1][0] > now_ms:
            self._samples.pop()
        self.next_ms = min(self.next_ms, (now_ms // HOUR_MS + 1) * HOUR_MS)

    def after(self, until_ms: int) -> list[tuple[int, float]]:
        """The oldest samples the bridge does not have, as many as one message takes."""
        unknown: list[tuple[int, float]] = []
        for sample in reversed(self._samples):
            if sample[0] <= until_ms:
                break
            unknown.append(sample)
        unknown.reverse()
        return unknown[: LIMITS["samples"]]

    def newest_ms(self) -> int:
        """Time of the newest sample, 0 without one."""
        return self._samples[-1][0] if self._samples else 0
