/** Runs freqtrade once more, gated: the user's own freqtrade, configuration and strategy. Nothing in the result file is executed. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResolvedSettings } from "../../config/resolve.js";
import { type ReadResult, readBacktest } from "../read/backtest.js";
import { ReplayInputError } from "../read/error.js";
import { asGiven } from "../settings.js";

/** How the user runs freqtrade. */
export interface Freqtrade {
  /** Program, e.g. `freqtrade` or `.venv/bin/freqtrade`. */
  readonly program: string;
  /** Configuration files, at least one, in freqtrade's order. */
  readonly configs: readonly string[];
  readonly strategy_path: string | null;
  readonly userdir: string | null;
}

const MAX_SHOWN_LINES = 12;
const MAX_KEPT_CHARS = 20_000;

/**
 * The gated backtest of the same strategy, time range and candles.
 * @throws ReplayInputError when freqtrade cannot be run, fails, or ran without the gate
 */
export async function rerun(
  freqtrade: Freqtrade,
  backtest: ReadResult,
  datadir: string,
  settings: ResolvedSettings,
): Promise<ReadResult> {
  const folder = mkdtempSync(join(tmpdir(), "talebridge-exact-"));
  try {
    const results = join(folder, "results");
    mkdirSync(results);
    const gate = join(folder, "gate.json");
    writeFileSync(
      gate,
      JSON.stringify({ risk_bridge: { ...asGiven(settings), mode: "enforce", journal_dir: join(folder, "journal") } }),
    );
    const args = argumentsOf(freqtrade, backtest, datadir, gate, results);
    await run(freqtrade.program, args);
    const file = readdirSync(results).find((name) => name.endsWith(".zip"));
    if (file === undefined) {
      throw new ReplayInputError(
        `${freqtrade.program} wrote no result. --exact needs a freqtrade that exports zip files (2024.12 or later).`,
      );
    }
    const gated = await readBacktest(join(results, file), { strategy: backtest.strategy });
    if (!hasFingerprint(gated.risk_bridge)) {
      throw new ReplayInputError(
        `${backtest.strategy} ran without the gate: decorate it with @risk_gated and install the Python package beside freqtrade.`,
      );
    }
    return gated;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command as it is run; the last configuration wins, so the gate's block comes last. */
export function argumentsOf(
  freqtrade: Freqtrade,
  backtest: Pick<ReadResult, "strategy" | "timeframe" | "timeframe_detail" | "timerange">,
  datadir: string,
  gate: string,
  results: string,
): string[] {
  const { configs, strategy_path, userdir } = freqtrade;
  return [
    "backtesting",
    ...[...configs, gate].flatMap((config) => ["--config", config]),
    ...(userdir === null ? [] : ["--userdir", userdir]),
    ...(strategy_path === null ? [] : ["--strategy-path", strategy_path]),
    ...["--strategy", backtest.strategy, "--datadir", datadir, "--timeframe", backtest.timeframe],
    ...(backtest.timeframe_detail === "" ? [] : ["--timeframe-detail", backtest.timeframe_detail]),
    ...(backtest.timerange === "" ? [] : ["--timerange", backtest.timerange]),
    ...["--cache", "none", "--export", "trades", "--backtest-directory", results],
  ];
}

function hasFingerprint(block: unknown): boolean {
  return typeof block === "object" && block !== null && typeof Reflect.get(block, "fingerprint") === "string";
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const keep = (chunk: Buffer): void => {
      said = (said + chunk.toString("utf8")).slice(-MAX_KEPT_CHARS);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const stop = (): void => void child.kill("SIGTERM");
    process.once("exit", stop);
    child.once("error", (error) => {
      process.off("exit", stop);
      reject(
        new ReplayInputError(`${program} cannot be run (${error.message}); name freqtrade's program with --freqtrade.`),
      );
    });
    child.once("close", (code) => {
      process.off("exit", stop);
      if (code === 0) resolve();
      else {
        const lines = said.trimEnd().split("\n").slice(-MAX_SHOWN_LINES).join("\n");
        reject(new ReplayInputError(`${program} ${args.join(" ")} failed with exit code ${code}:\n${lines}`));
      }
    });
  });
}
