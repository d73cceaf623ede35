"""What FreqUI shows of the gate: a plot of the columns that matter most, and areas where entries
were denied. Nothing here raises: an error would fail the user's own chart."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from talebridge import columns
from talebridge._generated import Reason
from talebridge.wire import reason_name

if TYPE_CHECKING:
    from pandas import DataFrame

logger = logging.getLogger(__name__)

MAX_AREAS = 500
"""Denied spans shown, the newest first: a browser draws each."""
_SHOWN = {"risk_size": "#1f77b4", "risk_jump": "#d62728", "risk_sigma_rank": "#9467bd"}
_AREA_COLOR = "rgba(214, 39, 40, 0.15)"
SUBPLOT = "talebridge"


def merged(plot_config: Any, shown: Collection[str] = columns.NAMES) -> dict[str, Any]:
    """A strategy's plot_config with a subplot of those of our columns that are `shown`; a subplot
    of the same name stays as it is.

    The strategy's own dictionary is not changed.
    """
    own = dict(plot_config) if isinstance(plot_config, Mapping) else {}
    subplots = dict(own.get("subplots") or {})
    ours = {name: {"color": color} for name, color in _SHOWN.items() if name in shown}
    subplots.setdefault(SUBPLOT, ours)
    return {"main_plot": {}, **own, "subplots": subplots}


def add_to(strategy: Any, shown: Collection[str] = columns.NAMES) -> None:
    """Gives a strategy object the merged plot_config. Never raises."""
    try:
        strategy.plot_config = merged(strategy.plot_config, shown)
    except Exception as error:  # noqa: BLE001 - a property without a setter, for one
        logger.debug("talebridge: plot_config is left as it is: %s", error)


def annotated(own: Any, frame: DataFrame | None, timeframe_s: int) -> Any:
    """The strategy's own annotations and ours. Never raises."""
    try:
        return own if frame is None else [*(own or []), *_areas(frame, timeframe_s)]
    except Exception as error:  # noqa: BLE001 - it would fail the chart
        logger.debug("talebridge: no annotations: %s", error)
        return own


def _areas(frame: DataFrame, timeframe_s: int) -> list[dict[str, Any]]:
    """One area per run of candles whose verdict denies, for the same reason.

    Rows that warm up are none: a live bot's frame begins with M of them, which were judged in
    their time.
    """
    if columns.SIZE not in frame.columns or not len(frame):
        return []
    reasons = frame[columns.REASON].to_numpy()
    denies = (frame[columns.SIZE].to_numpy() == 0) & (reasons != Reason.WARMING_UP)
    reasons = np.where(denies, reasons, np.nan)
    denied = np.isfinite(reasons)
    starts = denied & ~(np.roll(denied, 1) & (np.roll(reasons, 1) == reasons))
    starts[0] = denied[0]
    first = np.flatnonzero(starts)
    # A span ends before the next one, or before the next candle that is not denied.
    ends = np.flatnonzero(np.append(starts[1:] | ~denied[1:], True) & denied)
    opens_ms = columns.open_times_ms(frame)
    return [
        {
            "type": "area",
            # An entry is made on the candle after the one that was judged.
            "start": _utc(int(opens_ms[start]) / 1000 + timeframe_s),
            "end": _utc(int(opens_ms[end]) / 1000 + 2 * timeframe_s),
            "color": _AREA_COLOR,
            "label": f"entries denied: {reason_name(int(reasons[start]))}",
        }
        for start, end in list(zip(first, ends, strict=True))[-MAX_AREAS:]
    ]


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
