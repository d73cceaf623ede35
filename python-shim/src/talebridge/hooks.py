"""What a gated strategy's hooks do: the user's own first, then the gate.

The wrappers made by `decorator` are pickled by value into hyperopt's workers and name nothing but
this module, so everything that holds state stays on this side.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from talebridge.gate import RiskGate

if TYPE_CHECKING:
    from pandas import DataFrame

logger = logging.getLogger(__name__)

GATE = "_talebridge_gate"
ARGUMENTS = "_talebridge_arguments"


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
) -> bool:
    """Runs a strategy's `__init__`; the outermost one then makes the gate.

    Returns whether the strategy's class is to be wrapped.
    """
    key = (id(strategy), "__init__")
    if key in _active.keys:
        original(*args, **kwargs)
        return False
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
    return gate.active


def populate_indicators(
    strategy: Any, original: Callable[..., Any], dataframe: DataFrame, metadata: Mapping[str, Any]
) -> Any:
    """The user's columns, then ours, computed from the candles as they came."""
    with _Outermost(strategy, "populate_indicators") as gate:
        if gate is None:
            return original(strategy, dataframe, metadata)
        candles = gate.read_candles(dataframe, metadata)
        result = original(strategy, dataframe, metadata)
        if not hasattr(result, "columns"):
            # Not a frame: freqtrade says so itself.
            return result
        return gate.annotate_from(candles, result, metadata)


def custom_stake_amount(
    strategy: Any, original: Callable[..., Any], given: dict[str, Any], further: dict[str, Any]
) -> Any:
    """The user's stake, or freqtrade's, then the gate's cut."""
    with _Outermost(strategy, "custom_stake_amount") as gate:
        if gate is None:
            return original(strategy, **given, **further)
        failure = None
        try:
            proposed = original(strategy, **given, **further)
        except Exception as error:  # noqa: BLE001 - freqtrade would go on with its own proposal
            failure = error
            proposed = given["proposed_stake"]
        allowed = gate.stake(
            proposed,
            pair=given["pair"],
            current_time=given["current_time"],
            current_rate=given["current_rate"],
            min_stake=given["min_stake"],
            max_stake=given["max_stake"],
            leverage=given["leverage"],
            side=given["side"],
        )
        return _after(failure, allowed, unchanged=allowed is proposed, hook="custom_stake_amount")


def confirm_trade_entry(
    strategy: Any, original: Callable[..., Any], given: dict[str, Any], further: dict[str, Any]
) -> Any:
    """The user's own refusal stands; otherwise the gate has the last word."""
    with _Outermost(strategy, "confirm_trade_entry") as gate:
        if gate is None:
            return original(strategy, **given, **further)
        failure = None
        approved: Any = True
        try:
            approved = original(strategy, **given, **further)
        except Exception as error:  # noqa: BLE001 - freqtrade would take it for approval
            failure = error
        if not approved:
            return approved
        allowed = gate.confirm(
            pair=given["pair"],
            amount=given["amount"],
            rate=given["rate"],
            current_time=given["current_time"],
            side=given["side"],
        )
        result = approved if allowed else False
        return _after(failure, result, unchanged=allowed, hook="confirm_trade_entry")


def adjust_trade_position(
    strategy: Any, original: Callable[..., Any], given: dict[str, Any], further: dict[str, Any]
) -> Any:
    """The user's adjustment; increases are gated."""
    with _Outermost(strategy, "adjust_trade_position") as gate:
        proposed = original(strategy, **given, **further)
        if gate is None or proposed is None:
            return proposed
        return gate.adjust(
            proposed,
            trade=given["trade"],
            current_time=given["current_time"],
            current_rate=further.get("current_entry_rate", given["current_rate"]),
            min_stake=given["min_stake"],
            max_stake=given["max_stake"],
        )


def order_filled(
    strategy: Any, original: Callable[..., Any], given: dict[str, Any], further: dict[str, Any]
) -> Any:
    """Notes the fill, then the user's own."""
    with _Outermost(strategy, "order_filled") as gate:
        if gate is not None:
            gate.filled()
        return original(strategy, **given, **further)


def bot_loop_start(
    strategy: Any, original: Callable[..., Any], given: dict[str, Any], further: dict[str, Any]
) -> Any:
    """Samples the account when due, then the user's own."""
    with _Outermost(strategy, "bot_loop_start") as gate:
        if gate is not None:
            gate.sample(given["current_time"])
        return original(strategy, **given, **further)


def _after(failure: Exception | None, result: Any, *, unchanged: bool, hook: str) -> Any:
    """The gate's result; the user's own exception goes to freqtrade where the gate changed nothing,
    since its way of handling it is then what the gate allowed."""
    if failure is None:
        return result
    if unchanged:
        raise failure
    logger.error("talebridge: %s of the strategy failed", hook, exc_info=failure)
    return result
