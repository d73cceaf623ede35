/** The suites of `npm test`: which tool runs where, in which group, and how its result is counted. */

import { join } from "node:path";
import { ROOT, VENV } from "./paths.mjs";
import { countCargo, countPytest, countVitest } from "./suites.mjs";

export const GROUPS = /** @type {const} */ (["lint", "rust", "ts", "python", "e2e"]);
/** @typedef {(typeof GROUPS)[number]} Group */

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {Group} group
 * @property {number} lane suites of a lane run one after the other; lanes run beside each other. Suites of the last lane run alone, at the end
 * @property {string} command
 * @property {readonly string[]} args
 * @property {string} [cwd]
 * @property {{ file?: string, read: (text: string) => import("./suites.mjs").Counts }} [count] where the result is: a file, or the output;
 *   a suite without it is one check
 */

export const LAST_LANE = 2;

/** @param {string} name */
const tool = (name) => join(VENV, "bin", name);
/** @param {...string} path */
const module_ = (...path) => join(ROOT, "node_modules", ...path);

/**
 * @param {string} results folder for machine-readable results
 * @returns {readonly Suite[]} in order
 */
export function suites(results) {
  const node = process.execPath;
  const biome = module_("@biomejs", "biome", "bin", "biome");
  const tsc = module_("typescript", "bin", "tsc");
  const python = tool("python");
  /** @type {(name: string, project: string, lane: number) => Suite} */
  const vitest = (name, project, lane) => {
    const file = join(results, `vitest-${project}.json`);
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    return {
      name,
      group: project === "e2e" ? "e2e" : "ts",
      lane,
      command: node,
      args: [module_("vitest", "vitest.mjs"), "run", "--project", project, ...reporters],
      count: { file, read: countVitest },
    };
  };
  /** @type {(name: string, cwd: string) => Suite} */
  const pytest = (name, cwd) => {
    const file = join(results, `pytest-${cwd.replaceAll("/", "-")}.xml`);
    return {
      name,
      group: "python",
      lane: 1,
      command: python,
      args: ["-m", "pytest", `--junitxml=${file}`],
      cwd: join(ROOT, cwd),
      count: { file, read: countPytest },
    };
  };
  /** @type {(name: string, group: Group, lane: number, command: string, args: readonly string[], cwd?: string) => Suite} */
  const check = (name, group, lane, command, args, cwd) => ({
    name,
    group,
    lane,
    command,
    args,
    ...(cwd === undefined ? {} : { cwd: join(ROOT, cwd) }),
  });
  return [
    check("generated files", "lint", 1, node, ["scripts/generate.mjs", "--check"]),
    check("biome", "lint", 1, node, [biome, "check", "--error-on-warnings", "."]),
    check("tsc", "lint", 1, node, [tsc, "-p", "tsconfig.json", "--noEmit"]),
    check("ruff check", "lint", 1, tool("ruff"), ["check", "."]),
    check("ruff format", "lint", 1, tool("ruff"), ["format", "--check", "."]),
    check("mypy, shim", "lint", 1, tool("mypy"), [], "python-shim"),
    check("mypy, demo", "lint", 1, tool("mypy"), ["."], "demo"),
    check("licences", "lint", 1, node, ["scripts/check-licences.mjs"]),
    check("vector code", "lint", 1, node, ["scripts/check-simd.mjs"]),
    check("rustfmt", "lint", 0, "cargo", ["fmt", "--check"]),
    check("clippy", "lint", 0, "cargo", [
      ...["clippy", "--locked", "--workspace", "--all-targets", "--all-features"],
      ...["--", "-D", "warnings"],
    ]),
    {
      name: "cargo test",
      group: "rust",
      lane: 0,
      command: "cargo",
      args: ["test", "--locked", "--workspace", "--no-fail-fast"],
      count: { read: countCargo },
    },
    vitest("vitest, unit", "unit", 1),
    pytest("pytest, shim", "python-shim"),
    pytest("pytest, demo", "demo"),
    pytest("pytest, peers", "bench/peers"),
    vitest("end to end", "e2e", LAST_LANE),
  ];
}

export const USAGE = `usage: npm test -- [--only ${GROUPS.join(",")}]

Sets up, builds, then runs all checks and tests. The last line says how many passed and failed.
`;

/**
 * @param {readonly string[]} args
 * @returns {{ groups: readonly Group[] } | { error: string }}
 */
export function readTestOptions(args) {
  if (args.length === 0) return { groups: GROUPS };
  const text = args[0] === "--only" && args.length === 2 ? args[1] : args[0]?.match(/^--only=(.+)$/)?.[1];
  if (text === undefined || args.length > 2) return { error: `${args.join(" ")}: there is no such option` };
  const wanted = text.split(",");
  const unknown = wanted.filter((name) => !GROUPS.some((group) => group === name));
  if (unknown.length > 0)
    return { error: `--only ${text}: there is no ${unknown.join(", ")}; take ${GROUPS.join(", ")}` };
  return { groups: GROUPS.filter((group) => wanted.includes(group)) };
}
