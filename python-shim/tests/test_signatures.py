"""The hooks of the freqtrade that is installed, and of ones that are not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from helpers import Strategy, config
from test_gate import Answers

from talebridge import risk_gated, signatures

FREQTRADE = "freqtrade.strategy.interface"


def interface(**hooks: Any) -> type:
    """An IStrategy with other hooks; None takes one away."""
    changed = {name: hook for name, hook in hooks.items() if hook is not None}
    own = {n: v for n, v in Strategy.__dict__.items() if n not in hooks and n != "__dict__"}
    own.pop("__weakref__", None)
    return type("IStrategy", (), {**own, **changed, "__module__": FREQTRADE})


def test_the_installed_freqtrade_calls_its_hooks_as_expected() -> None:
    interface = pytest.importorskip(FREQTRADE).IStrategy
    assert signatures.differences(interface) == []


def test_further_arguments_of_a_hook_are_no_difference() -> None:
    def order_filled(
        self: Any, pair: Any, trade: Any, order: Any, current_time: Any, more: Any = 0, **_: Any
    ) -> None: ...

    assert signatures.differences(interface(order_filled=order_filled)) == []


def test_each_changed_hook_is_named_with_what_it_takes() -> None:
    def custom_stake_amount(self: Any, market: Any, **_: Any) -> None: ...

    wrong = interface(custom_stake_amount=custom_stake_amount, confirm_trade_entry=None)
    found = signatures.differences(wrong)
    assert [sentence.split()[0] for sentence in found] == [
        "custom_stake_amount",
        "confirm_trade_entry",
    ]
    assert "takes (market), expected (pair, current_time," in found[0]
    assert found[1] == "confirm_trade_entry does not exist"


def test_a_backtest_with_unknown_hooks_stops_and_a_bot_says_so(
    peer: Any, sockets: Path, caplog: pytest.LogCaptureFixture
) -> None:
    peer(Answers())

    def order_filled(self: Any, deal: Any) -> None: ...

    base = interface(order_filled=order_filled)
    mine: Any = risk_gated(type("Mine", (base,), {}))
    with pytest.raises(Exception, match=r"order_filled takes \(deal\).*Install a talebridge"):
        mine(config(sockets))
    mine(config(sockets, "live"))
    assert re.search("order_filled takes.*Entries are denied, exits continue", caplog.text)


def test_other_classes_have_no_interface_to_check() -> None:
    assert signatures.problem(Strategy({"trading_mode": "spot"})) is None
