"""The `risk_bridge` settings: decorator arguments < config["risk_bridge"] < environment.

freqtrade itself merges FREQTRADE__RISK_BRIDGE__* into the configuration, so the environment is
already in there. What the shim itself reads is checked here; the gate's part is checked by the
bridge, whose schema knows the ranges.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from talebridge._generated import SETTINGS, SettingSpec
from talebridge.errors import SettingsRejected, violations_text

FINGERPRINT = "fingerprint"
"""Key the shim writes into config["risk_bridge"]; not a setting."""

_WRITTEN = frozenset({FINGERPRINT})
_SPECS = {spec.path: spec for spec in SETTINGS}
_GROUPS = {path.split(".")[0] for path in _SPECS if "." in path}
_CHECKED_GATE_KEYS = ("profile", "mode", "window_set")
"""Keys of the gate's part that the shim itself acts on."""

RANGES: Mapping[str, tuple[float, float]] = {
    "last_known_max_age_candles": (1, 100),
    "timeout_ms": (1, 10_000),
    "hello_timeout_ms": (10, 60_000),
    "batch_timeout_s": (0.1, 600),
    "breaker_s": (0, 600),
}
LENGTHS: Mapping[str, tuple[int, int]] = {
    "dir": (1, 90),
    "journal_dir": (1, 4096),
    "session": (1, 96),
}


@dataclass(frozen=True)
class Settings:
    """Checked settings. Plain data: pickled with the strategy."""

    gate: Mapping[str, Any]
    """What the user gave of the gate's part, nested, to be sent in hello."""
    mode: Literal["enforce", "shadow", "off"]
    window_set: Literal["standard", "compact"]
    on_unavailable: Literal["deny", "allow", "last_known"]
    last_known_max_age_candles: int
    autostart: Literal["auto", "on", "off"]
    dir: str | None
    journal_dir: str | None
    command: tuple[str, ...] | None
    session: str | None
    timeout_ms: float
    hello_timeout_ms: float
    batch_timeout_s: float
    breaker_s: float

    def directory(self) -> Path:
        """Directory of the bridge's sockets."""
        if self.dir is not None:
            return Path(self.dir).expanduser().absolute()
        for name, below in (("TALEBRIDGE_DIR", ""), ("XDG_RUNTIME_DIR", "talebridge")):
            value = os.environ.get(name)
            if value:
                return (Path(value) / below).absolute()
        return Path(f"/tmp/talebridge-{os.getuid()}")  # noqa: S108 - the documented default, mode 0700


def resolve(sources: Sequence[object]) -> Settings:
    """Merges and checks settings, later sources overruling earlier ones; None is an empty one.

    Raises SettingsRejected naming every violation at once.
    """
    violations: dict[str, str] = {}
    given: dict[str, Any] = {}
    for source in sources:
        if source is None:
            continue
        if not isinstance(source, Mapping):
            raise SettingsRejected(f"risk_bridge has to be a map of settings, not {source!r}")
        _flatten(source, given, violations)
    values = {spec.path: spec.default for spec in SETTINGS if spec.part == "shim"}
    for path, value in given.items():
        spec = _SPECS.get(path)
        if spec is None:
            violations[path] = _unknown(path)
        elif spec.part == "shim" or path in _CHECKED_GATE_KEYS:
            values[path], problem = _check(spec, value)
            if problem:
                violations[path] = problem
    if violations:
        raise SettingsRejected(f"invalid settings:\n{violations_text(violations)}")
    gate = {path: v for path, v in given.items() if _SPECS[path].part == "gate"}
    command = values["command"]
    return Settings(
        gate=_nest(gate),
        mode=cast(Any, values.get("mode", _SPECS["mode"].default)),
        window_set=cast(Any, values.get("window_set", _SPECS["window_set"].default)),
        on_unavailable=cast(Any, values["on_unavailable"]),
        last_known_max_age_candles=cast(int, values["last_known_max_age_candles"]),
        autostart=cast(Any, values["autostart"]),
        dir=cast("str | None", values["dir"]),
        journal_dir=cast("str | None", values["journal_dir"]),
        command=None if command is None else tuple(cast("list[str]", command)),
        session=cast("str | None", values["session"]),
        timeout_ms=cast(float, values["timeout_ms"]),
        hello_timeout_ms=cast(float, values["hello_timeout_ms"]),
        batch_timeout_s=cast(float, values["batch_timeout_s"]),
        breaker_s=cast(float, values["breaker_s"]),
    )


def with_defaults(settings: Settings) -> dict[str, Any]:
    """The gate's part with every default filled in, nested: what a result file should carry."""
    flat: dict[str, Any] = {}
    _flatten(settings.gate, flat, {})
    profile = flat.get("profile", _SPECS["profile"].default)
    full: dict[str, Any] = {}
    for spec in SETTINGS:
        if spec.part != "gate":
            continue
        default = spec.default
        if spec.by_profile is not None:
            default = spec.by_profile.get(str(profile))
        full[spec.path] = flat.get(spec.path, default)
    return _nest(full)


def engine_settings(settings: Settings, timeframe_s: int) -> dict[str, Any]:
    """The `engine` map of an annotate header."""
    full = with_defaults(settings)
    engine = {key: full[key] for key in ("profile", "window_set", "loss_threshold")}
    if full["rules"] is not None:
        engine["rules"] = full["rules"]
    return {**engine, "timeframe_s": timeframe_s}


def _flatten(source: Mapping[str, Any], into: dict[str, Any], violations: dict[str, str]) -> None:
    for key, value in source.items():
        if key in _WRITTEN:
            continue
        if key not in _GROUPS:
            into[str(key)] = value
        elif isinstance(value, Mapping):
            into.update({f"{key}.{inner}": v for inner, v in value.items()})
        else:
            violations[key] = f"has to be a map of settings, not {value!r}"


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        group, _, key = path.rpartition(".")
        if group:
            nested.setdefault(group, {})[key] = value
        else:
            nested[key] = value
    return nested


def _unknown(path: str) -> str:
    close = difflib.get_close_matches(path, _SPECS, n=1)
    return "unknown setting" + (f"; did you mean {close[0]}?" if close else "")


def _check(spec: SettingSpec, value: object) -> tuple[object, str | None]:
    """The value as the shim uses it, and what is wrong with it."""
    kind = spec.kind.removesuffix("?")
    if spec.kind.endswith("?") and (
        # The environment has no other way to say null.
        value is None or (isinstance(value, str) and value.lower() in ("null", "none"))
    ):
        return None, None
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        # freqtrade turns environment values that look like numbers into numbers.
        value = str(value)
    valid = _fits(kind, spec, value)
    return value, None if valid else f"has to be {spec.values}, not {value!r}"


def _fits(kind: str, spec: SettingSpec, value: object) -> bool:
    match kind:
        case "enum":
            return value in spec.choices
        case "string":
            low, high = LENGTHS[spec.path]
            return isinstance(value, str) and low <= len(value) <= high
        case "list":
            return (
                isinstance(value, list | tuple)
                and 0 < len(value) <= 64
                and all(isinstance(word, str) and word for word in value)
            )
        case _:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            if kind == "integer" and not isinstance(value, int):
                return False
            least, most = RANGES[spec.path]
            return least <= value <= most
