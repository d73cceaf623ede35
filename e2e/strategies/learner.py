"""A FreqAI strategy, ungated and recorded: its columns begin with `%` and `&`."""

from __future__ import annotations

from typing import Any

from dips import Dips
from pandas import DataFrame

from talebridge import risk_gated


class Learner(Dips):
    """Buys what a model trained by FreqAI expects to rise."""

    def feature_engineering_expand_all(
        self, dataframe: DataFrame, period: int, metadata: dict, **kwargs: Any
    ) -> DataFrame:
        dataframe["%-move-period"] = dataframe["close"].pct_change(period)
        return dataframe

    def feature_engineering_standard(
        self, dataframe: DataFrame, metadata: dict, **kwargs: Any
    ) -> DataFrame:
        dataframe["%-hour"] = dataframe["date"].dt.hour
        return dataframe

    def set_freqai_targets(self, dataframe: DataFrame, metadata: dict, **kwargs: Any) -> DataFrame:
        dataframe["&-move"] = dataframe["close"].shift(-12) / dataframe["close"] - 1
        return dataframe

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        rise = (dataframe["do_predict"] == 1) & (dataframe["&-move"] > 0)
        dataframe.loc[rise, ["enter_long", "enter_tag"]] = (1, "learned")
        return dataframe


@risk_gated(mode="shadow")
class LearnerShadow(Learner):
    """Recorded and not touched."""


@risk_gated(profile="conservative")
class LearnerGated(Learner):
    """Gated."""
