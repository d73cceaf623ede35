"""A proposed entry in numbers, read from what a strategy and freqtrade hand over."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from talebridge import wire
from talebridge._generated import Kind, Side, Stage
from talebridge.errors import BridgeError


class Entry:
    """A proposed entry on its way through the gate. Money in stake currency."""

    __slots__ = (
        "kind",
        "leverage",
        "min_stake",
        "now_ms",
        "pair",
        "question",
        "rate",
        "replaces",
        "side",
        "stage",
        "stake",
        "wanted_leverage",
    )

    def __init__(
        self, pair: str, side: Side, kind: Kind, stage: Stage, now_ms: int, stake: float
    ) -> None:
        self.pair = pair
        self.side = side
        self.kind = kind
        self.stage = stage
        self.now_ms = now_ms
        self.stake = stake
        self.min_stake = 0.0
        self.leverage = 1.0
        self.question: wire.Question | None = None
        """What the bridge was asked about it."""
        self.wanted_leverage = math.nan
        """What the strategy wanted where the liquidation guard cut it."""
        self.rate = math.nan
        self.replaces = 0.0
        """Stake of the trade's own open entry order, which freqtrade cancels for this one."""


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970; a time without a zone is UTC."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return int(time.timestamp() * 1000)


def utc_text(ms: int) -> str:
    """A time for messages."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def number_or_nan(value: Any) -> float:
    """A float of what a strategy or freqtrade handed over; NaN for what is no number."""
    if isinstance(value, bool):
        # freqtrade takes True for 1.
        return float(value)
    try:
        return wire.number("", value)
    except BridgeError:
        return math.nan


def minimum(min_stake: Any) -> float:
    """None and NaN mean that the exchange names no minimum."""
    value = number_or_nan(min_stake)
    return value if value > 0 else 0.0


def same_stake(allowed: float, stake: float) -> bool:
    """Whether a stake was left as it was; NaN equals NaN."""
    return allowed == stake or (math.isnan(allowed) and math.isnan(stake))


def is_reduction(proposed: Any) -> bool:
    """Whether an adjustment, a number or a tuple with a tag, adds nothing to the position."""
    amount = proposed[0] if isinstance(proposed, tuple) and proposed else proposed
    return amount is None or isinstance(amount, tuple) or not number_or_nan(amount) > 0


def additions_used_up(strategy: Any, trade: Any) -> bool:
    """Whether freqtrade ignores any further addition to a trade."""
    most = getattr(strategy, "max_entry_position_adjustment", -1)
    return bool(most > -1 and trade.nr_of_successful_entries > most)


def effective_stake(stake: float, min_stake: float, max_stake: float) -> float:
    """The stake freqtrade would use: cut to the maximum, raised to a minimum up to 30 % above it.

    0 when freqtrade would drop the trade. NaN and infinity stay what they are, to be denied.
    """
    if not math.isfinite(stake):
        return stake
    if min_stake > max_stake:
        return 0.0
    if stake < min_stake:
        return 0.0 if stake * 1.3 < min_stake else min_stake
    return max(0.0, max_stake) if stake > max_stake else stake
