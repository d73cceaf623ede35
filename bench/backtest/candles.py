"""Writes a year and the start-up candles of 5-minute candles, where no real ones are at hand.

`python candles.py --out FOLDER BASE/QUOTE ...`: log returns with two-state volatility and fat
tails, seeded per pair; as feather files that freqtrade reads.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

START = "2024-12-25"
END = "2026-01-02"
SEED = 20250101
SIGMA = 0.0016
"""Standard deviation of a calm 5-minute return."""


def candles(seed: int) -> pd.DataFrame:
    """One pair's candles in freqtrade's layout."""
    date = pd.date_range(START, END, freq="5min", tz="UTC", inclusive="left").as_unit("ms")
    rows = len(date)
    rng = np.random.default_rng(seed)
    # Half a day of calm or of trouble at a time.
    wild = np.repeat(rng.random(rows // 144 + 1) < 0.2, 144)[:rows]
    sigma = np.where(wild, 2.2, 0.8) * SIGMA
    close = 100 * np.exp(np.cumsum(sigma * rng.standard_t(4, rows) / np.sqrt(2)))
    open_ = np.concatenate(([100.0], close[:-1]))
    reach = np.abs(rng.normal(0, sigma, (2, rows))) / 2
    high = np.maximum(open_, close) * (1 + reach[0])
    low = np.minimum(open_, close) * (1 - reach[1])
    volume = np.exp(rng.normal(4, 0.8, rows)) * (1 + wild)
    return pd.DataFrame(
        {
            "date": date,
            "open": open_.round(4),
            "high": high.round(4),
            "low": low.round(4),
            "close": close.round(4),
            "volume": volume.round(2),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("pairs", nargs="+")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for number, pair in enumerate(args.pairs):
        file = args.out / f"{pair.replace('/', '_')}-5m.feather"
        candles(SEED + number).to_feather(file, compression="lz4")


if __name__ == "__main__":
    main()
