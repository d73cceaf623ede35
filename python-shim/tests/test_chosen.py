"""The setting `columns`: which columns frames get, from old bridges and new, whatever fails."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from helpers import (
    NAMES,
    Peer,
    Refusal,
    Strategy,
    analysed,
    ask_confirm,
    ask_stake,
    candles,
    good,
    hello_body,
)
from helpers import config as configured
from hypothesis import given
from hypothesis import strategies as st
from test_gate import Answers

from talebridge import charts, chosen, columns, facts, risk_gated
from talebridge._generated import Op, Reason, Status
from talebridge.columns import Block
from talebridge.config import engine_settings, resolve, with_defaults
from talebridge.errors import ProtocolError, SettingsRejected
from talebridge.facts import Facts

VERDICT = ["risk_size", "risk_reason", "risk_value"]
FACT_COLUMNS = [
    *("risk_es99_long", "risk_xi_long", "risk_es99_short", "risk_xi_short"),
    *("risk_adverse_q_long", "risk_adverse_q_short"),
]
subsets = st.lists(st.sampled_from(NAMES), min_size=1)


def numbered(rows: int) -> Block:
    """All columns, each value telling its column and row; the verdict allows everything."""
    block = np.arange(float(len(NAMES) * rows)).reshape(len(NAMES), rows)
    block[:3] = [[1.0], [0.0], [np.nan]]
    return block


class Bridge:
    """Answers with numbered columns: a bridge of a minor that knows a choice, or of one before."""

    def __init__(self, minor: int = 4) -> None:
        self.minor = minor
        self.headers: list[list[Any]] = []

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(minor=self.minor)]
        if op is not Op.ANNOTATE:
            return good(op, message, frames)
        self.headers.append(message)
        block = numbered(message[3])
        if self.minor >= 4 and len(message) > 7 and message[7] is not None:
            block = block[message[7]]
        return [message[3], len(block), "e1"], [block.tobytes()]


def ours(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith("risk_")]


# ------------------------------------------------------------------------------------ the setting


def test_the_verdicts_columns_are_those_the_gate_reads() -> None:
    assert list(chosen.VERDICT) == VERDICT == [columns.SIZE, columns.REASON, columns.VALUE]
    assert list(chosen.ALL) == NAMES
    assert resolve([]).columns == resolve([{"columns": "all"}]).columns == chosen.ALL
    assert resolve([{"columns": "verdict"}]).columns == chosen.VERDICT


@given(names=subsets)
def test_a_list_gets_those_and_the_verdicts_in_the_manifests_order(names: list[str]) -> None:
    expected = [name for name in NAMES if name in {*names, *VERDICT}]
    for given_as in (names, tuple(names), [*names, *reversed(names)]):
        assert list(resolve([{"columns": given_as}]).columns) == expected
    assert columns.indexes(resolve([{"columns": names}]).columns) == sorted(
        {NAMES.index(name) for name in expected}
    )


def test_later_sources_overrule_earlier_ones() -> None:
    assert resolve([{"columns": "verdict"}, {"columns": ["risk_jump"]}]).columns == (
        *VERDICT,
        "risk_jump",
    )
    assert resolve([{"columns": ["risk_jump"]}, {"columns": "all"}]).columns == chosen.ALL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("verdict", VERDICT),
        ('["risk_jump", "risk_size"]', [*VERDICT, "risk_jump"]),
        ('["risk_jump"]', [*VERDICT, "risk_jump"]),
    ],
)
def test_the_environment_says_it_as_for_other_lists(
    text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = pytest.importorskip("freqtrade.configuration.environment_vars")
    monkeypatch.setenv("FREQTRADE__RISK_BRIDGE__COLUMNS", text)
    # Releases of 2025 spell it otherwise.
    name = "environment_vars_to_dict"
    read = getattr(environment, name, None) or environment.enironment_vars_to_dict
    block = read()["risk_bridge"]
    assert list(resolve([{"columns": ["risk_kyle"]}, block]).columns) == expected


@pytest.mark.parametrize("wrong", ["", "some", "Verdict", [], (), None, 3, True, {}, {"risk_jump"}])
def test_what_is_neither_word_nor_list_is_refused_with_what_it_may_be(wrong: object) -> None:
    with pytest.raises(SettingsRejected, match=r"risk_bridge\.columns: has to be one of") as caught:
        resolve([{"columns": wrong}])
    assert '"verdict", or a list of names' in str(caught.value)


def test_one_name_without_a_list_is_shown_as_one() -> None:
    with pytest.raises(SettingsRejected, match=r'a list, too: \["risk_jump"\]'):
        resolve([{"columns": "risk_jump"}])


def test_all_unknown_names_are_told_at_once_with_the_nearest_known_ones() -> None:
    wanted = ["risk_jmp", "risk_size", "sigma", "risk_xi", 5, ["risk_jump"], "verdict"]
    with pytest.raises(SettingsRejected) as caught:
        resolve([{"columns": wanted, "profil": "x", "timeout_ms": 0}])
    text = str(caught.value)
    for path in ("profil", "timeout_ms"):
        assert f"risk_bridge.{path}: " in text
    assert "columns[0]: there is no column 'risk_jmp'; did you mean risk_jump, " in text
    assert "columns[2]: there is no column 'sigma'; did you mean risk_sigma, " in text
    assert "risk_xi_long" in text.split("columns[3]: ")[1].splitlines()[0]
    assert "columns[4]: has to be the name of a column" in text
    assert "columns[5]: has to be the name of a column" in text
    assert "columns[6]: there is no column 'verdict'" in text
    assert "columns[1]" not in text


def test_it_is_no_part_of_what_decides() -> None:
    plain, few = resolve([{}]), resolve([{"columns": "verdict"}])
    assert few.gate == plain.gate
    assert with_defaults(few) == with_defaults(plain)
    assert engine_settings(few, 300) == engine_settings(plain, 300)


# ------------------------------------------------------------------------------------ block, frame


@given(names=subsets, rows=st.integers(0, 5))
def test_an_answer_with_all_columns_gives_the_wanted_ones(names: list[str], rows: int) -> None:
    wanted = resolve([{"columns": names}]).columns
    whole = numbered(rows)
    few = whole[columns.indexes(wanted)]
    for sent in (few, whole):
        got = columns.from_reply(sent.tobytes(), rows, len(sent), wanted)
        np.testing.assert_array_equal(got, few)
    for count in {1, len(wanted) - 1, len(wanted) + 1, len(NAMES) + 1} - {len(wanted), len(NAMES)}:
        with pytest.raises(ProtocolError, match=f"sent {count} columns, expected {len(wanted)}"):
            columns.from_reply(b"\0" * 8 * count * rows, rows, count, wanted)


@given(before=subsets, after=subsets)
def test_a_frame_gets_what_was_chosen_whatever_it_had(before: list[str], after: list[str]) -> None:
    first, then = (resolve([{"columns": names}]).columns for names in (before, after))
    frame = candles(3).assign(own=1.0, text="x")
    had = columns.add(frame, numbered(3)[columns.indexes(first)], first)
    assert list(had.columns) == [*frame.columns, *first]
    got = columns.add(had, numbered(3)[columns.indexes(then)], then)
    assert list(got.columns) == [*frame.columns, *then]
    np.testing.assert_array_equal(got[list(then)].to_numpy().T, numbered(3)[columns.indexes(then)])


def test_unready_columns_are_those_chosen() -> None:
    names = ("risk_size", "risk_reason", "risk_value", "risk_regime")
    frame = columns.add(candles(2), columns.unready(2, Reason.BAD_INPUT, names), names)
    assert ours(frame) == list(names)
    assert frame["risk_size"].to_list() == [0.0, 0.0]
    assert (frame["risk_reason"] == Reason.BAD_INPUT).all()
    assert frame[["risk_value", "risk_regime"]].isna().to_numpy().all()


# -------------------------------------------------------------------------------------- a strategy


@pytest.mark.parametrize("minor", [3, 4])
@pytest.mark.parametrize("runmode", ["live", "dry_run", "backtest", "hyperopt", "util_no_exchange"])
def test_every_run_mode_gets_the_same_columns_from_an_old_bridge_and_a_new_one(
    runmode: str, minor: int, peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    bridge = Bridge(minor)
    peer(bridge)
    wanted = ["risk_regime", "risk_jump", "risk_jump"]
    mine = risk_gated(columns=wanted)(strategy)(configured(sockets, runmode))
    frame = analysed(mine)
    names = [*VERDICT, "risk_jump", "risk_regime"]
    assert ours(frame) == names
    rows = len(frame)
    np.testing.assert_array_equal(
        frame[names].to_numpy().T, numbered(rows)[[NAMES.index(name) for name in names]]
    )
    assert ours(mine.populate_indicators(frame, {"pair": "BTC/USDT"})) == names
    assert ask_stake(mine, frame) == 100.0
    assert ask_confirm(mine, frame) is True
    asked = [0, 1, 2, NAMES.index("risk_jump"), NAMES.index("risk_regime")]
    for header in bridge.headers:
        assert header[7:] == ([asked] if minor == 4 else [])


def test_all_columns_are_asked_for_as_ever(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    bridge = Bridge()
    peer(bridge)
    assert ours(analysed(risk_gated(strategy)(configured(sockets)))) == NAMES
    assert [len(header) for header in bridge.headers] == [6]


def test_the_configuration_overrules_the_argument(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer(Bridge())
    given_there = configured(sockets, columns=["risk_jump"])
    mine = risk_gated(columns="verdict")(strategy)(given_there)
    assert ours(analysed(mine)) == [*VERDICT, "risk_jump"]
    for pickler in (pickle, cloudpickle):
        copied = pickler.loads(cloudpickle.dumps(mine))
        assert ours(analysed(copied)) == [*VERDICT, "risk_jump"]


def test_a_wrong_name_ends_a_run_at_its_start(strategy: type[Strategy], sockets: Path) -> None:
    with pytest.raises(Exception, match="did you mean risk_jump"):
        risk_gated(columns=["risk_jumps"])(strategy)(configured(sockets))


def test_candles_judged_late_and_failed_ones_keep_to_the_choice(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    bridge = Answers()
    peer(bridge)
    mine = risk_gated(columns="verdict")(strategy)(configured(sockets, "live", breaker_s=0))
    bridge.annotate = Refusal(Status.INTERNAL)
    frame = analysed(mine)
    assert ours(frame) == VERDICT
    assert (frame["risk_reason"] == Reason.UNAVAILABLE).all()
    assert ask_stake(mine, frame) == 0.0
    bridge.annotate = None
    assert ask_stake(mine, frame) == 100.0
    assert ask_confirm(mine, frame) is True


def test_an_empty_frame_gets_what_was_chosen(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer(Bridge())
    mine = risk_gated(columns="verdict")(strategy)(configured(sockets))
    assert ours(mine.populate_indicators(candles(5).iloc[:0], {"pair": "X/Y"})) == VERDICT


# ---------------------------------------------------------------------- what else reads columns


def test_a_limit_that_reads_columns_brings_them(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer(Bridge())
    for limits in ({"max_trade_loss": 0.1}, {"max_book_loss": 0.1}, {"liquidation_guard": 3.0}):
        mine = risk_gated(columns="verdict")(strategy)(configured(sockets, limits=limits))
        assert set(ours(analysed(mine))) == {*VERDICT, *FACT_COLUMNS}
    for limits in ({"max_trade_loss": None}, {"max_drawdown": 0.1}):
        mine = risk_gated(columns="verdict")(strategy)(configured(sockets, limits=limits))
        assert ours(analysed(mine)) == VERDICT


def test_the_columns_of_facts_are_columns() -> None:
    assert set(Facts({}, {"max_trade_loss": 0.1}).columns) == set(FACT_COLUMNS) <= set(NAMES)
    assert Facts({}, {}).columns == ()


def test_the_same_is_told_of_an_entry_whichever_columns_its_frame_has(
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(facts, "open_trades", list)
    bridge = Bridge()
    told: list[Any] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.GATE:
            told.append(message[5:])
        return bridge(op, message, frames)

    peer(answer)
    for setting in ("all", "verdict", ["risk_jump"]):
        given_there = configured(sockets, limits={"max_trade_loss": 0.1}, columns=setting)
        mine: Any = risk_gated(type("Mine", (strategy,), {}))(given_there)
        assert ask_stake(mine, analysed(mine)) == 100.0
    assert len(told) == 3
    assert np.isfinite(told[0][-1][2:5]).all()
    assert repr(told[1]) == repr(told[2]) == repr(told[0])


def test_a_chart_is_drawn_of_columns_that_are_there(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer(Bridge())

    def drawn(setting: Any) -> set[str]:
        mine: Any = risk_gated(columns=setting)(type("Mine", (strategy,), {"plot_config": {}}))
        made = mine(configured(sockets, "live"))
        assert set(made.plot_config["subplots"][charts.SUBPLOT]) <= set(ours(analysed(made)))
        return set(made.plot_config["subplots"][charts.SUBPLOT])

    assert drawn("verdict") == {"risk_size"}
    assert drawn(["risk_jump"]) == {"risk_size", "risk_jump"}
    assert drawn("all") == {"risk_size", "risk_jump", "risk_sigma_rank"}
