"""freqtrade's run modes, and what a failure of the bridge means in each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}


class Context(Enum):
    """How a run reacts to a failure."""

    TRADE = "trade"
    """Live and dry-run: entries pause, exits go on, nothing is raised."""
    OPTIMIZE = "optimize"
    """Backtest, hyperopt, analysis: the run stops rather than go on ungated."""
    PASSIVE = "passive"
    """Plots and the web server: columns where they can be had, nothing is raised."""


_KNOWN = {
    "live": ("live", Context.TRADE),
    "dry_run": ("dry_run", Context.TRADE),
    "backtest": ("backtest", Context.OPTIMIZE),
    "hyperopt": ("hyperopt", Context.OPTIMIZE),
    "util_exchange": ("util", Context.OPTIMIZE),
    "util_no_exchange": ("util", Context.OPTIMIZE),
}


def run_mode(config: Mapping[str, Any]) -> tuple[str, Context]:
    """The run mode as the protocol names it, and its context."""
    mode = config.get("runmode", "other")
    return _KNOWN.get(str(getattr(mode, "value", mode)), ("util", Context.PASSIVE))


def timeframe_seconds(timeframe: object) -> int:
    """`5m` -> 300. Raises ValueError saying what is wrong."""
    if isinstance(timeframe, str) and timeframe[:-1].isdecimal() and timeframe[-1] in _SECONDS:
        seconds = int(timeframe[:-1]) * _SECONDS[timeframe[-1]]
        if seconds > 0:
            return seconds
    raise ValueError(
        f"the strategy's timeframe is {timeframe!r}; set `timeframe` (such as '5m') in the "
        "strategy or in config.json"
    )
