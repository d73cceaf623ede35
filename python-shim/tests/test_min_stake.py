"""freqtrade raises a stake up to 30 % to reach the exchange's minimum: never one the gate cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Strategy, analysed, ask_adjust, ask_stake, config, open_trade
from test_gate import Answers, cut

from talebridge import risk_gated
from talebridge.entry import effective_stake

MAX_STAKE = 1000.0


@pytest.fixture
def validate() -> Callable[[float, float | None, float], float]:
    """freqtrade's own last word on a stake, with 10,000 free."""
    wallets = pytest.importorskip("freqtrade.wallets").Wallets
    mine = wallets.__new__(wallets)
    mine._is_backtest = True
    mine.get_available_stake_amount = lambda: 10_000.0

    def validated(stake: float, min_stake: float | None, max_stake: float) -> float:
        used: float = mine.validate_stake_amount("BTC/USDT", stake, min_stake, max_stake, None)
        return used

    return validated


def test_what_a_stake_becomes_is_what_freqtrade_makes_of_it(validate: Any) -> None:
    random = np.random.default_rng(1)
    outcomes = set()
    for _ in range(2000):
        stake, least, most = (float(value) for value in np.exp(random.normal(3, 1, 3)))
        if random.random() < 0.5:
            stake = least * random.choice([1 / 1.3, 0.77, 0.9, 1.0, 1.1])
        used = validate(stake, least, most)
        assert effective_stake(stake, least, most) == used
        outcomes.add("dropped" if used == 0 else "raised" if used > stake else "kept")
    assert outcomes == {"dropped", "raised", "kept"}


@pytest.mark.parametrize("share", [1.0, 0.999, 0.9, 0.8, 0.78, 0.76, 0.5, 0.25])
@pytest.mark.parametrize("min_stake", [20.0, 70.0, 77.0, 80.0, 99.0, 100.0, 110.0, 129.0, 131.0])
def test_no_cut_stake_is_raised(
    share: float,
    min_stake: float,
    validate: Any,
    peer: Any,
    strategy: type[Strategy],
    sockets: Path,
) -> None:
    bridge = Answers()
    peer(bridge)
    mine: Any = risk_gated(strategy)(config(sockets))
    frame = analysed(mine)
    ungated = validate(100.0, min_stake, MAX_STAKE)
    if share < 1:
        bridge.gate = cut(share)
    allowed = ask_stake(mine, frame, min_stake=min_stake, max_stake=MAX_STAKE)
    used = validate(allowed, min_stake, MAX_STAKE)
    if share == 1:
        assert used == ungated
    else:
        # No more than was allowed of what would have been staked, or nothing at all.
        assert used <= share * ungated * (1 + 1e-12)
        assert used in (0, allowed)


@pytest.mark.parametrize("share", [0.95, 0.8, 0.5])
@pytest.mark.parametrize("min_stake", [20.0, 45.0, 50.0, 60.0])
def test_no_cut_addition_is_raised(
    share: float,
    min_stake: float,
    validate: Any,
    peer: Any,
    strategy: type[Strategy],
    sockets: Path,
) -> None:
    bridge = Answers()
    peer(bridge)
    strategy.adjust_trade_position = lambda self, **_: 50.0  # type: ignore[method-assign, assignment, misc]
    mine: Any = risk_gated(strategy)(config(sockets))
    frame = analysed(mine)
    ungated = validate(50.0, min_stake, MAX_STAKE)
    bridge.gate = cut(share)
    trade = open_trade("BTC/USDT")
    allowed = ask_adjust(mine, frame, trade, min_stake=min_stake, max_stake=MAX_STAKE)
    used = validate(allowed, min_stake, MAX_STAKE)
    assert used <= share * ungated * (1 + 1e-12)
