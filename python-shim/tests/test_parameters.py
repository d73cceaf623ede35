"""Settings that follow parameters of the strategy: what a run opens with, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from helpers import M, Peer, Refusal, Strategy, analysed, config, good
from test_gate import ask_stake

from talebridge import abort, risk_gated
from talebridge._generated import Op, Status

STOP = type(abort.operational_exception(""))
RULE = {"measure": "jump", "from": 4.0, "to": 8.0, "min_size": 0.25}


class Parameter:
    """freqtrade's, as far as it is looked at."""

    def __init__(self, value: Any, *, in_space: bool = False, optimize: bool = True) -> None:
        self.value = value
        self.in_space = in_space
        self.optimize = optimize


class Hellos:
    """A bridge that notes the settings of each hello, and can refuse some."""

    def __init__(
        self, peer: Callable[..., Peer], refuse: Callable[[Any], bool] | None = None
    ) -> None:
        self.settings: list[dict[str, Any]] = []
        self.engines: list[dict[str, Any]] = []
        self._refuse = refuse
        peer(self._answer)

    def _answer(self, op: Op, message: list[Any], frames: list[bytes]) -> Any:
        if op is Op.HELLO:
            settings = message[3]["settings"]
            self.settings.append(settings)
            if self._refuse is not None and self._refuse(settings):
                wrong = {"path": "limits.max_drawdown", "message": "must be above 0"}
                return Refusal(Status.SETTINGS, violations=[wrong])
            body = good(op, message, frames)[0]
            return [{**body, "fingerprint": repr(settings.get("limits"))}]
        if op is Op.ANNOTATE:
            self.engines.append(message[5])
        return good(op, message, frames)


def make(strategy: type[Strategy], given: dict[str, Any], mapped: dict[str, str]) -> Any:
    return risk_gated(parameters=mapped)(strategy)(given)


def distinct(hellos: list[Any]) -> list[Any]:
    """Without those that repeat the one before: each socket is said hello on."""
    return [one for at, one in enumerate(hellos) if at == 0 or hellos[at - 1] != one]


DRAWDOWN = {"limits.max_drawdown": "risk_drawdown"}


def test_a_run_is_opened_with_the_parameters_value_and_another_with_its_next(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    hellos = Hellos(peer)
    strategy.risk_drawdown = Parameter(0.2)  # type: ignore[attr-defined]
    given = config(sockets, limits={"max_daily_loss": 0.05})
    mine = make(strategy, given, DRAWDOWN)
    assert given["original_config"]["risk_bridge"]["limits"]["max_drawdown"] == 0.2
    cached = given["risk_bridge"]["fingerprint"]
    # freqtrade loads found values after the constructor.
    mine.risk_drawdown.value = np.float64(0.125)
    frame = analysed(mine)
    assert ask_stake(mine, frame, 100.0) == 100.0
    assert [one["limits"] for one in distinct(hellos.settings)] == [
        {"max_daily_loss": 0.05, "max_drawdown": 0.2},
        {"max_daily_loss": 0.05, "max_drawdown": 0.125},
    ]
    written = given["original_config"]["risk_bridge"]
    assert (written["limits"]["max_drawdown"], written["limits"]["max_daily_loss"]) == (0.125, 0.05)
    assert "0.125" in written["fingerprint"]
    # freqtrade has hashed the configuration for its cache before: the parameter file is in it.
    assert given["risk_bridge"]["fingerprint"] == cached
    # The same value opens nothing, as does asking again.
    mine.risk_drawdown.value = 0.125
    assert ask_stake(mine, frame, 100.0) == 100.0
    assert len(distinct(hellos.settings)) == 2


def test_each_epoch_of_a_hyperopt_has_its_own(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    hellos = Hellos(peer)
    strategy.risk_drawdown = Parameter(0.2, in_space=True)  # type: ignore[attr-defined]
    mine = make(strategy, config(sockets, "hyperopt"), DRAWDOWN)
    frame = analysed(mine)
    state = cloudpickle.dumps(mine)
    for value in (0.1, 0.3, 0.1):
        # As a worker does: unpickled, then turned.
        worker = cloudpickle.loads(state)
        worker.risk_drawdown.value = value
        assert ask_stake(worker, frame, 100.0) == 100.0
    told = [one["limits"]["max_drawdown"] for one in distinct(hellos.settings)]
    assert told == [0.2, 0.1, 0.3, 0.1]


def test_none_switches_a_limit_off_and_rules_can_be_turned(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    hellos = Hellos(peer)
    strategy.risk_drawdown = Parameter(None)  # type: ignore[attr-defined]
    strategy.risk_from = Parameter(np.int64(3))  # type: ignore[attr-defined]
    given = config(sockets, rules=[dict(RULE)])
    mine = make(strategy, given, {**DRAWDOWN, "rules.0.from": "risk_from"})
    analysed(mine)
    assert hellos.settings[0]["limits"]["max_drawdown"] is None
    assert hellos.settings[0]["rules"] == [{**RULE, "from": 3}]
    assert hellos.engines[0]["rules"] == [{**RULE, "from": 3}]
    # The user's own list is left as it was.
    assert given["risk_bridge"]["rules"] == [RULE]


@pytest.mark.parametrize("value", ["0.1", True, float, [0.1]])
def test_a_value_that_is_no_number_stops_the_run_and_is_named(
    value: Any, peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    Hellos(peer)
    strategy.risk_drawdown = Parameter(value)  # type: ignore[attr-defined]
    with pytest.raises(STOP, match=r"limits\.max_drawdown: follows the parameter risk_drawdown"):
        make(strategy, config(sockets), DRAWDOWN)


def test_every_mistake_is_named_at_once(strategy: type[Strategy], sockets: Path) -> None:
    strategy.half = 0.5  # type: ignore[attr-defined]
    mapped = {
        "limits.max_drawdwn": "x",
        "limits.max_drawdown": "nowhere",
        "limits.max_daily_loss": "half",
        "mode": "x",
        "timeout_ms": "x",
        "rules.0.from": "x",
        "rules.0.measure": "x",
    }
    with pytest.raises(STOP) as caught:
        make(strategy, config(sockets), mapped)
    text = str(caught.value)
    for path in mapped:
        assert f"risk_bridge.parameters.{path}: " in text
    assert "Fresh has no parameter 'nowhere': define it" in text
    assert "there is no rule 0" in text


@pytest.mark.parametrize(
    "mapped", ["x", ["limits.max_drawdown"], {"limits.max_drawdown": 1}, {1: "x"}]
)
def test_what_is_no_map_of_names_is_refused(
    mapped: Any, strategy: type[Strategy], sockets: Path
) -> None:
    with pytest.raises(STOP, match=r"risk_bridge\.parameters: has to be a map of settings"):
        make(strategy, config(sockets), mapped)


def test_values_the_bridge_refuses_stop_the_run(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    Hellos(peer, lambda settings: settings["limits"]["max_drawdown"] <= 0)
    strategy.risk_drawdown = Parameter(0.2)  # type: ignore[attr-defined]
    mine = make(strategy, config(sockets, "hyperopt"), DRAWDOWN)
    mine.risk_drawdown.value = 0
    with pytest.raises(STOP, match=r"limits\.max_drawdown: must be above 0"):
        analysed(mine)


def test_a_bot_whose_values_the_bridge_refuses_denies_whatever_on_unavailable_says(
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Hellos(peer, lambda settings: settings["limits"]["max_drawdown"] <= 0)
    strategy.risk_drawdown = Parameter(0.2)  # type: ignore[attr-defined]
    mine = make(strategy, config(sockets, "dry_run", on_unavailable="allow"), DRAWDOWN)
    mine.risk_drawdown.value = 0
    frame = analysed(mine)
    assert ask_stake(mine, frame, 100.0) == 0.0
    assert "limits.max_drawdown: must be above 0" in caplog.text


@pytest.mark.parametrize(
    ("in_space", "optimize", "per_epoch", "refused"),
    [
        (True, True, False, True),
        (True, True, True, False),
        (True, False, False, False),
        (False, True, False, False),
    ],
)
def test_what_candles_are_judged_by_can_be_turned_where_they_are_judged_in_every_epoch(
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
    in_space: bool,
    optimize: bool,
    per_epoch: bool,
    refused: bool,
) -> None:
    Hellos(peer)
    strategy.quantile = Parameter(  # type: ignore[attr-defined]
        0.9, in_space=in_space, optimize=optimize
    )
    given = {**config(sockets, "hyperopt"), "analyze_per_epoch": per_epoch}
    mine = make(strategy, given, {"adverse_quantile": "quantile"})
    if refused:
        with pytest.raises(STOP, match=r"quantile turns risk_bridge\.adverse_quantile.*--analyze-"):
            analysed(mine)
    else:
        assert len(analysed(mine)) == M + 60
