"""The account of a backtest, made anew from freqtrade's trade table and candles alone.

``python recompute.py RESULT.zip DATADIR JOURNALS LIMIT`` prints one JSON object: what the account
of the gated strategy was worth at the times its journal names, the drawdown from that, and where it
passed the limit; and what the account was worth when a protection first locked the others.
Nothing of the bridge or the shim is used: the journal gives times, and verdicts to compare with.
"""

from __future__ import annotations

import itertools
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

TIMEFRAME_MS = 300_000
WALLET = 10_000.0
NEWEST, BEFORE = 1, 2
"""Which close is the last analysed: a strategy is asked when the newest candle has been analysed,
freqtrade's loop begins before that, live as in backtests. Samples are taken at either, and a sample
just taken stands for the question that follows."""


class Account:
    """Wallet plus closed profits plus open trades at the last close before a time, fees paid."""

    def __init__(self, trades: list[dict[str, Any]], datadir: Path) -> None:
        self.trades = trades
        self.closes: dict[str, dict[int, float]] = {}
        for pair in {trade["pair"] for trade in trades}:
            candles = pd.read_feather(datadir / f"{pair.replace('/', '_')}-5m.feather")
            opened = (candles["date"].astype("int64") // 1_000_000).tolist()
            if candles["date"].dtype != "datetime64[ns, UTC]":
                opened = [int(date.timestamp() * 1000) for date in candles["date"]]
            self.closes[pair] = dict(zip(opened, candles["close"], strict=True))

    def values(self, t_ms: int, back: int) -> list[float]:
        """What it may have been worth: trades that open or close at this very moment may have
        done so already or not. ``back``: which candle's close was the last analysed."""
        sure = WALLET
        unsure: list[tuple[float, ...]] = []
        for trade in self.trades:
            opened, closed = trade["open_timestamp"], trade["close_timestamp"]
            if closed < t_ms:
                sure += trade["profit_abs"]
            elif closed == t_ms:
                held = self.unrealised(trade, t_ms, back)
                unsure.append((trade["profit_abs"], held, 0.0 if opened == t_ms else held))
            elif opened < t_ms:
                sure += self.unrealised(trade, t_ms, back)
            elif opened == t_ms:
                unsure.append((0.0, self.unrealised(trade, t_ms, back)))
        return [sure + sum(chosen) for chosen in itertools.product(*unsure)]

    def unrealised(self, trade: dict[str, Any], t_ms: int, back: int) -> float:
        opened_ms = (t_ms // TIMEFRAME_MS - back) * TIMEFRAME_MS
        close = self.closes[trade["pair"]][opened_ms]
        paid = trade["amount"] * trade["open_rate"] * (1 + trade["fee_open"])
        return float(trade["amount"] * close * (1 - trade["fee_close"]) - paid)

    def nearest(self, t_ms: int, told: float) -> float:
        values = self.values(t_ms, BEFORE) + self.values(t_ms, NEWEST)
        return min(values, key=lambda value: abs(value - told))


def mark(samples: list[tuple[int, float]]) -> float:
    """The highest value that two samples in a row reach."""
    pairs = itertools.pairwise(value for _, value in samples)
    return max((min(pair) for pair in pairs), default=float("nan"))


def judge(account: Account, lines: list[dict[str, Any]], limit: float) -> dict[str, Any]:
    """Every question of the journal against the account made anew."""
    samples: list[tuple[int, float]] = []
    now = float("nan")
    error = 0.0
    seen: list[dict[str, Any]] = []
    for line in lines:
        if line["type"] == "portfolio":
            for t_ms, told in line["samples"]:
                value = account.nearest(t_ms, told)
                error = max(error, abs(value / told - 1))
                samples.append((t_ms, value))
            now = account.nearest(line["at_ms"], line["equity"])
            error = max(error, abs(now / line["equity"] - 1))
        elif line["type"] == "gate" and not line["reask"]:
            high = mark(samples)
            drawdown = 0.0 if high != high else 1 - now / high
            seen.append(
                {
                    "at_ms": line["now_ms"],
                    "drawdown": drawdown,
                    "passed": drawdown > limit,
                    "denied": line["reason"] == "drawdown",
                    "told": line["value"],
                }
            )
    return {
        "samples": len(samples),
        "error": error,
        "questions": seen,
        "times": [t for t, _ in samples],
    }


def at_lock(account: Account, lock: dict[str, Any]) -> dict[str, Any]:
    """The account at the hours up to a protection's first lock: its drawdown then and at worst."""
    t_ms = lock["lock_timestamp"]
    first = min(trade["open_timestamp"] for trade in account.trades)
    hour = 3_600_000
    samples = [(t, account.values(t, NEWEST)[0]) for t in range(first // hour * hour, t_ms, hour)]
    high = max(mark(samples), WALLET)
    worst = max(
        1 - value / max(value for _, value in samples[: i + 1])
        for i, (_, value) in enumerate(samples)
    )
    return {
        "at_ms": t_ms,
        "reason": lock["reason"],
        "drawdown": 1 - account.values(t_ms, NEWEST)[0] / high,
        "worst": worst,
    }


def main() -> None:
    result, datadir, journals, limit = sys.argv[1:]
    with zipfile.ZipFile(result) as packed:
        name = next(name for name in packed.namelist() if name == Path(result).stem + ".json")
        strategies = json.loads(packed.read(name))["strategy"]
    lines = [
        json.loads(text)
        for path in sorted(Path(journals).glob("journal-*.jsonl"))
        for text in path.read_text().splitlines()
    ]
    gated = Account(strategies["BreakerGated"]["trades"], Path(datadir))
    report: dict[str, Any] = {"gated": judge(gated, lines, float(limit))}
    for mode in ("Ratios", "Equity"):
        of = strategies[f"Breaker{mode}"]
        locks = sorted(of["locks"], key=lambda lock: lock["lock_timestamp"])
        account = Account(of["trades"], Path(datadir))
        report[mode.lower()] = at_lock(account, locks[0]) if locks else None
    print(json.dumps(report))


if __name__ == "__main__":
    main()
