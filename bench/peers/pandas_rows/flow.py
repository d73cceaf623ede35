"""Volume: surprise, bulk-classified flow, Kyle's lambda, Amihud's illiquidity."""

from __future__ import annotations

import numpy as np
import pandas as pd
from candles import Array
from scipy.special import erf

from .regime import mid_rank

FLOW_ROWS = 250
AMIHUD_ROWS = 32


def surprise(value: Array, rows: int) -> Array:
    """Modified z-score of the log traded value among the `rows` that end with the candle."""
    logs = pd.Series(np.log(np.where(value > 0.0, value, np.nan)))
    median = logs.rolling(rows, min_periods=rows // 2).median().to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(logs.to_numpy(), rows)
    deviation = np.full(value.size, np.nan)
    deviation[rows - 1 :] = np.nanmedian(np.abs(windows - median[rows - 1 :, None]), axis=1)
    return 0.6745 * (logs.to_numpy() - median) / deviation


def flow(value: Array, returns: Array, sigma: Array) -> tuple[Array, Array, Array, Array]:
    """Flow of the candle, of the window, VPIN, and the candle's net value in mean candles."""
    z = returns / np.concatenate([[np.nan], sigma[:-1]])
    own = np.where(value > 0.0, erf(z * np.sqrt(0.5)), np.nan)
    net = np.nan_to_num(own) * value
    frame = pd.DataFrame({"value": value, "net": net, "traded": 1.0 * (value > 0.0)})
    frame["gross"] = frame["net"].abs()
    frame.iloc[0] = 0.0
    total = frame.rolling(FLOW_ROWS).sum()
    total = total.where(2 * total["traded"] >= FLOW_ROWS)
    signed = frame["net"] / (total["value"] / total["traded"])
    return (
        own,
        (total["net"] / total["value"]).to_numpy(),
        (total["gross"] / total["value"]).to_numpy(),
        signed.where(value > 0.0).to_numpy(float),
    )


def amihud_rank(value: Array, returns: Array, rows: int) -> Array:
    """Mid-rank of the mean |r| / value over 32 candles."""
    ratio = pd.Series(np.abs(returns) / np.where(value > 0.0, value, np.nan))
    mean = ratio.rolling(AMIHUD_ROWS, min_periods=AMIHUD_ROWS // 2).mean()
    return mid_rank(mean.to_numpy(), rows)


def kyle(returns: Array, signed: Array, rows: int) -> tuple[Array, Array]:
    """Slope of the return on the net bought value over the window, and its HC0 t."""
    x = pd.Series(signed)
    r = pd.Series(returns).where(x.notna())
    moments = {f"x{k}": x**k for k in range(1, 5)}
    moments |= {f"r{k}": r * x**k for k in range(4)}
    moments |= {f"q{k}": r**2 * x**k for k in range(3)}
    moments["n"] = x.notna().astype(float)
    s = pd.DataFrame(moments).fillna(0.0).rolling(rows).sum()
    s = s.where(2 * s["n"] >= rows)
    mean = s["x1"] / s["n"]
    variation = s["x2"] - mean * s["x1"]
    b = (s["r1"] - mean * s["r0"]) / variation
    a = (s["r0"] - b * s["x1"]) / s["n"]
    powers = [s["n"], s["x1"], s["x2"], s["x3"], s["x4"]]
    e = [
        s[f"q{k}"]
        - 2.0 * (a * s[f"r{k}"] + b * s[f"r{k + 1}"])
        + a**2 * powers[k]
        + 2.0 * a * b * powers[k + 1]
        + b**2 * powers[k + 2]
        for k in range(3)
    ]
    t = b * variation / np.sqrt(e[2] - 2.0 * mean * e[1] + mean**2 * e[0])
    return b.to_numpy(), t.to_numpy()
