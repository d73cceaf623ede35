"""The candles freqtrade is going to have analysed next.

A backtest has one pair after the other analysed, so the bridge would have nothing to do while the
strategy computes its columns and freqtrade copies them, and freqtrade nothing while the bridge
judges. What is found here is never more than a guess: candles are compared before an answer about
them is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talebridge.abort import callers

_LOOP = "advise_all_indicators"
"""Method of freqtrade's strategies that goes through a map of all pairs' candles, `data`."""


def candles_after(pair: str) -> Any | None:
    """The frame of the pair after one that is being analysed; None where that cannot be told."""
    loop = next((frame for frame in callers() if frame.f_code.co_name == _LOOP), None)
    data = None if loop is None else loop.f_locals.get("data")
    if not isinstance(data, Mapping):
        return None
    pairs = iter(data)
    for one in pairs:
        if one == pair:
            return data.get(next(pairs, None))
    return None
