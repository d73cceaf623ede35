"""The closes of the pair that stands for the market, beside another pair's candles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from talebridge import columns
from talebridge.columns import CLOSE, TIME, Block
from talebridge.errors import BadCandles, SettingsRejected

if TYPE_CHECKING:
    from pandas import DataFrame

    from talebridge.gated import Gated


class Market:
    """The market pair of one strategy; without a `market_pair` it does nothing.

    Raises SettingsRejected when the pair is not one of the trading mode.
    """

    def __init__(self, gated: Gated) -> None:
        self._gated = gated
        self.pair = gated.settings.market_pair
        if self.pair is None:
            return
        futures = str(gated.strategy.config.get("trading_mode", "spot")) == "futures"
        plain, _, settled = self.pair.partition(":")
        if futures is not bool(settled):
            quote = plain.partition("/")[2]
            fix = f"{plain}:{quote}" if futures else plain
            mode = "futures" if futures else "spot"
            raise SettingsRejected(
                f"risk_bridge.market_pair: {self.pair!r} is no pair of trading mode {mode}; "
                f"write {fix!r}"
            )

    def with_informative(self, own: Any) -> Any:
        """The strategy's informative pairs, and the market's, so that a bot loads its candles."""
        if self.pair is None:
            return own
        wanted = (self.pair, self._gated.strategy.timeframe)
        return own if wanted in own else [*own, wanted]

    def beside(self, pair: str, block: Block, say: Callable[[str, str], object]) -> Block:
        """A block of candles with the market's closes as its last row, NaN where it has no candle
        of the same open time. `say(key, text)` logs a text once per key.

        Raises BadCandles when the market's candles cannot be read.
        """
        if self.pair is None:
            return block
        if pair == self.pair:
            return np.vstack((block, block[CLOSE]))
        market = self._candles()
        closes = np.full(block.shape[1], np.nan)
        if market is not None:
            _join(block[TIME], market, closes)
        missing = int(np.isnan(closes).sum())
        if missing == block.shape[1]:
            say(
                "market",
                f"there are no candles of the market pair {self.pair} at the times of {pair}: "
                "its market measures stay empty. A backtest needs the pair among the downloaded "
                "data, a bot needs it on its exchange",
            )
        elif missing > 0:
            say(
                "market-short",
                f"the market pair {self.pair} lacks {missing} of the {block.shape[1]} candles of "
                f"{pair}: its market measures are empty or rest on fewer candles there",
            )
        return np.vstack((block, closes))

    def _candles(self) -> Block | None:
        """What freqtrade has of the market pair; None when it has none."""
        strategy = self._gated.strategy
        provider = getattr(strategy, "dp", None)
        if provider is None:
            # Utility modes.
            return None
        frame: DataFrame = provider.get_pair_dataframe(self.pair, strategy.timeframe)
        if not len(frame):
            return None
        try:
            return columns.to_block(frame)
        except BadCandles as error:
            raise BadCandles(
                f"the market pair {self.pair}: {error}", error.row, error.column
            ) from None


def _join(times: Block, market: Block, closes: Block) -> None:
    """Fills in the market's closes where its open time is the same. By time, never by position:
    freqtrade's frames of two pairs need not begin or end together."""
    order = np.argsort(market[TIME], kind="stable")
    known = market[TIME][order]
    at = np.minimum(np.searchsorted(known, times), known.size - 1)
    same = known[at] == times
    closes[same] = market[CLOSE][order[at[same]]]
