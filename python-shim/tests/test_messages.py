"""What a bot's owner is told, and what is noted on his trades."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import pytest
from helpers import Refusal, Strategy, analysed, ask_confirm, ask_stake, config, open_trade
from test_gate import PAIR, Answers, deny

from talebridge import messages, risk_gated
from talebridge._generated import Decision, Reason, Status


@pytest.fixture
def bridge(peer: Any) -> Answers:
    answers = Answers()
    peer(answers)
    return answers


@pytest.fixture
def bot(bridge: Answers, strategy: type[Strategy], sockets: Path) -> Any:
    made: Any = risk_gated(strategy)(config(sockets, "dry_run", breaker_s=0))
    made.sent = []
    made.dp.send_msg = lambda text, *, always_send=False: made.sent.append((text, always_send))
    return made


def test_one_message_when_the_bridge_is_lost_and_one_when_it_is_back(
    bridge: Answers, bot: Any
) -> None:
    frame = analysed(bot)
    for _ in range(2):
        bridge.gate = Refusal(Status.INTERNAL)
        assert [ask_stake(bot, frame) for _ in range(3)] == [0.0] * 3
        bridge.gate = None
        assert [ask_stake(bot, frame) for _ in range(3)] == [100.0] * 3
    texts = [text for text, _ in bot.sent]
    assert ["exits continue" in text for text in texts] == [True, False, True, False]
    assert texts[1] == texts[3] == "talebridge: the bridge answers again, entries resume"
    # The second loss may come within the candle of the first: freqtrade would hold it back.
    assert all(always for _, always in bot.sent)


def test_garbage_is_told_of_once_for_each_reason(
    bridge: Answers, bot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    frame = analysed(bot)
    for _ in range(3):
        for garbage in (["neither", "nor"], Refusal(Status.INTERNAL)):
            bridge.gate = garbage
            assert ask_stake(bot, frame) == 0.0
            # Its columns are as they should be, which says nothing about the rest.
            analysed(bot)
    lost = [record for record in caplog.records if "exits continue" in record.message]
    assert len(bot.sent) == len(lost) == 2
    bridge.gate = None
    assert ask_stake(bot, frame) == 100.0
    assert len(bot.sent) == 3


def test_columns_show_that_an_absent_bridge_is_back(bridge: Answers, bot: Any) -> None:
    frame = analysed(bot)
    bridge.gate = Refusal(Status.INTERNAL)
    assert ask_stake(bot, frame) == 0.0
    analysed(bot)
    assert [text for text, _ in bot.sent][1:] == [
        "talebridge: the bridge answers again, entries resume"
    ]


def test_a_message_that_cannot_be_sent_disturbs_nothing(bridge: Answers, bot: Any) -> None:
    def send_msg(text: str, **_: Any) -> None:
        raise RuntimeError("no telegram")

    bot.dp.send_msg = send_msg
    frame = analysed(bot)
    bridge.gate = Refusal(Status.INTERNAL)
    assert ask_stake(bot, frame) == 0.0
    bridge.gate = None
    assert ask_stake(bot, frame) == 100.0
    messages.sender(object())("nobody hears this")


def test_messages_are_cut_to_what_freqtrade_takes() -> None:
    sent: list[str] = []

    class Bot:
        class dp:
            @staticmethod
            def send_msg(text: str, *, always_send: bool) -> None:
                sent.append(text)

    messages.sender(Bot)("x" * 5000)
    assert [len(text) for text in sent] == [messages.MAX_CHARS]


def test_a_backtest_sends_nothing(bridge: Answers, strategy: type[Strategy], sockets: Path) -> None:
    mine: Any = risk_gated(strategy)(config(sockets))
    mine.dp.send_msg = lambda *_, **__: pytest.fail("a message")
    frame = analysed(mine)
    bridge.gate = Refusal(Status.INTERNAL)
    assert ask_stake(mine, frame) == 0.0


class Notes:
    """A trade as far as its notes go."""

    def __init__(self, **changes: Any) -> None:
        self.noted: dict[str, Any] = {}
        vars(self).update(vars(open_trade(PAIR, **changes)))

    def set_custom_data(self, key: str, value: Any) -> None:
        self.noted[key] = value


def fill(bot: Any, frame: Any, trade: Any) -> None:
    bot.order_filled(pair=PAIR, trade=trade, order=None, current_time=frame["date"].iloc[-1])


def test_a_trade_is_noted_the_journal_line_that_let_it_in(bridge: Answers, bot: Any) -> None:
    frame = analysed(bot)
    assert ask_stake(bot, frame) == 100.0
    assert ask_confirm(bot, frame) is True
    trade = Notes()
    fill(bot, frame, trade)
    session = bot._talebridge_gate.gated.run.session.terms.hello.session
    assert trade.noted == {"talebridge": {"session": session, "boot": "b1", "line": 1}}
    # Later fills, of additions and exits, leave the note as it is; so does the other side.
    trade.noted.clear()
    fill(bot, frame, trade)
    assert ask_stake(bot, frame) == 100.0
    fill(bot, frame, short := Notes(is_short=True))
    assert trade.noted == short.noted == {}
    fill(bot, frame, None)


def test_a_denied_entry_leaves_no_note(bridge: Answers, bot: Any) -> None:
    frame = analysed(bot)
    assert ask_stake(bot, frame) == 100.0
    bridge.gate = deny()
    assert ask_confirm(bot, frame) is False
    fill(bot, frame, trade := Notes())
    assert trade.noted == {}


def decisions(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """What the log says of decisions: level, and text from the stake on."""
    return [
        (record.levelname, record.message.split(" with stake ")[1])
        for record in caplog.records
        if record.name == "talebridge.decide"
    ]


def test_every_decision_in_the_log_names_its_journal_line(
    bridge: Answers, bot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    frame = analysed(bot)
    caplog.set_level("DEBUG", "talebridge.decide")
    assert ask_stake(bot, frame) == 100.0
    assert decisions(caplog) == [("DEBUG", "100 (journal line 1 of boot b1)")]
    caplog.clear()
    bridge.gate = deny()
    # Told once in a candle, and for those who want to know, each time.
    for _ in range(2):
        assert ask_stake(bot, frame) == 0.0
    levels = [level for level, text in decisions(caplog)]
    assert levels == ["INFO", "DEBUG"]
    for _, text in decisions(caplog):
        assert text.endswith("(journal line 1 of boot b1)")


def test_what_is_allowed_is_not_in_an_ordinary_log(
    bridge: Answers, bot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    frame = analysed(bot)
    caplog.set_level("INFO", "talebridge.decide")
    assert ask_stake(bot, frame) == 100.0
    assert decisions(caplog) == []


def test_a_pause_of_the_account_is_told_once_with_its_numbers_and_once_when_it_is_over(
    bridge: Answers, bot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    frame = analysed(bot)
    for _ in range(3):
        bridge.gate = answer(Reason.DRAWDOWN, 0.125, 0.1)
        assert ask_stake(bot, frame) == 0.0
    # What comes first in the gate's order says nothing about the account; a throttle is no news.
    for other in (Reason.JUMP, Reason.ENTRY_RATE):
        bridge.gate = answer(other, 9.0, 8.0)
        assert ask_stake(bot, frame) == 0.0
    bridge.gate = answer(Reason.HALTED, math.nan, math.nan)
    assert ask_stake(bot, frame) == 0.0
    bridge.gate = None
    assert [ask_stake(bot, frame) for _ in range(2)] == [100.0] * 2
    texts = [text for text, _ in bot.sent]
    assert len(texts) == 3
    assert texts[0].startswith(
        "talebridge: entries are paused, exits continue: drawdown (0.125, limit 0.1). Ends: "
    )
    assert texts[1].startswith("talebridge: entries are paused, exits continue: halted. Ends: ")
    assert texts[2] == "talebridge: entries resume"
    assert [r.message for r in caplog.records if "entries are paused" in r.message] == texts[:2]


def answer(reason: Reason, value: float, limit: float) -> list[Any]:
    return [int(Decision.DENY), int(reason), 0, value, limit, 1, int(Decision.DENY)]
