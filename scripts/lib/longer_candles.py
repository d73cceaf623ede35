"""Candles of longer timeframes, made from shorter ones: `longer_candles.py FROM TO PAIR ...`.

Copies a pair's files and adds the timeframes that are missing, each from the longest that divides
it. Pairs as freqtrade writes them; those with a colon are perpetuals, in the folder `futures`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd

WANTED = ("15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d")
ROLLED_UP = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def minutes(timeframe: str) -> int:
    return int(pd.Timedelta(timeframe.replace("m", "min")) / pd.Timedelta("1min"))


def complete(source: Path, target: Path, stem: str, kind: str) -> None:
    """One pair's candles of one kind: files `STEM-TIMEFRAME KIND.feather`."""
    have: dict[str, Path] = {}
    for path in source.glob(f"{stem}-*{kind}.feather"):
        timeframe = path.name.removeprefix(f"{stem}-").removesuffix(f"{kind}.feather")
        if timeframe.isalnum():
            have[timeframe] = path
            shutil.copyfile(path, target / path.name)
    for timeframe in WANTED:
        shorter = [one for one in have if minutes(timeframe) % minutes(one) == 0]
        if timeframe in have or not shorter:
            continue
        frame = pd.read_feather(have[max(shorter, key=minutes)])
        unit = frame["date"].dt.unit
        made = frame.resample(timeframe.replace("m", "min"), on="date").agg(ROLLED_UP).dropna()
        made = made.reset_index()
        made["date"] = made["date"].dt.as_unit(unit)
        made.to_feather(target / f"{stem}-{timeframe}{kind}.feather", compression="lz4")


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for pair in sys.argv[3:]:
        stem = pair.replace("/", "_").replace(":", "_")
        if ":" not in pair:
            complete(source, target, stem, "")
            continue
        (target / "futures").mkdir(exist_ok=True)
        complete(source / "futures", target / "futures", stem, "-futures")
        for kind in ("-mark", "-funding_rate"):
            for path in (source / "futures").glob(f"{stem}-*{kind}.feather"):
                shutil.copyfile(path, target / "futures" / path.name)


if __name__ == "__main__":
    main()
