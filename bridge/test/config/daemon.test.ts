import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveDaemon } from "../../src/config/daemon.js";
import { defaultDir } from "../../src/config/paths.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "talebridge-config-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function file(content: unknown): string {
  const path = join(dir, "config.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function config(args: Parameters<typeof resolveDaemon>[0], env: Record<string, string> = {}) {
  const resolution = resolveDaemon(args, env, 1000);
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.violations));
  return resolution.config;
}

function violations(args: Parameters<typeof resolveDaemon>[0], env: Record<string, string> = {}) {
  const resolution = resolveDaemon(args, env, 1000);
  if (resolution.ok) throw new Error("was accepted");
  return resolution.violations;
}

describe("precedence", () => {
  it("is arguments, environment, file, default", () => {
    const path = file({ dir: "/run/file", log_level: "debug", limits: { sessions: 3 } });
    const env = { TALEBRIDGE_DIR: "/run/env", TALEBRIDGE_LOG_LEVEL: "warn" };
    expect(config({ dir: "/run/arg", config: path }, env)).toMatchObject({ dir: "/run/arg", log_level: "warn" });
    expect(config({ config: path }, env).dir).toBe("/run/env");
    expect(config({ config: path })).toMatchObject({ dir: "/run/file", log_level: "debug" });
    expect(config({ config: path }).limits).toMatchObject({ sessions: 3, batches_in_flight: 2 });
    expect(config({})).toMatchObject({ dir: "/tmp/talebridge-1000", log_level: "info", private: false });
  });

  it("looks for the directory where the shim does", () => {
    expect(defaultDir({ TALEBRIDGE_DIR: "/a", XDG_RUNTIME_DIR: "/b" }, 5)).toBe("/a");
    expect(defaultDir({ XDG_RUNTIME_DIR: "/b" }, 5)).toBe("/b/talebridge");
    expect(defaultDir({}, 5)).toBe("/tmp/talebridge-5");
  });
});

describe("journal directory", () => {
  it("is inside a named directory, and outlives a default one", () => {
    expect(config({ dir: "/run/x" }).journal_dir).toBe("/run/x/journal");
    expect(config({ private: true }).journal_dir).toBe("/tmp/talebridge-1000/journal");
    expect(config({}, { HOME: "/home/u" }).journal_dir).toBe("/home/u/.local/state/talebridge/journal");
    expect(config({}, { XDG_STATE_HOME: "/state" }).journal_dir).toBe("/state/talebridge/journal");
    expect(config({ journal_dir: "/j" }).journal_dir).toBe("/j");
  });
});

describe("violations", () => {
  it("name the file, the key and what is admitted, all at once", () => {
    const path = file({ log_level: "loud", limits: { sessions: 0 }, jornal: {} });
    expect(violations({ config: path, log_level: "shout" })).toEqual([
      { path: `${path}: log_level`, message: expect.stringContaining('was "loud"; must be one of') },
      { path: `${path}: limits.sessions`, message: "was 0; must be a whole number at least 1 and at most 1024" },
      { path: `${path}: jornal`, message: 'is not a known setting; did you mean "journal"?' },
      { path: "log_level", message: expect.stringContaining('was "shout"') },
    ]);
  });

  it.each([
    ["not JSON", "{", "cannot be read"],
    ["a list", [], "one JSON object"],
  ])("refuse a file that is %s", (_, content, text) => {
    expect(violations({ config: file(content) })[0]?.message).toContain(text);
  });

  it("refuse a missing file", () => {
    expect(violations({ config: join(dir, "absent.json") })[0]?.message).toContain("cannot be read");
  });

  it("refuse a directory too long for a socket, and say how long is admitted", () => {
    const long = `/${"x".repeat(95)}`;
    expect(violations({ dir: `${long}x` })[0]?.message).toContain("107");
    expect(config({ dir: long }).dir).toBe(long);
    // A private one has a socket with a longer name.
    expect(violations({ dir: long, private: true })).toEqual([
      { path: "dir", message: expect.stringMatching(/have 108 bytes; the system allows 107: .* --dir/) },
    ]);
    expect(config({ dir: long.slice(1).replace("x", "/"), private: true }).dir).toHaveLength(95);
  });

  it("refuse a journal limit that one file would fill", () => {
    const path = file({ journal: { max_file_bytes: 1_048_576, max_total_bytes: 1_048_576 } });
    expect(violations({ config: path })).toMatchObject([{ path: "journal.max_total_bytes" }]);
  });
});

describe("the network", () => {
  const with_tcp = (tcp: object) => file({ tcp: { gate: "127.0.0.1:7001", batch: "127.0.0.1:7002", ...tcp } });

  it("is not used unless asked for", () => {
    expect(config({})).toMatchObject({ tcp: null, metrics: null });
    expect(config({ config: file({ tcp: null, metrics: null }) })).toMatchObject({ tcp: null, metrics: null });
  });

  it("is given by address and port, with keys where the command makes them", () => {
    expect(config({ config: with_tcp({}) }, { HOME: "/home/u" }).tcp).toEqual({
      gate: { host: "127.0.0.1", port: 7001 },
      batch: { host: "127.0.0.1", port: 7002 },
      keys_dir: "/home/u/.config/talebridge/keys",
      insecure: false,
    });
    expect(config({ config: with_tcp({ gate: "[::1]:7001", insecure: true }) }).tcp).toMatchObject({
      gate: { host: "::1" },
      insecure: true,
    });
    expect(config({ config: with_tcp({ keys_dir: "/k" }) }, { XDG_CONFIG_HOME: "/c" }).tcp?.keys_dir).toBe("/k");
  });

  it.each([
    "localhost:7001",
    "127.0.0.1",
    "127.0.0.1:70000",
    "::1:7001",
    "[127.0.0.1]:1",
    "1.2.3:4",
    "*:7001",
    "10.0.0.1:-1",
  ])("refuses %s as an address", (gate) => {
    expect(violations({ config: with_tcp({ gate }) })).toEqual([
      { path: "tcp.gate", message: expect.stringContaining("must be an IP address and a port") },
    ]);
  });

  it.each(["0.0.0.0", "10.0.0.5", "[::]", "128.0.0.1"])(
    "has no insecure tcp on %s, and names the way to do it",
    (host) => {
      const path = with_tcp({ gate: `${host}:7001`, insecure: true });
      expect(violations({ config: path })).toEqual([
        { path: "tcp.gate", message: expect.stringContaining("talebridge keys server") },
      ]);
      expect(config({ config: with_tcp({ gate: `${host}:7001` }) }).tcp?.insecure).toBe(false);
    },
  );

  it("has no tcp on a private bridge, and no two sockets on one port", () => {
    expect(violations({ config: with_tcp({}), private: true })).toMatchObject([{ path: "tcp" }]);
    expect(violations({ config: with_tcp({ batch: "127.0.0.1:7001" }) })).toMatchObject([{ path: "tcp.batch" }]);
  });

  it("serves metrics to this machine unless told otherwise", () => {
    const metrics = (over: object) => file({ metrics: { listen: "127.0.0.1:9109", ...over } });
    expect(config({ config: metrics({}) }).metrics).toEqual({ listen: { host: "127.0.0.1", port: 9109 } });
    expect(violations({ config: metrics({ listen: "0.0.0.0:9109" }) })).toEqual([
      { path: "metrics.listen", message: expect.stringContaining("metrics.allow_remote") },
    ]);
    const open = metrics({ listen: "0.0.0.0:9109", allow_remote: true });
    expect(config({ config: open }).metrics?.listen.host).toBe("0.0.0.0");
  });

  it("serves the page to this machine unless told otherwise, and not from a private bridge", () => {
    const web = (over: object) => file({ web: { listen: "127.0.0.1:9110", ...over } });
    const given = config({ config: web({}), journal_dir: "/j" }).web;
    expect(given).toEqual({ listen: { host: "127.0.0.1", port: 9110 }, hosts: [], token_file: "/j/web.token" });
    expect(config({ config: web({ token_file: "/t", hosts: ["gate.example"] }) }).web).toMatchObject({
      token_file: "/t",
      hosts: ["gate.example"],
    });
    expect(violations({ config: web({ listen: "0.0.0.0:9110" }) })).toEqual([
      { path: "web.listen", message: expect.stringContaining("web.allow_remote") },
    ]);
    expect(config({ config: web({ listen: "0.0.0.0:9110", allow_remote: true }) }).web?.listen.host).toBe("0.0.0.0");
    expect(violations({ config: web({}), private: true })).toMatchObject([{ path: "web" }]);
    expect(violations({ config: web({ hosts: ["http://gate.example"] }) })).toHaveLength(1);
    expect(config({}).web).toBeNull();
  });

  it("needs both tcp addresses", () => {
    const missing = violations({ config: file({ tcp: {}, metrics: {} }) });
    expect(missing.map(({ path }) => path.split(": ")[1])).toEqual(["tcp.gate", "tcp.batch", "metrics.listen"]);
  });
});
