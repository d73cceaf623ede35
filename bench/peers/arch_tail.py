"""The tail of the next candle with the libraries one finds first: `arch` refits a GARCH(1,1) and
`scipy.stats.genpareto` the exceedances, for every candle anew. Another model than the
engine's, so its numbers are compared with nothing; it stands for what the libraries cost when
used as their manuals show.
"""

from __future__ import annotations

import warnings

import numpy as np
from arch import arch_model
from candles import Array
from scipy.stats import genpareto

ROWS, EXCEEDANCES = 900, 90
PERCENT = 100.0


def garch_tail(returns: Array) -> tuple[float, float]:
    """VaR 99 and ES 99 (log-loss of a long) after the last of `returns` (McNeil & Frey 2000)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = arch_model(PERCENT * returns, mean="Zero", rescale=False).fit(disp="off")
    sigma = float(np.sqrt(fit.forecast(horizon=1).variance.iloc[-1, 0])) / PERCENT
    return genpareto_tail(-fit.std_resid, sigma)


def genpareto_tail(losses: Array, sigma: float) -> tuple[float, float]:
    """VaR 99 and ES 99 from standardised losses by maximum likelihood."""
    top = np.sort(losses)[-EXCEEDANCES - 1 :]
    u, y = top[0], top[1:] - top[0]
    xi, _, beta = genpareto.fit(y[y > 0.0], floc=0.0)
    var = u + beta / xi * ((0.01 * losses.size / EXCEEDANCES) ** -xi - 1.0)
    return sigma * var, sigma * (var + beta - xi * u) / (1.0 - xi)
