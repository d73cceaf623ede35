"""`@risk_gated`: gates a strategy class in place.

The decorator only wraps `__init__`: freqtrade executes strategy files while it searches, so nothing
else may happen then. The wrapped `__init__` wraps the hooks of the object's own class, which may be
a child that overrides them without calling `super()`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from talebridge import hooks

S = TypeVar("S", bound=type)
Hook = Callable[..., Any]


@overload
def risk_gated(strategy: S, /) -> S: ...


@overload
def risk_gated(**settings: Any) -> Callable[[S], S]: ...


def risk_gated(strategy: Any = None, /, **settings: Any) -> Any:
    """Gates a strategy's entries: `@risk_gated` or `@risk_gated(profile="conservative", …)`.

    Settings are those of the `risk_bridge` block (docs/config.md), which overrules them. They are
    checked when the strategy is constructed. Exits are never touched.
    """

    def decorate(cls: S) -> S:
        setattr(cls, hooks.ARGUMENTS, dict(settings))
        if not is_wrapper(cls.__init__):  # type: ignore[misc]
            cls.__init__ = _wrap_init(cls)  # type: ignore[misc]
        return cls

    return decorate if strategy is None else decorate(strategy)


def is_wrapper(function: object) -> bool:
    """Whether a function is one of the wrappers made here, also after a round trip by pickle."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == is_wrapper.__code__.co_filename


def wrap_hooks(cls: type) -> None:
    """Wraps the hooks a class has, its own or inherited, unless they are wrapped already."""
    for name, wrap in _WRAPPERS.items():
        original = getattr(cls, name, None)
        if original is not None and not is_wrapper(original):
            setattr(cls, name, wrap(original))


def _wrap_init(cls: type) -> Hook:
    own = cls.__dict__.get("__init__")
    inherited = cls.__init__  # type: ignore[misc]

    @functools.wraps(inherited)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        from talebridge import decorator, hooks

        # An inherited __init__ is looked up anew: in a class with several bases it depends on self.
        original = super(cls, self).__init__ if own is None else own.__get__(self)  # type: ignore[arg-type]
        if hooks.construct(self, original, args, kwargs):
            decorator.wrap_hooks(type(self))

    return __init__


def _wrap_populate(original: Hook) -> Hook:
    @functools.wraps(original)
    def populate_indicators(self: Any, dataframe: Any, metadata: Any) -> Any:
        return hooks.populate_indicators(self, original, dataframe, metadata)

    return populate_indicators


def _wrap_stake(original: Hook) -> Hook:
    @functools.wraps(original)
    def custom_stake_amount(
        self: Any,
        pair: Any,
        current_time: Any,
        current_rate: Any,
        proposed_stake: Any,
        min_stake: Any,
        max_stake: Any,
        leverage: Any,
        entry_tag: Any,
        side: Any,
        **kwargs: Any,
    ) -> Any:
        given = {
            "pair": pair,
            "current_time": current_time,
            "current_rate": current_rate,
            "proposed_stake": proposed_stake,
            "min_stake": min_stake,
            "max_stake": max_stake,
            "leverage": leverage,
            "entry_tag": entry_tag,
            "side": side,
        }
        return hooks.custom_stake_amount(self, original, given, kwargs)

    return custom_stake_amount


def _wrap_confirm(original: Hook) -> Hook:
    @functools.wraps(original)
    def confirm_trade_entry(
        self: Any,
        pair: Any,
        order_type: Any,
        amount: Any,
        rate: Any,
        time_in_force: Any,
        current_time: Any,
        entry_tag: Any,
        side: Any,
        **kwargs: Any,
    ) -> Any:
        given = {
            "pair": pair,
            "order_type": order_type,
            "amount": amount,
            "rate": rate,
            "time_in_force": time_in_force,
            "current_time": current_time,
            "entry_tag": entry_tag,
            "side": side,
        }
        return hooks.confirm_trade_entry(self, original, given, kwargs)

    return confirm_trade_entry


def _wrap_adjust(original: Hook) -> Hook:
    @functools.wraps(original)
    def adjust_trade_position(
        self: Any,
        trade: Any,
        current_time: Any,
        current_rate: Any,
        current_profit: Any,
        min_stake: Any,
        max_stake: Any,
        **kwargs: Any,
    ) -> Any:
        given = {
            "trade": trade,
            "current_time": current_time,
            "current_rate": current_rate,
            "current_profit": current_profit,
            "min_stake": min_stake,
            "max_stake": max_stake,
        }
        return hooks.adjust_trade_position(self, original, given, kwargs)

    return adjust_trade_position


def _wrap_filled(original: Hook) -> Hook:
    @functools.wraps(original)
    def order_filled(
        self: Any, pair: Any, trade: Any, order: Any, current_time: Any, **kwargs: Any
    ) -> Any:
        given = {"pair": pair, "trade": trade, "order": order, "current_time": current_time}
        return hooks.order_filled(self, original, given, kwargs)

    return order_filled


def _wrap_loop_start(original: Hook) -> Hook:
    @functools.wraps(original)
    def bot_loop_start(self: Any, current_time: Any, **kwargs: Any) -> Any:
        return hooks.bot_loop_start(self, original, {"current_time": current_time}, kwargs)

    return bot_loop_start


_WRAPPERS: dict[str, Callable[[Hook], Hook]] = {
    "populate_indicators": _wrap_populate,
    "custom_stake_amount": _wrap_stake,
    "confirm_trade_entry": _wrap_confirm,
    "adjust_trade_position": _wrap_adjust,
    "order_filled": _wrap_filled,
    "bot_loop_start": _wrap_loop_start,
}
"""Not custom_exit, custom_stoploss or confirm_trade_exit: exits are never touched."""
