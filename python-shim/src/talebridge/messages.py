"""Messages to a bot's owner, by freqtrade's own ways: Telegram, webhook, Discord."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from talebridge._generated import ACCOUNT_REASONS, REASON_TEXT, Reason
from talebridge.wire import reason_name

logger = logging.getLogger(__name__)

MAX_CHARS = 1000
"""freqtrade takes up to 4096."""


PAUSES = ACCOUNT_REASONS - {Reason.ENTRY_RATE}
"""Why all entries are denied, as far as the owner is told. A throttle that is reached with every
entry is no news."""


def pause_text(reason: int, numbers: tuple[float, float] | None = None) -> str:
    """That the account itself has every entry denied; `numbers`: the measure and its limit."""
    name, _, ends = REASON_TEXT.get(reason, (reason_name(reason), "", ""))
    measured = ""
    if numbers is not None and all(map(math.isfinite, numbers)):
        measured = f" ({numbers[0]:.6g}, limit {numbers[1]:.6g})"
    return f"entries are paused, exits continue: {name}{measured}. Ends: {ends}"


def sender(strategy: Any) -> Callable[[str], None]:
    """A function that sends a text through a strategy's data provider. It never raises.

    Callers send once per change, so nothing is held back as a repetition: the bridge may be lost
    twice within a candle.
    """

    def send(text: str) -> None:
        provider = getattr(strategy, "dp", None)
        if provider is None or not hasattr(provider, "send_msg"):
            # Before a bot's start, and in freqtrade's stand-ins.
            return
        try:
            provider.send_msg(f"talebridge: {text}"[:MAX_CHARS], always_send=True)
        except Exception as error:  # noqa: BLE001 - a message must not disturb the bot
            logger.debug("talebridge: no message could be sent: %s", error)

    return send
