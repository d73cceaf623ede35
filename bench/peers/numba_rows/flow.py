"""Volume: surprise, bulk-classified flow, Kyle's lambda, Amihud's illiquidity."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .windows import mid_rank, replace_sorted

FLOW_ROWS = 250
AMIHUD_ROWS = 32


@njit
def surprise(value, rows):
    """Modified z-score of the log traded value among the `rows` that end with the candle."""
    logs = np.empty(value.size)
    out = np.full(value.size, np.nan)
    window = np.zeros(rows)
    present = rows
    for t in range(value.size):
        logs[t] = np.log(value[t]) if value[t] > 0.0 else np.inf
        old = logs[t - rows] if t >= rows else 0.0
        replace_sorted(window, old, logs[t])
        present += (logs[t] < np.inf) - (old < np.inf)
        if t < rows - 1 or value[t] <= 0.0 or 2 * present < rows:
            continue
        median = 0.5 * (window[(present - 1) // 2] + window[present // 2])
        out[t] = 0.6745 * (logs[t] - median) / median_deviation(window, present, median)
    return out


@njit
def median_deviation(window, n, median):
    """Median of |x - median| of the first `n` ascending values: the middle of two runs."""
    middle, half = n // 2, (n + 1) // 2
    low, high = max(half - (n - middle), 0), min(middle, half)
    while low < high:
        i = (low + high) // 2
        if window[middle + half - i - 1] - median > median - window[middle - 1 - i]:
            low = i + 1
        else:
            high = i
    i, j = low, half - low
    last = 0.0
    if i > 0:
        last = median - window[middle - i]
    if j > 0:
        last = max(last, window[middle + j - 1] - median)
    if n % 2 == 1:
        return last
    following = np.inf
    if i < middle:
        following = median - window[middle - 1 - i]
    if middle + j < n:
        following = min(following, window[middle + j] - median)
    return 0.5 * (last + following)


@njit
def flow(value, returns, sigma):
    """Flow of the candle, of the window, VPIN, and the candle's net value in mean candles: four
    rows.
    """
    rows = value.size
    out = np.full((4, rows), np.nan)
    net = np.zeros(rows)
    total, net_total, gross, traded = 0.0, 0.0, 0.0, 0
    for t in range(1, rows):
        if value[t] > 0.0:
            out[0, t] = math.erf(returns[t] / sigma[t - 1] * math.sqrt(0.5))
            net[t] = out[0, t] * value[t]
            traded += 1
        total += value[t]
        net_total += net[t]
        gross += abs(net[t])
        if t > FLOW_ROWS:
            old = t - FLOW_ROWS
            total -= value[old]
            net_total -= net[old]
            gross -= abs(net[old])
            traded -= value[old] > 0.0
        if t >= FLOW_ROWS and 2 * traded >= FLOW_ROWS:
            out[1, t], out[2, t] = net_total / total, gross / total
            if value[t] > 0.0:
                out[3, t] = net[t] / (total / traded)
    return out


@njit
def amihud_rank(value, returns, rows):
    """Mid-rank of the mean |r| / value over 32 candles."""
    ratio = np.zeros(value.size)
    means = np.full(value.size, np.nan)
    traded = 0
    for t in range(1, value.size):
        if value[t] > 0.0:
            ratio[t] = abs(returns[t]) / value[t]
            traded += 1
        if t > AMIHUD_ROWS:
            traded -= value[t - AMIHUD_ROWS] > 0.0
        if 2 * traded >= AMIHUD_ROWS:
            total = 0.0
            for i in range(max(t - AMIHUD_ROWS + 1, 1), t + 1):
                total += ratio[i]
            means[t] = total / traded
    return mid_rank(means, rows)


@njit
def kyle(returns, signed, rows):
    """Slope of the return on the net bought value over the window, and its HC0 t."""
    out = np.full((2, returns.size), np.nan)
    terms = np.zeros((returns.size, 12))
    sums = np.zeros(12)
    for t in range(1, returns.size):
        x, r = signed[t], returns[t]
        if not np.isnan(x):
            terms[t, :] = (
                1.0, x, x**2, x**3, x**4, r, r * x, r * x**2, r * x**3, r**2, r**2 * x, r**2 * x**2,
            )  # fmt: skip
        for j in range(12):
            sums[j] += terms[t, j] - (terms[t - rows, j] if t >= rows else 0.0)
        n, x1, x2, x3, x4 = sums[0], sums[1], sums[2], sums[3], sums[4]
        r0, rx1, rx2, rx3 = sums[5], sums[6], sums[7], sums[8]
        rr0, rr1, rr2 = sums[9], sums[10], sums[11]
        if t < rows or 2.0 * n < rows:
            continue
        mean = x1 / n
        variation = x2 - mean * x1
        b = (rx1 - mean * r0) / variation
        a = (r0 - b * x1) / n
        e0 = rr0 - 2.0 * (a * r0 + b * rx1) + a * a * n + 2.0 * a * b * x1 + b * b * x2
        e1 = rr1 - 2.0 * (a * rx1 + b * rx2) + a * a * x1 + 2.0 * a * b * x2 + b * b * x3
        e2 = rr2 - 2.0 * (a * rx2 + b * rx3) + a * a * x2 + 2.0 * a * b * x3 + b * b * x4
        out[0, t] = b
        out[1, t] = b * variation / np.sqrt(e2 - 2.0 * mean * e1 + mean * mean * e0)
    return out
