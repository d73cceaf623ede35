/** The files a replay writes: figures, ledger, report, pictures. Each appears whole or not at all. */
import { randomBytes } from "node:crypto";
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { makeDirectory } from "../make_directory.js";
import { ledgerCsv } from "../replay/report/csv.js";
import { reportPage } from "../replay/report/page.js";
import { plots } from "../replay/report/plots/plots.js";
import type { ReplayResult } from "../replay/run/result.js";
import type { PairSeries } from "../replay/run/series.js";
import { isDirectory } from "./replay_sources.js";
import { UsageError } from "./usage.js";

/** Where to write what; undefined: not wanted. */
export interface Outputs {
  readonly html?: string | undefined;
  readonly json?: string | undefined;
  readonly csv?: string | undefined;
  /** Settings that a calibration suggests. */
  readonly params?: string | undefined;
  /** A directory, made if its parent is there. */
  readonly plots?: string | undefined;
}

/** Before the work begins rather than after it. @throws UsageError when a file could not be written where it is wanted */
export function requireWritable({ html, json, csv, params, plots: folder }: Outputs): void {
  for (const target of [html, json, csv, params]) {
    if (target !== undefined && isDirectory(target)) throw new UsageError(`${target} is a directory; give a file name`);
  }
  for (const target of [html, json, csv, params, folder]) {
    if (target === undefined) continue;
    const directory = dirname(resolve(target));
    if (!isDirectory(directory))
      throw new UsageError(`${directory} does not exist; create it, or write ${basename(target)} elsewhere`);
  }
  if (folder !== undefined && existsSync(folder) && !statSync(folder).isDirectory())
    throw new UsageError(`--plots ${folder} is a file; give a directory`);
}

/** @param series prices for the report's price chart */
export function writeOutputs(outputs: Outputs, result: ReplayResult, series: readonly PairSeries[]): void {
  const { html, json, csv, plots: folder } = outputs;
  if (json !== undefined) writeWhole(json, `${JSON.stringify(result)}\n`);
  if (csv !== undefined) writeWhole(csv, ledgerCsv(result.entries));
  if (html !== undefined) writeWhole(html, reportPage(result, series));
  if (folder !== undefined) {
    makeDirectory(folder);
    for (const { name, svg } of plots(result)) writeWhole(join(folder, name), svg);
  }
}

/** The file is there whole or not at all. @throws Error when it could not be written */
export function writeWhole(path: string, text: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    writeFileSync(draft, text);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Error(`${path} could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
