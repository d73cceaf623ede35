"""Confirmations whose answer is known before it is given.

A backtest asks about an entry twice in a row, for its size and to confirm the order, and the bridge
decides alike both times unless something happened in between. Where nothing did, and the answer to
come would be "allowed", the second question is sent and not waited for. The answer is looked at
when the next candle starts, or before the next question: if it is another one, or none, the run
stops, as it does wherever the bridge fails.
"""

from __future__ import annotations

from dataclasses import replace

from talebridge._generated import Kind, Stage
from talebridge.entry import Entry
from talebridge.gated import Gated
from talebridge.run import Run
from talebridge.wire import Question

_CANDLES_AFTER = 2
"""Candles of the pair that have to follow: the answer is looked at when the first begins, and
freqtrade looks at the flag that stops a run when the second does."""


def question(gated: Gated, run: Run, entry: Entry) -> Question | None:
    """The question that confirms an entry just sized; None where its answer has to be waited for.

    Only in a backtest of its own, whose bridge nobody restarts, and not where limits look at more
    than the account, which could tell the two questions apart.
    """
    sized = run.sized.get((entry.pair, entry.side))
    if (
        gated.mode_name != "backtest"
        or gated.history is not None
        or entry.kind is not Kind.ENTRY
        or sized is None
        or sized is not run.standing
        or sized.now_ms != entry.now_ms
        or sized.question is None
        or sized.question.facts is not None
        or sized.allowed is None
        or not 0 < entry.stake <= sized.allowed
        or entry.rate != sized.question.rate
    ):
        return None
    last_ms = gated.closes.last_ms(entry.pair)
    if last_ms is None or last_ms < entry.now_ms + _CANDLES_AFTER * gated.timeframe_s * 1000:
        return None
    # confirm_trade_entry is not told the minimum.
    return replace(sized.question, stage=Stage.FINAL, stake=entry.stake, min_stake=0.0)
