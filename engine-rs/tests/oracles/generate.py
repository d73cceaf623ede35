"""Writes oracles.json: numbers the engine is tested against, computed without the engine.

Usage: python generate.py > oracles.json        (needs numpy and mpmath)

Everything is written straight from the published formulas (docs/method.md names them), in plain
loops over whole histories: no incremental state, no shared code, and 50 digits where the engine's
own rounding is what is tested.
"""

from __future__ import annotations

import json
import math
import sys

import numpy as np
from mpmath import mp, mpf

mp.dps = 50


def zhang_stephens(y: list[float]) -> tuple[float, float]:
    """The fit of Zhang & Stephens 2009 (their k is -xi) at 50 digits. `y` ascending."""
    ys = [mpf(v) for v in y]
    n = len(ys)
    m = 20 + math.isqrt(n)
    y_max, y_star = ys[-1], ys[math.floor(n / 4 + 0.5) - 1]

    def kappa(theta: mpf) -> mpf:
        return mp.fsum(mp.log(1 - theta * v) for v in ys) / n

    roots = [mp.sqrt(m / (j - mpf("0.5"))) for j in range(1, m + 1)]
    thetas = [1 / y_max + (1 - root) / (3 * y_star) for root in roots]
    kappas = [kappa(t) for t in thetas]
    likelihood = [n * (mp.log(-t / k) - k - 1) for t, k in zip(thetas, kappas, strict=True)]
    # w_j = 1 / sum_i exp(l_i - l_j)
    weights = [1 / mp.fsum(mp.exp(other - own) for other in likelihood) for own in likelihood]
    theta = mp.fsum(w * t for w, t in zip(weights, thetas, strict=True))
    xi = kappa(theta)
    return float(xi), float(-xi / theta)


class Lcg:
    """The generator of tests/common/mod.rs."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def uniform(self) -> float:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 9007199254740992.0


def market(seed: int, rows: int) -> np.ndarray:
    """The candles of tests/common/mod.rs: columns open, high, low, close."""
    lcg = Lcg(seed)
    close = 100.0
    out = []
    for t in range(rows):
        volatility = 0.004 if (t // 200) % 3 == 2 else 0.001
        g = lcg.uniform() + lcg.uniform() + lcg.uniform() + lcg.uniform() - 2.0
        tail = lcg.uniform()
        if tail < 0.1:
            g *= 0.3 / (tail + 0.03)
        up, down, zero, _volume = lcg.uniform(), lcg.uniform(), lcg.uniform(), lcg.uniform()
        open_ = close
        close = open_ if zero < 0.03 else open_ * (1.0 + volatility * g)
        above, below = max(open_, close), min(open_, close)
        high, low = above * (1.0 + volatility * up), below * (1.0 - volatility * down)
        out.append((open_, high, low, close))
    return np.array(out)


def sigma_at(candles: np.ndarray, t: int) -> float:
    """Volatility for candle t + 1, known at the close of t."""
    ranges = np.log(candles[: t + 1, 1] / candles[: t + 1, 2])
    recent = ranges[::-1][:64]
    weights = 0.70 ** np.arange(64)
    parkinson = math.sqrt(float(np.sum(weights * recent**2) / np.sum(weights)) / (4 * math.log(2)))
    floor = 0.25 * float(np.median(ranges[-90:])) / math.sqrt(4 * math.log(2))
    return max(parkinson, floor, 1e-6)


def jump_at(candles: np.ndarray, t: int) -> float:
    """Lee & Mykland's statistic with 94 products."""
    r = np.zeros(t + 1)
    r[1:] = np.diff(np.log(candles[: t + 1, 3]))
    zeros = sum(1 for j in range(t - 95, t) if candles[j, 3] == candles[j - 1, 3])
    products = [abs(r[j]) * abs(r[j - 1]) for j in range(t - 94, t)]
    if zeros > 95 // 4 or sum(products) == 0:
        return math.nan
    return abs(r[t]) / math.sqrt(math.fsum(products) / 94)


def tail_at(
    candles: np.ndarray, t: int, side: int, rows: int, loss_threshold: float
) -> dict[str, float]:
    """VaR, ES and P(loss) of candle t + 1; side -1 for longs, +1 for shorts."""
    closes = candles[:, 3]
    window = range(t - rows + 1, t + 1)
    returns = {s: math.log(closes[s] / closes[s - 1]) for s in window}
    losses = sorted((side * returns[s] / sigma_at(candles, s - 1) for s in window), reverse=True)
    k = rows // 10
    u = losses[k]
    y = sorted(loss - u for loss in losses[:k] if loss > u)
    n = len(y)
    xi_raw, beta = zhang_stephens(y)
    xi = min(max(xi_raw, 0.10), 0.95)
    if xi != xi_raw:
        beta = math.fsum(y) / n * (1 - xi)
    sigma = sigma_at(candles, t)
    out = {"xi_raw": xi_raw, "xi": xi}
    for name, q in (("95", 0.95), ("99", 0.99)):
        var = u + beta / xi * ((rows / n * (1 - q)) ** -xi - 1)
        out["var" + name] = sigma * var
        out["es" + name] = sigma * (var + beta - xi * u) / (1 - xi)
    c = loss_threshold / sigma
    if c > u:
        out["p_loss"] = n / rows * (1 + xi * (c - u) / beta) ** (-1 / xi)
    else:
        out["p_loss"] = sum(loss > c for loss in losses) / rows
    return out


def gpd_samples() -> list[dict[str, object]]:
    rng = np.random.default_rng(20240607)

    def exact(n: int, xi: float, beta: float) -> list[float]:
        p = (np.arange(n) + 0.5) / n
        return list(beta * ((1 - p) ** -xi - 1) / xi) if xi else list(-beta * np.log(1 - p))

    samples = {
        "exact quantiles, xi 0.3": exact(90, 0.3, 2.0),
        "exact quantiles, xi 0.9": exact(50, 0.9, 0.1),
        "exact quantiles, xi -0.3": exact(90, -0.3, 1.0),
        "exponential quantiles": exact(90, 0.0, 1.0),
        "uniform": list(np.sort(rng.uniform(size=50))),
        "one huge outlier": [*exact(89, 0.2, 1.0), 1e9],
        "ties": [0.5] * 30 + [1.0] * 30 + [2.0] * 30,
        "tiny unit": [v * 1e-9 for v in exact(60, 0.4, 1.0)],
        "fewest": exact(30, 0.25, 1.0),
        "most": exact(168, 0.25, 1.0),
    }
    for i in range(6):
        z = np.sort(np.abs(rng.standard_t(3, size=900)))
        samples[f"Student t(3), {i}"] = list((z - z[-91])[-90:])
    out = []
    for name, sample in samples.items():
        y = [float(v) for v in sample]
        xi, beta = zhang_stephens(y)
        out.append({"name": name, "y": y, "xi": xi, "beta": beta})
    return out


def functions() -> dict[str, list[list[float]]]:
    """Correctly rounded ln and exp."""
    rng = np.random.default_rng(7)
    xs = [
        *np.exp(rng.uniform(-700, 700, 300)),
        *(1 + rng.uniform(-0.3, 0.45, 300)),
        *(1 + rng.uniform(-1e-6, 1e-6, 50)),
    ]
    es = [
        *rng.uniform(-700, 700, 200),
        *rng.uniform(-1, 1, 300),
        *rng.uniform(-1e-8, 1e-8, 20),
    ]
    small = list(rng.uniform(-0.01, 0.01, 200)) + list(10 ** rng.uniform(-15, -2, 100))
    return {
        "ln": [[float(x), float(mp.log(mpf(float(x))))] for x in xs],
        "exp": [[float(x), float(mp.exp(mpf(float(x))))] for x in es],
        "ln_1p": [[float(x), float(mp.log1p(mpf(float(x))))] for x in small],
    }


def pipeline() -> list[dict[str, object]]:
    out = []
    for seed, window_set, rows in ((1, "standard", 900), (2, "compact", 500)):
        candles = market(seed, 1400)
        for t in (1000, 1199, 1250, 1399):
            out.append(
                {
                    "seed": seed,
                    "window_set": window_set,
                    "row": t,
                    "close": candles[t, 3],
                    "sigma": sigma_at(candles, t),
                    "jump": jump_at(candles, t),
                    "long": tail_at(candles, t, -1, rows, 0.005),
                    "short": tail_at(candles, t, +1, rows, 0.005),
                }
            )
    return out


def main() -> None:
    # NaN does not occur: the market has enough variation at every row used.
    oracles = {"functions": functions(), "gpd": gpd_samples(), "pipeline": pipeline()}
    json.dump(oracles, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
