/** A finished freqtrade backtest: `.zip` (since 2024.12) or `.json`, one strategy of it. */

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Compile, type TSchema } from "../../typebox.js";
import { ReplayInputError, shown } from "./error.js";
import { type ExportedStrategy, StrategySchema } from "./layout.js";
import { timeframeMs } from "./timeframe.js";
import { type Trade, toTrade } from "./trades.js";
import { type EquityCurve, readWallet } from "./wallet.js";
import { isZip, MAX_MEMBER_BYTES, MAX_ZIP_BYTES, openZip } from "./zip.js";

/** The layouts this was tried with, oldest first: fixtures written by these releases are in the tests. */
export const TRIED_RELEASES = ["2023.12", "2024.10", "2025.8", "2025.12", "2026.3", "2026.9"] as const;

/** What the replay knows of the backtest. Times in ms since 1970, money in stake currency. */
export interface ReadResult {
  /** File name without directories. */
  readonly file: string;
  /** SHA-256 of its bytes, hex. */
  readonly file_sha256: string;
  readonly strategy: string;
  readonly trades: readonly Trade[];
  readonly timeframe: string;
  readonly timeframe_ms: number;
  readonly timeframe_detail: string;
  readonly timerange: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly starting_balance: number;
  readonly stake_currency: string;
  /** Null: unlimited, or not told. */
  readonly max_open_trades: number | null;
  /** How stakes were sized: a share of the balance, always the same, or not told. */
  readonly stakes: "unlimited" | "fixed" | "unknown";
  /** Signals for which there was no slot; null: not told. */
  readonly rejected_signals: number | null;
  readonly trading_mode: "spot" | "futures";
  /** The order in which freqtrade went through pairs within a candle. */
  readonly pairlist: readonly string[];
  /** freqtrade's own totals, to check ours against; null where the export does not tell. */
  readonly own: {
    readonly profit_total_abs: number | null;
    readonly max_drawdown_account: number | null;
    readonly max_drawdown_abs: number | null;
  };
  readonly exchange: string | null;
  /** The `risk_bridge` block of the configuration the backtest ran with; null when there is none. */
  readonly risk_bridge: unknown;
  /** freqtrade's wallet record; null when the export has none. */
  readonly wallet: EquityCurve | null;
}

export interface ReadOptions {
  /** Name of the strategy, needed when the file holds several. */
  readonly strategy?: string | undefined;
}

const strategyCheck = Compile(StrategySchema);

/**
 * Reads one strategy's result.
 * @param path `.zip` or `.json` written by `freqtrade backtesting --export trades` (or `signals`)
 * @throws ReplayInputError with one sentence that names what is wrong and what to do
 */
export async function readBacktest(path: string, options: ReadOptions = {}): Promise<ReadResult> {
  const file = basename(path);
  const parts = await openExport(path, file);
  const strategies = strategiesOf(parseJson(parts.result, file), file);
  const strategy = pickStrategy([...strategies.keys()], options.strategy, file);
  const exported = checked(strategies.get(strategy), `${file}: strategy ${shown(strategy)}`);
  const trades = exported.trades.map((trade, index) => toTrade(trade, index, `${file}: trades[${index}]`));
  if (trades.length === 0) throw new ReplayInputError(`${file}: strategy ${shown(strategy)} has no trades to replay.`);
  const config = parts.config === null ? {} : parseJson(parts.config, `${file} (_config.json)`);
  const walletBytes = parts.wallet(strategy);
  return {
    file,
    file_sha256: parts.sha256,
    strategy,
    trades,
    timeframe: exported.timeframe,
    timeframe_ms: timeframeMs(exported.timeframe),
    timeframe_detail: exported.timeframe_detail ?? "",
    timerange: exported.timerange ?? "",
    start_ms: exported.backtest_start_ts,
    end_ms: exported.backtest_end_ts,
    starting_balance: exported.starting_balance,
    stake_currency: exported.stake_currency,
    max_open_trades: openTrades(exported.max_open_trades),
    stakes: stakesOf(exported.stake_amount),
    rejected_signals: exported.rejected_signals ?? null,
    trading_mode: tradingMode(exported.trading_mode, trades, file),
    pairlist: exported.pairlist ?? [],
    own: {
      profit_total_abs: exported.profit_total_abs ?? null,
      max_drawdown_account: exported.max_drawdown_account ?? null,
      max_drawdown_abs: exported.max_drawdown_abs ?? null,
    },
    exchange: textAt(config, "exchange", "name"),
    risk_bridge: isRecord(config) ? (config.risk_bridge ?? null) : null,
    wallet: walletBytes === null ? null : readWallet(walletBytes, `${file} (wallet)`),
  };
}

interface ExportParts {
  readonly sha256: string;
  readonly result: Uint8Array;
  readonly config: Uint8Array | null;
  wallet(strategy: string): Uint8Array | null;
}

async function openExport(path: string, file: string): Promise<ExportParts> {
  const bytes = await readBounded(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (!isZip(bytes)) return { sha256, result: bytes, config: null, wallet: () => null };
  const archive = openZip(bytes, file);
  const found = archive.names.find((name) => /^backtest-result-[^/]*\d\.json$/.test(name)) ?? onlyJson(archive.names);
  if (found === null) {
    throw new ReplayInputError(
      `${file} holds no backtest result (backtest-result-….json); give the .zip that \`freqtrade backtesting\` wrote.`,
    );
  }
  const stem = found.slice(0, -".json".length);
  const optional = (name: string): Uint8Array | null => (archive.names.includes(name) ? archive.read(name) : null);
  return {
    sha256,
    result: archive.read(found),
    config: optional(`${stem}_config.json`),
    wallet: (strategy) => optional(`${stem}_${strategy}_wallet.feather`),
  };
}

/** A renamed result: the one .json that has a configuration beside it, or is alone. */
function onlyJson(names: readonly string[]): string | null {
  const all = names.filter((name) => name.endsWith(".json"));
  return (
    all.find((name) => all.includes(`${name.slice(0, -".json".length)}_config.json`)) ??
    (all.length === 1 ? (all[0] ?? null) : null)
  );
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new ReplayInputError(`${path} is not a file; give a backtest-result .zip or .json.`);
    if (info.size > MAX_ZIP_BYTES) {
      throw new ReplayInputError(`${path} has ${info.size} bytes; at most ${MAX_ZIP_BYTES} are read.`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof ReplayInputError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new ReplayInputError(
        `${path} does not exist. freqtrade writes results to user_data/backtest_results/backtest-result-….zip.`,
      );
    }
    throw new ReplayInputError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  if (bytes.length > MAX_MEMBER_BYTES) {
    throw new ReplayInputError(`${file} has ${bytes.length} bytes of JSON; at most ${MAX_MEMBER_BYTES} are read.`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ReplayInputError(`${file} is not valid JSON. Copy or export it again.`);
  }
}

/** The strategies of a result, or a sentence that says what the file seems to be instead. */
function strategiesOf(result: unknown, file: string): Map<string, unknown> {
  if (isRecord(result) && isRecord(result.strategy) && Object.keys(result.strategy).length > 0) {
    return new Map(Object.entries(result.strategy));
  }
  let guess = "its layout is not known";
  if (Array.isArray(result)) guess = "it is a list, as very old freqtrade releases wrote it";
  else if (isRecord(result) && "latest_backtest" in result)
    guess = "it is the pointer to the last result, not a result";
  else if (isRecord(result) && Object.values(result).some((value) => isRecord(value) && "run_id" in value)) {
    guess = "it is the .meta.json beside the result, not the result";
  }
  throw new ReplayInputError(`${file} is not a backtest result the replay can read: ${guess}. ${advice(result)}`);
}

function pickStrategy(names: readonly string[], wanted: string | undefined, file: string): string {
  const list = names.slice(0, 20).map(shown).join(", ");
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new ReplayInputError(`${file} holds no strategy ${shown(wanted)}; it holds ${list}.`);
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  throw new ReplayInputError(`${file} holds ${names.length} strategies (${list}); choose one with --strategy NAME.`);
}

function checked(given: unknown, where: string): ExportedStrategy {
  if (strategyCheck.Check(given)) return given;
  throw new ReplayInputError(
    `${where} does not have the layout the replay knows (${firstError(strategyCheck, given)}). ${advice(given)}`,
  );
}

/** An export does not tell its release, but mostly when it was made: the nearest release that was tried is that of the time, or the first after. */
function advice(found: unknown): string {
  const run_s: unknown = Object(found).backtest_run_start_ts;
  const newest = TRIED_RELEASES[TRIED_RELEASES.length - 1];
  const month = typeof run_s === "number" && Number.isFinite(run_s) ? new Date(run_s * 1000).getTime() : Number.NaN;
  const nearest = Number.isNaN(month)
    ? newest
    : (TRIED_RELEASES.find((release) => releasedBy(release) >= month) ?? newest);
  return `Run the backtest again with --export trades and freqtrade ${nearest}, the nearest of those tried (${TRIED_RELEASES.join(", ")}).`;
}

/** End of the month a release is named after. */
function releasedBy(release: (typeof TRIED_RELEASES)[number]): number {
  const [year = 0, month = 0] = release.split(".").map(Number);
  return Date.UTC(year, month, 1);
}

function firstError(check: ReturnType<typeof Compile<TSchema>>, given: unknown): string {
  const [error] = check.Errors(given);
  if (error === undefined) return "unknown";
  const path = error.instancePath.replaceAll("/", ".").replace(/^\./, "");
  return `${path === "" ? "" : `${path} `}${error.message}`;
}

function openTrades(given: number | null | undefined): number | null {
  return given === undefined || given === null || given < 0 || !Number.isFinite(given) ? null : given;
}

function stakesOf(given: number | string | null | undefined): ReadResult["stakes"] {
  if (given === "unlimited") return "unlimited";
  return typeof given === "number" ? "fixed" : "unknown";
}

function tradingMode(given: string | null | undefined, trades: readonly Trade[], file: string): "spot" | "futures" {
  if (given === "futures") return "futures";
  if (given === "margin") throw new ReplayInputError(`${file}: trading mode "margin" is not supported.`);
  const looksFutures = trades.some((trade) => trade.pair.includes(":"));
  return given === "spot" || !looksFutures ? "spot" : "futures";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textAt(value: unknown, ...path: readonly string[]): string | null {
  let at = value;
  for (const key of path) at = isRecord(at) ? at[key] : undefined;
  return typeof at === "string" ? at : null;
}
