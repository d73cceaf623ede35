"""Asks a running daemon for verdicts over many cuts of the same real candles and compares bits.

A backtest sends the whole history, a live bot a window that slides by one candle,
lookahead-analysis histories cut at the end, recursive-analysis histories cut at the start: for every candle all of
them have to get the same bytes back. Prints one JSON object: how many rows were compared, and the
first differences.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zmq
from numpy.typing import NDArray

from talebridge import wire
from talebridge._generated import Reason

ENGINE = {"profile": "conservative", "window_set": "standard", "timeframe_s": 300}
DEADLINE_MS = 30_000
SEED = 20_251_010
CUTS = 24
SLIDES = 200


class Batch:
    """The daemon's batch socket."""

    def __init__(self, directory: str) -> None:
        self.id = 0
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDTIMEO, DEADLINE_MS)
        self.socket.setsockopt(zmq.RCVTIMEO, DEADLINE_MS)
        self.socket.connect(f"ipc://{directory}/batch.sock")

    def hello(self) -> wire.HelloReply:
        """What the daemon computes, and how much history it needs."""
        settings = {"window_set": ENGINE["window_set"], "timeframe_s": ENGINE["timeframe_s"]}
        return wire.decode_hello(
            self._exchange(
                [wire.encode_hello(self.id, wire.Hello("bits/1", "util", "bits", settings))]
            )[0]
        )

    def annotate(self, candles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Verdict columns, shape (columns, rows), of candles of shape (6, rows)."""
        header = wire.encode_annotate(self.id, candles.shape[1], ENGINE)
        payload, block = self._exchange([header, np.ascontiguousarray(candles).tobytes()])
        rows, columns, _ = wire.decode_annotate(payload)
        return np.frombuffer(block, dtype="<f8").reshape(columns, rows)

    def _exchange(self, frames: list[bytes]) -> tuple[list[Any], bytes]:
        self.socket.send_multipart(frames)
        reply = self.socket.recv_multipart()
        payload = wire.decode_reply(reply[0], self.id)
        self.id += 1
        return payload, reply[1] if len(reply) > 1 else b""


def read_candles(file: Path, rows: int, around: str) -> NDArray[np.float64]:
    """Candles around a date, shape (6, rows), as the wire wants them."""
    frame = pd.read_feather(file)
    dates = frame["date"].dt.as_unit("ms").astype("int64").to_numpy()
    middle = int(np.searchsorted(dates, pd.Timestamp(around, tz="UTC").value // 1_000_000))
    start = max(0, min(middle - rows // 2, len(frame) - rows))
    cut = frame.iloc[start : start + rows]
    columns = [
        cut[name].to_numpy(dtype="<f8") for name in ("open", "high", "low", "close", "volume")
    ]
    return np.stack([dates[start : start + rows].astype("<f8"), *columns])


def main() -> None:
    """Compares and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--candles", required=True, type=Path)
    parser.add_argument("--around", required=True, help="date in the middle of the candles used")
    parser.add_argument("--rows", type=int, default=12_000)
    args = parser.parse_args()

    batch = Batch(args.dir)
    about = batch.hello()
    memory = about.memory_rows
    reason = about.columns.index("risk_reason")
    candles = read_candles(args.candles, args.rows, args.around)
    rows = candles.shape[1]
    whole = batch.annotate(candles)

    compared = 0
    differences: list[dict[str, Any]] = []

    def compare(what: str, start: int, end: int, first: int) -> None:
        nonlocal compared
        part = batch.annotate(candles[:, start:end])
        ours, theirs = part[:, first:], whole[:, start + first : end]
        compared += ours.shape[1]
        if ours.tobytes() == theirs.tobytes():
            return
        column, row = np.argwhere(ours.view("<u8") != theirs.view("<u8"))[0]
        differences.append(
            {
                "what": what,
                "start": start,
                "end": end,
                "row": int(row),
                "column": about.columns[column],
            }
        )

    random = np.random.default_rng(SEED)
    for end in random.integers(memory + 1, rows, CUTS).tolist():
        compare("prefix", 0, end, 0)
    for start in random.integers(1, rows - memory - 1, CUTS).tolist():
        compare("start", start, rows, memory)
    for start in random.integers(1, rows - 3 * memory, CUTS).tolist():
        compare("start and end", start, start + 2 * memory + int(random.integers(memory)), memory)
    middle = rows // 2
    for end in range(middle - SLIDES // 2, middle + SLIDES // 2):
        compare("live window", end - memory - 1, end, memory)

    warming = whole[reason] == int(Reason.WARMING_UP)
    print(
        json.dumps(
            {
                "memory_rows": memory,
                "rows": rows,
                "compared": compared,
                "differences": differences[:5],
                "warming_rows": int(warming.sum()),
                "cut": int((whole[about.columns.index("risk_size")][~warming] < 1).sum()),
            }
        )
    )


if __name__ == "__main__":
    main()
