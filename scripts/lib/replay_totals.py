"""Totals of a replay once more, from freqtrade's own trade table and without the replay's code.

    python replay_totals.py RESULT.zip STRATEGY REPLAY.json

Reads the file as freqtrade does, takes from the replay only which share of each entry
order's stake was let through, and works out profit, winners and maximum drawdown with and without
the gate. Prints them as one JSON object. What an exit earned is shared among the entry orders in
proportion to what each still held; what prices and fees do not explain (funding, rounding) by the
value of each entry.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
from freqtrade.data.btanalysis import load_backtest_stats
from freqtrade.data.metrics import calculate_max_drawdown

Shares = dict[tuple[str, int], dict[int, float]]


def profit(trade: pd.Series, amount: float, entry: float, leave: float) -> float:
    if trade["is_short"]:
        received = amount * entry * (1 - trade["fee_open"])
        return received - amount * leave * (1 + trade["fee_close"])
    paid = amount * entry * (1 + trade["fee_open"])
    return amount * leave * (1 - trade["fee_close"]) - paid


def by_entry(trade: pd.Series) -> list[float]:
    """What each entry order of a trade earned."""
    orders = [order for order in trade["orders"] or [] if order["order_filled_timestamp"]]
    orders.sort(key=lambda order: order["order_filled_timestamp"])
    entries = [order for order in orders if order["ft_is_entry"]]
    leaves = [order for order in orders if not order["ft_is_entry"]]
    if len(entries) <= 1:
        return [trade["profit_abs"]]
    held = [0.0] * len(entries)
    earned = [0.0] * len(entries)
    waiting = list(enumerate(entries))
    for number, leave in enumerate(leaves):
        at = leave["order_filled_timestamp"]
        while waiting and waiting[0][1]["order_filled_timestamp"] <= at:
            index, order = waiting.pop(0)
            held[index] = order["amount"]
        total = sum(held)
        part = 1.0 if number == len(leaves) - 1 else min(1.0, leave["amount"] / total)
        for index, order in enumerate(entries):
            sold = held[index] * part
            earned[index] += profit(trade, sold, order["safe_price"], leave["safe_price"])
            held[index] -= sold
    rest = trade["profit_abs"] - sum(earned)
    values = [order["amount"] * order["safe_price"] for order in entries]
    return [e + rest * value / sum(values) for e, value in zip(earned, values, strict=True)]


def shares_of(entries: list[dict]) -> Shares:
    """Share of each entry order's stake let through, by pair and opening of its trade."""
    opened = {entry["trade"]: entry for entry in entries if entry["leg"] == 0}
    shares: Shares = defaultdict(dict)
    for entry in entries:
        first = opened[entry["trade"]]
        share = entry["stake_allowed"] / entry["stake"]
        shares[first["pair"], int(first["at_ms"])][entry["leg"]] = share
    return shares


def side(trades: pd.DataFrame, profits: pd.Series, balance: float) -> dict[str, float]:
    table = pd.DataFrame({"close_date": trades["close_date"], "profit_abs": profits})
    found = calculate_max_drawdown(table, starting_balance=balance)
    return {
        "trades": len(table),
        "winners": int((profits > 0).sum()),
        "profit_abs": float(profits.sum()),
        "drawdown_abs": float(found.drawdown_abs),
        "drawdown_ratio": float(found.relative_account_drawdown),
    }


def main() -> None:
    result, strategy, replay = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    stats = load_backtest_stats(result)["strategy"][strategy]
    trades = pd.DataFrame(stats["trades"])
    # Of trades that close together, those earlier in the file come first. freqtrade's own sort does
    # not keep that order above 16 trades, so its drawdown of such trades is one of several.
    place = pd.to_timedelta(range(len(trades)), unit="ns")
    trades["close_date"] = pd.to_datetime(trades["close_date"], utc=True).dt.as_unit("ns") + place
    balance = stats["starting_balance"]
    shares = shares_of(json.loads(replay.read_text())["entries"])
    of_trade = [shares[trade["pair"], trade["open_timestamp"]] for _, trade in trades.iterrows()]
    gated = pd.Series(
        [
            sum(earned * of[leg] for leg, earned in enumerate(by_entry(trade)))
            for of, (_, trade) in zip(of_trade, trades.iterrows(), strict=True)
        ],
        index=trades.index,
    )
    kept = pd.Series([any(share > 0 for share in of.values()) for of in of_trade], trades.index)
    totals = {"without": side(trades, trades["profit_abs"], balance)}
    if kept.any():
        totals["with"] = side(trades[kept], gated[kept], balance)
    print(json.dumps(totals))


if __name__ == "__main__":
    main()
