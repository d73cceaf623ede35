"""Writes kelly.json: Kelly fractions of seeded trades by scipy's root finder, for kelly.test.ts.

Needs numpy and scipy: python bridge/test/portfolio/goldens/generate.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

RESAMPLES = 100
SUPPORTING = 75
SEED = 20251123


def draws(n: int) -> np.ndarray:
    """mulberry32's numbers as rows of indices below n: the bootstrap's samples."""
    state = SEED
    found = np.empty((RESAMPLES, n), dtype=int)
    for row in range(RESAMPLES):
        for i in range(n):
            state = (state + 0x6D2B79F5) & 0xFFFFFFFF
            t = ((state ^ state >> 15) * (1 | state)) & 0xFFFFFFFF
            t = ((t + ((t ^ t >> 7) * (61 | t) & 0xFFFFFFFF)) & 0xFFFFFFFF) ^ t
            found[row, i] = ((t ^ t >> 14) & 0xFFFFFFFF) * n >> 32
    return found


def root(f: Callable[[float], float]) -> float:
    """Root in (0, 1); 1 when the sign has not changed there, 0 when it never was > 0."""
    if f(1e-9) <= 0:
        return 0.0
    return 1.0 if f(1.0) >= 0 else float(brentq(f, 1e-9, 1.0, xtol=1e-15, rtol=1e-14))


def growth(profits: np.ndarray) -> float:
    """Growth-optimal fraction."""
    return root(lambda f: float(np.sum(profits / (1 + f * profits))))


def constrained(profits: np.ndarray, left: float, probability: float) -> float:
    """Busseti, Ryu and Boyd's fraction."""
    exponent = -np.log(probability) / np.log(left)
    return root(lambda f: float(np.sum(1 - (1 + f * profits) ** exponent)))


def supported(fractions: list[float]) -> float:
    """What enough of the samples bear."""
    return sorted(fractions, reverse=True)[SUPPORTING - 1]


def main() -> None:
    """Strategies with and without an edge, some with fat losses."""
    rng = np.random.default_rng(20251123)
    cases = []
    for n, mean, spread, left, probability in [
        (30, 0.02, 0.05, 0.7, 0.1),
        (100, 0.01, 0.08, 0.8, 0.05),
        (400, 0.03, 0.15, 0.7, 0.2),
        (200, -0.01, 0.05, 0.7, 0.1),
        (512, 0.05, 0.25, 0.9, 0.05),
    ]:
        profits = np.maximum(np.round(mean + spread * rng.standard_t(4, n), 4), -0.99)
        samples = [profits[row] for row in draws(n)]
        cases.append(
            {
                "profits": profits.tolist(),
                "left": left,
                "probability": probability,
                "growth": growth(profits),
                "constrained": constrained(profits, left, probability),
                "growth_bound": supported([growth(one) for one in samples]),
                "constrained_bound": supported(
                    [constrained(one, left, probability) for one in samples]
                ),
            }
        )
    (Path(__file__).parent / "kelly.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
