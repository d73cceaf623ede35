"""Candle frames of every kind freqtrade hands out."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import NAMES, candles

from talebridge import columns
from talebridge._generated import Reason
from talebridge.errors import BadCandles


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_the_date_may_have_any_unit_and_zone(unit: str, zone: str | None) -> None:
    frame = candles(300, unit=unit)
    expected = columns.to_block(frame)
    frame["date"] = (
        frame["date"].dt.tz_localize(None) if zone is None else frame["date"].dt.tz_convert(zone)
    )
    block = columns.to_block(frame)
    assert block[0, 0] == 1_756_684_800_000
    np.testing.assert_array_equal(np.diff(block[0]), 300_000)
    np.testing.assert_array_equal(block, expected)


def test_columns_are_taken_by_name_and_the_block_is_column_major() -> None:
    frame = candles(50)
    mixed = frame[["volume", "close", "date", "low", "open", "high"]].assign(
        open_count=1, high_count=2, max_count=8
    )
    block = columns.to_block(mixed)
    assert block.dtype == np.dtype("<f8")
    assert block.flags["C_CONTIGUOUS"]
    for index, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        np.testing.assert_array_equal(block[index], frame[name])


@pytest.mark.parametrize("dtype", ["float32", "int64", "Float64"])
def test_other_number_types_are_converted(dtype: str) -> None:
    frame = candles(50)
    frame["volume"] = frame["volume"].round().astype(dtype)
    np.testing.assert_array_equal(columns.to_block(frame)[5], frame["volume"].astype("float64"))


@pytest.mark.parametrize("name", ["date", "open", "high", "low", "close", "volume"])
def test_a_missing_column_is_named(name: str) -> None:
    with pytest.raises(BadCandles, match=name):
        columns.to_block(candles(5).drop(columns=name))


def test_a_missing_date_is_named_with_its_row() -> None:
    frame = candles(5)
    frame.loc[3, "date"] = pd.NaT
    with pytest.raises(BadCandles, match="row 3") as caught:
        columns.to_block(frame)
    assert (caught.value.row, caught.value.column) == (3, "date")


@pytest.mark.parametrize("dates", [[1, 2, 3], ["a", "b", "c"], [1.0, 2.0, 3.0]])
def test_dates_that_are_none_are_named(dates: list[object]) -> None:
    with pytest.raises(BadCandles, match="date"):
        columns.to_block(candles(3).assign(date=dates))


def test_text_for_a_price_is_named() -> None:
    with pytest.raises(BadCandles, match="high"):
        columns.to_block(candles(3).assign(high=["1", "x", "3"]))


def test_missing_numbers_become_nan_for_the_engine_to_name() -> None:
    frame = candles(3).astype({"high": "Float64"})
    frame.loc[1, "high"] = pd.NA
    assert np.isnan(columns.to_block(frame)[2, 1])


def test_all_columns_are_added_at_once_in_order_as_float64() -> None:
    frame = candles(4)
    frame.index = pd.Index([7, 8, 9, 10])
    block = np.arange(4.0 * len(NAMES)).reshape(len(NAMES), 4)
    result = columns.add(frame.assign(own=1), block)
    assert list(result.columns) == [*frame.columns, "own", *NAMES]
    assert set(result[NAMES].dtypes) == {np.dtype("float64")}
    np.testing.assert_array_equal(result[NAMES].to_numpy().T, block)
    assert list(result.index) == [7, 8, 9, 10]
    assert list(columns.add(result, block).columns) == list(result.columns)


@pytest.mark.parametrize("own", [0, 60, 99])
def test_a_frame_with_many_columns_of_its_own_brings_no_warning(own: int) -> None:
    frame = candles(4)
    for index in range(own):
        frame[f"own_{index}"] = float(index)
    block = columns.unready(4, Reason.UNAVAILABLE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = columns.add(frame, block)
        again = columns.add(result, block + 1)
        result.loc[0, "risk_size"] = 0.5
    assert list(result.columns) == [*frame.columns, *NAMES]
    assert list(again.columns) == list(result.columns)
    np.testing.assert_array_equal(again[NAMES].to_numpy().T, block + 1)


@pytest.mark.parametrize("reason", [Reason.UNAVAILABLE, Reason.BAD_INPUT])
def test_unready_columns_deny_and_say_why(reason: Reason) -> None:
    result = columns.add(candles(3), columns.unready(3, reason))
    assert (result["risk_size"] == 0).all()
    assert (result["risk_reason"] == reason).all()
    assert (
        result[[n for n in NAMES if n not in ("risk_size", "risk_reason")]].isna().to_numpy().all()
    )
