"""What one run of a strategy holds in memory: never pickled, made anew in every worker."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from talebridge import portfolio
from talebridge._generated import LIMITS, Reason, Side
from talebridge.backlog import Backlog
from talebridge.columns import Block
from talebridge.portfolio import Account
from talebridge.recent import Recent
from talebridge.session import JournalLine, Session, Snapshot
from talebridge.wire import Position, Question

logger = logging.getLogger(__name__)

_ABSENT = (Reason.UNAVAILABLE,)
"""What any answer at all shows to be over."""
_MARK_AGAIN_MS = 10_000
"""How long a live account's value stands while its positions do not change."""


@dataclass(frozen=True, slots=True)
class CandleVerdict:
    """The engine's verdict on one candle."""

    open_ms: int
    size: float
    reason: int
    value: float


@dataclass(frozen=True, slots=True)
class Sized:
    """What the last question about a stake was asked with: confirm_trade_entry is not told it."""

    now_ms: int
    leverage: float
    allowed: float | None = None
    """What it was answered with; None for a denial."""
    question: Question | None = None
    """What was asked; None if nothing could be."""


@dataclass(frozen=True, slots=True)
class Levered:
    """What came of the last question about a leverage: the one handed to freqtrade, the one the
    strategy wanted, and the one the liquidation guard allows."""

    used: float
    wanted: float
    cap: float


class Run:
    """Session, account and memory of one run; `lock` serialises its users.

    `backlog`: of a backtest, whose past can be valued later. `send`: tells the bot's owner.
    """

    def __init__(
        self,
        session: Session,
        account: Account,
        backlog: Backlog | None = None,
        send: Callable[[str], None] | None = None,
    ) -> None:
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.session = session
        self.last_ms = 0
        self.stopped = False
        self.sized: Recent[Sized] = Recent()
        self.levered: Recent[Levered] = Recent()
        self.standing: Sized | None = None
        """The last question about a stake, until anything else is asked or happens."""
        self.verdicts: Recent[CandleVerdict] = Recent()
        """Newest verdict per pair, for on_unavailable: last_known."""
        self.let_in: Recent[JournalLine] = Recent()
        """What let an entry in last, per pair and side."""
        self.asked: tuple[str, int, CandleVerdict] | None = None
        """Pair and time that were asked about last, and the verdict found then."""
        self.unjudged: Recent[tuple[int, Block]] = Recent(256)
        """Candles the bridge could not be asked about, per pair, with the last one's open."""
        self.backlog = backlog
        self._send = send
        self._account = account
        self._known: Snapshot | None = None
        self._said: Recent[bool] = Recent()
        self._paused: int | None = None
        self._down: dict[Reason, bool] = {}
        """Why the bridge gives no usable answers; whether one about an entry was among them."""

    def snapshot(self, now_ms: int, *, patient: bool) -> Snapshot:
        """The account now. With `patient`, an unchanged account is valued every 10 s only."""
        trades = portfolio.open_trades()
        positions = self._account.positions(trades)
        if self.backlog is not None:
            just_now = self.backlog.catch_up(now_ms)
            if just_now is not None:
                # A sample just taken of an account that has not changed since stands.
                self._known = Snapshot(now_ms, just_now, positions)
        known = self._known
        if (
            known is not None
            and known.positions == positions
            and not self.session.samples.due(now_ms)
            and 0 <= now_ms - known.at_ms <= (_MARK_AGAIN_MS if patient else 0)
        ):
            return known
        return self._value(trades, positions, now_ms)

    def sample(self, now_ms: int) -> None:
        """Takes an equity sample when one is due, and those a backtest has not taken yet.
        For the start of a candle or of a bot's loop."""
        if self.backlog is not None:
            self.backlog.started(now_ms)
            self.backlog.catch_up(now_ms - 1)
        if self.session.samples.due(now_ms):
            trades = portfolio.open_trades()
            self._value(trades, self._account.positions(trades), now_ms, at_start=True)

    def _value(
        self,
        trades: list[Any],
        positions: tuple[Position, ...],
        now_ms: int,
        *,
        at_start: bool = False,
    ) -> Snapshot:
        equity: float | None = None
        if self.backlog is not None:
            equity = self.backlog.look(self._account.held(trades), now_ms, at_start=at_start)
        if equity is None:
            equity = self._account.equity(trades)
        samples = self.session.samples
        if samples.due(now_ms):
            samples.add(now_ms, equity)
        self._known = Snapshot(max(now_ms, samples.newest_ms()), equity, positions)
        return self._known

    def say_once(self, key: object, log: Callable[[str], None], text: str) -> bool:
        """Logs a text the first time its key comes up. Returns whether this was it."""
        if self._said.get(key) is not None:
            return False
        self._said.set(key, True)
        log(text)
        return True

    def bridge_down(self, reason: Reason, text: str, consequence: str, *, entry: bool) -> None:
        """Notes that the bridge gives no usable answers. Logged, and told the owner, once for each
        reason until it answers again: garbage can look like another reason each time.

        `entry`: it was asked about an entry, not about candles.
        """
        known = reason in self._down
        self._down[reason] = entry or self._down.get(reason, False)
        if not known:
            logger.warning("talebridge: %s. %s", text, consequence)
            self._tell(f"{text}. {consequence}")

    def bridge_up(self, *, entry: bool) -> None:
        """Notes that the bridge answers. That its answers about entries are no garbage, only such
        an answer can show."""
        if not self._down or (not entry and self._garbage()):
            return
        self._down = {}
        logger.info("talebridge: the bridge answers again, entries resume")
        self._tell("the bridge answers again, entries resume")

    def _garbage(self) -> bool:
        return any(entry and reason not in _ABSENT for reason, entry in self._down.items())

    def paused(self, reason: int | None, text: str) -> None:
        """Notes why the account itself has every entry denied, None where it has not. Logged, and
        told the owner, once per change."""
        if reason == self._paused:
            return
        self._paused = reason
        if reason is None:
            text = "entries resume"
        logger.info("talebridge: %s", text)
        self._tell(text)

    def _tell(self, text: str) -> None:
        if self._send is not None:
            self._send(text)


def session_key(mode: str, strategy: str, config: Mapping[str, Any], chosen: str | None) -> str:
    """Name of the session: stable for a bot, so that its equity history survives restarts of
    either side; unique for everything else, where every run starts afresh."""
    if mode not in ("live", "dry_run"):
        return f"{mode}-{strategy[:40]}-{uuid.uuid4().hex[:16]}"
    exchange = config.get("exchange")
    parts = (
        # Real money and a dry run never share a history, whatever they are called.
        (chosen, mode)
        if chosen is not None
        else (
            config.get("bot_name") or "freqtrade",
            strategy,
            exchange.get("name", "") if isinstance(exchange, Mapping) else "",
            mode,
            config.get("stake_currency", ""),
        )
    )
    name = "/".join(str(part) for part in parts)
    if len(name.encode()) <= LIMITS["session_bytes"]:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name.encode()[: LIMITS['session_bytes'] - 24].decode(errors='ignore')}-{digest}"


def side_of(side: object) -> Side:
    """freqtrade's "long" or "short"."""
    return Side.SHORT if side == "short" else Side.LONG
