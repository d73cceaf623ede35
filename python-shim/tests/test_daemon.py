"""Against the real daemon: the whole way of a candle and of an entry, and the daemon's life."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import (
    NAMES,
    ROOT,
    M,
    Strategy,
    analysed,
    ask_confirm,
    ask_stake,
    candles,
    config,
    entry_time,
    journal,
    open_trade,
    start_daemon,
    stop_daemon,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_session import TERMS, session
from test_setup import STOP

from talebridge import columns, facts, risk_gated, spawn, wire
from talebridge import session as session_module
from talebridge._generated import MEMORY_ROWS, Reason
from talebridge.config import resolve
from talebridge.errors import BadCandles, Unavailable
from talebridge.place import Local

ROWS = M + 400
DAEMON_WAIT_S = 20


def gated(strategy: type[Strategy], given: dict[str, Any], **arguments: Any) -> Any:
    return risk_gated(**arguments)(strategy)(given)


def jumpy(strategy: Any) -> Any:
    """An analysed frame whose last candle is a jump, and the strategy's own."""
    frame = candles(M + 60)
    last = frame.index[-1]
    frame.loc[last, "close"] = frame["open"].iloc[-1] * 0.9
    frame.loc[last, "low"] = frame["close"].iloc[-1] * 0.99
    result = strategy.populate_indicators(frame, {"pair": "BTC/USDT"})
    strategy.dp.frames["BTC/USDT"] = result
    return result


# ------------------------------------------------------------------------------ an entry's way


def test_a_calm_candle_passes_and_a_jump_is_cut(daemon: Path, strategy: type[Strategy]) -> None:
    mine = gated(strategy, config(daemon))
    frame = analysed(mine)
    assert (frame["risk_reason"].iloc[:M] == Reason.WARMING_UP).all()
    assert (frame["risk_size"].iloc[:M] == 0).all()
    assert frame["risk_size"].iloc[M:].gt(0).all()
    jump = jumpy(mine)
    assert jump["risk_reason"].iat[-1] == Reason.JUMP
    assert ask_stake(mine, jump, 100.0) == 25.0
    assert ask_confirm(mine, jump, 25.0) is True
    assert ask_confirm(mine, jump, 99.0) is False
    lines = journal(daemon)
    assert [(line["decision"], line["reason"]) for line in lines] == [
        ("reduce", "jump"),
        ("allow", "jump"),
        ("deny", "above_cap"),
    ]
    assert lines[0]["candle"]["size"] == 0.25


def test_conservative_denies_a_jump_and_shadow_only_says_so(
    daemon: Path, strategy: type[Strategy]
) -> None:
    mine = gated(strategy, config(daemon), profile="conservative")
    jump = jumpy(mine)
    assert ask_stake(mine, jump, 100.0) == 0.0
    shadow = gated(strategy, config(daemon, mode="shadow"))
    jump = jumpy(shadow)
    assert ask_stake(shadow, jump, 100.0) == 100.0
    assert ask_confirm(shadow, jump, 100.0) is True
    assert [line["would"] for line in journal(daemon)] == ["deny", "reduce", "reduce"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_bad_stake_is_denied_and_journalled(
    bad: float, daemon: Path, strategy: type[Strategy]
) -> None:
    mine = gated(strategy, config(daemon))
    frame = analysed(mine)
    assert ask_stake(mine, frame, bad) == 0.0
    (line,) = journal(daemon)
    assert (line["decision"], line["reason"]) == ("deny", "bad_stake")


def test_before_the_first_verdict_nothing_enters(daemon: Path, strategy: type[Strategy]) -> None:
    mine = gated(strategy, config(daemon, "live"))
    frame = analysed(mine, rows=M)
    assert ask_stake(mine, frame) == 0.0
    (line,) = journal(daemon)
    assert line["reason"] == "warming_up"


def test_a_falling_account_is_denied_until_the_day_ends(
    daemon: Path, strategy: type[Strategy]
) -> None:
    mine = gated(strategy, config(daemon, limits={"max_daily_loss": 0.05, "max_drawdown": None}))
    frame = analysed(mine)
    now = entry_time(frame)
    mine.bot_loop_start(current_time=now - timedelta(minutes=50))
    mine.wallets.free = 9400.0
    assert ask_stake(mine, frame) == 0.0
    (line,) = journal(daemon)
    assert (line["reason"], round(line["value"], 3)) == ("daily_loss", 0.06)


def test_open_positions_and_pending_orders_fill_the_exposure(
    daemon: Path, strategy: type[Strategy]
) -> None:
    mine = gated(strategy, config(daemon, limits={"max_gross_exposure": 0.1}))
    frame = analysed(mine)
    mine.wallets.free = 9500.0
    strategy.trades.append(open_trade(stake=500.0))
    assert ask_stake(mine, frame, 800.0) == pytest.approx(500.0)


def test_replaced_orders_are_allowed_and_not_counted(
    daemon: Path, strategy: type[Strategy]
) -> None:
    mine = gated(strategy, config(daemon), profile="conservative")
    jump = jumpy(mine)
    strategy.trades.append(open_trade("BTC/USDT", amount=0.0))
    for _ in range(3):
        assert ask_confirm(mine, jump) is True
    assert {line["kind"] for line in journal(daemon)} == {"replace"}


def test_bad_candles_are_named_by_the_engine(daemon: Path, strategy: type[Strategy]) -> None:
    mine = gated(strategy, config(daemon))
    frame = candles(M + 5)
    frame.loc[frame.index[700], "high"] = frame["low"].iloc[700] / 2
    with pytest.raises(STOP, match=r"BTC/USDT: row 700 \(2025-09-03 10:20:00 UTC\), column"):
        mine.populate_indicators(frame, {"pair": "BTC/USDT"})


def test_all_violations_of_the_gates_part_are_shown(daemon: Path, strategy: type[Strategy]) -> None:
    bad = {"max_drawdown": 7, "max_daily_loss": -1}
    with pytest.raises(STOP) as caught:
        gated(strategy, config(daemon, limits=bad, loss_threshold=2))
    for path in ("limits.max_drawdown", "limits.max_daily_loss", "loss_threshold"):
        assert f"risk_bridge.{path}: " in str(caught.value)


# ---------------------------------------------------------------------------------- finite memory


@pytest.fixture
def annotate(daemon: Path) -> Any:
    """Columns as bytes, so that comparison is exact."""
    mine = session(daemon)
    return lambda block: mine.annotate(np.ascontiguousarray(block)).copy()


def bits(block: columns.Block) -> Any:
    return np.ascontiguousarray(block).view(np.uint64)


WHOLE = columns.to_block(candles(ROWS, seed=11))
WHOLE_MARKET = columns.to_block(candles(ROWS, seed=12))[columns.CLOSE]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(start=st.integers(0, 399), length=st.integers(1, ROWS))
def test_batch_prefix_and_any_start_give_the_same_bits(
    annotate: Any, start: int, length: int
) -> None:
    whole = annotate(WHOLE)
    end = min(ROWS, start + length)
    part = annotate(WHOLE[:, start:end])
    # Without a cut at the start all rows are the same, after one those from M on.
    first = 0 if start == 0 else M
    np.testing.assert_array_equal(bits(part[:, first:]), bits(whole[:, start + first : end]))
    warming = part[:, : min(M, end - start)]
    assert (warming[NAMES.index("risk_size")] == 0).all()
    assert (warming[NAMES.index("risk_reason")] == Reason.WARMING_UP).all()


def test_the_future_changes_nothing(annotate: Any) -> None:
    whole = annotate(WHOLE)
    changed = WHOLE.copy()
    changed[1:5, 1200:] *= 1.5
    after = annotate(changed)
    np.testing.assert_array_equal(bits(after[:, :1200]), bits(whole[:, :1200]))
    assert (bits(after[:, 1200:]) != bits(whole[:, 1200:])).any()


@pytest.mark.parametrize("column", range(1, 6))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_bad_number_is_found_where_it_is(daemon: Path, column: int, bad: float) -> None:
    block = WHOLE.copy()
    block[column, 1234] = bad
    with pytest.raises(BadCandles) as caught:
        session(daemon).annotate(block)
    assert caught.value.row == 1234
    if not np.isfinite(bad):
        assert caught.value.column == ("time", "open", "high", "low", "close", "volume")[column]


REAL = Path(os.environ.get("TALEBRIDGE_DATADIR") or ROOT / ".." / "shared" / "data" / "binance")


@pytest.mark.parametrize("more", [-1, 0, 1, 700])
def test_many_rows_asked_about_in_parts_have_the_bits_of_one_answer(
    more: int, daemon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = session(daemon)
    parts: list[int] = []
    encode = wire.encode_annotate

    def encoded(request_id: int, rows: int, *args: Any, **kwargs: Any) -> bytes:
        parts.append(rows)
        return encode(request_id, rows, *args, **kwargs)

    monkeypatch.setattr(wire, "encode_annotate", encoded)
    # Two whole parts, and what is left; the last size asked about at once, and one more.
    for rows in (2 * 500 + more, M + 500 + more):
        block = columns.to_block(candles(rows, seed=5))
        whole = mine.annotate(block)
        assert parts == [rows]
        parts.clear()
        with monkeypatch.context() as patched:
            patched.setattr(session_module, "_PART_ROWS", 500)
            np.testing.assert_array_equal(bits(mine.annotate(block)), bits(whole))
        fits = rows <= M + 500
        assert (len(parts) == 1) is fits
        assert max(parts) <= M + 500
        parts.clear()


@pytest.mark.parametrize("window_set", sorted(MEMORY_ROWS))
def test_parts_reach_back_as_far_as_the_windows_and_their_market(
    window_set: str, daemon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"window_set": window_set}
    mine = session(
        daemon,
        window_set=window_set,
        engine={**TERMS.engine, **chosen},
        hello=dataclasses.replace(TERMS.hello, settings={**TERMS.hello.settings, **chosen}),
    )
    block = columns.to_block(candles(2400, seed=7))
    market = columns.to_block(candles(2400, seed=8))[columns.CLOSE].copy()
    market[300:350] = market[1100:1103] = math.nan
    block = np.vstack((block, market))
    whole = mine.annotate(block).copy()
    monkeypatch.setattr(session_module, "_PART_ROWS", 500)
    np.testing.assert_array_equal(bits(mine.annotate(block)), bits(whole))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1).map(set),
    rows=st.integers(1, ROWS),
    market=st.booleans(),
)
def test_any_choice_of_columns_has_the_bits_it_has_among_all(
    daemon: Path, names: set[str], rows: int, market: bool
) -> None:
    wanted = tuple(name for name in NAMES if name in names)
    block = np.ascontiguousarray(WHOLE[:, :rows])
    if market:
        block = np.vstack((block, WHOLE_MARKET[:rows]))
    got = session(daemon, columns=wanted).annotate(block)
    whole = session(daemon).annotate(block)
    np.testing.assert_array_equal(bits(got), bits(whole[columns.indexes(wanted)]))


def test_chosen_columns_come_in_parts_too(daemon: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = columns.to_block(candles(2400, seed=7))
    block = np.vstack((block, columns.to_block(candles(2400, seed=8))[columns.CLOSE]))
    wanted = ("risk_size", "risk_reason", "risk_value", "risk_xi_long", "risk_gamma_t")
    mine = session(daemon, columns=wanted)
    whole = session(daemon).annotate(block).copy()
    once = mine.annotate(block).copy()
    monkeypatch.setattr(session_module, "_PART_ROWS", 500)
    for got in (once, mine.annotate(block)):
        np.testing.assert_array_equal(bits(got), bits(whole[columns.indexes(wanted)]))


@pytest.mark.parametrize("limits", [{}, {"max_trade_loss": 0.02}])
def test_entries_are_decided_the_same_whichever_columns_their_frame_has(
    limits: dict[str, Any],
    daemon: Path,
    strategy: type[Strategy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(facts, "open_trades", list)
    stakes = []
    for setting in ("all", "verdict", ["risk_regime"]):
        mine = gated(type("Mine", (strategy,), {}), config(daemon, limits=limits, columns=setting))
        frame = jumpy(mine)
        stakes.append(ask_stake(mine, frame))
        assert ask_confirm(mine, frame, stakes[0]) is (stakes[0] > 0)
    assert stakes == [stakes[0]] * 3
    sessions: dict[str, list[Any]] = {}
    for line in journal(daemon):
        told = {key: line[key] for key in line if key not in ("seq", "t_ms", "session", "crc")}
        sessions.setdefault(line["session"], []).append(told)
    first, *others = sessions.values()
    assert len(others) == 2
    assert all(other == first for other in others)
    assert len({line["fingerprint"] for line in journal(daemon, "hello")}) == 1


@pytest.mark.parametrize("row", [0, 499, 500, 1700, 2399])
def test_a_bad_candle_of_any_part_is_named_by_its_own_row(
    row: int, daemon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PART_ROWS", 500)
    block = columns.to_block(candles(2400, seed=5))
    block[2, row] = math.nan
    with pytest.raises(BadCandles) as caught:
        session(daemon).annotate(block)
    assert (caught.value.row, caught.value.column) == (row, "high")
    assert str(caught.value).startswith(f"row {row}, column high: NaN")


def test_real_candles_give_the_same_bits_from_any_start(daemon: Path) -> None:
    file = REAL / "SUI_USDT-5m.feather"
    if not file.is_file():
        pytest.skip(f"no real candles in {REAL}: set TALEBRIDGE_DATADIR")
    import pandas as pd

    # Around the crash of 2025-10-10.
    block = columns.to_block(pd.read_feather(file))[:, 79_000:84_000]
    mine = session(daemon)
    whole = mine.annotate(block).copy()
    for start in (1, 17, 499, 1000, 2500, 5000 - M - 1):
        part = mine.annotate(np.ascontiguousarray(block[:, start:]))
        np.testing.assert_array_equal(bits(part[:, M:]), bits(whole[:, start + M :]))


# ------------------------------------------------------------------------------- the daemon's life


def wait_until(condition: Any, what: str) -> None:
    end = time.monotonic() + DAEMON_WAIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_killed_and_restarted_under_a_live_bot(
    command: list[str], sockets: Path, strategy: type[Strategy]
) -> None:
    first = start_daemon(command, sockets)
    mine = gated(strategy, config(sockets, "live", breaker_s=0))
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 100.0
    first.kill()
    first.communicate()
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False
    missed = analysed(mine, seed=8)
    assert (missed["risk_reason"] == Reason.UNAVAILABLE).all()
    second = start_daemon(command, sockets)
    try:
        assert ask_stake(mine, missed) == 100.0
        assert ask_confirm(mine, missed) is True
    finally:
        stop_daemon(second)


def test_frozen_it_is_given_up_and_used_again_when_it_wakes(
    command: list[str], sockets: Path, strategy: type[Strategy]
) -> None:
    process = start_daemon(command, sockets)
    mine = gated(
        strategy, config(sockets, "live", breaker_s=0, timeout_ms=100, hello_timeout_ms=10_000)
    )
    frame = analysed(mine)
    try:
        process.send_signal(signal.SIGSTOP)
        assert ask_stake(mine, frame) == 0.0
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: ask_stake(mine, frame) == 100.0, "entries never resumed")
    finally:
        process.send_signal(signal.SIGCONT)
        stop_daemon(process)


PARENT = """
import json, os, sys
from pathlib import Path
from talebridge import spawn
from talebridge.config import resolve
settings = resolve([{"command": json.loads(sys.argv[1])}])
daemon = spawn.launch_private(settings, Path(sys.argv[2]))
daemon.wait()
directory = daemon.directory
assert os.environ["TALEBRIDGE_PRIVATE_DIR"] == str(directory)
print(json.dumps({"dir": str(directory), "pid": spawn._private._process.pid}), flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_a_private_daemon_ends_with_its_parent_and_leaves_the_journal(
    end: str, command: list[str], tmp_path: Path
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(command), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    told = json.loads(parent.stdout.readline())
    directory = Path(told["dir"])
    assert (directory / "gate.sock").exists()
    assert directory.stat().st_mode & 0o777 == 0o700
    if end == "kill":
        parent.kill()
    parent.communicate(b"\n")
    wait_until(lambda: not _runs(told["pid"]), "the daemon outlives its parent")
    wait_until(lambda: not directory.exists(), "the daemon left its directory")
    assert list((tmp_path / "talebridge" / "journal").glob("journal-*.jsonl"))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("runmode", ["backtest", "hyperopt", "util_no_exchange"])
def test_a_backtest_starts_its_own_daemon_once(
    runmode: str,
    command: list[str],
    strategy: type[Strategy],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    given = config(tmp_path, runmode, autostart="auto", command=command)
    del given["risk_bridge"]["dir"]
    given["user_data_dir"] = tmp_path
    mine = gated(strategy, given)
    directory = mine._talebridge_gate.gated.place.directory
    assert os.environ["TALEBRIDGE_PRIVATE_DIR"] == str(directory)
    assert ask_stake(mine, analysed(mine)) == 100.0
    assert gated(strategy, {**given})._talebridge_gate.gated.place == Local(directory)
    # One that died between two runs is replaced.
    assert spawn._private is not None
    spawn._private._process.kill()
    spawn._private._process.wait()
    again = gated(strategy, {**given})
    assert again._talebridge_gate.gated.place != Local(directory)
    assert not directory.exists(), "the dead one's directory stays behind"
    assert ask_stake(again, analysed(again)) == 100.0


def unattended(tmp_path: Path, **bridge: Any) -> dict[str, Any]:
    """A backtest's configuration that leaves the bridge to the run."""
    given = config(tmp_path, autostart="auto", **bridge)
    del given["risk_bridge"]["dir"]
    given["user_data_dir"] = tmp_path
    return given


def test_a_backtest_does_not_wait_for_its_daemon_before_it_needs_it(
    command: list[str], strategy: type[Strategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    wait = spawn.PrivateDaemon.wait

    def waited(self: spawn.PrivateDaemon) -> None:
        waits.append(self.pid)
        wait(self)

    monkeypatch.setattr(spawn.PrivateDaemon, "wait", waited)
    given = unattended(tmp_path, command=command)
    mine = gated(strategy, given)
    promised = copy.deepcopy(given["risk_bridge"])
    assert waits == []
    assert "fingerprint" not in given["original_config"].get("risk_bridge", {})
    # As freqtrade makes the key of its cache of results, and as an eager run would have made it.
    told = json.loads(json.dumps(promised, default=str))
    assert len(waits) == 1
    assert told == json.loads(json.dumps(given["risk_bridge"]))
    assert told["fingerprint"] == mine._talebridge_gate.gated.fingerprint
    assert given["original_config"]["risk_bridge"]["fingerprint"] == told["fingerprint"]
    assert str(pickle.loads(pickle.dumps(promised))["fingerprint"]) == told["fingerprint"]
    assert ask_stake(mine, analysed(mine)) == 100.0
    assert len(waits) == 1


def test_whoever_needs_it_first_waits_for_it(
    command: list[str], strategy: type[Strategy], tmp_path: Path
) -> None:
    given = unattended(tmp_path, command=command)
    mine = gated(strategy, given)
    assert ask_stake(mine, analysed(mine)) == 100.0
    assert given["risk_bridge"]["fingerprint"] == mine._talebridge_gate.gated.fingerprint
    assert len(given["original_config"]["risk_bridge"]["fingerprint"]) > 8


def want(need: str, mine: Any) -> None:
    """Needs the bridge for candles, or for the key of freqtrade's cache of results."""
    if need == "candles":
        mine.populate_indicators(candles(50), {"pair": "BTC/USDT"})
    else:
        json.dumps(mine.config["risk_bridge"], default=str)


@pytest.mark.parametrize("need", ["candles", "fingerprint"])
def test_a_daemon_that_does_not_come_up_ends_the_run_where_it_is_needed(
    need: str, strategy: type[Strategy], tmp_path: Path
) -> None:
    given = unattended(tmp_path, command=["sh", "-c", "echo no addon here >&2; exit 3"])
    mine = gated(strategy, given)
    for _ in range(2):
        with pytest.raises(STOP, match=r"(?s)exit code 3; it said:.no addon here.*serve --dir"):
            want(need, mine)


@pytest.mark.parametrize("need", ["candles", "fingerprint"])
def test_settings_a_daemon_on_its_way_refuses_end_the_run_with_all_violations(
    need: str, command: list[str], strategy: type[Strategy], tmp_path: Path
) -> None:
    given = unattended(tmp_path, command=command, limits={"max_drawdown": 7, "max_daily_loss": -1})
    mine = gated(strategy, given)
    with pytest.raises(STOP, match="max_drawdown") as caught:
        want(need, mine)
    assert "max_daily_loss" in str(caught.value)
    assert "talebridge serve" not in str(caught.value)


def test_a_private_daemon_never_takes_the_place_of_a_bots(
    command: list[str], strategy: type[Strategy], sockets: Path, tmp_path: Path
) -> None:
    """The bot's own is down for a moment: what starts in its directory would answer the bot."""
    given = config(sockets, autostart="auto", command=command)
    given["user_data_dir"] = tmp_path
    mine = gated(strategy, given)
    assert mine._talebridge_gate.gated.place != Local(sockets)
    assert list(sockets.iterdir()) == []
    assert ask_stake(mine, analysed(mine)) == 100.0


def test_one_that_dies_during_a_run_is_not_replaced(
    command: list[str],
    strategy: type[Strategy],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    given = config(tmp_path, autostart="auto", command=command)
    del given["risk_bridge"]["dir"]
    given["user_data_dir"] = tmp_path
    mine = gated(strategy, given)
    frame = analysed(mine)
    assert spawn._private is not None
    spawn._private._process.kill()
    spawn._private._process.wait()
    assert ask_stake(mine, frame) == 0.0
    assert "stops this run" in caplog.text
    with pytest.raises(STOP, match="no bridge answers"):
        analysed(mine)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["/no/such/program"], "could not be started"),
        (["sh", "-c", "echo cannot find the addon >&2; exit 3"], "cannot find the addon"),
        (["sh", "-c", "exit 3"], "ended with exit code 3"),
        (["sh", "-c", "echo hello"], "did not become ready|ended with exit code"),
        (["sh", "-c", "echo []; exit 1"], "ended with exit code|did not become ready"),
    ],
)
def test_a_command_that_starts_no_bridge_is_shown_with_what_it_said(
    words: list[str], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match=expected):
        spawn.launch_private(resolve([{"command": words}]), tmp_path).wait()
    assert "TALEBRIDGE_PRIVATE_DIR" not in os.environ


def test_a_command_that_never_gets_ready_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawn, "START_TIMEOUT_S", 0.1)
    with pytest.raises(Unavailable, match="did not become ready"):
        spawn.launch_private(
            resolve([{"command": ["sh", "-c", "exec sleep 1000"]}]), tmp_path
        ).wait()


def test_the_ways_to_find_the_bridge_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(spawn, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "spawn.py"))
    with pytest.raises(Unavailable, match="npm run build"):
        spawn.find_command(resolve([]))
    for name in ("node", "talebridge"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        if name == "node":
            built = tmp_path / "a" / "bridge" / "dist" / "main.js"
            built.parent.mkdir(parents=True)
            built.touch()
            assert spawn.find_command(resolve([])) == [str(program), str(built)]
    assert spawn.find_command(resolve([])) == [str(tmp_path / "talebridge")]
    package = tmp_path / "talebridge_bridge.py"
    monkeypatch.delitem(sys.modules, "talebridge_bridge", raising=False)
    package.write_text("def command():\n    return ['packaged node', 'main.js']\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert spawn.find_command(resolve([])) == ["packaged node", "main.js"]
    monkeypatch.setenv("TALEBRIDGE_COMMAND", "node 'my dir/main.js'")
    assert spawn.find_command(resolve([])) == ["node", "my dir/main.js"]
    assert spawn.find_command(resolve([{"command": ["x", "y z"]}])) == ["x", "y z"]


def test_a_damaged_package_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "talebridge_bridge.py"
    package.write_text("def command():\n    raise FileNotFoundError('main.js is missing')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "talebridge_bridge", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"main\.js is missing"):
        spawn.find_command(resolve([]))
