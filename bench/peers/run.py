"""`npm run bench:peers`: the engine beside what a user would write instead, on the same candles
in one run.

The engine runs on one thread through its addon, block copied in and out included. Rounds take
turns; the fastest of each counts, as other work on the machine only ever adds time. The last
line of stdout is one JSON object; times are per candle.
"""

from __future__ import annotations

import json
import sys
import time

from arch_tail import garch_tail, genpareto_tail
from candles import market
from engine import engine
from rows import Clock, numba_row, pandas_row

SEED = 7
ROWS, PANDAS_ROWS, ARCH_ROWS = 60_000, 6_000, 20
ROUNDS = 5
NS = 1e9
US = 1e6


def fastest(rounds: list[dict[str, float]], rows: int) -> dict[str, float]:
    """Nanoseconds per candle of every measure."""
    return {name: min(r[name] for r in rounds) / rows * NS for name in rounds[0]}


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Runs all rounds and prints the result."""
    candles, few = market(SEED, ROWS), market(SEED, PANDAS_ROWS)
    say("compiling")
    numba_row(few, Clock())
    own: list[float] = []
    compiled: list[dict[str, float]] = []
    vectorised: list[dict[str, float]] = []
    for number in range(1, ROUNDS + 1):
        say(f"round {number} of {ROUNDS}")
        own += engine(candles, 3)[1]
        clock = Clock()
        numba_row(candles, clock)
        compiled.append(clock.seconds)
        clock = Clock()
        pandas_row(few, clock)
        vectorised.append(clock.seconds)

    returns = pandas_row(few, Clock())["jump"] * 0.001
    tails = {
        "garch_genpareto": lambda t: garch_tail(returns[t - 900 : t]),
        "genpareto": lambda t: genpareto_tail(returns[t - 900 : t], 0.001),
    }
    refit: dict[str, float] = {}
    for name, work in tails.items():
        times = []
        for t in range(2000, 2000 + ARCH_ROWS):
            start = time.perf_counter()
            work(t)
            times.append(time.perf_counter() - start)
        refit[name] = min(times) * US

    ns = min(own)
    numba, pandas = fastest(compiled, ROWS), fastest(vectorised, PANDAS_ROWS)
    result = {
        "bench": "peers",
        "whole_row": {
            "ratio_scipy": round(sum(pandas.values()) / ns, 1),
            "ratio_numba": round(sum(numba.values()) / ns, 2),
            "ratio_arch_genpareto_tail": round(refit["garch_genpareto"] * 1000.0 / ns),
        },
        "engine_ns": round(ns),
        "numba_ns": {name: round(value) for name, value in numba.items()},
        "scipy_ns": {name: round(value) for name, value in pandas.items()},
        "refit_every_candle_us": {name: round(value) for name, value in refit.items()},
        "rows": ROWS,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
