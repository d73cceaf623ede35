/** `talebridge doctor`: healthy is 0, and every failure names its fix. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseRelaxed } from "../../src/cli/doctor/relaxed_json.js";
import { temporaryDir } from "../server/harness.js";
import { end, serve, talebridge } from "./harness.js";

let base = "";
let dir = "";
beforeEach(() => {
  base = temporaryDir();
  dir = join(base, "run");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
  readonly fix: string | null;
}

function doctor(...args: string[]): { code: number | null; failed: readonly Finding[]; findings: readonly Finding[] } {
  const { code, stdout } = talebridge(["doctor", "--dir", dir, "--json", ...args], { cwd: base });
  const { findings, healthy } = JSON.parse(stdout);
  expect(healthy).toBe(code === 0);
  const failed = findings.filter(({ ok }: Finding) => !ok);
  for (const finding of failed) expect(finding.fix).toEqual(expect.any(String));
  return { code, failed, findings };
}

function config(content: unknown): string {
  const path = join(base, "config.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("doctor", { timeout: 120_000 }, () => {
  it("is healthy beside a daemon, and finds what is opened, wrong or gone since", async () => {
    const { child } = await serve(dir);
    try {
      const well = doctor();
      expect([well.code, well.failed]).toEqual([0, []]);
      expect(new Set(well.findings.map(({ what }) => what))).toEqual(
        new Set([
          ...["versions", "zeromq", "engine", "descriptors", "freqtrade", "configuration", "journal", "disk", "clock"],
          ...["permissions", "daemon", "clocks", "round trip", "fingerprint"],
        ]),
      );
      chmodSync(join(dir, "gate.sock"), 0o666);
      expect(doctor().failed).toMatchObject([{ what: "permissions", fix: `chmod 600 ${join(dir, "gate.sock")}` }]);
      chmodSync(join(dir, "gate.sock"), 0o600);
      chmodSync(join(dir, "journal"), 0o750);
      expect(doctor().failed).toMatchObject([{ what: "permissions", fix: `chmod 700 ${join(dir, "journal")}` }]);
      chmodSync(join(dir, "journal"), 0o700);
      rmSync(join(dir, "batch.sock"));
      expect(doctor().failed).toMatchObject([{ what: "fingerprint", fix: "restart the daemon" }]);
      child.kill("SIGSTOP");
      expect(doctor().failed).toMatchObject([{ what: "daemon", fix: expect.stringContaining("restart it") }]);
      child.kill("SIGCONT");
    } finally {
      await end(child, "SIGKILL");
    }
    expect(doctor().failed).toMatchObject([{ what: "daemon", fix: expect.stringContaining("talebridge serve") }]);
  });

  it("checks freqtrade's configuration, comments, included files and all", () => {
    writeFileSync(join(base, "more.json"), '{"risk_bridge": {"profile": "bold"}, /* over the first */ }');
    const path = config(
      '{"exchange": {"name": "x"}, // mine\n "risk_bridge": {"mode": "shadow"}, "add_config_files": ["more.json"],}',
    );
    expect(doctor("--config", path).failed[0]).toMatchObject({
      what: "freqtrade",
      text: expect.stringContaining("risk_bridge.profile"),
    });
    writeFileSync(join(base, "more.json"), '{"risk_bridge": {"profile": "extreme"}}');
    const found = doctor("--config", path).findings.find(({ what }) => what === "freqtrade");
    expect(found).toMatchObject({ ok: true, text: expect.stringContaining("profile extreme, mode shadow") });
    mkdirSync(join(base, "user_data"));
    writeFileSync(join(base, "user_data", "config.json"), '{"exchange": {}}');
    expect(doctor().findings.find(({ what }) => what === "freqtrade")).toMatchObject({
      ok: true,
      text: expect.stringContaining("no risk_bridge block"),
    });
  });

  it.each([
    ["is not there", () => "/nonexistent.json", "does not exist"],
    ["is the daemon's", () => config({ log_level: "info" }), "is not a freqtrade configuration"],
    ["is not JSON", () => config("{"), "cannot be read"],
    ["includes itself", () => config({ add_config_files: ["config.json"] }), "add_config_files"],
  ])("fails for a freqtrade configuration that %s", (_, path, text) => {
    expect(doctor("--config", path()).failed[0]).toMatchObject({
      what: "freqtrade",
      text: expect.stringContaining(text),
    });
  });

  it("looks where the bot looks for the daemon", () => {
    const path = config({ exchange: {}, risk_bridge: { dir: join(base, "elsewhere") } });
    const { stdout } = talebridge(["doctor", "--json", "--config", path], { cwd: base });
    expect(JSON.parse(stdout).findings.find(({ what }: Finding) => what === "configuration").text).toContain(
      "elsewhere",
    );
  });

  it("checks keys and metrics of the daemon's configuration", () => {
    const path = join(base, "daemon.json");
    const tcp = { gate: "127.0.0.1:7301", batch: "127.0.0.1:7302", keys_dir: join(base, "keys") };
    writeFileSync(path, JSON.stringify({ tcp, metrics: { listen: "127.0.0.1:7303" } }));
    const missing = doctor("--daemon-config", path).failed;
    expect(missing.map(({ what }) => what)).toEqual(["daemon", "tcp", "metrics"]);
    talebridge(["keys", "server", "--keys-dir", tcp.keys_dir]);
    expect(doctor("--daemon-config", path).failed[1]).toMatchObject({ fix: expect.stringContaining("keys client") });
    talebridge(["keys", "client", "bot", "--keys-dir", tcp.keys_dir]);
    expect(doctor("--daemon-config", path).failed.map(({ what }) => what)).toEqual(["daemon", "metrics"]);
    writeFileSync(path, '{"metrics": {"listen": "0.0.0.0:1"}}');
    expect(doctor("--daemon-config", path).failed).toMatchObject([{ what: "configuration" }]);
  });

  it("asks a bridge elsewhere as the bot would, with its key", async () => {
    const keys_dir = join(base, "keys");
    talebridge(["keys", "server", "--keys-dir", keys_dir]);
    talebridge(["keys", "client", "bot", "--keys-dir", keys_dir]);
    const key_file = join(keys_dir, "issued", "bot.key");
    const path = join(base, "daemon.json");
    writeFileSync(path, JSON.stringify({ tcp: { gate: "127.0.0.1:0", batch: "127.0.0.1:0", keys_dir } }));
    const { child, ready } = await serve(dir, "--config", path);
    const ask = (over: object = {}) => {
      const connect = { gate: ready.gate, batch: ready.batch, key_file, ...over };
      const bot = config({ exchange: {}, risk_bridge: { connect } });
      const { stdout } = talebridge(["doctor", "--json", "--config", bot], { cwd: base });
      return JSON.parse(stdout).findings.filter(({ ok }: Finding) => !ok);
    };
    try {
      expect(ask()).toEqual([]);
      expect(ask({ gate: "tcp://127.0.0.1:1" })).toMatchObject([
        { what: "daemon", fix: expect.stringContaining("keys client") },
      ]);
      expect(ask({ key_file: "/nonexistent" })).toMatchObject([{ what: "key" }]);
      chmodSync(key_file, 0o644);
      expect(ask()).toMatchObject([{ what: "key", text: expect.stringContaining("chmod 600") }]);
    } finally {
      await end(child);
    }
  });

  it("finds a clock that is behind the journal", () => {
    const ahead = Date.now() + 86_400_000;
    mkdirSync(join(dir, "journal"), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, "journal", `journal-${ahead}-abc-0.jsonl`), "");
    expect(doctor().failed[0]).toMatchObject({ what: "clock", fix: expect.stringContaining("clock") });
  });
});

describe("freqtrade's JSON", () => {
  it("may have comments and trailing commas, and texts that look like them", () => {
    const text = '{"a": "// no, /* no */ ,}", /* yes */ "b": [1, 2, // yes\n ], "c": "\\"",}';
    expect(parseRelaxed(text)).toEqual({ a: "// no, /* no */ ,}", b: [1, 2], c: '"' });
  });
});
