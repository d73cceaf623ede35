"""The daemon under load: many clients at the gate, the candle frames of many pairs, its memory.

Prints one JSON object; ``scripts/bench-load.mjs`` runs it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

import msgpack
import numpy as np
import zmq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from batch.client import ENGINE, Frames, candles
from gate.client import Target

from talebridge import wire
from talebridge._generated import PROTOCOL_VERSION, Op

CLIENTS = 8
SECONDS = 5.0
PREPARED = 40_000
PAIRS = 300
PAIR_ROUNDS = 7
SOAK_GATES = 2_000_000
SOAK_FRAMES = 20_000
SAMPLE_S = 0.5
# Share of a soak that is warm-up: the heap and the allocator find their sizes.
WARM_UP = 0.2
# What follows in so many parts of as many samples: one number each, through which a line is laid.
POINTS = 8

Count: TypeAlias = "Synchronized[int]"


def rss_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS in /proc")


def heap_mb(status: Target) -> float:
    """What the daemon's JavaScript holds in MB, by its own word."""
    status.next_id += 1
    reply = status.exchange(msgpack.packb([PROTOCOL_VERSION, int(Op.STATUS), status.next_id]))
    (facts,) = wire.decode_reply(reply, status.next_id)
    return float(facts["memory"]["heap_bytes"]) / 1e6


def hot_client(directory: Path, name: str, start: Barrier, counts: Count, seconds: float) -> None:
    """Asks back to back for some seconds and says how often it was answered."""
    with zmq.Context() as context:
        target = Target(context, directory, name)
        target.open_session()
        target.measure(500, 0)
        frames = [target.frame() for _ in range(PREPARED)]
        answered = 0
        start.wait()
        end = time.perf_counter() + seconds
        for frame in frames:
            target.exchange(frame)
            answered += 1
            if time.perf_counter() > end:
                break
        counts.value = answered if time.perf_counter() > end else -1
        context.destroy(linger=0)


def throughput(directory: Path) -> dict[str, object]:
    """Gates per second of all clients together, and how evenly they were served."""
    start = multiprocessing.Barrier(CLIENTS)
    counts = [multiprocessing.Value("q", 0) for _ in range(CLIENTS)]
    run(
        [
            (hot_client, (directory, f"hot-{at}", start, count, SECONDS))
            for at, count in enumerate(counts)
        ]
    )
    served = np.array([count.value for count in counts])
    if (served <= 0).any():
        raise RuntimeError(f"a client ran out of prepared questions or failed: {served}")
    return {
        "gates_per_s": round(float(served.sum() / SECONDS)),
        "fairness": round(float(served.max() / np.median(served)), 3),
        "slowest_share": round(float(served.min() / np.median(served)), 3),
        "clients": CLIENTS,
    }


def live_pattern(directory: Path, pid: int) -> dict[str, object]:
    """A new candle on many pairs: one bot sends M rows and the newest for each in turn."""
    with zmq.Context() as context:
        frames = Frames(context, directory)
        rows = memory_rows(context, directory) + 1
        blocks = [candles(rows, seed) for seed in range(PAIRS)]
        times, most = [], 0.0
        for _ in range(PAIR_ROUNDS):
            began = time.perf_counter()
            engine_us = sum(frames.exchange(block)[2][3] for block in blocks)
            times.append((time.perf_counter() - began, engine_us / 1e6))
            most = max(most, rss_mb(pid))
        context.destroy(linger=0)
    total, engine = np.median(np.array(times), axis=0)
    return {
        "pairs300_s": round(float(total), 3),
        "pairs300_engine_s": round(float(engine), 3),
        "rows": rows,
        "rss_mb": round(most, 1),
    }


def memory_rows(context: zmq.Context[zmq.Socket[bytes]], directory: Path) -> int:
    """M of the window set that the frames ask for."""
    target = Target(context, directory, "rows")
    settings = {"timeframe_s": ENGINE["timeframe_s"], "window_set": ENGINE["window_set"]}
    hello = wire.Hello("bench/1", "backtest", "rows", settings)
    return wire.decode_hello(target.shim(wire.encode_hello(target.next_id, hello))).memory_rows


def soak_gates(directory: Path, name: str, asked: Count, most: int) -> None:
    """Asks so many questions, whose answers are checked by their number only."""
    with zmq.Context() as context:
        target = Target(context, directory, name)
        target.open_session()
        while asked.value < most:
            target.measure(min(1000, most - asked.value), 0)
            asked.value += min(1000, most - asked.value)
        context.destroy(linger=0)


def soak_frames(directory: Path, name: str, sent: Count, most: int) -> None:
    """Sends so many frames of a live bot."""
    with zmq.Context() as context:
        frames = Frames(context, directory)
        rows = memory_rows(context, directory) + 1
        blocks = [candles(rows, seed) for seed in range(16)]
        while sent.value < most:
            frames.exchange(blocks[sent.value % len(blocks)])
            sent.value += 1
        context.destroy(linger=0)


def soak(directory: Path, pid: int, scale: float) -> dict[str, object]:
    """Memory over many questions and frames."""
    askers = CLIENTS - 1
    asked = [multiprocessing.Value("q", 0) for _ in range(askers)]
    sent = multiprocessing.Value("q", 0)
    share = int(SOAK_GATES * scale / askers)
    jobs = [
        multiprocessing.Process(target=soak_gates, args=(directory, f"soak-{at}", count, share))
        for at, count in enumerate(asked)
    ]
    frames = int(SOAK_FRAMES * scale)
    jobs.append(
        multiprocessing.Process(target=soak_frames, args=(directory, "frames", sent, frames))
    )
    began = time.perf_counter()
    for job in jobs:
        job.start()
    samples = []
    with zmq.Context() as context:
        status = Target(context, directory)
        while any(job.is_alive() for job in jobs):
            done = sum(count.value for count in asked) / 1e6
            samples.append((done, rss_mb(pid), heap_mb(status)))
            time.sleep(SAMPLE_S)
        context.destroy(linger=0)
    if any(job.exitcode != 0 for job in jobs):
        raise RuntimeError("a client of the soak failed")
    parts = np.array_split(np.array(samples[int(len(samples) * WARM_UP) :]), POINTS)
    millions = [float(part[:, 0].mean()) for part in parts]
    resident = [float(np.median(part[:, 1])) for part in parts]
    # The least of each part: what is left after a collection.
    held = [float(part[:, 2].min()) for part in parts]
    seconds = np.arange(POINTS) / (POINTS - 1)
    slope, level = np.polyfit(seconds, resident, 1)
    return {
        # Along the line from the first point to the last.
        "rss_growth": round(slope / level, 4),
        "rss_points_mb": [round(value, 1) for value in resident],
        "rss_points_million_gates": [round(value, 2) for value in millions],
        "heap_points_mb": [round(value, 1) for value in held],
        "rss_first_mb": round(resident[0], 1),
        "rss_last_mb": round(resident[-1], 1),
        "rss_most_mb": round(max(rss for _, rss, _ in samples), 1),
        "warm_up": WARM_UP,
        "soak_gates": share * askers,
        "soak_frames": frames,
        "soak_s": round(time.perf_counter() - began),
    }


def run(jobs: list[tuple[object, tuple[object, ...]]]) -> None:
    """Runs functions in processes of their own and waits for all."""
    processes = [multiprocessing.Process(target=work, args=args) for work, args in jobs]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True, type=Path, help="the daemon's socket directory")
    parser.add_argument("--pid", required=True, type=int, help="the daemon's process")
    parser.add_argument("--scale", type=float, default=1.0, help="of the soak; 1: as documented")
    args = parser.parse_args()
    result = {**throughput(args.dir), **live_pattern(args.dir, args.pid)}
    print(json.dumps({**result, **soak(args.dir, args.pid, args.scale)}))


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
