"""What construction does: start-up candles, first contact, fingerprint."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any

import pytest
from helpers import M, Peer, Refusal, Strategy, analysed, candles, config, good, hello_body

from talebridge import abort, risk_gated
from talebridge._generated import MEMORY_ROWS, Op, Status

STOP = type(abort.operational_exception(""))


def make(strategy: type[Strategy], given: dict[str, Any], **arguments: Any) -> Any:
    return risk_gated(**arguments)(strategy)(given)


@pytest.mark.parametrize("own", [0, 30, M, M + 500])
@pytest.mark.parametrize("configured", [None, 10, M, M + 700])
@pytest.mark.parametrize("runmode", ["backtest", "live", "webserver"])
def test_the_startup_count_is_raised_to_what_a_verdict_needs(
    own: int,
    configured: int | None,
    runmode: str,
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
) -> None:
    peer()
    strategy.startup_candle_count = own
    given = config(sockets, runmode)
    if configured is not None:
        given["startup_candle_count"] = configured
    mine = make(strategy, given)
    # freqtrade lets the configuration's value win.
    effective = given.get("startup_candle_count", mine.startup_candle_count)
    assert effective >= M
    assert effective >= (configured or own)
    if configured is None:
        assert "startup_candle_count" not in given
        assert effective == max(own, M)


def test_compact_windows_need_less(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    rows = MEMORY_ROWS["compact"]
    peer(lambda op, *r: [hello_body(memory_rows=rows)] if op is Op.HELLO else good(op, *r))
    assert make(strategy, config(sockets), window_set="compact").startup_candle_count == rows


def test_a_count_the_strategy_computes_is_refused_when_too_small(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer()
    strategy.startup_candle_count = property(lambda self: 100)  # type: ignore[assignment]
    with pytest.raises(STOP, match=f"return at least {M}"):
        make(strategy, config(sockets))
    strategy.startup_candle_count = property(lambda self: M)  # type: ignore[assignment]
    make(strategy, config(sockets))


def test_a_count_lowered_afterwards_is_noticed(
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer()
    mine = make(strategy, config(sockets))
    mine.startup_candle_count = 20
    with pytest.raises(STOP, match="startup_candle_count is 20"):
        analysed(mine)
    live = make(strategy, config(sockets, "live"))
    live.startup_candle_count = 20
    for _ in range(3):
        assert "risk_size" in analysed(live)
    assert caplog.text.count("startup_candle_count is 20") == 1


@pytest.mark.parametrize("runmode", ["backtest", "live"])
def test_kraken_has_candles_for_the_compact_windows_alone_and_the_fix_is_named(
    runmode: str, peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    memory = MEMORY_ROWS["compact"]
    peer(lambda *asked: [hello_body(memory_rows=memory)] if asked[0] is Op.HELLO else good(*asked))
    given = {**config(sockets, runmode), "exchange": {"name": "kraken"}}
    with pytest.raises(STOP, match=rf"{M} start-up.*newest 720: set .*window_set to compact"):
        make(strategy, given)
    assert make(strategy, given, window_set="compact").startup_candle_count == memory < 720
    assert make(strategy, {**given, "runmode": "webserver"})


@pytest.mark.parametrize("window_set", ["standard", "compact"])
def test_what_kraken_has_is_what_freqtrade_says(window_set: str) -> None:
    kraken = pytest.importorskip("freqtrade.exchange").Kraken
    from freqtrade.enums import CandleType
    from freqtrade.exceptions import ConfigurationError

    mine = kraken.__new__(kraken)
    mine.close = lambda: None
    mine._is_demo_trading = False
    mine._config = {"candle_type_def": CandleType.SPOT}
    mine._ft_has = {"ohlcv_has_history": True, **kraken._ft_has}
    mine._api = mine._api_async = pytest.importorskip("ccxt").kraken()
    needed = MEMORY_ROWS[window_set]
    if window_set == "standard":
        with pytest.raises(ConfigurationError, match=r"more than (\(719|the amount of) candles"):
            mine.validate_required_startup_candles(needed, "5m")
    else:
        assert mine.validate_required_startup_candles(needed, "5m") == 1


class Backtesting:
    """Has the name of freqtrade's, and of it what is looked at."""

    def __init__(self, required_startup: int = M) -> None:
        self.required_startup = required_startup
        self.abort = False

    def run(self, work: Callable[[], Any]) -> Any:
        return work()


@pytest.mark.parametrize("loaded", [30, M - 1, M, M + 1])
def test_candles_that_were_loaded_for_another_strategy_are_noticed(
    loaded: int, peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer()
    mine = make(strategy, config(sockets))
    if loaded < M:
        with pytest.raises(STOP, match=f"{loaded} candles before .* reset the backtest"):
            Backtesting(loaded).run(lambda: analysed(mine))
    else:
        assert "risk_size" in Backtesting(loaded).run(lambda: analysed(mine))


class RecursiveAnalysis:
    """Has the name of freqtrade's."""

    def run(self, work: Callable[[], Any]) -> Any:
        return work()


def test_recursive_analysis_varies_the_count_undisturbed(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer()
    given = {**config(sockets, "util_no_exchange"), "startup_candle_count": 199}
    mine = RecursiveAnalysis().run(lambda: make(strategy, given))
    assert given["startup_candle_count"] == 199
    mine.startup_candle_count = 199
    assert "risk_size" in mine.populate_indicators(candles(300), {"pair": "X/Y"})


@pytest.mark.parametrize("runmode", ["backtest", "hyperopt", "util_no_exchange", "util_exchange"])
def test_a_run_without_a_bridge_does_not_start(
    runmode: str, strategy: type[Strategy], sockets: Path
) -> None:
    with pytest.raises(STOP, match=f"talebridge serve --dir {sockets}"):
        make(strategy, config(sockets, runmode))


@pytest.mark.parametrize("runmode", ["live", "dry_run", "plot", "webserver", "other"])
def test_a_bot_without_a_bridge_starts(
    runmode: str, strategy: type[Strategy], sockets: Path
) -> None:
    given = config(sockets, runmode)
    mine = make(strategy, given)
    assert mine.startup_candle_count == M
    assert "fingerprint" not in given["risk_bridge"]


@pytest.mark.parametrize("runmode", ["backtest", "live"])
def test_settings_the_bridge_refuses_stop_the_start(
    runmode: str, peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    found = [{"path": "limits.max_drawdown", "message": "too big"}]
    peer(lambda *_: Refusal(Status.SETTINGS, violations=found))
    with pytest.raises(STOP, match=r"risk_bridge\.limits\.max_drawdown: too big"):
        make(strategy, config(sockets, runmode))


@pytest.mark.parametrize("timeframe", [None, "", "5", "m5", "0m", "5x", "-5m", "1.5h", 5])
def test_a_timeframe_that_is_none_is_named(
    timeframe: Any, strategy: type[Strategy], sockets: Path
) -> None:
    strategy.timeframe = timeframe
    given = config(sockets)
    del given["timeframe"]
    with pytest.raises(STOP, match="timeframe"):
        make(strategy, given)


@pytest.mark.parametrize(
    ("timeframe", "seconds"), [("1m", 60), ("5m", 300), ("4h", 14_400), ("1d", 86_400)]
)
def test_the_timeframe_goes_to_the_bridge_in_seconds(
    timeframe: str,
    seconds: int,
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
) -> None:
    hellos: list[Any] = []

    def answer(op: Op, message: list[Any], frames: list[bytes]) -> Any:
        hellos.append(message[3])
        return good(op, message, frames)

    peer(answer)
    make(strategy, {**config(sockets), "timeframe": timeframe}, profile="extreme")
    (hello,) = hellos
    assert hello["settings"] == {"profile": "extreme", "timeframe_s": seconds}
    assert hello["run_mode"] == "backtest"


def test_the_fingerprint_goes_where_cache_and_result_file_look(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    peer()
    given = config(sockets)
    block = dict(given["risk_bridge"])
    make(strategy, given, profile="conservative", limits={"max_daily_loss": None})
    assert given["risk_bridge"] == {**block, "fingerprint": "f1"}
    exported = given["original_config"]["risk_bridge"]
    assert exported["fingerprint"] == "f1"
    assert exported["profile"] == "conservative"
    assert exported["mode"] == "enforce"
    assert exported["limits"]["max_daily_loss"] is None
    assert not any(str(sockets) in str(value) for value in exported.values())
    # What a run wrote, another run can read.
    make(strategy, {**given, "risk_bridge": {**block, **exported}})


def test_a_configuration_without_a_block_gets_one(
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer()
    monkeypatch.setenv("TALEBRIDGE_PRIVATE_DIR", str(sockets))
    given = config(sockets)
    del given["risk_bridge"], given["original_config"]
    make(strategy, given)
    assert given["risk_bridge"] == {"fingerprint": "f1"}


@pytest.mark.parametrize("runmode", ["backtest", "hyperopt", "util_no_exchange"])
def test_a_run_that_may_start_its_own_bridge_does_not_go_to_a_bots(
    runmode: str,
    peer: Callable[..., Peer],
    strategy: type[Strategy],
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = peer().asked
    monkeypatch.setenv("TALEBRIDGE_DIR", str(sockets))
    given = config(sockets, runmode, autostart="auto", command=["/no/such/program"])
    del given["risk_bridge"]["dir"]
    with pytest.raises(STOP, match="could not be started"):
        make(strategy, given)
    assert asked == []
    # With autostart off it is told where to go by the same variable.
    given["risk_bridge"]["autostart"] = "off"
    make(strategy, given)
    assert asked == [Op.HELLO]


def test_a_bot_never_starts_its_own_bridge(
    strategy: type[Strategy], sockets: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(strategy, config(sockets, "live", autostart="on", command=["/no/such/program"]))
    assert "no bridge answers" in caplog.text
    assert f"talebridge serve --dir {sockets}" in caplog.text
    assert "autostart" not in caplog.text


def test_a_directory_that_is_named_is_used_when_a_bridge_answers_there(
    peer: Callable[..., Peer], strategy: type[Strategy], sockets: Path
) -> None:
    asked = peer().asked
    make(strategy, config(sockets, autostart="auto", command=["/no/such/program"]))
    assert asked == [Op.HELLO]


# ------------------------------------------------------------------------------------------- abort


def test_the_innermost_running_backtest_is_asked_to_stop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outer, inner = Backtesting(), Backtesting()
    assert outer.run(lambda: inner.run(lambda: abort.stop_run("why"))) is True
    assert (outer.abort, inner.abort) == (False, True)
    assert "why" in caplog.text


def test_a_hyperopts_worker_says_why_where_it_can_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [QueueHandler(queue.Queue())])
    abort.stop_run("why")
    assert "talebridge stops this run: why" in capsys.readouterr().err
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    abort.stop_run("why")
    assert capsys.readouterr().err == ""


def test_without_a_running_backtest_nothing_is_stopped() -> None:
    assert abort.stop_run("why") is False


def test_the_exception_is_freqtrades_where_there_is_one() -> None:
    exceptions = pytest.importorskip("freqtrade.exceptions", reason="freqtrade is not installed")
    error = abort.operational_exception("text")
    assert type(error) is exceptions.OperationalException
    assert str(error) == "text"
