"""Samples valued later are those a hook on every candle would have taken."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import Strategy, candles, config, open_trade

from talebridge import loop
from talebridge.backlog import Backlog
from talebridge.columns import to_block
from talebridge.entry import to_ms
from talebridge.marks import Closes, Held, Holding
from talebridge.portfolio import HOUR_MS, Account, Samples

MINUTE_MS = 60_000
PAIRS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


class Market:
    """Three pairs, and an account that trades them at random, as a backtest drives it."""

    def __init__(self, seed: int, timeframe_min: int) -> None:
        self.step = timedelta(minutes=timeframe_min)
        self.frames = {
            pair: candles(1500, seed + number).assign(
                date=pd.date_range("2025-09-01 00:10", periods=1500, freq=self.step, tz="UTC")
            )
            for number, pair in enumerate(PAIRS)
        }
        self.strategy = Strategy(config(None, timeframe=None))  # type: ignore[arg-type]
        self.account = Account(self.strategy, real=False)
        self.random = np.random.default_rng(seed)
        self.trades: list[Any] = []

    def fill(self, row: int) -> bool:
        """Opens or closes a trade, sometimes."""
        if self.random.random() > 0.02:
            return False
        if len(self.trades) == len(PAIRS) or (self.trades and self.random.random() < 0.5):
            gone = self.trades.pop(int(self.random.integers(len(self.trades))))
            close = float(self.frames[gone.pair]["open"].iat[row])
            self.strategy.wallets.free += gone.stake_amount + gone.calc_profit(close)
            return True
        free = [pair for pair in PAIRS if pair not in [t.pair for t in self.trades]]
        pair = free[int(self.random.integers(len(free)))]
        rate = float(self.frames[pair]["open"].iat[row])
        stake = float(self.random.uniform(200, 900))
        trade = open_trade(pair, stake, open_rate=rate, amount=stake / rate, fee_close=0.001)
        trade.calc_profit = lambda price, t=trade: t.amount * (price * 0.999 - t.open_rate * 1.001)
        self.strategy.wallets.free -= stake
        self.trades.append(trade)
        return True

    def show(self, rows: int) -> None:
        """What freqtrade lets a strategy see."""
        for pair, frame in self.frames.items():
            self.strategy.dp.frames[pair] = frame.iloc[:rows]


@pytest.mark.parametrize(("seed", "timeframe_min"), [(1, 5), (2, 5), (3, 15), (4, 60), (5, 240)])
def test_samples_valued_late_are_those_of_a_hook_on_every_candle(
    seed: int, timeframe_min: int
) -> None:
    market = Market(seed, timeframe_min)
    closes = Closes()
    for pair, frame in market.frames.items():
        closes.keep(pair, to_block(frame))
    late, eager = Samples(), Samples()
    backlog = Backlog(late, closes, timeframe_min * MINUTE_MS)
    watched = True
    asked = 0
    for row in range(1000, 1500):
        now: datetime = market.frames[PAIRS[0]]["date"].iat[row].to_pydatetime()
        now_ms = to_ms(now)
        # At its start a candle's frames still end before the one that has just closed.
        market.show(row - 1)
        if eager.due(now_ms):
            eager.add(now_ms, market.account.equity(market.trades))
        if watched:
            backlog.started(now_ms)
            backlog.catch_up(now_ms - 1)
            if late.due(now_ms):
                held = market.account.held(market.trades)
                value = backlog.look(held, now_ms, at_start=True)
                assert value is not None
                late.add(now_ms, value)
            watched = backlog.blind
        if market.random.random() < 0.05:
            asked += 1
            backlog.catch_up(now_ms)
            assert late.newest_ms() == eager.newest_ms()
        if market.fill(row):
            watched = True
            late.filled()
            eager.filled()
    backlog.catch_up(now_ms)
    assert asked > 10
    mine, theirs = late._samples, eager._samples
    assert [t for t, _ in mine] == [t for t, _ in theirs]
    np.testing.assert_allclose([e for _, e in mine], [e for _, e in theirs], rtol=1e-12)
    assert len({round(e, 6) for _, e in mine}) > 20


def test_a_short_position_falls_with_its_price_and_pays_its_fee() -> None:
    strategy = Strategy({"trading_mode": "spot", "stake_currency": "USDT"})
    trade = open_trade("ETH/USDT", 100.0, is_short=True, amount=2.0, fee_close=0.01)
    trade.calc_profit = lambda rate: 200.0 - rate * 2.0 * 1.01
    held = Account(strategy, real=False).held([trade])
    assert held is not None
    closes = Closes()
    block = np.zeros((6, 1))
    block[4] = 130.0
    closes.keep("ETH/USDT", block)
    assert held.value(closes, 0) == pytest.approx(10_000 + 100 + 200 - 130 * 2.02)


def test_futures_are_not_valued_late_while_funding_may_be_charged() -> None:
    strategy = Strategy({"trading_mode": "futures", "stake_currency": "USDT"})
    account = Account(strategy, real=False)
    assert account.held([open_trade()]) is None
    assert account.held([]) == Held(10_000.0, ())


def test_a_pair_without_closes_leaves_every_sample_to_its_own_time() -> None:
    samples = Samples()
    backlog = Backlog(samples, Closes(), 5 * MINUTE_MS)
    backlog.started(0)
    held = Held(1000.0, (Holding("ETH/USDT", 1.0, 100.0),))
    assert backlog.look(held, 0, at_start=True) is None
    assert backlog.blind
    assert backlog.catch_up(5 * HOUR_MS) is None
    assert backlog.look(Held(1000.0, ()), 0, at_start=True) == 1000.0
    assert not backlog.blind
    backlog.forget()
    assert backlog.blind


def test_closes_are_found_by_time_and_stay_behind_when_pickled() -> None:
    closes = Closes()
    block = np.zeros((6, 4))
    block[0] = [10, 20, 40, 50]
    block[4] = [1.0, 2.0, np.nan, 5.0]
    closes.keep("A/B", block)
    found = [closes.at("A/B", open_ms, before=7.0) for open_ms in (5, 10, 30, 45, 99)]
    # Ahead of the first, on one, in a gap, on one that is no price, after the last.
    assert found == [7.0, 1.0, 2.0, 7.0, 5.0]
    assert not pickle.loads(pickle.dumps(closes)).known("A/B")


@pytest.mark.parametrize("gaps", [(1,), (1, 1, 1, 1, 3), (2, 1), (1, 7)])
def test_closes_of_candles_with_gaps_are_those_a_search_finds(gaps: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(gaps))
    block = np.zeros((6, 60))
    block[0] = 1000 + np.cumsum(rng.choice(gaps, 60)) * 5
    block[4] = rng.uniform(1, 2, 60)
    closes = Closes()
    closes.keep("A/B", block)
    for open_ms in range(990, int(block[0, -1]) + 20):
        row = int(np.searchsorted(block[0], open_ms, side="right")) - 1
        assert closes.at("A/B", open_ms, 7.0) == (block[4, row] if row >= 0 else 7.0)


class _Gate:
    def __init__(self, wanted: list[bool]) -> None:
        self.times: list[Any] = []
        self._wanted = wanted

    def sample(self, now: Any) -> bool:
        self.times.append(now)
        return self._wanted.pop(0)


@pytest.mark.parametrize("kind", ["plain", "static", "class", "assigned"])
def test_the_loop_is_heard_once_and_the_strategys_own_hook_always(kind: str) -> None:
    heard: list[Any] = []

    class Mine:
        if kind == "static":

            @staticmethod
            def bot_loop_start(current_time: Any, **kwargs: Any) -> None:
                heard.append(current_time)
        elif kind == "class":

            @classmethod
            def bot_loop_start(cls, current_time: Any, **kwargs: Any) -> None:
                heard.append(current_time)
        else:

            def bot_loop_start(self, current_time: Any, **kwargs: Any) -> None:
                heard.append(current_time)

    mine: Any = Mine()
    if kind == "assigned":
        mine.bot_loop_start = lambda current_time: heard.append(current_time)
    before = dict(mine.__dict__)
    gate = _Gate([True, False, False])
    setattr(mine, loop.GATE, gate)
    loop.watch(mine)
    loop.watch(mine)
    for time in range(5):
        mine.bot_loop_start(current_time=time)
    loop.watch(mine)
    mine.bot_loop_start(5)
    mine.bot_loop_start(current_time=6)
    assert heard == list(range(7))
    assert gate.times == [0, 1, 5]
    assert {k: v for k, v in mine.__dict__.items() if not k.startswith("_talebridge")} == before
