/** The only file that touches the native addon. */
import { closeSync, existsSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type {
  AnnotateResult,
  ColumnSpec,
  Engine,
  EngineParams,
  ParamsCheck,
  QuantumAnswer,
  QuantumSettings,
} from "./types.js";

/** An OS lock on a file, held until released or until the process ends, however it ends. */
export interface HeldLock {
  release(): void;
}

interface Addon {
  engineInfo(): { version: string; simd: string; parallel: boolean };
  columnsManifest(): string;
  validateParams(json: string): string;
  annotate(
    json: string,
    block: Uint8Array,
    rows: number,
    columns: readonly number[] | null,
  ): Promise<AddonAnnotateResult>;
  quantumDiagnostic(json: string, block: Uint8Array, rows: number): Promise<AddonQuantumResult>;
  readonly FileLock: { tryLock(path: string): HeldLock | null };
}

interface AddonFailure {
  readonly code?: string | null;
  readonly row?: number | null;
  readonly column?: string | null;
  readonly message?: string | null;
}

interface AddonAnnotateResult extends AddonFailure {
  readonly ok: boolean;
  readonly block?: Float64Array | null;
  readonly engineUs?: number | null;
}

interface AddonQuantumResult extends AddonFailure {
  readonly ok: boolean;
  readonly json?: string | null;
}

/** Engine plus what else the addon offers to the daemon. */
export interface LoadedEngine extends Engine {
  readonly parallel: boolean;
  /** Takes an exclusive lock on a file, created with mode 0600 if absent; null when another process holds it. Throws when the file cannot be opened. */
  tryLock(path: string): HeldLock | null;
  /** Diagnoses the tail window at the last candle of a block as `annotate` takes it. */
  quantumDiagnostic(
    params: EngineParams,
    settings: QuantumSettings,
    block: Uint8Array,
    rows: number,
  ): Promise<QuantumAnswer>;
}

const require = createRequire(import.meta.url);
/** In a checkout and in the Python package. */
const BESIDE = fileURLToPath(new URL("../../native/engine.node", import.meta.url));
/** Installed by npm: the engine is a package of its own for each platform. */
const PACKAGE = `@talebridge/engine-${process.platform}-${process.arch}-gnu`;
const FUNCTIONS = [
  "engineInfo",
  "columnsManifest",
  "validateParams",
  "annotate",
  "quantumDiagnostic",
  "FileLock",
] as const;

/**
 * Loads the addon and checks that it exports what this version of the bridge calls.
 * @throws Error naming the file and `npm run build` when it is missing, of another platform or of another version
 */
export function loadEngine(path = findAddon()): LoadedEngine {
  const addon = requireAddon(path);
  const info = addon.engineInfo();
  const columns = parseColumns(addon.columnsManifest(), path);
  return {
    version: info.version,
    simd: info.simd,
    parallel: info.parallel,
    columns,
    validateParams: (params: unknown) => validateParams(addon, params),
    annotate: (params, block, rows, wanted) => annotate(addon, params, block, rows, wanted ?? null),
    quantumDiagnostic: (params, settings, block, rows) => quantumDiagnostic(addon, params, settings, block, rows),
    tryLock: (file: string) => {
      // Made here, for its owner alone: who can open a lock's file can hold the lock.
      closeSync(openSync(file, "a", 0o600));
      return addon.FileLock.tryLock(file);
    },
  };
}

/** Where the addon is; where it should be, when it is nowhere. */
function findAddon(): string {
  if (existsSync(BESIDE)) return BESIDE;
  try {
    return require.resolve(PACKAGE);
  } catch {
    return BESIDE;
  }
}

function requireAddon(path: string): Addon {
  let loaded: unknown;
  try {
    loaded = require(path);
  } catch (error) {
    throw new Error(
      `the engine addon ${path} could not be loaded (${firstLine(error)}): run \`npm run build\` in a checkout, or install ${PACKAGE} beside an npm package`,
    );
  }
  const missing = FUNCTIONS.filter((name) => typeof Object(loaded)[name] !== "function");
  if (missing.length > 0) {
    throw new Error(`the engine addon ${path} does not export ${missing.join(", ")}: run \`npm run build\``);
  }
  return loaded as Addon;
}

function parseColumns(manifest: string, path: string): readonly ColumnSpec[] {
  const columns: ColumnSpec[] = JSON.parse(manifest);
  if (!Array.isArray(columns) || columns.length === 0) {
    throw new Error(`the engine addon ${path} has an empty columns manifest: run \`npm run build\``);
  }
  return columns;
}

/** Parameters may come from a client: what has no JSON form (a bignum, a cycle) is a violation like any other. */
function validateParams(addon: Addon, params: unknown): ParamsCheck {
  let json: string | undefined;
  try {
    json = JSON.stringify(params);
  } catch {
    json = undefined;
  }
  if (json === undefined) return { ok: false, violations: [{ path: "", message: "must be a map of plain values" }] };
  return JSON.parse(addon.validateParams(json));
}

async function annotate(
  addon: Addon,
  params: EngineParams,
  block: Uint8Array,
  rows: number,
  wanted: readonly number[] | null,
): Promise<AnnotateResult> {
  const result = await addon.annotate(JSON.stringify(params), block, rows, wanted);
  if (result.ok && result.block) {
    const { buffer, byteOffset, byteLength } = result.block;
    return { ok: true, block: Buffer.from(buffer, byteOffset, byteLength), engine_us: result.engineUs ?? 0 };
  }
  return refused(result);
}

async function quantumDiagnostic(
  addon: Addon,
  params: EngineParams,
  settings: QuantumSettings,
  block: Uint8Array,
  rows: number,
): Promise<QuantumAnswer> {
  const result = await addon.quantumDiagnostic(JSON.stringify({ params, ...settings }), block, rows);
  return result.ok && result.json ? { ok: true, report: JSON.parse(result.json) } : refused(result);
}

function refused(result: AddonFailure): Extract<AnnotateResult, { readonly ok: false }> {
  const code = result.code === "bad_input" || result.code === "params" ? result.code : "internal";
  return {
    ok: false,
    code,
    row: result.row ?? -1,
    column: result.column ?? "",
    message: result.message ?? "the engine gave no reason",
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
