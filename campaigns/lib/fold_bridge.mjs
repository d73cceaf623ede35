/** The daemon's own sessions, gate service and journal under a clock that the campaign sets: no sockets, every message as bytes, every line in a real file. */

import * as fs from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Packr, Unpackr } from "msgpackr";
import { pino } from "pino";
import { resolveDaemon } from "../../bridge/dist/config/daemon.js";
import { gate } from "../../bridge/dist/gate/gate.js";
import { isLive } from "../../bridge/dist/gate/session.js";
import { fileName } from "../../bridge/dist/journal/files.js";
import { JOURNAL_FORMAT } from "../../bridge/dist/journal/lines.js";
import { foldLive } from "../../bridge/dist/journal/reader.js";
import { Journal } from "../../bridge/dist/journal/writer.js";
import { Counters } from "../../bridge/dist/metrics/counters.js";
import { GateService } from "../../bridge/dist/server/gate_service.js";
import { summaryOf } from "../../bridge/dist/server/groups.js";
import { continueSessions, stateEvents } from "../../bridge/dist/server/journal.js";
import { Sessions } from "../../bridge/dist/server/sessions.js";
import { fingerprintOf } from "./canonical.mjs";

/** @typedef {import("../../bridge/dist/engine/engine.js").LoadedEngine} LoadedEngine */
/** @typedef {import("../../bridge/dist/gate/types.js").GateRequest} GateRequest */
/** @typedef {import("../../bridge/dist/gate/types.js").Policy} Policy */

const MIB = 1024 * 1024;
/** Few, so that some are forgotten to make room. */
const MOST_SESSIONS = 7;
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
/** Disks are not what is tried here, and a year has many files. */
const UNSYNCED = /** @type {import("../../bridge/dist/journal/writer.js").JournalFs} */ ({
  ...fs,
  fsyncSync: () => undefined,
  fsync: Object.assign((/** @type {number} */ _fd, /** @type {(error: null) => void} */ done) => done(null), {
    __promisify__: () => Promise.resolve(),
  }),
});

export class FoldBridge {
  /** @param {string} dir @param {LoadedEngine} engine @param {number} now_ms */
  constructor(dir, engine, now_ms) {
    this.dir = dir;
    this.engine = engine;
    this.now_ms = now_ms;
    this.boots = 0;
    this.files = 0;
    /** Journal lines by type. @type {Record<string, number>} */
    this.lines = {};
    this.compared = { folds: 0, sessions: 0, groups: 0, verdicts: 0 };
    /** @type {string[]} */
    this.different = [];
    const given = resolveDaemon({ dir, log_level: "silent" }, {}, 0);
    if (!given.ok) throw new Error(JSON.stringify(given.violations));
    this.config = {
      ...given.config,
      journal_dir: dir,
      // Old files are removed all the while: what continues must not need them.
      journal: { max_file_bytes: MIB / 4, max_total_bytes: 4 * MIB, max_age_days: 30 },
      groups: {
        spot: { max_gross_exposure: 0.6, max_drawdown: 0.12, drawdown_window_days: 7, silent_hours: 36 },
        wide: { max_gross_exposure: 2, max_drawdown: 0.4, drawdown_window_days: 30, silent_hours: 168 },
      },
    };
    this.open();
  }

  open() {
    this.boots += 1;
    const { config, engine } = this;
    const boot = `b${this.boots}`;
    const counters = new Counters();
    const sessions = new Sessions(MOST_SESSIONS, ({ name, state }) => {
      if (isLive(state.run_mode)) this.append([{ type: "forget", session: name }]);
    });
    const parts = { config, engine, boot, sessions, counters, log: pino({ level: "silent" }), fs: UNSYNCED };
    continueSessions(parts);
    const damage = counters.get("journal_damage");
    if (damage > 0) this.different.push(`${damage} damaged lines found at start ${this.boots}`);
    const fail = (/** @type {Error} */ error) => {
      throw error;
    };
    const journal = new Journal({
      dir: config.journal_dir,
      boot,
      start_ms: this.now_ms,
      private: false,
      ...config.journal,
      fs: UNSYNCED,
      isRunning: () => false,
      state: () => stateEvents(parts),
      clock: () => this.now_ms,
      monotonic: () => this.now_ms,
      onFailure: fail,
      onRecovery: () => undefined,
      onUpkeepFailure: fail,
    });
    this.start_ms = this.now_ms;
    this.boot = boot;
    this.journal = journal;
    this.sessions = sessions;
    const head = {
      format: JOURNAL_FORMAT,
      server: "talebridge/campaign",
      engine_version: engine.version,
      boot,
      pid: 1,
    };
    this.append([{ type: "boot", ...head, private: false }]);
    for (const state of stateEvents(parts)) this.append([state]);
    this.service = new GateService({
      engine,
      sessions,
      counters,
      identity: { server: "talebridge/campaign", boot, limits: {} },
      private: false,
      groups: config.groups,
      clock: () => this.now_ms,
      append: (events) => this.append(events),
      onFailure: (error) => {
        throw error;
      },
      about: () => ({}),
    });
  }

  /** @param {readonly import("../../bridge/dist/journal/lines.js").JournalEvent[]} events */
  append(events) {
    if (this.journal === undefined) throw new Error("the journal is closed");
    for (const { type } of events) this.lines[type] = (this.lines[type] ?? 0) + 1;
    return this.journal.appendAll(events);
  }

  /** `[status, …body]` of the reply. @param {number} op @param {readonly unknown[]} body @returns {unknown[]} */
  ask(op, ...body) {
    const reply = unpackr.unpack(this.service?.handle([packr.pack([1, op, 1, ...body])]) ?? Buffer.alloc(0));
    return reply.slice(2);
  }

  /**
   * What the next boot would continue, against what stands: every bit of every session and group, and what both answer.
   * @param {readonly GateRequest[]} questions
   */
  compare(questions) {
    const { sessions } = this;
    if (sessions === undefined) throw new Error("not open");
    const folded = new Sessions(MOST_SESSIONS, () => undefined);
    folded.adopt(foldLive(this.config.journal_dir, {}));
    const live = sessions.live();
    const names = (/** @type {Sessions} */ of) =>
      of
        .live()
        .map(({ name }) => name)
        .sort()
        .join();
    if (names(folded) !== names(sessions)) this.differ(`sessions ${names(folded)} instead of ${names(sessions)}`);
    this.compared.folds += 1;
    this.compared.groups += sessions.groups.size;
    if (fingerprintOf(folded.groups) !== fingerprintOf(sessions.groups)) this.differ("groups");
    for (const { name, state, terms } of live) {
      const again = folded.find(name);
      if (again === null) continue;
      this.compared.sessions += 1;
      if (fingerprintOf(again.state) !== fingerprintOf(state)) this.differ(`session ${name}`);
      if (terms === null) continue;
      for (const question of questions) {
        const verdict = (/** @type {Sessions} */ of, /** @type {typeof state} */ stands) =>
          gate(stands, terms.policy, question, summaryOf(of, this.config.groups, { name, state: stands }, question));
        this.compared.verdicts += 1;
        if (!isDeepStrictEqual(verdict(folded, again.state), verdict(sessions, state)))
          this.differ(`verdict of ${name}`);
      }
    }
  }

  /** @param {string} what */
  differ(what) {
    this.different.push(`${what} at ${new Date(this.now_ms).toISOString()}, boot ${this.boots}`);
  }

  /** Ends and starts anew. @param {"stopped" | "killed" | "torn"} how torn: killed while it wrote a line that nobody got an answer for */
  restart(how) {
    if (how === "stopped") this.append([{ type: "stop", why: "campaign" }]);
    this.close();
    if (how === "torn") fs.appendFileSync(this.newest(), '{"seq":99999999,"t_ms":');
    this.now_ms += 1000;
    this.open();
  }

  close() {
    this.journal?.close();
    this.files += this.written().length;
  }

  /** Files of this boot that are still there. */
  written() {
    return fs.readdirSync(this.dir).filter((name) => name.startsWith(`journal-${this.start_ms}-${this.boot}-`));
  }

  newest() {
    const numbers = this.written().map((name) => Number(/-(\d+)\.jsonl$/.exec(name)?.[1]));
    return join(this.dir, fileName(this.start_ms ?? 0, this.boot ?? "", Math.max(...numbers)));
  }
}
