"""One session with the bridge: hello, portfolio, gate and annotate, each within one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from talebridge import client, columns, wire
from talebridge._generated import COLUMNS, ENGINE_VERSION, FACTS, LIMITS, MEMORY_ROWS, Stage
from talebridge.client import Channel
from talebridge.deadline import Deadline
from talebridge.errors import (
    Absent,
    BadCandles,
    BridgeError,
    Broken,
    Busy,
    Late,
    NoSession,
    ProtocolError,
    Refused,
    SendFailed,
    StalePortfolio,
    Unavailable,
    WrongFingerprint,
)
from talebridge.history import Ledger, WantedCloses
from talebridge.place import Kind, Place
from talebridge.portfolio import Samples
from talebridge.wire import (
    Answer,
    ClosedTrade,
    CloseNews,
    Denial,
    Hello,
    HelloReply,
    Portfolio,
    Position,
    Question,
)

T = TypeVar("T")

_MAX_ROUNDS = 8
"""Requests one call may need: hello, portfolio, samples in parts, and the same after a restart."""
_DEADLINE_MINOR = 1
_MARKET_MINOR = 1
_LEVERAGE_MINOR = 3
_CLOSES_MINOR = 3
_STANDING_MINOR = 3
_COLUMNS_MINOR = 4
"""Protocol minors from which a bridge understands these."""
_RESTART_PAUSE_S = 0.1
"""Pause before a bridge that has gone away is looked for again."""
_PART_ROWS = 16_384
"""Rows asked about at a time: 8 MB of columns."""
_PARTS_AHEAD = 2
"""Parts asked about before the first is answered: the bridge judges two at a time."""
_BUSY_PAUSES_S = (0.02, 1.0)
"""First and longest pause before a busy bridge is asked again."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a frame, asked about together."""

    first: int
    """The first one sent: what the part's own first row depends on begins here."""
    begin: int
    end: int

    def named(self, error: BridgeError) -> BridgeError:
        """An error about this part, as one about the frame."""
        if not isinstance(error, BadCandles):
            return error
        row = self.first + error.row
        text = str(error).replace(f"row {error.row},", f"row {row},", 1)
        return BadCandles(text, row, error.column)


def _parts(rows: int, memory: int) -> list[Part]:
    """One part for a frame of few rows; `memory`: rows that a row depends on."""
    if rows <= memory + _PART_ROWS:
        return [Part(0, 0, rows)]
    begins = range(0, rows, _PART_ROWS)
    return [Part(max(0, b - memory), b, min(b + _PART_ROWS, rows)) for b in begins]


@dataclass(frozen=True)
class Terms:
    """What a session says in its hello, and how long it waits. Plain data."""

    hello: Hello
    engine: Mapping[str, Any]
    window_set: str
    hello_timeout_s: float
    gate_timeout_s: float
    batch_timeout_s: float
    breaker_s: float
    deadlines: bool
    """Whether requests tell when nobody waits for them any more: where time is the wall clock's."""
    busy_wait_s: float
    """How long to wait for a turn at a busy bridge, beyond the deadline of an answer."""
    restart_wait_s: float
    """How long to wait for a bridge that has gone away, likewise."""
    columns: columns.Names = columns.NAMES
    """Of the candles, those wanted."""


def _none_closed(_: int) -> Sequence[ClosedTrade]:
    return ()


@dataclass(frozen=True)
class Snapshot:
    """The account at the time of a question."""

    at_ms: int
    equity: float
    positions: tuple[Position, ...]
    closed: Callable[[int], Sequence[ClosedTrade]] = _none_closed
    """Gives trades closed at or after a time, in order of time. Asked when it is known what the
    bridge has: one that was started again may have fewer than the one before."""
    closes: WantedCloses | None = None
    """Closes the question needs; None where no limit asks for them."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Parts of a block that were asked about and not waited for."""

    channel: Channel
    block: columns.Block
    asked: dict[int, Part]
    """By the id of the request."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """Where the journal holds an answer: lines are numbered anew by every start of a daemon."""

    session: str
    boot: str
    line: int

    def __str__(self) -> str:
        return f"journal line {self.line} of boot {self.boot}"


class Session:
    """A portfolio session. Used by several threads, under its owner's lock."""

    def __init__(self, place: Place, terms: Terms, fingerprint: str | None) -> None:
        self.place = place
        self.terms = terms
        self.fingerprint = fingerprint
        """The decisions' fingerprint this run began with; None until the first hello."""
        self.samples = Samples()
        self._begun: Begun | None = None
        self._boot = ""
        self._handle = 0
        self._seq = 0
        self._samples_until_ms = 0
        self._closed_until_ms = 0
        """Close of the newest trade the bridge has."""
        self._closed: frozenset[ClosedTrade] = frozenset()
        """Trades sent that closed in that moment: more may follow that did."""
        self._closes = Ledger()
        self._sent: tuple[float, Sequence[Position]] | None = None
        self._engine = ""
        self._sized: tuple[Question, str] | None = None
        """The last question about a size that was answered, and by which boot of the bridge."""

    def open(self) -> HelloReply:
        """Says hello on the gate socket."""
        deadline = Deadline(self.terms.hello_timeout_s)
        return self._guarded("gate", deadline, lambda channel: self._hello(channel, deadline))

    def ask(self, question: Question, snapshot: Snapshot) -> Answer:
        """Asks the gate about an entry, after telling it of any change of the account."""
        deadline = Deadline(self.terms.gate_timeout_s)

        def asked(channel: Channel, question: Question) -> Answer:
            def encode(channel: Channel, request_id: int, seq: int) -> bytes:
                until_ms = self._until_ms(channel, deadline)
                told = _known_to(channel.minor, question)
                return wire.encode_gate(request_id, self._handle, seq, told, until_ms)

            reply = self._under(channel, snapshot, deadline, encode)
            return wire.decode_gate(reply, question)

        def once(channel: Channel) -> Answer:
            if question.stage is Stage.FINAL:
                sized = self._unknown_size(channel, question, deadline)
                if sized is not None:
                    asked(channel, sized)
            answer = asked(channel, question)
            if question.stage is Stage.SIZE:
                self._sized = (question, self._boot)
            return answer

        return self._guarded("gate", deadline, once)

    def _unknown_size(
        self, channel: Channel, question: Question, deadline: Deadline
    ) -> Question | None:
        """The question about the size of an entry that is to be confirmed, if the bridge was
        started again in between: it would take a stake that was cut for one that is to be cut.

        A bot's bridge has it in its journal.
        """
        if self._sized is None or self.terms.deadlines:
            return None
        self._greet(channel, deadline)
        sized, boot = self._sized
        same = all(
            getattr(sized, key) == getattr(question, key)
            for key in ("pair", "side", "kind", "candle_open_ms")
        )
        return sized if same and boot != self._boot else None

    def standing(self, now_ms: int, snapshot: Snapshot) -> tuple[Denial, ...]:
        """What denies every entry, after telling the gate of any change of the account."""
        deadline = Deadline(self.terms.gate_timeout_s)

        def encode(channel: Channel, request_id: int, seq: int) -> bytes:
            if channel.minor < _STANDING_MINOR:
                raise ProtocolError(
                    "the bridge is too old for risk_bridge.lock_pairs: "
                    "install the same talebridge version on both sides"
                )
            return wire.encode_standing(request_id, self._handle, seq, now_ms)

        def once(channel: Channel) -> tuple[Denial, ...]:
            return wire.decode_standing(self._under(channel, snapshot, deadline, encode))

        return self._guarded("gate", deadline, once)

    def tell(self, snapshot: Snapshot) -> None:
        """Tells the gate of any change of the account."""
        deadline = Deadline(self.terms.gate_timeout_s)

        def once(channel: Channel) -> None:
            self._greet(channel, deadline)
            news = self._news(channel, snapshot, deadline)
            if news is not None:
                request_id, frame = self._portfolio_frame(channel, news)
                self._told(news, channel.request(request_id, [frame], deadline)[0])

        self._guarded("gate", deadline, once)

    def _under(
        self,
        channel: Channel,
        snapshot: Snapshot,
        deadline: Deadline,
        encode: Callable[[Channel, int, int], bytes],
    ) -> list[Any]:
        """The reply to what is asked under an account, of which the gate is told first."""
        self._greet(channel, deadline)
        news = self._news(channel, snapshot, deadline)
        asked = [] if news is None else [self._portfolio_frame(channel, news)]
        request_id = channel.new_id()
        seq = self._seq if news is None else news.seq
        asked.append((request_id, encode(channel, request_id, seq)))
        replies = channel.requests(asked, deadline)
        if news is not None:
            self._told(news, _payload(replies[0]))
        return _payload(replies[-1])

    def line_of(self, answer: Answer) -> JournalLine:
        """Of the answer given last."""
        return JournalLine(self.terms.hello.session, self._boot, answer.journal_seq)

    def post(self, question: Question, then: Callable[[Answer | BridgeError], None]) -> bool:
        """Asks about an entry under the account as it was last told, and does not wait: `then` is
        told the answer by `settle`, or earlier. It must not raise.

        False, and nothing is asked, where the bridge would have to be told something first.
        """
        channel = self._settled("gate")
        if channel.boot is None or channel.boot != self._boot or self._sent is None:
            return False
        request_id = channel.new_id()
        told = _known_to(channel.minor, question)
        frame = wire.encode_gate(request_id, self._handle, self._seq, told)

        def answered(reply: list[Any] | BridgeError) -> None:
            try:
                then(wire.decode_gate(_payload(reply), question))
            except BridgeError as error:
                then(error)

        try:
            channel.post(request_id, frame, self.terms.gate_timeout_s, answered)
        except SendFailed:
            return False
        return True

    def settle(self) -> None:
        """Waits for the answer to what was posted, if one is to come."""
        self._settled("gate")

    def _settled(self, kind: Kind) -> Channel:
        """The channel, with nothing on its way: what shows that the bridge has gone is known before
        anything is asked under a handle it gave."""
        channel = client.channel(self.place, kind)
        channel.settle()
        return channel

    def annotate(
        self, block: columns.Block, into: columns.Block | None = None, *, urgent: bool = False
    ) -> columns.Block:
        """The wanted columns for a block of candles, shape (columns, rows): six, or seven with
        the market pair's closes. `into`: where to put them.

        With `urgent` it waits no longer than a gate question does. Many rows are asked about in
        parts, each with the rows its first one depends on: the same bits, in memory that is used
        again for every part, where that of one long reply would have to be made page by page.
        """
        rows = block.shape[1]
        result = np.empty((len(self.terms.columns), rows)) if into is None else into
        # Half a second per 100,000 rows on top: transfer and memory, generously.
        long_s = self.terms.batch_timeout_s + rows * 5e-6
        deadline = Deadline(self.terms.gate_timeout_s if urgent else long_s)
        left = _parts(rows, MEMORY_ROWS[self.terms.window_set])

        def once(channel: Channel) -> None:
            begun = self._begun_about(channel, block)
            # The connection may be one a previous session of this process said hello on.
            if channel.boot is None or not self._engine:
                begun = {}
                self._hello(channel, deadline)
            self._annotate(channel, block, result, left, begun, deadline)

        self._guarded("batch", deadline, once)
        return result

    def begin(self, block: columns.Block) -> None:
        """Asks about the first parts of a block that `annotate` is going to be called with, and
        does not wait: the bridge judges them meanwhile. Called again with the same candles, it does
        nothing; where it is not known yet who answers, neither.

        Raises BridgeError; `annotate` asks anew then.
        """
        channel = client.channel(self.place, "batch")
        if self._is_begun(channel, block):
            return
        self._begun = None
        channel.alone()
        if channel.boot is None or not self._engine:
            return
        parts = _parts(block.shape[1], MEMORY_ROWS[self.terms.window_set])[:_PARTS_AHEAD]
        asked: dict[int, Part] = {}
        deadline = Deadline(self.terms.batch_timeout_s)
        channel.begin(self._requests(channel, block, parts, asked, deadline), deadline)
        self._begun = Begun(channel, block, asked)

    def _is_begun(self, channel: Channel, block: columns.Block) -> bool:
        """Whether the replies about these very candles can still be had."""
        begun = self._begun
        return (
            begun is not None
            and begun.channel is channel
            and channel.unread == begun.asked.keys()
            and (begun.block is block or _same_bits(begun.block, block))
        )

    def _begun_about(self, channel: Channel, block: columns.Block) -> dict[int, Part]:
        """What was begun about these candles; what was about others is given up."""
        found = self._begun.asked if self._begun and self._is_begun(channel, block) else {}
        self._begun = None
        if not found:
            channel.alone()
        return found

    def _requests(
        self,
        channel: Channel,
        block: columns.Block,
        parts: Sequence[Part],
        asked: dict[int, Part],
        deadline: Deadline,
    ) -> Iterator[tuple[int, Sequence[Any]]]:
        """Requests about parts, noted in `asked` as they are made."""
        market = len(block) > len(wire.ANNOTATE_COLUMNS)
        if market and channel.minor < _MARKET_MINOR:
            raise ProtocolError(
                "the bridge is too old for risk_bridge.market_pair: "
                "install the same talebridge version on both sides"
            )
        names = self.terms.columns
        choose = channel.minor >= _COLUMNS_MINOR and names != columns.NAMES
        wanted = columns.indexes(names) if choose else None
        for part in parts:
            request_id = channel.new_id()
            asked[request_id] = part
            header = wire.encode_annotate(
                request_id,
                part.end - part.first,
                self.terms.engine,
                market=market,
                deadline_ms=self._until_ms(channel, deadline),
                wanted=wanted,
            )
            yield request_id, [header, np.ascontiguousarray(block[:, part.first : part.end])]

    def _annotate(
        self,
        channel: Channel,
        block: columns.Block,
        result: columns.Block,
        left: list[Part],
        begun: dict[int, Part],
        deadline: Deadline,
    ) -> None:
        """Asks about the parts left that are not begun, and takes from all what is answered."""
        asked = dict(begun)
        others = [part for part in left if part not in begun.values()]
        requests = self._requests(channel, block, others, asked, deadline)
        failed: list[tuple[Part, BridgeError]] = []
        replies = channel.pipelined(requests, deadline, _PARTS_AHEAD, begun=bool(begun))
        with closing(replies):
            for request_id, reply, frames in replies:
                part = asked.pop(request_id)
                if isinstance(reply, BridgeError):
                    failed.append((part, reply))
                    continue
                answer = self._columns_of(part, reply, frames)
                result[:, part.begin : part.end] = answer[:, part.begin - part.first :]
                left.remove(part)
        if failed:
            part, error = min(failed, key=lambda one: one[0].begin)
            raise part.named(error)
        if left:
            # Their rows of the result hold whatever was in memory.
            raise Broken(f"the bridge answered nothing about rows {left[0].begin} and on")

    def _columns_of(self, part: Part, payload: list[Any], frames: list[Any]) -> columns.Block:
        """What the bridge answered about the rows of a part, those before it included."""
        rows = part.end - part.first
        got_rows, got_columns, engine = wire.decode_annotate(payload)
        if got_rows != rows:
            raise ProtocolError(f"the bridge sent {got_rows} rows, asked were {rows}")
        if engine != self._engine:
            raise WrongFingerprint(_changed("engine", self._engine, engine))
        data = frames[0] if frames else None
        return columns.from_reply(data, rows, got_columns, self.terms.columns)

    def _guarded(self, kind: Kind, deadline: Deadline, once: Callable[[Channel], T]) -> T:
        """Runs `once`, and again once a bridge that went away is back, where that is waited for."""
        gone: Deadline | None = None
        while True:
            try:
                return self._tried(kind, deadline, once)
            except Refused:
                raise
            except Absent:
                if gone is None:
                    gone = Deadline(self.terms.restart_wait_s)
                if gone.left_ms() == 0:
                    raise
                time.sleep(_RESTART_PAUSE_S)
                deadline.restart()

    def _tried(self, kind: Kind, deadline: Deadline, once: Callable[[Channel], T]) -> T:
        """Runs `once`, again as long as the error is one that asking again can cure."""
        breaker = client.breaker(self.place, kind)
        breaker.check()
        channel = self._settled(kind)
        turn = Deadline(self.terms.busy_wait_s)
        pause_s = _BUSY_PAUSES_S[0]
        cured: set[type[Unavailable]] = set()
        rounds = 0
        try:
            while rounds < _MAX_ROUNDS:
                rounds += 1
                try:
                    result = once(channel)
                except (SendFailed, Broken, Late) as error:
                    # Late with time left: the bridge's clock was set since its hello, or that was
                    # answered slowly. Nothing was decided, and the next try asks its clock again.
                    if type(error) in cured or deadline.left_ms() == 0:
                        raise
                    cured.add(type(error))
                except NoSession:
                    channel.boot = None
                except StalePortfolio:
                    self._sent = None
                    channel.boot = None
                except Busy:
                    if max(deadline.left_ms(), turn.left_ms()) <= pause_s * 1000:
                        raise
                    time.sleep(pause_s)
                    pause_s = min(2 * pause_s, _BUSY_PAUSES_S[1])
                    if turn.left_ms() > 0:
                        deadline.restart()
                    rounds -= 1
                else:
                    breaker.succeeded()
                    return result
                if deadline.left_ms() == 0:
                    break
        except Unavailable as error:
            breaker.failed(error, self.terms.breaker_s)
            raise
        raise StalePortfolio(
            "the bridge kept asking for the portfolio; do two bots share one risk_bridge.session?"
        )

    def _greet(self, channel: Channel, deadline: Deadline) -> None:
        """Says hello where this session has not said it to who answers there now."""
        if channel.boot is None or channel.boot != self._boot:
            self._hello(channel, deadline)

    def _hello(self, channel: Channel, deadline: Deadline) -> HelloReply:
        request_id = channel.new_id()
        frame = wire.encode_hello(request_id, self.terms.hello)
        asked_ms = time.time() * 1000
        payload, _ = channel.request(request_id, [frame], deadline)
        reply = wire.decode_hello(payload)
        self._verify(reply)
        channel.greeted(reply, asked_ms)
        if channel.kind == "gate":
            self._boot = reply.boot
            self._handle = reply.handle
            if reply.seq != self._seq:
                self._sent = None
            self._seq = reply.seq
            self._samples_until_ms = reply.samples_until_ms
            self._closed_until_ms = reply.closed_until_ms
            self._closed = frozenset()
            self._closes = Ledger()
        return reply

    def _until_ms(self, channel: Channel, deadline: Deadline) -> int | None:
        """The deadline on the bridge's wall clock, None where it is not told."""
        if not self.terms.deadlines or channel.minor < _DEADLINE_MINOR:
            return None
        return deadline.wall_ms() + channel.clock_ahead_ms

    def _verify(self, reply: HelloReply) -> None:
        """The bridge has to run the engine this shim was built for and this run began with."""
        expected = tuple(spec.name for spec in COLUMNS)
        rows = MEMORY_ROWS[self.terms.window_set]
        for what, mine, theirs in (
            ("engine version", ENGINE_VERSION, reply.engine_version),
            ("list of columns", expected, reply.columns),
            ("number of start-up candles", rows, reply.memory_rows),
        ):
            if mine != theirs:
                raise WrongFingerprint(
                    f"the bridge's {what} is {theirs!r}, this shim was built for {mine!r}: "
                    "install the same talebridge version on both sides"
                )
        if self.fingerprint is None:
            self.fingerprint = reply.fingerprint
        elif self.fingerprint != reply.fingerprint:
            raise WrongFingerprint(_changed("fingerprint", self.fingerprint, reply.fingerprint))
        self._engine = reply.engine_fingerprint

    def _news(self, channel: Channel, snapshot: Snapshot, deadline: Deadline) -> Portfolio | None:
        """What the bridge does not know of the account; None if it knows all. Of more samples,
        trades or closes than one message takes, all but the last part are sent here."""
        while True:
            samples = self.samples.after(self._samples_until_ms)
            closed = self._unsent(snapshot)
            closes = self._unsent_closes(channel, snapshot)
            account = (snapshot.equity, snapshot.positions)
            if not samples and not closed and closes is None and self._sent == account:
                return None
            news = Portfolio(
                self._seq + 1,
                snapshot.at_ms,
                snapshot.equity,
                samples,
                snapshot.positions,
                closed,
                closes,
            )
            full = (
                len(samples) == LIMITS["samples"]
                or len(closed) == LIMITS["closed"]
                or (closes is not None and len(closes.rows) == LIMITS["close_pairs"])
            )
            if not full:
                return news
            request_id, frame = self._portfolio_frame(channel, news)
            self._told(news, channel.request(request_id, [frame], deadline)[0])

    def _portfolio_frame(self, channel: Channel, news: Portfolio) -> tuple[int, bytes]:
        request_id = channel.new_id()
        return request_id, wire.encode_portfolio(request_id, self._handle, news)

    def _told(self, news: Portfolio, payload: list[Any]) -> None:
        """Notes what the bridge knows now, by its reply."""
        known = wire.decode_portfolio(payload)
        self._seq = known
        if known != news.seq:
            raise StalePortfolio(f"the bridge has snapshot {known}, not {news.seq}")
        self._sent = (news.equity, news.positions)
        if news.samples:
            self._samples_until_ms = news.samples[-1][0]
        if news.closed:
            self._note_closed(news.closed)
        if news.closes is not None:
            self._closes.note(news.closes)

    def _unsent(self, snapshot: Snapshot) -> list[ClosedTrade]:
        """The oldest trades the bridge may not have, as many as one message takes."""
        until_ms = self._closed_until_ms
        unsent = [
            one
            for one in snapshot.closed(until_ms)
            if until_ms <= one.close_ms <= snapshot.at_ms and one not in self._closed
        ]
        return unsent[: LIMITS["closed"]]

    def _unsent_closes(self, channel: Channel, snapshot: Snapshot) -> CloseNews | None:
        """Closes the question needs and the bridge lacks, as many as one message takes."""
        wanted = snapshot.closes
        if wanted is None:
            return None
        if channel.minor < _CLOSES_MINOR:
            raise ProtocolError(
                "the bridge is too old for risk_bridge.limits.max_cluster_exposure and "
                "max_book_es: install the same talebridge version on both sides"
            )
        return self._closes.news(wanted)

    def _note_closed(self, sent: Sequence[ClosedTrade]) -> None:
        last_ms = sent[-1].close_ms
        known = self._closed if last_ms == self._closed_until_ms else frozenset()
        self._closed = known | {one for one in sent if one.close_ms == last_ms}
        self._closed_until_ms = last_ms


def _same_bits(one: columns.Block, other: columns.Block) -> bool:
    return one.shape == other.shape and bool((one.view("<i8") == other.view("<i8")).all())


def _payload(reply: list[Any] | BridgeError) -> list[Any]:
    if isinstance(reply, BridgeError):
        raise reply
    return reply


def _known_to(minor: int, question: Question) -> Question:
    """A question without what an older bridge would refuse; it needs none of that to decide."""
    if question.facts is None or minor >= _LEVERAGE_MINOR:
        return question
    return replace(question, facts=question.facts[: FACTS.index("wanted_leverage")])


def _changed(what: str, before: str, now: str) -> str:
    return (
        f"the bridge's {what} changed from {before} to {now} during this run: "
        "restart the bot to accept it, or start the bridge this run began with"
    )
