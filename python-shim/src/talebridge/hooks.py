"""What a gated strategy's hooks do: the user's own first, then the gate.

The wrappers made by `decorator` are pickled by value into hyperopt's workers and name nothing but
this module, so everything that holds state stays on this side.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from talebridge import charts, loop
from talebridge.entry import is_reduction
from talebridge.gate import RiskGate
from talebridge.loop import GATE
from talebridge.signatures import ARGUMENTS as NAMES

if TYPE_CHECKING:
    from datetime import datetime

    from pandas import DataFrame

logger = logging.getLogger(__name__)

ARGUMENTS = "_talebridge_arguments"

HOOKS = (
    "populate_indicators",
    "informative_pairs",
    "leverage",
    "custom_stake_amount",
    "confirm_trade_entry",
    "adjust_trade_position",
    "order_filled",
    "bot_loop_start",
    "plot_annotations",
)
"""In a backtest without bot_loop_start, which `loop` watches only when it is wanted, and without
leverage where no limit caps it.
Not custom_exit, custom_stoploss or confirm_trade_exit: exits are never touched."""
_LEVERAGE, _STAKE, _CONFIRM, _ADJUST = (
    NAMES[name]
    for name in ("leverage", "custom_stake_amount", "confirm_trade_entry", "adjust_trade_position")
)


def hooks_of(gate: RiskGate) -> tuple[str, ...]:
    """The hooks to wrap for a gate."""
    unhooked = {loop.HOOK} if gate.gated.lazy else set()
    if not gate.gated.guards_leverage:
        unhooked.add("leverage")
    return tuple(name for name in HOOKS if name not in unhooked)


class _Active(threading.local):
    """Hooks under way in this thread: a wrapped hook that calls a wrapped `super()` gates once."""

    def __init__(self) -> None:
        self.keys: set[tuple[int, str]] = set()


_active = _Active()


class _Outermost:
    """Context of one hook call; `gate` is None in an inner call and where nothing is gated."""

    __slots__ = ("_key", "_outer", "gate")

    def __init__(self, strategy: Any, hook: str) -> None:
        self._key = (id(strategy), hook)
        self._outer = self._key not in _active.keys
        gate = strategy.__dict__.get(GATE) if self._outer else None
        self.gate: RiskGate | None = gate if gate is not None and gate.active else None

    def __enter__(self) -> RiskGate | None:
        if self._outer:
            _active.keys.add(self._key)
        return self.gate

    def __exit__(self, *_: object) -> None:
        if self._outer:
            _active.keys.discard(self._key)


def construct(
    strategy: Any, original: Callable[..., None], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> RiskGate | None:
    """Runs a strategy's `__init__`; the outermost one then makes the gate and returns it."""
    key = (id(strategy), "__init__")
    if key in _active.keys:
        original(*args, **kwargs)
        return None
    _active.keys.add(key)
    try:
        original(*args, **kwargs)
    finally:
        _active.keys.discard(key)
    sources = [
        cls.__dict__[ARGUMENTS]
        for cls in reversed(type(strategy).__mro__)
        if ARGUMENTS in cls.__dict__
    ]
    gate = RiskGate.from_arguments(strategy, sources)
    setattr(strategy, GATE, gate)
    if gate.active:
        charts.add_to(strategy, gate.gated.columns)
    return gate


def populate_indicators(
    strategy: Any, original: Any, dataframe: DataFrame, metadata: Mapping[str, Any]
) -> Any:
    """The user's columns, then ours, computed from the candles as they came."""
    own = _bound(original, strategy)
    with _Outermost(strategy, "populate_indicators") as gate:
        if gate is None:
            return own(dataframe, metadata)
        from talebridge import decorator

        # bot_start, which runs after the constructor, may have assigned some.
        decorator.wrap_own_hooks(strategy, hooks_of(gate))
        if gate.gated.lazy:
            loop.watch(strategy)
        candles = gate.read_candles(dataframe)
        result = own(dataframe, metadata)
        if not hasattr(result, "columns"):
            # Not a frame: freqtrade says so itself.
            return result
        return gate.annotate_from(candles, result, metadata)


def run(
    name: str,
    strategy: Any,
    original: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Runs a hook: the user's own, and the gate around it where this is the outermost call.

    `original` is what the class holds under the hook's name: a function or a descriptor.
    """
    own = functools.partial(_bound(original, strategy), *args, **kwargs)
    with _Outermost(strategy, name) as gate:
        if gate is None:
            return own()
        match name:
            case "informative_pairs":
                return gate.informative_pairs(own())
            case "leverage":
                return _leverage(gate, own, args, kwargs)
            case "custom_stake_amount":
                return _stake(gate, own, args, kwargs)
            case "confirm_trade_entry":
                if gate.gated.lazy:
                    loop.watch(strategy)
                return _confirm(gate, own, args, kwargs)
            case "adjust_trade_position":
                return _adjust(gate, own, args, kwargs)
            case "order_filled":
                if gate.gated.lazy:
                    loop.watch(strategy)
                gate.filled(sampled_next=gate.gated.lazy)
                gate.link(kwargs.get("trade"))
            case "plot_annotations":
                frame = kwargs.get("dataframe", args[3] if len(args) > 3 else None)
                return charts.annotated(own(), frame, gate.gated.timeframe_s)
            case "bot_loop_start":
                gate.sample(cast("datetime", args[0] if args else kwargs.get("current_time")))
        return own()


def _bound(original: Any, strategy: Any) -> Callable[..., Any]:
    """The hook as an attribute of the strategy, whether plain, static or class method."""
    bind = getattr(type(original), "__get__", None)
    bound: Callable[..., Any] = (
        original if bind is None else bind(original, strategy, type(strategy))
    )
    return bound


def _leverage(
    gate: RiskGate, own: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The user's leverage, capped. What his hook raises is freqtrade's to handle: it takes 1."""
    proposed = own()
    try:
        given = _named(_LEVERAGE, args, kwargs)
        names = ("pair", "current_time", "max_leverage", "side")
        return gate.leverage(proposed, **{name: given[name] for name in names})
    except Exception as error:  # noqa: BLE001 - freqtrade would take 1, and say nothing of the gate
        gate.failures.failed(error, str(kwargs.get("pair", "")))
        return proposed if gate.gated.shadow else 1.0


def _stake(
    gate: RiskGate, own: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The user's stake, or freqtrade's, then the gate's cut."""
    failure: Exception | None = None
    proposed: Any = None
    try:
        proposed = own()
    except Exception as error:  # noqa: BLE001 - freqtrade would go on with its own proposal
        failure = error
    try:
        given = _named(_STAKE, args, kwargs)
        if failure is not None:
            proposed = given["proposed_stake"]
        names = (n for n in _STAKE if n not in ("proposed_stake", "entry_tag"))
        allowed = gate.stake(proposed, **{name: given[name] for name in names})
    except Exception as error:  # noqa: BLE001 - freqtrade would go on with its own proposal
        gate.failures.failed(error, str(kwargs.get("pair", "")))
        return 0.0
    if failure is None:
        return allowed
    if allowed is proposed:
        # freqtrade handles the user's own exception by doing what the gate just allowed.
        raise failure
    logger.error("talebridge: custom_stake_amount of the strategy failed", exc_info=failure)
    return allowed


def _confirm(
    gate: RiskGate, own: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The user's own refusal stands, and so does his failure; otherwise the gate has the last word.

    freqtrade alone would take an exception of confirm_trade_entry for approval. Whether it meant to
    refuse cannot be known, so here it denies.
    """
    try:
        approved = own()
    except Exception as error:
        logger.error(
            "talebridge: confirm_trade_entry of the strategy failed, the entry is denied",
            exc_info=error,
        )
        return False
    if not approved:
        return approved
    try:
        given = _named(_CONFIRM, args, kwargs)
        names = ("pair", "amount", "rate", "current_time", "side")
        heard = {name: given[name] for name in names}
        allowed = gate.confirm(**heard, sampled_next=gate.gated.lazy)
    except Exception as error:  # noqa: BLE001 - freqtrade would take it for approval
        gate.failures.failed(error, str(kwargs.get("pair", "")))
        return False
    return approved if allowed else False


def _adjust(
    gate: RiskGate, own: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The user's adjustment; increases are gated."""
    proposed = own()
    if proposed is None:
        return None
    try:
        given = _named(_ADJUST, args, kwargs)
        names = ("trade", "current_time", "min_stake", "max_stake")
        return gate.adjust(
            proposed,
            current_rate=given.get("current_entry_rate", given["current_rate"]),
            **{name: given[name] for name in names},
        )
    except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
        gate.failures.failed(error)
        return proposed if is_reduction(proposed) else None


def _named(names: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name."""
    if len(args) > len(names):
        raise TypeError(f"{len(args)} arguments by position, expected at most {len(names)}")
    return {**dict(zip(names, args, strict=False)), **kwargs}
