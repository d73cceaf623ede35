"""Counts what a profile does to candles and to a strategy's entry signals, pair by pair, month by
month, in the frames freqtrade itself analyses for a backtest.

Usage: shares.py CONFIG DATADIR STRATEGY_PATH STRATEGY...
Writes JSON to stdout: by strategy a list of `[pair, month, candles, candles affected, candles
denied, signals, …, first signals, …]`, in the order of pairs and months.
"""

from __future__ import annotations

import contextlib
import json
import sys

import pandas as pd
from freqtrade.commands.arguments import Arguments
from freqtrade.commands.optimize_commands import setup_optimize_configuration
from freqtrade.enums import RunMode
from freqtrade.optimize.backtesting import Backtesting

from talebridge._generated import Reason


def analysed(config: str, datadir: str, path: str, strategy: str) -> dict[str, pd.DataFrame]:
    """Each pair's frame with indicators and signals, of the candles of the configured timerange."""
    words = ["backtesting", "--config", config, "--datadir", datadir, "--cache", "none"]
    words += ["--strategy", strategy, "--strategy-path", path, "--export", "none"]
    given = Arguments(words).get_parsed_arg()
    backtesting = Backtesting(setup_optimize_configuration(given, RunMode.BACKTEST))
    candles, timerange = backtesting.load_bt_data()
    own = backtesting.strategylist[0]
    backtesting._set_strategy(own)
    frames = own.advise_all_indicators(candles)
    signals = {pair: own.ft_advise_signals(df, {"pair": pair}) for pair, df in frames.items()}
    start, stop = timerange.startdt, timerange.stopdt
    return {
        pair: frame[(frame["date"] >= start) & (frame["date"] < stop)]
        for pair, frame in signals.items()
    }


def counts(pair: str, frame: pd.DataFrame) -> list[list[str | int]]:
    """The pair's lines. Rows before the engine has its history are no verdicts: not counted."""
    frame = frame[frame["risk_reason"] != Reason.WARMING_UP]
    wanted = frame["enter_long"] == 1
    if "enter_short" in frame:
        wanted |= frame["enter_short"] == 1
    # What a strategy without an open position asks about: a signal that lasts was asked before.
    first = wanted & ~wanted.shift(fill_value=False)
    size = frame["risk_size"]
    marks = {
        f"{of} {what}": kind & mark
        for of, kind in (("candles", size >= 0), ("signals", wanted), ("first", first))
        for what, mark in (("all", size >= 0), ("affected", size < 1), ("denied", size == 0))
    }
    months = frame["date"].dt.strftime("%Y-%m")
    sums = pd.DataFrame(marks).groupby(months).sum().astype(int)
    return [
        [pair, month, *line]
        for month, line in zip(sums.index, sums.to_numpy().tolist(), strict=True)
    ]


def main() -> None:
    """Everything freqtrade prints goes to stderr."""
    config, datadir, path, *strategies = sys.argv[1:]
    result = {}
    with contextlib.redirect_stdout(sys.stderr):
        for strategy in strategies:
            frames = analysed(config, datadir, path, strategy)
            result[strategy] = [
                row for pair in sorted(frames) for row in counts(pair, frames[pair])
            ]
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
