"""`@risk_gated`: gates a strategy class in place.

The decorator only wraps `__init__`, of the class and of every class made from it: freqtrade
executes strategy files while it searches, so nothing else may happen then. The wrapped `__init__`
wraps the hooks of the object's own class, which may be a child that overrides them without calling
`super()`, and those the object carries itself.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from types import MethodType
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
        gate_init(cls)
        own = getattr(cls.__dict__.get("__init_subclass__"), "__func__", None)
        if not is_wrapper(own):
            cls.__init_subclass__ = _wrap_init_subclass(cls)  # type: ignore[method-assign]
        return cls

    return decorate if strategy is None else decorate(strategy)


_MARK = "talebridge_wraps"
"""Name of the variable in which every wrapper holds what it wraps. The code keeps it wherever it is
pickled; file names do not survive cloudpickle 3.1.3, and attributes are copied by functools.wraps
to whatever wraps a wrapper."""


def is_wrapper(function: object) -> bool:
    """Whether a function is one of the wrappers made here, also after a round trip by pickle."""
    code = getattr(function, "__code__", None)
    return code is not None and _MARK in code.co_freevars


def gate_init(cls: type) -> None:
    """Wraps the `__init__` a class has, its own or inherited, unless it is wrapped already."""
    if not is_wrapper(cls.__init__):  # type: ignore[misc]
        cls.__init__ = _wrap_init(cls)  # type: ignore[misc]


def wrap_hooks(cls: type, names: Sequence[str]) -> None:
    """Wraps the hooks a class has, its own or inherited, unless they are wrapped already.

    They may be plain, static or class methods.
    """
    for name in names:
        # Not getattr: it would unwrap static and class methods, which then could not be bound.
        original = inspect.getattr_static(cls, name, None)
        if original is not None and not is_wrapper(original):
            setattr(cls, name, _wrap(name, original))


def wrap_own_hooks(strategy: Any, names: Sequence[str]) -> None:
    """Wraps the hooks that were assigned to the object: they hide those of its class."""
    for name in names:
        own = strategy.__dict__.get(name)
        if own is not None and not is_wrapper(getattr(own, "__func__", None)):
            # Python does not bind what an object carries, hence static.
            strategy.__dict__[name] = MethodType(_wrap(name, staticmethod(own)), strategy)


def _wrap_init(cls: type) -> Hook:
    talebridge_wraps = cls.__dict__.get("__init__")
    inherited = cls.__init__  # type: ignore[misc]

    @functools.wraps(inherited)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        from talebridge import decorator, hooks

        # An inherited __init__ is looked up anew: in a class with several bases it depends on self.
        if talebridge_wraps is None:
            original = super(cls, self).__init__  # type: ignore[arg-type]
        else:
            original = talebridge_wraps.__get__(self)
        gate = hooks.construct(self, original, args, kwargs)
        if gate is not None and gate.active:
            decorator.wrap_hooks(type(self), hooks.hooks_of(gate))
            decorator.wrap_own_hooks(self, hooks.hooks_of(gate))

    return __init__


def _wrap_init_subclass(cls: type) -> Any:
    """Sees to it that a child whose `__init__` passes the decorated one over is gated too."""
    talebridge_wraps = cls.__dict__.get("__init_subclass__")

    def __init_subclass__(child: Any, /, **kwargs: Any) -> None:
        from talebridge import decorator

        if talebridge_wraps is None:
            super(cls, child).__init_subclass__(**kwargs)  # type: ignore[arg-type]
        else:
            talebridge_wraps.__get__(None, child)(**kwargs)
        decorator.gate_init(child)

    return classmethod(__init_subclass__)


def _wrap(name: str, original: Any) -> Hook:
    """A wrapper of a hook as it stands in a class: a function or a descriptor."""
    talebridge_wraps = original
    function = getattr(original, "__func__", original)
    if name == "populate_indicators":
        # freqtrade counts the arguments of this one.
        @functools.wraps(function)
        def populate_indicators(self: Any, dataframe: Any, metadata: Any) -> Any:
            return hooks.populate_indicators(self, talebridge_wraps, dataframe, metadata)

        return populate_indicators

    # Takes whatever it is given: freqtrade would take a TypeError raised here for approval.
    @functools.wraps(function)
    def hook(self: Any, *args: Any, **kwargs: Any) -> Any:
        return hooks.run(name, self, talebridge_wraps, args, kwargs)

    return hook
