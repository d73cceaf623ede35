"""What kind of strategy a class is, as one line of JSON: `strategy_facts.py FILE CLASS`.

Its timeframe, whether it goes short, how many informative frames it asks for, whether it adds to
positions, and which of freqtrade's hooks it has of its own.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from freqtrade.strategy.interface import IStrategy

GATED = ("custom_stake_amount", "confirm_trade_entry", "adjust_trade_position", "leverage")
BESIDE = (
    "informative_pairs",
    "custom_entry_price",
    "adjust_entry_price",
    "adjust_order_price",
    "custom_exit",
    "custom_stoploss",
    "confirm_trade_exit",
    "order_filled",
    "bot_start",
    "bot_loop_start",
)


def load(file: Path, name: str) -> type:
    """The class of a file, executed as freqtrade does while it searches."""
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    found: type = getattr(module, name)
    return found


def main() -> None:
    cls = load(Path(sys.argv[1]), sys.argv[2])

    def own(hook: str) -> bool:
        return getattr(cls, hook, None) is not getattr(IStrategy, hook, None)

    informative = sum(hasattr(getattr(cls, name, None), "_ft_informative") for name in dir(cls))
    facts = {
        "timeframe": getattr(cls, "timeframe", None),
        "can_short": bool(getattr(cls, "can_short", False)),
        "adds": bool(getattr(cls, "position_adjustment_enable", False)),
        "startup": int(getattr(cls, "startup_candle_count", 0)),
        "informative": informative,
        "hooks": [hook for hook in (*GATED, *BESIDE) if own(hook)],
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
