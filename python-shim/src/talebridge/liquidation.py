"""Liquidation of an isolated-margin position: freqtrade's formula, as the bridge's liquidation.ts
has it, and the maintenance margin that freqtrade looks up for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from talebridge._generated import Side
from talebridge.entry import number_or_nan


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Maintenance margin of a tier."""

    rate: float
    """Share of the position's value."""
    amount: float
    """Deducted from the maintenance margin, in stake currency."""
    buffer: float
    """Share of the liquidation distance by which freqtrade closes earlier."""


def adverse_move(log_loss: float, side: Side) -> float:
    """A log-loss against a position as a share of its price."""
    return math.expm1(log_loss) if side is Side.SHORT else -math.expm1(-log_loss)


def distance(side: Side, stake: float, leverage: float, margin: Maintenance) -> float:
    """How far the price may move against a position before freqtrade closes it, as a share of the
    entry price."""
    sign = -1 if side is Side.SHORT else 1
    quantity = stake * leverage
    price = (stake + margin.amount - sign * quantity) / (quantity * margin.rate - sign * quantity)
    return (price - 1 if side is Side.SHORT else 1 - price) * (1 - margin.buffer)


def largest_leverage(side: Side, stake: float, away: float, margin: Maintenance) -> float:
    """The largest leverage whose liquidation distance is at least `away`; below 1 none is enough.

    Solved from the formula: (1 + amount/stake) / leverage = away/(1 - buffer) · (1 ∓ rate) + rate.
    """
    sign = -1 if side is Side.SHORT else 1
    needed = (away / (1 - margin.buffer)) * (1 - sign * margin.rate) + margin.rate
    return (1 + margin.amount / stake) / needed


def maintenance(strategy: Any, pair: str, stake: float) -> Maintenance | None:
    """Of a position, as freqtrade looks it up: by the stake, whatever the leverage.

    None where there is no exchange or no stake to look up.
    """
    exchange = getattr(strategy.dp, "_exchange", None)
    if exchange is None or not math.isfinite(stake):
        return None
    rate, amount = exchange.get_maintenance_ratio_and_amt(pair, stake)
    return _margin(strategy, exchange, pair, rate, amount)


def tiers(strategy: Any, pair: str, most: float) -> Iterator[tuple[float, Maintenance]]:
    """The tiers that a stake up to `most` may fall into, each with the largest such stake in it.

    Nothing where there is no exchange. Raises what freqtrade does where the pair has no tiers.
    """
    exchange = getattr(strategy.dp, "_exchange", None)
    if exchange is None:
        return
    starts = sorted(float(tier["minNotional"]) for tier in exchange._leverage_tiers.get(pair, ()))
    for start, end in zip(starts or [0.0], [*starts[1:], math.inf], strict=True):
        if start < most:
            rate, amount = exchange.get_maintenance_ratio_and_amt(pair, start)
            yield min(most, end), _margin(strategy, exchange, pair, rate, amount)


def _margin(strategy: Any, exchange: Any, pair: str, rate: Any, amount: Any) -> Maintenance:
    buffer = number_or_nan(strategy.config.get("liquidation_buffer", 0.05))
    if exchange.id == "binance":
        return Maintenance(float(rate), float(amount or 0.0), buffer)
    fee = number_or_nan(exchange.markets[pair].get("taker") or 0.001)
    return Maintenance(float(rate) + fee, 0.0, buffer)
