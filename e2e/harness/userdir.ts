/** A freqtrade user's folder in a temporary place: configuration, results, and sockets with a path short enough for them. */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freqtradeConfig } from "./config.mjs";
import { SAMPLE_STRATEGIES, TEST_STRATEGIES } from "./paths.js";

export interface UserDirOptions {
  /** Candle folder in freqtrade's feather layout; default: an empty one of the user's own, for bots, which make it if it is not there. */
  readonly datadir?: string;
  readonly pairs: readonly string[];
  /** Base URL of the loopback exchange, e.g. `http://127.0.0.1:4000`. */
  readonly exchange: string;
  /** The `risk_bridge` block. */
  readonly risk_bridge?: Readonly<Record<string, unknown>>;
  /** Anything else for config.json. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface UserDir {
  readonly root: string;
  readonly datadir: string;
  readonly config: string;
  readonly results: string;
  /** Where the shim of these runs is told to write its journals. */
  readonly journals: string;
  /** A directory for a daemon's sockets. */
  readonly sockets: string;
  /** Writes another configuration file that freqtrade merges over the first. */
  extra(name: string, config: Readonly<Record<string, unknown>>): string;
  remove(): void;
}

/** Makes the folder. The caller removes it. */
export function makeUserDir(options: UserDirOptions): UserDir {
  const root = mkdtempSync(join(tmpdir(), "tb-e2e-"));
  const dir: UserDir = {
    root,
    datadir: options.datadir ?? join(root, "data"),
    config: join(root, "config.json"),
    results: join(root, "backtest_results"),
    journals: join(root, "journals"),
    sockets: join(root, "run"),
    extra(name, config) {
      const path = join(root, `${name}.json`);
      writeFileSync(path, JSON.stringify(config, null, 2));
      return path;
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
  for (const sub of ["backtest_results", "hyperopt_results", "strategies", "data", "journals", "logs"]) {
    mkdirSync(join(root, sub));
  }
  // Copies: freqtrade writes what hyperopt found beside a strategy, and later runs would read it.
  for (const folder of [SAMPLE_STRATEGIES, TEST_STRATEGIES]) {
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".py"))) {
      copyFileSync(join(folder, name), join(root, "strategies", name));
    }
  }
  const config = {
    ...freqtradeConfig({
      user_data_dir: root,
      pairs: options.pairs,
      exchange: options.exchange,
      risk_bridge: { journal_dir: dir.journals, ...options.risk_bridge },
    }),
    ...options.config,
  };
  writeFileSync(dir.config, JSON.stringify(config, null, 2));
  return dir;
}
