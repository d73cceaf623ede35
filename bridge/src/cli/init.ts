/** `talebridge init`: adds the gate to an existing freqtrade user_data folder. Writes new files only, never into one that is there. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeDirectory } from "../make_directory.js";
import { composeOverride } from "./init_compose.js";
import { settingsFileSchema } from "./schema_documents.js";
import { EXIT, UsageError } from "./usage.js";

export const usage = `talebridge init [--userdir user_data] [--profile aggressive] [--mode shadow] [--json]
  Adds the gate to an existing freqtrade user_data: settings with their schema, a sample strategy and, where a compose file lies beside it, an override
  that runs the bridge beside the bot. Never overwrites; says what it wrote and what to do next.`;

const PROFILES = ["conservative", "aggressive", "extreme"] as const;
const MODES = ["enforce", "shadow", "off"] as const;
const COMPOSE_FILES = ["docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml"];
const OVERRIDE = "docker-compose.override.yml";
const SAMPLE = "GateOnly.py";
const SAMPLE_SOURCE = fileURLToPath(new URL(`../../assets/init/${SAMPLE}`, import.meta.url));

interface Outcome {
  readonly path: string;
  /** `kept`: it was there and is as it was. */
  readonly outcome: "written" | "kept";
}

export const options = {
  userdir: { type: "string" },
  profile: { type: "string" },
  mode: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options,
  });
  const user_data = resolve(values.userdir ?? "user_data");
  if (!existsSync(user_data) || !statSync(user_data).isDirectory()) {
    throw new UsageError(
      `${user_data} is no folder: make it with \`freqtrade create-userdir --userdir user_data\`, or name it with --userdir`,
    );
  }
  const profile = oneOf("--profile", values.profile ?? "aggressive", PROFILES);
  const mode = oneOf("--mode", values.mode ?? "shadow", MODES);
  const beside = dirname(user_data);
  const compose = COMPOSE_FILES.find((name) => existsSync(join(beside, name)));

  const block = { $schema: "./talebridge.schema.json", risk_bridge: { profile, mode } };
  const files: [string, string][] = [
    [join(user_data, "talebridge.json"), json(block)],
    [join(user_data, "talebridge.schema.json"), json(settingsFileSchema())],
    [join(user_data, "strategies", SAMPLE), readFileSync(SAMPLE_SOURCE, "utf8")],
  ];
  if (compose !== undefined) files.push([join(beside, OVERRIDE), composeOverride()]);
  const outcomes = files.map(([path, text]) => writeNew(path, text));

  const next = nextSteps(user_data, compose === undefined ? null : outcomes.at(-1));
  if (values.json === true) process.stdout.write(`${JSON.stringify({ user_data, files: outcomes, next })}\n`);
  else {
    for (const { path, outcome } of outcomes)
      process.stdout.write(`${outcome === "written" ? "wrote" : "kept "}  ${relative(process.cwd(), path) || path}\n`);
    process.stdout.write(`\nNext:\n${next.map((line, i) => `${i + 1}. ${line}\n`).join("")}`);
  }
  return EXIT.ok;
}

function nextSteps(user_data: string, override: Outcome | null | undefined): string[] {
  const steps = [
    `in ${join(user_data, "config.json")}: "add_config_files": ["talebridge.json"]  (or give freqtrade a second --config)`,
    `in your strategy: \`from talebridge import risk_gated\`, and \`@risk_gated\` above its class; strategies/${SAMPLE} shows it`,
    "freqtrade backtesting as before, then `talebridge replay RESULT.zip`: what the gate would have changed",
  ];
  if (override?.outcome === "written")
    steps.push("docker compose up --build --detach; the service has to be called freqtrade");
  else if (override?.outcome === "kept")
    steps.push(`${override.path} is yours and was kept: add the services of docs/deploy.md to it`);
  else steps.push("live: `talebridge serve` beside the bot, under the same user");
  steps.push('mode "shadow" writes down and changes nothing; when you believe it, set "enforce" in talebridge.json');
  return steps;
}

/** Writes a file unless anything is at its place, a dangling link included. */
function writeNew(path: string, text: string): Outcome {
  makeDirectory(dirname(path));
  try {
    writeFileSync(path, text, { flag: "wx" });
    return { path, outcome: "written" };
  } catch (error) {
    if (Object(error).code !== "EEXIST") throw error;
    return { path, outcome: "kept" };
  }
}

function oneOf<const T extends string>(option: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`${option} was "${given}"; must be ${allowed.join(", ")}`);
  return found;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
