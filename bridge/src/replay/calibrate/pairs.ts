/** Which pairs a freqtrade data directory has candles of, by file names. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CandleSource } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";

const ENDINGS = /\.(feather|json|json\.gz|parquet)$/;

/**
 * Pairs in order of name. freqtrade writes every special character of a pair as `_`; names with more of them than a plain pair has are left to
 * the caller to name.
 * @throws ReplayInputError when there are none, with what the directory has instead
 */
export async function pairsOf(source: Pick<CandleSource, "datadir" | "trading_mode" | "timeframe">): Promise<string[]> {
  const { datadir, trading_mode, timeframe } = source;
  const own = await pairsIn(datadir, trading_mode, timeframe);
  if (own.length > 0) return own;
  const other = trading_mode === "spot" ? "futures" : "spot";
  const elsewhere = await pairsIn(datadir, other, timeframe);
  const hint =
    elsewhere.length > 0
      ? `it has candles of ${other}: --trading-mode ${other}`
      : `run \`freqtrade download-data --timeframes ${timeframe}\`, or name the directory with --datadir`;
  throw new ReplayInputError(`No ${timeframe} candles of ${trading_mode} pairs in ${datadir}: ${hint}.`);
}

async function pairsIn(datadir: string, trading_mode: "spot" | "futures", timeframe: string): Promise<string[]> {
  const futures = trading_mode === "futures";
  const tail = `-${timeframe}${futures ? "-futures" : ""}`;
  const names = await readdir(futures ? join(datadir, "futures") : datadir).catch(() => []);
  const pairs = names.flatMap((name) => {
    const stem = name.replace(ENDINGS, "");
    if (stem === name || !stem.endsWith(tail)) return [];
    const parts = stem.slice(0, -tail.length).split("_");
    if (parts.length !== (futures ? 3 : 2)) return [];
    const [base, quote, settle] = parts;
    return [`${base}/${quote}${futures ? `:${settle}` : ""}`];
  });
  return [...new Set(pairs)].sort();
}
