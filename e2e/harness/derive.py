"""Derives from the synthetic market what one strategy or another needs besides 5-minute candles.

``python derive.py SOURCE OUT``: hourly candles, an outage in one spot pair, a pair that was listed
late, and futures of the same prices under names that freqtrade has leverage tiers for, with
1-minute candles, mark prices and funding rates for the days that are traded.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd

OHLCV = ["date", "open", "high", "low", "close", "volume"]
FUTURES = {"ALFA": "BTC", "BRVO": "ETH", "CRLI": "SOL", "DLTA": "XRP"}
OUTAGE = ("2025-03-21 06:00", "2025-03-21 11:00")
LISTED = "2025-03-19"
DETAIL = ("2025-03-19", "2025-03-23")
FUNDING = 0.0001


def hourly(candles: pd.DataFrame) -> pd.DataFrame:
    """The same prices on hourly candles."""
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return candles.resample("1h", on="date").agg(how).dropna().reset_index()


def minutes(candles: pd.DataFrame) -> pd.DataFrame:
    """Five 1-minute candles for each: from open to the nearer extreme, the other, and the close."""
    rising = (candles["close"] >= candles["open"]).to_numpy()
    o, h, l, c = (candles[name].to_numpy() for name in OHLCV[1:5])  # noqa: E741
    first, second = np.where(rising, l, h), np.where(rising, h, l)
    path = np.stack([o, first, (first + second) / 2, second, (second + c) / 2, c], axis=1)
    start, end = path[:, :-1].ravel(), path[:, 1:].ravel()
    return pd.DataFrame(
        {
            "date": candles["date"].repeat(5).reset_index(drop=True)
            + pd.to_timedelta(np.tile(np.arange(5), len(candles)), unit="min"),
            "open": start,
            "high": np.maximum(start, end),
            "low": np.minimum(start, end),
            "close": end,
            "volume": np.repeat(candles["volume"].to_numpy() / 5, 5),
        }
    )


def between(candles: pd.DataFrame, span: tuple[str, str]) -> pd.Series:
    """Which candles open in a span."""
    first, last = (pd.Timestamp(text, tz="UTC") for text in span)
    return (candles["date"] >= first) & (candles["date"] < last)


def main(source: Path, out: Path) -> None:
    """Writes everything, unless it is there: of this script and this market."""
    made_of = hashlib.sha256(Path(__file__).read_bytes() + (source / "market.json").read_bytes())
    marker = out / "made_of"
    if marker.is_file() and marker.read_text() == made_of.hexdigest():
        return
    (out / "futures").mkdir(parents=True, exist_ok=True)

    def write(name: str, candles: pd.DataFrame) -> None:
        candles.reset_index(drop=True).to_feather(out / f"{name}.feather", compression="lz4")

    for spot, future in FUTURES.items():
        candles = pd.read_feather(source / f"{spot}_USDT-5m.feather")[OHLCV]
        hours = hourly(candles)
        pair = f"futures/{future}_USDT_USDT"
        write(f"{pair}-5m-futures", candles)
        write(f"{pair}-1h-futures", hours)
        write(f"{pair}-1m-futures", minutes(candles[between(candles, DETAIL)]))
        write(f"{pair}-1h-mark", hours)
        rates = hours[["date"]].assign(funding_rate=FUNDING)
        write(f"{pair}-1h-funding_rate", rates)
        if spot == "BRVO":
            candles = candles[~between(candles, OUTAGE)]
        if spot == "DLTA":
            candles = candles[candles["date"] >= pd.Timestamp(LISTED, tz="UTC")]
        write(f"{spot}_USDT-5m", candles)
        write(f"{spot}_USDT-1m", minutes(candles[between(candles, DETAIL)]))
        write(f"{spot}_USDT-1h", hourly(candles))
    marker.write_text(made_of.hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
