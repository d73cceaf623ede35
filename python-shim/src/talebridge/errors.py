"""What can go wrong between the shim and the bridge, each with the reason code it denies with."""

from __future__ import annotations

from collections.abc import Mapping

from talebridge._generated import Reason


class BridgeError(Exception):
    """The bridge gave no usable answer.

    The text says what happened and what to do about it.
    """

    reason: Reason = Reason.UNAVAILABLE


class Unavailable(BridgeError):
    """Nobody answers: absent, dead, slow, overloaded, or the breaker is open."""


class Absent(Unavailable):
    """Nobody listens, or the connection broke."""


class TimedOut(Unavailable):
    """Somebody listens but gave no answer in time."""


class Late(TimedOut):
    """Somebody answers, but came to the request after its deadline and did nothing about it."""


class Refused(Absent):
    """Somebody listens but does not let us in, or we have no key: no waiting will help."""


class SendFailed(Absent):
    """The request never left this process, so it may be sent again on a fresh connection."""


class Broken(Absent):
    """The connection ended before the answer came, so it never will; whether the request was read
    is not known. Asking again does no harm: a bridge counts a question once."""


class ProtocolError(BridgeError):
    """The peer answered with something that is not our protocol, or with another version of it."""

    reason = Reason.PROTOCOL_ERROR


class WrongFingerprint(BridgeError):
    """The bridge's engine is not the one this shim was built for or this run began with."""

    reason = Reason.WRONG_FINGERPRINT


class SettingsRejected(BridgeError):
    """The settings are invalid; every violation is listed in the text."""

    reason = Reason.SHIM_ERROR


class BadCandles(BridgeError):
    """The candles are invalid; `row` counts from 0, `column` names the field."""

    reason = Reason.BAD_INPUT

    def __init__(self, message: str, row: int = -1, column: str = "") -> None:
        super().__init__(message)
        self.row = row
        self.column = column


class NoVerdict(BridgeError):
    """The analysed frame carries no verdict for the signal candle."""

    reason = Reason.NO_VERDICT


class StalePortfolio(BridgeError):
    """The bridge holds another portfolio than the one quoted; it has to be sent again."""

    reason = Reason.STALE_PORTFOLIO


class NoSession(BridgeError):
    """The bridge does not know the session, as after a restart: hello again."""


class Busy(Unavailable):
    """Too much batch work is queued in the bridge; worth another try within the deadline."""


class ShimError(BridgeError):
    """The shim could not ask, for a reason of its own."""

    reason = Reason.SHIM_ERROR


def violations_text(violations: Mapping[str, str]) -> str:
    """All violations as one text, a line each: `path -> message`."""
    return "\n".join(f"  risk_bridge.{path}: {message}" for path, message in violations.items())


def reason_of(error: Exception) -> Reason:
    """The reason code of whatever went wrong."""
    return error.reason if isinstance(error, BridgeError) else Reason.SHIM_ERROR


def text_of(error: Exception) -> str:
    """One sentence for the log, without a full stop."""
    if isinstance(error, BridgeError):
        return str(error)
    return f"the shim failed with {type(error).__name__}: {error}; please report it"


def is_absence(error: Exception) -> bool:
    """Whether nobody answers, so that starting a bridge would help."""
    return (
        isinstance(error, BridgeError)
        and error.reason is Reason.UNAVAILABLE
        and not isinstance(error, Refused | SettingsRejected)
    )
