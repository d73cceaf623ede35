/** `talebridge quantum`: the tail of a pair's last window, classical and by simulated amplitude estimation, side by side. */
import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadEngine } from "../engine/engine.js";
import type { EngineParams, QuantumEstimate, QuantumReport, QuantumSettings, QuantumSide } from "../engine/types.js";
import { readCandles, toBlock } from "../replay/read/candles.js";
import { timeframeMs } from "../replay/read/timeframe.js";
import { EXIT, UsageError } from "./usage.js";

export const usage = `talebridge quantum --datadir DIR --pair PAIR --timeframe TIMEFRAME [--window-set standard|compact]
                  [--seed N] [--epsilon E] [--json]
  VaR, ES and convexity after the last candle: classical, and by simulated amplitude estimation. A demonstration and a cross-check, not faster
  and no better, never part of a verdict (docs/method.md). Values in units of sigma, the volatility forecast.`;

export const options = {
  datadir: { type: "string" },
  pair: { type: "string" },
  timeframe: { type: "string" },
  "window-set": { type: "string" },
  seed: { type: "string" },
  epsilon: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options });
  const { datadir, pair, timeframe } = values;
  if (datadir === undefined || pair === undefined || timeframe === undefined) {
    throw new UsageError(`--datadir, --pair and --timeframe are needed\n${usage}`);
  }
  if (!existsSync(datadir) || !statSync(datadir).isDirectory()) {
    throw new UsageError(`--datadir ${datadir} is not a directory; give the one with freqtrade's candles`);
  }
  const timeframe_ms = timeframeMs(timeframe);
  const window_set = windowSet(values["window-set"] ?? "standard");
  const settings: QuantumSettings = {
    ...(values.seed === undefined ? {} : { seed: number("--seed", values.seed) }),
    ...(values.epsilon === undefined ? {} : { epsilon: number("--epsilon", values.epsilon) }),
  };
  const trading_mode = pair.includes(":") ? "futures" : "spot";
  const candles = await readCandles(pair, { datadir, trading_mode, timeframe, timeframe_ms });
  const params: EngineParams = { profile: "aggressive", window_set, timeframe_s: timeframe_ms / 1000 };
  const answer = await loadEngine().quantumDiagnostic(params, settings, toBlock(candles), candles.rows);
  if (!answer.ok) {
    if (answer.code === "params") throw new UsageError(answer.message);
    throw new Error(`${pair}: ${answer.message}`);
  }
  const at = new Date(candles.t_ms[candles.rows - 1] ?? 0).toISOString();
  process.stdout.write(
    values.json === true
      ? `${JSON.stringify({ pair, timeframe, window_set, last_candle: at, ...answer.report })}\n`
      : `${text(`${pair} ${timeframe}, last candle ${at}`, answer.report)}\n`,
  );
  return EXIT.ok;
}

function windowSet(name: string): EngineParams["window_set"] {
  if (name === "standard" || name === "compact") return name;
  throw new UsageError(`--window-set ${name}: there is standard and compact`);
}

function number(option: string, given: string): number {
  const value = Number(given);
  if (given.trim() !== "" && Number.isFinite(value)) return value;
  throw new UsageError(`${option} ${given}: a number is wanted`);
}

/** The report as a table. */
function text(title: string, report: QuantumReport): string {
  const { sigma, bin_width, long, short } = report;
  const clipped = Math.max(long.clipped_share, short.clipped_share);
  return [
    `${title}: ${long.losses} residuals, sigma ${sigma.toPrecision(4)} (log return per candle); values in units of sigma`,
    row("", ["classical", "256 bins", "IQAE", "interval", "MLAE"]),
    ...side("long", long),
    ...side("short", short),
    `A bin is ${bin_width} wide; ${(clipped * 100).toFixed(2)} % of the residuals lie outside the bins. ` +
      `${long.calls + short.calls} calls of the state preparation, largest power ${Math.max(long.largest_power, short.largest_power)}.`,
    "Simulated on this computer: slower than the classical values and no better than they are.",
  ].join("\n");
}

function side(name: string, { tails, convexity }: QuantumSide): string[] {
  return [
    ...tails.flatMap(({ probability, classical, binned, estimated }) => {
      const level = Math.round(100 * (1 - probability));
      const { es } = estimated;
      return [
        row(`${name} VaR ${level}`, [digits(classical.var), digits(binned.var), digits(estimated.var), "", ""]),
        row(`${name} ES ${level}`, [digits(classical.es), digits(binned.es), ...estimate(es)]),
      ];
    }),
    row(`${name} convexity`, [digits(convexity.classical), digits(convexity.binned), ...estimate(convexity.estimated)]),
  ];
}

function estimate({ iqae, low, high, mlae }: QuantumEstimate): string[] {
  return [digits(iqae), `${digits(low)} … ${digits(high)}`, digits(mlae)];
}

function digits(value: number): string {
  return value.toFixed(4);
}

function row(
  name: string,
  [classical = "", binned = "", iqae = "", interval = "", mlae = ""]: readonly string[],
): string {
  const cells = [
    classical.padStart(11),
    binned.padStart(11),
    iqae.padStart(11),
    interval.padStart(21),
    mlae.padStart(11),
  ];
  return `${name.padEnd(16)}${cells.join("")}`.trimEnd();
}
