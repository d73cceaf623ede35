"""What happens once, when a strategy is constructed: start-up candles, first contact."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talebridge import published, signatures, spawn
from talebridge._generated import MEMORY_ROWS
from talebridge.abort import operational_exception
from talebridge.errors import BridgeError, Refused, SettingsRejected, Unavailable
from talebridge.modes import Context
from talebridge.place import Local, Place

if TYPE_CHECKING:
    from talebridge.failures import Failures
    from talebridge.gated import Gated

logger = logging.getLogger(__name__)

_MOST_CANDLES = {"kraken": 720}
"""Of exchanges that give no more than their newest candles, so few that windows may not fit."""


def check_history(gated: Gated) -> None:
    """Refuses windows for which the exchange has too few candles: freqtrade refuses the start-up
    candles they need in its own words, which do not say what to do. Charts need no new candles."""
    exchange = str((gated.strategy.config.get("exchange") or {}).get("name", ""))
    most = _MOST_CANDLES.get(exchange.lower())
    needed = MEMORY_ROWS[gated.settings.window_set]
    # The candle that is still open is one of them.
    if most is None or needed < most or gated.context is Context.PASSIVE:
        return
    raise operational_exception(
        f"talebridge needs {needed} start-up candles, but {exchange} gives no more than its newest "
        f"{most}: set risk_bridge.window_set to compact, which needs {MEMORY_ROWS['compact']}"
    )


def raise_startup_candles(strategy: Any, window_set: str, *, recursive: bool) -> None:
    """Makes freqtrade load the M candles a verdict needs before the first one it trades on.

    A value in config.json overrides the strategy's, so it is raised too, except under
    recursive-analysis, which varies exactly that value. Raises when the strategy computes the value
    itself and it is too small.
    """
    needed = MEMORY_ROWS[window_set]
    own = strategy.startup_candle_count
    if isinstance(getattr(type(strategy), "startup_candle_count", None), property):
        if own < needed:
            raise operational_exception(
                f"talebridge needs {needed} start-up candles, and startup_candle_count is a "
                f"property that returns {own}: let it return at least {needed}, or use "
                "risk_bridge.window_set: compact"
            )
        return
    config = strategy.config
    configured = config.get("startup_candle_count")
    if configured is not None and recursive:
        return
    before = max(own, configured or 0)
    if before >= needed and (configured is None or configured >= needed):
        return
    logger.info("talebridge: startup_candle_count raised from %s to %s", configured or own, needed)
    strategy.startup_candle_count = max(before, needed)
    if configured is not None:
        config["startup_candle_count"] = strategy.startup_candle_count


def check_hooks(gated: Gated) -> None:
    """Stops a backtest that this freqtrade's hooks would leave ungated. A bot goes on, for the sake
    of its exits: what its hooks cannot be told is denied."""
    problem = signatures.problem(gated.strategy)
    if problem is None:
        return
    if gated.context is Context.OPTIMIZE:
        raise operational_exception(f"talebridge: {problem}")
    logger.error("talebridge: %s. Entries are denied, exits continue", problem)


def first_contact(gated: Gated, failures: Failures) -> None:
    """Says hello to the bridge, starting a private one where that is allowed.

    Backtest, hyperopt and analysis end here without a bridge; a bot starts without it and pauses
    its entries; plots and the web server carry on. A bridge that a backtest starts for itself gets
    ready while freqtrade loads candles: it is waited for when something is wanted of it, and the
    run ends then if it is not there.
    """
    try:
        if _hello(gated):
            _publish(gated)
        else:
            published.mark(gated.strategy.config, Promised(gated, failures))
    except SettingsRejected as error:
        if gated.context is not Context.PASSIVE:
            raise _no_start(error, failures) from None
        logger.warning("talebridge: %s", error)
    except BridgeError as error:
        if gated.context is Context.OPTIMIZE:
            raise _no_start(error, failures) from None
        failures.report(error)


def _publish(gated: Gated) -> None:
    """Tells freqtrade's cache and the result file what decides."""
    published.mark(gated.strategy.config, gated.fingerprint)
    gated.record()


def _no_start(error: BridgeError, failures: Failures) -> Exception:
    hint = failures.hint(error)
    return operational_exception(f"talebridge: {error}{hint}{'.' if hint else ''}")


def _hello(gated: Gated) -> bool:
    """Says hello to the bridge the settings name, to an inherited private one, or to a new one.

    A run that may start its own never goes to a bridge it only found: that one may be a bot's.
    Returns False where a new one is on its way, to be greeted later.
    """
    settings = gated.settings
    private = gated.may_start_private
    candidates: list[tuple[Place, bool]] = []
    if not private or settings.dir is not None or settings.connect is not None:
        candidates.append((settings.place(), False))
    inherited = spawn.inherited_directory() if private else None
    if inherited is not None:
        candidates.append((Local(inherited), True))
    for place, own in candidates:
        try:
            gated.place, gated.private = place, own
            gated.open()
        except Refused:
            # It is there and means no: that is to be mended, not to be gone around.
            raise
        except Unavailable as error:
            if not private:
                raise
            logger.debug("talebridge: %s", error)
        else:
            return True
    user_data_dir = gated.strategy.config.get("user_data_dir")
    daemon = spawn.launch_private(settings, None if user_data_dir is None else Path(user_data_dir))
    gated.place, gated.private = Local(daemon.directory), True
    if gated.mode_name != "backtest":
        daemon.wait()
        gated.open()
        return True

    def begin() -> None:
        daemon.wait()
        gated.open()
        _publish(gated)

    gated.begin = begin
    return False


class Promised:
    """The fingerprint of a bridge that is on its way, in a configuration: a text as soon as
    somebody reads it, as freqtrade does when it looks for an earlier result."""

    def __init__(self, gated: Gated, failures: Failures) -> None:
        self._gated = gated
        self._failures = failures

    def __str__(self) -> str:
        try:
            self._gated.begun()
        except BridgeError as error:
            raise _no_start(error, self._failures) from None
        return str(self._gated.fingerprint)

    def __deepcopy__(self, _: object) -> Promised:
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)
