"""What the demo finds out about strategies and candle folders before it runs anything."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from inputs import UnusableInputError, describe, describe_candles
from pyarrow import feather
from user_strategy import StrategyNotFoundError, load_class

DEMO = Path(__file__).parents[2]

STRATEGY = """
import helper
print("hello from a strategy")
class Mine:
    timeframe = "5m"
    startup_candle_count = helper.COUNT
    def populate_indicators(self): ...
class NoTimeframe:
    def populate_indicators(self): ...
class NotAStrategy: ...
"""


@pytest.fixture
def strategy(tmp_path: Path) -> str:
    (tmp_path / "helper.py").write_text("COUNT = 77\n")
    path = tmp_path / "mine.py"
    path.write_text(STRATEGY)
    return str(path)


def write(path: Path, times: list[int], unit: str = "ns") -> None:
    date = pa.array(times, type=pa.timestamp(unit, tz="UTC"))
    feather.write_feather(pa.table({"date": date}), str(path), compression="lz4")


@pytest.mark.parametrize(("unit", "per_second"), [("ns", 10**9), ("us", 10**6), ("ms", 10**3)])
def test_candles_in_any_time_unit(tmp_path: Path, unit: str, per_second: int) -> None:
    path = tmp_path / "BTC_USDT-5m.feather"
    write(path, [1_740_787_200 * per_second, 1_740_787_500 * per_second], unit)
    assert describe_candles(path) == {
        "rows": 2,
        "first_ms": 1_740_787_200_000,
        "last_ms": 1_740_787_500_000,
    }


def test_unusable_candle_files_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.feather"
    write(empty, [])
    with pytest.raises(UnusableInputError, match=r"empty\.feather holds no candles"):
        describe_candles(empty)
    garbage = tmp_path / "garbage.feather"
    garbage.write_bytes(b"not arrow")
    with pytest.raises(UnusableInputError, match=r"garbage\.feather is not a candle file"):
        describe_candles(garbage)
    dateless = tmp_path / "dateless.feather"
    feather.write_feather(pa.table({"date": [1.5]}), str(dateless))
    with pytest.raises(UnusableInputError, match="column date is double"):
        describe_candles(dateless)


def test_folder_and_strategy_are_described(tmp_path: Path, strategy: str) -> None:
    write(tmp_path / "BTC_USDT-5m.feather", [10**18])
    write(tmp_path / "BTC_USDT-1h.feather", [10**18])
    write(tmp_path / "BTC_USDT_USDT-5m-futures.feather", [10**18])
    found = describe(strategy, "Mine", str(tmp_path), "")
    assert found["strategy"] == {"timeframe": "5m", "startup_candles": 77, "can_short": False}
    assert [pair["pair"] for pair in found["pairs"]] == ["BTC/USDT"]
    assert found["other_timeframes"] == ["1h"]
    assert describe(strategy, "Mine", str(tmp_path), "1h")["strategy"]["timeframe"] == "1h"


@pytest.mark.parametrize(
    ("class_name", "error"),
    [
        ("Yours", "has no class Yours: it has Mine, NoTimeframe, NotAStrategy"),
        ("NotAStrategy", "is not a freqtrade strategy"),
        ("NoTimeframe", "has no timeframe: name one with --timeframe"),
    ],
)
def test_unusable_strategies_are_named(
    tmp_path: Path, strategy: str, class_name: str, error: str
) -> None:
    assert error in describe(strategy, class_name, str(tmp_path), "")["error"]


def test_a_file_that_fails_says_why(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("import nowhere_to_be_found\n")
    with pytest.raises(StrategyNotFoundError, match="ModuleNotFoundError: No module named"):
        load_class(str(path), "Mine")
    text = tmp_path / "strategy.txt"
    text.write_text("")
    with pytest.raises(StrategyNotFoundError, match=r"a strategy's name ends in \.py"):
        load_class(str(text), "Mine")


def test_import_path_is_left_as_it_was(strategy: str) -> None:
    before = list(sys.path)
    load_class(strategy, "Mine")
    assert sys.path == before


def test_the_answer_is_the_last_line_whatever_a_strategy_prints(
    tmp_path: Path, strategy: str
) -> None:
    command = [sys.executable, str(DEMO / "inputs.py"), strategy, "Mine", str(tmp_path), ""]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["pairs"] == []
    assert "hello from a strategy" in done.stderr
