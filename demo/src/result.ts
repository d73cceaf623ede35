/** Reads what a backtest came to from freqtrade's result file. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { strFromU8, unzipSync } from "fflate";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

const Trade = Type.Object({
  pair: Type.String(),
  stake_amount: Type.Number(),
  open_rate: Type.Number({ exclusiveMinimum: 0 }),
  min_rate: Type.Union([Type.Number(), Type.Null()]),
  max_rate: Type.Union([Type.Number(), Type.Null()]),
  is_short: Type.Boolean(),
});

const Latest = Compile(Type.Object({ latest_backtest: Type.String() }));
const Result = Compile(
  Type.Object({
    strategy: Type.Record(
      Type.String(),
      Type.Object({
        total_trades: Type.Integer(),
        profit_total: Type.Number(),
        max_drawdown_account: Type.Number(),
        backtest_start: Type.String(),
        backtest_end: Type.String(),
        trades: Type.Array(Trade),
      }),
    ),
  }),
);

export type Trade = Static<typeof Trade>;

export interface Backtest {
  /** Path of the zip. */
  readonly file: string;
  readonly trades: readonly Trade[];
  /** Profit over the starting balance. */
  readonly profit_ratio: number;
  /** Largest fall of the account from a peak, over that peak; closed trades only, as freqtrade counts it. */
  readonly max_drawdown: number;
  readonly start: string;
  readonly end: string;
}

/** Name of the newest result in a folder freqtrade wrote to. */
export function latestResult(directory: string): string {
  const text = readFileSync(join(directory, ".last_result.json"), "utf8");
  const latest: unknown = JSON.parse(text);
  if (!Latest.Check(latest)) throw new Error(`${directory}/.last_result.json names no result: ${text}`);
  return join(directory, latest.latest_backtest);
}

/** @throws Error naming the file when it does not hold the strategy's result in the form freqtrade 2026.9 writes */
export function readBacktest(file: string, strategy: string): Backtest {
  const entries = unzipSync(new Uint8Array(readFileSync(file)), {
    filter: ({ name }) => name.endsWith(".json") && !name.endsWith("_config.json"),
  });
  for (const bytes of Object.values(entries)) {
    const content: unknown = JSON.parse(strFromU8(bytes));
    if (!Result.Check(content)) continue;
    const result = content.strategy[strategy];
    if (result === undefined) continue;
    return {
      file,
      trades: result.trades,
      profit_ratio: result.profit_total,
      max_drawdown: result.max_drawdown_account,
      start: result.backtest_start,
      end: result.backtest_end,
    };
  }
  throw new Error(`${file} holds no result of ${strategy} in a form this demo knows`);
}

export interface Excursion {
  /** Mean over trades of the worst move against the entry, as a share of the entry price. */
  readonly mean: number;
  /** The same weighted by stake: what a reduced stake lessens. */
  readonly on_stake: number;
}

/**
 * How deep trades went against their entries, from freqtrade's lowest and highest rate while each was open.
 * @returns null without trades
 */
export function adverseExcursion(trades: readonly Trade[]): Excursion | null {
  if (trades.length === 0) return null;
  let sum = 0;
  let weighted = 0;
  let stake = 0;
  for (const trade of trades) {
    const worst = trade.is_short ? (trade.max_rate ?? trade.open_rate) : (trade.min_rate ?? trade.open_rate);
    const against = trade.is_short ? worst / trade.open_rate - 1 : 1 - worst / trade.open_rate;
    const depth = Math.max(0, against);
    sum += depth;
    weighted += depth * trade.stake_amount;
    stake += trade.stake_amount;
  }
  return { mean: sum / trades.length, on_stake: weighted / stake };
}
