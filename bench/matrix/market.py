"""Writes the candles of the matrix of freqtrade releases.

`python market.py --out FOLDER`: two spot pairs, 5m and within them 1m, and two perpetuals under
real names, because freqtrade has leverage tiers for those only, with mark prices and funding.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backtest"))

from candles import SEED, candles

SPOT = ("ALFA_USDT", "BRVO_USDT")
FUTURES = ("BTC_USDT_USDT", "ETH_USDT_USDT")
END = "2025-01-25"
STEPS = 5
"""Minutes in a candle."""
ROLLED_UP = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def minutes(frame: pd.DataFrame) -> pd.DataFrame:
    """One-minute candles whose five are each candle: straight from open to close, with the high
    in the second and the low in the fourth minute."""
    rows = len(frame)
    step = np.tile(np.arange(STEPS), rows)
    each = frame.loc[frame.index.repeat(STEPS)].reset_index(drop=True)
    fine = each.copy()
    fine["date"] = (each["date"] + pd.to_timedelta(step, unit="min")).dt.as_unit("ms")
    slope = (each["close"] - each["open"]) / STEPS
    fine["open"] = each["open"] + slope * step
    fine["close"] = np.where(step == STEPS - 1, each["close"], fine["open"] + slope)
    ends = fine[["open", "close"]]
    fine["high"] = np.where(step == 1, each["high"], ends.max(axis=1))
    fine["low"] = np.where(step == 3, each["low"], ends.min(axis=1))
    fine["volume"] = each["volume"] / STEPS
    return fine


def rolled_up(frame: pd.DataFrame, timeframe: str) -> pd.DataFrame:
    """Candles of a longer timeframe."""
    longer = frame.resample(timeframe, on="date").agg(ROLLED_UP).reset_index()
    longer["date"] = longer["date"].dt.as_unit("ms")
    return longer


def write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.reset_index(drop=True).to_feather(path, compression="lz4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    for number, name in enumerate((*SPOT, *FUTURES)):
        frame = candles(SEED + number)
        frame = frame[frame["date"] < END]
        if name in SPOT:
            write(frame, out / f"{name}-5m.feather")
            write(minutes(frame), out / f"{name}-1m.feather")
            continue
        write(frame, out / "futures" / f"{name}-5m-futures.feather")
        # Releases differ in the timeframe of these.
        for timeframe in ("1h", "8h"):
            longer = rolled_up(frame, timeframe)
            write(longer, out / "futures" / f"{name}-{timeframe}-mark.feather")
            rates = longer[longer["date"].dt.hour % 8 == 0]
            rates = rates.assign(open=0.0001, high=0.0, low=0.0, close=0.0, volume=0.0)
            write(rates, out / "futures" / f"{name}-{timeframe}-funding_rate.feather")


if __name__ == "__main__":
    main()
