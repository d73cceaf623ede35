"""Writes candles as freqtrade stores them: one LZ4 feather file per pair and timeframe."""

import hashlib
import json
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import feather

from market.model import Candles
from market.pairs import make_market

MANIFEST: Final = "market.json"
_SOURCES: Final = ("exact.py", "model.py", "pairs.py", "store.py")
_NS_PER_MS: Final = 1_000_000


def candle_file(directory: Path, pair: str) -> Path:
    """freqtrade's name for a pair's 5-minute spot candles."""
    return directory / f"{pair.replace('/', '_')}-5m.feather"


def write_candles(path: Path, candles: Candles) -> None:
    """Write one pair: date (timestamp[ns, UTC]), open, high, low, close, volume (float64)."""
    date = pa.array(candles.open_ms * _NS_PER_MS, type=pa.timestamp("ns", tz="UTC"))
    columns = {"date": date}
    for name in ("open", "high", "low", "close", "volume"):
        columns[name] = pa.array(getattr(candles, name), type=pa.float64())
    partial = path.with_suffix(".part")
    feather.write_feather(pa.table(columns), str(partial), compression="lz4")
    partial.replace(path)


def write_market(directory: Path, seed: int) -> bool:
    """Write the market unless the same one is there. Return whether anything was written.

    A manifest beside the files holds the seed, the hash of this package's sources and the hash of
    each file; it is written last, so an interrupted run is done again.
    """
    inputs = {"seed": seed, "sources": _source_hash()}
    if _is_current(directory, inputs):
        return False
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MANIFEST).unlink(missing_ok=True)
    files: dict[str, str] = {}
    for pair, candles in make_market(seed).items():
        path = candle_file(directory, pair)
        write_candles(path, candles)
        files[path.name] = _file_hash(path)
    manifest = json.dumps({**inputs, "files": files}, indent=2, sort_keys=True)
    (directory / MANIFEST).write_text(manifest + "\n", encoding="utf-8")
    return True


def _is_current(directory: Path, inputs: dict[str, object]) -> bool:
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(manifest, dict):
        return False
    if any(manifest.get(key) != value for key, value in inputs.items()):
        return False
    files = manifest.get("files")
    if not isinstance(files, dict) or not files:
        return False
    return all(
        (directory / name).is_file() and _file_hash(directory / name) == digest
        for name, digest in files.items()
    )


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _source_hash() -> str:
    digest = hashlib.sha256(pa.__version__.encode())
    for name in _SOURCES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()
