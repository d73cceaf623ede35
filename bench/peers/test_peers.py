"""The peers compute what the engine computes: their columns are held equal, so that no straw man
is beaten.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from candles import Array, Candles, market
from engine import engine
from rows import Clock, Row, numba_row, pandas_row

ROWS, MEMORY_ROWS = 3_000, 990
#: Sliding sums in floating point drift and medians of differences cancel; the engine's do neither.
RELATIVE, ABSOLUTE = 1e-6, 1e-9


@pytest.fixture(scope="module")
def candles() -> Candles:
    return market(3, ROWS)


@pytest.fixture(scope="module")
def expected(candles: Candles) -> dict[str, Array]:
    return engine(candles, 1)[0]


@pytest.mark.parametrize("peer", [numba_row, pandas_row])
def test_columns_equal_the_engines(
    peer: Callable[[Candles, Clock], Row], candles: Candles, expected: dict[str, Array]
) -> None:
    row = peer(candles, Clock())
    assert set(row) <= set(expected)
    for name, column in row.items():
        np.testing.assert_allclose(
            column[MEMORY_ROWS:],
            expected[name][MEMORY_ROWS:],
            rtol=RELATIVE,
            atol=ABSOLUTE,
            err_msg=name,
        )


#: The verdict, and what follows from another column by a comparison or a constant.
DERIVED = frozenset(
    {"size", "reason", "value", "jump_level", "regime", "change_alarm", "whale", "fragility_class"}
)


def test_nothing_but_derived_columns_is_left_out(
    candles: Candles, expected: dict[str, Array]
) -> None:
    assert set(expected) - set(numba_row(candles, Clock())) == DERIVED
