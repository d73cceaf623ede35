"""The whole row by either peer: the engine's columns, and the time every measure took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numba_rows.adverse
import numba_rows.flow
import numba_rows.jump
import numba_rows.market
import numba_rows.regime
import numba_rows.tail
import numba_rows.volatility
import numba_rows.windows
import pandas_rows.adverse
import pandas_rows.flow
import pandas_rows.market
import pandas_rows.regime
import pandas_rows.spread
import pandas_rows.tail
import pandas_rows.volatility
from adverse_table import read_shape
from candles import Array, Candles

LOSS_THRESHOLD = 0.03
RANK_ROWS = 500
KYLE_ROWS = 250
SPREAD_ROWS = 250
MARKET_ROWS = 500

Row = dict[str, Array]
SHAPE = read_shape()
SIDES = (("long", True), ("short", False))


class Clock:
    """Runs functions and adds up the seconds each measure takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def run(self, measure: str, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`work`'s result; its time counts for `measure`."""
        start = time.perf_counter()
        result = work(*args, **kwargs)
        elapsed = time.perf_counter() - start
        self.seconds[measure] = self.seconds.get(measure, 0.0) + elapsed
        return result


def numba_row(c: Candles, clock: Clock) -> Row:
    """Every column that numba peers compute. The first call compiles."""
    v, tail, flow, market = (
        numba_rows.volatility,
        numba_rows.tail,
        numba_rows.flow,
        numba_rows.market,
    )
    row: Row = {}
    r = clock.run("volatility", v.log_returns, c.close)
    m = clock.run("convexity", v.log_returns, c.market_close)
    row["sigma"] = clock.run("volatility", v.range_volatility, c.high, c.low)
    row["sigma_ewma"] = clock.run("volatility", v.ewma, r)
    ohlc = (c.open, c.high, c.low, c.close)
    variance = clock.run("volatility", v.rogers_satchell_variance, *ohlc)
    row["sigma_rs"] = clock.run("volatility", v.rogers_satchell, variance)
    windows = clock.run("volatility", v.range_windows, *ohlc, variance)
    row["sigma_gk"], row["sigma_yz"] = windows
    row["jump"] = clock.run("jump", numba_rows.jump.jump, r)
    rank = numba_rows.windows.mid_rank
    row["sigma_rank"] = clock.run("regime", rank, row["sigma_rs"], RANK_ROWS)
    row["change"] = clock.run("regime", numba_rows.regime.change, c.high, c.low)
    for side, long in SIDES:
        columns = clock.run("tail", tail.tail, r, row["sigma"], LOSS_THRESHOLD, long)
        row |= {f"{name}_{side}": column for name, column in zip(tail.NAMES, columns, strict=True)}
    row["max_to_sum"] = clock.run("tail", tail.max_to_sum, r, row["sigma"])
    value = c.volume * c.close
    row["volume_z"] = clock.run("flow", flow.surprise, value, RANK_ROWS)
    flows = clock.run("flow", flow.flow, value, r, row["sigma"])
    row["flow"], row["flow_window"], row["vpin"], signed = flows
    row["amihud_rank"] = clock.run("liquidity", flow.amihud_rank, value, r, RANK_ROWS)
    row["kyle"], row["kyle_t"] = clock.run("liquidity", flow.kyle, r, signed, KYLE_ROWS)
    row["spread"] = clock.run("liquidity", market.spread, *ohlc, SPREAD_ROWS)
    scale = numba_rows.adverse.adverse_scale
    weights = (SHAPE.typical, SHAPE.fast, SHAPE.medium)
    adverse = clock.run("adverse", scale, c.high, c.low, row["sigma"], *weights)
    row |= {"adverse_q_long": SHAPE.long * adverse, "adverse_q_short": SHAPE.short * adverse}
    columns = clock.run("convexity", market.convexity, r, m, MARKET_ROWS)
    return row | dict(zip(market.NAMES, columns, strict=True))


def pandas_row(c: Candles, clock: Clock) -> Row:
    """Every column that pandas peers compute."""
    v, tail, flow = pandas_rows.volatility, pandas_rows.tail, pandas_rows.flow
    row: Row = {}
    r = clock.run("volatility", v.log_returns, c.close)
    m = clock.run("convexity", v.log_returns, c.market_close)
    row["sigma"] = clock.run("volatility", v.range_volatility, c.high, c.low)
    row["sigma_ewma"] = clock.run("volatility", v.ewma, r)
    ohlc = (c.open, c.high, c.low, c.close)
    variance = clock.run("volatility", v.rogers_satchell_variance, *ohlc)
    row["sigma_rs"] = clock.run("volatility", v.rogers_satchell, variance)
    windows = clock.run("volatility", v.range_windows, *ohlc, variance)
    row["sigma_gk"], row["sigma_yz"] = windows
    row["jump"] = clock.run("jump", v.jump, r)
    rank = pandas_rows.regime.mid_rank
    row["sigma_rank"] = clock.run("regime", rank, row["sigma_rs"], RANK_ROWS)
    row["change"] = clock.run("regime", pandas_rows.regime.change, c.high, c.low)
    for side, long in SIDES:
        columns = clock.run("tail", tail.tail, r, row["sigma"], LOSS_THRESHOLD, long=long)
        row |= {f"{name}_{side}": column for name, column in zip(tail.NAMES, columns, strict=True)}
    row["max_to_sum"] = clock.run("tail", tail.max_to_sum, r, row["sigma"])
    value = c.volume * c.close
    row["volume_z"] = clock.run("flow", flow.surprise, value, RANK_ROWS)
    flows = clock.run("flow", flow.flow, value, r, row["sigma"])
    row["flow"], row["flow_window"], row["vpin"], signed = flows
    row["amihud_rank"] = clock.run("liquidity", flow.amihud_rank, value, r, RANK_ROWS)
    row["kyle"], row["kyle_t"] = clock.run("liquidity", flow.kyle, r, signed, KYLE_ROWS)
    row["spread"] = clock.run("liquidity", pandas_rows.spread.spread, *ohlc, SPREAD_ROWS)
    scale = pandas_rows.adverse.adverse_scale
    weights = (SHAPE.typical, SHAPE.fast, SHAPE.medium)
    adverse = clock.run("adverse", scale, c.high, c.low, row["sigma"], *weights)
    row |= {"adverse_q_long": SHAPE.long * adverse, "adverse_q_short": SHAPE.short * adverse}
    convexity = pandas_rows.market.convexity
    columns = clock.run("convexity", convexity, r, m, MARKET_ROWS)
    return row | columns
