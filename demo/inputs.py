"""Describes a strategy and a folder of candles, for the demo's plan.

``python inputs.py STRATEGY_FILE CLASS DATADIR TIMEFRAME`` (an empty TIMEFRAME: the strategy's)
prints one JSON object: ``{"strategy": {"timeframe", "startup_candles", "can_short"},
"pairs": [{"pair", "first_ms", "last_ms", "rows"}], "other_timeframes": […]}`` or
``{"error": text}``. Nothing is written anywhere.
"""

import contextlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from user_strategy import StrategyNotFoundError, load_class

_FILE = re.compile(r"(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+)-(?P<timeframe>\d+[mhdwM])\.feather")


class UnusableInputError(Exception):
    """The inputs cannot be used; the message names which and why."""


def describe_strategy(file: str, class_name: str) -> dict[str, Any]:
    """Class attributes that decide about data: timeframe, start-up candles, shorts."""
    strategy = load_class(file, class_name)
    if not hasattr(strategy, "populate_indicators"):
        raise UnusableInputError(f"{class_name} in {file} is not a freqtrade strategy")
    timeframe = getattr(strategy, "timeframe", None)
    return {
        "timeframe": timeframe if isinstance(timeframe, str) else None,
        "startup_candles": int(getattr(strategy, "startup_candle_count", 0)),
        "can_short": bool(getattr(strategy, "can_short", False)),
    }


def describe_candles(path: Path) -> dict[str, Any]:
    """First and last candle of one file, without reading its prices."""
    try:
        with pa.memory_map(str(path)) as source:
            date = pa.ipc.open_file(source).read_all()["date"]
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise UnusableInputError(f"{path} is not a candle file of freqtrade's: {error}") from error
    if not pa.types.is_timestamp(date.type):
        raise UnusableInputError(f"{path}: column date is {date.type}, not a timestamp")
    if len(date) == 0:
        raise UnusableInputError(f"{path} holds no candles")
    milliseconds = pc.cast(pc.cast(date, pa.timestamp("ms", date.type.tz), safe=False), pa.int64())
    return {
        "rows": len(date),
        "first_ms": milliseconds[0].as_py(),
        "last_ms": milliseconds[-1].as_py(),
    }


def describe_folder(datadir: Path, timeframe: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Spot pairs of the timeframe in the folder, and which other timeframes there are."""
    pairs = []
    others = set()
    for path in sorted(datadir.iterdir()):
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        if match["timeframe"] == timeframe:
            pair = f"{match['base']}/{match['quote']}"
            pairs.append({"pair": pair, **describe_candles(path)})
        else:
            others.add(match["timeframe"])
    return pairs, sorted(others)


def describe(file: str, class_name: str, datadir: str, timeframe: str) -> dict[str, Any]:
    """Everything the plan needs, or ``{"error": text}``."""
    try:
        strategy = describe_strategy(file, class_name)
        chosen = timeframe or strategy["timeframe"]
        if not chosen:
            raise UnusableInputError(f"{class_name} has no timeframe: name one with --timeframe")
        pairs, others = describe_folder(Path(datadir), chosen)
    except (StrategyNotFoundError, UnusableInputError) as error:
        return {"error": str(error)}
    return {
        "strategy": {**strategy, "timeframe": chosen},
        "pairs": pairs,
        "other_timeframes": others,
    }


if __name__ == "__main__":
    # A strategy file may print while it is imported; standard output is for the answer alone.
    with contextlib.redirect_stdout(sys.stderr):
        answer = describe(*sys.argv[1:5])
    sys.stdout.write(json.dumps(answer) + "\n")
