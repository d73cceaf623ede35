"""Settings: who overrules whom, and everything that is wrong at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT

from talebridge import config
from talebridge._generated import SETTINGS
from talebridge.config import resolve, with_defaults
from talebridge.errors import SettingsRejected
from talebridge.place import Local, Remote


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
    (bounds,) = re.findall(r"(\d+) to (\d+) characters", spec.values)
    assert tuple(int(n) for n in bounds) == config.LENGTHS[path]
    with pytest.raises(SettingsRejected, match=path):
        resolve([nested(path, "x" * (config.LENGTHS[path][1] + 1))])


def nested(path: str, value: object) -> dict[str, Any]:
    """A setting as a user writes it."""
    group, _, key = path.rpartition(".")
    return {group: {key: value}} if group else {key: value}


def test_every_setting_of_the_shim_is_used() -> None:
    fields = set(config.Settings.__dataclass_fields__)
    assert {s.path.split(".")[0] for s in SETTINGS if s.part == "shim"} <= fields


SCHEMA = json.loads((ROOT / "protocol" / "settings.schema.json").read_text())


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        (
            "market_pair",
            ("BTC/USDT", "BTC/USDT:USDT", "1000PEPE/USDT"),
            (
                "BTCUSDT",
                "BTC_USDT",
                "BTC/",
                "/USDT",
                "BTC/USDT/X",
                "BTC/USDT:",
                "BTC/US DT",
                "B:C/D",
            ),
        ),
        (
            "connect.gate",
            ("tcp://127.0.0.1:1", "tcp://[::1]:4710", "tcp://bridge_1.local-net:4710"),
            (
                "127.0.0.1:1",
                "ipc://x",
                "tcp://x",
                "tcp://x:",
                "tcp://*:1",
                "tcp://a b:1",
                "tcp://a:1/",
            ),
        ),
    ],
)
def test_patterns_are_those_of_the_schema(
    path: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    node = SCHEMA
    for key in path.split("."):
        node = node["properties"][key]
        node = node["anyOf"][0] if "anyOf" in node else node
    for text in (*right, *wrong):
        fits = config.PATTERNS[path].fullmatch(text) is not None
        assert fits is (text in right), text
        assert fits is (re.search(node["pattern"], text) is not None), text


def test_a_market_pair_in_the_wrong_form_is_named_with_the_right_one() -> None:
    with pytest.raises(SettingsRejected, match=r'market_pair: has to be a pair such as "BTC/USDT"'):
        resolve([{"market_pair": "BTCUSDT"}])
    assert resolve([{"market_pair": "null"}]).market_pair is None
    assert resolve([{"market_pair": "BTC/USDT"}]).gate == {"market_pair": "BTC/USDT"}


TCP = {"gate": "tcp://192.0.2.7:4710", "batch": "tcp://192.0.2.7:4711", "key_file": "~/bot.key"}


def test_a_bridge_elsewhere() -> None:
    settings = resolve([{"connect": TCP}])
    assert settings.place() == Remote(TCP["gate"], TCP["batch"], Path("~/bot.key").expanduser())
    assert settings.gate == {}
    assert resolve([]).place() == Local(resolve([]).directory())


@pytest.mark.parametrize("null", [None, "null"])
def test_a_later_source_takes_a_bridge_elsewhere_back(null: object) -> None:
    assert resolve([{"connect": TCP}, {"connect": null}]).connect is None
    assert resolve([{"connect": null}, {"connect": TCP}]).connect is not None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"gate": None}, "connect.gate"),
        ({"batch": None}, "connect.batch"),
        ({"gate": "192.0.2.7:1"}, "connect.gate"),
        ({"key_file": None}, "connect.key_file"),
        ({"key_fil": "x"}, "connect.key_fil"),
    ],
)
def test_a_bridge_elsewhere_is_named_in_full(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(SettingsRejected, match=rf"risk_bridge\.{path}: "):
        resolve([{"connect": {**TCP, **changes}}])


def test_in_the_clear_only_to_this_machine() -> None:
    near = {"gate": "tcp://127.0.0.1:4710", "batch": "tcp://[::1]:4711", "key_file": None}
    assert resolve([{"connect": near}]).connect == Remote(near["gate"], near["batch"], None)


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
