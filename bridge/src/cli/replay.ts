/** `talebridge replay`: what the gate would have done to a finished backtest. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadEngine } from "../engine/engine.js";
import { type ReadResult, readBacktest } from "../replay/read/backtest.js";
import { reportPage } from "../replay/report/page.js";
import { terminalSummary } from "../replay/report/terminal.js";
import { replay } from "../replay/run/replay.js";
import { ReplayResultSchema } from "../replay/run/result.js";
import { AssignmentError, replaySettings, type SettingSources } from "../replay/settings.js";
import { VERSION } from "../version.js";
import { EXIT, listViolations, UsageError } from "./usage.js";

export const usage = `talebridge replay RESULT.zip|RESULT.json [--datadir DIR] [--strategy NAME] [--settings FILE]
                  [--profile NAME] [--set KEY=VALUE]… [--html FILE] [--json FILE] [--quiet]
talebridge replay --schema
  Shows which entries of a finished freqtrade backtest the gate would have stopped or cut, and what that would have changed.
  --datadir   freqtrade's data directory with the candles (default user_data/data/<exchange of the backtest>)
  --strategy  needed when the result holds several
  --settings  JSON file with a risk_bridge block, instead of the one the backtest ran with
  --profile   conservative, aggressive or extreme; --set overrides single settings, e.g. --set limits.max_drawdown=0.15
  --html      writes the report; --json writes the figures (--schema prints their JSON Schema); --quiet: no summary`;

const OPTIONS = {
  datadir: { type: "string" },
  strategy: { type: "string" },
  settings: { type: "string" },
  profile: { type: "string" },
  set: { type: "string", multiple: true },
  html: { type: "string" },
  json: { type: "string" },
  quiet: { type: "boolean" },
  schema: { type: "boolean" },
} as const;

const MAX_SETTINGS_BYTES = 1 << 20;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  if (values.schema === true) {
    const document = { $schema: "https://json-schema.org/draft/2020-12/schema", ...ReplayResultSchema };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return EXIT.ok;
  }
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    throw new UsageError(`give one backtest result, e.g. user_data/backtest_results/backtest-result-….zip\n${usage}`);
  }
  for (const target of [values.html, values.json]) requireDirectory(target);
  const sources = {
    file: values.settings === undefined ? null : readSettings(values.settings),
    profile: values.profile ?? null,
    assignments: values.set ?? [],
  };
  const progress = new Progress(values.quiet === true);

  progress.stage(`reading ${basename(path)}`);
  const backtest = await readBacktest(path, { strategy: values.strategy });
  const datadir = chooseDatadir(values.datadir, backtest);
  const engine = loadEngine();
  const { resolved, from } = resolveOrRefuse({ ...sources, exported: backtest.risk_bridge }, backtest, engine);
  const result = await replay({
    backtest,
    datadir,
    resolved,
    settings_from: from,
    engine,
    software: { talebridge: VERSION, node: process.versions.node },
    progress: (stage, done, total) => progress.step(stage, done, total),
  });
  progress.end();

  if (values.json !== undefined) writeWhole(values.json, `${JSON.stringify(result)}\n`);
  if (values.html !== undefined) writeWhole(values.html, reportPage(result));
  if (values.quiet !== true) process.stdout.write(`${terminalSummary(result)}\n`);
  return EXIT.ok;
}

function resolveOrRefuse(sources: SettingSources, backtest: ReadResult, engine: ReturnType<typeof loadEngine>) {
  try {
    const { resolution, from } = replaySettings(sources, backtest.timeframe_ms / 1000, engine);
    if (resolution.ok) return { resolved: resolution, from };
    throw new UsageError(
      `the settings (from ${from.join(", then ")}) are not valid:\n${listViolations(resolution.violations)}`,
    );
  } catch (error) {
    if (error instanceof AssignmentError) throw new UsageError(error.message);
    throw error;
  }
}

function chooseDatadir(given: string | undefined, backtest: ReadResult): string {
  if (given !== undefined) {
    if (isDirectory(given)) return given;
    throw new UsageError(`--datadir ${given} is not a directory; give the one with freqtrade's candles`);
  }
  const usual = join("user_data", "data", basename(backtest.exchange ?? ""));
  if (backtest.exchange !== null && isDirectory(usual)) return usual;
  throw new UsageError(
    `give the directory with the backtest's candles with --datadir${backtest.exchange === null ? "" : ` (${usual} does not exist here)`}`,
  );
}

function readSettings(path: string): { name: string; content: unknown } {
  try {
    if (statSync(path).size > MAX_SETTINGS_BYTES) throw new Error(`it has more than ${MAX_SETTINGS_BYTES} bytes`);
    return { name: basename(path), content: JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    throw new UsageError(
      `--settings ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Before the work begins rather than after it. */
function requireDirectory(target: string | undefined): void {
  if (target === undefined) return;
  const directory = dirname(resolve(target));
  if (!isDirectory(directory))
    throw new UsageError(`${directory} does not exist; create it, or write ${basename(target)} elsewhere`);
  if (isDirectory(target)) throw new UsageError(`${target} is a directory; give a file name`);
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** The file is there whole or not at all. */
function writeWhole(path: string, text: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    writeFileSync(draft, text);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Error(`${path} could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const STAGES = {
  candles: "judging candles, pair",
  entries: "judging entries,",
  statistics: "drawing placebos,",
} as const;

/** On a terminal one line that counts; otherwise one line per stage. */
class Progress {
  private readonly live = process.stderr.isTTY === true;
  private current = "";
  private drawn_ms = 0;

  constructor(private readonly quiet: boolean) {}

  stage(text: string): void {
    if (this.quiet) return;
    process.stderr.write(this.live ? `\r\u001b[K${text}` : `${text}\n`);
  }

  step(stage: keyof typeof STAGES, done: number, total: number): void {
    const text = STAGES[stage];
    if (this.live) {
      const now = performance.now();
      if (now - this.drawn_ms < 50) return;
      this.drawn_ms = now;
      this.stage(`${text} ${done} of ${total}`);
    } else if (this.current !== stage) {
      this.stage(`${text} 1 to ${total}`);
    }
    this.current = stage;
  }

  end(): void {
    if (this.live && !this.quiet) process.stderr.write("\r\u001b[K");
  }
}
