/** What can happen to a bridge while a bot depends on it, and how each is ended. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJournal } from "../../bridge/dist/journal/reader.js";
import { OP } from "../../bridge/dist/protocol/codes.js";
import { Daemon } from "./daemon.mjs";
import { Honest } from "./honest.mjs";
import { Impostor } from "./impostor.mjs";

/**
 * `serves`: who is connected to the daemon already is still answered by it.
 * @typedef {{ name: string, serves?: boolean, start: () => Promise<void> | void, end: () => Promise<void> | void }} Fault
 */

export class Bridge {
  /**
   * @param {string} folder for sockets, journals and the log
   * @param {Record<string, unknown>} settings the bot says hello with
   * @param {import("./random.mjs").Random} random
   * @param {(problem: string) => void} wrong
   */
  constructor(folder, settings, random, wrong) {
    this.dir = join(folder, "run");
    this.journal = join(folder, "journal");
    this.folder = folder;
    this.settings = settings;
    this.random = random;
    this.wrong = wrong;
    /** @type {Daemon | null} */
    this.running = null;
    /** Another daemon, which knows what the bot's would say. @type {Daemon | null} */
    this.understudy = null;
    /** What stands in the daemon's place. @type {Impostor | null} */
    this.impostor = null;
    for (const path of [this.dir, this.journal, this.understudy_dir]) mkdirSync(path, { mode: 0o700 });
  }

  get understudy_dir() {
    return join(this.folder, "other");
  }

  get daemon() {
    if (this.running === null) throw new Error("the bridge has not been started");
    return this.running;
  }

  async serve() {
    const { dir, journal, folder } = this;
    this.running = await Daemon.start({ dir, journal, log: join(folder, "daemon.log"), log_level: "info" });
  }

  async stop() {
    this.impostor?.close();
    for (const daemon of [this.running, this.understudy]) {
      if (!daemon?.alive) continue;
      daemon.signal("SIGCONT");
      await daemon.end("SIGTERM");
    }
  }

  /** @returns {readonly Fault[]} */
  faults() {
    const { dir } = this;
    return [
      { name: "stopped", start: () => this.daemon.signal("SIGSTOP"), end: () => this.daemon.signal("SIGCONT") },
      { name: "killed", start: () => this.daemon.end("SIGKILL"), end: () => this.serve() },
      this.replaced("version", "other protocol"),
      this.replaced("engine", "other engine"),
      this.replaced("settings", "other settings"),
      this.replaced("noise", "noise"),
      this.replaced("liar", "liar"),
      {
        name: "directory deleted",
        serves: true,
        // It makes it anew by itself, at once: something else in its place, so that this lasts.
        start() {
          rmSync(dir, { recursive: true });
          writeFileSync(dir, "");
        },
        end: () => rmSync(dir),
      },
    ];
  }

  /** @param {import("./impostor.mjs").Kind} kind @param {string} name @returns {Fault} */
  replaced(kind, name) {
    return {
      name,
      start: async () => {
        const hello = await this.helloOfDaemon();
        await this.daemon.end("SIGTERM");
        this.impostor = new Impostor(this.dir, kind, hello, this.understudy_dir, this.random);
      },
      end: async () => {
        if (this.impostor?.asked === 0) this.wrong(`${name}: it was never asked`);
        if (kind === "liar" && this.impostor?.entries_asked === 0)
          this.wrong(`${name}: it was never asked about an entry`);
        this.impostor?.close();
        await this.serve();
      },
    };
  }

  /** What the daemon answers to the bot's hello, in the words of another daemon. */
  async helloOfDaemon() {
    const journal = join(this.folder, "other-journal");
    this.understudy ??= await Daemon.start({ dir: this.understudy_dir, journal });
    const client = new Honest(this.understudy_dir, "gate");
    const { status, body } = await client.ask(OP.hello, [
      { client: "dryrun", minor: 0, run_mode: "dry_run", session: "impostor", settings: this.settings },
    ]);
    client.close();
    const hello = Object(body[0]);
    for (const line of readJournal(this.journal))
      if (line.type === "hello" && line.fingerprint !== hello.fingerprint)
        throw new Error(`the impostor's hello is not the bot's: status ${status}, ${JSON.stringify(hello)}`);
    return hello;
  }
}
