"""Writes the synthetic market: ``python -m market --out DIR``, run in the folder ``demo``."""

import argparse
import sys
from pathlib import Path

from market.pairs import PAIRS, SEED
from market.store import write_market


def main() -> int:
    """Write what is missing or out of date; say which on standard output."""
    parser = argparse.ArgumentParser(prog="python -m market", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the feather files")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    if args.seed < 0:
        parser.error(f"--seed {args.seed}: 0 or above is wanted")
    try:
        written = write_market(args.out, args.seed)
    except OSError as error:
        sys.stderr.write(f"the market cannot be written to {args.out}: {error}\n")
        return 1
    sys.stdout.write("written\n" if written else "up to date\n")
    sys.stdout.write(",".join(pair.name for pair in PAIRS) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
