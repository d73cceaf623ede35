"""Recomputes the limits on what moves together from the candles alone, beside a backtest's journal.

Usage: together.py JOURNAL_DIR DATADIR LIMITS_JSON. Prints what was found as JSON: `off` lists
questions whose answer is another. The account is the journal's; the closes are not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

HOUR_MS = 3_600_000
KEPT = 82
"""Closes of 5-minute candles under the standard window set."""
LEAST = 30
STALE = 24
OLDEST = 96


def hourly(datadir: Path, pair: str) -> pd.Series:
    """Closes by the time they were known, on the hour."""
    frame = pd.read_feather(datadir / f"{pair.replace('/', '_')}-5m.feather")
    opens = frame["date"].dt.as_unit("ms").astype("int64")
    closes = pd.Series(frame["close"].to_numpy(), index=opens + 300_000)
    return closes[closes.index % HOUR_MS == 0]


def measured(closes: dict[str, pd.Series], until: dict[str, int]) -> tuple[Any, Any]:
    """Volatilities and shrunk correlations of the pairs told, by pandas."""
    returns = {}
    newest_ms = max(until.values())
    for pair, until_ms in until.items():
        if newest_ms - until_ms > STALE * HOUR_MS:
            continue
        known = closes[pair].loc[until_ms - (KEPT - 1) * HOUR_MS : until_ms]
        returns[pair] = known / known.shift(1) - 1
    table = pd.DataFrame(returns)
    table = table[table.index > newest_ms - OLDEST * HOUR_MS]
    weights = 0.97 ** ((newest_ms - table.index.to_numpy()) / HOUR_MS)

    def moment(a: str, b: str) -> tuple[float, float, float]:
        both = table[[a, b] if a != b else [a]].notna().all(axis=1).to_numpy()
        if both.sum() < LEAST:
            return (np.nan, np.nan, np.nan)
        x, y, w = table.loc[both, a], table.loc[both, b], weights[both]
        return tuple(float((w * z).sum() / w.sum()) for z in (x * y, x * x, y * y))

    names = list(table)
    sigmas = pd.Series({p: np.sqrt(moment(p, p)[0]) for p in names}).dropna()
    names = list(sigmas.index)
    raw = pd.DataFrame(1.0, index=names, columns=names)
    for a in names:
        for b in names:
            if a != b:
                product, xx, yy = moment(a, b)
                raw.loc[a, b] = product / np.sqrt(xx * yy)
    values = raw.to_numpy(copy=True)
    off = ~np.eye(len(names), dtype=bool)
    mean = np.nanmean(values[off]) if len(names) > 1 else 0.0
    values[off] = 0.8 * values[off] + 0.2 * mean
    return sigmas, pd.DataFrame(values, index=names, columns=names)


def caps(
    question: dict[str, Any],
    account: dict[str, Any],
    sigmas: pd.Series,
    rho: pd.DataFrame,
    limits: dict[str, float],
) -> tuple[float, float]:
    """The most that the cluster and the shortfall leave for a question's stake."""
    pair, side, leverage = question["pair"], question["side"], question["leverage"]
    equity = account["equity"]
    held = [(p, s, stake * lev) for p, s, stake, lev, *_ in account["positions"]]
    names = list(sigmas.index)
    present = [p for p in names if p == pair or p in {p for p, *_ in held}]
    linked = ~(rho.loc[present, present].to_numpy() <= limits["cluster_correlation"])
    _, labels = connected_components(coo_matrix(linked), directed=False)
    cluster = dict(zip(present, labels, strict=True))
    taken = 0.0
    for p, s, money in held:
        unknown = p != pair and (pair not in cluster or p not in cluster)
        joined = p == pair or (not unknown and cluster[p] == cluster[pair])
        if unknown or (joined and s == side):
            taken += money
    within_cluster = max(0.0, (limits["max_cluster_exposure"] * equity - taken) / leverage)

    quantile = stats.t.ppf(0.99, 4)
    shortfall = stats.t.pdf(quantile, 4) / 0.01 * (4 + quantile**2) / 3 / np.sqrt(2)
    scale = shortfall * np.sqrt(limits["book_es_hours"])

    def expected_shortfall(stake: float) -> float:
        book = [*held, (pair, side, stake * leverage)]
        lost = sum(money for p, _, money in book if p not in sigmas.index)
        risks = [
            (p, (1 if s == "long" else -1) * money * sigmas[p])
            for p, s, money in book
            if p in sigmas.index
        ]
        variance = sum(
            max(0.0, a * b * (1.0 if p == q else rho.loc[p, q])) for p, a in risks for q, b in risks
        )
        return float(scale * np.sqrt(variance) + lost)

    budget = limits["max_book_es"] * equity
    if pair not in sigmas.index or expected_shortfall(0.0) >= budget:
        return within_cluster, 0.0
    root = optimize.brentq(lambda s: expected_shortfall(s) - budget, 0, 1e9, xtol=1e-9)
    return within_cluster, float(root)


def main() -> None:
    """Walks through the journal in its order."""
    journals, datadir = Path(sys.argv[1]), Path(sys.argv[2])
    limits = json.loads(sys.argv[3])
    lines = [
        json.loads(line)
        for file in sorted(journals.glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    closes: dict[str, pd.Series] = {}
    until: dict[str, int] = {}
    account: dict[str, Any] = {}
    found: dict[str, Any] = {"questions": 0, "cluster": 0, "shortfall": 0, "closes": 0, "off": []}
    for line in lines:
        if line["type"] == "portfolio":
            account = line
            for pair, until_ms, told in line.get("closes", {}).get("rows", []):
                if pair not in closes:
                    closes[pair] = hourly(datadir, pair)
                times = [until_ms - HOUR_MS * back for back in range(len(told) - 1, -1, -1)]
                if until_ms > line["at_ms"] or list(closes[pair].loc[times]) != told:
                    found["off"].append(f"closes of {pair} until {until_ms}")
                # No hour is left out: what is told follows on what was told.
                if pair in until and times[0] != until[pair] + HOUR_MS:
                    found["off"].append(f"closes of {pair} after {until[pair]} begin at {times[0]}")
                until[pair] = until_ms
                found["closes"] += len(told)
        if line["type"] != "gate" or line["kind"] == "replace" or line["reask"]:
            continue
        # The hour that the signal candle's close reaches, and none later.
        hour = (line["candle_open_ms"] + 300_000) // HOUR_MS * HOUR_MS
        if until[line["pair"]] != hour:
            found["off"].append(
                f"{line['pair']} at {line['now_ms']}: known until {until[line['pair']]}"
            )
        cluster, shortfall = caps(line, account, *measured(closes, until), limits)
        found["questions"] += 1
        for reason, most, key in (
            ("exposure_cluster", cluster, "cluster"),
            ("book_es", shortfall, "shortfall"),
        ):
            cut = next((cap for cap in line["caps"] if cap["reason"] == reason), None)
            denied = any(cap["stake"] == 0 for cap in line["caps"])
            allowed = line["stake"] if cut is None else cut["stake"]
            if cut is None and denied:
                # An earlier limit denied, so this one was not asked.
                continue
            if abs(allowed - min(line["stake"], most)) > 1e-7 * line["stake"]:
                found["off"].append(
                    f"{line['pair']} at {line['now_ms']}: {reason} {allowed}, here {most}"
                )
            found[key] += cut is not None
    print(json.dumps(found))


if __name__ == "__main__":
    main()
