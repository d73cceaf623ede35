/** What a demo run gives to freqtrade: a configuration, and the user's strategy behind one decorated class. */

import { loopbackExchange } from "./loopback-exchange.js";
import type { Plan } from "./plan.js";

export const WALLET = 10_000;
const MAX_OPEN_TRADES = 8;
/** A fixed stake keeps the runs comparable trade by trade: no trade's size depends on how earlier ones ended. */
const STAKE = 1_000;

export type Mode = "off" | "enforce";

/** freqtrade's configuration. The two runs differ in `risk_bridge.mode` only. */
export function configuration(plan: Plan, exchange_url: string, profile: string, mode: Mode): Record<string, unknown> {
  return {
    dry_run: true,
    dry_run_wallet: WALLET,
    stake_currency: plan.stake_currency,
    stake_amount: STAKE,
    max_open_trades: Math.min(plan.pairs.length, MAX_OPEN_TRADES),
    tradable_balance_ratio: 0.99,
    trading_mode: "spot",
    timeframe: plan.timeframe,
    dataformat_ohlcv: "feather",
    entry_pricing: { price_side: "same", use_order_book: true, order_book_top: 1 },
    exit_pricing: { price_side: "same", use_order_book: true, order_book_top: 1 },
    exchange: loopbackExchange(exchange_url, plan.pairs),
    pairlists: [{ method: "StaticPairList" }],
    // The daemon is already there: one that dies must stop the run, not be replaced unseen.
    risk_bridge: { profile, mode, autostart: "off" },
  };
}

/** JSON strings are Python strings too. */
const python = (text: string): string => JSON.stringify(text);

/**
 * A strategy file that gates the user's class, whether that is decorated or not (decorated twice is gated once). Both runs use it, so both have the same
 * start-up candles. It has the user's class name, so that freqtrade's parameter files fit.
 * @param loader_dir folder of user_strategy.py
 */
export function strategyFile(
  strategy: { readonly file: string; readonly class_name: string },
  startup_candles: number,
  loader_dir: string,
): string {
  const { class_name } = strategy;
  return `"""Written by the talebridge demo: ${class_name}, gated. Safe to delete."""

import sys

sys.path.append(${python(loader_dir)})

from talebridge import risk_gated
from user_strategy import load_class

_UserStrategy = load_class(${python(strategy.file)}, ${python(class_name)})


@risk_gated
class ${class_name}(_UserStrategy):
    startup_candle_count = ${startup_candles}
`;
}

/** Arguments of `freqtrade backtesting`; nothing is taken from or left in a cache. */
export function backtestArguments(files: {
  readonly config: string;
  readonly userdir: string;
  readonly datadir: string;
  readonly strategies: string;
  readonly class_name: string;
  readonly timerange: string;
  readonly results: string;
}): readonly string[] {
  return [
    ...["-m", "freqtrade", "backtesting"],
    ...["--config", files.config],
    ...["--userdir", files.userdir],
    ...["--datadir", files.datadir],
    ...["--strategy-path", files.strategies],
    ...["--strategy", files.class_name],
    ...["--timerange", files.timerange],
    ...["--backtest-directory", files.results],
    ...["--cache", "none"],
    ...["--export", "trades"],
    "--no-color",
  ];
}

/**
 * The environment of everything the demo starts: this one without settings that would reach into the run, and without a proxy between freqtrade and
 * this machine's own addresses.
 */
export function cleanEnvironment(env: NodeJS.ProcessEnv, own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(FREQTRADE__|TALEBRIDGE_)/i.test(name));
  return {
    ...Object.fromEntries(kept.filter(([name]) => !/^(https?|all|no)_proxy$/i.test(name))),
    NO_COLOR: "1",
    COLUMNS: "160",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    ...own,
  };
}
