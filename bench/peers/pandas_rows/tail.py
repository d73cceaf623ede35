"""Tail of the next candle, from standardised residuals."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from candles import Array
from numpy.typing import NDArray

TAIL_ROWS, EXCEEDANCES, MIN_EXCEEDANCES = 900, 90, 30
XI_MIN, XI_MAX = 0.10, 0.95
SWAN = 1e-3
KAPPA, STRETCH = 1.645, 0.1
#: Columns of `tail`, in order.
NAMES = (
    "var95", "var99", "es95", "es99", "p_loss", "xi_raw", "xi", "xi_se",
    "tail_n", "hill", "moment", "theta", "event", "left_vega",
)  # fmt: skip


def zhang_stephens(y: Array) -> tuple[float, float]:
    """GPD fit of ascending exceedances (Zhang & Stephens 2009): shape and scale."""
    m = 20 + math.isqrt(y.size)
    y_star = y[math.floor(y.size / 4 + 0.5) - 1]
    theta = 1.0 / y[-1] + (1.0 - np.sqrt(m / (np.arange(m) + 0.5))) / (3.0 * y_star)
    kappa = np.log1p(-np.outer(theta, y)).mean(axis=1)
    likelihood = y.size * (np.log(-theta / kappa) - kappa - 1.0)
    weights = np.exp(likelihood - likelihood.max())
    mean = float(weights @ theta / weights.sum())
    xi = float(np.log1p(-mean * y).mean())
    return xi, -xi / mean


def tail(returns: Array, sigma: Array, threshold: float, *, long: bool) -> Array:
    """One side's columns, in the order of `NAMES`. The fit is repeated only for new exceedances."""
    losses = (-returns if long else returns)[1:] / sigma[:-1]
    out = np.full((len(NAMES), returns.size), np.nan)
    window = sorted(losses[: TAIL_ROWS - 1])
    ordered = np.array(window)
    before: list[float] = []
    fit: Fit | None = None
    for t in range(TAIL_ROWS, returns.size):
        loss = losses[t - 1]
        if fit is not None:
            swan = exceeds(fit, ordered, loss) < SWAN
            out[12, t] = 0.0 if loss <= fit.u else 1.0 + swan
            del window[bisect.bisect_left(window, losses[t - 1 - TAIL_ROWS])]
        bisect.insort(window, loss)
        ordered = np.array(window)
        top = window[-EXCEEDANCES - 1 :]
        if fit is None or top != before:
            fit, before = fit_tail(ordered, losses[t - TAIL_ROWS : t]), top
        out[:4, t] = fit.levels * sigma[t]
        out[4, t] = exceeds(fit, ordered, threshold / sigma[t])
        out[5:12, t] = fit.shape
        out[13, t] = left_vega(ordered) * sigma[t]
    return out


@dataclass(frozen=True)
class Fit:
    """A fitted tail in units of sigma."""

    u: float
    share: float
    xi: float
    beta: float
    levels: Array
    #: xi raw, xi, its standard error, exceedances, Hill, moment, theta.
    shape: tuple[float, ...]


def fit_tail(ordered: Array, by_time: Array) -> Fit:
    """Fit of ascending losses, which are also given in order of time."""
    top = ordered[-EXCEEDANCES - 1 :]
    u = float(top[0])
    y = top[1:] - u
    y = y[y > 0.0]
    share = y.size / TAIL_ROWS
    xi_raw = xi = beta = math.nan
    if y.size >= MIN_EXCEEDANCES:
        xi_raw, beta = zhang_stephens(y)
        xi = min(max(xi_raw, XI_MIN), XI_MAX)
        if xi != xi_raw:
            beta = float(y.mean()) * (1.0 - xi)
    levels = np.empty(4)
    for level, p in enumerate((0.05, 0.01)):
        if not math.isnan(xi) and p < share:
            var = float(np.quantile(ordered, 0.95, method="weibull"))
            if p < 0.05:
                var = max(var, u + beta / xi * ((p / share) ** -xi - 1.0))
            es = (var + beta - xi * u) / (1.0 - xi)
        else:
            var = float(np.quantile(ordered, 1.0 - p, method="weibull"))
            mass = TAIL_ROWS * p
            whole = int(mass)
            es = (ordered[-whole:].sum() + (mass - whole) * ordered[-whole - 1]) / mass
        levels[level] = max(var, 0.0)
        levels[2 + level] = max(es, levels[level])
    hill = moment = math.nan
    if u > 0.0:
        logs = np.log(top[1:] / u)
        hill, second = float(logs.mean()), float((logs**2).mean())
        moment = hill + 1.0 - 0.5 / (1.0 - hill**2 / second)
    theta = extremal_index(np.flatnonzero(by_time > u))
    se = (1.0 + xi_raw) / math.sqrt(y.size) if y.size else math.nan
    return Fit(u, share, xi, beta, levels, (xi_raw, xi, se, y.size, hill, moment, theta))


def exceeds(fit: Fit, ordered: Array, loss: float) -> float:
    """Probability of a greater loss, in sigmas."""
    if loss > fit.u and not math.isnan(fit.xi):
        return float(fit.share * (1.0 + fit.xi * (loss - fit.u) / fit.beta) ** (-1.0 / fit.xi))
    return float(1.0 - np.searchsorted(ordered, loss, side="right") / TAIL_ROWS)


def extremal_index(times: NDArray[np.int64]) -> float:
    """Ferro & Segers' theta from the times of the exceedances."""
    gaps = np.diff(times)
    if gaps.size == 0:
        return math.nan
    if gaps.max() <= 2:
        numerator, denominator = gaps.sum() ** 2, (gaps**2).sum()
    else:
        numerator, denominator = (gaps - 1).sum() ** 2, ((gaps - 1) * (gaps - 2)).sum()
    return min(2.0 * float(numerator) / float(gaps.size * denominator), 1.0)


def left_vega(ordered: Array) -> float:
    """Sensitivity of the upper tail integral of ascending losses to their scale."""
    distance = ordered - 0.5 * (ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2])
    near = distance[np.searchsorted(distance, KAPPA / (1.0 + STRETCH), side="right") :].sum()
    far = distance[np.searchsorted(distance, KAPPA / (1.0 - STRETCH), side="right") :].sum()
    return float(((1.0 + STRETCH) * near - (1.0 - STRETCH) * far) / (2.0 * STRETCH * ordered.size))


def max_to_sum(returns: Array, sigma: Array) -> Array:
    """Largest fourth power of the residuals over their sum."""
    residual = returns / np.concatenate([[np.nan], sigma[:-1]])
    fourth = pd.Series(residual**4).rolling(TAIL_ROWS)
    return (fourth.max() / fourth.sum()).to_numpy()
