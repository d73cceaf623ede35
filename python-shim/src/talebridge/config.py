"""The `risk_bridge` settings: decorator arguments < config["risk_bridge"] < environment.

freqtrade itself merges FREQTRADE__RISK_BRIDGE__* into the configuration, so the environment is
already in there. What the shim itself reads is checked here; the gate's part is checked by the
bridge, whose schema knows the ranges.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from talebridge import chosen
from talebridge._generated import SETTINGS, SettingSpec
from talebridge.errors import SettingsRejected, violations_text
from talebridge.place import ADDRESS, Local, Place, Remote, is_loopback

FINGERPRINT = "fingerprint"
"""Key the shim writes into config["risk_bridge"]; not a setting."""

_WRITTEN = frozenset({FINGERPRINT})
_SPECS = {spec.path: spec for spec in SETTINGS}
_GROUPS = {path.split(".")[0] for path in _SPECS if "." in path}
ENGINE_KEYS = (
    "profile",
    "window_set",
    "loss_threshold",
    "adverse_horizon_candles",
    "adverse_quantile",
    "rules",
)
"""What candles are judged by."""
_CHECKED_GATE_KEYS = ("profile", "mode", "window_set", "market_pair")
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
    "market_pair": (1, 31),
    "connect.gate": (1, 255),
    "connect.batch": (1, 255),
    "connect.key_file": (1, 4096),
}
PATTERNS: Mapping[str, re.Pattern[str]] = {
    "market_pair": re.compile(r"[^\s/:]+/[^\s/:]+(:[^\s/:]+)?"),
    "connect.gate": ADDRESS,
    "connect.batch": ADDRESS,
}


@dataclass(frozen=True)
class Settings:
    """Checked settings. Plain data: pickled with the strategy."""

    gate: Mapping[str, Any]
    """What the user gave of the gate's part, nested, to be sent in hello."""
    mode: Literal["enforce", "shadow", "off"]
    window_set: Literal["standard", "compact"]
    market_pair: str | None
    connect: Remote | None
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
    lock_pairs: bool
    parameters: Mapping[str, str]
    """Settings that follow a parameter of the strategy, by path."""
    columns: tuple[str, ...]
    """The `risk_` columns wanted in frames, in the manifest's order."""

    def place(self) -> Place:
        """Where the bridge listens that these settings name."""
        return self.connect if self.connect is not None else Local(self.directory())

    def directory(self) -> Path:
        """Directory of the bridge's sockets, on this machine."""
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
        elif path == "columns":
            values[path] = value
            violations.update(chosen.problems(value))
        elif spec.part == "shim" or path in _CHECKED_GATE_KEYS:
            values[path], problem = _check(spec, value)
            if problem:
                violations[path] = problem
    connect = _connect(values, violations)
    if violations:
        raise SettingsRejected(f"invalid settings:\n{violations_text(violations)}")
    gate = {path: v for path, v in given.items() if _SPECS[path].part == "gate"}
    command = values["command"]
    return Settings(
        gate=_nest(gate),
        mode=cast(Any, values.get("mode", _SPECS["mode"].default)),
        window_set=cast(Any, values.get("window_set", _SPECS["window_set"].default)),
        market_pair=cast("str | None", values.get("market_pair")),
        connect=connect,
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
        lock_pairs=cast(bool, values["lock_pairs"]),
        parameters=cast("Mapping[str, str]", values["parameters"] or {}),
        columns=chosen.chosen(values["columns"]),
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
    engine = {key: full[key] for key in ENGINE_KEYS if key != "rules"}
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
        elif key in _SPECS and _is_null(value):
            for path in [path for path in into if path.startswith(f"{key}.")]:
                del into[path]
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


def _connect(values: Mapping[str, object], violations: dict[str, str]) -> Remote | None:
    """The addresses and keys of a bridge elsewhere, None when none is named."""
    gate, batch, key_file = (values.get(f"connect.{key}") for key in ("gate", "batch", "key_file"))
    if gate is None and batch is None and key_file is None:
        return None
    for key, address in (("gate", gate), ("batch", batch)):
        if f"connect.{key}" in violations:
            continue
        if address is None:
            violations[f"connect.{key}"] = "is missing: both addresses and the key file are needed"
        elif key_file is None and not is_loopback(str(address)):
            violations["connect.key_file"] = (
                f"is missing: {address} is another machine, and nothing goes there in the clear. "
                "Make the file with `talebridge keys client NAME` where the bridge runs"
            )
    path = None if key_file is None else Path(str(key_file)).expanduser().absolute()
    return Remote(str(gate), str(batch), path)


def _unknown(path: str) -> str:
    close = difflib.get_close_matches(path, _SPECS, n=1)
    return "unknown setting" + (f"; did you mean {close[0]}?" if close else "")


def _check(spec: SettingSpec, value: object) -> tuple[object, str | None]:
    """The value as the shim uses it, and what is wrong with it."""
    kind = spec.kind.removesuffix("?")
    if spec.kind.endswith("?") and _is_null(value):
        return None, None
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        # freqtrade turns environment values that look like numbers into numbers.
        value = str(value)
    valid = _fits(kind, spec, value)
    return value, None if valid else f"has to be {spec.values}, not {value!r}"


def _is_null(value: object) -> bool:
    # The environment has no other way to say null.
    return value is None or (isinstance(value, str) and value.lower() in ("null", "none"))


def _fits(kind: str, spec: SettingSpec, value: object) -> bool:
    match kind:
        case "enum":
            return value in spec.choices
        case "string":
            low, high = LENGTHS[spec.path]
            if not isinstance(value, str) or not low <= len(value) <= high:
                return False
            pattern = PATTERNS.get(spec.path)
            return pattern is None or pattern.fullmatch(value) is not None
        case "list":
            return (
                isinstance(value, list | tuple)
                and 0 < len(value) <= 64
                and all(isinstance(word, str) and word for word in value)
            )
        case "boolean":
            return isinstance(value, bool)
        case "map":
            return isinstance(value, Mapping) and all(
                isinstance(text, str) and text for entry in value.items() for text in entry
            )
        case _:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            if kind == "integer" and not isinstance(value, int):
                return False
            least, most = RANGES[spec.path]
            return least <= value <= most
