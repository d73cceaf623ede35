"""What limits are told besides: only where one is on, and as the protocol orders it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT

from talebridge import facts as facts_module
from talebridge._generated import FACTS, Kind, Side, Stage
from talebridge.entry import Entry
from talebridge.facts import Facts
from talebridge.portfolio import stop_distance

FUTURES = {"trading_mode": "futures"}


def strategy(**exchange: Any) -> Any:
    frame = pd.DataFrame(
        {
            "close": [1.0, 103.25],
            "risk_es99_long": [0.1, 0.0123456789],
            "risk_xi_long": [0.1, 0.2],
            "risk_adverse_q_long": [0.1, 0.05],
        }
    )
    dp = SimpleNamespace(get_analyzed_dataframe=lambda *_: (frame, None))
    if exchange:
        dp._exchange = SimpleNamespace(
            get_maintenance_ratio_and_amt=lambda pair, stake: (0.01, 50.0),
            markets={"A/B": {"taker": 0.0005}},
            **exchange,
        )
    return SimpleNamespace(dp=dp, timeframe="5m", stoploss=-0.2, config=FUTURES)


def entry(leverage: float = 4.0) -> Entry:
    made = Entry("A/B", Side.LONG, Kind.ENTRY, Stage.SIZE, 0, 100.0)
    made.leverage = leverage
    made.rate = 100.0
    return made


@pytest.fixture(autouse=True)
def no_trades(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    trades: list[Any] = []
    monkeypatch.setattr(facts_module, "open_trades", lambda: trades)
    return trades


def told(limits: dict[str, Any], of: Any) -> dict[str, float]:
    values = Facts(FUTURES, limits).of(of, entry())
    assert values is not None
    return dict(zip(FACTS, values, strict=True))


def test_nothing_is_read_where_no_limit_asks() -> None:
    asleep = Facts(FUTURES, {"max_drawdown": 0.1, "max_book_loss": None, "kelly_fraction": None})
    assert asleep.of(None, entry()) is None
    assert asleep.closed(0) == ()
    assert not asleep.stops
    assert Facts(FUTURES, {"max_book_loss": 0.1}).stops


def test_facts_are_the_signal_candles_and_the_stop_loss_counts_leverage() -> None:
    got = told({"max_trade_loss": 0.01}, strategy())
    assert got["close"] == 103.25
    assert got["stop"] == pytest.approx(0.05)
    assert got["es"] == float(np.float32(0.0123456789)) != 0.0123456789
    assert got["xi"] == float(np.float32(0.2))
    assert got["adverse"] == float(np.float32(0.05))
    assert math.isnan(got["mm_rate"])


def test_maintenance_margin_is_freqtrades_with_the_fee_where_there_is_no_amount() -> None:
    binance = told({"liquidation_guard": 1}, strategy(id="binance"))
    assert (binance["mm_rate"], binance["mm_amount"]) == (0.01, 50.0)
    assert binance["liquidation_buffer"] == 0.05
    gate = told({"liquidation_guard": 1}, strategy(id="gate"))
    assert (gate["mm_rate"], gate["mm_amount"]) == (0.0105, 0.0)


def test_an_open_trades_own_stop_loss_is_told(no_trades: list[Any]) -> None:
    no_trades.append(SimpleNamespace(pair="A/B", amount=1.0, stop_loss=92.0, is_short=False))
    assert told({"max_trade_loss": 0.01}, strategy())["stop"] == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("stop", "short", "expected"),
    [
        (90.0, False, 0.1),
        (110.0, True, 0.1),
        (105.0, False, 0.0),
        (0.0, False, None),
        (None, True, None),
    ],
)
def test_a_stop_losss_distance(stop: float | None, short: bool, expected: float | None) -> None:
    got = stop_distance(SimpleNamespace(stop_loss=stop, is_short=short), 100.0)
    assert got == (None if expected is None else pytest.approx(expected))


def test_closed_trades_come_in_order_of_their_close(monkeypatch: pytest.MonkeyPatch) -> None:
    persistence = pytest.importorskip("freqtrade.persistence")

    def trade(number: int, second: int, profit: float | None) -> Any:
        close = datetime.fromtimestamp(second, UTC)
        return SimpleNamespace(id=number, close_date=close, close_profit=profit)

    asked: list[Any] = []

    def proxy(**of: Any) -> list[Any]:
        asked.append(of)
        return [trade(3, 20, 0.1), trade(2, 10, -0.2), trade(1, 20, 0.3), trade(9, 30, None)]

    monkeypatch.setattr(persistence.Trade, "get_trades_proxy", staticmethod(proxy))
    closed = Facts(FUTURES, {"kelly_fraction": 0.5}).closed(10_000)
    assert [(one.trade, one.close_ms, one.profit) for one in closed] == [
        (2, 10_000, -0.2),
        (1, 20_000, 0.3),
        (3, 20_000, 0.1),
    ]
    # freqtrade gives those closed after the time it is asked for.
    assert asked[0]["close_date"] < datetime.fromtimestamp(10, UTC)


def test_liquidation_vectors_are_freqtrades_own() -> None:
    """Run again with the installed freqtrade: the formula has not changed."""
    pytest.importorskip("freqtrade")
    source = ROOT / "protocol" / "make-liquidation.py"
    made: dict[str, Any] = {"__name__": "vectors", "__file__": str(source)}
    exec(compile(source.read_text(), source, "exec"), made)  # noqa: S102 - our own generator
    for row in json.loads((ROOT / "protocol" / "vectors" / "liquidation.json").read_text()):
        rate = row["mm_rate"] - (made["FEE"] if row["exchange"] == "others" else 0.0)
        tier = (rate, row["mm_amount"])
        args = (row["exchange"], row["side"], row["entry"], row["stake"], row["leverage"], tier)
        assert made["price"](*args) == pytest.approx(row["price"], rel=1e-12, abs=1e-9)
