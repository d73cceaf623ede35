/** One demo run: a market, an exchange, a daemon, two real backtests, a replay, a report. */

import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { loadEngine } from "../../bridge/dist/engine/engine.js";
import { countEntries, type Entries } from "./entries.js";
import { startStub } from "./exchange-stub.js";
import { backtestArguments, cleanEnvironment, configuration, type Mode, strategyFile } from "./freqtrade.js";
import { CannotRun, type DemoOptions, type Progress } from "./options.js";
import { type Inputs, makePlan, type Plan, timeframeMs } from "./plan.js";
import { Processes } from "./process.js";
import { type Backtest, latestResult, readBacktest } from "./result.js";
import { jsonLine, percent, table } from "./summary.js";
import { makeWorkDir, type WorkDir } from "./workdir.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEMO = join(ROOT, "demo");
const PYTHON = join(ROOT, ".venv", "bin", "python");
const DAEMON = join(ROOT, "bridge", "dist", "main.js");
const MARKET = join(ROOT, ".demo", "data");
const SYNTHETIC_RANGE = "20250301-20250501";
const READY_MS = 30_000;

export interface Host {
  readonly progress: Progress;
  /** Called with what has to be stopped when this process is told to stop; returns a function that takes it back. */
  readonly onStop: (cleanUp: () => Promise<void>) => () => void;
  readonly setup_seconds: number;
  /** Since the command was given. */
  readonly elapsedSeconds: () => number;
}

/**
 * Runs the demo.
 * @returns what goes to standard output: a table, and one line of JSON as the last line
 * @throws CannotRun when the request cannot be met; any other error when a part failed. Either way nothing is left running
 */
export async function runDemo(options: DemoOptions, host: Host): Promise<string> {
  const work = makeWorkDir(options.out, MARKET);
  const processes = new Processes();
  const cleanUp = async (): Promise<void> => {
    await processes.stopAll();
    work.cleanUp();
  };
  const forget = host.onStop(cleanUp);
  try {
    return await new Demo(options, host, work, processes).run();
  } finally {
    await cleanUp();
    forget();
  }
}

class Demo {
  private readonly env: NodeJS.ProcessEnv;
  private readonly datadir: string;

  constructor(
    private readonly options: DemoOptions,
    private readonly host: Host,
    private readonly work: WorkDir,
    private readonly processes: Processes,
  ) {
    this.env = cleanEnvironment(process.env, { TALEBRIDGE_DIR: work.sockets });
    this.datadir = options.datadir ?? work.market;
  }

  async run(): Promise<string> {
    const { step, say } = this.host.progress;
    if (this.options.datadir === null) await step("synthetic market", () => this.writeMarket());
    const plan = await this.plan();
    say(
      `plan: ${plan.pairs.join(", ")} ${plan.timeframe}, ${plan.timerange}, ${plan.startup_candles} start-up candles`,
    );
    for (const note of plan.notes) say(note);

    const exchange = await startStub({ pairs: plan.pairs });
    say(`exchange stub: ${exchange.url}`);
    try {
      const daemon = await this.startDaemon();
      const ungated = await this.backtest("backtest without the gate", plan, exchange.url, "off");
      const gate_from_ms = Date.now();
      const gated = await this.backtest("backtest with the gate", plan, exchange.url, "enforce");
      // Its journal is complete once it has ended.
      await daemon.stop();
      const entries = countEntries(this.work.journal, gate_from_ms);
      checkGated(gated, entries);
      await step("replay", () => this.replay(ungated));
      return `${this.summary(ungated, gated, entries)}\n`;
    } finally {
      await exchange.close();
    }
  }

  private async writeMarket(): Promise<string> {
    const log = join(this.work.logs, "market.log");
    const args = ["-m", "market", "--out", this.work.market];
    await this.processes.run("the synthetic market", { command: PYTHON, args, cwd: DEMO, env: this.env, log });
    return readFileSync(log, "utf8").split("\n")[0] ?? "";
  }

  /** Looks at strategy and candles before anything is started with them. */
  private async plan(): Promise<Plan> {
    const { strategy } = this.options;
    const log = join(this.work.logs, "inputs.log");
    const timeframe = this.options.timeframe ?? "";
    const args = [join(DEMO, "inputs.py"), strategy.file, strategy.class_name, this.datadir, timeframe];
    await this.processes.run("looking at strategy and candles", { command: PYTHON, args, env: this.env, log });
    // The log also holds what the strategy printed while it was imported.
    const line = readFileSync(log, "utf8")
      .split("\n")
      .findLast((text) => text.startsWith("{"));
    const answer: Inputs | { readonly error: string } = JSON.parse(line ?? "");
    if ("error" in answer) throw new CannotRun(`${answer.error}.`);
    const memory_rows = engineMemory(this.options.profile, answer.strategy.timeframe);
    const options = this.options.datadir === null ? { ...this.options, timerange: SYNTHETIC_RANGE } : this.options;
    return makePlan(options, answer, memory_rows);
  }

  private async startDaemon(): Promise<{ readonly stop: () => Promise<void> }> {
    const { work } = this;
    const args = [DAEMON, "serve", "--private", "--dir", work.sockets, "--journal-dir", work.journal];
    const program = { command: process.execPath, args, env: this.env, log: join(work.logs, "bridge.log") };
    const daemon = await this.processes.serve("the bridge", program, READY_MS);
    this.host.progress.say(`bridge: serving in ${work.sockets}`);
    return daemon;
  }

  private async backtest(name: string, plan: Plan, exchange_url: string, mode: Mode): Promise<Backtest> {
    const { work, options } = this;
    const { class_name } = options.strategy;
    const kind = mode === "off" ? "ungated" : "gated";
    const config = join(work.userdir, `config-${kind}.json`);
    writeFileSync(config, JSON.stringify(configuration(plan, exchange_url, options.profile, mode), null, 2));
    this.writeStrategy(plan);
    const args = backtestArguments({
      config,
      userdir: work.userdir,
      datadir: this.datadir,
      strategies: work.strategies,
      class_name,
      timerange: plan.timerange,
      results: work[kind],
    });
    const log = join(work.logs, `freqtrade-${kind}.log`);
    const { backtest } = await this.host.progress.step(name, async () => {
      await this.processes.run("freqtrade", { command: PYTHON, args, cwd: work.userdir, env: this.env, log });
      const result = readBacktest(latestResult(work[kind]), class_name);
      return { backtest: result, outcome: `${result.trades.length} trades, profit ${percent(result.profit_ratio)}` };
    });
    return backtest;
  }

  /** One file that both runs use; the user's parameter file (from hyperopt), if any, goes beside it. */
  private writeStrategy(plan: Plan): void {
    const { strategy } = this.options;
    const target = join(this.work.strategies, "demo_strategy.py");
    writeFileSync(target, strategyFile(strategy, plan.startup_candles, DEMO));
    const parameters = strategy.file.replace(/\.py$/, ".json");
    if (existsSync(parameters)) copyFileSync(parameters, target.replace(/\.py$/, ".json"));
  }

  private async replay(ungated: Backtest): Promise<string> {
    const { work, options } = this;
    const args = [DAEMON, "replay", ungated.file, "--datadir", this.datadir, "--profile", options.profile];
    const outputs = ["--html", work.report, "--json", work.report_json];
    const log = join(work.logs, "replay.log");
    await this.processes.run("the replay", {
      command: process.execPath,
      args: [...args, ...outputs],
      env: this.env,
      log,
    });
    return relative(process.cwd(), work.report);
  }

  private summary(ungated: Backtest, gated: Backtest, entries: Entries): string {
    const { host, work, options } = this;
    const seconds = { setup: host.setup_seconds, total: host.elapsedSeconds() };
    return [
      `${options.strategy.class_name}, profile ${options.profile}, ${ungated.start} to ${ungated.end} UTC`,
      "",
      table(ungated, gated, entries),
      "",
      `report: ${work.report}`,
      jsonLine(ungated, gated, entries, work.report, seconds),
    ].join("\n");
  }
}

/** M of the engine, also a check that the profile and the timeframe are ones it takes. */
function engineMemory(profile: string, timeframe: string): number {
  const timeframe_s = timeframeMs(timeframe) / 1000;
  const check = loadEngine().validateParams({ profile, window_set: "standard", timeframe_s });
  if (check.ok) return check.memory_rows;
  const violations = check.violations.map(({ path, message }) => `${path} ${message}`);
  throw new CannotRun(`the engine does not take these settings: ${violations.join("; ")}.`);
}

/** A run that calls itself gated must have asked before each trade. @throws Error otherwise */
export function checkGated(gated: Backtest, entries: Entries): void {
  const passed = entries.allowed + entries.reduced;
  if (gated.trades.length > passed)
    throw new Error(
      `the gated run made ${gated.trades.length} trades, but the journal holds only ${passed} entries that may pass: some were not gated. Please report this.`,
    );
}
