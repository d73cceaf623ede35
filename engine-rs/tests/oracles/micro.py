"""Writes micro.json: numbers the whale, liquidity and antifragility measures are tested against.

Usage: python micro.py > micro.json    (needs numpy, scipy, pandas, statsmodels, bidask, mpmath)

The numbers come from the packages named here, not from the engine: bidask (the EDGE authors' own),
scipy.stats (median absolute deviation, normal distribution, ranks), statsmodels (least squares
with HC0 errors), numpy.linalg.lstsq, and mpmath for the error function.

bidask/ohlc.csv is the test file of github.com/eguidotti/bidask (MIT, licence beside it), unchanged.
Its ohlc-miss.csv is the same file with some prices left out: give its path as the first argument
to derive the list of them again; without it the list in the present micro.json is kept.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from bidask import edge, edge_rolling
from generate import market, residuals_at, sigma_at
from mpmath import mp, mpf
from scipy import stats

HERE = Path(__file__).parent
mp.dps = 50


def short(values: np.ndarray) -> list[float | None]:
    """Values as they are written and used: six digits, null for NaN."""
    return [None if math.isnan(v) else float(f"{v:.6g}") for v in values]


def numbers(values: list[float | None]) -> np.ndarray:
    return np.array([math.nan if v is None else v for v in values])


def erf_points() -> list[list[float]]:
    rng = np.random.default_rng(1)
    edges = [0.84375, 1.25, 1 / 0.35, 6.0]
    xs = [
        *rng.uniform(-7, 7, 300),
        *rng.uniform(-1e-3, 1e-3, 40),
        *10 ** rng.uniform(-300, -3, 40),
        *[e * (1 + d) for e in edges for d in (-1e-9, 0.0, 1e-9)],
    ]
    return [[float(x), float(mp.erf(mpf(float(x))))] for x in xs]


def edge_oracle() -> dict[str, object]:
    full = pd.read_csv(HERE / "bidask" / "ohlc.csv")
    if len(sys.argv) > 1:
        with_gaps = pd.read_csv(sys.argv[1])
        gaps = with_gaps.isna()
        assert ((full == with_gaps) | gaps).all().all(), "the same prices otherwise"
        missing = np.flatnonzero(gaps.to_numpy().ravel()).tolist()
    else:
        missing = json.loads((HERE / "micro.json").read_text())["edge"]["missing"]
    flat = full.to_numpy().ravel().copy()
    flat[missing] = np.nan
    gappy = flat.reshape(-1, 4).T
    assert abs(edge(*full.to_numpy().T) - 0.0101849034905478) < 1e-15
    assert abs(edge(*gappy) - 0.01013284969780197) < 1e-15

    def rolling(prices: pd.DataFrame, window: int, rows: range) -> list[list[float]]:
        series = edge_rolling(prices, window=window, sign=True)
        slow = [edge(*prices.to_numpy()[t + 1 - window : t + 1].T, sign=True) for t in rows]
        return [[t, float(series.iloc[t]), v] for t, v in zip(rows, slow, strict=True)]

    # Five square roots: returns of a 32nd, as those of minutes against days.
    small = full.head(3000)
    for _ in range(5):
        small = np.sqrt(small)
    return {
        "missing": missing,
        "rolling": [
            {"window": w, "points": rolling(full, w, range(w - 1, 10_000, 97))}
            for w in (21, 250, 500)
        ],
        "rolling_small": [
            {"window": w, "points": rolling(small, w, range(w - 1, 3000, 41))} for w in (250, 500)
        ],
    }


def whale_oracle() -> list[dict[str, object]]:
    rng = np.random.default_rng(2)
    n = 700
    values = np.exp(rng.normal(12, 1.3, n) + 3 * (rng.uniform(size=n) < 0.02))
    values[rng.uniform(size=n) < 0.1] = 0.0
    ties = np.exp(np.round(rng.normal(5, 1, n)))
    mostly_equal = np.where(rng.uniform(size=n) < 0.7, 1000.0, np.exp(rng.normal(7, 1, n)))
    out = []
    for name, series in (("usual", values), ("ties", ties), ("mostly equal", mostly_equal)):
        series = numbers(short(series))
        for rows in (100, 251, 500):
            points = []
            for t in range(rows - 1, n, 7):
                window = series[t + 1 - rows : t + 1]
                v = np.log(window[window > 0])
                mad = stats.median_abs_deviation(v)
                newest = math.log(series[t]) if series[t] > 0 else math.nan
                if mad > 0:
                    z = 0.6745 * (newest - np.median(v)) / mad
                else:
                    deviation = np.mean(np.abs(v - np.median(v)))
                    z = (newest - np.median(v)) / (1.253314 * deviation)
                points.append([t, None if math.isnan(z) else z])
            out.append({"name": name, "rows": rows, "values": short(series), "points": points})
    return out


def flow_oracle() -> dict[str, object]:
    rng = np.random.default_rng(3)
    n, rows = 600, 250
    values = np.exp(rng.normal(10, 1, n))
    values[rng.uniform(size=n) < 0.15] = 0.0
    z = numbers(short(rng.standard_t(4, n)))
    values = numbers(short(values))
    flow = 2 * stats.norm.cdf(z) - 1
    points = []
    for t in range(rows - 1, n, 9):
        w = slice(t + 1 - rows, t + 1)
        total = math.fsum(values[w])
        count = int(np.sum(values[w] > 0))
        traded = values[t] > 0
        points.append(
            {
                "row": t,
                "flow": float(flow[t]) if traded else None,
                "window": math.fsum(values[w] * flow[w]) / total,
                "vpin": math.fsum(values[w] * np.abs(flow[w])) / total,
                "signed": float(flow[t] * values[t] / (total / count)) if traded else None,
                "n": count,
            }
        )
    return {"values": short(values), "z": short(z), "points": points}


def kyle_oracle() -> list[dict[str, object]]:
    rng = np.random.default_rng(4)
    n = 700
    x = rng.standard_t(3, n)
    r = 0.0003 * x + 0.001 * rng.standard_t(4, n) * (1 + np.abs(x))
    x[rng.uniform(size=n) < 0.1] = math.nan
    x, r = numbers(short(x)), numbers(short(r))
    out = []
    for rows in (250, 500):
        points = []
        for t in range(rows - 1, n, 11):
            xs, rs = x[t + 1 - rows : t + 1], r[t + 1 - rows : t + 1]
            keep = ~np.isnan(xs)
            fit = sm.OLS(rs[keep], sm.add_constant(xs[keep])).fit(cov_type="HC0")
            points.append([t, float(fit.params[1]), float(fit.tvalues[1]), int(keep.sum())])
        out.append({"rows": rows, "points": points})
    return [{"signed": short(x), "r": short(r)}, *out]


def amihud_oracle() -> dict[str, object]:
    rng = np.random.default_rng(5)
    n, mean_rows = 900, 32
    r = numbers(short(0.002 * rng.standard_t(3, n)))
    values = np.exp(rng.normal(14, 1, n))
    values[(rng.uniform(size=n) < 0.1) | ((np.arange(n) > 600) & (np.arange(n) < 630))] = 0.0
    values = numbers(short(values))
    means = np.full(n, math.nan)
    for t in range(mean_rows - 1, n):
        w = slice(t + 1 - mean_rows, t + 1)
        traded = values[w] > 0
        if traded.sum() >= mean_rows // 2:
            means[t] = np.mean(np.abs(r[w][traded]) / values[w][traded])
    cases = []
    for rows in (250, 500):
        points = []
        for t in range(rows + mean_rows, n, 13):
            window = means[t + 1 - rows : t + 1].astype(np.float32)
            window = window[~np.isnan(window)]
            rank = None
            if not math.isnan(means[t]):
                rank = (stats.rankdata(window)[-1] - 0.5) / len(window)
            points.append([t, rank, len(window)])
        cases.append({"rows": rows, "points": points})
    return {"r": short(r), "values": short(values), "cases": cases}


def convexity_oracle() -> list[dict[str, object]]:
    rng = np.random.default_rng(6)
    n = 800
    m = 0.0012 * rng.standard_t(4, n)
    out = []
    models = (("fragile", -40.0, 0.0008), ("none", 0.0, 0.002), ("tight", 15.0, 1e-5))
    for name, gamma, noise in models:
        y = 0.0001 + 1.3 * m + gamma * m**2 + noise * rng.standard_t(5, n) * (1 + 300 * np.abs(m))
        market_return = np.where(rng.uniform(size=n) < 0.08, math.nan, m)
        ys, ms = numbers(short(y)), numbers(short(market_return))
        cases = []
        for rows in (250, 500):
            points = []
            for t in range(rows - 1, n, 23):
                w = slice(t + 1 - rows, t + 1)
                keep = ~np.isnan(ms[w])
                yk, mk = ys[w][keep], ms[w][keep]
                design = np.column_stack([np.ones_like(mk), mk, mk**2])
                fit = sm.OLS(yk, design).fit(cov_type="HC0")
                # The same with every row, those without a market return at weight 0.
                filled = np.nan_to_num(ms[w])
                every = np.column_stack([np.ones_like(filled), filled, filled**2])
                weighted = sm.WLS(ys[w], every, weights=keep.astype(float)).fit()
                assert np.allclose(weighted.params, fit.params, rtol=1e-9)
                split = np.column_stack([np.ones_like(mk), np.maximum(mk, 0), np.minimum(mk, 0)])
                beta = np.linalg.lstsq(split, yk, rcond=None)[0]
                classic = sm.OLS(yk, split).fit()
                points.append(
                    {
                        "row": t,
                        "n": int(keep.sum()),
                        "gamma": float(fit.params[2]),
                        "gamma_t": float(fit.tvalues[2]),
                        "market_sigma": float(np.std(mk)),
                        "beta_up": float(beta[1]),
                        "beta_down": float(beta[2]),
                        "beta_up_se": float(classic.bse[1]),
                        "beta_down_se": float(classic.bse[2]),
                    }
                )
            cases.append({"rows": rows, "points": points})
        out.append({"name": name, "y": short(ys), "m": short(ms), "cases": cases})
    return out


def left_vega(losses: np.ndarray) -> float:
    """The difference of the mean tail integral at two stretches, straight from its definition."""

    def tail(stretch: float) -> float:
        excess = stretch * (losses - np.median(losses))
        return float(np.sum(excess[excess > 1.645]) / len(losses))

    return (tail(1.1) - tail(0.9)) / 0.2


def left_vega_oracle() -> list[dict[str, object]]:
    rng = np.random.default_rng(7)
    out = []
    for sample in (rng.standard_t(3, 900), rng.normal(0.3, 1.4, 501), rng.uniform(-1, 1, 50)):
        sample = numbers(short(sample))
        vegas = {"long": left_vega(-sample), "short": left_vega(sample)}
        out.append({"sample": short(sample), **vegas})
    return out


def measures_at(candles: np.ndarray, t: int, tail_rows: int, rows: int) -> dict[str, float | None]:
    """The columns of candle t from the candles alone, with the packages' functions."""
    past = candles[: t + 1]
    o, h, low, c, volume, market_close = past.T
    value = volume * c
    r = np.full(t + 1, math.nan)
    r[1:] = np.diff(np.log(c))
    m = np.full(t + 1, math.nan)
    m[1:] = np.diff(np.log(market_close))

    # 250 flows of 250 windows: 499 residuals.
    z = np.full(t + 1, math.nan)
    z[-499:] = residuals_at(candles, t, 499)
    flow = 2 * stats.norm.cdf(z) - 1
    window = slice(t - 249, t + 1)
    total = math.fsum(value[window])
    signed = np.array(
        [flow[s] * value[s] / value[s - 249 : s + 1].mean() for s in range(t - 249, t + 1)]
    )
    kyle = sm.OLS(r[window], sm.add_constant(signed)).fit(cov_type="HC0")

    v = np.log(value[-rows:])
    surprise = 0.6745 * (v[-1] - np.median(v)) / stats.median_abs_deviation(v)
    means = [
        np.mean(np.abs(r[s - 31 : s + 1]) / value[s - 31 : s + 1])
        for s in range(t + 1 - rows, t + 1)
    ]
    rank = (stats.rankdata(np.float32(means))[-1] - 0.5) / rows
    whale = 0.0 if surprise <= 3.5 else (1.0 if flow[t] > 0.3 else 2.0 if flow[t] < -0.3 else 3.0)

    y, x = r[-rows:], m[-rows:]
    joint = ~np.isnan(x)
    y, x = y[joint], x[joint]
    fit = sm.OLS(y, np.column_stack([np.ones_like(x), x, x**2])).fit(cov_type="HC0")
    split = np.column_stack([np.ones_like(x), np.maximum(x, 0), np.minimum(x, 0)])
    beta = np.linalg.lstsq(split, y, rcond=None)[0]
    gamma_t = float(fit.tvalues[2])

    tail = np.array(residuals_at(candles, t, tail_rows))
    sigma = sigma_at(candles, t)
    return {
        "volume_z": float(surprise),
        "whale": whale,
        "flow": float(flow[t]),
        "flow_window": math.fsum(value[window] * flow[window]) / total,
        "vpin": math.fsum(value[window] * np.abs(flow[window])) / total,
        "amihud_rank": float(rank),
        "kyle": float(kyle.params[1]),
        "kyle_t": float(kyle.tvalues[1]),
        "spread": edge(o[window], h[window], low[window], c[window], sign=True),
        "gamma": float(fit.params[2]),
        "gamma_t": gamma_t,
        "convexity_1s": float(fit.params[2] * np.var(x)),
        "convexity_3s": float(fit.params[2] * 9 * np.var(x)),
        "beta_up": float(beta[1]),
        "beta_down": float(beta[2]),
        "fragility_class": 1.0 if gamma_t < -2 else -1.0 if gamma_t > 2 else 0.0,
        "market_n": float(joint.sum()),
        "left_vega_long": sigma * left_vega(-tail),
        "left_vega_short": sigma * left_vega(tail),
    }


def pipeline_oracle() -> list[dict[str, object]]:
    out = []
    for seed, window_set, tail_rows, rows in (
        (21, "standard", 900, 500),
        (22, "compact", 500, 250),
    ):
        candles = market(seed, 1500)
        for t in (1000, 1187, 1211, 1405, 1499):
            measures = measures_at(candles, t, tail_rows, rows)
            out.append({"seed": seed, "window_set": window_set, "row": t, "measures": measures})
    return out


def main() -> None:
    oracles = {
        "erf": erf_points(),
        "edge": edge_oracle(),
        "whale": whale_oracle(),
        "flow": flow_oracle(),
        "kyle": kyle_oracle(),
        "amihud": amihud_oracle(),
        "convexity": convexity_oracle(),
        "left_vega": left_vega_oracle(),
        "pipeline": pipeline_oracle(),
    }
    json.dump(oracles, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
