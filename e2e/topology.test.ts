/**
 * compose.yaml's topology without a container engine: bridge and bot as two processes of user 1000, each with a read-only root, no capabilities and no way to
 * any privilege, sharing one folder with the sockets; and a third user who is refused. Only root can make namespaces and take other user ids: skipped otherwise.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { DAEMON_JS, PYTHON } from "./harness/paths.js";
import { Running, run, until } from "./harness/process.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 120_000;
const BOT = 1000;
const STRANGER = 1001;

/** A command line as compose.yaml confines a service: root read-only but for the volumes, user, no capabilities, no new privileges. */
function confined(uid: number, volumes: readonly string[], command: readonly string[]): [string, string[]] {
  const binds = volumes.map((path) => `mount --bind '${path}' '${path}';`).join(" ");
  const drop = `setpriv --reuid ${uid} --regid ${uid} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs`;
  const script = `${binds} mount -o remount,bind,ro /; exec ${drop} "$@"`;
  return ["unshare", ["--mount", "--propagation", "private", "sh", "-ec", script, "sh", ...command]];
}

const [PROBE, PROBE_ARGS] = confined(BOT, [], [process.execPath, DAEMON_JS, "--version"]);
const POSSIBLE = process.getuid?.() === 0 && spawnSync(PROBE, PROBE_ARGS).status === 0;

/** Gives a folder and all in it to user 1000. */
function hand(path: string): void {
  chownSync(path, BOT, BOT);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) hand(join(path, name));
}

describe.skipIf(!POSSIBLE)(
  "bridge and bot, confined (skipped where root cannot make namespaces, or user 1000 cannot read the checkout)",
  () => {
    let base = "";
    let market: Market;
    let exchange: Exchange;
    let user: UserDir;
    let bridge: Running;
    const at = (name: string) => join(base, name);

    beforeAll(async () => {
      // Not in the folder for temporary files of this process, which may be closed to others.
      base = mkdtempSync("/tmp/tb-topology-");
      chmodSync(base, 0o755);
      for (const name of ["sockets", "journal"]) mkdirSync(at(name), { mode: 0o700 });
      market = await syntheticMarket();
      exchange = await startExchange(market.pairs);
      user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
      for (const path of [at("sockets"), at("journal"), user.root]) hand(path);
      const serve = [process.execPath, DAEMON_JS, "serve", "--dir", at("sockets"), "--journal-dir", at("journal")];
      bridge = new Running(...confined(BOT, [at("sockets"), at("journal")], serve));
      await until("the bridge is ready", () => (bridge.stdout.includes('"ready"') ? true : undefined), {
        timeout_ms: 20_000,
        running: bridge,
      });
    }, RUN_MS);

    afterAll(async () => {
      await bridge?.stop("SIGTERM");
      await exchange?.stop();
      user?.remove();
      rmSync(base, { recursive: true, force: true });
    });

    const status = (uid: number) =>
      run(...confined(uid, [], [process.execPath, DAEMON_JS, "status", "--json", "--dir", at("sockets")]), {
        timeout_ms: 20_000,
      });

    it("are confined: no place but the volumes can be written to, and no capability is left", async () => {
      const probe = `touch '${at("sockets")}/mine' && rm '${at("sockets")}/mine'; touch /tmp/tb-topology-probe; grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status`;
      const { stdout, stderr } = await run(...confined(BOT, [at("sockets")], ["sh", "-c", probe]), {
        timeout_ms: 10_000,
      });
      expect(stderr).toMatch(/^[^\n]*\/tmp\/tb-topology-probe[^\n]*Read-only file system\n$/);
      expect(stdout.replaceAll("\t", " ")).toBe("CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\n");
    });

    it("find each other: the health check answers, and a gated backtest is decided by the bridge next door", async () => {
      const health = await status(BOT);
      expect([health.code, JSON.parse(health.stdout).pid], health.stderr).toEqual([0, expect.any(Number)]);
      const [program, args] = confined(BOT, [user.root], [PYTHON]);
      const wrapper = at("python");
      const quoted = [program, ...args].map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(" ");
      writeFileSync(wrapper, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
      const config = user.extra("shared", { risk_bridge: { autostart: "off", dir: at("sockets") } });
      const done = await freqtrade("backtesting", {
        user,
        python: wrapper,
        configs: [config],
        env: { HOME: user.root, TMPDIR: user.root },
        args: [
          "--strategy",
          "DipsGated",
          "--timerange",
          market.shortTimerange,
          "--cache",
          "none",
          "--export",
          "trades",
        ],
        timeout_ms: RUN_MS,
      });
      expect(done.code, done.stderr).toBe(0);
      expect(readdirSync(user.results).some((name) => name.endsWith(".zip"))).toBe(true);
      expect(readJournals(at("journal")).gates.length).toBeGreaterThan(0);
    });

    it("refuse a third user, for whom there is no bridge", async () => {
      const { code, stderr } = await status(STRANGER);
      expect([code, stderr]).toEqual([1, expect.stringContaining("no daemon serves")]);
    });
  },
);
