"""Settings: who overrules whom, and everything that is wrong at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from talebridge import config
from talebridge._generated import SETTINGS
from talebridge.config import resolve, with_defaults
from talebridge.errors import SettingsRejected


def test_defaults() -> None:
    settings = resolve([])
    assert settings.gate == {}
    assert (settings.mode, settings.window_set) == ("enforce", "standard")
    assert (settings.on_unavailable, settings.autostart) == ("deny", "auto")
    assert (settings.timeout_ms, settings.breaker_s) == (50, 2)


def test_later_sources_overrule_earlier_ones_key_by_key() -> None:
    arguments = {"profile": "extreme", "mode": "shadow", "limits": {"max_drawdown": 0.1}}
    block = {"profile": "conservative", "limits": {"max_daily_loss": None}, "timeout_ms": 80}
    settings = resolve([arguments, block, None])
    assert settings.gate == {
        "profile": "conservative",
        "mode": "shadow",
        "limits": {"max_drawdown": 0.1, "max_daily_loss": None},
    }
    assert settings.timeout_ms == 80


def test_all_violations_are_named_at_once() -> None:
    block = {
        "profil": "extreme",
        "mode": "on",
        "timeout_ms": 0,
        "breaker_s": "2",
        "command": "node main.js",
        "limits": {"max_drawdwn": 0.1},
        "last_known_max_age_candles": 2.5,
    }
    with pytest.raises(SettingsRejected) as caught:
        resolve([block])
    text = str(caught.value)
    for path in block:
        assert f"risk_bridge.{path if path != 'limits' else 'limits.max_drawdwn'}: " in text
    assert "did you mean profile?" in text
    assert "did you mean limits.max_drawdown?" in text


@pytest.mark.parametrize("block", ["x", 5, ["profile"], True])
def test_a_block_that_is_no_map_is_refused(block: object) -> None:
    with pytest.raises(SettingsRejected, match="map of settings"):
        resolve([block])


def test_limits_that_are_no_map_are_refused() -> None:
    with pytest.raises(SettingsRejected, match=r"risk_bridge\.limits"):
        resolve([{"limits": 0.1}])


def test_what_freqtrade_makes_of_environment_variables_is_understood() -> None:
    block = {"session": 42, "dir": "none", "journal_dir": "null", "command": ["node", "x.js"]}
    settings = resolve([block])
    assert settings.session == "42"
    assert settings.dir is None
    assert settings.journal_dir is None
    assert settings.command == ("node", "x.js")


def test_the_fingerprint_of_an_earlier_run_is_no_setting() -> None:
    assert resolve([{"fingerprint": "abc"}]).gate == {}


@pytest.mark.parametrize("value", [True, False, None, 1, "ON", ["on"]])
def test_choices_are_exact(value: Any) -> None:
    with pytest.raises(SettingsRejected, match=r"risk_bridge\.autostart: has to be one of"):
        resolve([{"autostart": value}])


SHIM_NUMBERS = [s for s in SETTINGS if s.part == "shim" and s.kind in ("number", "integer")]


@pytest.mark.parametrize("spec", SHIM_NUMBERS, ids=lambda spec: spec.path)
def test_ranges_are_those_of_the_schema(spec: Any) -> None:
    least, most = (float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", spec.values))
    assert config.RANGES[spec.path] == (least, most)
    whole = spec.kind == "integer"
    for value in (least, most):
        resolve([{spec.path: int(value) if whole else value}])
    for value in (least - 1, most + 1, float("nan"), float("inf"), True, "1"):
        with pytest.raises(SettingsRejected, match=spec.path):
            resolve([{spec.path: value}])


@pytest.mark.parametrize("path", list(config.LENGTHS))
def test_lengths_are_those_of_the_schema(path: str) -> None:
    spec = next(s for s in SETTINGS if s.path == path)
    assert tuple(int(n) for n in re.findall(r"\d+", spec.values)) == config.LENGTHS[path]
    with pytest.raises(SettingsRejected, match=path):
        resolve([{path: "x" * (config.LENGTHS[path][1] + 1)}])


def test_every_setting_of_the_shim_is_used() -> None:
    fields = set(config.Settings.__dataclass_fields__)
    assert {s.path for s in SETTINGS if s.part == "shim"} <= fields


def test_the_full_settings_name_every_key_with_the_profiles_default() -> None:
    full = with_defaults(resolve([{"profile": "conservative", "limits": {"max_daily_loss": None}}]))
    assert full["limits"]["max_daily_loss"] is None
    spec = next(s for s in SETTINGS if s.path == "limits.max_drawdown")
    assert spec.by_profile is not None
    assert full["limits"]["max_drawdown"] == spec.by_profile["conservative"]
    assert full["rules"] is None
    paths = {k for k in full if k != "limits"} | {f"limits.{k}" for k in full["limits"]}
    assert paths == {s.path for s in SETTINGS if s.part == "gate"}


def test_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    assert resolve([]).directory() == Path(f"/tmp/talebridge-{os.getuid()}")  # noqa: S108
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert resolve([]).directory() == tmp_path / "talebridge"
    monkeypatch.setenv("TALEBRIDGE_DIR", str(tmp_path / "own"))
    assert resolve([]).directory() == tmp_path / "own"
    assert resolve([{"dir": "~/there"}]).directory() == Path("~/there").expanduser()
