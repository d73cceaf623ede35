"""Bytes <-> typed messages of the wire protocol (protocol/spec.md). Knows no sockets.

Everything a peer sends is untrusted: numbers are converted by schema, and whatever does not fit is
a `ProtocolError`, so that a garbled answer can only deny.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgpack

from talebridge._generated import (
    LIMITS,
    PROTOCOL_MINOR,
    PROTOCOL_VERSION,
    Decision,
    Kind,
    Op,
    PositionState,
    Reason,
    Side,
    Stage,
    Status,
)
from talebridge.errors import (
    BadCandles,
    BridgeError,
    Busy,
    Late,
    NoSession,
    ProtocolError,
    SettingsRejected,
    ShimError,
    StalePortfolio,
    Unavailable,
    violations_text,
)

MAX_ID = 2**31 - 1
# This shim's own ids start again here: three bytes keep a question with its deadline in 128.
ID_CYCLE = 2**16
ANNOTATE_COLUMNS = ("date", "open", "high", "low", "close", "volume")
MARKET_COLUMN = "market_close"

E = TypeVar("E", Decision, Status)


@dataclass(frozen=True, slots=True)
class Hello:
    """First message on a connection; `settings` is the gate part plus `timeframe_s`."""

    client: str
    run_mode: str
    session: str
    settings: Mapping[str, Any]
    stake_currency: str | None = None


@dataclass(frozen=True, slots=True)
class HelloReply:
    """What the bridge says about itself and the session. Times in ms since 1970."""

    server: str
    boot: str
    engine_version: str
    engine_fingerprint: str
    fingerprint: str
    memory_rows: int
    columns: tuple[str, ...]
    handle: int
    seq: int
    samples_until_ms: int
    closed_until_ms: int
    """Close of the newest trade the session has; 0 before minor 2."""
    minor: int
    """The protocol minor the bridge speaks."""
    clock_ms: int | None
    """The bridge's wall clock; minor 0 does not tell."""


@dataclass(frozen=True, slots=True)
class Position:
    """An open position or a pending entry order; `stake` in stake currency, without leverage."""

    pair: str
    side: Side
    stake: float
    leverage: float
    state: PositionState
    loss: float | None = None
    """Share of its present value that is lost down to its stop-loss; None: not known."""


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A closed trade; `profit` as a share of its stake, time in ms since 1970."""

    trade: int
    close_ms: int
    profit: float


@dataclass(frozen=True, slots=True)
class CloseRow:
    """New closes of a pair, one step apart up to a time in ms since 1970; NaN: not known."""

    pair: str
    until_ms: int
    closes: Sequence[float]


@dataclass(frozen=True, slots=True)
class CloseNews:
    """Closes of pairs, all on one grid of times."""

    step_s: int
    keep: int
    """How many closes of a pair the session keeps."""
    rows: Sequence[CloseRow]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Account snapshot. `equity` and the samples are mark-to-market, in stake currency."""

    seq: int
    at_ms: int
    equity: float
    samples: Sequence[tuple[int, float]]
    positions: Sequence[Position]
    closed: Sequence[ClosedTrade] = ()
    closes: CloseNews | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One proposed entry. Money in stake currency, times in ms since 1970, size in 1/1024."""

    pair: str
    side: Side
    kind: Kind
    stage: Stage
    candle_open_ms: int
    now_ms: int
    size_1024: int
    reason: int
    value: float
    stake: float
    min_stake: float
    leverage: float
    rate: float
    facts: tuple[float, ...] | None = None
    """In the order of FACTS, NaN for what is not known; None: no limit asks for any."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Why every entry of a session is denied."""

    reason: int
    until_ms: int | None
    """It ends then at the latest; None: when someone acts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with a proposed entry; `value` and `limit` are NaN when nothing binds."""

    decision: Decision
    reason: int
    stake: float
    value: float
    limit: float
    journal_seq: int
    would: Decision


# --------------------------------------------------------------------------------------- encoding


def encode_hello(request_id: int, hello: Hello) -> bytes:
    """`[v, 0, id, {client, minor, run_mode, session, settings, stake_currency?}]`."""
    body: dict[str, Any] = {
        "client": hello.client,
        "minor": PROTOCOL_MINOR,
        "run_mode": hello.run_mode,
        "session": hello.session,
        "settings": hello.settings,
    }
    if hello.stake_currency is not None:
        body["stake_currency"] = hello.stake_currency
    return _pack([PROTOCOL_VERSION, int(Op.HELLO), request_id, body], LIMITS["hello_bytes"])


def encode_portfolio(request_id: int, handle: int, portfolio: Portfolio) -> bytes:
    """`[v, 4, id, handle, seq, at_ms, equity, samples, positions, closed?, closes?]`.

    Raises ShimError when the account holds more than the protocol admits.
    """
    if len(portfolio.positions) > LIMITS["positions"]:
        raise ShimError(
            f"{len(portfolio.positions)} open positions and pending orders; "
            f"the bridge takes at most {LIMITS['positions']}"
        )
    message = [
        PROTOCOL_VERSION,
        int(Op.PORTFOLIO),
        request_id,
        handle,
        portfolio.seq,
        portfolio.at_ms,
        _finite("equity", portfolio.equity),
        [[t, _finite("equity sample", e)] for t, e in portfolio.samples],
        [
            [
                _pair(p.pair),
                int(p.side),
                _finite("position stake", p.stake),
                _finite("position leverage", p.leverage),
                int(p.state),
                *([] if p.loss is None else [_finite("position loss", p.loss)]),
            ]
            for p in portfolio.positions
        ],
    ]
    news = portfolio.closes
    if portfolio.closed or news is not None:
        message.append(
            [[c.trade, c.close_ms, _finite("trade profit", c.profit)] for c in portfolio.closed]
        )
    if news is not None:
        message.append([news.step_s, news.keep, [_close_row(row) for row in news.rows]])
    return _pack(message, LIMITS["portfolio_bytes"])


def _close_row(row: CloseRow) -> list[Any]:
    return [_pair(row.pair), row.until_ms, [number("close", close) for close in row.closes]]


def encode_gate(
    request_id: int, handle: int, seq: int, question: Question, deadline_ms: int | None = None
) -> bytes:
    """`[v, 1, id, handle, seq, flags, pair, …, deadline_ms?, facts?]`: at most 128 bytes without
    facts.

    `deadline_ms`: wall clock in ms since 1970 after which the bridge need not answer any more.
    """
    flags = int(question.side) | int(question.kind) << 1 | int(question.stage) << 3
    message = [
        PROTOCOL_VERSION,
        int(Op.GATE),
        request_id,
        handle,
        seq,
        flags,
        _pair(question.pair),
        question.candle_open_ms,
        question.now_ms,
        question.size_1024,
        question.reason,
        number("value", question.value),
        number("stake", question.stake),
        number("min_stake", question.min_stake),
        number("leverage", question.leverage),
        number("rate", question.rate),
        *_deadline(deadline_ms),
    ]
    if question.facts is not None:
        if deadline_ms is None:
            message.append(None)
        told = [number("fact", fact) for fact in question.facts]
        while told and math.isnan(told[-1]):
            told.pop()
        message.append(told)
    return _pack(message, LIMITS["gate_bytes"])


def encode_annotate(
    request_id: int,
    rows: int,
    engine: Mapping[str, Any],
    *,
    market: bool = False,
    deadline_ms: int | None = None,
    wanted: Sequence[int] | None = None,
) -> bytes:
    """Header `[v, 2, id, rows, columns, engine, deadline_ms?, wanted?]`; the block follows as
    second frame.

    The block has six columns (`ANNOTATE_COLUMNS`), with `market` seven (`MARKET_COLUMN`).
    `wanted`: ascending indexes of the columns to be answered with; None: all.
    """
    if rows > LIMITS["rows"]:
        raise ShimError(f"{rows} candles; the bridge takes at most {LIMITS['rows']} in one frame")
    message = [
        PROTOCOL_VERSION,
        int(Op.ANNOTATE),
        request_id,
        rows,
        len(ANNOTATE_COLUMNS) + market,
        engine,
        *_deadline(deadline_ms),
    ]
    if wanted is not None:
        if deadline_ms is None:
            message.append(None)
        message.append(list(wanted))
    return _pack(message, LIMITS["annotate_header_bytes"])


def _deadline(deadline_ms: int | None) -> list[int]:
    return [] if deadline_ms is None else [deadline_ms]


def _pack(message: Sequence[Any], limit_bytes: int) -> bytes:
    try:
        frame: bytes = msgpack.packb(message, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise ShimError(f"a message to the bridge cannot be encoded: {error}") from error
    if len(frame) > limit_bytes:
        raise ShimError(f"a message to the bridge has {len(frame)} bytes, limit {limit_bytes}")
    return frame


def _pair(pair: object) -> str:
    if not isinstance(pair, str) or not pair:
        raise ShimError(f"the pair's name has to be a text, not {pair!r}")
    if len(pair.encode()) > LIMITS["pair_bytes"]:
        raise ShimError(f"the pair's name {pair!r} is longer than {LIMITS['pair_bytes']} bytes")
    return pair


def number(name: str, value: object) -> float:
    """Any number (numpy scalars, Decimal) as a float; NaN and infinities pass.

    Raises ShimError for what is not a number.
    """
    if isinstance(value, str | bytes | bool) or value is None:
        raise ShimError(f"{name} has to be a number, not {value!r}")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise ShimError(f"{name} has to be a number, not {value!r}") from error


def _finite(name: str, value: object) -> float:
    result = number(name, value)
    if not math.isfinite(result):
        raise ShimError(f"{name} is {result}")
    return result


# --------------------------------------------------------------------------------------- decoding


def open_reply(frame: bytes) -> tuple[int, list[Any] | BridgeError]:
    """The id a reply is under, and its payload `[…]`; the matching error for a reply with another
    status than ok.

    Raises ProtocolError for anything that is not a reply.
    """
    try:
        message = msgpack.unpackb(frame, raw=False, strict_map_key=True)
    except Exception as error:
        raise ProtocolError(f"the bridge sent something that is not msgpack ({error})") from error
    if not isinstance(message, list) or len(message) < 3:
        raise ProtocolError("the bridge sent something that is not a reply")
    if message[0] != PROTOCOL_VERSION:
        raise ProtocolError(
            f"the bridge speaks protocol version {message[0]!r}, this shim {PROTOCOL_VERSION}: "
            "install the same talebridge version on both sides"
        )
    reply_id = _int("id", message[1], 0, MAX_ID)
    status = _enum(Status, "status", message[2])
    return reply_id, message[3:] if status is Status.OK else _status_error(status, message)


def decode_reply(frame: bytes, request_id: int) -> list[Any]:
    """The payload `[…]` of an ok reply to the request with this id.

    Raises ProtocolError for anything that is not such a reply, and the matching BridgeError for a
    reply with another status.
    """
    reply_id, reply = open_reply(frame)
    if isinstance(reply, BridgeError):
        raise reply
    if reply_id != request_id:
        raise ProtocolError(f"the bridge answered request {reply_id}, asked was {request_id}")
    return reply


def _status_error(status: Status, message: list[Any]) -> BridgeError:
    text = message[3] if len(message) > 3 and isinstance(message[3], str) else "no explanation"
    text = text[: LIMITS["message_chars"]]
    detail = message[4] if len(message) > 4 and isinstance(message[4], dict) else {}
    match status:
        case Status.NO_SESSION:
            return NoSession(text)
        case Status.STALE_PORTFOLIO:
            return StalePortfolio(text)
        case Status.LATE:
            return Late(f"the bridge came to the request after its deadline: {text}")
        case Status.BUSY:
            return Busy(f"the bridge is busy: {text}")
        case Status.INTERNAL:
            return Unavailable(f"the bridge failed on this request: {text}")
        case Status.BAD_INPUT:
            row = detail.get("row")
            return BadCandles(
                str(detail.get("message", text)),
                row if isinstance(row, int) else -1,
                str(detail.get("column", "")),
            )
        case Status.SETTINGS:
            return SettingsRejected(
                f"the bridge refuses the settings:\n{_violations(detail) or text}"
            )
        case Status.VERSION:
            return ProtocolError(
                f"{text} (this shim: {PROTOCOL_VERSION}.{PROTOCOL_MINOR}): "
                "install the same talebridge version on both sides"
            )
        case _:
            return ProtocolError(f"the bridge rejects the request ({status.name.lower()}): {text}")


def _violations(detail: Mapping[str, Any]) -> str:
    entries = detail.get("violations")
    if not isinstance(entries, list):
        return ""
    found: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, dict):
            path = str(entry.get("path", "")).lstrip("/").replace("/", ".")
            found[path] = str(entry.get("message", ""))
    return violations_text(found)


def decode_hello(payload: Sequence[Any]) -> HelloReply:
    """Reply to hello."""
    body = payload[0] if payload else None
    if not isinstance(body, dict):
        raise ProtocolError("the bridge's hello carries no map")
    columns = body.get("columns")
    if not isinstance(columns, list) or not all(isinstance(c, str) for c in columns):
        raise ProtocolError("the bridge's hello names no columns")
    clock = body.get("clock_ms")
    return HelloReply(
        server=_str("server", body.get("server")),
        boot=_str("boot", body.get("boot")),
        engine_version=_str("engine_version", body.get("engine_version")),
        engine_fingerprint=_str("engine_fingerprint", body.get("engine_fingerprint")),
        fingerprint=_str("fingerprint", body.get("fingerprint")),
        memory_rows=_int("memory_rows", body.get("memory_rows"), 1, LIMITS["rows"]),
        columns=tuple(columns),
        handle=_int("handle", body.get("handle"), 0, 2**32 - 1),
        seq=_int("seq", body.get("seq"), 0, 2**53),
        samples_until_ms=_int("samples_until_ms", body.get("samples_until_ms"), 0, 2**53),
        closed_until_ms=_int("closed_until_ms", body.get("closed_until_ms", 0), 0, 2**53),
        minor=_int("minor", body.get("minor"), 0, 65535),
        clock_ms=None if clock is None else _int("clock_ms", clock, 0, 2**53),
    )


def decode_portfolio(payload: Sequence[Any]) -> int:
    """The session's sequence number after a portfolio message."""
    return _int("seq", payload[0] if payload else None, 0, 2**53)


def encode_standing(request_id: int, handle: int, seq: int, now_ms: int) -> bytes:
    """`[v, 11, id, handle, seq, now_ms]`."""
    message = [PROTOCOL_VERSION, int(Op.STANDING), request_id, handle, seq, now_ms]
    return _pack(message, LIMITS["gate_bytes"])


def decode_standing(payload: Sequence[Any]) -> tuple[Denial, ...]:
    """What denies every entry of a session."""
    rows = payload[0] if payload else None
    if not isinstance(rows, list) or not all(isinstance(r, list) and len(r) > 1 for r in rows):
        raise ProtocolError("the bridge's list of denials is malformed")
    return tuple(
        Denial(_int("reason", row[0], 0, 255), _int("until_ms", row[1], 0, 2**53) or None)
        for row in rows
    )


def decode_gate(payload: Sequence[Any], question: Question) -> Answer:
    """Reply to gate; an answer that would enlarge the stake is a protocol error."""
    if len(payload) < 7:
        raise ProtocolError("the bridge's answer is too short")
    decision = _enum(Decision, "decision", payload[0])
    stake = _float("stake", payload[2])
    # Rounding of the proposed stake on its way through a float must not look like an enlargement.
    top = question.stake * (1 + 1e-9)
    if decision is not Decision.DENY and math.isfinite(question.stake) and not 0 < stake <= top:
        raise ProtocolError(
            f"the bridge answered {decision.name.lower()} with stake {stake} "
            f"to a proposal of {question.stake}"
        )
    return Answer(
        decision=decision,
        reason=_int("reason", payload[1], 0, 65535),
        stake=stake,
        value=_float("value", payload[3]),
        limit=_float("limit", payload[4]),
        journal_seq=_int("journal_seq", payload[5], 0, 2**53),
        would=_enum(Decision, "would", payload[6]),
    )


def decode_annotate(payload: Sequence[Any]) -> tuple[int, int, str]:
    """`(rows, columns, engine_fingerprint)` of an annotate reply's header."""
    if len(payload) < 3:
        raise ProtocolError("the bridge's annotate header is too short")
    return (
        _int("rows", payload[0], 0, LIMITS["rows"]),
        _int("columns", payload[1], 1, 1024),
        _str("engine_fingerprint", payload[2]),
    )


def _int(name: str, value: object, low: int, high: int) -> int:
    # JavaScript packs integers from 2^32 on as float64.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ProtocolError(f"the bridge sent {name} {value!r}, not an integer {low}…{high}")
    return value


def _float(name: str, value: object) -> float:
    # JavaScript packs 1.0 as the integer 1.
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ProtocolError(f"the bridge sent {name} {value!r}, not a number")
    return float(value)


def _str(name: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise ProtocolError(f"the bridge sent {name} {value!r}, not a text")
    return value


def _enum(kind: type[E], name: str, value: object) -> E:
    code = _int(name, value, 0, 255)
    try:
        return kind(code)
    except ValueError:
        raise ProtocolError(f"the bridge sent the unknown {name} {code}") from None


def reason_name(code: int) -> str:
    """Name of a reason code; `reason_<code>` for one this shim does not know."""
    try:
        return Reason(code).name.lower()
    except ValueError:
        return f"reason_{code}"
