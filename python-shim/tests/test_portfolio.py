"""The account as freqtrade keeps it, in its four flavours."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from helpers import Strategy, Wallets, open_trade, pending_order

from talebridge._generated import Kind, PositionState, Side, Stage
from talebridge.entry import Entry
from talebridge.errors import ShimError
from talebridge.portfolio import (
    HOUR_MS,
    MAX_SAMPLES,
    Account,
    Samples,
    pending_stake,
    without_pending,
)
from talebridge.run import session_key
from talebridge.wire import Position


def account(mode: str = "spot", *, real: bool = False, **wallet: float) -> Account:
    strategy = Strategy({"trading_mode": mode, "stake_currency": "USDT"})
    strategy.wallets = Wallets(**wallet)
    strategy.dp.frames["ETH/USDT"] = pd.DataFrame({"close": [100.0, 110.0]})
    return Account(strategy, real=real)


def test_dry_spot_equity_adds_every_stake_that_left_the_free_balance() -> None:
    trades = [
        open_trade(stake=500.0),
        open_trade("SOL/USDT", 200.0, amount=0.0, open_orders=[pending_order(200.0)]),
    ]
    value = account(free=9300.0, total=9500.0).equity(trades)
    assert value == pytest.approx(9300 + 500 + 200 + 50)


def test_real_spot_equity_is_the_exchanges_money_and_coins() -> None:
    mine = account(real=True, free=9300.0, total=9500.0)
    mine._strategy.wallets.coins = {"ETH": 5.0}
    trades = [
        open_trade(stake=500.0, fee_close=0.001),
        open_trade("SOL/USDT", 200.0, amount=0.0, open_orders=[pending_order(200.0)]),
    ]
    assert mine.equity(trades) == pytest.approx(9500 + 5 * 110 * 0.999)


@pytest.mark.parametrize("sold", [0.0, 2.5, 5.0])
def test_what_an_exit_sold_before_it_was_booked_counts_once(sold: float) -> None:
    exit_order = pending_order(550.0, "sell", filled=sold)
    trade = open_trade(stake=500.0, open_orders=[exit_order])
    mine = account(real=True, total=9500.0 + sold * 110)
    mine._strategy.wallets.coins = {"ETH": 5.0 - sold}
    assert mine.equity([trade]) == pytest.approx(9500 + 5 * 110)


@pytest.mark.parametrize("bought", [0.0, 2.0, 5.0])
def test_what_a_pending_entry_bought_counts(bought: float) -> None:
    trade = open_trade(stake=550.0, amount=0.0, open_orders=[pending_order(550.0, filled=bought)])
    mine = account(real=True, total=10_000.0 - bought * 110)
    mine._strategy.wallets.coins = {"ETH": bought}
    assert mine.equity([trade]) == pytest.approx(10_000)


def test_coins_that_are_not_the_bots_do_not_count() -> None:
    mine = account(real=True, total=9500.0)
    mine._strategy.wallets.coins = {"ETH": 500.0, "BNB": 7.0}
    assert mine.equity([open_trade(stake=500.0)]) == pytest.approx(9500 + 550)
    # Two trades cannot both own the same coins.
    mine._strategy.wallets.coins = {"ETH": 6.0}
    assert mine.equity([open_trade(), open_trade()]) == pytest.approx(9500 + 6 * 110)


@pytest.mark.parametrize("real", [True, False])
def test_futures_equity_is_the_margin_account_and_open_profit(real: bool) -> None:
    trades = [open_trade(stake=500.0, leverage=3.0, amount=15.0)]
    assert account("futures", real=real, total=10_000.0).equity(trades) == pytest.approx(10_150)


def test_a_pair_without_a_close_is_valued_at_its_opening_rate() -> None:
    assert account(free=9500.0).equity([open_trade("XRP/USDT")]) == pytest.approx(10_000)


@pytest.mark.parametrize("close", [math.nan, math.inf, 0.0])
def test_a_close_that_is_no_price_is_not_used(close: float) -> None:
    mine = account(free=9500.0)
    mine._strategy.dp.frames["ETH/USDT"] = pd.DataFrame({"close": [close]})
    assert mine.equity([open_trade()]) == pytest.approx(10_000)


def test_without_a_wallet_the_account_cannot_be_read() -> None:
    mine = account()
    mine._strategy.wallets = None
    with pytest.raises(ShimError, match="no wallet"):
        mine.equity([])


def test_a_value_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ShimError, match="nan"):
        account(free=math.nan).equity([])


def test_positions_list_pending_entries_and_ignore_pending_exits() -> None:
    trades = [
        open_trade("SOL/USDT", 300.0, open_orders=[pending_order(100.0), pending_order(9, "sell")]),
        open_trade("ETH/USDT:USDT", 500.0, is_short=True, leverage=2.0),
        open_trade("XRP/USDT", 50.0, amount=0.0, open_orders=[pending_order(50.0)]),
        open_trade("BTC/USDT", 50.0, amount=0.0),
    ]
    found = account().positions(trades)
    assert found == (
        Position("ETH/USDT:USDT", Side.SHORT, 500.0, 2.0, PositionState.OPEN),
        Position("SOL/USDT", Side.LONG, 300.0, 1.0, PositionState.OPEN),
        Position("SOL/USDT", Side.LONG, 100.0, 1.0, PositionState.PENDING),
        Position("XRP/USDT", Side.LONG, 50.0, 1.0, PositionState.PENDING),
    )
    assert account().positions(trades[::-1]) == found


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("order", [0.0, 40.0])
def test_an_addition_takes_the_place_of_its_trades_own_open_order(
    order: float, others: int
) -> None:
    mine = open_trade(open_orders=[pending_order(order)] if order else [])
    rest = [open_trade("BTC/USDT", open_orders=[pending_order(40.0)])] * others
    # Stacked on the same pair, with an order of its own.
    rest += [open_trade(open_orders=[pending_order(41.0)])] * others
    told = account().positions([mine, *rest])
    entry = Entry("ETH/USDT", Side.LONG, Kind.SCALE_IN, Stage.SIZE, 0, 40.0)
    entry.replaces = pending_stake(mine)
    assert without_pending(told, entry) == account().positions([open_trade(), *rest])


def test_samples_are_due_hourly_at_the_days_start_and_after_fills() -> None:
    samples = Samples()
    day = 20_000 * 24 * HOUR_MS
    assert samples.due(day - 5)
    samples.add(day - 5, 1.0)
    assert not samples.due(day - 1)
    assert samples.due(day)
    samples.add(day, 1.0)
    assert not samples.due(day + HOUR_MS - 1)
    samples.filled()
    assert samples.due(day + 1)
    samples.add(day + 1, 2.0)
    assert not samples.due(day + 2)
    assert samples.due(day + HOUR_MS)


def test_samples_ascend_and_are_bounded() -> None:
    samples = Samples()
    samples.add(1000, 1.0)
    samples.add(1000, 2.0)
    samples.add(500, 3.0)
    assert samples.after(0) == [(1000, 1.0)]
    for hour in range(2 * MAX_SAMPLES):
        samples.add(2000 + hour * HOUR_MS, 1.0)
    assert len(samples._samples) == MAX_SAMPLES
    assert samples.newest_ms() == 2000 + (2 * MAX_SAMPLES - 1) * HOUR_MS


def test_samples_of_a_clock_that_was_ahead_are_dropped() -> None:
    samples = Samples()
    samples.add(5 * HOUR_MS, 1.0)
    samples.add(29 * HOUR_MS, 2.0)
    samples.back_to(6 * HOUR_MS)
    assert samples.after(0) == [(5 * HOUR_MS, 1.0)]
    assert not samples.due(7 * HOUR_MS - 1)
    assert samples.due(7 * HOUR_MS)
    samples.back_to(0)
    assert samples.newest_ms() == 0
    samples.add(2 * HOUR_MS, 3.0)
    assert samples.after(0) == [(2 * HOUR_MS, 3.0)]


CONFIG: dict[str, Any] = {
    "bot_name": "alpha",
    "exchange": {"name": "binance"},
    "stake_currency": "USDT",
}


def test_a_bots_session_survives_its_restart_and_differs_between_bots() -> None:
    key = session_key("live", "Dips", CONFIG, None)
    assert key == session_key("live", "Dips", dict(CONFIG), None)
    others = [
        session_key("dry_run", "Dips", CONFIG, None),
        session_key("live", "Dips2", CONFIG, None),
        session_key("live", "Dips", {**CONFIG, "bot_name": "beta"}, None),
        session_key("live", "Dips", {**CONFIG, "stake_currency": "BTC"}, None),
        session_key("live", "Dips", {**CONFIG, "exchange": {"name": "okx"}}, None),
    ]
    assert len({key, *others}) == 6


@pytest.mark.parametrize("chosen", ["mine", "ä" * 48, "x" * 96])
def test_a_chosen_name_is_not_shared_by_a_bot_and_its_dry_run(chosen: str) -> None:
    keys = {session_key(mode, "Dips", CONFIG, chosen) for mode in ("live", "dry_run")}
    assert len(keys) == 2
    assert keys == {session_key(mode, "X", CONFIG, chosen) for mode in ("live", "dry_run")}
    assert all(len(key.encode()) <= 96 for key in keys)


def test_long_names_keep_sessions_apart_within_the_limit() -> None:
    keys = {session_key("live", "ä" * 80 + end, CONFIG, None) for end in "abc"}
    assert len(keys) == 3
    assert all(len(key.encode()) <= 96 for key in keys)


def test_every_backtest_has_a_session_of_its_own() -> None:
    keys = {session_key("backtest", "X" * 90, CONFIG, "mine") for _ in range(20)}
    assert len(keys) == 20
    assert all(len(key.encode()) <= 96 for key in keys)


def test_the_fees_of_a_trade_are_reckoned_once_per_state_of_it() -> None:
    """By freqtrade's own trade, whose decimals are slow."""
    persistence = pytest.importorskip("freqtrade.persistence")
    mode = pytest.importorskip("freqtrade.enums").TradingMode.SPOT
    trade = persistence.LocalTrade(
        pair="ETH/USDT",
        stake_amount=200.0,
        amount=2.0,
        open_rate=100.0,
        fee_open=0.001,
        fee_close=0.002,
        is_short=False,
        leverage=1.0,
        exchange="binance",
        trading_mode=mode,
    )
    reckoned: list[float] = []
    reckon = trade.calc_profit
    trade.calc_profit = lambda rate: reckoned.append(rate) or reckon(rate)
    mine = account(free=10_000.0)

    def at_cost() -> float:
        held = mine.held([trade])
        assert held is not None
        return held.base - 10_000.0 - trade.stake_amount

    assert at_cost() == at_cost() == pytest.approx(-0.6)
    assert reckoned == [100.0]
    # Scaled in, and a fee of another exchange.
    trade.amount, trade.open_rate = 3.0, 110.0
    trade.recalc_open_trade_value()
    assert at_cost() == pytest.approx(-0.99)
    trade.fee_close = 0.0
    assert at_cost() == pytest.approx(-0.33)
    assert len(reckoned) == 3
