"""EDGE spread by its authors' own package."""

from __future__ import annotations

import pandas as pd
from bidask import edge_rolling
from candles import Array


def spread(open_: Array, high: Array, low: Array, close: Array, rows: int) -> Array:
    """Signed root of the squared spread over the window."""
    frame = pd.DataFrame({"open": open_, "high": high, "low": low, "close": close})
    result: Array = edge_rolling(frame, window=rows, sign=True).to_numpy()
    return result
