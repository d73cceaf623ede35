"""The engine's columns and speed, through its Node addon on one thread."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from candles import Array, Candles

RUNNER = Path(__file__).with_name("engine.mjs")


def engine(candles: Candles, rounds: int) -> tuple[dict[str, Array], list[float]]:
    """The columns without their prefix, and the nanoseconds per candle of every round."""
    rows = candles.close.size
    with tempfile.TemporaryDirectory(prefix="talebridge-peers-") as name:
        block, out = Path(name) / "block", Path(name) / "out"
        candles.block().tofile(block)
        command = ["node", str(RUNNER), str(block), str(rows), str(out), str(rounds)]
        env = {**os.environ, "RAYON_NUM_THREADS": "1"}
        run = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
        report = json.loads(run.stdout)
        columns = np.fromfile(out).reshape(-1, rows)
    names = [name.removeprefix("risk_") for name in report["columns"]]
    return dict(zip(names, columns, strict=True)), report["ns_per_candle"]
