"""Stopping a freqtrade run from inside a callback.

freqtrade takes an exception in most callbacks for approval; SystemExit ends it with exit code 0.
What ends a backtest with exit code 2 is an OperationalException in populate_*, and everywhere else
the flag that its web server uses to cancel a run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from logging.handlers import QueueHandler
from types import FrameType
from typing import Any

logger = logging.getLogger(__name__)


class RunStopped(Exception):
    """Stands in for freqtrade's OperationalException where freqtrade is not installed."""


def operational_exception(message: str) -> Exception:
    """The exception that ends a run with exit code 2 and `message` as its one line."""
    try:
        from freqtrade.exceptions import OperationalException
    except ImportError:
        return RunStopped(message)
    error: Exception = OperationalException(message)
    return error


def callers() -> Iterator[FrameType]:
    """What this thread is in the middle of, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def caller_named(class_name: str) -> Any | None:
    """The innermost object of a class of this name whose method is on this thread's call stack."""
    for frame in callers():
        candidate = frame.f_locals.get("self")
        if candidate is not None and type(candidate).__name__ == class_name:
            return candidate
    return None


def _logs_to_a_queue() -> bool:
    handlers = logging.getLogger().handlers
    return bool(handlers) and all(isinstance(one, QueueHandler) for one in handlers)


def stop_run(message: str) -> bool:
    """Logs `message` as CRITICAL and asks the running backtest to stop before its next candle.

    Returns whether a running backtest was found. The caller still has to deny.
    """
    logger.critical("talebridge stops this run: %s", message)
    if _logs_to_a_queue():
        # Of one of hyperopt's workers: who reads the queue does so between epochs, and there is no
        # next one.
        print(f"talebridge stops this run: {message}", file=sys.stderr, flush=True)  # noqa: T201
    backtesting = caller_named("Backtesting")
    if backtesting is None or not hasattr(backtesting, "abort"):
        return False
    backtesting.abort = True
    return True
