"""What denies every entry, mirrored as freqtrade's own lock of all pairs.

Locks stop entries only. freqtrade asks about no entry while one stands, so nothing that is learnt
by being asked can end it: the bridge is asked what stands at every loop of the bot, and a lock that
nothing stands behind any more is released. Each ends by time as well, so that none outlives a bot
that stops looking.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from talebridge._generated import REASON_TEXT
from talebridge.entry import to_ms
from talebridge.errors import BridgeError
from talebridge.messages import PAUSES, pause_text
from talebridge.modes import Context
from talebridge.wire import Denial, reason_name

if TYPE_CHECKING:
    from talebridge.failures import Failures
    from talebridge.gated import Gated

logger = logging.getLogger(__name__)

PREFIX = "talebridge: "
"""Begins the reason of every lock of ours, and of no other."""
_EVERY_PAIR = "*"
_LONGEST_MS = 86_400_000
"""A lock that is still wanted then is set anew."""
_MAX_REASON_CHARS = 255
"""As many as freqtrade's database takes."""


class Locks:
    """The locks of one bot. Plain data: pickled with the strategy."""

    def __init__(self, gated: Gated, failures: Failures) -> None:
        self._gated = gated
        self._failures = failures
        self._looked = False
        """Whether locks of an earlier run have been looked for."""

    def mirror(self, now_ms: int) -> None:
        """Sets and releases locks as the bridge says. Call it at the start of a bot's loop."""
        gated = self._gated
        if gated.context is not Context.TRADE:
            return
        wanted = gated.settings.lock_pairs and not gated.shadow
        if not wanted and self._looked:
            return
        self._looked = True
        denials = self._standing(now_ms) if wanted else ()
        if denials is not None:
            self._apply({_text(denial): denial for denial in denials}, now_ms)

    def _standing(self, now_ms: int) -> tuple[Denial, ...] | None:
        """What denies every entry; None where that is not known and entries are denied anyway."""
        gated = self._gated
        try:
            run = gated.current_run(now_ms)
            with run.lock:
                found = run.session.standing(now_ms, gated.account(run, now_ms))
            run.bridge_up(entry=False)
            reason = next((denial.reason for denial in found if denial.reason in PAUSES), None)
            run.paused(reason, "" if reason is None else pause_text(reason))
        except BridgeError as error:
            self._failures.report(error, entry=False)
            return None if gated.settings.on_unavailable == "deny" else ()
        return found

    def _apply(self, wanted: dict[str, Denial], now_ms: int) -> None:
        from freqtrade.persistence import PairLocks

        strategy = self._gated.strategy
        ends_ms: dict[str, int] = {}
        for lock in PairLocks.get_pair_locks(_EVERY_PAIR):
            reason = lock.reason or ""
            if reason.startswith(PREFIX):
                # In UTC, with or without a zone; not every release has a property that adds it.
                end_ms = to_ms(lock.lock_end_time)
                ends_ms[reason] = max(end_ms, ends_ms.get(reason, 0))
        for reason, end_ms in ends_ms.items():
            denial = wanted.get(reason)
            if denial is not None and (denial.until_ms is None or end_ms <= denial.until_ms):
                del wanted[reason]
            else:
                # Also one that would outlive what it mirrors, to be set anew.
                strategy.unlock_reason(reason)
        candle_ms = self._gated.timeframe_s * 1000
        for reason, denial in wanted.items():
            latest_ms = now_ms + _LONGEST_MS
            until_ms = latest_ms if denial.until_ms is None else min(denial.until_ms, latest_ms)
            # freqtrade rounds an end up to a candle's: from a moment before one, to that one.
            end_ms = until_ms // candle_ms * candle_ms
            if end_ms > now_ms:
                strategy.lock_pair(_EVERY_PAIR, _utc(end_ms - 1), reason)


def _text(denial: Denial) -> str:
    """The same for a denial as long as it stands: a lock is found again by it."""
    _, meaning, ends = REASON_TEXT.get(denial.reason, ("", "", ""))
    text = f"{PREFIX}{reason_name(denial.reason)}. {meaning} Ends: {ends}"
    return text[:_MAX_REASON_CHARS]


def _utc(ms: int) -> Any:
    return datetime.fromtimestamp(ms / 1000, UTC)
