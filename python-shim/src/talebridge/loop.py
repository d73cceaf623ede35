"""Hearing of a backtest's next candle, and of no other.

freqtrade calls `bot_loop_start` before every candle: 100,000 times a year. The gate wants the first
call of a run and the first after a confirmed entry or a fill, so the strategy object carries the
hook only until then.
"""

from __future__ import annotations

from functools import partial
from typing import Any

GATE = "_talebridge_gate"
"""Attribute of a strategy object that holds its gate."""
HOOK = "bot_loop_start"
_OWN = "_talebridge_own_loop"


def watch(strategy: Any) -> None:
    """Puts the hook on the strategy object, until it has been called or for longer if the gate
    wants."""
    carried = strategy.__dict__.get(HOOK)
    if isinstance(carried, partial) and carried.func is _started:
        return
    if carried is not None:
        # The strategy's own, assigned to the object.
        strategy.__dict__[_OWN] = carried
    strategy.__dict__[HOOK] = partial(_started, strategy)


def _started(strategy: Any, *args: Any, **kwargs: Any) -> Any:
    gate = strategy.__dict__[GATE]
    own = strategy.__dict__.get(_OWN)
    if not gate.sample(args[0] if args else kwargs.get("current_time")):
        if own is None:
            del strategy.__dict__[HOOK]
        else:
            strategy.__dict__[HOOK] = own
    if own is None:
        # Past the object's own attribute, be it a plain, a static or a class method.
        found = next(cls.__dict__[HOOK] for cls in type(strategy).__mro__ if HOOK in cls.__dict__)
        bind = getattr(type(found), "__get__", None)
        own = found if bind is None else bind(found, strategy, type(strategy))
    return own(*args, **kwargs)
