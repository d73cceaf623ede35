"""The liquidation guard before an entry: the largest leverage whose liquidation distance lies
beyond the adverse excursion the engine forecasts.

freqtrade asks for the leverage first, then for the stake. So this counts with every stake the
account could still pay, and the question that follows, which knows the stake, has the last word.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from talebridge._generated import Side
from talebridge.entry import number_or_nan
from talebridge.facts import adverse_excursion
from talebridge.liquidation import adverse_move, largest_leverage, tiers
from talebridge.run import Levered

if TYPE_CHECKING:
    from talebridge.gated import Gated

logger = logging.getLogger(__name__)

_STEP = 100
"""Leverages are cut to hundredths, so that rounding never puts one on the far side of the guard."""


class LeverageGuard:
    """Caps leverages of one gate."""

    def __init__(self, gated: Gated) -> None:
        self._gated = gated

    def cap(self, proposed: float, most: float, pair: str, side: Side, now_ms: int) -> float:
        """The leverage to use: `proposed` itself, or less, but at least 1.

        `most`: the exchange's largest. Raises what freqtrade does where it knows no tiers.
        """
        run = self._gated.current_run(now_ms)
        # As freqtrade bounds it.
        wanted = min(max(proposed, 1.0), most)
        allowed = self._largest(pair, side)
        # What is not known is not borrowed on.
        cap = 1.0 if math.isnan(allowed) else min(wanted, max(1.0, allowed))
        used = wanted if self._gated.shadow else cap
        run.levered.set((pair, side), Levered(used, wanted, cap))
        if used == wanted:
            return proposed
        candle = now_ms // (self._gated.timeframe_s * 1000)
        run.say_once(
            (pair, side, "leverage", candle),
            logger.info,
            f"talebridge cuts the leverage of the {side.name.lower()} entry of {pair} from "
            f"{wanted:.6g} to {cap:.6g}: {self._why(allowed)}",
        )
        return used

    def _why(self, allowed: float) -> str:
        if math.isnan(allowed):
            return "liquidation_guard has no adverse excursion of the signal candle to go by"
        return (
            "with more the liquidation price would be nearer than liquidation_guard times the "
            "adverse excursion"
        )

    def _largest(self, pair: str, side: Side) -> float:
        """NaN when it cannot be known."""
        strategy = self._gated.strategy
        guard = self._gated.limit("liquidation_guard")
        if guard is None:
            return math.inf
        away = adverse_move(adverse_excursion(strategy, pair, side), side) * guard
        stakes = number_or_nan(strategy.wallets.get_available_stake_amount())
        if not (away > 0 and stakes > 0):
            return math.nan
        found = [
            largest_leverage(side, stake, away, margin)
            for stake, margin in tiers(strategy, pair, stakes)
        ]
        if not found:
            return math.nan
        step = 1 if strategy.dp._exchange.get_option("floor_leverage", False) else _STEP
        # A hair less: this machine's expm1 and the bridge's may differ in the last bit.
        return math.floor(min(found) * (1 - 1e-9) * step) / step
