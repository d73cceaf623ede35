/** A freqtrade user's folder in a temporary place: configuration, results, and sockets with a path short enough for them. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface UserDirOptions {
  /** Candle folder in freqtrade's feather layout. */
  readonly datadir: string;
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
  writeFileSync(dir.config, JSON.stringify(configuration(options, dir), null, 2));
  return dir;
}

function configuration(options: UserDirOptions, dir: UserDir): Record<string, unknown> {
  const api = (path: string): string => `${options.exchange}${path}`;
  return {
    max_open_trades: options.pairs.length,
    stake_currency: "USDT",
    stake_amount: 1000,
    tradable_balance_ratio: 0.99,
    dry_run: true,
    dry_run_wallet: 10_000,
    trading_mode: "spot",
    datadir: options.datadir,
    user_data_dir: dir.root,
    entry_pricing: { price_side: "other", use_order_book: true, order_book_top: 1 },
    exit_pricing: { price_side: "other", use_order_book: true, order_book_top: 1 },
    exchange: {
      name: "binance",
      key: "",
      secret: "",
      enable_ws: false,
      pair_whitelist: options.pairs,
      ccxt_config: {
        enableRateLimit: false,
        options: { fetchMarkets: { types: ["spot"] }, fetchCurrencies: false, adjustForTimeDifference: false },
        urls: {
          api: {
            public: api("/api/v3"),
            private: api("/api/v3"),
            fapiPublic: api("/fapi/v1"),
            dapiPublic: api("/dapi/v1"),
          },
        },
      },
    },
    pairlists: [{ method: "StaticPairList" }],
    initial_state: "running",
    internals: { process_throttle_secs: 1 },
    risk_bridge: { journal_dir: dir.journals, ...options.risk_bridge },
    ...options.config,
  };
}
