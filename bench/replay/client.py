"""Replays a made-up backtest of 5,000 trades on a year of 5-minute candles of 20 pairs; measures.

Synthetic, seeded: walks whose scale comes and goes, so that the gate has jumps to cut. Prints one
JSON object; ``scripts/bench-replay.mjs`` runs it.
"""

import argparse
import json
import resource
import subprocess
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

PAIRS = 20
TRADES = 5_000
STEP_MS = 300_000
START_MS = 1_735_689_600_000
ROWS = 365 * 288
HISTORY = 1_000
STAKE = 200.0


def candles(pair: int) -> pd.DataFrame:
    draw = np.random.default_rng(pair)
    rows = ROWS + HISTORY
    scale = 0.001 * np.exp(0.5 * np.repeat(draw.normal(size=rows // 288 + 1), 288)[:rows])
    close = 100 * np.exp(np.cumsum(scale * draw.standard_t(4, rows)))
    opened = np.r_[100.0, close[:-1]]
    spread = np.abs(draw.normal(size=(2, rows))) * scale * close
    t_ms = START_MS + STEP_MS * (np.arange(rows) - HISTORY)
    return pd.DataFrame(
        {
            "date": pd.to_datetime(t_ms, unit="ms", utc=True),
            "open": opened,
            "high": np.maximum(opened, close) + spread[0],
            "low": np.minimum(opened, close) - spread[1],
            "close": close,
            "volume": draw.gamma(2, 50, rows),
        }
    )


def trades_of(pair: int, frame: pd.DataFrame) -> list[dict]:
    """Trades one after another, each entered at a candle's open and left at a later one's."""
    draw = np.random.default_rng(1_000 + pair)
    count = TRADES // PAIRS
    entries = HISTORY + np.sort(draw.choice(ROWS - 600, count, replace=False)) + 1
    found = []
    opens, lows, highs = (frame[name].to_numpy() for name in ("open", "low", "high"))
    for row in entries:
        last = row + int(draw.integers(1, 500))
        amount = STAKE / opens[row]
        profit = amount * (opens[last] * 0.999 - opens[row] * 1.001)
        found.append(
            {
                "pair": f"P{pair:02}/USDT",
                "stake_amount": STAKE,
                "amount": amount,
                "open_rate": opens[row],
                "close_rate": opens[last],
                "profit_abs": profit,
                "profit_ratio": profit / STAKE,
                "open_timestamp": START_MS + STEP_MS * int(row - HISTORY),
                "close_timestamp": START_MS + STEP_MS * int(last - HISTORY),
                "fee_open": 0.001,
                "fee_close": 0.001,
                "min_rate": lows[row:last].min(),
                "max_rate": highs[row:last].max(),
                "enter_tag": f"tag{int(draw.integers(5))}",
                "exit_reason": "roi" if profit > 0 else "stop_loss",
            }
        )
    return found


def write(folder: Path) -> Path:
    trades = []
    for pair in range(PAIRS):
        frame = candles(pair)
        frame.to_feather(folder / f"P{pair:02}_USDT-5m.feather", compression="lz4")
        trades += trades_of(pair, frame)
    trades.sort(key=lambda trade: trade["open_timestamp"])
    strategy = {
        "trades": trades,
        "timeframe": "5m",
        "stake_currency": "USDT",
        "stake_amount": "unlimited",
        "starting_balance": 50_000,
        "backtest_start_ts": START_MS,
        "backtest_end_ts": START_MS + STEP_MS * (ROWS - 1),
        "max_open_trades": -1,
        "trading_mode": "spot",
        "pairlist": [f"P{pair:02}/USDT" for pair in range(PAIRS)],
    }
    result = folder / "backtest-result-2025-12-31_00-00-00.zip"
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        name = "backtest-result-2025-12-31_00-00-00"
        archive.writestr(f"{name}.json", json.dumps({"strategy": {"Synthetic": strategy}}))
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--main", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    result = write(given.folder)
    command = [given.node, given.main, "replay", str(result), "--datadir", str(given.folder)]
    command += ["--json", str(given.folder / "out.json"), "--html", str(given.folder / "out.html")]
    seconds = []
    for _ in range(given.rounds):
        begun = time.perf_counter()
        subprocess.run([*command, "--quiet"], check=True)
        seconds.append(time.perf_counter() - begun)
    replayed = json.loads((given.folder / "out.json").read_text())
    measured = {
        "seconds": round(min(seconds), 2),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
        "trades": replayed["source"]["trades"],
        "candles": sum(pair["rows"] for pair in replayed["source"]["candles"]),
        "rounds": [round(value, 2) for value in seconds],
        "html_bytes": (given.folder / "out.html").stat().st_size,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
