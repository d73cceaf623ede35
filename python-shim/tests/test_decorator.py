"""The decorator: what is wrapped, once, whoever inherits from whom, and how it pickles."""

from __future__ import annotations

import functools
import inspect
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import cloudpickle
import pytest
from helpers import (
    NAMES,
    Peer,
    Refusal,
    Strategy,
    analysed,
    ask_adjust,
    ask_confirm,
    ask_stake,
    candles,
    config,
    entry_time,
    good,
    open_trade,
)
from test_gate import PAIR, Answers, deny

from talebridge import client, decorator, portfolio, risk_gated
from talebridge._generated import Op, Status
from talebridge.place import Local

HOOKS = (
    "populate_indicators",
    "custom_stake_amount",
    "confirm_trade_entry",
    "adjust_trade_position",
    "order_filled",
    "bot_loop_start",
)


@pytest.fixture
def bridge(peer: Callable[..., Peer]) -> Answers:
    answers = Answers()
    peer(answers)
    return answers


def test_decorating_does_nothing_but_wrap_init(strategy: type[Strategy]) -> None:
    before = {name: getattr(strategy, name) for name in HOOKS}
    gated = risk_gated(profile="no such", nonsense=1)(strategy)
    assert gated is strategy
    assert {name: getattr(strategy, name) for name in HOOKS} == before


def test_wrong_arguments_are_told_when_the_strategy_is_constructed(
    strategy: type[Strategy], sockets: Path
) -> None:
    risk_gated(profile="no such", nonsense=1)(strategy)
    with pytest.raises(Exception, match=r"profile: has to be one of[^$]*nonsense: unknown"):
        strategy(config(sockets))


@pytest.mark.parametrize("form", [risk_gated, risk_gated(), risk_gated(profile="extreme")])
def test_all_forms_gate(
    form: Any, bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    mine = form(strategy)(config(sockets))
    frame = analysed(mine)
    assert list(frame.columns[-len(NAMES) :]) == NAMES
    bridge.gate = deny()
    assert ask_stake(mine, frame) == 0.0


def test_mode_off_hooks_nothing_and_asks_nobody(strategy: type[Strategy], sockets: Path) -> None:
    before = {name: getattr(strategy, name) for name in HOOKS}
    given = config(sockets, mode="off")
    mine = risk_gated(strategy)(given)
    assert {name: getattr(strategy, name) for name in HOOKS} == before
    assert given == config(sockets, mode="off")
    assert mine.startup_candle_count == 30
    frame = candles(5)
    assert mine.populate_indicators(frame, {"pair": PAIR}) is frame


def test_a_class_that_was_gated_passes_through_for_an_object_in_mode_off(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    risk_gated(strategy)(config(sockets))
    off = strategy(config(sockets, mode="off"))
    frame = candles(5)
    assert off.populate_indicators(frame, {"pair": PAIR}) is frame
    assert ask_stake(off, frame, 77.0) == 77.0
    assert ask_confirm(off, frame) is True
    assert bridge.questions == []


def test_signatures_names_and_docs_of_the_hooks_stay(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    before = {name: getattr(strategy, name) for name in HOOKS}
    risk_gated(strategy)(config(sockets, "live"))
    for name, original in before.items():
        wrapped = getattr(strategy, name)
        assert wrapped is not original
        assert inspect.signature(wrapped) == inspect.signature(original)
        for attribute in ("__name__", "__qualname__", "__doc__", "__module__"):
            assert getattr(wrapped, attribute) == getattr(original, attribute)
    # freqtrade counts the arguments of this one without looking through wrappers.
    assert inspect.getfullargspec(strategy.populate_indicators).args == [
        "self",
        "dataframe",
        "metadata",
    ]


def test_a_child_that_overrides_without_super_is_gated(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    class Child(risk_gated(strategy)):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.own = True

        def confirm_trade_entry(self, **kwargs: Any) -> bool:
            return True

        def custom_stake_amount(self, proposed_stake: float, **kwargs: Any) -> float:
            return proposed_stake / 2

    mine = Child(config(sockets))
    frame = analysed(mine)
    assert mine.own
    assert ask_stake(mine, frame) == 50.0
    bridge.gate = deny()
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False


@pytest.mark.parametrize("first", ["parent", "child", "neither"])
def test_parent_and_child_both_decorated_are_gated_once(
    first: str, bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    parent = risk_gated(profile="extreme", mode="shadow")(strategy)

    @risk_gated(profile="conservative")
    class Child(parent):  # type: ignore[misc, valid-type]
        def __init__(self, config: Any) -> None:
            super().__init__(config)

        def confirm_trade_entry(self, *args: Any, **kwargs: Any) -> bool:
            self.calls.append("child")
            return bool(super().confirm_trade_entry(*args, **kwargs))

        def populate_indicators(self, dataframe: Any, metadata: Any) -> Any:
            self.calls.append("child")
            return super().populate_indicators(dataframe, metadata)

    order = {"parent": [parent, Child], "child": [Child, parent], "neither": [Child]}[first]
    made = {cls: cls(config(sockets)) for cls in order}
    mine = made[Child]
    settings = mine._talebridge_gate.gated.settings
    assert (settings.gate["profile"], settings.mode) == ("conservative", "shadow")
    frame = analysed(mine)
    ask_stake(mine, frame)
    ask_confirm(mine, frame)
    assert bridge.stages == [0, 1]
    assert mine.calls == ["child", "child"]
    assert list(frame.columns).count("risk_size") == 1


def test_an_undecorated_child_inherits_the_gate(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    class Child(risk_gated(strategy)):  # type: ignore[misc]
        pass

    mine = Child(config(sockets))
    frame = analysed(mine)
    bridge.gate = deny()
    assert ask_stake(mine, frame) == 0.0
    assert len(bridge.questions) == 1


def test_cooperative_bases_still_see_their_init(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    class Mixin:
        def __init__(self, config: Any) -> None:
            super().__init__(config)  # type: ignore[call-arg]
            self.mixed = True

    @risk_gated
    class Gated(strategy):  # type: ignore[misc, valid-type]
        pass

    class Child(Gated, Mixin):
        pass

    class Other(Mixin, Gated):
        pass

    assert Other(config(sockets)).mixed
    assert Child(config(sockets))._talebridge_gate.active


def test_the_users_refusal_stands_and_is_not_asked_about(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    for refusal in (False, None, 0):
        strategy.confirm_trade_entry = (  # type: ignore[method-assign]
            lambda self, refusal=refusal, **kwargs: refusal
        )
        mine = risk_gated(strategy)(config(sockets))
        frame = analysed(mine)
        assert ask_confirm(mine, frame) is refusal
    assert bridge.questions == []


def test_what_the_users_hooks_raise_is_freqtrades_where_the_gate_allows(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    def fail(self: Any, **kwargs: Any) -> Any:
        raise KeyError("the user's")

    for name in HOOKS[1:]:
        setattr(strategy, name, fail)
    mine = risk_gated(strategy)(config(sockets, "live"))
    frame = analysed(mine)
    with pytest.raises(KeyError, match="the user's"):
        ask_stake(mine, frame)
    # freqtrade alone would approve; whether the user's hook meant to cannot be known.
    assert ask_confirm(mine, frame) is False
    with pytest.raises(KeyError):
        ask_adjust(mine, frame, open_trade())
    with pytest.raises(KeyError):
        mine.bot_loop_start(current_time=entry_time(frame))
    with pytest.raises(KeyError):
        mine.order_filled(pair="", trade=None, order=None, current_time=entry_time(frame))
    bridge.gate = deny()
    assert ask_stake(mine, frame) == 0.0
    assert ask_confirm(mine, frame) is False
    bridge.gate = Refusal(Status.INTERNAL)
    assert ask_stake(mine, frame, pair=PAIR) == 0.0


def test_hooks_may_be_called_by_position(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    mine = risk_gated(strategy)(config(sockets))
    frame = analysed(mine)
    now = entry_time(frame)
    assert mine.custom_stake_amount(PAIR, now, 100.0, 50.0, 1.0, 1e4, 1.0, None, "long") == 50.0
    assert mine.confirm_trade_entry(PAIR, "limit", 0.5, 100.0, "GTC", now, None, "long") is True


def _refuse(pair: str, order_type: str, **kwargs: Any) -> bool:
    return not pair.startswith("BTC")


def _half(pair: str, current_time: Any, proposed_stake: float, **kwargs: Any) -> float:
    return proposed_stake / 2


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
@pytest.mark.parametrize("inherited", [True, False])
def test_static_and_class_methods_are_the_users_hooks_too(
    kind: Any, inherited: bool, bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    def as_kind(function: Callable[..., Any]) -> Any:
        if kind is staticmethod:
            return staticmethod(function)
        return classmethod(lambda cls, **kwargs: function(**kwargs))

    strategy.confirm_trade_entry = as_kind(_refuse)  # type: ignore[method-assign]
    strategy.custom_stake_amount = as_kind(_half)  # type: ignore[method-assign]
    cls = type("Child", (strategy,), {}) if inherited else strategy
    mine = risk_gated(cls)(config(sockets))
    frame = analysed(mine)
    assert ask_confirm(mine, frame) is False
    assert bridge.questions == []
    assert ask_stake(mine, frame, 100.0) == 50.0
    mine.dp.frames["ETH/USDT"] = frame
    assert ask_confirm(mine, frame, pair="ETH/USDT") is True
    bridge.gate = deny()
    assert ask_stake(mine, frame, 100.0) == 0.0
    assert ask_confirm(mine, frame, pair="ETH/USDT") is False
    assert bridge.stages == [0, 1, 0, 1]


def test_a_child_that_passes_over_the_decorated_init_is_gated(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    seen: list[Any] = []

    class Watching(strategy):  # type: ignore[misc, valid-type]
        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__()
            seen.append((cls.__name__, kwargs))

    class Gated(Watching):
        pass

    seen.clear()
    risk_gated(risk_gated(profile="extreme")(Gated))

    class Child(Gated, mark=1):
        def __init__(self, config: Any) -> None:
            Strategy.__init__(self, config)

    class Sidestep:
        def __init__(self, config: Any) -> None:
            Strategy.__init__(self, config)  # type: ignore[arg-type]

    class Mixed(Sidestep, Child, mark=2):
        pass

    assert seen == [("Child", {"mark": 1}), ("Mixed", {"mark": 2})]
    bridge.gate = deny()
    for cls in (Child, Mixed):
        mine = cls(config(sockets))
        frame = analysed(mine)
        assert ask_stake(mine, frame) == 0.0
        assert ask_confirm(mine, frame) is False
    assert len(bridge.questions) == 4


@pytest.mark.parametrize("when", ["init", "bot_start"])
def test_hooks_assigned_to_the_object_are_gated(
    when: str, bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    def assign(self: Any) -> None:
        self.confirm_trade_entry = self.mine
        self.custom_stake_amount = lambda **kwargs: kwargs["proposed_stake"] / 2

    @risk_gated
    class Mine(strategy):  # type: ignore[misc, valid-type]
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            if when == "init":
                assign(self)

        def mine(self, pair: str, **kwargs: Any) -> bool:
            self.calls.append(pair)
            return True

    mine = Mine(config(sockets))
    if when == "bot_start":
        assign(mine)
    frame = analysed(mine)
    analysed(mine)
    assert ask_stake(mine, frame, 100.0) == 50.0
    bridge.gate = deny()
    assert ask_stake(mine, frame, 100.0) == 0.0
    assert ask_confirm(mine, frame) is False
    assert bridge.stages == [0, 0, 1]
    assert mine.calls == [PAIR]
    copy = cloudpickle.loads(cloudpickle.dumps(mine.__dict__["custom_stake_amount"].__func__))
    assert decorator.is_wrapper(copy)


def test_wrappers_are_known_by_their_code_alone(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    """As they come out of cloudpickle 3.1.3, without file name, and as others wrap them."""

    class Child(risk_gated(strategy)):  # type: ignore[misc]
        pass

    mine = Child(config(sockets, "dry_run"))
    analysed(mine)
    for name in ("__init__", *(hook for hook in HOOKS if hasattr(strategy, hook))):
        function = inspect.getattr_static(Child, name)
        assert decorator.is_wrapper(function), name
        anonymous = function.__code__.replace(co_filename="<dynamic-code>")
        assert decorator.is_wrapper(FunctionType(anonymous, {}, closure=function.__closure__))

        @functools.wraps(function)
        def around(*args: Any, inner: Any = function, **kwargs: Any) -> Any:
            return inner(*args, **kwargs)

        assert not decorator.is_wrapper(around)
    assert decorator.is_wrapper(vars(Child.__mro__[1])["__init_subclass__"].__func__)


def test_exit_hooks_are_never_wrapped(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    exits = ("custom_exit", "custom_stoploss", "confirm_trade_exit", "custom_roi", "leverage")
    for name in exits:
        setattr(strategy, name, lambda self, **kwargs: None)
    risk_gated(strategy)(config(sockets, "live"))
    assert not any(decorator.is_wrapper(getattr(strategy, name)) for name in exits)
    assert all(decorator.is_wrapper(getattr(strategy, name)) for name in HOOKS)


def test_a_function_that_copied_a_wrappers_looks_is_gated_all_the_same(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    import functools

    risk_gated(strategy)(config(sockets))

    class Child(strategy):  # type: ignore[misc, valid-type]
        @functools.wraps(strategy.confirm_trade_entry)
        def confirm_trade_entry(self, **kwargs: Any) -> bool:
            return True

    mine = Child(config(sockets))
    frame = analysed(mine)
    bridge.gate = deny()
    assert ask_confirm(mine, frame) is False


def test_two_threads_are_gated_each(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    mine = risk_gated(strategy)(config(sockets, "live"))
    frame = analysed(mine)
    bridge.gate = deny()
    results: list[Any] = []

    def work() -> None:
        results.extend(ask_stake(mine, frame) for _ in range(20))
        client.channel(Local(sockets), "gate").close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0.0] * 60


# ---------------------------------------------------------------------------------------- pickling


def test_a_gated_strategy_pickles_without_its_run(
    bridge: Answers, strategy: type[Strategy], sockets: Path
) -> None:
    mine = risk_gated(strategy)(config(sockets))
    frame = analysed(mine)
    ask_stake(mine, frame)
    gated = mine._talebridge_gate.gated
    assert gated.run is not None
    copy = pickle.loads(pickle.dumps(gated.__getstate__() | {"strategy": None}))
    assert copy["run"] is None
    assert copy["fingerprint"] == "f1"


WORKER = """
import sys, cloudpickle
tasks = cloudpickle.load(open(sys.argv[1], "rb"))
from talebridge import client, portfolio
portfolio.open_trades = lambda: []
results = []
for strategy, ask, frame in tasks:
    strategy.populate_indicators(frame.iloc[:, :6].copy(), {"pair": "BTC/USDT"})
    results.append(ask(strategy, frame))
print(results, len(client._process.threads.channels))
"""


def test_workers_unpickle_by_value_and_use_one_connection_with_a_session_each(
    peer: Callable[..., Peer], sockets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As freqtrade's hyperopt does it: the strategy's module is not importable there."""
    sessions: list[str] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            sessions.append(message[3]["session"])
        return good(op, message, frames)

    peer(answer)
    monkeypatch.setattr(portfolio, "open_trades", list)
    source = tmp_path / "user_strategy.py"
    source.write_text(
        "from helpers import Strategy\n"
        "from talebridge import risk_gated\n"
        "class Parent(Strategy):\n"
        "    def custom_stake_amount(self, proposed_stake, **kwargs):\n"
        "        return proposed_stake / 2\n"
        "@risk_gated(profile='extreme')\n"
        "class Gated(Parent):\n"
        "    @staticmethod\n"
        "    def order_filled(**kwargs):\n"
        "        pass\n"
        "class Mine(Gated):\n"
        "    def __init__(self, config):\n"
        "        Strategy.__init__(self, config)\n"
        "        self.bot_loop_start = self.loop\n"
        "    def loop(self, **kwargs):\n"
        "        pass\n"
        "    def confirm_trade_entry(self, *args, **kwargs):\n"
        "        return super().confirm_trade_entry(*args, **kwargs)\n"
    )
    space: dict[str, Any] = {"__name__": "user_strategy"}
    exec(compile(source.read_text(), str(source), "exec"), space)  # noqa: S102 - as freqtrade does
    mine = space["Mine"](config(sockets, "hyperopt"))
    frame = analysed(mine)
    assert ask_stake(mine, frame) == 50.0
    import helpers

    cloudpickle.register_pickle_by_value(helpers)
    try:
        tasks = cloudpickle.dumps([(mine, ask_stake, frame)])
        packed = tmp_path / "tasks"
        # Each task is pickled on its own, so each has its own copy of the class.
        packed.write_bytes(
            cloudpickle.dumps([cloudpickle.loads(tasks)[0] for _ in range(3)]),
        )
        del mine
        done = subprocess.run(
            [sys.executable, "-c", WORKER, str(packed)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        cloudpickle.unregister_pickle_by_value(helpers)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[50.0, 50.0, 50.0] 2"
    assert len(set(sessions)) == 4
