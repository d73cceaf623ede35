"""What a run leaves in freqtrade's configuration, for its backtest cache and its result files.

Nothing volatile goes there: the cache hashes the configuration.
"""

from __future__ import annotations

from typing import Any

from talebridge.config import FINGERPRINT, Settings, with_defaults


def mark(config: dict[str, Any], fingerprint: object) -> None:
    """Puts the fingerprint, or what turns into it when read, where the backtest cache sees it."""
    config["risk_bridge"] = {**(config.get("risk_bridge") or {}), FINGERPRINT: fingerprint}


def record(config: dict[str, Any], settings: Settings, fingerprint: str | None) -> None:
    """Puts settings and fingerprint where the result file takes them from."""
    original = config.get("original_config")
    if isinstance(original, dict):
        original["risk_bridge"] = {
            **(original.get("risk_bridge") or {}),
            **with_defaults(settings),
            FINGERPRINT: fingerprint,
        }
