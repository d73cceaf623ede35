#!/usr/bin/env node
/**
 * `npm run check:metrics`: a running Prometheus, with our configuration and alarms, scrapes a real daemon. Every query of the dashboard and every alarm
 * is evaluated, with a bot that asks, so that every query of the dashboard has an answer; then the daemon is killed, and the alarm about it has to ring.
 * Only the scrape's address and the waiting times are changed.
 * The last line of stdout is one JSON object. Exit codes: 0 all holds, 1 something does not, 2 prometheus is not installed.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { PANELS } from "../deploy/grafana/make-dashboard.mjs";
import { startBot } from "./lib/metrics-bot.mjs";
import { ROOT } from "./lib/paths.mjs";
import { say } from "./lib/progress.mjs";

const LIMIT_MS = 60_000;
const scratch = mkdtempSync(join(tmpdir(), "tb-metrics-"));
/** @type {import("node:child_process").ChildProcess[]} */
const children = [];

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  if (spawnSync("prometheus", ["--version"]).error !== undefined) {
    process.stderr.write("prometheus is not installed: apt install prometheus\n");
    return 2;
  }
  const daemon = await startDaemon();
  const base = `http://127.0.0.1:${await startPrometheus(daemon.target)}`;
  await until(
    "the daemon is scraped twice",
    async () => first(await query(base, "count_over_time(up[1m])")) >= 2 && first(await query(base, "up")) === 1,
  );
  const queries = PANELS.flatMap((panel) => panel.queries.map(({ expr }) => expr));
  const bot = await startBot(daemon.dir);
  await until(
    "every query of the dashboard has data",
    async () => (await unanswered(base, queries)).length === 0,
  ).catch(async (error) => {
    throw new Error(`${error.message}\nnone for: ${(await unanswered(base, queries)).join("\n")}`);
  });
  const rules = (await get(`${base}/api/v1/rules`)).data.groups[0].rules;
  const broken = rules.filter((/** @type {{ health: string }} */ { health }) => health !== "ok");
  if (broken.length > 0) throw new Error(`alarms that cannot be evaluated: ${JSON.stringify(broken)}`);
  const before = await firing(base);
  if (before.length > 0) throw new Error(`alarms about a healthy daemon: ${before.join(", ")}`);
  say(`${queries.length} queries and ${rules.length} alarms evaluated; all queries have data, no alarm rings`);

  await bot.stop();
  daemon.child.kill("SIGKILL");
  await until("the alarm about a daemon that is gone rings", async () =>
    (await firing(base)).includes("TalebridgeDown"),
  );
  const rang = await firing(base);
  say(`after SIGKILL: ${rang.join(", ")}`);
  process.stdout.write(
    `${JSON.stringify({ check: "metrics", queries: queries.length, alarms: rules.length, rang })}\n`,
  );
  return 0;
}

async function startDaemon() {
  const config = join(scratch, "daemon.json");
  writeFileSync(config, JSON.stringify({ metrics: { listen: "127.0.0.1:0" } }));
  const dir = join(scratch, "run");
  const args = [join(ROOT, "bridge", "dist", "main.js"), "serve", "--dir", dir, "--config", config];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const { metrics } = JSON.parse(line);
    return { child, dir, target: new URL(metrics).host };
  }
  throw new Error("the daemon ended without a line");
}

/** @param {string} target @returns {Promise<number>} its port */
async function startPrometheus(target) {
  const folder = join(ROOT, "deploy", "prometheus");
  const config = readFileSync(join(folder, "prometheus.yml"), "utf8");
  const changed = config.replace("talebridge:9109", target).replaceAll(/(_interval: )15s/g, "$11s");
  const file = join(scratch, "prometheus.yml");
  writeFileSync(file, changed);
  cpSync(join(folder, "alerts.yml"), join(scratch, "alerts.yml"));
  const alerts = readFileSync(join(scratch, "alerts.yml"), "utf8");
  writeFileSync(join(scratch, "alerts.yml"), alerts.replaceAll(/for: \d+[mh]/g, "for: 0s"));
  const port = await freePort();
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(scratch, "tsdb")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  children.push(spawn("prometheus", args, { stdio: "ignore" }));
  await until("prometheus is ready", async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
  return port;
}

/** @param {string} base @param {readonly string[]} expressions as the dashboard has them, with Grafana's variables @returns {Promise<string[]>} */
async function unanswered(base, expressions) {
  /** @type {string[]} */
  const found = [];
  for (const expression of expressions) {
    const expr = expression.replaceAll("$__rate_interval", "10s").replaceAll("$instance", ".*");
    if ((await query(base, expr)).length === 0) found.push(expression);
  }
  return found;
}

/** @param {string} base @returns {Promise<string[]>} */
async function firing(base) {
  const { alerts } = (await get(`${base}/api/v1/alerts`)).data;
  return alerts
    .filter((/** @type {{ state: string }} */ { state }) => state === "firing")
    .map((/** @type {{ labels: { alertname: string } }} */ { labels }) => labels.alertname);
}

/** @param {string} base @param {string} expr @returns {Promise<{ value: [number, string] }[]>} */
async function query(base, expr) {
  return (await get(`${base}/api/v1/query?query=${encodeURIComponent(expr)}`)).data.result;
}

/** @param {readonly { value: [number, string] }[]} result */
function first(result) {
  return Number(result[0]?.value[1] ?? Number.NaN);
}

/** @param {string} url @returns {Promise<any>} the answer's JSON, as Prometheus documents it */
async function get(url) {
  const answer = await fetch(url);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${url}: ${JSON.stringify(body)}`);
  return body;
}

/** @param {string} what @param {() => Promise<boolean>} holds */
async function until(what, holds) {
  const end = Date.now() + LIMIT_MS;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await setTimeout(200);
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = Number(Object(server.address()).port);
  server.close();
  await once(server, "close");
  return port;
}
