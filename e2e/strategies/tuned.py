"""Dip buyers whose gate has thresholds that hyperopt turns."""

from __future__ import annotations

import contextlib
import os
import signal
from datetime import datetime

from freqtrade.strategy import DecimalParameter, IStrategy
from pandas import DataFrame

from talebridge import risk_gated


class Dipping(IStrategy):
    """Buys a sudden fall, sells an hour later."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 1000
    minimal_roi = {"0": 0.03, "60": -1}
    stoploss = -0.05

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        change = dataframe["close"].pct_change()
        dataframe["fall"] = -change / change.rolling(96).std()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[dataframe["fall"] > 2.0, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe


@risk_gated(parameters={"limits.max_gross_exposure": "risk_exposure"})
class Tuned(Dipping):
    """An account limit."""

    risk_exposure = DecimalParameter(0.02, 0.3, default=0.25, decimals=3, space="buy")


@risk_gated(
    rules=[{"measure": "jump", "from": 2.0, "to": 8.0, "min_size": 0.25}],
    parameters={"rules.0.from": "risk_from"},
)
class TunedRule(Dipping):
    """A candle rule."""

    risk_from = DecimalParameter(1.0, 6.0, default=2.0, decimals=2, space="buy")


@risk_gated(
    limits={"max_entries_hours": 6},
    parameters={"limits.max_drawdown": "risk_drawdown"},
)
class TunedWrongly(Dipping):
    """A limit that the space turns to what is no limit."""

    risk_drawdown = DecimalParameter(1.5, 2.0, default=1.5, decimals=2, space="buy", load=False)


class Interrupted(Tuned):
    """Kills the bridge the test named between the question about a stake that is cut and the one
    that confirms it, in whichever worker comes first."""

    def confirm_trade_entry(
        self,
        pair: str,
        order_type: str,
        amount: float,
        rate: float,
        time_in_force: str,
        current_time: datetime,
        entry_tag: str | None,
        side: str,
        **kwargs: object,
    ) -> bool:
        daemon = os.environ.get("TALEBRIDGE_E2E_DAEMON_PID")
        if daemon is not None and amount * rate < 900:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(daemon), signal.SIGKILL)
        return True
