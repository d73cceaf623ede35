"""Candle frames through the daemon and through the C echo of as many bytes, in turns.

The time the engine computed, which the daemon states in its reply, is taken off: what remains is
the way there and back, the copies and the queue. The echo answers with a fresh block of the size
the daemon's has. A second part asks the gate, hot, while another process streams frames.

Prints one JSON object; ``scripts/bench-batch.mjs`` runs it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import zmq
from numpy.typing import NDArray

from talebridge import wire

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gate.client import Target

ROUNDS = 7
# Frames per round, by rows.
FRAMES = {100_000: 5, 1_000_000: 1}
WARM_UP_FRAMES = 2
STREAM_ROWS = 100_000
GATES_DURING = 20_000
TIMEFRAME_MS = 300_000
ENGINE = {"profile": "aggressive", "window_set": "standard", "timeframe_s": TIMEFRAME_MS // 1000}
COLUMNS_IN = 6
# From here on an id takes five bytes in msgpack, where the echo finds it.
FIRST_ID = 1 << 20
DEADLINE_MS = 120_000


def candles(rows: int, seed: int = 7) -> NDArray[np.float64]:
    """Column-major block of a seeded walk: open time, open, high, low, close, volume."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.001, rows)))
    opened = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opened, close) * 1.0005
    low = np.minimum(opened, close) * 0.9995
    times = np.arange(rows) * float(TIMEFRAME_MS)
    return np.stack([times, opened, high, low, close, random.uniform(1, 9, rows)])


class Frames:
    """One endpoint for frames: a DEALER as the shim's, frames sent and taken without copies."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], directory: Path) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.SNDTIMEO, DEADLINE_MS)
        self.socket.setsockopt(zmq.RCVTIMEO, DEADLINE_MS)
        self.socket.connect(f"ipc://{directory}/batch.sock")
        self.next_id = FIRST_ID

    def exchange(self, block: NDArray[np.float64]) -> tuple[float, bytes, list[Any]]:
        """Microseconds there and back, the request's header and the reply's payload."""
        self.next_id += 1
        header = wire.encode_annotate(self.next_id, block.shape[1], ENGINE)
        start = time.perf_counter_ns()
        self.socket.send(header, zmq.SNDMORE)
        self.socket.send(block, copy=False)
        reply, answer = self.socket.recv_multipart(copy=False)
        elapsed = (time.perf_counter_ns() - start) / 1000
        payload = wire.decode_reply(reply.bytes, self.next_id)
        if len(answer.buffer) != block.shape[1] * payload[1] * 8:
            raise RuntimeError("the reply has another size than its header says")
        return elapsed, header, payload

    def transport(self, block: NDArray[np.float64], frames: int) -> list[float]:
        """Microseconds of each frame without the engine's own."""
        times = []
        for _ in range(frames):
            elapsed, _, payload = self.exchange(block)
            times.append(elapsed - payload[3])
        return times


def start_echo(
    args: argparse.Namespace, header: bytes, request_id: int, payload: list[Any]
) -> subprocess.Popen[str]:
    """The C echo with the daemon's header, in which the engine takes no time."""
    packed = msgpack.packb([1, request_id, 0, *payload[:3], 0])
    packed_id = b"\xce" + request_id.to_bytes(4, "big")
    endpoint = f"ipc://{args.scratch}/batch.sock"
    offsets = [str(frame.index(packed_id)) for frame in (header, packed)]
    columns = [str(COLUMNS_IN), str(payload[1])]
    echo = subprocess.Popen(
        [args.echo, args.libzmq, endpoint, packed.hex(), *offsets, *columns],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if echo.stdout is None or echo.stdout.readline() != "ready\n":
        raise RuntimeError("the echo did not start")
    return echo


def compare(daemon: Frames, echo: Frames, rows: int) -> dict[str, float]:
    """Median transport of both in ms, from rounds in turns."""
    block = candles(rows)
    times: dict[str, list[float]] = {"daemon": [], "echo": []}
    for target in (daemon, echo):
        target.transport(block, WARM_UP_FRAMES)
    for turn in range(ROUNDS):
        order = (("daemon", daemon), ("echo", echo))
        for name, target in order if turn % 2 == 0 else reversed(order):
            times[name] += target.transport(block, FRAMES[rows])
    medians = {name: float(np.median(values)) / 1000 for name, values in times.items()}
    return {
        "ratio": round(medians["daemon"] / medians["echo"], 3),
        "daemon_ms": round(medians["daemon"], 2),
        "echo_ms": round(medians["echo"], 2),
    }


def stream(directory: Path, rows: int, stop: Event, sent: Synchronized[int]) -> None:
    """Sends one frame after the other until told to stop."""
    block = candles(rows)
    with zmq.Context() as context:
        frames = Frames(context, directory)
        while not stop.is_set():
            frames.exchange(block)
            with sent.get_lock():
                sent.value += 1
        context.destroy(linger=0)


def gates_during(context: zmq.Context[zmq.Socket[bytes]], directory: Path) -> dict[str, float]:
    """Percentiles of the gate in ms while frames stream in."""
    gate = Target(context, directory)
    gate.open_session()
    gate.measure(2000, 0)
    stop, sent = multiprocessing.Event(), multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=stream, args=(directory, STREAM_ROWS, stop, sent))
    process.start()
    while sent.value == 0 and process.is_alive():
        time.sleep(0.01)
    before = sent.value
    times = gate.measure(GATES_DURING, 0) / 1000
    frames = sent.value - before
    stop.set()
    process.join()
    p50, p99, p999 = np.percentile(times, [50, 99, 99.9])
    return {
        "gate_p50_ms_during": round(p50, 3),
        "gate_p99_ms_during": round(p99, 3),
        "gate_p999_ms_during": round(p999, 3),
        "frames_during": frames,
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True, type=Path, help="the daemon's socket directory")
    parser.add_argument("--echo", required=True, help="the compiled bench/echo/echo.c")
    parser.add_argument("--libzmq", required=True, help="the libzmq the echo loads")
    parser.add_argument("--scratch", required=True, type=Path, help="for the echo's socket")
    args = parser.parse_args()

    with zmq.Context() as context:
        daemon = Frames(context, args.dir)
        _, header, payload = daemon.exchange(candles(1000))
        echo_process = start_echo(args, header, daemon.next_id, payload)
        try:
            echo = Frames(context, args.scratch)
            rows = {rows: compare(daemon, echo, rows) for rows in FRAMES}
            during = gates_during(context, args.dir)
        finally:
            echo_process.kill()
            echo_process.wait()
            context.destroy(linger=0)
    result = {"rows_100k": rows[100_000], "rows_1m": rows[1_000_000], **during}
    print(json.dumps({**result, "columns": payload[1], "rounds": ROUNDS}))


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
