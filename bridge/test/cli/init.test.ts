/** `talebridge init` adds to a freqtrade folder and takes nothing away. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { composeOverride } from "../../src/cli/init_compose.js";
import { isRecord } from "../../src/config/check.js";
import { talebridge } from "./harness.js";

const SAMPLE = fileURLToPath(new URL("../../../strategies/GateOnly.py", import.meta.url));
const OVERRIDE = "docker-compose.override.yml";

let dir = "";
const at = (...path: string[]) => join(dir, ...path);
const read = (...path: string[]) => readFileSync(at(...path), "utf8");
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tb-init-"));
  mkdirSync(at("user_data", "strategies"), { recursive: true });
  writeFileSync(at("user_data", "config.json"), "{ // a comment, as freqtrade allows\n}\n");
  writeFileSync(at("docker-compose.yml"), "services: {}\n");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const init = (...args: string[]) => talebridge(["init", ...args], { cwd: dir });

it("writes settings that its own schema and doctor take, a sample strategy and an override, and says what next", () => {
  const { code, stdout } = init("--profile", "conservative");
  expect(code).toBe(0);
  const settings = JSON.parse(read("user_data", "talebridge.json"));
  expect(settings).toEqual({
    $schema: "./talebridge.schema.json",
    risk_bridge: { profile: "conservative", mode: "shadow" },
  });
  expect(existsSync(at("user_data", settings.$schema))).toBe(true);
  expect(read("user_data", "talebridge.schema.json")).toBe(talebridge(["schema", "--file"]).stdout);
  expect(read("user_data", "strategies", "GateOnly.py")).toBe(readFileSync(SAMPLE, "utf8"));
  expect(read(OVERRIDE)).toBe(composeOverride());
  for (const line of [
    "wrote  user_data/talebridge.json",
    '"add_config_files": ["talebridge.json"]',
    "docker compose up",
  ])
    expect(stdout).toContain(line);
  const doctor = talebridge(["doctor", "--config", at("user_data", "talebridge.json"), "--json"]);
  const findings: unknown = JSON.parse(doctor.stdout).findings;
  const about = Array.isArray(findings) ? findings.filter(isRecord).filter(({ what }) => what === "freqtrade") : [];
  expect(about.filter(({ ok }) => ok !== true)).toEqual([]);
  expect(read("user_data", "config.json")).toContain("// a comment");
});

it("never overwrites: neither a file, nor through a dangling link, and a second run changes nothing", () => {
  writeFileSync(at("user_data", "talebridge.json"), "mine");
  symlinkSync(at("elsewhere.py"), at("user_data", "strategies", "GateOnly.py"));
  writeFileSync(at(OVERRIDE), "mine too");
  const { code, stdout } = init("--json");
  expect(code).toBe(0);
  const { files, next } = JSON.parse(stdout);
  const outcomes = files.map((file: { outcome: string }) => file.outcome);
  expect(outcomes).toEqual(["kept", "written", "kept", "kept"]);
  expect(read("user_data", "talebridge.json")).toBe("mine");
  expect(read(OVERRIDE)).toBe("mine too");
  expect(existsSync(at("elsewhere.py"))).toBe(false);
  expect(next.join("\n")).toContain("was kept: add the services");
  const again = JSON.parse(init("--json").stdout).files;
  expect(again.every((file: { outcome: string }) => file.outcome === "kept")).toBe(true);
});

it("leaves compose alone where there is none, and refuses what is no user_data, profile or mode with exit code 2", () => {
  rmSync(at("docker-compose.yml"));
  expect(init().code).toBe(0);
  expect(existsSync(at(OVERRIDE))).toBe(false);
  for (const args of [
    ["--userdir", "nowhere"],
    ["--profile", "bold"],
    ["--mode", "on"],
  ])
    expect([args, init(...args).code]).toEqual([args, 2]);
});
