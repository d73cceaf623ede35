"""What FreqUI shows of the gate."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import M, Strategy, analysed, candles, config
from test_gate import Answers

from talebridge import charts, risk_gated
from talebridge._generated import Reason

pytest_plugins: tuple[str, ...] = ()


@pytest.fixture
def bridge(peer: Any) -> Answers:
    answers = Answers()
    peer(answers)
    return answers


def frame(*rows: tuple[float, int]) -> pd.DataFrame:
    return candles(len(rows)).assign(
        risk_size=[size for size, _ in rows], risk_reason=[float(reason) for _, reason in rows]
    )


def test_a_plot_config_keeps_what_the_user_drew() -> None:
    own = {"main_plot": {"ema": {"color": "red"}}, "subplots": {"RSI": {"rsi": {}}}}
    made = charts.merged(own)
    assert made["main_plot"] == own["main_plot"]
    assert made["subplots"]["RSI"] == {"rsi": {}}
    assert "risk_size" in made["subplots"][charts.SUBPLOT]
    assert list(own["subplots"]) == ["RSI"]
    mine = {"subplots": {charts.SUBPLOT: {"risk_jump": {}}}}
    assert charts.merged(mine)["subplots"] == mine["subplots"]


@pytest.mark.parametrize("own", [None, {}, {"subplots": None}, "nonsense"])
def test_a_plot_config_is_made_where_there_is_none(own: Any) -> None:
    made = charts.merged(own)
    assert made["main_plot"] == {}
    assert set(made["subplots"]) == {charts.SUBPLOT}


def test_a_plot_config_that_cannot_be_set_is_left() -> None:
    class Mine:
        @property
        def plot_config(self) -> dict[str, Any]:
            return {"main_plot": {"own": {}}}

    mine = Mine()
    charts.add_to(mine)
    charts.add_to(object())
    assert mine.plot_config == {"main_plot": {"own": {}}}


def test_denied_candles_are_areas_by_reason_over_the_candles_they_would_have_entered_on() -> None:
    jump, wary, few = int(Reason.JUMP), int(Reason.WARMING_UP), int(Reason.BAD_INPUT)
    shown = frame((0, wary), (0, few), (0, few), (0, jump), (1, 0), (0.5, jump), (0, jump), (1, 0))
    areas = charts.annotated(None, shown, 300)
    dates = [date.to_pydatetime() for date in shown["date"]]
    candle = timedelta(minutes=5)
    assert [(a["start"], a["end"]) for a in areas] == [
        (dates[1] + candle, dates[2] + 2 * candle),
        (dates[3] + candle, dates[3] + 2 * candle),
        (dates[6] + candle, dates[6] + 2 * candle),
    ]
    assert ["bad_input" in a["label"] for a in areas] == [True, False, False]
    assert charts.annotated(None, frame((0, jump)), 300)[0]["start"] == dates[0] + candle
    assert charts.annotated(None, frame((0.1, jump), (1, 0)), 300) == []


def test_the_newest_areas_are_kept() -> None:
    rows = [(float(i % 2), int(Reason.JUMP)) for i in range(2 * charts.MAX_AREAS + 10)]
    areas = charts.annotated(None, frame(*rows), 300)
    assert len(areas) == charts.MAX_AREAS
    newest = frame(*rows)["date"].iloc[-2]
    assert areas[-1]["start"] == newest + timedelta(minutes=5)


@pytest.mark.parametrize(
    "shown",
    [
        pd.DataFrame(),
        candles(3),
        pd.DataFrame({"risk_size": [0.0]}),
        pd.DataFrame({"risk_size": ["x"], "risk_reason": [None], "date": [None]}),
        None,
        17,
    ],
)
def test_whatever_the_frame_the_users_own_annotations_stand(shown: Any) -> None:
    own = [{"type": "point"}]
    assert charts.annotated(own, shown, 300) == own


def test_a_gated_strategy_draws_both(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    def plot_annotations(
        self: Any, pair: str, start_date: Any, end_date: Any, dataframe: Any, **_: Any
    ) -> Any:
        return [{"type": "line"}]

    strategy.plot_annotations = plot_annotations  # type: ignore[attr-defined]
    strategy.plot_config = {"main_plot": {"own": {}}}  # type: ignore[attr-defined]
    mine: Any = risk_gated(strategy)(config(sockets, "live"))
    shown = analysed(mine, risk_size=0.0, risk_reason=float(Reason.JUMP))
    first, last = shown["date"].iloc[0], shown["date"].iloc[-1]
    named = mine.plot_annotations(pair="", start_date=first, end_date=last, dataframe=shown)
    assert [a["type"] for a in named] == ["line", "area"]
    assert mine.plot_annotations("", first, last, shown) == named
    assert set(mine.plot_config["subplots"]) == {charts.SUBPLOT}
    assert "subplots" not in strategy.plot_config  # type: ignore[attr-defined]
    assert len(shown) == M + 60
    off: Any = risk_gated(mode="off")(type("Off", (Strategy,), {"plot_config": {}}))
    assert off(config(sockets)).plot_config == {}
    logging.getLogger("talebridge").debug("done")
