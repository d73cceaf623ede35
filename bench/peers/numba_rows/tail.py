"""Tail of the next candle, from standardised residuals."""

from __future__ import annotations

import numpy as np
from numba import njit

from .windows import replace_sorted

ROWS, EXCEEDANCES, MIN_EXCEEDANCES = 900, 90, 30
XI_MIN, XI_MAX = 0.10, 0.95
SWAN = 1e-3
KAPPA, STRETCH = 1.645, 0.1
#: Columns of `tail`, in order.
NAMES = (
    "var95", "es95", "var99", "es99", "p_loss", "xi_raw", "xi", "xi_se",
    "tail_n", "hill", "moment", "theta", "event", "left_vega",
)  # fmt: skip


@njit
def zhang_stephens(y, count, grid, weight):
    """GPD fit of the first `count` of ascending exceedances: shape and scale. `grid` and `weight`
    are scratch.
    """
    m = 20 + int(np.sqrt(count))
    y_max, y_star = y[count - 1], y[int(np.floor(count / 4 + 0.5)) - 1]
    highest = -np.inf
    for j in range(m):
        theta = 1.0 / y_max + (1.0 - np.sqrt(m / (j + 0.5))) / (3.0 * y_star)
        kappa, product = 0.0, 1.0
        for i in range(count):
            product *= 1.0 - theta * y[i]
            if i % 8 == 7:
                kappa += np.log(product)
                product = 1.0
        kappa = (kappa + np.log(product)) / count
        grid[j] = theta
        weight[j] = count * (np.log(-theta / kappa) - kappa - 1.0)
        highest = max(highest, weight[j])
    total, mean = 0.0, 0.0
    for j in range(m):
        w = np.exp(weight[j] - highest)
        total += w
        mean += w * grid[j]
    theta = mean / total
    xi = 0.0
    for i in range(count):
        xi += np.log1p(-theta * y[i])
    xi /= count
    return xi, -xi / theta


@njit
def quantile(ordered, p):
    """The ascending losses' number (n + 1) p from the top."""
    n = ordered.size
    position = (n + 1) * p - 1.0
    i = int(position)
    high, low = ordered[n - 1 - i], ordered[n - 2 - i]
    return high + (low - high) * (position - i)


@njit
def mean_above(ordered, p):
    """Mean of the greatest share `p` of ascending losses."""
    n = ordered.size
    mass = n * p
    whole = int(mass)
    return (ordered[n - whole :].sum() + (mass - whole) * ordered[n - 1 - whole]) / mass


@njit
def fit_tail(ordered, y, grid, weight, fit):
    """Threshold, share, xi raw, xi, beta, (VaR, ES) 95 and 99 in sigmas, exceedances, Hill, moment
    into `fit`.
    """
    threshold = ordered[ROWS - EXCEEDANCES - 1]
    count = 0
    first, second = 0.0, 0.0
    for i in range(ROWS - EXCEEDANCES, ROWS):
        if ordered[i] > threshold:
            y[count] = ordered[i] - threshold
            count += 1
        if threshold > 0.0:
            log = np.log(ordered[i] / threshold)
            first += log
            second += log * log
    share = count / ROWS
    xi_raw, xi, beta = np.nan, np.nan, np.nan
    if count >= MIN_EXCEEDANCES:
        xi_raw, beta = zhang_stephens(y, count, grid, weight)
        xi = min(max(xi_raw, XI_MIN), XI_MAX)
        if xi != xi_raw:
            beta = y[:count].mean() * (1.0 - xi)
    fit[0], fit[1], fit[2], fit[3], fit[4] = threshold, share, xi_raw, xi, beta
    for level, p in enumerate((0.05, 0.01)):
        if count >= MIN_EXCEEDANCES and p < share:
            var = quantile(ordered, 0.05)
            if p < 0.05:
                var = max(var, threshold + beta / xi * ((p / share) ** -xi - 1.0))
            es = (var + beta - xi * threshold) / (1.0 - xi)
        else:
            var, es = quantile(ordered, p), mean_above(ordered, p)
        fit[5 + 2 * level] = max(var, 0.0)
        fit[6 + 2 * level] = max(es, fit[5 + 2 * level])
    first, second = first / EXCEEDANCES, second / EXCEEDANCES
    fit[9] = count
    fit[10] = first if threshold > 0.0 else np.nan
    fit[11] = first + 1.0 - 0.5 / (1.0 - first * first / second) if threshold > 0.0 else np.nan


@njit
def exceeds(fit, ordered, loss):
    """Probability of a greater loss, in sigmas."""
    if loss > fit[0] and not np.isnan(fit[3]):
        return fit[1] * (1.0 + fit[3] * (loss - fit[0]) / fit[4]) ** (-1.0 / fit[3])
    return 1.0 - np.searchsorted(ordered, loss, side="right") / ROWS


@njit
def extremal_index(residual, last, threshold):
    """Ferro & Segers' theta of the exceedances among the last residuals."""
    before = -1
    n, total, squares, longest = 0, 0, 0, 0
    for i in range(last - ROWS + 1, last + 1):
        if residual[i] > threshold:
            if before >= 0:
                gap = i - before
                n += 1
                total += gap
                squares += gap * gap
                longest = max(longest, gap)
            before = i
    if n == 0:
        return np.nan
    if longest > 2:
        total, squares = total - n, squares - 3 * total + 2 * n
    return min(2.0 * total * total / (n * squares), 1.0)


@njit
def left_vega(ordered):
    """Sensitivity of the upper tail integral of ascending losses to their scale."""
    n = ordered.size
    median = 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])
    near, far = 0.0, 0.0
    i = n - 1
    while i >= 0 and ordered[i] - median > KAPPA / (1.0 + STRETCH):
        distance = ordered[i] - median
        near += distance
        if distance > KAPPA / (1.0 - STRETCH):
            far += distance
        i -= 1
    return ((1.0 + STRETCH) * near - (1.0 - STRETCH) * far) / (2.0 * STRETCH * n)


@njit
def tail(returns, sigma, threshold, long):
    """One side's columns, in the order of `NAMES`."""
    rows = returns.size
    out = np.full((14, rows), np.nan)
    ordered, residual = np.zeros(ROWS), np.zeros(rows)
    y, grid, weight, fit = np.empty(EXCEEDANCES), np.empty(40), np.empty(40), np.empty(13)
    sign = -1.0 if long else 1.0
    stale = True
    for t in range(1, rows):
        residual[t] = sign * returns[t] / sigma[t - 1]
        if t > ROWS:
            p = exceeds(fit, ordered, residual[t])
            out[12, t] = 0.0 if residual[t] <= fit[0] else (2.0 if p < SWAN else 1.0)
        old = residual[t - ROWS] if t > ROWS else 0.0
        _, top = replace_sorted(ordered, old, residual[t])
        stale |= top >= ROWS - EXCEEDANCES - 1
        if t < ROWS:
            continue
        if stale:
            fit_tail(ordered, y, grid, weight, fit)
            fit[12] = extremal_index(residual, t, fit[0])
            stale = False
        out[0:4, t] = fit[5:9] * sigma[t]
        out[4, t] = exceeds(fit, ordered, threshold / sigma[t])
        out[5, t], out[6, t] = fit[2], fit[3]
        out[7, t] = (1.0 + fit[2]) / np.sqrt(fit[9])
        out[8:12, t] = fit[9:13]
        out[13, t] = left_vega(ordered) * sigma[t]
    return out


@njit
def max_to_sum(returns, sigma):
    """Largest fourth power of the residuals over their sum."""
    rows = returns.size
    out = np.full(rows, np.nan)
    fourth = np.zeros(rows)
    ordered = np.zeros(ROWS)
    total = 0.0
    for t in range(1, rows):
        fourth[t] = (returns[t] / sigma[t - 1]) ** 4
        old = fourth[t - ROWS] if t > ROWS else 0.0
        replace_sorted(ordered, old, fourth[t])
        total += fourth[t] - old
        if t >= ROWS:
            out[t] = ordered[ROWS - 1] / total
    return out
