"""Round trips of the gate and of the C echo, in turns, by one client.

What is compared is pyzmq alone: a DEALER with the shim's socket options that sends frames made by
the shim's encoder beforehand and takes the reply. Only the endpoint differs, so the ratio is what
the bridge adds to ZeroMQ: validation, ``gate()``, the journal and the reply. The shim's whole
client, with its encoding, decoding and checks, is measured too, hot, against both.

Prints one JSON object of percentiles in microseconds; ``scripts/bench-gate.mjs`` runs it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import zmq
from numpy.typing import NDArray

from talebridge import wire
from talebridge._generated import PROTOCOL_VERSION, Kind, Op, Reason, Side, Stage, Status
from talebridge.client import Channel
from talebridge.deadline import Deadline
from talebridge.place import Local

ROUNDS = 20
# Calls per round, by gap between calls in ms. Long gaps take their time, so they get fewer.
CALLS = {0: 2000, 2: 120, 20: 25}
# Questions in one message, and such messages per round.
TOGETHER = 50
MESSAGES = 100
Times = NDArray[np.float64]

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
    """One endpoint, reached by bare pyzmq and by the shim's client, and the session asked there."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], directory: Path, session: str = "bench"
    ) -> None:
        self.session = session
        self.channel = Channel(Local(directory), "gate")
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.SNDTIMEO, int(DEADLINE_S * 1000))
        self.socket.setsockopt(zmq.RCVTIMEO, int(DEADLINE_S * 1000))
        self.socket.connect(f"ipc://{directory}/gate.sock")
        self.next_id = FIRST_ID
        self.handle = 0
        self.asked = 0

    def open_session(self) -> None:
        """hello and one portfolio: what a bot sends before its first question."""
        hello = wire.Hello("bench/1", "live", self.session, {"timeframe_s": TIMEFRAME_S})
        reply = self.shim(wire.encode_hello(self.next_id, hello))
        self.handle = wire.decode_hello(reply).handle
        account = wire.Portfolio(1, FIRST_CANDLE_MS, EQUITY, [(FIRST_CANDLE_MS, EQUITY)], [])
        self.shim(wire.encode_portfolio(self.next_id, self.handle, account))

    def ask(self) -> wire.Answer:
        """One entry by the shim's client, on a candle nobody asked about before."""
        question = self.question()
        frame = wire.encode_gate(self.next_id, self.handle, 1, question)
        return wire.decode_gate(self.shim(frame), question)

    def shim(self, frame: bytes) -> list[Any]:
        """Sends a request with the next id and returns the payload of its reply."""
        payload, _ = self.channel.request(self.next_id, [frame], Deadline(DEADLINE_S))
        self.next_id += 1
        return payload

    def frame(self) -> bytes:
        """The next question as bytes."""
        self.next_id += 1
        return wire.encode_gate(self.next_id, self.handle, 1, self.question())

    def exchange(self, frame: bytes) -> bytes:
        """One round trip by bare pyzmq."""
        self.socket.send(frame)
        return self.socket.recv()

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

    def measure(self, calls: int, gap_ms: int) -> Times:
        """Round-trip times of bare pyzmq in microseconds, shape (calls,).

        The client stays busy in the gaps, so that its core is awake when it asks.
        """
        times = np.empty(calls)
        clock = time.perf_counter_ns
        gap_ns = gap_ms * 1_000_000
        frames = [self.frame() for _ in range(calls)]
        reply = b""
        for call, frame in enumerate(frames):
            if gap_ns:
                resume = clock() + gap_ns
                while clock() < resume:
                    pass
            start = clock()
            reply = self.exchange(frame)
            times[call] = (clock() - start) / 1000
        wire.decode_reply(reply, self.next_id)
        return times

    def frame_of_many(self) -> bytes:
        """One message of questions about as many pairs, as a bot's loop would ask."""
        self.next_id += 1
        self.asked += len(PAIRS)
        question = msgpack.unpackb(wire.encode_gate(0, self.handle, 1, self.question()))[5:]
        together = [[question[0], f"P{index}/USDT", *question[2:]] for index in range(TOGETHER)]
        head = [PROTOCOL_VERSION, int(Op.GATES), self.next_id, self.handle, 1]
        frame: bytes = msgpack.packb([*head, together])
        return frame

    def measure_many(self) -> Times:
        """Round-trip times of messages of many questions in microseconds per question."""
        times = np.empty(MESSAGES)
        frames = [self.frame_of_many() for _ in range(MESSAGES)]
        for call, frame in enumerate(frames):
            start = time.perf_counter_ns()
            reply = self.exchange(frame)
            times[call] = (time.perf_counter_ns() - start) / 1000 / TOGETHER
        (answers,) = wire.decode_reply(reply, self.next_id)
        if [answer[0] for answer in answers] != [int(Status.OK)] * TOGETHER:
            raise RuntimeError(f"not all were answered: {answers}")
        return times

    def measure_shim(self, calls: int) -> Times:
        """Round-trip times of the shim's whole client in microseconds, back to back."""
        times = np.empty(calls)
        clock = time.perf_counter_ns
        self.next_id += 1
        for call in range(calls):
            start = clock()
            self.ask()
            times[call] = (clock() - start) / 1000
        return times


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


def in_turns(
    measure: Callable[[Target], Times], gate: Target, echo: Target
) -> dict[str, dict[str, float]]:
    """Percentiles of rounds of both, taken in turns; who begins changes each round."""
    times: dict[str, list[Times]] = {"gate": [], "echo": []}
    targets = {"gate": gate, "echo": echo}
    for turn in range(ROUNDS):
        for name in ("gate", "echo") if turn % 2 == 0 else ("echo", "gate"):
            times[name].append(measure(targets[name]))
    return {name: percentiles(rounds) for name, rounds in times.items()}


def percentiles(rounds: list[Times]) -> dict[str, float]:
    """Of all rounds together, in microseconds."""
    p50, p99, p999 = np.percentile(np.concatenate(rounds), [50, 99, 99.9])
    return {"p50_us": round(p50, 2), "p99_us": round(p99, 2), "p999_us": round(p999, 2)}


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

    with zmq.Context() as context:
        gate = Target(context, args.dir)
        gate.open_session()
        gate.measure(WARM_UP_CALLS, 0)
        request = gate.frame()
        reply = gate.exchange(request)
        echo_process = start_echo(args, request, reply, gate.next_id)
        try:
            echo = Target(context, args.scratch)
            echo.measure(WARM_UP_CALLS, 0)
            gaps = {
                str(gap_ms): in_turns(
                    partial(Target.measure, calls=calls, gap_ms=gap_ms), gate, echo
                )
                for gap_ms, calls in CALLS.items()
            }
            many = [gate.measure_many() for _ in range(ROUNDS)]
            shim = in_turns(partial(Target.measure_shim, calls=CALLS[0]), gate, echo)
        finally:
            echo_process.kill()
            echo_process.wait()
            context.destroy(linger=0)
    sizes = {"request": len(request), "reply": len(reply)}
    result = {"rounds": ROUNDS, "bytes": sizes, "gaps": gaps, "shim": shim}
    print(json.dumps({**result, "fifty": percentiles(many)}))


if __name__ == "__main__":
    main()
