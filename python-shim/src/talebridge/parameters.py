"""Settings that follow parameters of the strategy, so that hyperopt can turn them.

freqtrade gives a parameter its value after the strategy is made, and another one in every epoch
of a hyperopt. So values are read when a run begins, and again whenever one may have changed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from talebridge._generated import SETTINGS
from talebridge.config import ENGINE_KEYS, Settings
from talebridge.errors import SettingsRejected, violations_text

_NUMBERS = {
    spec.path: spec.kind
    for spec in SETTINGS
    if spec.part == "gate" and spec.kind.rstrip("?") in ("number", "integer")
}
_RULE = re.compile(r"rules\.(\d{1,2})\.(from|to|min_size|deny_above)")
_NULLABLE_RULE_KEY = "deny_above"


class Parameters:
    """Which settings follow which attributes of a strategy. Plain data: pickled with it.

    Raises SettingsRejected naming every mistake at once.
    """

    def __init__(self, strategy: Any, settings: Settings) -> None:
        self._base = settings
        self._names = dict(settings.parameters)
        name_of = type(strategy).__name__
        violations: dict[str, str] = {}
        for path, name in self._names.items():
            problem = self._path_problem(path)
            if problem is None and not hasattr(getattr(strategy, name, None), "value"):
                problem = (
                    f"{name_of} has no parameter {name!r}: define it in the class, such as "
                    f'{name} = DecimalParameter(0.05, 0.3, default=0.2, space="buy")'
                )
            if problem is not None:
                violations[f"parameters.{path}"] = problem
        if violations:
            raise SettingsRejected(f"invalid settings:\n{violations_text(violations)}")

    def __bool__(self) -> bool:
        return bool(self._names)

    @property
    def limits(self) -> frozenset[str]:
        """Account limits that follow a parameter, whatever its value."""
        return frozenset(
            path.removeprefix("limits.") for path in self._names if path.startswith("limits.")
        )

    def values(self, strategy: Any) -> tuple[Any, ...]:
        """The parameters' values now."""
        return tuple(getattr(strategy, name).value for name in self._names.values())

    def applied(self, values: tuple[Any, ...]) -> Settings:
        """The settings with these values.

        Raises SettingsRejected where one is no number; ranges are the bridge's to check.
        """
        gate = copy.deepcopy(dict(self._base.gate))
        violations: dict[str, str] = {}
        for (path, name), value in zip(self._names.items(), values, strict=True):
            # Some spaces hand out numpy's numbers.
            plain = value.item() if hasattr(value, "item") else value
            if _is_number(plain) or (plain is None and _may_be_null(path)):
                _put(gate, path.split("."), plain)
            else:
                violations[path] = f"follows the parameter {name}, which is {value!r}: no number"
        if violations:
            raise SettingsRejected(f"invalid settings:\n{violations_text(violations)}")
        return replace(self._base, gate=gate)

    def turned_too_late(self, strategy: Any) -> str | None:
        """Why an optimisation that analyses candles once cannot turn some parameter; None if it
        can turn all it wants to."""
        for path, name in self._names.items():
            parameter = getattr(strategy, name)
            turned = getattr(parameter, "in_space", False) and getattr(parameter, "optimize", True)
            if turned and path.split(".")[0] in ENGINE_KEYS:
                return (
                    f"the parameter {name} turns risk_bridge.{path}, which the candles are judged "
                    "by: run hyperopt with --analyze-per-epoch, or define it with optimize=False"
                )
        return None

    def _path_problem(self, path: str) -> str | None:
        if path in _NUMBERS:
            return None
        rule = _RULE.fullmatch(path)
        if rule is None:
            return (
                "is no setting that can follow a parameter: give a number of docs/config.md, such "
                "as limits.max_drawdown, or rules.0.from"
            )
        rules = self._base.gate.get("rules")
        if not isinstance(rules, list) or len(rules) <= int(rule[1]):
            return f"there is no rule {rule[1]}: give risk_bridge.rules the rule to turn"
        return None if isinstance(rules[int(rule[1])], Mapping) else "the rule is not a map"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _may_be_null(path: str) -> bool:
    return _NUMBERS.get(path, "").endswith("?") or path.endswith(_NULLABLE_RULE_KEY)


def _put(into: Any, keys: list[str], value: Any) -> None:
    *groups, last = keys
    for key in groups:
        into = into[int(key)] if isinstance(into, list) else into.setdefault(key, {})
    into[last] = value
