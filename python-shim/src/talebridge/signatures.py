"""Whether the installed freqtrade calls the hooks as this shim expects.

freqtrade takes an error in most hooks for approval, so a changed signature has to be found before
the first entry, not in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "populate_indicators": ("dataframe", "metadata"),
    "informative_pairs": (),
    "leverage": (
        "pair",
        "current_time",
        "current_rate",
        "proposed_leverage",
        "max_leverage",
        "entry_tag",
        "side",
    ),
    "custom_stake_amount": (
        "pair",
        "current_time",
        "current_rate",
        "proposed_stake",
        "min_stake",
        "max_stake",
        "leverage",
        "entry_tag",
        "side",
    ),
    "confirm_trade_entry": (
        "pair",
        "order_type",
        "amount",
        "rate",
        "time_in_force",
        "current_time",
        "entry_tag",
        "side",
    ),
    "adjust_trade_position": (
        "trade",
        "current_time",
        "current_rate",
        "current_profit",
        "min_stake",
        "max_stake",
        "current_entry_rate",
        "current_exit_rate",
        "current_entry_profit",
        "current_exit_profit",
    ),
    "order_filled": ("pair", "trade", "order", "current_time"),
    "bot_loop_start": ("current_time",),
}
"""Names of the hooks' arguments in freqtrade's order, also for calls by position."""


def differences(interface: type) -> list[str]:
    """What of an IStrategy's hooks is not as expected, one sentence each."""
    found: list[str] = []
    for hook, expected in ARGUMENTS.items():
        function = getattr(interface, hook, None)
        if function is None:
            found.append(f"{hook} does not exist")
            continue
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        parameters = inspect.signature(function).parameters.values()
        names = tuple(p.name for p in parameters if p.kind not in kinds)[1:]
        if names[: len(expected)] != expected:
            found.append(f"{hook} takes ({', '.join(names)}), expected ({', '.join(expected)})")
    return found


def interface_of(strategy: Any) -> type | None:
    """freqtrade's IStrategy among a strategy's classes; None where there is none."""
    for cls in type(strategy).__mro__:
        if cls.__name__ == "IStrategy" and cls.__module__.startswith("freqtrade."):
            return cls
    return None


def problem(strategy: Any) -> str | None:
    """One sentence on why the hooks cannot be gated as they are; None if they can."""
    interface = interface_of(strategy)
    wrong = [] if interface is None else differences(interface)
    if not wrong:
        return None
    try:
        from freqtrade import __version__ as version
    except ImportError:
        version = "?"
    return (
        f"freqtrade {version} calls its hooks in a way this talebridge does not know: "
        f"{'; '.join(wrong)}. Install a talebridge made for this freqtrade"
    )
