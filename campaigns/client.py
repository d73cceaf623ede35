"""One bot under the crash campaign: asks without pause through the shim's own client.

Every answer is handed to the kernel in a file of its own before the next question, so that what
this client was told is known whatever dies. It also holds the daemon to its word across restarts:
the answer to a candidate may only tighten. Ends on SIGTERM; exit code 3 when the word was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from talebridge import wire
from talebridge._generated import Decision, Kind, PositionState, Reason, Side, Stage
from talebridge.client import Channel
from talebridge.deadline import Deadline
from talebridge.errors import BridgeError
from talebridge.place import Local

TIMEFRAME_MS = 300_000
PAIRS = 60
DEADLINE_S = 0.5
TOLERANCE = 1e-9
# Questions until the account is sent again, and until hello is.
PORTFOLIO_EVERY = 25
HELLO_EVERY = 400


class Broken(Exception):
    """The daemon answered what it must not."""


class Bot:
    """A session, asked at random."""

    def __init__(self, directory: Path, log: Path, session: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.session = session
        self.channel = Channel(Local(directory), "gate")
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.handle = 0
        self.seq = 0
        self.boot = ""
        self.equity = 10_000.0
        self.positions: list[wire.Position] = []
        # Most that may still be staked, per candidate; None: denied.
        self.standing: dict[tuple[str, Side, Kind, int], float | None] = {}

    def note(self, **what: object) -> None:
        """One line, in one write."""
        os.write(self.log, json.dumps({"boot": self.boot, **what}).encode() + b"\n")

    def request(self, frame: bytes, request_id: int) -> list[Any]:
        payload, _ = self.channel.request(request_id, [frame], Deadline(DEADLINE_S))
        return payload

    def hello(self) -> None:
        request_id = self.channel.new_id()
        settings = {"timeframe_s": TIMEFRAME_MS // 1000, "limits": {"max_drawdown": 0.5}}
        hello = wire.Hello("campaign/1", "live", self.session, settings)
        reply = wire.decode_hello(self.request(wire.encode_hello(request_id, hello), request_id))
        self.boot, self.handle = reply.boot, reply.handle
        # What it has acknowledged it must not forget; what it has not may be known all the same.
        if reply.seq < self.seq:
            raise Broken(f"portfolio {self.seq} was acknowledged, hello says {reply.seq}")
        self.seq = reply.seq
        self.note(what="hello", seq=reply.seq, samples_until_ms=reply.samples_until_ms)

    def portfolio(self) -> None:
        self.equity *= self.random.uniform(0.998, 1.0021)
        if self.random.random() < 0.3:
            pair = f"P{self.random.randrange(PAIRS)}/USDT"
            side = self.random.choice((Side.LONG, Side.SHORT))
            stake = self.random.uniform(1, 200)
            self.positions.append(wire.Position(pair, side, stake, 1.0, PositionState.OPEN))
            del self.positions[:-8]
        now = int(time.time() * 1000)
        account = wire.Portfolio(
            self.seq + 1, now, self.equity, [(now, self.equity)], self.positions
        )
        request_id = self.channel.new_id()
        frame = wire.encode_portfolio(request_id, self.handle, account)
        self.seq = wire.decode_portfolio(self.request(frame, request_id))
        self.note(what="portfolio", seq=self.seq, at_ms=now, equity=self.equity)

    def gate(self) -> None:
        question = self.question()
        request_id = self.channel.new_id()
        frame = wire.encode_gate(request_id, self.handle, self.seq, question)
        answer = wire.decode_gate(self.request(frame, request_id), question)
        self.note(
            what="gate",
            journal_seq=answer.journal_seq,
            snapshot_seq=self.seq,
            pair=question.pair,
            side=question.side.name.lower(),
            kind=question.kind.name.lower(),
            stage=question.stage.name.lower(),
            candle_open_ms=question.candle_open_ms,
            now_ms=question.now_ms,
            stake=question.stake,
            decision=answer.decision.name.lower(),
            would=answer.would.name.lower(),
            reason=wire.reason_name(answer.reason),
            stake_allowed=answer.stake,
        )
        self.hold(question, answer)

    def hold(self, question: wire.Question, answer: wire.Answer) -> None:
        """Checks an answer against the earlier ones to the same candidate."""
        key = (question.pair, question.side, question.kind, question.candle_open_ms)
        denied = answer.decision == Decision.DENY
        known = key in self.standing
        before = self.standing.get(key)
        if known and before is None and not denied:
            raise Broken(f"{key} was denied and is allowed now")
        if known and before is not None and not denied and answer.stake > before * 1.01 + TOLERANCE:
            raise Broken(f"{key} was allowed {before} and is allowed {answer.stake} now")
        if denied:
            # A denial that could not be recorded was not made.
            if answer.journal_seq != 0:
                self.standing[key] = None
        elif not known or (before is not None and answer.stake < before):
            # The first answer's ceiling is what it allowed of the proposal.
            self.standing[key] = answer.stake

    def question(self) -> wire.Question:
        now = int(time.time() * 1000)
        open_ms = now // TIMEFRAME_MS * TIMEFRAME_MS - TIMEFRAME_MS
        cut = self.random.random() < 0.4
        return wire.Question(
            pair=f"P{self.random.randrange(PAIRS)}/USDT",
            side=self.random.choice((Side.LONG, Side.SHORT)),
            kind=self.random.choice((Kind.ENTRY, Kind.ENTRY, Kind.SCALE_IN)),
            stage=self.random.choice((Stage.SIZE, Stage.SIZE, Stage.FINAL)),
            candle_open_ms=open_ms,
            now_ms=now,
            size_1024=self.random.randrange(0, 1024, 64) if cut else 1024,
            reason=int(Reason.JUMP if cut else Reason.OK),
            value=self.random.uniform(3, 9) if cut else float("nan"),
            # Always the same: a smaller proposal would not be a ceiling.
            stake=100.0,
            min_stake=5.0,
            leverage=1.0,
            rate=self.random.uniform(1, 50_000),
        )

    def run(self) -> None:
        """Asks for ever; a daemon that is away is waited for."""
        asked = 0
        while True:
            try:
                if self.boot == "" or self.channel.boot is None or asked % HELLO_EVERY == 0:
                    self.hello()
                    self.channel.boot = self.boot
                if self.seq == 0 or asked % PORTFOLIO_EVERY == 0:
                    self.portfolio()
                self.gate()
                asked += 1
            except BridgeError:
                self.channel.close()
                asked += 1
                time.sleep(0.005)


def main() -> int:
    """Runs one bot until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--session", required=True)
    parser.add_argument("--seed", type=int, required=True)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    bot = Bot(args.dir, args.log, args.session, args.seed)
    try:
        bot.run()
    except Broken as broken:
        print(f"{args.session}: {broken}", flush=True)
    return 3


if __name__ == "__main__":
    raise SystemExit(main())
