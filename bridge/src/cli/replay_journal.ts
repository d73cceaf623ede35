/** `talebridge replay --journal DIR`: what a bot's gate said, and what became of it. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { loadEngine } from "../engine/engine.js";
import { type BotTrades, parseShownTrades, readBotTrades } from "../replay/journal/bot_trades.js";
import { readSession } from "../replay/journal/questions.js";
import { replayJournal } from "../replay/journal/replay_journal.js";
import { ReplayInputError } from "../replay/read/error.js";
import { timeframeOf } from "../replay/read/timeframe.js";
import { MAX_PRICE_POINTS } from "../replay/report/page.js";
import { terminalSummary } from "../replay/report/terminal.js";
import type { PairSeries } from "../replay/run/series.js";
import { asGiven, resolveGiven } from "../replay/settings.js";
import { VERSION } from "../version.js";
import { type Outputs, requireWritable, writeOutputs } from "./replay_outputs.js";
import { Progress } from "./replay_progress.js";
import { isDirectory } from "./replay_sources.js";
import { EXIT, listViolations, UsageError } from "./usage.js";

export interface JournalValues extends Outputs {
  readonly journal?: string | undefined;
  readonly session?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly trades?: string | undefined;
  readonly db?: string | undefined;
  readonly freqtrade?: string | undefined;
  readonly strategy?: string | undefined;
  readonly datadir?: string | undefined;
  readonly quiet?: boolean | undefined;
}

const SHOW_MS = 300_000;
const MAX_SAID_LINES = 3;
const MAX_SHOWN_BYTES = 1 << 28;
const DAY_MS = 86_400_000;

export async function runJournal(journal: string, values: JournalValues): Promise<number> {
  requireWritable(values);
  const now_ms = Date.now();
  const [from_ms, to_ms] = [
    instant("--since", values.since, 0, now_ms),
    instant("--until", values.until, Number.POSITIVE_INFINITY, now_ms),
  ];
  if (from_ms >= to_ms) throw new UsageError("--since is not before --until");
  const { datadir = null } = values;
  if (datadir !== null && !isDirectory(datadir)) {
    throw new UsageError(`--datadir ${datadir} is not a directory; give the one with freqtrade's candles`);
  }
  const progress = new Progress(values.quiet === true);
  progress.stage(`reading ${journal}`);
  const told = readSession(journal, { session: values.session ?? null, from_ms, to_ms });
  const bot = await tradesOf(values);
  const engine = loadEngine();
  const timeframe_s = Number(Object(told.hello.settings).timeframe_s);
  const resolution = resolveGiven(asGiven(told.hello.settings), timeframe_s, engine);
  if (!resolution.ok) {
    throw new UsageError(
      `the settings of session ${told.session} are another version's: use the talebridge that wrote the journal\n${listViolations(resolution.violations)}`,
    );
  }
  const series: PairSeries[] = [];
  const result = await replayJournal({
    file: basename(resolve(journal)),
    told,
    bot,
    ...timeframeOf(timeframe_s),
    datadir,
    resolved: resolution,
    engine,
    software: { talebridge: VERSION, node: process.versions.node },
    ...(values.html === undefined || datadir === null
      ? {}
      : { charts: { max_points: MAX_PRICE_POINTS, take: (one: PairSeries) => series.push(one) } }),
    progress: (stage, done, total) => progress.step(stage, done, total),
  });
  progress.end();
  writeOutputs(values, result, series);
  if (values.quiet !== true) process.stdout.write(`${terminalSummary(result)}\n`);
  return EXIT.ok;
}

async function tradesOf({ trades, db, freqtrade = "freqtrade", strategy }: JournalValues): Promise<BotTrades | null> {
  if (trades !== undefined && db !== undefined) throw new UsageError("give --trades or --db, not both");
  if (trades !== undefined) return readBotTrades(trades, strategy);
  if (db === undefined) return null;
  // freqtrade makes a database that is not there.
  if (!existsSync(db))
    throw new UsageError(`--db ${db} does not exist; give the bot's, e.g. user_data/tradesv3.sqlite`);
  return shownBy(freqtrade, db);
}

/** freqtrade wants a user directory that is there, and nothing in it: an empty one, so that it touches nobody's. */
async function shownBy(freqtrade: string, db: string): Promise<BotTrades> {
  const userdir = mkdtempSync(join(tmpdir(), "talebridge-show-"));
  const args = ["show-trades", "--db-url", `sqlite:///${resolve(db)}`, "--userdir", userdir, "--print-json"];
  try {
    const { stdout } = await promisify(execFile)(freqtrade, args, { timeout: SHOW_MS, maxBuffer: MAX_SHOWN_BYTES });
    return parseShownTrades(stdout, basename(db));
  } catch (error) {
    if (error instanceof ReplayInputError) throw error;
    const said = String(Object(error).stderr ?? "")
      .trimEnd()
      .split("\n")
      .slice(-MAX_SAID_LINES)
      .join("\n");
    throw new ReplayInputError(
      `${freqtrade} ${args.join(" ")} failed (${error instanceof Error ? error.message.split("\n")[0] : String(error)}). ${said}\n` +
        "Name freqtrade's program with --freqtrade, or give its output with --trades.",
    );
  } finally {
    rmSync(userdir, { recursive: true, force: true });
  }
}

/** "2026-11-01", "2026-11-01T08:00Z", or "30d" and "12h" before now. */
function instant(option: string, text: string | undefined, absent: number, now_ms: number): number {
  if (text === undefined) return absent;
  const ago = /^(\d{1,4})([dh])$/.exec(text);
  if (ago !== null) return now_ms - Number(ago[1]) * (ago[2] === "d" ? DAY_MS : DAY_MS / 24);
  const at_ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at_ms)) return at_ms;
  throw new UsageError(
    `${option} ${text}: give a day (2026-11-01, UTC), a time with its zone (2026-11-01T08:00Z) or how long ago (30d, 12h)`,
  );
}
