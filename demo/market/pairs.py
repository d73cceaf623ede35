"""Which pairs the demo market has and when: invented names, so that nobody takes them for real."""

from datetime import UTC, datetime, timedelta
from typing import Final

from market.model import CANDLES_PER_DAY, Candles, Pair, make_factor, make_pair

SEED: Final = 20250301
PAIRS: Final = (
    Pair("ALFA/USDT", 2500.0, 2, beta=1.00, own_sigma=0.00050, jumps_per_day=0.7, volume=900_000),
    Pair("BRVO/USDT", 180.0, 2, beta=1.15, own_sigma=0.00080, jumps_per_day=0.9, volume=350_000),
    Pair("CRLI/USDT", 32.5, 3, beta=1.30, own_sigma=0.00100, jumps_per_day=1.0, volume=180_000),
    Pair("DLTA/USDT", 4.2, 4, beta=1.20, own_sigma=0.00115, jumps_per_day=1.1, volume=120_000),
    Pair("EKKO/USDT", 0.62, 5, beta=1.45, own_sigma=0.00130, jumps_per_day=1.2, volume=90_000),
    # A tick of 0.4 % of the price: most candles do not move, as on a cheap or illiquid coin.
    Pair("GROT/USDT", 0.0243, 4, beta=1.10, own_sigma=0.00120, jumps_per_day=1.0, volume=25_000),
)
COARSE: Final = "GROT/USDT"

# Two months of trading after a warm-up that is longer than the engine's memory of 990 candles.
TRADING_START: Final = datetime(2025, 3, 1, tzinfo=UTC)
TRADING_END: Final = datetime(2025, 5, 1, tzinfo=UTC)
WARM_UP_DAYS: Final = 5
CRASH: Final = datetime(2025, 4, 11, 20, 45, tzinfo=UTC)


def make_market(seed: int = SEED) -> dict[str, Candles]:
    """All pairs' candles by name, from the start of the warm-up to the end of trading."""
    start = TRADING_START - timedelta(days=WARM_UP_DAYS)
    size = (TRADING_END - start).days * CANDLES_PER_DAY
    crash_at = int((CRASH - start) / timedelta(minutes=5))
    factor = make_factor(seed, size, crash_at)
    start_ms = int(start.timestamp()) * 1000
    return {
        pair.name: make_pair(seed, number, pair, factor, start_ms)
        for number, pair in enumerate(PAIRS, start=1)
    }
