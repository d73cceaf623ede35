/** What a backtest left behind, read without the bridge's own reader so that the two can disagree. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

const TradeSchema = Type.Object({
  pair: Type.String(),
  open_timestamp: Type.Number(),
  close_timestamp: Type.Number(),
  open_rate: Type.Number(),
  close_rate: Type.Number(),
  stake_amount: Type.Number(),
  amount: Type.Number(),
  profit_abs: Type.Number(),
  profit_ratio: Type.Number(),
  exit_reason: Type.String(),
  is_short: Type.Boolean(),
  leverage: Type.Number(),
  enter_tag: Type.Union([Type.String(), Type.Null()]),
  orders: Type.Array(
    Type.Object({
      amount: Type.Number(),
      safe_price: Type.Number(),
      ft_is_entry: Type.Boolean(),
      order_filled_timestamp: Type.Number(),
    }),
  ),
});
const StrategySchema = Type.Object({
  trades: Type.Array(TradeSchema),
  backtest_start_ts: Type.Number(),
  backtest_end_ts: Type.Number(),
  profit_total: Type.Number(),
  locks: Type.Array(Type.Unknown()),
});
const ResultSchema = Type.Object({ strategy: Type.Record(Type.String(), StrategySchema) });
const resultCheck = Compile(ResultSchema);

export type Trade = Static<typeof TradeSchema>;
export type StrategyResult = Static<typeof StrategySchema>;

/** The only result of a results folder. @throws when there is none, or more than one */
export function readResult(folder: string): Readonly<Record<string, StrategyResult>> {
  const zips = readdirSync(folder).filter((name) => name.endsWith(".zip"));
  const [name] = zips;
  if (name === undefined || zips.length > 1) throw new Error(`${folder}: ${zips.length} result files, not one`);
  const files = unzipSync(readFileSync(join(folder, name)));
  const json = files[name.replace(/\.zip$/, ".json")];
  if (json === undefined) throw new Error(`${name}: holds no ${name.replace(/\.zip$/, ".json")}`);
  const result: unknown = JSON.parse(new TextDecoder().decode(json));
  if (!resultCheck.Check(result)) {
    throw new Error(`${name}: ${JSON.stringify(resultCheck.Errors(result).slice(0, 3))}`);
  }
  return result.strategy;
}

/** What a strategy's part says of its name and of the clock, not of the market. */
const OF_THE_RUN = new Set(["strategy_name", "backtest_run_start_ts", "backtest_run_end_ts"]);

/** Everything a strategy's part of a result holds but what differs between two runs of one strategy under two names. */
export function comparable(result: StrategyResult): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(result).filter(([key]) => !OF_THE_RUN.has(key)));
}

/** The file of a strategy's balance at each candle, as it stands in the only result of a results folder. */
export function walletOf(folder: string, strategy: string): Buffer {
  const [name] = readdirSync(folder).filter((file) => file.endsWith(".zip"));
  if (name === undefined) throw new Error(`${folder}: no result file`);
  const files = unzipSync(readFileSync(join(folder, name)));
  const wallet = files[name.replace(/\.zip$/, `_${strategy}_wallet.feather`)];
  if (wallet === undefined) throw new Error(`${name}: no wallet of ${strategy}: ${Object.keys(files).join(", ")}`);
  return Buffer.from(wallet);
}

/** One strategy's part of a result. */
export function resultOf(results: Readonly<Record<string, StrategyResult>>, strategy: string): StrategyResult {
  const found = results[strategy];
  if (found === undefined) throw new Error(`no result of ${strategy}; there are: ${Object.keys(results).join(", ")}`);
  return found;
}
