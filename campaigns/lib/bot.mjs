/** A freqtrade bot in dry-run as a process: what it is told, and what its log and its database say it did. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { freqtradeConfig } from "../../e2e/harness/config.mjs";
import { ROOT, VENV_PYTHON } from "../../scripts/lib/paths.mjs";
import { readNotes } from "./verify.mjs";

const STOP_MS = 60_000;
const LOOP =
  /^(\S+ \S+) - freqtrade\.worker - DEBUG - Throttling with '_process_running\(\)'.*last iteration took ([\d.]+) s/;
const ANALYSED = "TA Analysis Launched";

/** @typedef {{ at_ms: number, ms: number, candle: boolean }} Loop one turn of the bot's loop; `candle`: a new candle was analysed in it */
/** @typedef {{ id: number, pair: string, open_ms: number, close_ms: number | null, exit_reason: string | null, link: { session: string, boot: string, line: number } | null, entries: { at_ms: number, cost: number }[] }} Trade */
/** @typedef {{ t_ms: number, kind: "wants in" | "goes out", pair: string }} Note */

const TRADES = `
import json, sqlite3, sys
from datetime import datetime, timezone
def ms(text):
    return None if text is None else round(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)
base = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
links = {t: json.loads(v) for t, v in base.execute("select ft_trade_id, cd_value from trade_custom_data where cd_key = 'talebridge'")}
entries = {}
for t, at, cost in base.execute("select ft_trade_id, order_date, cost from orders where ft_order_side = 'buy' order by id"):
    entries.setdefault(t, []).append({"at_ms": ms(at), "cost": cost})
print(json.dumps([
    {"id": i, "pair": p, "open_ms": ms(o), "close_ms": ms(c), "exit_reason": r, "link": links.get(i), "entries": entries.get(i, [])}
    for i, p, o, c, r in base.execute("select id, pair, open_date, close_date, exit_reason from trades order by id")]))
`;

export class Bot {
  /**
   * @param {object} options
   * @param {string} options.root a folder of its own
   * @param {string} options.strategy
   * @param {string} options.exchange base URL of the stub
   * @param {readonly string[]} options.pairs
   * @param {number} options.throttle_s shortest time of a loop
   * @param {Record<string, unknown>} options.risk_bridge
   */
  constructor(options) {
    const { root } = options;
    this.log_path = join(root, "log");
    this.notes_path = join(root, "notes.jsonl");
    this.database = join(root, "trades.sqlite");
    mkdirSync(join(root, "data"), { recursive: true });
    writeFileSync(this.notes_path, "");
    const { exchange, pairs, risk_bridge } = options;
    const config = {
      ...freqtradeConfig({ user_data_dir: root, pairs, exchange, risk_bridge }),
      stake_amount: 300,
      internals: { process_throttle_secs: options.throttle_s },
      db_url: `sqlite:///${this.database}`,
    };
    writeFileSync(join(root, "config.json"), JSON.stringify(config));
    const log = openSync(this.log_path, "a");
    this.child = spawn(
      VENV_PYTHON,
      [
        ...["-m", "freqtrade", "trade", "--dry-run", "-vv", "--config", join(root, "config.json"), "--userdir", root],
        ...["--strategy-path", join(ROOT, "campaigns", "strategies"), "--strategy", options.strategy],
      ],
      {
        cwd: root,
        stdio: ["ignore", log, log],
        env: {
          ...process.env,
          ...{
            NO_COLOR: "1",
            COLUMNS: "2000",
            TZ: "UTC",
            PYTHONDONTWRITEBYTECODE: "1",
            TALEBRIDGE_NOTES: this.notes_path,
          },
        },
      },
    );
    closeSync(log);
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resident memory in MB. */
  rssMb() {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.child.pid}/status`, "utf8")) ?? [];
    return Number(kib) / 1024;
  }

  logText() {
    return readFileSync(this.log_path, "utf8");
  }

  /** @returns {Note[]} */
  notes() {
    return readNotes(this.notes_path);
  }

  /** From its own database. @returns {Promise<Trade[]>} */
  async trades() {
    if (!existsSync(this.database)) return [];
    const { stdout } = await promisify(execFile)(VENV_PYTHON, ["-c", TRADES, this.database], { maxBuffer: 1 << 28 });
    return JSON.parse(stdout);
  }

  /** Turns of the loop, as the bot's own log times them. @returns {Loop[]} */
  loops() {
    /** @type {Loop[]} */
    const loops = [];
    let candle = false;
    for (const line of this.logText().split("\n")) {
      if (line.includes(ANALYSED)) candle = true;
      const [, at, seconds] = LOOP.exec(line) ?? [];
      if (at === undefined) continue;
      loops.push({ at_ms: timeOf(at), ms: Number(seconds) * 1000, candle });
      candle = false;
    }
    return loops;
  }

  async stop() {
    if (!this.alive) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGINT");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** Of a line of the log, whose times are UTC here. @param {string} text `2026-11-29 18:00:00,123` */
export function timeOf(text) {
  return Date.parse(`${text.replace(" ", "T").replace(",", ".")}Z`);
}
