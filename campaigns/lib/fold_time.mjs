/** Minutes of several bots on one bridge that is stopped, killed and started anew, with what the journal folds to compared at every start. */
import { FIXED } from "../../bridge/dist/limits.js";
import { OP, REASONS, SESSION_STATUS, STATUS } from "../../bridge/dist/protocol/codes.js";
import { Bot, PAIRS, Prices } from "./fold_bots.mjs";
import { FoldBridge } from "./fold_bridge.mjs";
import { seeded } from "./random.mjs";

/** @typedef {import("./random.mjs").Random} Random */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MINUTES = 1440;
/** A Monday. */
const START_MS = Date.UTC(2024, 0, 1);
/** Nearly everything is on. */
const MANY = {
  soft_drawdown: 0.3,
  max_weekly_loss: 0.15,
  loss_streak_trades: 4,
  max_entries: 20,
  max_side_positions: 3,
  max_net_exposure: 1,
  max_pair_exposure: 0.6,
  max_rate_deviation: 0.05,
  max_trade_loss: 0.05,
  max_book_loss: 0.5,
  kelly_fraction: 0.5,
  barbell_loss: 0.6,
  max_cluster_exposure: 0.5,
  max_book_es: 0.05,
};

/** @param {Random} random @returns {[name: string, run_mode: string, settings: () => object][]} */
function casts(random) {
  return [
    ["alpha", "live", () => ({ group: "spot", limits: MANY })],
    [
      "beta",
      "live",
      () => ({ group: random.pick(["spot", "wide", null]), profile: random.pick(["aggressive", "extreme"]) }),
    ],
    ["gamma", "live", () => ({ group: "spot", mode: "shadow", limits: { max_drawdown: random.pick([0.05, 0.5]) } })],
    ["delta", "dry_run", () => ({ group: "spot", profile: "extreme" })],
    ["solo", "live", () => ({ profile: "conservative", limits: { loss_streak_trades: 3 } })],
  ];
}

/**
 * @param {{ seed: number, minutes: number, dir: string, engine: import("../../bridge/dist/engine/engine.js").LoadedEngine, onDay?: (day: number) => void }} given
 */
export function simulate({ seed, minutes, dir, engine, onDay = () => undefined }) {
  const random = seeded(seed);
  const bridge = new FoldBridge(dir, engine, START_MS);
  const prices = new Prices(random);
  const bots = casts(random).map(
    ([name, run_mode, settings]) => new Bot(name, bridge, prices, random, settings, run_mode),
  );
  for (const bot of bots.slice(0, 1)) bot.closes_ms = 0;
  let visits = 0;
  /** The newest visitors: they greet a bridge that was started anew, which without it would keep them for a month. @type {Bot[]} */
  let visitors = [];
  const done = { stopped: 0, killed: 0, torn: 0, controls: 0, overrides: 0, lifts: 0, hellos: 0, visitors: 0 };
  const greet = () => {
    for (const bot of [...bots, ...visitors]) bot.hello();
  };
  greet();
  for (let minute = 0; minute < minutes && bridge.different.length === 0; minute++) {
    bridge.now_ms = Math.max(bridge.now_ms + 1, START_MS + minute * MINUTE_MS);
    prices.step(bridge.now_ms);
    for (const bot of bots) bot.step();
    if (random.chance(3 / DAY_MINUTES)) operate(bridge, random, bots, done);
    if (random.chance(1 / DAY_MINUTES)) {
      random.pick(bots).hello();
      done.hellos += 1;
    }
    if (random.chance(2 / DAY_MINUTES)) {
      // One that comes once: later it is forgotten to make room.
      visits += 1;
      const visitor = new Bot(`visitor-${visits}`, bridge, prices, random, visiting, "live");
      if (tryVisit(visitor)) {
        done.visitors += 1;
        visitors = [...visitors.slice(-1), visitor];
      }
    }
    if (random.chance(0.3 / DAY_MINUTES)) bridge.compare(questions(random, bridge.now_ms, prices));
    if (random.chance(0.7 / DAY_MINUTES)) {
      bridge.compare(questions(random, bridge.now_ms, prices));
      const how = random.pick(/** @type {const} */ (["stopped", "killed", "torn"]));
      done[how] += 1;
      bridge.restart(how);
      bridge.compare(questions(random, bridge.now_ms, prices));
      greet();
    }
    if (minute % DAY_MINUTES === 0) onDay(minute / DAY_MINUTES);
  }
  bridge.compare(questions(random, bridge.now_ms, prices));
  bridge.close();
  return {
    minutes,
    bots: bots.length,
    lines: bridge.lines,
    files: bridge.files,
    boots: bridge.boots,
    ...done,
    ...reached(bots),
    compared: bridge.compared,
    different: bridge.different,
  };
}

/** How often each reason was given, by name. @param {readonly Bot[]} bots */
function reached(bots) {
  /** @type {Record<string, number>} */
  const reasons = {};
  let questions = 0;
  for (const bot of bots) {
    for (const [code, count] of Object.entries(bot.answers)) {
      const name = REASONS.find((reason) => reason.code === Number(code))?.name ?? code;
      reasons[name] = (reasons[name] ?? 0) + count;
      questions += count;
    }
  }
  return { questions, reasons };
}

const visiting = () => ({ group: "spot", limits: { drawdown_window_days: 1 } });

/** Whether there was room. @param {Bot} visitor */
function tryVisit(visitor) {
  try {
    visitor.hello();
  } catch {
    return false;
  }
  visitor.tell();
  return true;
}

/** @param {FoldBridge} bridge @param {Random} random @param {readonly Bot[]} bots @param {{ controls: number, overrides: number, lifts: number }} done */
function operate(bridge, random, bots, done) {
  const { name } = random.pick(bots);
  const ahead_ms = bridge.now_ms + Math.floor(random.between(0.1, 24) * HOUR_MS);
  const what = random.below(10);
  if (what < 2) {
    const status = random.pick([
      SESSION_STATUS.ACTIVE,
      SESSION_STATUS.ACTIVE,
      SESSION_STATUS.REDUCING,
      SESSION_STATUS.HALTED,
    ]);
    const [answer] = bridge.ask(
      OP.control,
      random.chance(0.2) ? "" : name,
      status,
      random.chance(0.1) && status === 0 ? 0 : ahead_ms,
      "kim",
      "news",
    );
    if (answer === STATUS.ok) done.controls += 1;
  } else if (what < 8) {
    const limits = random.pick([
      { max_drawdown: random.between(0.01, 0.9) },
      { max_gross_exposure: random.between(0.1, 5), max_daily_loss: null },
      { drawdown_window_days: 1 + random.below(60), kelly_min_stake: random.between(0.001, 0.1) },
      { loss_streak_trades: 1 + random.below(9) },
    ]);
    const until_ms = random.chance(0.05) ? bridge.now_ms + FIXED.override_ahead_ms : ahead_ms;
    const [answer] = bridge.ask(OP.override, name, limits, until_ms, "kim", "hedged");
    if (answer === STATUS.ok) done.overrides += 1;
  } else {
    const [answer] = bridge.ask(OP.lift, name, random.chance(0.5) ? [] : ["max_drawdown"], "kim", "over");
    if (answer === STATUS.ok) done.lifts += 1;
  }
}

/** @param {Random} random @param {number} now_ms @param {Prices} prices @returns {import("../../bridge/dist/gate/types.js").GateRequest[]} */
function questions(random, now_ms, prices) {
  return Array.from({ length: 6 }, () => {
    const pair = random.pick([...PAIRS, "NEW/USDT"]);
    return {
      pair,
      side: random.pick(/** @type {const} */ (["long", "short"])),
      kind: random.pick(/** @type {const} */ (["entry", "scale_in"])),
      stage: random.pick(/** @type {const} */ (["size", "final"])),
      candle_open_ms: Math.floor(now_ms / 300_000) * 300_000 - 300_000 * (1 + random.below(3)),
      now_ms,
      candle_size: 1,
      candle_reason: 0,
      candle_value: Number.NaN,
      stake: random.between(10, 5000),
      min_stake: 10,
      leverage: 1 + random.below(3),
      rate: prices.at(pair),
      facts: {
        close: prices.at(pair),
        stop: 0.05,
        es: 0.02,
        xi: 0.2,
        adverse: 0.03,
        mm_rate: 0.01,
        mm_amount: 0,
        liquidation_buffer: 0.05,
        wanted_leverage: Number.NaN,
      },
    };
  });
}
