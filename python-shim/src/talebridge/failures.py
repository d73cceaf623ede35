"""What becomes of a failure: a backtest stops, a bot logs it once and goes on.

freqtrade takes an exception in an entry hook for approval, so none may leave the gate.
"""

from __future__ import annotations

import logging
from types import TracebackType

from talebridge import spawn, wire
from talebridge._generated import Reason
from talebridge.abort import stop_run
from talebridge.errors import is_absence, reason_of, text_of
from talebridge.gated import Gated
from talebridge.modes import Context

logger = logging.getLogger(__name__)

SAME_AS_ABSENT = (
    Reason.UNAVAILABLE,
    Reason.PROTOCOL_ERROR,
    Reason.WRONG_FINGERPRINT,
    Reason.STALE_PORTFOLIO,
)
"""What the bridge as a whole is to blame for, and `on_unavailable` decides about."""
_PAUSED = "Entries are paused, exits continue"


class Failures:
    """Tells of the failures of one gate."""

    def __init__(self, gated: Gated) -> None:
        self._gated = gated

    def caught(self, about: str = "") -> _Caught:
        """A context that tells of an exception and swallows it: what follows it is the decision
        for that case."""
        return _Caught(self, about)

    def failed(self, error: Exception, about: str = "") -> None:
        """Tells of a failure: a backtest stops, a bot logs it. Never raises."""
        try:
            if self._gated.context is Context.OPTIMIZE:
                self.stop(error)
            else:
                self.report(error, about)
        except Exception:
            logger.exception("talebridge: a failure could not be reported: %s", error)

    def stop(self, error: Exception) -> None:
        """Stops a backtest, once."""
        run = self._gated.run
        if run is None or not run.stopped:
            if run is not None:
                run.stopped = True
            stop_run(f"{text_of(error)}{self.hint(error)}")

    def report(self, error: Exception, about: str = "", *, entry: bool = True) -> None:
        """Logs a failure once: per change for the bridge, per pair and reason for the rest.

        `entry`: the bridge was asked about an entry, not about candles.
        """
        run = self._gated.run
        reason = reason_of(error)
        text = text_of(error)
        if run is None:
            logger.error("talebridge: %s", text)
        elif reason in SAME_AS_ABSENT:
            run.bridge_down(reason, text, self._consequence(error), entry=entry)
        else:
            run.say_once(
                (about, reason),
                lambda message: logger.warning(
                    "talebridge: %s (%s)", message, wire.reason_name(reason), exc_info=error
                ),
                text,
            )

    def hint(self, error: Exception) -> str:
        """What to append to an error's text: how to get a bridge, where that would help."""
        return f". {self.way_out()}" if is_absence(error) else ""

    def way_out(self) -> str:
        """How to get a bridge, as one sentence for error messages."""
        gated = self._gated
        if gated.may_start_private:
            return spawn.how_to_name(gated.settings.directory())
        start = gated.place.how_to_start()
        if gated.context is Context.OPTIMIZE:
            return f"{start}, or set risk_bridge.autostart to auto"
        return start

    def _consequence(self, error: Exception) -> str:
        if self._gated.context is Context.PASSIVE:
            return "The risk_ columns stay empty"
        if self._gated.shadow:
            return "Mode is shadow: entries pass unjudged"
        match self._gated.settings.on_unavailable:
            case "deny":
                return f"{_PAUSED}{self.hint(error)}"
            case "allow":
                return "Entries pass, because on_unavailable is allow"
            case _:
                return "Entries pass on their last known verdict, because on_unavailable says so"


class _Caught:
    """The context of `Failures.caught`."""

    __slots__ = ("_about", "_failures")

    def __init__(self, failures: Failures, about: str) -> None:
        self._failures = failures
        self._about = about

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        # KeyboardInterrupt and SystemExit are not ours to swallow.
        if not isinstance(error, Exception):
            return False
        self._failures.failed(error, self._about)
        return True
