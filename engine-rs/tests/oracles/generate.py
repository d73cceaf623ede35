"""Writes oracles.json: numbers the engine is tested against, computed without the engine.

Usage: python generate.py > oracles.json        (needs numpy and mpmath)

Everything is written straight from the published formulas (docs/method.md names them), in plain
loops over whole histories: no incremental state, no shared code, and 50 digits where the engine's
own rounding is what is tested.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

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
    """The candles of tests/common/mod.rs: columns open, high, low, close, volume, market close."""
    lcg = Lcg(seed)
    market_lcg = Lcg(seed + 1_000_003)
    close = 100.0
    market_close = 1000.0
    out = []
    for t in range(rows):
        volatility = 0.004 if (t // 200) % 3 == 2 else 0.001
        g = lcg.uniform() + lcg.uniform() + lcg.uniform() + lcg.uniform() - 2.0
        tail = lcg.uniform()
        if tail < 0.1:
            g *= 0.3 / (tail + 0.03)
        up, down, zero, volume = lcg.uniform(), lcg.uniform(), lcg.uniform(), lcg.uniform()
        open_ = close
        close = open_ if zero < 0.03 else open_ * (1.0 + volatility * g)
        noise = market_lcg.uniform() + market_lcg.uniform() + market_lcg.uniform() - 1.5
        missing = market_lcg.uniform() < 0.02
        market_close *= 1.0 + volatility * (0.6 * g + noise)
        above, below = max(open_, close), min(open_, close)
        high, low = above * (1.0 + volatility * up), below * (1.0 - volatility * down)
        known = math.nan if missing else market_close
        out.append((open_, high, low, close, 100.0 * volume, known))
    return np.array(out)


def sigma_at(candles: np.ndarray, t: int) -> float:
    """Volatility for candle t + 1, known at the close of t."""
    ranges = np.log(candles[: t + 1, 1] / candles[: t + 1, 2])
    recent = ranges[::-1][:64]
    weights = np.arange(1, 65) ** -1.5
    parkinson = math.sqrt(float(np.sum(weights * recent**2) / np.sum(weights)) / (4 * math.log(2)))
    floor = 0.25 * float(np.median(ranges[-89:])) / math.sqrt(4 * math.log(2))
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


def critical_jump(n: int) -> float:
    """Lee & Mykland's bound on the largest of n statistics, at 1 %."""
    c = math.sqrt(2 / math.pi)
    a = math.sqrt(2 * math.log(n))
    big_c = a / c - (math.log(math.pi) + math.log(math.log(n))) / (2 * c * a)
    return big_c + -math.log(-math.log(0.99)) / (c * a)


def exponential(values: np.ndarray) -> float:
    """Root of the exponentially weighted mean of the last 128 values, newest last."""
    weights = 0.94 ** np.arange(128)
    return math.sqrt(float(np.dot(weights, values[::-1][:128]) / weights.sum()))


def rogers_satchell(candles: np.ndarray) -> np.ndarray:
    o, h, low, c = (candles[:, i] for i in range(4))
    return np.log(h / c) * np.log(h / o) + np.log(low / c) * np.log(low / o)


def volatilities_at(candles: np.ndarray, t: int, rank_rows: int) -> dict[str, float]:
    past = candles[: t + 1]
    o, h, low, c = (past[:, i] for i in range(4))
    r = np.diff(np.log(c))
    rs = rogers_satchell(past)
    n = 96
    garman_klass = 0.5 * np.log(h / low) ** 2 - (2 * math.log(2) - 1) * np.log(c / o) ** 2
    gaps = np.log(o[1:] / c[:-1])[-n:]
    bodies = np.log(c / o)[-n:]
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    yang_zhang = gaps.var(ddof=1) + k * bodies.var(ddof=1) + (1 - k) * rs[-n:].mean()
    own = [exponential(rs[: s + 1]) for s in range(t - rank_rows + 1, t + 1)]
    keys = [np.float32(v) for v in own]
    below = sum(key < keys[-1] for key in keys)
    rank = (below + sum(key == keys[-1] for key in keys) / 2) / rank_rows
    return {
        "sigma_ewma": exponential(r**2),
        "sigma_rs": own[-1],
        "sigma_yz": math.sqrt(yang_zhang),
        "sigma_gk": math.sqrt(garman_klass[-n:].mean()),
        "sigma_rank": rank,
        "regime": float(sum(rank >= bound for bound in (0.25, 0.75, 0.95))),
    }


def change_at(candles: np.ndarray, t: int) -> dict[str, float]:
    """Page's sum over the last 64 log ranges, against the 250 before them."""
    ranges = np.log(candles[: t + 1, 1] / candles[: t + 1, 2])
    x = np.log(np.maximum(ranges, 1e-6))
    reference, recent = x[-314:-64], x[-64:]
    score = (recent - reference.mean()) / max(0.29, reference.std(ddof=1))
    up = max(0.0, *(float(np.sum(score[-k:] - 0.5)) for k in range(1, 65)))
    down = max(0.0, *(float(np.sum(-score[-k:] - 0.5)) for k in range(1, 65)))
    change = up if up >= down else -down
    return {"change": change, "change_alarm": float(np.sign(change)) if abs(change) > 12 else 0.0}


def residuals_at(candles: np.ndarray, t: int, rows: int) -> list[float]:
    """Returns over the volatility known before them, oldest first."""
    closes = candles[:, 3]
    window = range(t - rows + 1, t + 1)
    return [math.log(closes[s] / closes[s - 1]) / sigma_at(candles, s - 1) for s in window]


def intervals(times: list[int]) -> float:
    """The extremal index of Ferro & Segers."""
    gaps = np.diff(times)
    if gaps.max() <= 2:
        theta = 2 * gaps.sum() ** 2 / (len(gaps) * (gaps**2).sum())
    else:
        theta = 2 * (gaps - 1).sum() ** 2 / (len(gaps) * ((gaps - 1) * (gaps - 2)).sum())
    return min(1.0, float(theta))


def tail_at(
    candles: np.ndarray, t: int, side: int, rows: int, loss_threshold: float
) -> dict[str, float]:
    """The tail of candle t + 1 and the event of candle t; side -1 for longs, +1 for shorts."""
    by_age = [side * z for z in residuals_at(candles, t, rows)]
    losses = sorted(by_age, reverse=True)
    k = rows // 10
    u = losses[k]
    y = sorted(loss - u for loss in losses[:k] if loss > u)
    n = len(y)
    xi_raw, beta = zhang_stephens(y)
    xi = min(max(xi_raw, 0.10), 0.95)
    if xi != xi_raw:
        beta = math.fsum(y) / n * (1 - xi)
    sigma = sigma_at(candles, t)
    logs = np.log(np.array(losses[:k]) / u)
    m1, m2 = float(logs.mean()), float((logs**2).mean())
    out = {
        "xi_raw": xi_raw,
        "xi": xi,
        "xi_se": (1 + xi_raw) / math.sqrt(n),
        "tail_n": float(n),
        "hill": m1,
        "moment": m1 + 1 - 0.5 / (1 - m1**2 / m2),
        "theta": intervals([i for i, loss in enumerate(by_age) if loss > u]),
    }
    for name, q in (("95", 0.95), ("99", 0.99)):
        if name == "95":  # the sample's own quantile, type 6 of Hyndman & Fan
            position = (rows + 1) * (1 - q)
            below, part = int(position), position - int(position)
            var = losses[below - 1] + part * (losses[below] - losses[below - 1])
        else:
            var = u + beta / xi * ((rows / n * (1 - q)) ** -xi - 1)
        out["var" + name] = sigma * var
        out["es" + name] = sigma * (var + beta - xi * u) / (1 - xi)

    def beyond(c: float) -> float:
        if c > u:
            return n / rows * (1 + xi * (c - u) / beta) ** (-1 / xi)
        return sum(loss > c for loss in losses) / rows

    out["p_loss"] = beyond(loss_threshold / sigma)
    return out


def event_at(candles: np.ndarray, t: int, side: int, rows: int) -> float:
    """What candle t was by the tail known before it."""
    last = side * residuals_at(candles, t, 1)[0]
    before = sorted((side * z for z in residuals_at(candles, t - 1, rows)), reverse=True)
    u = before[rows // 10]
    if last <= max(u, 0.0):
        return 0.0
    sigma = sigma_at(candles, t - 1)
    # The probability of a loss beyond the candle's own, from the tail before it.
    return 2.0 if tail_at(candles, t - 1, side, rows, last * sigma)["p_loss"] < 1e-3 else 1.0


def measures_at(candles: np.ndarray, t: int, rows: int, rank_rows: int) -> dict[str, float]:
    jump = jump_at(candles, t)
    fourth = [z**4 for z in residuals_at(candles, t, rows)]
    out = {
        "sigma": sigma_at(candles, t),
        "jump": jump,
        "jump_level": jump / critical_jump(288),
        "max_to_sum": max(fourth) / math.fsum(fourth),
    }
    out |= volatilities_at(candles, t, rank_rows)
    out |= change_at(candles, t)
    for name, side in (("long", -1), ("short", +1)):
        tail = tail_at(candles, t, side, rows, 0.005)
        tail["event"] = event_at(candles, t, side, rows)
        out |= {f"{key}_{name}": value for key, value in tail.items()}
    return out


def shape_table(name: str) -> list[float] | list[list[float]]:
    """A committed constant of the adverse excursion's table."""
    source = Path(__file__).parents[2] / "src" / "measure" / "adverse_shape.rs"
    text = re.search(rf"const {name}: [^=]*=\s*(.*?);", source.read_text(), re.DOTALL)
    assert text, name
    value = json.loads(re.sub(r",\s*\]", "]", text[1]))
    return value if isinstance(value, list) else [value]


def adverse_at(
    candles: np.ndarray, t: int, horizon: int, quantile: float, timeframe_s: int
) -> dict[str, float]:
    """Quantile of the worst move within `horizon` candles after t."""
    variances = np.log(candles[: t + 1, 1] / candles[: t + 1, 2]) ** 2 / (4 * math.log(2))
    slow, middle = math.log(np.mean(variances[-576:])), math.log(np.mean(variances[-96:]))
    fast = 2 * math.log(sigma_at(candles, t))
    [typical] = shape_table("TYPICAL")
    log_h = np.log(shape_table("HORIZONS"))
    a = np.interp(math.log(horizon), log_h, shape_table("FAST"))
    b = np.interp(math.log(horizon), log_h, shape_table("MEDIUM"))
    pull = 0.2 * np.clip(slow - typical - math.log(timeframe_s), -2.2, 2.2)
    scale = math.exp((slow + a * (fast - middle) + b * (middle - slow) - pull) / 2)
    tail = -np.log1p(-np.array(shape_table("PROBABILITIES")))
    out = {}
    for side in ("long", "short"):
        at_q = [np.interp(-math.log1p(-quantile), tail, row) for row in shape_table(side.upper())]
        out[side] = scale * math.sqrt(horizon) * float(np.interp(math.log(horizon), log_h, at_q))
    return out


def adverse() -> list[dict[str, object]]:
    out = []
    for seed, timeframe_s in ((1, 300), (2, 3600), (3, 60), (4, 86400)):
        candles = market(seed, 900)
        for t in (599, 640, 899):
            for horizon, quantile in ((1, 0.5), (7, 0.9), (48, 0.95), (200, 0.975), (288, 0.99)):
                case = {"seed": seed, "row": t, "timeframe_s": timeframe_s}
                case |= {"horizon": horizon, "quantile": quantile, "sigma": sigma_at(candles, t)}
                out.append(case | adverse_at(candles, t, horizon, quantile, timeframe_s))
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
    for seed, window_set, rows, rank_rows in ((1, "standard", 900, 500), (2, "compact", 500, 250)):
        candles = market(seed, 1400)
        for t in (1000, 1199, 1250, 1310, 1399):
            out.append(
                {
                    "seed": seed,
                    "window_set": window_set,
                    "row": t,
                    "close": candles[t, 3],
                    "measures": measures_at(candles, t, rows, rank_rows),
                }
            )
    return out


def main() -> None:
    # NaN does not occur: the market has enough variation at every row used.
    oracles = {
        "functions": functions(),
        "gpd": gpd_samples(),
        "pipeline": pipeline(),
        "adverse": adverse(),
    }
    json.dump(oracles, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
