"""Writes dependence.json: covariances, clusters, expected shortfalls and effective bets of seeded
books by numpy and scipy, for dependence.test.ts.

Needs numpy and scipy: python bridge/test/portfolio/goldens/dependence.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import integrate, optimize, stats
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

DECAY = 0.97
SHRINKAGE = 0.2
LEAST = 30
RETURNS = 96
STALE = 24
STEP_MS = 3_600_000
NOW_MS = 1_728_000_000_000
FREEDOM = 4
LEVEL = 0.99

Position = tuple[str, str, float, float]
Entry = tuple[str, str, float]
Series = dict[str, tuple[int, list[float]]]
"""Steps by which a pair's newest close is behind, and its closes; NaN: not known."""


def es_per_sigma() -> float:
    """Mean of a t variable beyond its quantile, over its standard deviation: by integration."""
    quantile = stats.t.ppf(LEVEL, FREEDOM)
    tail, _ = integrate.quad(lambda x: x * stats.t.pdf(x, FREEDOM), quantile, np.inf, epsabs=1e-13)
    return float(tail / (1 - LEVEL) / np.sqrt(FREEDOM / (FREEDOM - 2)))


def measured(series: Series) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Pairs of which enough is known, their volatilities and shrunk correlations."""
    table = {}
    for pair, (lag, closes) in series.items():
        if lag > STALE:
            continue
        prices = np.array(closes)
        returns = np.full(RETURNS, np.nan)
        found = (prices[1:] / prices[:-1] - 1)[::-1][: RETURNS - lag]
        returns[lag : lag + len(found)] = found
        if np.isfinite(returns).sum() >= LEAST and np.nansum(returns**2) > 0:
            table[pair] = returns
    pairs = list(table)
    age = np.arange(RETURNS)

    def moments(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
        both = np.isfinite(a) & np.isfinite(b)
        if both.sum() < LEAST:
            return (np.nan, np.nan, np.nan)
        weights = DECAY ** age[both]
        x, y = a[both], b[both]
        return tuple(float(np.average(z, weights=weights)) for z in (x * y, x * x, y * y))  # type: ignore[return-value]

    sigmas = np.array([np.sqrt(moments(table[p], table[p])[1]) for p in pairs])
    n = len(pairs)
    raw = np.eye(n)
    for i in range(n):
        for j in range(n):
            if i != j:
                product, xx, yy = moments(table[pairs[i]], table[pairs[j]])
                raw[i, j] = product / np.sqrt(xx * yy)
    # Ledoit & Wolf's target on the covariance, brought back to correlations.
    off = ~np.eye(n, dtype=bool)
    mean = np.nanmean(raw[off]) if n > 1 else 0.0
    covariance = raw * np.outer(sigmas, sigmas)
    target = np.where(off, mean, 1.0) * np.outer(sigmas, sigmas)
    blended = (1 - SHRINKAGE) * covariance + SHRINKAGE * target
    return pairs, sigmas, blended / np.outer(sigmas, sigmas)


def clusters(pairs: list[str], correlations: np.ndarray, threshold: float) -> list[list[str]]:
    """Single linkage at distance one less correlation."""
    if len(pairs) < 2:
        return [[pair] for pair in pairs]
    # Two that share too few returns count as one.
    distance = 1 - np.nan_to_num(correlations, nan=1.0)
    np.fill_diagonal(distance, 0)
    labels = fcluster(
        linkage(squareform(distance, checks=False), "single"), 1 - threshold, "distance"
    )
    return [
        [p for p, own in zip(pairs, labels, strict=True) if own == label]
        for label in sorted(set(labels))
    ]


def book(
    series: Series,
    positions: list[Position],
    entry: Entry,
    equity: float,
    hours: float,
    budget: float,
    threshold: float,
) -> dict[str, Any]:
    """One case: what goes in and what has to come out."""
    pairs, sigmas, correlations = measured(series)
    place = {pair: i for i, pair in enumerate(pairs)}
    scale = es_per_sigma() * np.sqrt(hours * 3_600_000 / STEP_MS)

    def together(product: float, correlation: float) -> float:
        return abs(product) if np.isnan(correlation) else max(0.0, product * correlation)

    def shortfall(stake: float) -> float:
        held = [(p, (1 if s == "long" else -1) * m * lev) for p, s, m, lev in positions]
        held.append((entry[0], (1 if entry[1] == "long" else -1) * stake * entry[2]))
        total = sum(abs(money) for p, money in held if p not in place)
        risks = [(place[p], money * sigmas[place[p]]) for p, money in held if p in place]
        # Of every two the part that adds to the variance; a pair's own two sides do not net.
        variance = sum(together(a * b, correlations[i, j]) for i, a in risks for j, b in risks)
        return float(scale * np.sqrt(variance) + total)

    money = budget * equity
    stake = 0.0
    if entry[0] in place and shortfall(0) < money:
        stake = float(
            optimize.brentq(lambda s: shortfall(s) - money, 0, 1e9, xtol=1e-12, rtol=1e-14)
        )
    found = clusters(pairs, correlations, threshold)
    own = next((group for group in found if entry[0] in group), None)
    taken = sum(
        m * lev
        for p, s, m, lev in positions
        if (p == entry[0] and s == entry[1])
        or (p != entry[0] and (own is None or p not in place or (p in own and s == entry[1])))
    )
    filled = np.nan_to_num(correlations, nan=1.0)
    share = np.maximum(0, np.linalg.eigvalsh(filled))
    share = share[share > 0] / share.sum()
    risks = np.array([1.0 if i % 2 else -0.5 for i in range(len(pairs))]) * sigmas
    return {
        "positions": positions,
        "entry": entry,
        "equity": equity,
        "hours": hours,
        "budget": budget,
        "threshold": threshold,
        "pairs": pairs,
        "sigmas": sigmas.tolist(),
        "correlations": [None if np.isnan(one) else one for one in correlations.flatten().tolist()],
        "clusters": found,
        "cluster_exposure": taken,
        "es_before": shortfall(0.0),
        "es_at_100": shortfall(100.0) if entry[0] in place else None,
        "stake": stake,
        "entropy": float(np.exp(-np.sum(share * np.log(share)))),
        "participation": float(1 / np.sum(share**2)),
        "risks": risks.tolist(),
        "by_variance": float(np.abs(risks).sum() ** 2 / (risks @ filled @ risks)),
    }


def rows(series: Series) -> list[Any]:
    """As the bridge is told them; null for what is not known."""
    return [
        [p, NOW_MS - lag * STEP_MS, [None if np.isnan(c) else c for c in closes]]
        for p, (lag, closes) in series.items()
    ]


def walks(rng: np.random.Generator, count: int, loadings: list[float]) -> list[list[float]]:
    """Prices that share a factor, rounded as exchanges do."""
    factor = rng.standard_t(4, count) * 0.006
    found = []
    for at, loading in enumerate(loadings):
        own = rng.standard_t(4, count) * 0.004
        returns = loading * factor + own
        found.append([round(float(p), 6) for p in (10.0 + at) * np.cumprod(1 + returns)])
    return found


def main() -> None:
    """A plain book, one with all that can be missing, and one pair alone."""
    rng = np.random.default_rng(20_251_129)
    plain = walks(rng, 82, [1.0, 1.2, 0.9, 0.1, -0.8])
    names = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XMR/USDT", "INV/USDT"]
    first: Series = {name: (0, closes) for name, closes in zip(names, plain, strict=True)}
    held: list[Position] = [
        ("BTC/USDT", "long", 200.0, 1.0),
        ("ETH/USDT", "long", 150.0, 2.0),
        ("XMR/USDT", "short", 100.0, 3.0),
    ]
    holes = walks(rng, 97, [1.0, 1.1, 1.0, 0.9, 1.0, 0.0, 1.0])
    for at in (3, 40, 41, 90):
        holes[1][at] = float("nan")
    second: Series = {
        "FULL/USDT": (0, holes[0]),
        "HOLES/USDT": (0, holes[1]),
        "NEW/USDT": (0, holes[2][-31:]),
        "NEWER/USDT": (0, holes[3][-30:]),
        "LATE/USDT": (24, holes[4]),
        "FLAT/USDT": (0, [5.0] * 97),
        "GONE/USDT": (25, holes[6]),
    }
    mixed: list[Position] = [
        ("FULL/USDT", "long", 100.0, 1.0),
        ("FULL/USDT", "short", 40.0, 1.0),
        ("NEW/USDT", "long", 50.0, 1.0),
        ("NEWER/USDT", "short", 7.0, 2.0),
        ("GONE/USDT", "long", 5.0, 1.0),
        ("NEVER/USDT", "long", 3.0, 1.0),
    ]
    third: Series = {"BTC/USDT": (0, plain[0])}
    told = {"plain": first, "holes": second, "alone": third}

    asked: list[tuple[str, list[Position], Entry, float, float, float, float]] = [
        ("plain", held, ("SOL/USDT", "long", 1.0), 1000.0, 24.0, 0.15, 0.5),
        ("plain", held, ("XMR/USDT", "long", 2.0), 1000.0, 24.0, 0.20, 0.7),
        ("plain", held, ("INV/USDT", "short", 1.0), 1000.0, 1.0, 0.03, 0.3),
        ("plain", held, ("SOL/USDT", "long", 1.0), 1000.0, 96.0, 0.01, 0.7),
        ("holes", mixed, ("HOLES/USDT", "long", 1.0), 2000.0, 24.0, 0.05, 0.6),
        ("holes", mixed, ("LATE/USDT", "short", 3.0), 2000.0, 12.0, 0.05, 0.6),
        ("holes", mixed, ("FLAT/USDT", "long", 1.0), 2000.0, 24.0, 0.05, 0.6),
        ("alone", [], ("BTC/USDT", "long", 1.0), 1000.0, 24.0, 0.05, 0.7),
    ]
    cases = [{"series": name, **book(told[name], *rest)} for name, *rest in asked]
    path = Path(__file__).parent / "dependence.json"
    made = {
        "es_per_sigma": es_per_sigma(),
        "step_s": STEP_MS // 1000,
        "now_ms": NOW_MS,
        "series": {name: rows(series) for name, series in told.items()},
        "cases": cases,
    }
    path.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
