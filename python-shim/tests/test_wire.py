"""The wire format: golden frames, hostile answers, sizes."""

from __future__ import annotations

import json
import math
from typing import Any

import msgpack
import numpy as np
import pytest
from helpers import ROOT, hello_body
from hypothesis import given
from hypothesis import strategies as st

from talebridge import columns, wire
from talebridge._generated import LIMITS, Decision, Kind, PositionState, Reason, Side, Stage
from talebridge.errors import (
    BadCandles,
    BridgeError,
    Busy,
    Late,
    NoSession,
    ProtocolError,
    SettingsRejected,
    ShimError,
    StalePortfolio,
)

VECTORS = ROOT / "protocol" / "vectors"
OURS = ("hello", "gate", "portfolio", "annotate", "standing")


def vectors(name: str) -> list[Any]:
    found = json.loads((VECTORS / name).read_text())
    return [pytest.param(v, id=v["name"]) for v in found if v["op"] in OURS]


def number(value: Any) -> float:
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value, value)


def question(**changes: Any) -> wire.Question:
    values: dict[str, Any] = {
        "pair": "BTC/USDT",
        "side": Side.LONG,
        "kind": Kind.ENTRY,
        "stage": Stage.SIZE,
        "candle_open_ms": 1_762_905_600_000,
        "now_ms": 1_762_905_900_000,
        "size_1024": 1024,
        "reason": 0,
        "value": math.nan,
        "stake": 100.0,
        "min_stake": 5.5,
        "leverage": 1.0,
        "rate": 103_250.25,
    }
    return wire.Question(**{**values, **changes})


def encoded(op: str, m: dict[str, Any]) -> bytes:
    if op == "hello":
        return wire.encode_hello(
            m["id"],
            wire.Hello(
                m["client"], m["run_mode"], m["session"], m["settings"], m.get("stake_currency")
            ),
        )
    if op == "gate":
        asked = question(
            pair=m["pair"],
            side=Side[m["side"].upper()],
            kind=Kind[m["kind"].upper()],
            stage=Stage[m["stage"].upper()],
            candle_open_ms=m["candle_open_ms"],
            now_ms=m["now_ms"],
            size_1024=m["size_1024"],
            reason=Reason[m["reason"].upper()],
            **{key: number(m[key]) for key in ("value", "stake", "min_stake", "leverage", "rate")},
            facts=tuple(number(fact) for fact in m["facts"]) if "facts" in m else None,
        )
        return wire.encode_gate(m["id"], m["handle"], m["seq"], asked, m.get("deadline_ms"))
    if op == "portfolio":
        positions = [
            wire.Position(
                pair, Side[side.upper()], stake, leverage, PositionState[state.upper()], *loss
            )
            for pair, side, stake, leverage, state, *loss in m["positions"]
        ]
        closed = [wire.ClosedTrade(*row) for row in m.get("closed", [])]
        closes = None
        if "closes" in m:
            rows = [
                wire.CloseRow(pair, until_ms, [number(one) for one in told])
                for pair, until_ms, told in m["closes"]["rows"]
            ]
            closes = wire.CloseNews(m["closes"]["step_s"], m["closes"]["keep"], rows)
        told = wire.Portfolio(
            m["seq"], m["at_ms"], m["equity"], m["samples"], positions, closed, closes
        )
        return wire.encode_portfolio(m["id"], m["handle"], told)
    if op == "standing":
        return wire.encode_standing(m["id"], m["handle"], m["seq"], m["now_ms"])
    return wire.encode_annotate(
        m["id"],
        m["rows"],
        m["engine"],
        market=m["columns"] == 7,
        deadline_ms=m.get("deadline_ms"),
        wanted=m.get("wanted"),
    )


@pytest.mark.parametrize("vector", vectors("requests.json"))
def test_requests_match_the_golden_frames(vector: dict[str, Any]) -> None:
    frame = encoded(vector["op"], vector["meaning"])
    golden = msgpack.unpackb(bytes.fromhex(vector["frames"][0]))
    ours = msgpack.unpackb(frame)
    # NaN differs from itself, and a map's order is free.
    assert repr(_sorted(ours)) == repr(_sorted(golden))
    if vector["op"] == "gate":
        assert frame.hex() == vector["frames"][0]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("vector", vectors("replies.json"))
def test_replies_of_the_golden_frames_are_understood(vector: dict[str, Any]) -> None:
    first, *further = (bytes.fromhex(frame) for frame in vector["frames"])
    meaning = vector["meaning"]
    if "status" in meaning:
        with pytest.raises(BridgeError):
            wire.decode_reply(first, meaning["id"])
        return
    payload = wire.decode_reply(first, meaning["id"])
    if vector["op"] == "hello":
        reply = wire.decode_hello(payload)
        for key in ("server", "boot", "fingerprint", "handle", "seq", "samples_until_ms"):
            assert getattr(reply, key) == meaning[key]
    elif vector["op"] == "gate":
        answer = wire.decode_gate(payload, question(stake=max(100.5, meaning["stake"])))
        assert answer.decision is Decision[meaning["decision"].upper()]
        assert answer.would is Decision[meaning["would"].upper()]
        assert wire.reason_name(answer.reason) == meaning["reason"]
        for key in ("stake", "value", "limit", "journal_seq"):
            np.testing.assert_equal(getattr(answer, key), number(meaning[key]))
    elif vector["op"] == "portfolio":
        assert wire.decode_portfolio(payload) == meaning["seq"]
    elif vector["op"] == "standing":
        found = [(wire.reason_name(d.reason), d.until_ms) for d in wire.decode_standing(payload)]
        assert found == [(one["reason"], one["until_ms"]) for one in meaning["denied"]]
    else:
        rows, count, engine = wire.decode_annotate(payload)
        assert (rows, count, engine) == (
            meaning["rows"],
            meaning["columns"],
            meaning["engine_fingerprint"],
        )
        block = np.frombuffer(further[0], dtype="<f8").reshape(count, rows)
        expected = [[number(v) for v in row] for row in meaning["block"]]
        np.testing.assert_array_equal(block, expected)


@pytest.mark.parametrize(
    ("status", "detail", "error"),
    [
        (1, {}, ProtocolError),
        (2, {}, ProtocolError),
        (3, {}, ProtocolError),
        (4, {}, ProtocolError),
        (5, {}, BridgeError),
        (6, {}, Busy),
        (7, {}, NoSession),
        (8, {"seq": 3}, StalePortfolio),
        (9, {"row": 4, "column": "high", "message": "m"}, BadCandles),
        (10, {"violations": [{"path": "/a", "message": "x"}, {"path": "b", "message": "y"}]}, None),
        (11, {"late_ms": 3}, Late),
        (12, {}, ProtocolError),
        ("7", {}, ProtocolError),
    ],
)
def test_every_status_has_its_error(
    status: Any, detail: dict[str, Any], error: type[Exception] | None
) -> None:
    frame = msgpack.packb([1, 7, status, "because", detail])
    with pytest.raises(error or SettingsRejected) as caught:
        wire.decode_reply(frame, 7)
    if status == 9:
        assert (caught.value.row, caught.value.column) == (4, "high")
    if status == 10:
        assert "risk_bridge.a: x" in str(caught.value)
        assert "risk_bridge.b: y" in str(caught.value)


@given(st.binary(max_size=200))
def test_random_bytes_are_a_bridge_error(frame: bytes) -> None:
    with pytest.raises(BridgeError):
        wire.decode_reply(frame, 7)


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(st.lists(JSONISH, max_size=9))
def test_any_payload_is_an_answer_or_a_protocol_error(payload: list[Any]) -> None:
    asked = question()
    for decode in (
        lambda: wire.decode_gate(payload, asked),
        lambda: wire.decode_hello(payload),
        lambda: wire.decode_portfolio(payload),
        lambda: wire.decode_annotate(payload),
    ):
        try:
            result = decode()
        except ProtocolError:
            continue
        if isinstance(result, wire.Answer) and result.decision is not Decision.DENY:
            assert 0 < result.stake <= asked.stake * (1 + 1e-9)


@pytest.mark.parametrize("stake", [math.nan, math.inf, -1.0, 0.0, 100.1, None, "100", True])
@pytest.mark.parametrize("decision", [0, 1])
def test_a_reply_that_is_no_smaller_stake_is_a_protocol_error(decision: int, stake: Any) -> None:
    with pytest.raises(ProtocolError):
        wire.decode_gate([decision, 4, stake, 1.0, 1.0, 1, decision], question())


@pytest.mark.parametrize("field", range(7))
@pytest.mark.parametrize("bad", [None, "x", [], {}, True, 1e300, -5, math.nan, math.inf, -math.inf])
def test_no_field_of_a_reply_takes_another_type(field: int, bad: Any) -> None:
    payload: list[Any] = [1, 4, 50.0, 6.0, 4.0, 1, 1]
    payload[field] = bad
    if field in (3, 4) and isinstance(bad, int | float) and not isinstance(bad, bool):
        # Shown, not acted on: any number will do.
        assert wire.decode_gate(payload, question()).stake == 50.0
        return
    with pytest.raises(ProtocolError):
        wire.decode_gate(payload, question())


def test_surplus_elements_of_a_newer_minor_version_are_ignored() -> None:
    payload = [0, 0, 100, math.nan, math.nan, 1, 0, "new", {"more": 1}]
    assert wire.decode_gate(payload, question()).decision is Decision.ALLOW
    assert wire.decode_hello([hello_body(newer="x"), 1]).boot == "b1"


@given(
    st.text("ABCDEFGH/:", min_size=1, max_size=31),
    st.floats(),
    st.floats(allow_nan=False, min_value=0),
    st.integers(0, 2**32 - 1),
)
def test_a_question_fits_128_bytes(pair: str, value: float, stake: float, handle: int) -> None:
    asked = question(pair=pair, value=value, stake=stake)
    frame = wire.encode_gate(wire.ID_CYCLE - 1, handle, 2**31, asked, 2**40)
    assert len(frame) <= LIMITS["gate_target_bytes"]


@pytest.mark.parametrize(
    "kind", [np.float32, np.float64, np.int64, np.int32, int, lambda v: np.array(v)[()]]
)
def test_numbers_of_numpy_are_packed_as_floats(kind: Any) -> None:
    plain = wire.encode_gate(1, 1, 1, question(stake=64.0, rate=128.0))
    assert wire.encode_gate(1, 1, 1, question(stake=kind(64), rate=kind(128))) == plain


@pytest.mark.parametrize("bad", [None, "100", b"1", True, object(), [1]])
def test_what_is_not_a_number_is_named(bad: Any) -> None:
    with pytest.raises(ShimError, match="stake"):
        wire.encode_gate(1, 1, 1, question(stake=bad))


@pytest.mark.parametrize("pair", ["", "X" * 32, "ä" * 16, None, 5])
def test_a_pair_the_protocol_cannot_carry_is_named(pair: Any) -> None:
    with pytest.raises(ShimError, match="pair"):
        wire.encode_gate(1, 1, 1, question(pair=pair))


def test_limits_of_the_portfolio() -> None:
    position = wire.Position("BTC/USDT", Side.LONG, 1.0, 1.0, PositionState.OPEN)
    most = wire.Portfolio(1, 5, 1.0, [(i, 1.5) for i in range(512)], [position] * 512)
    assert len(wire.encode_portfolio(1, 1, most)) <= LIMITS["portfolio_bytes"]
    with pytest.raises(ShimError, match="513"):
        wire.encode_portfolio(1, 1, wire.Portfolio(1, 5, 1.0, [], [position] * 513))
    with pytest.raises(ShimError, match="equity"):
        wire.encode_portfolio(1, 1, wire.Portfolio(1, 5, math.nan, [], []))


def test_a_frame_above_the_limit_of_rows_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ShimError, match="2000001"):
        wire.encode_annotate(1, 2_000_001, {})


def test_the_block_has_to_have_the_size_its_header_says() -> None:
    assert columns.from_reply(b"\0" * 8 * len(columns.NAMES), 1, len(columns.NAMES)).shape[1] == 1
    for data, count in ((None, 19), (b"", 19), (b"\0" * 8, len(columns.NAMES)), (b"\0" * 8, 1)):
        with pytest.raises(ProtocolError):
            columns.from_reply(data, 1, count)
