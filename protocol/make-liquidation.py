"""Writes vectors/liquidation.json: liquidation prices by freqtrade's own code, for both sides to be
held against. Needs freqtrade: python protocol/make-liquidation.py
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from types import SimpleNamespace

from freqtrade.enums import MarginMode, TradingMode
from freqtrade.exchange import Binance, Exchange

BUFFER = 0.05
TIERS = [(0.004, 0.0), (0.01, 50.0), (0.025, 300.0)]
FEE = 0.0005


def price(
    kind: str, side: str, entry: float, stake: float, leverage: float, tier: tuple[float, float]
) -> float:
    """Isolated margin, as `get_liquidation_price` calls it in a dry run."""
    exchange = SimpleNamespace(
        trading_mode=TradingMode.FUTURES,
        margin_mode=MarginMode.ISOLATED,
        markets={"A/B:B": {"taker": FEE, "inverse": False}},
        get_maintenance_ratio_and_amt=lambda *_: tier,
        _config={"runmode": "backtest"},
    )
    made = {"binance": Binance, "others": Exchange}[kind]
    result = made.dry_run_liquidation_price(
        exchange,  # type: ignore[arg-type]
        pair="A/B:B",
        open_rate=entry,
        is_short=side == "short",
        amount=stake * leverage / entry,
        stake_amount=stake,
        leverage=leverage,
        wallet_balance=stake,
        open_trades=[],
    )
    if result is None:
        raise RuntimeError(f"freqtrade has no liquidation price for {kind}, {side}, {tier}")
    return result


def main() -> None:
    """Both formulas, both sides, over leverages and tiers."""
    rows = []
    for kind, side, leverage, tier in product(
        ("binance", "others"), ("long", "short"), (1.0, 3.0, 10.0, 50.0), TIERS
    ):
        entry, stake = 103_250.25, 1_250.0
        # Others have the taker fee in the rate and no amount.
        rate, amount = tier if kind == "binance" else (tier[0] + FEE, 0.0)
        liquidation = price(kind, side, entry, stake, leverage, tier)
        away = entry - liquidation if side == "long" else liquidation - entry
        rows.append(
            {
                "exchange": kind,
                "side": side,
                "entry": entry,
                "stake": stake,
                "leverage": leverage,
                "mm_rate": rate,
                "mm_amount": amount,
                "liquidation_buffer": BUFFER,
                "price": liquidation,
                "distance": away * (1 - BUFFER) / entry,
            }
        )
    path = Path(__file__).parent / "vectors" / "liquidation.json"
    path.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
