"""The market pair: joined by time, loaded where freqtrade would not, and said once when missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import (
    NAMES,
    START,
    M,
    Peer,
    Refusal,
    Strategy,
    analysed,
    ask_stake,
    candles,
    config,
    good,
    hello_body,
)

from talebridge import risk_gated
from talebridge._generated import Op, Reason, Status

MARKET = "BTC/USDT"
PAIR = "ETH/USDT"
ROWS = 40


class Blocks:
    """A bridge that keeps every block, as an array of its columns."""

    def __init__(self) -> None:
        self.blocks: list[Any] = []
        self.annotate: Any = None

    def __call__(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            return [hello_body(minor=1)]
        if op is Op.ANNOTATE:
            self.blocks.append(np.frombuffer(frames[1]).reshape(message[4], message[3]))
            if self.annotate is not None:
                return self.annotate
        return good(op, message, frames)

    @property
    def closes(self) -> Any:
        """The last block's market closes."""
        return self.blocks[-1][6]


@pytest.fixture
def bridge(peer: Callable[..., Peer]) -> Blocks:
    blocks = Blocks()
    peer(blocks)
    return blocks


@pytest.fixture
def make(strategy: type[Strategy], sockets: Path) -> Callable[..., Any]:
    def build(
        market: pd.DataFrame | None = None, runmode: str = "backtest", **settings: Any
    ) -> Any:
        given = config(sockets, runmode, **{"market_pair": MARKET, **settings})
        mine = risk_gated(strategy)(given)
        mine.startup_candle_count = M
        if market is not None:
            mine.dp.candles[MARKET, "5m"] = market
        return mine

    return build


def annotated(mine: Any, frame: pd.DataFrame | None = None, pair: str = PAIR) -> pd.DataFrame:
    return mine.populate_indicators(candles(ROWS) if frame is None else frame, {"pair": pair})


def test_closes_are_those_of_the_same_open_time(bridge: Blocks, make: Callable[..., Any]) -> None:
    market = candles(ROWS, seed=3)
    annotated(make(market))
    np.testing.assert_array_equal(bridge.closes, market["close"])
    assert bridge.blocks[-1].shape == (7, ROWS)


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_frames_that_begin_and_end_apart_are_joined_by_time(
    unit: str, bridge: Blocks, make: Callable[..., Any]
) -> None:
    market = candles(ROWS + 50, seed=3, start=START - timedelta(minutes=100), unit=unit)
    holes = market.drop(index=[25, 26, 40]).sample(frac=1, random_state=1)
    annotated(make(holes))
    expected = market["close"].iloc[20 : 20 + ROWS].to_numpy().copy()
    expected[[5, 6, 20]] = np.nan
    np.testing.assert_array_equal(bridge.closes, expected)


def test_no_candle_tells_of_one_that_is_still_to_come(
    bridge: Blocks, make: Callable[..., Any]
) -> None:
    """The rows of a shorter history are those of the longer one, whatever the market has on top."""
    market = candles(ROWS, seed=3)
    frame = candles(ROWS)
    annotated(make(market), frame.copy())
    whole = bridge.closes.copy()
    for cut in (1, 17, ROWS - 1):
        annotated(make(market), frame.iloc[:cut].copy())
        np.testing.assert_array_equal(bridge.closes, whole[:cut])
        annotated(make(market.iloc[:cut]), frame.copy())
        np.testing.assert_array_equal(bridge.closes[:cut], whole[:cut])
        assert np.isnan(bridge.closes[cut:]).all()


def test_the_market_itself_needs_no_second_look(bridge: Blocks, make: Callable[..., Any]) -> None:
    mine = make()
    mine.dp = None
    frame = annotated(mine, pair=MARKET)
    np.testing.assert_array_equal(bridge.closes, frame["close"])


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (None, "there are no candles of the market pair BTC/USDT"),
        (candles(5, start=START - timedelta(days=9)), "there are no candles"),
        (candles(ROWS - 3), "lacks 3 of the 40 candles"),
    ],
)
@pytest.mark.parametrize("runmode", ["backtest", "live"])
def test_missing_candles_are_nan_and_said_once(
    runmode: str,
    market: pd.DataFrame | None,
    said: str,
    bridge: Blocks,
    make: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine = make(market, runmode)
    for pair in (PAIR, "SOL/USDT", PAIR):
        annotated(mine, pair=pair)
    assert np.isnan(bridge.closes[-3:]).all()
    assert caplog.text.count("market pair") == 1
    assert said in caplog.text


def test_without_a_data_provider_there_is_no_market(
    bridge: Blocks, make: Callable[..., Any]
) -> None:
    mine = make(runmode="plot")
    del mine.dp
    annotated(mine)
    assert np.isnan(bridge.closes).all()


def test_without_a_market_pair_nothing_is_sent_nor_loaded(
    bridge: Blocks, make: Callable[..., Any]
) -> None:
    mine = make(candles(ROWS), market_pair=None)
    annotated(mine)
    assert bridge.blocks[-1].shape == (6, ROWS)
    assert mine.informative_pairs() == []


@pytest.mark.parametrize("runmode", ["backtest", "live"])
def test_market_candles_that_cannot_be_read_stop_or_deny(
    runmode: str, bridge: Blocks, make: Callable[..., Any]
) -> None:
    mine = make(candles(ROWS).assign(close="x"), runmode)
    if runmode == "backtest":
        with pytest.raises(Exception, match=r"market pair BTC/USDT: column close"):
            annotated(mine)
    else:
        frame = annotated(mine)
        assert (frame["risk_reason"] == Reason.BAD_INPUT).all()
    assert bridge.blocks == []


def test_candles_judged_late_are_judged_with_their_market(
    bridge: Blocks, make: Callable[..., Any]
) -> None:
    market = candles(M + 60, seed=3)
    mine = make(market, "live", breaker_s=0)
    bridge.annotate = Refusal(Status.INTERNAL)
    frame = analysed(mine, PAIR)
    bridge.annotate = None
    assert ask_stake(mine, frame, pair=PAIR) == 100.0
    np.testing.assert_array_equal(bridge.closes, market["close"])
    assert list(frame.columns[-len(NAMES) :]) == NAMES


# ------------------------------------------------------------------------------ informative pairs


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([], [(MARKET, "5m")]),
        ([("X/USDT", "1h")], [("X/USDT", "1h"), (MARKET, "5m")]),
        ([["X/USDT", "1h"]], [["X/USDT", "1h"], (MARKET, "5m")]),
        ([(MARKET, "1h")], [(MARKET, "1h"), (MARKET, "5m")]),
        ([(MARKET, "5m"), ("X/USDT", "1h")], [(MARKET, "5m"), ("X/USDT", "1h")]),
        ((("X/USDT", "1h", "spot"),), [("X/USDT", "1h", "spot"), (MARKET, "5m")]),
    ],
)
def test_the_market_joins_the_users_informative_pairs(
    own: Any,
    expected: list[Any],
    bridge: Blocks,
    strategy: type[Strategy],
    make: Callable[..., Any],
) -> None:
    strategy.informative_pairs = lambda self: own  # type: ignore[method-assign]
    assert make(runmode="live").informative_pairs() == expected


def test_the_users_own_failure_stays_his(
    bridge: Blocks, strategy: type[Strategy], make: Callable[..., Any]
) -> None:
    strategy.informative_pairs = lambda self: 1 / 0  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        make(runmode="live").informative_pairs()


@pytest.mark.parametrize(
    ("mode", "given", "fix"),
    [
        ("futures", "BTC/USDT", "BTC/USDT:USDT"),
        ("spot", "BTC/USDT:USDT", "BTC/USDT"),
        ("spot", "BTCUSDT", "BTC/USDT"),
    ],
)
@pytest.mark.parametrize("runmode", ["backtest", "live", "plot"])
def test_a_pair_of_the_wrong_form_is_named_at_the_start_with_the_right_one(
    runmode: str,
    mode: str,
    given: str,
    fix: str,
    bridge: Blocks,
    strategy: type[Strategy],
    sockets: Path,
) -> None:
    wrong = config(sockets, runmode, market_pair=given) | {"trading_mode": mode}
    with pytest.raises(Exception, match=r"risk_bridge\.market_pair: ") as caught:
        risk_gated(strategy)(wrong)
    assert fix in str(caught.value)
