/**
 * Writes every generated file from its one source: the closed lists in protocol/*.json, the addon's columns manifest and the settings schema.
 * Usage: node scripts/generate.mjs [--check]
 * `--check` writes nothing and exits 1 when a file is out of date. Needs the compiled bridge and the addon (`npm run build`).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** @typedef {{ code: number, name: string, origin: string, meaning: string, release: string }} Reason */
/** @typedef {Record<string, number>} Codes */
/** @typedef {{ protocol_version: number, protocol_minor: number, op: Codes, status: Codes, decision: Codes, side: Codes, kind: Codes, stage: Codes, position_state: Codes, session_status: Codes, run_mode: string[], facts: string[], account_reasons: string[], limits: Codes }} Enums */
/** @typedef {{ name: string, unit: string, memory_rows: { standard: number, compact: number }, gate: boolean, meaning: string }} Column */
/** @typedef {{ version: string, columns: Column[], memory: { standard: number, compact: number } }} EngineFacts */
/** @typedef {{ path: string, kind: string, default: unknown, by_profile: Record<string, unknown> | null, choices: string[], part: string, meaning: string, values: string, written: boolean, required: boolean }} Setting */

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** @returns {EngineFacts} */
function readEngine() {
  const path = join(root, "bridge/native/engine.node");
  if (!existsSync(path)) throw new Error("bridge/native/engine.node is missing: run `npm run build` first");
  const addon = createRequire(import.meta.url)(path);
  /** @param {string} window_set */
  const memory = (window_set) => {
    const params = { profile: "aggressive", window_set, timeframe_s: 300 };
    return JSON.parse(addon.validateParams(JSON.stringify(params))).memory_rows;
  };
  return {
    version: addon.engineInfo().version,
    columns: JSON.parse(addon.columnsManifest()),
    memory: { standard: memory("standard"), compact: memory("compact") },
  };
}

// ---------------------------------------------------------------------------------------------------------------------------- Rust

/** @param {Reason[]} reasons */
function rustReasons(reasons) {
  const constants = reasons
    .map((r) => `/// ${r.meaning}\npub const ${r.name.toUpperCase()}: u8 = ${r.code};`)
    .join("\n");
  const arms = reasons.map((r) => `        ${r.name.toUpperCase()} => "${r.name}",`).join("\n");
  return `//! Reason codes, generated from \`protocol/reasons.json\`.

${constants}

/// Name of a reason code; \`unknown\` for a code outside the closed list.
pub const fn name(code: u8) -> &'static str {
    match code {
${arms}
        _ => "unknown",
    }
}
`;
}

// ---------------------------------------------------------------------------------------------------------------------- TypeScript

/** @param {Reason[]} reasons @param {Enums} enums */
function typescriptCodes(reasons, enums) {
  /** @param {Codes} map */
  const body = (map) =>
    Object.entries(map)
      .map(([key, value]) => `  ${key}: ${value},`)
      .join("\n");
  /** @param {string} name @param {Codes} map */
  const constant = (name, map) => `export const ${name} = {\n${body(map)}\n} as const;\n`;
  const reasonMap = Object.fromEntries(reasons.map((r) => [r.name, r.code]));
  const table = reasons
    .map(
      (r) =>
        `  {\n    code: ${r.code},\n    name: ${JSON.stringify(r.name)},\n    origin: ${JSON.stringify(r.origin)},\n    meaning:${breakLong("    meaning:", r.meaning)},\n    release:${breakLong("    release:", r.release)},\n  },`,
    )
    .join("\n");
  return `/** Generated from protocol/enums.json and protocol/reasons.json by scripts/generate.mjs; do not edit. */

export const PROTOCOL_VERSION = ${enums.protocol_version};
export const PROTOCOL_MINOR = ${enums.protocol_minor};

${constant("OP", enums.op)}
${constant("STATUS", enums.status)}
${constant("DECISION", enums.decision)}
${constant("SIDE", enums.side)}
${constant("KIND", enums.kind)}
${constant("STAGE", enums.stage)}
${constant("POSITION_STATE", enums.position_state)}
${constant("SESSION_STATUS", enums.session_status)}
export const RUN_MODES = [${enums.run_mode.map((mode) => JSON.stringify(mode)).join(", ")}] as const;

/** What a question may tell besides, in this order. */
export const FACTS = [
${enums.facts.map((fact) => `  ${JSON.stringify(fact)},`).join("\n")}
] as const;

${constant("LIMITS", enums.limits)}
${constant("REASON", reasonMap)}
export type ReasonName = keyof typeof REASON;

/** Reasons that belong to a session's account or its switch, not to the candle or the entry asked about. */
export const ACCOUNT_REASONS: ReadonlySet<ReasonName> = new Set<ReasonName>([
${enums.account_reasons.map((name) => `  ${JSON.stringify(name)},`).join("\n")}
]);

/** The closed list of reasons, in order of code. */
export const REASONS = [
${table}
] as const satisfies readonly {
  readonly code: number;
  readonly name: ReasonName;
  readonly origin: "gate" | "candle" | "shim";
  readonly meaning: string;
  readonly release: string;
}[];

const NAMES: ReadonlyMap<number, ReasonName> = new Map(REASONS.map((reason) => [reason.code, reason.name]));

/** Name of a reason code; null for a code outside the closed list. */
export function reasonName(code: number): ReasonName | null {
  return NAMES.get(code) ?? null;
}
`;
}

/** A string literal after \`prefix\`, on its own line when it would pass the formatter's 120 columns. @param {string} prefix @param {string} text */
function breakLong(prefix, text) {
  const literal = JSON.stringify(text);
  return prefix.length + 1 + literal.length + 1 > 120 ? `\n      ${literal}` : ` ${literal}`;
}

// --------------------------------------------------------------------------------------------------------------------------- Python

/** A literal as ruff formats it: single quotes where they save escapes. @param {string} text */
function pythonLiteral(text) {
  return text.includes('"') && !text.includes("'") ? `'${text}'` : JSON.stringify(text);
}

/**
 * A Python string literal; long texts become adjacent literals in parentheses, below ruff's 100 columns.
 * @param {string} text @param {string} indent @param {string} [before] what stands before it on its line
 */
function pythonString(text, indent, before = "") {
  const literal = pythonLiteral(text);
  if (indent.length + before.length + literal.length + 1 <= 100) return literal;
  const words = text.split(/(?<= )/);
  /** @type {string[]} */
  const lines = [];
  let line = "";
  for (const word of words) {
    if (pythonLiteral(line + word).length > 95 - indent.length - 4) {
      lines.push(line);
      line = "";
    }
    line += word;
  }
  if (line !== "") lines.push(line);
  return `(\n${lines.map((part) => `${indent}    ${pythonLiteral(part)}`).join("\n")}\n${indent})`;
}

/** @param {unknown} value @returns {string} */
function pythonValue(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items = value.map(pythonValue);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
  }
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${pythonValue(item)}`)
      .join(", ")}}`;
  }
  return String(value);
}

/** @param {Reason[]} reasons @param {Enums} enums @param {EngineFacts} engine @param {Setting[]} settings */
function pythonConstants(reasons, enums, engine, settings) {
  /** @param {string} name @param {string} doc @param {Codes} map */
  const intEnum = (name, doc, map) =>
    `class ${name}(IntEnum):\n    """${doc}"""\n\n${Object.entries(map)
      .map(([key, value]) => `    ${key.toUpperCase()} = ${value}`)
      .join("\n")}\n`;
  const reasonMap = Object.fromEntries(reasons.map((r) => [r.name, r.code]));
  const texts = reasons
    .map(
      (r) =>
        `    ${r.code}: (\n        ${JSON.stringify(r.name)},\n        ${pythonString(r.meaning, "        ")},\n        ${pythonString(r.release, "        ")},\n    ),`,
    )
    .join("\n");
  const columns = engine.columns
    .map(
      (c) =>
        `    ColumnSpec(\n        ${JSON.stringify(c.name)},\n        ${JSON.stringify(c.unit)},\n        ${pythonValue(c.gate)},\n        ${pythonString(c.meaning, "        ")},\n    ),`,
    )
    .join("\n");
  const specs = settings
    .filter((s) => !s.written)
    .map((s) =>
      [
        "    SettingSpec(",
        `        path=${JSON.stringify(s.path)},`,
        `        kind=${JSON.stringify(s.kind)},`,
        `        default=${pythonValue(s.default)},`,
        `        choices=${pythonValue(s.choices)},`,
        `        part=${JSON.stringify(s.part)},`,
        `        meaning=${pythonString(s.meaning, "        ", "meaning=")},`,
        `        by_profile=${pythonValue(s.by_profile)},`,
        `        values=${pythonString(s.values, "        ", "values=")},`,
        "    ),",
      ].join("\n"),
    )
    .join("\n");
  return `"""Generated by scripts/generate.mjs from protocol/*.json, the engine and the settings schema.

Do not edit: change the source and run \`npm run generate\`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

PROTOCOL_VERSION: Final = ${enums.protocol_version}
PROTOCOL_MINOR: Final = ${enums.protocol_minor}
ENGINE_VERSION: Final = ${JSON.stringify(engine.version)}


${intEnum("Op", "What a request asks for.", enums.op)}

${intEnum("Status", "How a request fared.", enums.status)}

${intEnum("Decision", "What to do with an entry.", enums.decision)}

${intEnum("Side", "Side of an entry.", enums.side)}

${intEnum("Kind", "What sort of entry is asked about.", enums.kind)}

${intEnum("Stage", "Whether the stake can still be cut.", enums.stage)}

${intEnum("PositionState", "State of a position in the portfolio message.", enums.position_state)}

${intEnum("SessionStatus", "Manual state of a session.", enums.session_status)}

${intEnum("Reason", "The closed list of reason codes.", reasonMap)}

RUN_MODES: Final[tuple[str, ...]] = ${pythonValue(enums.run_mode)}

FACTS: Final[tuple[str, ...]] = (
${enums.facts.map((fact) => `    ${JSON.stringify(fact)},`).join("\n")}
)
"""What a question may tell besides, in this order."""

LIMITS: Final[dict[str, int]] = {
${Object.entries(enums.limits)
  .map(([key, value]) => `    ${JSON.stringify(key)}: ${value},`)
  .join("\n")}
}

ACCOUNT_REASONS: Final[frozenset[Reason]] = frozenset(
    {
${enums.account_reasons.map((name) => `        Reason.${name.toUpperCase()},`).join("\n")}
    }
)
"""Reasons that belong to a session's account or its switch, not to the entry asked about."""

REASON_TEXT: Final[dict[int, tuple[str, str, str]]] = {
${texts}
}
"""Code -> (name, meaning, release)."""


class ColumnSpec(NamedTuple):
    """One output column of the engine."""

    name: str
    unit: str
    gate: bool
    meaning: str


COLUMNS: Final[tuple[ColumnSpec, ...]] = (
${columns}
)

MEMORY_ROWS: Final[dict[str, int]] = {
    "standard": ${engine.memory.standard},
    "compact": ${engine.memory.compact},
}
"""M per window set: candles of history a verdict needs, its own included."""


class SettingSpec(NamedTuple):
    """One key of the risk_bridge settings; \`path\` is dotted."""

    path: str
    kind: str
    default: object
    choices: tuple[str, ...]
    part: str
    meaning: str
    by_profile: dict[str, float | None] | None
    values: str


SETTINGS: Final[tuple[SettingSpec, ...]] = (
${specs}
)
`;
}

// --------------------------------------------------------------------------------------------------------------------- settings table

/**
 * The settings schema as a flat table.
 * @param {any} schema @param {(schema: any) => string} describe @param {string} [prefix] @returns {Setting[]}
 */
function flatten(schema, describe, prefix = "") {
  return Object.entries(schema.properties).flatMap(([key, node]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (node["x-ignored"] === true) return [];
    if (node.properties !== undefined) return flatten(node, describe, path);
    // A part that is off unless given, or a map of names: itself, then what is in it.
    const named = Object.values(node.patternProperties ?? {})[0];
    const [part, at] = named?.properties === undefined ? [node.anyOf?.[0], path] : [named, `${path}.<name>`];
    const inner = part?.properties === undefined ? [] : flatten(part, describe, at);
    return [
      {
        path,
        kind: kindOf(node),
        default: node.default ?? null,
        by_profile: node["x-default-by-profile"] ?? null,
        choices: node.enum ?? node.anyOf?.[0]?.enum ?? [],
        part: node["x-part"],
        meaning: node.description,
        values: describe(node),
        written: node["x-written"] === true,
        required: (schema.required ?? []).includes(key),
      },
      ...inner,
    ];
  });
}

/** number, integer, boolean, string, enum, list, map; with \`?\` when null is admitted, with \`|\` where one of two is. @param {any} node @returns {string} */
function kindOf(node) {
  if (node.anyOf !== undefined) {
    const [first, second] = node.anyOf.map((/** @type {any} */ part) => (part.type === "null" ? null : kindOf(part)));
    return second === null ? `${first}?` : `${first}|${second}`;
  }
  if (node.enum !== undefined) return "enum";
  if (node.type === "array") return "list";
  return node.type === "object" ? "map" : node.type;
}

// --------------------------------------------------------------------------------------------------------------------- documentation

const NOTE = (/** @type {string} */ source) =>
  `<!-- Generated from ${source} by \`npm run generate\`; do not edit. -->\n`;

/** @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** @param {Reason[]} reasons */
function reasonsDoc(reasons) {
  const origins = /** @type {const} */ ({
    candle: "Candle verdict (the engine)",
    gate: "Entry verdict (the bridge)",
    shim: "Python shim (the bridge was not heard)",
  });
  const sections = Object.entries(origins).map(([origin, title]) => {
    const rows = reasons
      .filter((r) => r.origin === origin)
      .map((r) => `| ${r.code} | \`${r.name}\` | ${cell(r.meaning)} | ${cell(r.release) || "–"} |`);
    return `## ${title}\n\n| code | name | meaning | ends |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${NOTE("protocol/reasons.json")}
# Reasons

Every entry that is cut or denied carries exactly one binding reason from this closed list. Codes are never reused or renumbered.

${sections.join("\n")}`;
}

/** @param {EngineFacts} engine */
function columnsDoc(engine) {
  const gate = engine.columns.filter((c) => c.gate).map((c) => c.name);
  const rows = engine.columns.map(
    (c) =>
      `| \`${c.name}\` | ${cell(c.unit)} | ${c.memory_rows.standard} | ${c.memory_rows.compact} | ${c.gate ? "yes" : ""} | ${cell(c.meaning)} |`,
  );
  return `${NOTE("the engine's columns manifest")}
# Columns

What the engine adds to a strategy's frame, one row per candle, all float64. A value depends on its own candle
and on at most the *memory* candles before it. A row is ready once M candles precede it (standard ${engine.memory.standard}, compact ${engine.memory.compact}): counted from 0, the first ready row
is row M. In the rows before it measures are NaN and the verdict is \`warming_up\`.
Columns the gate reads are exact in float32, so that a backtest, which stores frames in float32, reads the same number as a live bot.

## Which of them a frame gets

All, unless the setting \`columns\` says otherwise, as an argument of the decorator, in \`config["risk_bridge"]\` or in \`FREQTRADE__RISK_BRIDGE__COLUMNS\`, a list there as JSON (\`'["risk_jump"]'\`):

- \`"all"\`, the default: for strategies that read measures, and for charts that show them.
- \`"verdict"\`: ${gate.map((name) => `\`${name}\``).join(", ")}, which is all the gate reads. For strategies that only want the gate: \`@risk_gated(columns="verdict")\`.
- A list of names: those and the verdict's, in the order below. For strategies that read a few: \`@risk_gated(columns=["risk_jump", "risk_sigma"])\`.

It holds in every run mode alike, and entries are decided the same whichever columns a frame has: candle rules read measures inside the engine, and where a limit is on that is told of a frame's measures
(\`max_rate_deviation\`, \`max_trade_loss\`, \`max_book_loss\`, \`liquidation_guard\`), \`risk_es99_*\`, \`risk_xi_*\` and \`risk_adverse_q_*\` come along by themselves. What is saved is time in backtests
and hyperopt, where freqtrade copies every frame several times, all its columns with it; and the engine leaves out what neither a wanted column nor a rule depends on: tails, liquidity and market
are computed only where they are asked for, so that with the default rules the verdict alone takes it about a fifth of the time. The bits of what is delivered are the same.

## What they mean

| column | unit | memory, standard | memory, compact | gate reads it | meaning |
|---|---|---|---|---|---|
${rows.join("\n")}
`;
}

/** @param {{ name: string, type: string, labels: readonly string[], help: string }[]} metrics */
function metricsDoc(metrics) {
  const rows = metrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ") || "–"} | ${cell(help)} |`,
  );
  return `${NOTE("bridge/src/metrics/families.ts")}
# Metrics

What \`/metrics\` serves when \`metrics.listen\` is set in the daemon's configuration. Labels come from closed lists: no pair, session or client is ever one.
What to watch, and which alarms to set: [operations](operations.md).

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join("\n")}
`;
}

/**
 * @param {Record<string, { meaning: string, prometheus: string | null }>} alarms @param {Record<string, string>} prometheus_only
 * @param {Record<string, string>} values
 */
function alarmsDoc(alarms, prometheus_only, values) {
  const rows = Object.entries(alarms).map(
    ([kind, { meaning, prometheus }]) =>
      `| \`${kind}\` | ${cell(meaning)} | ${prometheus === null ? "–" : `\`${prometheus}\``} |`,
  );
  const only = Object.entries(prometheus_only).map(([rule, meaning]) => `| – | ${cell(meaning)} | \`${rule}\` |`);
  const names = Object.entries(values).map(([name, meaning]) => `| \`{${name}}\` | ${cell(meaning)} |`);
  return `${NOTE("bridge/src/alarms/kinds.ts and webhook/values.ts")}
# Alarms

Everything the bridge rings about, from one closed list. The [web page](web.md) shows those with a name and the webhook sends them; the rules for Prometheus ring
for the same causes, by counts over time, and for some that only an observer from outside can see: [operations](operations.md) says what to do.

| alarm | meaning | rule for Prometheus |
|---|---|---|
${[...rows, ...only].join("\n")}

## What a webhook's texts may hold

In the templates \`webhook.startup\`, \`webhook.status\` and \`webhook.warning\` of the [daemon's configuration](config.md). \`{{\` and \`}}\` are braces. Anything else in
braces is refused when the daemon starts. How to set it up: [alarms on your phone](how-to/alarms.md).

| in braces | is |
|---|---|
${names.join("\n")}
`;
}

/** @param {Setting} s */
function defaultText(s) {
  if (s.required) return "must be given";
  if (s.by_profile !== null) {
    return Object.entries(s.by_profile)
      .map(([name, value]) => `${name} ${value ?? "off"}`)
      .join(", ");
  }
  return s.default === null ? "null" : `\`${typeof s.default === "object" ? JSON.stringify(s.default) : s.default}\``;
}

/** @param {Setting[]} settings @param {Setting[]} daemon */
function configDoc(settings, daemon) {
  /** @param {Setting[]} rows */
  const table = (rows) =>
    `| key | values | default | meaning |\n|---|---|---|---|\n${rows
      .map(
        (s) => `| \`${s.path}\` | ${cell(s.values)} | ${cell(s.written ? "–" : defaultText(s))} | ${cell(s.meaning)} |`,
      )
      .join("\n")}\n`;
  return `${NOTE("bridge/src/config/settings.ts and daemon_schema.ts")}
# Configuration

## The strategy's side: \`risk_bridge\` in freqtrade's config.json

Arguments of \`@risk_gated(...)\` are overruled by the \`risk_bridge\` block, and that by environment variables
(\`FREQTRADE__RISK_BRIDGE__PROFILE=conservative\`, nested keys with another \`__\`). Unknown keys are errors, and all errors are reported at once.
JSON Schema: [protocol/settings.schema.json](../protocol/settings.schema.json), also printed by \`talebridge schema\`.

### Read by the bridge

${table(settings.filter((s) => s.part === "gate"))}
### Read by the shim

${table(settings.filter((s) => s.part === "shim"))}
## The daemon's side: \`talebridge serve\`

Arguments overrule environment variables (\`TALEBRIDGE_DIR\`, \`TALEBRIDGE_JOURNAL_DIR\`, \`TALEBRIDGE_LOG_LEVEL\`), and those overrule the JSON file given with \`--config\`.
JSON Schema: [protocol/daemon.schema.json](../protocol/daemon.schema.json), also printed by \`talebridge schema --daemon\`.

${table(daemon)}`;
}

// ------------------------------------------------------------------------------------------------------------------------------ main

/** @returns {Promise<Map<string, string>>} path -> text */
async function generateAll() {
  /** @type {Reason[]} */
  const reasons = readJson("protocol/reasons.json").reasons;
  /** @type {Enums} */
  const enums = readJson("protocol/enums.json");
  const files = new Map([
    ["engine-rs/src/reasons.rs", rustReasons(reasons)],
    ["bridge/src/protocol/codes.ts", typescriptCodes(reasons, enums)],
    ["docs/reasons.md", reasonsDoc(reasons)],
  ]);
  // The compiled bridge imports codes.ts: a fresh one is written before the rest is made, so that a new code can be compiled at all.
  if (!process.argv.includes("--check")) write(files);

  const dist = join(root, "bridge/dist/config");
  if (!existsSync(join(dist, "settings.js"))) throw new Error("bridge/dist is missing: run `npm run build` first");
  /** @param {string} name @returns {Promise<any>} */
  const load = (name) => import(pathToFileURL(join(dist, name)).href);
  const { SettingsSchema } = await load("settings.js");
  const { DaemonSchema } = await load("daemon_schema.js");
  const { describe } = await load("check.js");
  const { METRICS } = await load("../metrics/families.js");
  const { settingsSchema, settingsFileSchema, daemonSchema, published } = await load("../cli/schema_documents.js");
  const settings = flatten(SettingsSchema, describe);
  const daemon = flatten(DaemonSchema, describe);
  const engine = readEngine();
  /** @param {unknown} schema */
  const jsonSchema = (schema) => `${JSON.stringify(schema, null, 2)}\n`;
  files.set("python-shim/src/talebridge/_generated.py", pythonConstants(reasons, enums, engine, settings));
  files.set("protocol/settings.schema.json", jsonSchema(settingsSchema()));
  files.set("protocol/settings-file.schema.json", jsonSchema(settingsFileSchema()));
  files.set("protocol/daemon.schema.json", jsonSchema(daemonSchema()));
  const { lineSchema } = await load("../journal/lines.js");
  const { ReplayResultSchema } = await load("../replay/run/result.js");
  const { CalibrationSchema } = await load("../replay/calibrate/result.js");
  const documents = { "journal-line": lineSchema(), replay: ReplayResultSchema, calibration: CalibrationSchema };
  for (const [name, schema] of Object.entries(documents))
    files.set(`protocol/${name}.schema.json`, jsonSchema(published(schema)));
  // Shipped with the daemon, for `talebridge init`.
  files.set("bridge/assets/init/GateOnly.py", readFileSync(join(root, "strategies/GateOnly.py"), "utf8"));
  // For man(1), in both packages; `talebridge man` prints the same.
  files.set("bridge/assets/man/talebridge.1", await (await load("../cli/man.js")).manualPage());
  files.set("docs/columns.md", columnsDoc(engine));
  files.set("docs/config.md", configDoc(settings, daemon));
  files.set("docs/metrics.md", metricsDoc(METRICS));
  const { ALARMS, PROMETHEUS_ONLY } = await load("../alarms/kinds.js");
  const { VALUES } = await load("../webhook/values.js");
  files.set("docs/alarms.md", alarmsDoc(ALARMS, PROMETHEUS_ONLY, VALUES));
  return files;
}

/** @param {Map<string, string>} files */
function write(files) {
  for (const [path, text] of files) {
    const target = join(root, path);
    if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    process.stderr.write(`wrote ${path}\n`);
  }
}

try {
  const files = await generateAll();
  if (process.argv.includes("--check")) {
    const stale = [...files].filter(
      ([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text,
    );
    for (const [path] of stale) process.stderr.write(`${path} is out of date: run \`npm run generate\`\n`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else write(files);
} catch (error) {
  process.stderr.write(`generate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
