"""Fitted numbers of the adverse excursion at its default horizon and quantile."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[2] / "engine-rs" / "src" / "measure" / "adverse_shape.rs"
HORIZON, QUANTILE = 48.0, 0.95
TIMEFRAME_S = 300.0


@dataclass(frozen=True)
class Shape:
    """What turns range variances into the quantile."""

    typical: float
    fast: float
    medium: float
    long: float
    short: float


def read_shape() -> Shape:
    """The row of the horizon and the column of the quantile, which both are nodes of the table."""
    text = TABLE.read_text(encoding="utf-8")

    def numbers(name: str) -> list[float]:
        found = re.search(rf"const {name}: [^=]+=\s*([^;]+);", text)
        if found is None:
            raise ValueError(f"{TABLE.name} has no {name}")
        return [float(number) for number in re.findall(r"-?\d+\.\d+", found.group(1))]

    row = numbers("HORIZONS").index(HORIZON)
    probabilities = numbers("PROBABILITIES")
    cell = row * len(probabilities) + probabilities.index(QUANTILE)
    root = math.sqrt(HORIZON)
    return Shape(
        typical=numbers("TYPICAL")[0] + math.log(TIMEFRAME_S),
        fast=numbers("FAST")[row],
        medium=numbers("MEDIUM")[row],
        long=root * numbers("LONG")[cell],
        short=root * numbers("SHORT")[cell],
    )
