"""Round trips of the gate and of the C echo, in turns, by one client.

Both are asked by the shim's own client: its encoder, its channel (a pyzmq DEALER with deadlines and
id checks), its decoder. Only the endpoint differs, so the ratio is what the bridge adds to ZeroMQ:
validation, ``gate()``, the journal and the reply. Prints one JSON object of percentiles in
microseconds; ``scripts/bench-gate.mjs`` runs it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from talebridge import wire
from talebridge._generated import Kind, Reason, Side, Stage
from talebridge.client import Channel, Deadline

ROUNDS = 8
# Calls per round, by gap between calls in ms. Long gaps take their time, so they get fewer.
CALLS = {0: 4000, 2: 300, 20: 50}
# Both ends have compiled and grown what they will before the first round counts.
WARM_UP_CALLS = 20_000

TIMEFRAME_S = 300
FIRST_CANDLE_MS = 1_735_689_600_000
PAIRS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
EQUITY = 10_000.0
STAKE = 250.5
# From here on an id takes five bytes in msgpack: frames keep their size, and the echo finds it.
FIRST_ID = 1 << 20
DEADLINE_S = 2.0


class Target:
    """One endpoint, reached as the shim reaches it, and the session asked there."""

    def __init__(self, directory: Path) -> None:
        self.channel = Channel(directory, "gate")
        self.next_id = FIRST_ID
        self.handle = 0
        self.asked = 0

    def open_session(self) -> None:
        """hello and one portfolio: what a bot sends before its first question."""
        hello = wire.Hello("bench/1", "live", "bench", {"timeframe_s": TIMEFRAME_S})
        self.handle = wire.decode_hello(
            self._request(wire.encode_hello(self.next_id, hello))
        ).handle
        account = wire.Portfolio(1, FIRST_CANDLE_MS, EQUITY, [(FIRST_CANDLE_MS, EQUITY)], [])
        self._request(wire.encode_portfolio(self.next_id, self.handle, account))

    def ask(self) -> wire.Answer:
        """One entry, on a candle nobody asked about before."""
        question = self.question()
        frame = wire.encode_gate(self.next_id, self.handle, 1, question)
        return wire.decode_gate(self._request(frame), question)

    def question(self) -> wire.Question:
        """The next question; four pairs take turns on each candle."""
        self.asked += 1
        open_ms = FIRST_CANDLE_MS + self.asked // len(PAIRS) * TIMEFRAME_S * 1000
        return wire.Question(
            pair=PAIRS[self.asked % len(PAIRS)],
            side=Side.LONG,
            kind=Kind.ENTRY,
            stage=Stage.SIZE,
            candle_open_ms=open_ms,
            now_ms=open_ms + TIMEFRAME_S * 1000,
            size_1024=1024,
            reason=int(Reason.OK),
            value=1.375,
            stake=STAKE,
            min_stake=5.5,
            leverage=1.0,
            rate=43_250.5,
        )

    def measure(self, calls: int, gap_ms: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Round-trip times in microseconds, shape (calls,).

        The client stays busy in the gaps, so that its core is awake when it asks.
        """
        times = np.empty(calls)
        clock = time.perf_counter_ns
        gap_ns = gap_ms * 1_000_000
        for call in range(calls):
            if gap_ns:
                resume = clock() + gap_ns
                while clock() < resume:
                    pass
            start = clock()
            self.ask()
            times[call] = (clock() - start) / 1000
        return times

    def _request(self, frame: bytes) -> list[Any]:
        payload, _ = self.channel.request(self.next_id, [frame], Deadline(DEADLINE_S))
        self.next_id += 1
        return payload


def sample_frames(directory: Path, target: Target) -> tuple[bytes, bytes, int]:
    """One request of a session and the daemon's reply as bytes, and the id in both."""
    request = wire.encode_gate(target.next_id, target.handle, 1, target.question())
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVTIMEO, int(DEADLINE_S * 1000))
        socket.connect(f"ipc://{directory}/gate.sock")
        socket.send(request)
        return request, socket.recv(), target.next_id


def start_echo(
    args: argparse.Namespace, request: bytes, reply: bytes, request_id: int
) -> subprocess.Popen[str]:
    """The C echo, answering as many bytes as the daemon does. Ends with this process."""
    packed_id = b"\xce" + request_id.to_bytes(4, "big")
    offsets = [str(frame.index(packed_id)) for frame in (request, reply)]
    echo = subprocess.Popen(
        [args.echo, args.libzmq, f"ipc://{args.scratch}/gate.sock", reply.hex(), *offsets],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if echo.stdout is None or echo.stdout.readline() != "ready\n":
        raise RuntimeError("the echo did not start")
    return echo


def percentiles(rounds: list[np.ndarray[Any, np.dtype[np.float64]]]) -> dict[str, float]:
    """Of all rounds together, in microseconds."""
    p50, p99, p999 = np.percentile(np.concatenate(rounds), [50, 99, 99.9])
    return {"p50_us": round(p50, 1), "p99_us": round(p99, 1), "p999_us": round(p999, 1)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True, type=Path, help="the daemon's socket directory")
    parser.add_argument("--echo", required=True, help="the compiled bench/echo/echo.c")
    parser.add_argument("--libzmq", required=True, help="the libzmq the echo loads")
    parser.add_argument(
        "--scratch", required=True, type=Path, help="a directory for the echo's socket"
    )
    args = parser.parse_args()

    gate = Target(args.dir)
    gate.open_session()
    gate.measure(WARM_UP_CALLS, 0)
    request, reply, request_id = sample_frames(args.dir, gate)
    echo_process = start_echo(args, request, reply, request_id)
    try:
        echo = Target(args.scratch)
        echo.measure(WARM_UP_CALLS, 0)
        gaps = {}
        for gap_ms, calls in CALLS.items():
            times: dict[str, list[np.ndarray[Any, np.dtype[np.float64]]]] = {"gate": [], "echo": []}
            for turn in range(ROUNDS):
                order = ("gate", "echo") if turn % 2 == 0 else ("echo", "gate")
                for name in order:
                    times[name].append((gate if name == "gate" else echo).measure(calls, gap_ms))
            gaps[str(gap_ms)] = {
                "gate": percentiles(times["gate"]),
                "echo": percentiles(times["echo"]),
                "calls": calls * ROUNDS,
            }
    finally:
        echo_process.kill()
        echo_process.wait()
    sizes = {"request": len(request), "reply": len(reply)}
    print(json.dumps({"rounds": ROUNDS, "bytes": sizes, "gaps": gaps}))


if __name__ == "__main__":
    main()
