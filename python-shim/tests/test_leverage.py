"""The liquidation guard before an entry: how far leverage is cut, and what is never touched."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, START, Peer, Strategy, analysed, config, fresh_strategy, good

from talebridge import RiskGate, facts, portfolio, risk_gated
from talebridge._generated import PROTOCOL_MINOR, Op, Side
from talebridge.liquidation import Maintenance, adverse_move, distance, largest_leverage, tiers

GOLDENS = json.loads((ROOT / "protocol" / "vectors" / "liquidation.json").read_text())
TIERS = [
    {"minNotional": 0.0, "maintenanceMarginRate": 0.004, "maintAmt": 0.0},
    {"minNotional": 500.0, "maintenanceMarginRate": 0.05, "maintAmt": 23.0},
    {"minNotional": 5000.0, "maintenanceMarginRate": 0.125, "maintAmt": 398.0},
]


@pytest.mark.parametrize("row", GOLDENS)
def test_distance_and_largest_leverage_are_freqtrades(row: dict[str, Any]) -> None:
    margin = Maintenance(row["mm_rate"], row["mm_amount"], row["liquidation_buffer"])
    side = Side[row["side"].upper()]
    stake, leverage = row["stake"], row["leverage"]
    assert distance(side, stake, leverage, margin) == pytest.approx(row["distance"], rel=1e-12)
    found = largest_leverage(side, stake, row["distance"], margin)
    assert found == pytest.approx(leverage, rel=1e-12)


def lookup(_: str, stake: float) -> tuple[float, float]:
    for tier in reversed(TIERS):
        if stake >= tier["minNotional"]:
            return tier["maintenanceMarginRate"], tier["maintAmt"]
    raise ValueError("no tier")


def exchange(name: str = "binance", *, whole: bool = False) -> Any:
    return SimpleNamespace(
        id=name,
        _leverage_tiers={"A/B:B": TIERS},
        get_maintenance_ratio_and_amt=lookup,
        get_option=lambda key, default=None: whole if key == "floor_leverage" else default,
        markets={"A/B:B": {"taker": 0.0005}},
    )


def strategy(adverse: float = 0.1, available: float = 400.0, **more: Any) -> Any:
    made = Strategy({"trading_mode": "futures"})
    frame = pd.DataFrame(
        {"close": [100.0], "risk_adverse_q_long": [adverse], "risk_adverse_q_short": [adverse]}
    )
    made.dp = SimpleNamespace(  # type: ignore[assignment]
        get_analyzed_dataframe=lambda *_: (frame, None), _exchange=exchange(**more)
    )
    made.wallets = SimpleNamespace(  # type: ignore[assignment]
        get_available_stake_amount=lambda: available
    )
    return made


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    peer = Peer(tmp_path)
    yield tmp_path
    peer.stop()


def gated(directory: Path, of: Any, runmode: str = "backtest", **settings: Any) -> RiskGate:
    settings = {"limits": {"liquidation_guard": 1.5}, **settings}
    of.config = {**config(directory, runmode, **settings), "trading_mode": "futures"}
    return RiskGate(of)


def ask(gate: RiskGate, proposed: Any, side: str = "long") -> Any:
    return gate.leverage(proposed, pair="A/B:B", current_time=START, max_leverage=50.0, side=side)


def test_leverage_is_cut_to_what_keeps_liquidation_beyond_the_guard(directory: Path) -> None:
    of = strategy()
    cut = ask(gated(directory, of), 10.0)
    assert 1 < cut < 10
    away = adverse_move(float(np.float32(0.1)), Side.LONG) * 1.5
    margin = Maintenance(0.004, 0.0, 0.05)
    assert distance(Side.LONG, 400.0, cut, margin) >= away
    assert distance(Side.LONG, 400.0, cut + 0.01, margin) < away
    # At, and below what is allowed, it stays the very object that was proposed.
    for less in (cut, 2, np.float64(1.5), 1.0, 0.5):
        assert ask(gated(directory, of), less) is less


def test_a_short_is_cut_by_the_rise(directory: Path) -> None:
    cut = ask(gated(directory, strategy()), 10.0, "short")
    away = adverse_move(float(np.float32(0.1)), Side.SHORT) * 1.5
    margin = Maintenance(0.004, 0.0, 0.05)
    assert distance(Side.SHORT, 400.0, cut, margin) >= away
    assert distance(Side.SHORT, 400.0, cut + 0.01, margin) < away


def test_an_exchange_that_takes_whole_numbers_gets_one(directory: Path) -> None:
    free = ask(gated(directory, strategy()), 10.0)
    whole = ask(gated(directory, strategy(whole=True)), 10.0)
    assert free % 1 != 0
    assert whole == math.floor(free)


def test_it_never_goes_below_one(directory: Path) -> None:
    assert ask(gated(directory, strategy(adverse=2.0)), 10.0) == 1.0


@pytest.mark.parametrize("adverse", [math.nan, 0.0, -1.0])
def test_without_a_forecast_nothing_is_borrowed(directory: Path, adverse: float) -> None:
    assert ask(gated(directory, strategy(adverse=adverse)), 10.0) == 1.0


def test_nor_when_the_lookup_fails(directory: Path) -> None:
    of = strategy()
    of.wallets = None
    gate = gated(directory, of, "dry_run")
    assert ask(gate, 10.0) == 1.0
    assert ask(gate, 0.5) == 0.5
    assert ask(gated(directory, of, "dry_run", mode="shadow"), 10.0) == 10.0


@pytest.mark.parametrize("wrong", [None, "3", math.nan])
def test_what_is_no_number_is_left_to_freqtrade(directory: Path, wrong: Any) -> None:
    assert ask(gated(directory, strategy()), wrong) is wrong


def test_infinite_leverage_is_cut_like_the_exchanges_largest(directory: Path) -> None:
    assert ask(gated(directory, strategy()), math.inf) == ask(gated(directory, strategy()), 50.0)


@pytest.mark.parametrize("settings", [{"mode": "shadow"}, {"mode": "off"}, {"limits": {}}], ids=str)
def test_it_is_untouched_where_nothing_is_to_be_cut(
    directory: Path, settings: dict[str, Any]
) -> None:
    assert ask(gated(directory, strategy(), **settings), 10.0) == 10.0


@pytest.mark.parametrize("name", ["binance", "gate"])
@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
def test_whatever_stake_follows_its_liquidation_is_beyond_the_guard(
    directory: Path, name: str, side: Side
) -> None:
    draw = random.Random(5)
    for _ in range(60):
        available = 10 ** draw.uniform(1, 5)
        adverse = draw.uniform(0.005, 0.5)
        of = strategy(adverse, available, name=name)
        cut = ask(gated(directory, of), 50.0, side.name.lower())
        away = adverse_move(float(np.float32(adverse)), side) * 1.5
        for stake in [available, *(draw.uniform(1, available) for _ in range(20))]:
            rate, amount = lookup("", stake)
            margin = (
                Maintenance(rate, amount, 0.05)
                if name == "binance"
                else Maintenance(rate + 0.0005, 0.0, 0.05)
            )
            assert cut == 1.0 or distance(side, stake, cut, margin) >= away


def test_only_tiers_the_account_can_reach_count() -> None:
    of = strategy()
    reached = [(stake, margin.rate) for stake, margin in tiers(of, "A/B:B", 700.0)]
    assert reached == [(500.0, 0.004), (700.0, 0.05)]
    assert [margin.rate for _, margin in tiers(of, "A/B:B", 500.0)] == [0.004]
    of.dp._exchange = None
    assert list(tiers(of, "A/B:B", 700.0)) == []


@pytest.fixture
def no_open_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (portfolio, facts):
        monkeypatch.setattr(module, "open_trades", list)


class Questions:
    """A peer that notes the leverage of each question, and the one before the cut if told."""

    def __init__(self, directory: Path, minor: int) -> None:
        self.told: list[tuple[float, float | None]] = []
        self._minor = minor
        self._peer = Peer(directory, self._answer)

    def _answer(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [{**good(op, message, frames)[0], "minor": self._minor}]
        if op is Op.GATE:
            told = message[17]
            self.told.append((message[14], told[8] if len(told) > 8 else None))
        return good(op, message, frames)

    def stop(self) -> None:
        self._peer.stop()


@pytest.fixture
def questions(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Questions]:
    found = Questions(tmp_path, getattr(request, "param", PROTOCOL_MINOR))
    yield found
    found.stop()


def levered(directory: Path, leverage: float = 10.0, **settings: Any) -> Any:
    """A gated strategy with a verdict to trade on and a leverage of its own."""
    own = {"leverage": lambda self, *args, **kwargs: leverage, "frame": None}
    cls = type("Levered", (fresh_strategy(),), own)
    limits = {"limits": {"liquidation_guard": 1.5}}
    made = risk_gated()(cls)(
        {**config(directory, **{**limits, **settings}), "trading_mode": "futures"}
    )
    analysed(made, "A/B:B", risk_size=1.0, risk_reason=0, risk_adverse_q_long=0.1)
    made.dp._exchange = exchange()
    made.wallets.get_available_stake_amount = lambda: 400.0
    return made


def enters(of: Any, leverage: float | None = None) -> tuple[float, float]:
    """The leverage and the stake freqtrade gets; `leverage`: of an entry by hand."""
    now = of.dp.frames["A/B:B"]["date"].iat[-1] + timedelta(minutes=5)
    common = {"pair": "A/B:B", "current_time": now, "current_rate": 100.0}
    common |= {"entry_tag": None, "side": "long"}
    used = leverage
    if used is None:
        used = of.leverage(**common, proposed_leverage=1.0, max_leverage=50.0)
    stake = of.custom_stake_amount(
        **common, proposed_stake=100.0, min_stake=5.0, max_stake=400.0, leverage=used
    )
    return used, stake


@pytest.mark.usefixtures("no_open_trades")
def test_the_question_tells_the_leverage_and_what_it_was_cut_from(
    questions: Questions, tmp_path: Path
) -> None:
    of = levered(tmp_path)
    used, stake = enters(of)
    assert 1 < used < 10
    assert stake == 100.0
    assert questions.told == [(used, 10.0)]
    # An entry by hand names its own: freqtrade asks for none.
    enters(of, leverage=7.0)
    assert questions.told[1:] == [(7.0, None)]


@pytest.mark.usefixtures("no_open_trades")
def test_the_question_tells_nothing_more_where_nothing_was_cut(
    questions: Questions, tmp_path: Path
) -> None:
    enters(levered(tmp_path, 1.5))
    assert questions.told == [(1.5, None)]


@pytest.mark.usefixtures("no_open_trades")
def test_shadow_mode_leaves_the_leverage_and_asks_as_if_it_had_cut(
    questions: Questions, tmp_path: Path
) -> None:
    used, _ = enters(levered(tmp_path, mode="shadow"))
    assert used == 10.0
    assert questions.told == [(asked_cut(tmp_path), 10.0)]


def asked_cut(directory: Path) -> float:
    cut: float = ask(gated(directory, strategy()), 10.0)
    return cut


@pytest.mark.usefixtures("no_open_trades")
@pytest.mark.parametrize("questions", [2], indirect=True)
def test_an_older_bridge_is_told_what_it_knows(questions: Questions, tmp_path: Path) -> None:
    used, _ = enters(levered(tmp_path))
    assert questions.told == [(used, None)]


@pytest.mark.usefixtures("no_open_trades")
def test_a_strategys_own_failure_stays_freqtrades(questions: Questions, tmp_path: Path) -> None:
    of = levered(tmp_path)

    def fails(*args: Any, **kwargs: Any) -> float:
        raise RuntimeError("mine")

    of.leverage = fails
    of.populate_indicators(of.dp.frames["A/B:B"], {"pair": "A/B:B"})
    with pytest.raises(RuntimeError, match="mine"):
        enters(of)


def test_the_hook_is_wrapped_where_the_guard_is_on_and_nowhere_else(directory: Path) -> None:
    def hook(self: Any, **kwargs: Any) -> float:
        return 10.0

    for limits, mode, wrapped in (
        ({"liquidation_guard": 1.5}, "futures", True),
        ({"liquidation_guard": 1.5}, "spot", False),
        ({"liquidation_guard": None}, "futures", False),
        ({"max_drawdown": 0.2}, "futures", False),
    ):
        cls = type("Guarded", (fresh_strategy(),), {"leverage": hook})
        risk_gated()(cls)({**config(directory, limits=limits), "trading_mode": mode})
        assert (cls.__dict__["leverage"] is not hook) is wrapped
