"""The synthetic market: a factor model with regimes, clustered volatility, jumps and one crash.

Each candle is cut from a path of sub-steps, so that its range and its return belong together.
Volatility is the exponential of a sum: a three-state regime, two autoregressions (days, hours), a
fast one that jumps feed, a time-of-day shape, and noise of its own for each candle. What this is
calibrated to is stated, with the measured figures, in ``README.md`` beside this file.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from market.exact import Floats, Stream, exp

STEPS_PER_CANDLE: Final = 60
CANDLES_PER_DAY: Final = 288
TIMEFRAME_MS: Final = 300_000

# Standard deviation of the factor per candle in the normal regime.
_FACTOR_SIGMA: Final = 0.0014
# Mean log-volatility of each regime and the chance per candle of leaving it.
_REGIME_LEVEL: Final = (-0.40, 0.0, 0.60)
_REGIME_LEAVE: Final = (1 / 700, 1 / 900, 1 / 350)
# Persistence per candle and stationary standard deviation of the log-volatility's parts.
_SLOW: Final = (0.9985, 0.32)
_MEDIUM: Final = (0.98, 0.27)
_FAST: Final = (0.80, 0.20)
_CANDLE_NOISE: Final = 0.27
_JUMP_KICK: Final = 0.35
_JUMP_KICK_CAP: Final = 1.6
# Log-return of the crash's candles, before each pair's beta.
_CRASH_PATH: Final = (-0.008, -0.021, -0.064, -0.033, 0.018, -0.015, 0.011, 0.007)
_CRASH_KICK: Final = 1.5


@dataclass(frozen=True)
class Pair:
    """One invented pair."""

    name: str
    start: float  # price of the first candle, quote per base
    decimals: int  # the tick is 10**-decimals
    beta: float  # sensitivity to the market factor
    own_sigma: float  # standard deviation per candle of what is the pair's own
    jumps_per_day: float
    volume: float  # quiet turnover per candle, quote units


@dataclass(frozen=True)
class Candles:
    """Columns of one pair, each of shape (candles,); times are candle opens, ms since 1970."""

    open_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@dataclass(frozen=True)
class Factor:
    """The common factor: log-returns per sub-step, shape (candles, steps), and log-volatility."""

    steps: Floats
    log_vol: Floats
    jumped: NDArray[np.bool_]


def _autoregression(stream: Stream, size: int, persistence: float, sd: float) -> Floats:
    """Stationary AR(1) of standard deviation sd, shape (size,)."""
    shocks = stream.gaussian(size) * (sd * float(np.sqrt(1.0 - persistence * persistence)))
    out = np.empty(size)
    level = float(stream.gaussian(1)[0]) * sd
    for t, shock in enumerate(shocks.tolist()):
        level = persistence * level + shock
        out[t] = level
    return out


def _regimes(stream: Stream, size: int) -> Floats:
    """Log-volatility of a three-state Markov chain that moves to a random other state."""
    leave, where = stream.uniform(size), stream.uniform(size)
    out = np.empty(size)
    state = 1
    for t in range(size):
        if leave[t] < _REGIME_LEAVE[state]:
            state = (state + (1 if where[t] < 0.5 else 2)) % 3
        out[t] = _REGIME_LEVEL[state]
    return out


def _fast(stream: Stream, size: int, jumped: NDArray[np.bool_], kicks: Floats) -> Floats:
    """Fast volatility: an AR(1) plus what earlier jumps and the crash leave behind."""
    out = _autoregression(stream, size, *_FAST)
    kick = 0.0
    for t in range(size):
        kick += kicks[t]
        out[t] += kick
        kick *= 0.985 if kick > 0.3 else 0.93
        if jumped[t]:
            kick = min(kick + _JUMP_KICK, max(kick, _JUMP_KICK_CAP))
    return out


def _time_of_day(size: int) -> Floats:
    """Quiet around 04:00 UTC, busy around 15:00: a parabola over the day, mean 0."""
    hour = (np.arange(size) % CANDLES_PER_DAY) / (CANDLES_PER_DAY / 24)
    distance = np.minimum(np.abs(hour - 15.0), 24.0 - np.abs(hour - 15.0)) / 12.0
    return 0.22 - 0.66 * distance * distance


def _jumps(stream: Stream, size: int, per_day: float) -> tuple[NDArray[np.bool_], Floats]:
    """Where jumps happen and their sizes in standard deviations of a candle (0 elsewhere).

    Sizes have a Pareto tail of index 2, cut off: 3.2 to 13.
    """
    happens = stream.uniform(size) < per_day / CANDLES_PER_DAY
    magnitude = 3.2 / np.sqrt(np.maximum(stream.uniform(size), 0.06))
    sign = np.where(stream.uniform(size) < 0.5, -1.0, 1.0)
    return happens, np.where(happens, sign * magnitude, 0.0)


def _path(stream: Stream, sigma: Floats, jumps: Floats) -> Floats:
    """Log-returns per sub-step; a jump falls into one of them. Shape (candles, steps)."""
    size = sigma.shape[0]
    noise = stream.gaussian(size * STEPS_PER_CANDLE, terms=4).reshape(size, STEPS_PER_CANDLE)
    steps: Floats = noise * (sigma / np.sqrt(float(STEPS_PER_CANDLE)))[:, np.newaxis]
    at = (stream.uniform(size) * STEPS_PER_CANDLE).astype(np.int64)
    steps[np.arange(size), at] += jumps * sigma
    return steps


def make_factor(seed: int, size: int, crash_at: int, sigma: float = _FACTOR_SIGMA) -> Factor:
    """The market factor with the crash beginning at candle crash_at."""
    jumped, jump_sizes = _jumps(Stream(seed, 0, 1), size, per_day=0.5)
    kicks = np.zeros(size)
    kicks[crash_at] = _CRASH_KICK
    log_vol = (
        _regimes(Stream(seed, 0, 2), size)
        + _autoregression(Stream(seed, 0, 3), size, *_SLOW)
        + _autoregression(Stream(seed, 0, 4), size, *_MEDIUM)
        + _fast(Stream(seed, 0, 5), size, jumped, kicks)
        + _time_of_day(size)
    )
    noise = Stream(seed, 0, 6).gaussian(size) * _CANDLE_NOISE
    steps = _path(Stream(seed, 0, 7), sigma * exp(log_vol + noise), jump_sizes)
    for offset, fall in enumerate(_CRASH_PATH):
        steps[crash_at + offset] += fall / STEPS_PER_CANDLE
    return Factor(steps=steps, log_vol=log_vol + noise, jumped=jumped)


def make_pair(seed: int, number: int, pair: Pair, factor: Factor, start_ms: int) -> Candles:
    """Candles of one pair; ``number`` names its random streams."""
    size = factor.log_vol.shape[0]
    jumped, jump_sizes = _jumps(Stream(seed, number, 1), size, pair.jumps_per_day)
    log_vol = (
        0.75 * factor.log_vol
        + _autoregression(Stream(seed, number, 2), size, *_MEDIUM)
        + _fast(Stream(seed, number, 3), size, jumped, np.zeros(size))
    )
    sigma = pair.own_sigma * exp(log_vol + Stream(seed, number, 4).gaussian(size) * _CANDLE_NOISE)
    steps = pair.beta * factor.steps + _path(Stream(seed, number, 5), sigma, jump_sizes)

    log_price = np.cumsum(steps.reshape(-1)).reshape(size, STEPS_PER_CANDLE)
    per_unit = 10.0**pair.decimals
    # Whole ticks divided by an exact power of ten: the double nearest to the decimal price.
    path = np.maximum(np.rint(pair.start * exp(log_price) * per_unit), 1.0) / per_unit
    close = path[:, -1].copy()
    opening = np.empty(size)
    opening[0] = np.rint(pair.start * per_unit) / per_unit
    opening[1:] = close[:-1]

    volume = _volume(Stream(seed, number, 6), pair, factor, log_vol, close / opening - 1.0)
    return Candles(
        open_ms=start_ms + TIMEFRAME_MS * np.arange(size, dtype=np.int64),
        open=opening,
        high=np.maximum(opening, path.max(axis=1)),
        low=np.minimum(opening, path.min(axis=1)),
        close=close,
        volume=np.rint(volume / close * 100.0) / 100.0,
    )


def _volume(stream: Stream, pair: Pair, factor: Factor, log_vol: Floats, change: Floats) -> Floats:
    """Turnover per candle, quote units: bursts with volatility and with the candle's own move."""
    size = change.shape[0]
    noise = stream.gaussian(size) * 0.55
    activity = exp(0.55 * factor.log_vol + 0.35 * log_vol + noise)
    surprise = np.abs(change) / (pair.own_sigma + _FACTOR_SIGMA * pair.beta)
    return pair.volume * activity * (0.7 + 0.45 * np.minimum(surprise, 40.0))
