"""The pair against the market."""

from __future__ import annotations

import numpy as np
import pandas as pd
from candles import Array

MIN_JOINT = 200


def convexity(pair: Array, market: Array, rows: int) -> dict[str, Array]:
    """Treynor-Mazuy gamma with HC0 t, H at 1 and 3 sigmas, up and down beta, joint observations."""
    joint = ~(np.isnan(pair) | np.isnan(market))
    y, m = np.where(joint, pair, 0.0), np.where(joint, market, 0.0)
    up = np.maximum(m, 0.0)
    columns = [joint * m**k for k in range(9)]
    columns += [y * m**k for k in range(7)] + [y**2 * m**k for k in range(5)] + [up, up**2, y * up]
    s = pd.DataFrame(np.column_stack(columns)).rolling(rows).sum().to_numpy().T
    n = s[0]
    valid = n >= MIN_JOINT
    out = np.full((6, pair.size), np.nan)
    t = np.flatnonzero(valid)
    s = s[:, t]
    gram = np.array([[s[0], s[1], s[2]], [s[1], s[2], s[3]], [s[2], s[3], s[4]]]).transpose(2, 0, 1)
    inverse = np.linalg.inv(gram)
    beta = np.einsum("tij,jt->it", inverse, s[9:12])
    c = inverse[:, 2, :].T
    weight, square = squared(c), squared(beta)
    variance = np.zeros(t.size)
    for k in range(5):
        fitted = sum(square[i] * s[k + i] for i in range(5))
        cross = sum(beta[i] * s[9 + k + i] for i in range(3))
        variance += weight[k] * (s[16 + k] - 2.0 * cross + fitted)
    market_variance = s[2] / s[0] - (s[1] / s[0]) ** 2
    out[0, t], out[1, t] = beta[2], beta[2] / np.sqrt(variance)
    out[2, t], out[3, t] = beta[2] * market_variance, 9.0 * beta[2] * market_variance
    zero = np.zeros(t.size)
    rise, rise2, y_rise = s[21], s[22], s[23]
    fall, fall2 = s[1] - rise, s[2] - rise2
    gram = np.array([[s[0], rise, fall], [rise, rise2, zero], [fall, zero, fall2]])
    gram = gram.transpose(2, 0, 1)
    slopes = np.einsum("tij,jt->it", np.linalg.inv(gram), np.array([s[9], y_rise, s[10] - y_rise]))
    out[4, t], out[5, t] = slopes[1], slopes[2]
    names = ("gamma", "gamma_t", "convexity_1s", "convexity_3s", "beta_up", "beta_down")
    return dict(zip(names, out, strict=True)) | {"market_n": n}


def squared(p: Array) -> list[Array]:
    """Coefficients of a squared parabola."""
    return [
        p[0] ** 2,
        2.0 * p[0] * p[1],
        p[1] ** 2 + 2.0 * p[0] * p[2],
        2.0 * p[1] * p[2],
        p[2] ** 2,
    ]
