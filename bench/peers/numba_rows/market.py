"""The pair against the market, and its spread."""

from __future__ import annotations

import numpy as np
from numba import njit

MIN_JOINT = 200
#: Columns of `convexity`, in order.
NAMES = ("gamma", "gamma_t", "convexity_1s", "convexity_3s", "beta_up", "beta_down", "market_n")


@njit
def solve3(a, b):
    """Solution of a symmetric positive definite 3 x 3 system by elimination."""
    l10, l20 = a[1] / a[0], a[3] / a[0]
    d1 = a[2] - l10 * a[1]
    l21 = (a[4] - l20 * a[1]) / d1
    d2 = a[5] - l20 * a[3] - l21 * l21 * d1
    y1 = b[1] - l10 * b[0]
    x2 = (b[2] - l20 * b[0] - l21 * y1) / d2
    x1 = y1 / d1 - l21 * x2
    return b[0] / a[0] - l10 * x1 - l20 * x2, x1, x2


@njit
def square_of(p0, p1, p2):
    """Coefficients of a squared parabola."""
    return p0 * p0, 2.0 * p0 * p1, p1 * p1 + 2.0 * p0 * p2, 2.0 * p1 * p2, p2 * p2


@njit
def convexity(pair, market, rows):
    """Treynor-Mazuy gamma with HC0 t, H at 1 and 3 sigmas, up and down beta, joint observations."""
    size = pair.size
    out = np.full((7, size), np.nan)
    terms = np.zeros((size, 25))
    s = np.zeros(25)
    for t in range(1, size):
        y, m = pair[t], market[t]
        if not (np.isnan(y) or np.isnan(m)):
            power = 1.0
            for k in range(9):
                terms[t, k] = power
                if k < 7:
                    terms[t, 9 + k] = y * power
                if k < 5:
                    terms[t, 16 + k] = y * y * power
                power *= m
            up = max(m, 0.0)
            terms[t, 21], terms[t, 22], terms[t, 23] = up, up * up, y * up
        for j in range(25):
            s[j] += terms[t, j] - (terms[t - rows, j] if t >= rows else 0.0)
        n = s[0]
        out[6, t] = n
        if t < rows or n < MIN_JOINT:
            continue
        gram = (n, s[1], s[2], s[2], s[3], s[4])
        b0, b1, b2 = solve3(gram, (s[9], s[10], s[11]))
        weight, square = square_of(*solve3(gram, (0.0, 0.0, 1.0))), square_of(b0, b1, b2)
        variance = 0.0
        for k in range(5):
            fitted = 0.0
            for i in range(5):
                fitted += square[i] * s[k + i]
            cross = b0 * s[9 + k] + b1 * s[10 + k] + b2 * s[11 + k]
            variance += weight[k] * (s[16 + k] - 2.0 * cross + fitted)
        market_variance = s[2] / n - (s[1] / n) ** 2
        out[0, t], out[1, t] = b2, b2 / np.sqrt(variance)
        out[2, t], out[3, t] = b2 * market_variance, 9.0 * b2 * market_variance
        up, up2, y_up = s[21], s[22], s[23]
        gram = (n, up, up2, s[1] - up, 0.0, s[2] - up2)
        _, out[4, t], out[5, t] = solve3(gram, (s[9], y_up, s[10] - y_up))
    return out


@njit
def spread(open_, high, low, close, rows):
    """EDGE spread over the window: signed root of the squared spread, from sums of monomials."""
    size = close.size
    out = np.full(size, np.nan)
    terms = np.zeros((size, 22))
    s = np.zeros(22)
    o, h, lo, c = np.log(open_), np.log(high), np.log(low), np.log(close)
    n = rows - 1
    for t in range(1, size):
        if not (high[t] == low[t] and low[t] == close[t - 1]):
            before = 0.5 * (h[t - 1] + lo[t - 1])
            x, y, z = 0.5 * (h[t] + lo[t]) - o[t], o[t] - c[t - 1], c[t - 1] - before
            terms[t, :] = (
                1.0, 1.0 * (open_[t] != high[t]) + (open_[t] != low[t]),
                1.0 * (close[t - 1] != high[t - 1]) + (close[t - 1] != low[t - 1]),
                x, y, z, x * y, y * z, x * z, y * y, z * z,
                x * y * y, x * z * z, y * z * z, y * y * z, x * y * z,
                x * x * y * y, y * y * z * z, x * x * z * z,
                x * y * y * z, x * x * y * z, x * y * z * z,
            )  # fmt: skip
        for j in range(22):
            s[j] += terms[t, j] - (terms[t - n, j] if t >= n else 0.0)
        if t < n or s[0] < 2.0 or s[1] == 0.0 or s[2] == 0.0:
            continue
        tau, po, pc, sa, sb, sc = s[0], s[1], s[2], s[3], s[4], s[5]
        ab, bc, ac, bb, cc = s[6], s[7], s[8], s[9], s[10]
        abb, acc, bcc, bbc, abc = s[11], s[12], s[13], s[14], s[15]
        aabb, bbcc, aacc, abbc, aabc, abcc = s[16], s[17], s[18], s[19], s[20], s[21]
        am, bm = sa / tau, sb / tau
        p, q, r = ab - am * sb, bc - bm * sc, ac - am * sc
        pp = aabb - 2.0 * am * abb + am * am * bb
        qq = bbcc - 2.0 * bm * bcc + bm * bm * cc
        rr = aacc - 2.0 * am * acc + am * am * cc
        pq = abbc - bm * abc - am * bbc + am * bm * bc
        pr = aabc - 2.0 * am * abc + am * am * bc
        qr = abcc - am * bcc - bm * acc + am * bm * cc
        ka, kb = -4.0 * n / po, -4.0 * n / pc
        kr = ka + kb
        e2 = (ka * p + kb * q) / n
        e1 = e2 + kr * r / n
        square2 = (ka * ka * pp + kb * kb * qq + 2.0 * ka * kb * pq) / n
        square1 = square2 + kr * kr * rr / n + 2.0 * kr * (ka * pr + kb * qr) / n
        v1, v2 = square1 - e1 * e1, square2 - e2 * e2
        s2 = (v2 * e1 + v1 * e2) / (v1 + v2)
        out[t] = np.sign(s2) * np.sqrt(abs(s2))
    return out
