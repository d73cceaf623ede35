"""From a proposed entry to the stake it gets: the bridge's answer, or what stands in for one."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

from talebridge import certain, portfolio, wire
from talebridge._generated import REASON_TEXT, Decision, Kind, Reason, Stage
from talebridge.candles import Candles
from talebridge.entry import Entry, utc_text
from talebridge.errors import BridgeError, NoVerdict, ProtocolError, reason_of
from talebridge.failures import SAME_AS_ABSENT, Failures
from talebridge.gated import Gated
from talebridge.messages import PAUSES, pause_text
from talebridge.modes import Context
from talebridge.run import Run, Sized
from talebridge.session import JournalLine
from talebridge.wire import Answer, Question

logger = logging.getLogger(__name__)

_FINAL_TOLERANCE = 1.01
"""What a final stake may exceed its allowance by: exchanges round amounts and prices."""


class Decider:
    """Decides about entries. A decision is the stake to use, or None for a denial: the entry's own
    stake, whatever it is, means that it passes untouched."""

    def __init__(self, gated: Gated, failures: Failures, candles: Candles) -> None:
        self._gated = gated
        self._failures = failures
        self._candles = candles

    def size(self, entry: Entry) -> float | None:
        """About an entry whose stake can still be cut. Never raises."""
        allowed = self._decide(entry)
        run = self._gated.run
        if run is not None and entry.kind is Kind.ENTRY:
            sized = Sized(entry.now_ms, entry.leverage, allowed, entry.question)
            run.sized.set((entry.pair, entry.side), sized)
            run.standing = sized
        return allowed

    def confirm(self, entry: Entry, amount: float, *, heard_next: bool = False) -> bool:
        """About an order of `amount` coins, which can only be placed or not. Never raises.

        `heard_next`: whether `settle` is sure to be called when the next candle starts.
        """
        try:
            entry.kind, entry.leverage = self._kind_and_leverage(entry)
            entry.stake = amount * entry.rate / entry.leverage
            if heard_next and self._post(entry):
                return True
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            return self._without_answer(entry, error) is not None
        return self._decide(entry) is not None

    def settle(self) -> None:
        """Looks at the answer to what was not waited for. Never raises."""
        run = self._gated.run
        if run is not None:
            with run.lock:
                run.session.settle()

    def _post(self, entry: Entry) -> bool:
        """Asks without waiting where the answer is known; False where it has to be waited for."""
        run = self._gated.current_run(entry.now_ms)
        if run.stopped:
            return False
        question = certain.question(self._gated, run, entry)
        run.standing = None
        return question is not None and run.session.post(
            question, lambda answer: self._answered(run, entry, answer)
        )

    def _answered(self, run: Run, entry: Entry, answer: Answer | BridgeError) -> None:
        """The order has been placed: anything but an allowance ends the run."""
        try:
            if isinstance(answer, BridgeError):
                raise answer
            self._require_fresh(entry, answer)
            if self._apply(run, entry, answer, run.session.line_of(answer)) is None:
                raise ProtocolError(
                    f"the bridge allowed the entry of {entry.pair} at {utc_text(entry.now_ms)} and "
                    f"then denied it ({wire.reason_name(answer.reason)}), when it was placed"
                )
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            self._failures.stop(error)

    def _require_fresh(self, entry: Entry, answer: Answer) -> None:
        if answer.reason == Reason.STALE and self._gated.context is Context.OPTIMIZE:
            raise NoVerdict(
                f"the newest verdict of {entry.pair} at {utc_text(entry.now_ms)} is older than the "
                "signal candle, which cannot happen in a backtest"
            )

    def _decide(self, entry: Entry) -> float | None:
        try:
            run = self._gated.current_run(entry.now_ms)
            with run.lock:
                run.standing = None
                run.session.settle()
                if run.stopped:
                    return None
                if entry.kind is Kind.ENTRY:
                    run.let_in.pop((entry.pair, entry.side))
                answer = self._ask(run, entry)
                line = run.session.line_of(answer)
            allowed = self._apply(run, entry, answer, line)
            if allowed is not None and entry.kind is Kind.ENTRY:
                run.let_in.set((entry.pair, entry.side), line)
            if allowed is None and entry.replaces and self._gated.context is Context.TRADE:
                self._tell_kept(run, entry)
            return allowed
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass for approval
            return self._without_answer(entry, error)

    def _ask(self, run: Run, entry: Entry) -> Answer:
        verdict = self._candles.verdict(run, entry.pair, entry.now_ms)
        context = self._gated.context
        snapshot = self._gated.account(run, entry.now_ms)
        if entry.replaces:
            positions = portfolio.without_pending(snapshot.positions, entry)
            snapshot = replace(snapshot, positions=positions)
        leverage = self._leverage(run, entry)
        facts = self._gated.facts
        history = self._gated.history
        if history is not None:
            at_ms = snapshot.at_ms
            closes = history.wanted(entry.pair, snapshot.positions, verdict.open_ms, at_ms)
            snapshot = replace(snapshot, closes=closes)
        question = Question(
            pair=entry.pair,
            side=entry.side,
            kind=entry.kind,
            stage=entry.stage,
            candle_open_ms=verdict.open_ms,
            now_ms=entry.now_ms,
            size_1024=int(verdict.size * 1024),
            reason=verdict.reason,
            value=verdict.value,
            stake=entry.stake,
            min_stake=entry.min_stake,
            leverage=leverage,
            rate=entry.rate,
            facts=facts.of(self._gated.strategy, entry),
        )
        entry.question = question
        answer = run.session.ask(question, snapshot)
        self._gated.fingerprint = run.session.fingerprint
        run.bridge_up(entry=True)
        if context is Context.TRADE:
            self._note_pause(run, answer)
        self._require_fresh(entry, answer)
        return answer

    def _tell_kept(self, run: Run, entry: Entry) -> None:
        """The order that a denied addition would have replaced stays, and the account was told
        without it: bots of one group would take its room."""
        with self._failures.caught(entry.pair), run.lock:
            run.session.tell(self._gated.account(run, entry.now_ms))

    def _note_pause(self, run: Run, answer: Answer) -> None:
        if answer.decision is not Decision.DENY:
            run.paused(None, "")
        elif answer.reason in PAUSES:
            # Others come first in the gate's order: they say nothing about the account.
            run.paused(answer.reason, pause_text(answer.reason, (answer.value, answer.limit)))

    def _leverage(self, run: Run, entry: Entry) -> float:
        """The leverage to ask with, and the one the strategy wanted noted where the guard cut it.

        In shadow mode nothing is cut: asked is as if it had been.
        """
        levered = run.levered.get((entry.pair, entry.side))
        # Others, as of an entry by hand, were not capped here.
        if entry.kind is not Kind.ENTRY or levered is None or levered.used != entry.leverage:
            return entry.leverage
        if levered.cap < levered.wanted:
            entry.wanted_leverage = levered.wanted
        return levered.cap

    def _apply(self, run: Run, entry: Entry, answer: Answer, line: JournalLine) -> float | None:
        if self._gated.shadow:
            return entry.stake
        if answer.decision is Decision.ALLOW and math.isfinite(entry.stake):
            if self._gated.context is Context.TRADE and logger.isEnabledFor(logging.DEBUG):
                logger.debug("talebridge allows %s (%s)", _about(entry), line)
            return entry.stake
        allowed: float | None = None
        if answer.decision is Decision.REDUCE and math.isfinite(entry.stake):
            if entry.stage is Stage.FINAL:
                # It can no longer be cut, only be placed or not.
                fits = entry.stake <= answer.stake * _FINAL_TOLERANCE
                allowed = entry.stake if fits else None
            elif answer.stake >= entry.min_stake:
                allowed = answer.stake
        if allowed is None or allowed < entry.stake:
            self._log(run, entry, answer, allowed, line)
        return allowed

    def _kind_and_leverage(self, entry: Entry) -> tuple[Kind, float]:
        """confirm_trade_entry is told neither.

        Backtests confirm every replaced order again, without asking for a stake first; live, only
        new entries are confirmed.
        """
        run = self._gated.current_run(entry.now_ms)
        sized = run.sized.get((entry.pair, entry.side))
        replaced = sized is None or sized.now_ms != entry.now_ms
        if self._gated.context is Context.OPTIMIZE and replaced:
            for trade in portfolio.open_trades():
                if trade.pair == entry.pair:
                    return Kind.REPLACE, float(trade.leverage or 1.0)
        return Kind.ENTRY, 1.0 if sized is None else sized.leverage

    def _without_answer(self, entry: Entry, error: Exception) -> float | None:
        """What an entry gets when the bridge could not be asked or gave no usable answer."""
        if self._gated.context is Context.OPTIMIZE:
            self._failures.stop(error)
            return None
        self._failures.report(error, entry.pair)
        if self._gated.shadow:
            return entry.stake
        policy = self._gated.settings.on_unavailable
        absent = reason_of(error) in SAME_AS_ABSENT
        if policy == "deny" or not absent or not math.isfinite(entry.stake):
            return None
        return self._by_policy(entry, policy)

    def _by_policy(self, entry: Entry, policy: str) -> float | None:
        gated = self._gated
        verdict = None if gated.run is None else gated.run.verdicts.get(entry.pair)
        newest = 2 if policy == "allow" else gated.settings.last_known_max_age_candles
        # Age counts from the candle's close.
        oldest_ms = entry.now_ms - (newest + 1) * gated.timeframe_s * 1000
        if verdict is None or verdict.open_ms < oldest_ms:
            allowed = entry.stake if policy == "allow" else 0.0
        else:
            # A verdict that is known holds under either policy.
            allowed = entry.stake * verdict.size
        if allowed <= 0:
            return None
        if entry.stage is Stage.FINAL:
            # Already cut when its size was asked for.
            return entry.stake
        return allowed if allowed >= entry.min_stake else None

    def _log(
        self, run: Run, entry: Entry, answer: Answer, allowed: float | None, line: JournalLine
    ) -> None:
        name = wire.reason_name(answer.reason)
        verb = "denies" if allowed is None else f"cuts to {allowed:.8g}"
        _, meaning, ends = REASON_TEXT.get(answer.reason, ("", "", ""))
        text = (
            f"talebridge {verb} {_about(entry)}: {name} ({answer.value:.6g}, limit "
            f"{answer.limit:.6g}). {meaning} Ends: {ends} ({line})"
        )
        # Asked again every few seconds while the signal lasts. A pair that was listed lately has no
        # verdict for days, which need not be said with every candle.
        lasting = answer.reason == Reason.WARMING_UP
        candle = 0 if lasting else entry.now_ms // (self._gated.timeframe_s * 1000)
        key = (entry.pair, entry.side, entry.kind, name, candle)
        if self._gated.context is not Context.TRADE or not run.say_once(key, logger.info, text):
            logger.debug(text)


def _about(entry: Entry) -> str:
    return (
        f"the {entry.side.name.lower()} {entry.kind.name.lower()} of {entry.pair} "
        f"with stake {entry.stake:.8g}"
    )
