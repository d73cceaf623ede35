"""What one run of a strategy holds in memory: never pickled, made anew in every worker."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from talebridge import portfolio
from talebridge._generated import LIMITS, Reason, Side
from talebridge.columns import Block
from talebridge.portfolio import Account
from talebridge.session import Session, Snapshot
from talebridge.wire import Position

logger = logging.getLogger(__name__)

V = TypeVar("V")

MAX_PAIRS = 1024
_MARK_AGAIN_MS = 10_000
"""How long a live account's value stands while its positions do not change."""


class Recent(Generic[V]):
    """A small map that forgets what was set longest ago."""

    def __init__(self, size: int = MAX_PAIRS) -> None:
        self._size = size
        self._items: OrderedDict[object, V] = OrderedDict()

    def get(self, key: object) -> V | None:
        """The value, or None."""
        return self._items.get(key)

    def set(self, key: object, value: V) -> None:
        """Sets a value and forgets the oldest beyond the size."""
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size:
            self._items.popitem(last=False)

    def pop(self, key: object) -> V | None:
        """Removes and returns a value, or None."""
        return self._items.pop(key, None)

    def __len__(self) -> int:
        return len(self._items)


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


class Run:
    """Session, account and memory of one run; `lock` serialises its users."""

    def __init__(self, session: Session, account: Account) -> None:
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.session = session
        self.last_ms = 0
        self.stopped = False
        self.sized: Recent[Sized] = Recent()
        self.verdicts: Recent[CandleVerdict] = Recent()
        """Newest verdict per pair, for on_unavailable: last_known."""
        self.unjudged: Recent[tuple[int, Block]] = Recent(256)
        """Candles the bridge could not be asked about, per pair, with the last one's open."""
        self._account = account
        self._known: Snapshot | None = None
        self._said: Recent[bool] = Recent()
        self._down: Reason | None = None

    def snapshot(self, now_ms: int, *, patient: bool) -> Snapshot:
        """The account now. With `patient`, an unchanged account is valued every 10 s only."""
        trades = portfolio.open_trades()
        positions = self._account.positions(trades)
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
        """Takes an equity sample when one is due."""
        if self.session.samples.due(now_ms):
            trades = portfolio.open_trades()
            self._value(trades, self._account.positions(trades), now_ms)

    def _value(self, trades: list[Any], positions: tuple[Position, ...], now_ms: int) -> Snapshot:
        equity = self._account.equity(trades)
        samples = self.session.samples
        if samples.due(now_ms):
            samples.add(now_ms, equity)
        self._known = Snapshot(max(now_ms, samples.newest_ms()), equity, positions)
        return self._known

    def say_once(self, key: object, log: Callable[[str], None], text: str) -> None:
        """Logs a text the first time its key comes up."""
        if self._said.get(key) is None:
            self._said.set(key, True)
            log(text)

    def bridge_down(self, reason: Reason, text: str, consequence: str) -> None:
        """Notes, and logs once per change, that the bridge gives no usable answers."""
        if self._down is not reason:
            self._down = reason
            logger.warning("talebridge: %s. %s", text, consequence)

    def bridge_up(self) -> None:
        """Notes that the bridge answers."""
        if self._down is not None:
            self._down = None
            logger.info("talebridge: the bridge answers again, entries resume")


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
