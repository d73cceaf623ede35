/** `talebridge doctor`: checks what serving needs, one line per check, each failure with its fix. Exit code 0 only when all is well. */
import { parseArgs } from "node:util";
import { isRecord } from "../config/check.js";
import { resolveDaemon } from "../config/daemon.js";
import { gatePart } from "../config/settings.js";
import { checkDaemon } from "./doctor/daemon.js";
import { checkEngine, checkFiles, checkJournal, checkVersions } from "./doctor/environment.js";
import { bad, type Finding, good } from "./doctor/finding.js";
import { readFreqtrade } from "./doctor/freqtrade.js";
import { checkNetwork } from "./doctor/network.js";
import { checkRemote } from "./doctor/remote.js";
import { currentUid, EXIT, listViolations } from "./usage.js";

export const usage = `talebridge doctor [--dir DIR] [--journal-dir DIR] [--daemon-config FILE] [--config user_data/config.json] [--json]
  Checks versions, engine, processor, clock, disk, permissions, keys, freqtrade's configuration and the daemon's answer. Exit code 0: healthy.`;

export const options = {
  dir: { type: "string" },
  "journal-dir": { type: "string" },
  "daemon-config": { type: "string" },
  config: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options,
  });
  const { engine, finding } = checkEngine();
  const freqtrade = readFreqtrade(values.config, engine);
  const findings: Finding[] = [...checkVersions(), finding, ...checkFiles(), ...freqtrade.findings];
  const uid = currentUid();
  // The bot's own directory, unless another is asked for.
  const bot_dir = typeof freqtrade.block.dir === "string" ? freqtrade.block.dir : undefined;
  const args = {
    dir: values.dir ?? bot_dir,
    journal_dir: values["journal-dir"],
    config: values["daemon-config"],
  };
  const resolution = resolveDaemon(args, process.env, uid);
  if (!resolution.ok) {
    const list = listViolations(resolution.violations);
    findings.push(bad("configuration", `invalid:\n${list}`, "correct it: docs/config.md lists every key"));
  } else {
    const { dir, journal_dir } = resolution.config;
    const { timeframe_s } = freqtrade;
    findings.push(good("configuration", `directory ${dir}, journal ${journal_dir}`));
    findings.push(...checkJournal(journal_dir, Date.now()));
    const expected = { engine, settings: gatePart(freqtrade.block), timeframe_s };
    const { connect } = freqtrade.block;
    // A bot that asks a bridge elsewhere has none on this machine.
    const remote = values.dir === undefined && isRecord(connect);
    findings.push(...(remote ? await checkRemote(connect, expected, uid) : await checkDaemon(dir, expected)));
    findings.push(...(await checkNetwork(resolution.config, uid)));
  }
  const healthy = findings.every(({ ok }) => ok);
  process.stdout.write(values.json === true ? `${JSON.stringify({ healthy, findings })}\n` : render(findings));
  return healthy ? EXIT.ok : EXIT.failed;
}

function render(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ ok, what, text, fix }) =>
        `${ok ? "ok  " : "FAIL"}  ${what}: ${text}${fix === null ? "" : `\n      fix: ${fix}`}\n`,
    )
    .join("");
}
