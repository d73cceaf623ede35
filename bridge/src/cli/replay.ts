/** `talebridge replay`: what the gate would have done to a finished backtest. */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { PROFILE_LIMITS } from "../config/profiles.js";
import { loadEngine } from "../engine/engine.js";
import { calibrationNote, overlap } from "../replay/calibrate/params.js";
import { compareExact } from "../replay/exact/compare.js";
import { type Freqtrade, rerun } from "../replay/exact/rerun.js";
import { readBacktest } from "../replay/read/backtest.js";
import { comparisonText } from "../replay/report/comparison.js";
import { MAX_PRICE_POINTS } from "../replay/report/page.js";
import { terminalSummary } from "../replay/report/terminal.js";
import { toComparison } from "../replay/run/comparison.js";
import { replay } from "../replay/run/replay.js";
import { type ReplayResult, ReplayResultSchema } from "../replay/run/result.js";
import type { PairSeries } from "../replay/run/series.js";
import { VERSION } from "../version.js";
import { requireWritable, writeOutputs, writeWhole } from "./replay_outputs.js";
import { Progress } from "./replay_progress.js";
import { chooseDatadir, readSettings, resolveOrRefuse } from "./replay_sources.js";
import { EXIT, UsageError } from "./usage.js";

export const usage = `talebridge replay RESULT.zip|RESULT.json [--datadir DIR] [--strategy NAME] [--params FILE] [--profile NAME] [--set KEY=VALUE]…
                  [--profiles all | --against RESULT] [--tried N] [--exact --config FILE…]
                  [--html FILE] [--json FILE] [--csv FILE] [--plots DIR] [--quiet]
talebridge replay --journal DIR [--session NAME] [--since WHEN] [--until WHEN] [--trades FILE | --db FILE] [--datadir DIR]
                  [--html FILE] [--json FILE] [--csv FILE] [--plots DIR] [--quiet]
talebridge replay --schema
  Shows which entries of a finished freqtrade backtest the gate would have stopped or cut, and what that would have changed.
  --datadir   freqtrade's data directory with the candles (default user_data/data/<exchange of the backtest>)
  --strategy  needed when the result holds several
  --params    JSON file with a risk_bridge block, instead of the one the backtest ran with (--settings is the same)
  --profile   conservative, aggressive or extreme; --set overrides single settings, e.g. --set limits.max_drawdown=0.15
  --profiles  all: the three profiles side by side; --against: two backtests side by side
  --tried     how many gates you have tried on this backtest, for the deflated Sharpe ratio (default: those of this run)
  --exact     runs freqtrade once more, gated, and compares: with --config (as often as freqtrade needs), and if needed --strategy-path DIR,
              --userdir DIR, --freqtrade PROGRAM (default freqtrade). Takes as long as a backtest
  --journal   instead of a backtest: what the gate of a bot said, from a day (2026-11-01), a time with its zone or how long ago (30d) on
  --trades    what became of it: the output of \`freqtrade show-trades --db-url … --print-json\`, of its REST API, or a backtest's result;
              --db: the bot's database, which freqtrade (--freqtrade) is asked to show. Without either outcomes are not known
  --html      writes the report; --json writes the figures (--schema prints their JSON Schema); --csv the ledger, every entry
  --plots     writes equity, drawdown and the gate among random gates as SVG files, 1200 × 630 (for PNG see docs/replay.md)
  --quiet     no summary, no progress`;

export const options = {
  datadir: { type: "string" },
  strategy: { type: "string" },
  params: { type: "string" },
  settings: { type: "string" },
  profile: { type: "string" },
  profiles: { type: "string" },
  against: { type: "string" },
  tried: { type: "string" },
  set: { type: "string", multiple: true },
  exact: { type: "boolean" },
  config: { type: "string", multiple: true },
  "strategy-path": { type: "string" },
  userdir: { type: "string" },
  freqtrade: { type: "string" },
  journal: { type: "string" },
  session: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  trades: { type: "string" },
  db: { type: "string" },
  html: { type: "string" },
  json: { type: "string" },
  csv: { type: "string" },
  plots: { type: "string" },
  quiet: { type: "boolean" },
  schema: { type: "boolean" },
} as const;

const PROFILES = Object.keys(PROFILE_LIMITS);
const MAX_TRIED = 1_000_000;

type Values = ReturnType<typeof parse>["values"];

/** One replay of those asked for. */
interface Job {
  readonly label: string;
  readonly path: string;
  readonly profile: string | null;
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options, allowPositionals: true });
}

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.schema === true) {
    const document = { $schema: "https://json-schema.org/draft/2020-12/schema", ...ReplayResultSchema };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return EXIT.ok;
  }
  if (values.journal !== undefined) {
    requireJournalOnly(values, positionals);
    return (await import("./replay_journal.js")).runJournal(values.journal, values);
  }
  const lonely = OF_JOURNALS.find((name) => values[name] !== undefined);
  if (lonely !== undefined) throw new UsageError(`--${lonely} goes with --journal DIR`);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) {
    throw new UsageError(`give one backtest result, e.g. user_data/backtest_results/backtest-result-….zip\n${usage}`);
  }
  requireSense(values);
  requireWritable(values);
  const jobs = jobsOf(path, values);
  const series: PairSeries[] = [];
  const results: { label: string; result: ReplayResult }[] = [];
  for (const job of jobs) {
    results.push({ label: job.label, result: await replayOne(job, values, jobs.length, series) });
  }
  const [only] = results;
  if (only === undefined) throw new Error("nothing was replayed");
  if (results.length > 1) {
    const comparison = toComparison(results);
    if (values.json !== undefined) writeWhole(values.json, `${JSON.stringify(comparison)}\n`);
    if (values.quiet !== true) process.stdout.write(`${comparisonText(comparison)}\n`);
    return EXIT.ok;
  }
  const { result } = only;
  writeOutputs(values, result, series);
  if (values.quiet !== true) process.stdout.write(`${terminalSummary(result)}\n`);
  return EXIT.ok;
}

/** @param series takes the prices for charts, if any are wanted */
async function replayOne(job: Job, values: Values, jobs: number, series: PairSeries[]): Promise<ReplayResult> {
  const progress = new Progress(values.quiet === true);
  progress.stage(`reading ${basename(job.path)}`);
  const file = values.params ?? values.settings;
  const settings = file === undefined ? null : readSettings(file);
  const note = settings === null ? null : calibrationNote(settings.content);
  const sources = {
    file: settings,
    profile: job.profile,
    assignments: values.set ?? [],
  };
  const backtest = await readBacktest(job.path, { strategy: values.strategy });
  const flattered = note === null ? null : overlap(note, { from_ms: backtest.start_ms, to_ms: backtest.end_ms });
  const datadir = chooseDatadir(values.datadir, backtest);
  const engine = loadEngine();
  const { resolved, from } = resolveOrRefuse({ ...sources, exported: backtest.risk_bridge }, backtest, engine);
  const result = await replay({
    backtest,
    datadir,
    resolved,
    settings_from: from,
    notes: flattered === null ? [] : [flattered],
    engine,
    software: { talebridge: VERSION, node: process.versions.node },
    ...(values.html === undefined
      ? {}
      : { charts: { max_points: MAX_PRICE_POINTS, take: (one: PairSeries) => series.push(one) } }),
    gates_tried: Math.max(jobs, Number(values.tried ?? note?.gates_tried ?? 1)),
    progress: (stage, done, total) => progress.step(stage, done, total),
  });
  if (values.exact !== true) {
    progress.end();
    return result;
  }
  progress.stage("running freqtrade with the gate");
  const gated = await rerun(freqtradeOf(values), backtest, datadir, resolved.settings);
  progress.end();
  return { ...result, exact: compareExact(result, backtest, gated) };
}

function jobsOf(path: string, values: Values): Job[] {
  const profile = values.profile ?? null;
  if (values.profiles !== undefined) return PROFILES.map((name) => ({ label: name, path, profile: name }));
  if (values.against === undefined) return [{ label: basename(path), path, profile }];
  return [path, values.against].map((one) => ({ label: basename(one), path: one, profile }));
}

function freqtradeOf(values: Values): Freqtrade {
  return {
    program: values.freqtrade ?? "freqtrade",
    configs: values.config ?? [],
    strategy_path: values["strategy-path"] ?? null,
    userdir: values.userdir ?? null,
  };
}

/** A journal's answers were given; other settings, and other ways to run, are for backtests. */
const OF_BACKTESTS = [
  "params",
  "settings",
  "profile",
  "profiles",
  "against",
  "tried",
  "set",
  "exact",
  "config",
] as const;
const OF_JOURNALS = ["session", "since", "until", "trades", "db"] as const;

function requireJournalOnly(values: Values, positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError("give a backtest result or --journal, not both");
  const wrong = OF_BACKTESTS.find((name) => values[name] !== undefined);
  if (wrong !== undefined)
    throw new UsageError(
      `--${wrong} is for a backtest: a journal tells what was asked and answered, with the settings of then`,
    );
}

function requireSense(values: Values): void {
  const { profiles, against, tried } = values;
  if (profiles !== undefined && profiles !== "all")
    throw new UsageError("--profiles takes all; for one use --profile NAME");
  if (profiles !== undefined && values.profile !== undefined)
    throw new UsageError("give --profile or --profiles, not both");
  if (profiles !== undefined && against !== undefined) throw new UsageError("give --profiles or --against, not both");
  if ((profiles ?? against) !== undefined && (values.html ?? values.csv ?? values.plots) !== undefined) {
    throw new UsageError(
      "--html, --csv and --plots are for one replay; several side by side go to the terminal and to --json",
    );
  }
  if (tried !== undefined && !(Number.isInteger(Number(tried)) && Number(tried) >= 1 && Number(tried) <= MAX_TRIED)) {
    throw new UsageError(`--tried ${tried}: give a whole number from 1 to ${MAX_TRIED}`);
  }
  if (values.exact === true && (values.config ?? []).length === 0) {
    throw new UsageError(
      "--exact runs freqtrade: give the configuration of the backtest with --config, as often as freqtrade needs it",
    );
  }
  if (values.params !== undefined && values.settings !== undefined) {
    throw new UsageError("--params and --settings are the same; give one");
  }
}
