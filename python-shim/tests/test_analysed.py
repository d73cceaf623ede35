"""The row read out of a backtest's whole frame is the last one of the cut freqtrade hands out."""

from __future__ import annotations

import gc
import pickle
import weakref
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import candles

from talebridge.analysed import Analysed, Signal
from talebridge.errors import NoVerdict

PAIR = "BTC/USDT"
COLUMNS = ("risk_size", "risk_reason", "risk_value")


class Counted:
    """freqtrade's own data provider, and how often it cut a frame."""

    def __init__(self) -> None:
        provider = pytest.importorskip("freqtrade.data.dataprovider")
        enums = pytest.importorskip("freqtrade.enums")
        self.spot = enums.CandleType.SPOT
        config = {"runmode": enums.RunMode.BACKTEST, "candle_type_def": self.spot}
        self.dp = provider.DataProvider(config, None)
        self.cuts = 0
        cut = self.dp.get_analyzed_dataframe

        def counted(pair: str, timeframe: str) -> Any:
            self.cuts += 1
            return cut(pair, timeframe)

        self.dp.get_analyzed_dataframe = counted
        self.strategy: Any = SimpleNamespace(dp=self.dp, timeframe="5m", config=config)

    def show(self, frame: pd.DataFrame) -> None:
        self.dp._set_cached_df(PAIR, "5m", frame, self.spot)

    def until(self, end: int) -> None:
        self.dp._set_dataframe_max_index(PAIR, end)


def frame(rows: int = 2500, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.integers(0, 1025, rows) / 1024
    reason = np.where(size < 1, 40.0, 0.0)
    value = np.where(size < 1, rng.uniform(4, 8, rows).astype("float32"), np.nan)
    return candles(rows, seed).assign(risk_size=size, risk_reason=reason, risk_value=value)


def cut(counted: Counted) -> Signal | None:
    return Analysed().signal(counted.strategy, PAIR, whole=False)


def same(one: Signal | None, other: Signal | None) -> bool:
    # NaN is where nothing binds.
    return repr(one) == repr(other) and one is not None


def test_every_row_is_the_one_a_cut_ends_with() -> None:
    counted = Counted()
    counted.show(frame())
    analysed = Analysed()
    for end in (1, 2, 999, 1000, 1001, *range(1200, 2500, 37), 2499, 2500):
        counted.until(end)
        expected = cut(counted)
        before = counted.cuts
        assert same(analysed.signal(counted.strategy, PAIR, whole=True), expected)
        assert counted.cuts == before, "the frame was cut"
    counted.until(2600)
    # freqtrade's cut, too, ends with the frame.
    assert same(analysed.signal(counted.strategy, PAIR, whole=True), cut(counted))


@pytest.mark.parametrize("unit", ["ns", "us", "ms", "s"])
def test_times_of_any_unit_are_milliseconds(unit: str) -> None:
    counted = Counted()
    counted.show(frame().assign(date=lambda f: f["date"].dt.as_unit(unit)))
    counted.until(1500)
    assert same(Analysed().signal(counted.strategy, PAIR, whole=True), cut(counted))


def test_what_the_strategy_made_of_the_columns_is_read() -> None:
    counted = Counted()
    changed = frame()
    changed["risk_size"] = 0.25
    changed["risk_reason"] = changed["risk_reason"].astype("float32")
    counted.show(changed)
    counted.until(1500)
    signal = Analysed().signal(counted.strategy, PAIR, whole=True)
    assert signal is not None
    assert signal.size == 0.25
    assert same(signal, cut(counted))


def test_a_frame_analysed_anew_is_read_anew() -> None:
    counted = Counted()
    analysed = Analysed()
    for seed in (3, 4):
        counted.show(frame(seed=seed))
        counted.until(1500)
        assert same(analysed.signal(counted.strategy, PAIR, whole=True), cut(counted))


def test_frames_are_let_go_of() -> None:
    counted = Counted()
    first = frame()
    counted.show(first)
    counted.until(1500)
    analysed = Analysed()
    analysed.signal(counted.strategy, PAIR, whole=True)
    gone = weakref.ref(first)
    del first
    counted.show(frame(seed=4))
    gc.collect()
    assert gone() is None
    assert pickle.loads(pickle.dumps(analysed)).signal(counted.strategy, PAIR, whole=True)


@pytest.mark.parametrize("end", [None, 0])
def test_before_the_first_candle_there_is_no_verdict(end: int | None) -> None:
    counted = Counted()
    counted.show(frame())
    if end is not None:
        counted.until(end)
    assert Analysed().signal(counted.strategy, PAIR, whole=True) is None


def test_without_columns_frame_or_pair_there_is_no_verdict() -> None:
    counted = Counted()
    analysed = Analysed()
    assert analysed.signal(counted.strategy, PAIR, whole=True) is None
    for shown in (candles(1500), candles(1500).iloc[:0]):
        counted.show(shown)
        counted.until(1200)
        assert analysed.signal(counted.strategy, PAIR, whole=True) is None
    assert analysed.signal(counted.strategy, "ETH/USDT", whole=True) is None


def test_a_freqtrade_that_keeps_its_frames_elsewhere_is_asked_for_a_cut() -> None:
    shown = frame().iloc[:1500]

    class Other:
        def get_analyzed_dataframe(self, pair: str, timeframe: str) -> Any:
            return shown, datetime.now(UTC)

    strategy = SimpleNamespace(dp=Other(), timeframe="5m", config={})
    signal = Analysed().signal(strategy, PAIR, whole=True)
    assert signal is not None
    assert signal.open_ms == shown["date"].iat[-1].timestamp() * 1000


def test_a_column_no_number_can_be_read_of_is_left_to_the_cut() -> None:
    counted = Counted()
    odd = frame()
    odd["risk_value"] = odd["risk_value"].astype(object)
    odd.loc[3, "risk_value"] = "odd"
    counted.show(odd)
    counted.until(2000)
    assert same(Analysed().signal(counted.strategy, PAIR, whole=True), cut(counted))
    assert counted.cuts == 2


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", COLUMNS)
def test_of_a_column_that_is_there_twice_none_is_believed(name: str, whole: bool) -> None:
    counted = Counted()
    shown = frame()
    counted.show(pd.concat([shown, shown[[name]]], axis=1))
    counted.until(2000)
    with pytest.raises(NoVerdict, match=f"{PAIR} have several columns {name}: .* rename"):
        Analysed().signal(counted.strategy, PAIR, whole=whole)
