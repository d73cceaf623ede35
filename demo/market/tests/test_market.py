"""Holds the synthetic market to what real 5-minute crypto pairs show (see ../README.md)."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import feather

from market.exact import Floats, Stream, exp
from market.model import Candles, Pair
from market.pairs import (
    COARSE,
    CRASH,
    PAIRS,
    TRADING_END,
    TRADING_START,
    WARM_UP_DAYS,
    make_market,
)
from market.store import candle_file, write_market

DEMO = Path(__file__).parents[2]
ENGINE_MEMORY = 990
FINE = [pair.name for pair in PAIRS if pair.name != COARSE]
ALL = [pair.name for pair in PAIRS]


@pytest.fixture(scope="session")
def market() -> dict[str, Candles]:
    return make_market()


def returns(candles: Candles) -> Floats:
    return np.diff(np.log(candles.close))


def hill(values: Floats, share: float) -> float:
    """Hill's tail index from the largest share of the values."""
    ordered = np.sort(values)[::-1]
    k = int(values.shape[0] * share)
    return 1.0 / float(np.mean(np.log(ordered[:k] / ordered[k])))


def jump_statistic(r: Floats) -> Floats:
    """J = |r_t| / sqrt(mean of the 94 products |r_j||r_{j-1}|, j = t-94…t-1), row by row."""
    size = np.abs(r)
    out = np.full(r.shape[0], np.nan)
    for t in range(95, r.shape[0]):
        products = [size[j] * size[j - 1] for j in range(t - 94, t)]
        mean = float(np.mean(products))
        if mean > 0.0:
            out[t] = size[t] / np.sqrt(mean)
    return out


def autocorrelation(values: Floats, lag: int) -> float:
    centred = values - values.mean()
    return float(np.mean(centred[lag:] * centred[:-lag]) / np.mean(centred * centred))


@pytest.mark.parametrize("pair", ALL)
def test_candles_are_possible(market: dict[str, Candles], pair: str) -> None:
    c = market[pair]
    assert np.all(np.diff(c.open_ms) == 300_000)
    assert np.all(c.low > 0)
    assert np.all(c.low <= np.minimum(c.open, c.close))
    assert np.all(c.high >= np.maximum(c.open, c.close))
    assert np.all(c.volume > 0)
    assert np.array_equal(c.open[1:], c.close[:-1])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_prices_are_whole_ticks(market: dict[str, Candles], pair: Pair) -> None:
    for price in market[pair.name].close[:500].tolist():
        assert price == float(f"{price:.{pair.decimals}f}")


def test_period_holds_warm_up_and_two_months(market: dict[str, Candles]) -> None:
    c = market["ALFA/USDT"]
    start_ms = int(TRADING_START.timestamp()) * 1000
    assert WARM_UP_DAYS * 288 >= ENGINE_MEMORY * 1.2
    assert int(np.searchsorted(c.open_ms, start_ms)) == WARM_UP_DAYS * 288
    assert int(c.open_ms[-1]) == int(TRADING_END.timestamp()) * 1000 - 300_000
    assert (TRADING_END - TRADING_START).days >= 59


@pytest.mark.parametrize("pair", FINE)
def test_tail_index(market: dict[str, Candles], pair: str) -> None:
    size = np.abs(returns(market[pair]))
    for share in (0.01, 0.025):
        assert 2.5 <= hill(size, share) <= 4.5


@pytest.mark.parametrize("pair", FINE)
def test_share_of_jumps(market: dict[str, Candles], pair: str) -> None:
    j = jump_statistic(returns(market[pair]))
    assert 0.01 <= float(np.mean(j[95:] > 4)) <= 0.03
    assert 0.002 <= float(np.mean(j[95:] > 6)) <= 0.008


@pytest.mark.parametrize("pair", FINE)
def test_few_zero_returns(market: dict[str, Candles], pair: str) -> None:
    assert float(np.mean(returns(market[pair]) == 0.0)) < 0.10


def test_coarse_pair_stands_still_often(market: dict[str, Candles]) -> None:
    assert float(np.mean(returns(market[COARSE]) == 0.0)) > 0.25


@pytest.mark.parametrize("pair", FINE)
def test_volatility_clusters_and_decays_slowly(market: dict[str, Candles], pair: str) -> None:
    size = np.abs(returns(market[pair]))
    acf = [autocorrelation(size, lag) for lag in (1, 12, 100)]
    assert acf[0] > 0.15
    assert acf[2] > 0.03
    assert acf[0] > acf[1] > acf[2]
    assert abs(autocorrelation(returns(market[pair]), 1)) < 0.1


def test_volatility_changes_regime(market: dict[str, Candles]) -> None:
    days = np.abs(returns(market["ALFA/USDT"]))[: 288 * 65].reshape(-1, 288).mean(axis=1)
    assert float(np.quantile(days, 0.95) / np.quantile(days, 0.05)) > 2.5


def test_pairs_move_together(market: dict[str, Candles]) -> None:
    matrix = np.corrcoef([returns(market[pair]) for pair in FINE])
    between = matrix[~np.eye(len(FINE), dtype=bool)]
    assert float(between.min()) > 0.5
    assert float(between.max()) < 0.95


@pytest.mark.parametrize("pair", ALL)
def test_the_crash_is_the_worst_fall(market: dict[str, Candles], pair: str) -> None:
    c = market[pair]
    at = int(np.searchsorted(c.open_ms, int(CRASH.timestamp()) * 1000))
    last_eight = c.close[8:] / c.close[:-8] - 1.0
    assert at <= int(np.argmin(last_eight)) + 8 < at + 16
    assert float(c.low[at : at + 8].min() / c.open[at]) < 0.90


@pytest.mark.parametrize("pair", ALL)
def test_volume_bursts_with_moves(market: dict[str, Candles], pair: str) -> None:
    c = market[pair]
    size = np.abs(returns(c))
    big = size > np.quantile(size, 0.99)
    assert float(np.median(c.volume[1:][big]) / np.median(c.volume)) > 3
    assert float(np.quantile(c.volume, 0.99) / np.median(c.volume)) > 5


def test_exponential_is_exact_to_two_units() -> None:
    x = (Stream(7, 1).uniform(100_000) - 0.5) * 200.0
    assert float(np.max(np.abs(exp(x) / np.exp(x) - 1.0))) < 5e-16


def test_streams_are_standard_and_distinct() -> None:
    z = Stream(3, 1).gaussian(200_000)
    assert abs(float(z.mean())) < 0.01
    assert abs(float(z.std()) - 1.0) < 0.01
    assert abs(float(np.corrcoef(z, Stream(3, 2).gaussian(200_000))[0, 1])) < 0.01


def digest(directory: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.glob("*.feather"))
    }


def test_two_processes_write_the_same_bytes_and_a_second_run_nothing(tmp_path: Path) -> None:
    outcomes = []
    for name in ("one", "two", "one"):
        command = [sys.executable, "-m", "market", "--out", str(tmp_path / name)]
        done = subprocess.run(command, cwd=DEMO, capture_output=True, text=True, check=True)
        outcomes.append(done.stdout.splitlines()[0])
    assert outcomes == ["written", "written", "up to date"]
    assert len(digest(tmp_path / "one")) == len(PAIRS)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_files_are_in_freqtrades_layout(tmp_path: Path, market: dict[str, Candles]) -> None:
    write_market(tmp_path, seed=20250301)
    table = feather.read_table(candle_file(tmp_path, "CRLI/USDT"))
    assert table.column_names == ["date", "open", "high", "low", "close", "volume"]
    assert str(table.schema.field("date").type) == "timestamp[ns, tz=UTC]"
    assert {str(field.type) for field in table.schema} == {"timestamp[ns, tz=UTC]", "double"}
    assert np.array_equal(table["close"].to_numpy(), market["CRLI/USDT"].close)


def test_damaged_and_other_files_are_written_anew(tmp_path: Path) -> None:
    assert write_market(tmp_path, seed=1)
    before = digest(tmp_path)
    candle_file(tmp_path, "ALFA/USDT").write_bytes(b"broken")
    assert write_market(tmp_path, seed=1)
    assert digest(tmp_path) == before
    assert write_market(tmp_path, seed=2)
    assert digest(tmp_path) != before


def test_unwritable_folder_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    command = [sys.executable, "-m", "market", "--out", str(blocked)]
    done = subprocess.run(command, cwd=DEMO, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert str(blocked) in done.stderr
