/** Bots that trade by seeded chance, minute by minute, and an operator who interferes: everything that changes a session or a group. */
import { DECISION, OP, REASON, STATUS } from "../../bridge/dist/protocol/codes.js";

/** @typedef {import("./fold_bridge.mjs").FoldBridge} FoldBridge */
/** @typedef {import("./random.mjs").Random} Random */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const TIMEFRAME_MS = 5 * MINUTE_MS;
const FEE = 0.001;
/** As many as a bridge keeps. */
const MOST_CLOSES = 97;
export const PAIRS = ["AAA/USDT", "BBB/USDT", "CCC/USDT", "DDD/USDT"];
const [SHORT, SCALE_IN, FINAL] = [1, 2, 8];

/** Prices of a few pairs: calm weeks, and hours in which everything falls. */
export class Prices {
  /** @param {Random} random */
  constructor(random) {
    this.random = random;
    this.of = new Map(PAIRS.map((pair) => [pair, 100]));
    this.falling = 0;
    /** Closes of the last hours by pair, and the newest one's time. @type {Map<string, number[]>} */
    this.closes = new Map(PAIRS.map((pair) => [pair, []]));
    this.closed_ms = 0;
  }

  /** @param {number} now_ms */
  step(now_ms) {
    if (this.falling === 0 && this.random.chance(1 / 6000)) this.falling = 60 + this.random.below(300);
    if (this.falling > 0) this.falling -= 1;
    const drift = this.falling > 0 ? -0.0009 : 0.000_008;
    for (const [pair, price] of this.of) {
      // Back towards 100 within a month or so: a year must not end at nothing.
      const pull = 0.000_02 * Math.log(100 / price);
      this.of.set(pair, price * (1 + drift + pull + this.random.between(-0.0015, 0.0015)));
    }
    const hour_ms = Math.floor(now_ms / HOUR_MS) * HOUR_MS;
    if (hour_ms === this.closed_ms) return;
    this.closed_ms = hour_ms;
    for (const [pair, closes] of this.closes) {
      closes.push(this.at(pair));
      if (closes.length > MOST_CLOSES) closes.shift();
    }
  }

  /** @param {string} pair */
  at(pair) {
    return this.of.get(pair) ?? 100;
  }
}

/** @typedef {{ stake: number, leverage: number, rate: number, short: boolean, open: boolean }} Held */

export class Bot {
  /**
   * @param {string} name @param {FoldBridge} bridge @param {Prices} prices @param {Random} random @param {() => object} settings
   * @param {string} run_mode
   */
  constructor(name, bridge, prices, random, settings, run_mode) {
    this.name = name;
    this.bridge = bridge;
    this.prices = prices;
    this.random = random;
    this.settings = settings;
    this.run_mode = run_mode;
    this.cash = 10_000;
    /** @type {Map<string, Held>} */
    this.held = new Map();
    /** @type {[number, number][]} */
    this.samples = [];
    /** @type {[number, number, number][]} */
    this.closed = [];
    this.trades = 0;
    this.seq = 0;
    this.handle = 0;
    this.silent_until_ms = 0;
    this.filled = false;
    /** Answers by decision. @type {Record<string, number>} */
    this.answers = {};
    /** Until when it has told closes; null: it tells none. @type {number | null} */
    this.closes_ms = null;
    /** Withdrawn and not yet told. */
    this.moved = false;
  }

  get equity() {
    let value = this.cash;
    for (const [pair, position] of this.held) value += position.stake * (1 + this.profit(pair, position));
    return value;
  }

  /** @param {string} pair @param {Held} position */
  profit(pair, { rate, leverage, short, open }) {
    if (!open) return 0;
    const move = this.prices.at(pair) / rate - 1;
    return Math.max(-1, (short ? -move : move) * leverage - FEE);
  }

  hello() {
    const map = { client: "campaign", minor: 3, run_mode: this.run_mode, session: this.name, stake_currency: "USDT" };
    const [status, body] = this.bridge.ask(OP.hello, { ...map, settings: { timeframe_s: 300, ...this.settings() } });
    if (status !== STATUS.ok) throw new Error(`${this.name}: hello answered ${status} ${body}`);
    const { handle, seq, samples_until_ms, closed_until_ms } = Object(body);
    this.handle = handle;
    this.seq = seq;
    this.samples = this.samples.filter(([t_ms]) => t_ms > samples_until_ms);
    this.closed = this.closed.filter(([, close_ms]) => close_ms >= closed_until_ms);
  }

  /** What a minute brings. */
  step() {
    const { random, bridge } = this;
    const now_ms = bridge.now_ms;
    for (const [pair, position] of this.held) this.follow(pair, position);
    if (this.filled || now_ms % HOUR_MS < MINUTE_MS) this.samples.push([now_ms, this.equity]);
    this.filled = false;
    if (this.samples.length > 400) this.samples.splice(0, this.samples.length - 400);
    if (now_ms < this.silent_until_ms) return;
    if (random.chance(1 / 40_000)) this.silent_until_ms = now_ms + random.between(1, 72) * HOUR_MS;
    if (random.chance(1 / 30_000)) {
      this.cash *= random.between(0.5, 0.9);
      this.moved = true;
    }
    if (this.moved && random.chance(1 / 200)) {
      this.tell();
      this.bridge.ask(OP.rebase, this.name, "operator", "withdrawal");
      this.moved = false;
    }
    if (random.chance(0.05)) this.enter();
  }

  /** Fills, cancels and exits. @param {string} pair @param {Held} position */
  follow(pair, position) {
    const { random } = this;
    if (!position.open) {
      if (random.chance(0.6)) position.open = true;
      else if (random.chance(0.3)) {
        this.cash += position.stake;
        this.held.delete(pair);
      } else return;
      this.filled = true;
    } else if (random.chance(0.005)) {
      const profit = this.profit(pair, position);
      this.cash += position.stake * (1 + profit);
      this.held.delete(pair);
      this.trades += 1;
      this.closed.push([this.trades, this.bridge.now_ms, profit]);
      this.filled = true;
    }
  }

  tell() {
    this.seq += 1;
    const rows = [...this.held].map(([pair, { stake, leverage, short, open }]) => [
      pair,
      short ? 1 : 0,
      stake,
      leverage,
      open ? 0 : 1,
      ...(this.random.chance(0.5) ? [0.05] : []),
    ]);
    const message = [
      this.handle,
      this.seq,
      this.bridge.now_ms,
      this.equity,
      this.samples,
      rows,
      this.closed.slice(-256),
      this.news(),
    ];
    const [status, text] = this.bridge.ask(OP.portfolio, ...message);
    if (status !== STATUS.ok) throw new Error(`${this.name}: portfolio answered ${status} ${text}`);
    // Now and then the answer is lost and everything is sent again.
    if (this.random.chance(0.05)) this.bridge.ask(OP.portfolio, ...message);
    this.samples = [];
    this.closed = [];
  }

  /** Closes since the last ones, now and then with a gap or told again. */
  news() {
    const { prices, closes_ms, random } = this;
    const hours = closes_ms === null ? 0 : Math.min(MOST_CLOSES, (prices.closed_ms - closes_ms) / HOUR_MS);
    if (hours === 0) return null;
    this.closes_ms = prices.closed_ms;
    const told = random.chance(0.05) ? Math.min(MOST_CLOSES, hours + 2) : hours;
    const rows = PAIRS.map((pair) => [pair, prices.closed_ms, (prices.closes.get(pair) ?? []).slice(-told)]);
    return [3600, MOST_CLOSES, random.chance(0.01) ? rows.slice(1) : rows];
  }

  /** A signal: sized, perhaps again, then placed or not. */
  enter() {
    const { random } = this;
    this.tell();
    if (random.chance(0.1)) {
      this.several();
      return;
    }
    const pair = random.pick(PAIRS);
    const known = this.held.get(pair);
    if (known !== undefined) {
      if (known.open && random.chance(0.3)) this.add(pair, known);
      return;
    }
    const short = random.chance(0.3);
    const leverage = random.chance(0.5) ? 1 : random.pick([2, 3]);
    const proposed = Math.max(50, this.cash * random.between(0.05, 0.4));
    const side = short ? SHORT : 0;
    const candle = this.candle();
    let stake = this.gate(side, pair, candle, proposed, leverage);
    if (random.chance(0.2))
      stake = Math.min(stake, this.gate(side, pair, candle, proposed * random.between(0.5, 1.5), leverage));
    if (stake <= 0 || stake > this.cash || random.chance(0.05)) return;
    if (this.gate(side | FINAL, pair, candle, stake, leverage) <= 0) return;
    this.cash -= stake;
    this.held.set(pair, { stake, leverage, rate: this.prices.at(pair), short, open: false });
    this.filled = true;
  }

  /** @param {string} pair @param {Held} known */
  add(pair, known) {
    const proposed = Math.max(50, this.cash * 0.1);
    const side = known.short ? SHORT : 0;
    const stake = this.gate(side | SCALE_IN, pair, this.candle(), proposed, known.leverage);
    if (stake <= 0 || stake > this.cash) return;
    this.cash -= stake;
    known.rate = (known.rate * known.stake + this.prices.at(pair) * stake) / (known.stake + stake);
    known.stake += stake;
    this.filled = true;
  }

  /** Questions of one message that nobody acts on. */
  several() {
    const items = Array.from({ length: 2 + this.random.below(4) }, () => {
      const flags = this.random.pick([0, SHORT, FINAL, SCALE_IN]);
      return this.question(flags, this.random.pick(PAIRS), this.candle(), this.random.between(20, 2000), 1);
    });
    const [status] = this.bridge.ask(OP.gates, this.handle, this.seq, items);
    if (status !== STATUS.ok) throw new Error(`${this.name}: gates answered ${status}`);
  }

  candle() {
    const open_ms = Math.floor(this.bridge.now_ms / TIMEFRAME_MS) * TIMEFRAME_MS - TIMEFRAME_MS;
    return this.random.chance(0.02) ? open_ms - 20 * TIMEFRAME_MS : open_ms;
  }

  /** @param {number} flags @param {string} pair @param {number} open_ms @param {number} stake @param {number} leverage */
  question(flags, pair, open_ms, stake, leverage) {
    const jumped = this.random.chance(0.1);
    const candle = jumped ? [512, REASON.jump, 5.5] : [1024, 0, Number.NaN];
    const rate = this.prices.at(pair);
    const facts = [rate, 0.05, 0.02, 0.2, 0.03, 0.01, 0, 0.05];
    return [flags, pair, open_ms, this.bridge.now_ms, ...candle, stake, 10, leverage, rate, facts];
  }

  /** @param {number} flags @param {string} pair @param {number} open_ms @param {number} stake @param {number} leverage @returns {number} the stake allowed */
  gate(flags, pair, open_ms, stake, leverage) {
    const [before, facts] = [this.question(flags, pair, open_ms, stake, leverage), null];
    const told = [...before.slice(0, -1), facts, before.at(-1)];
    const [status, decision, reason, allowed] = this.bridge.ask(OP.gate, this.handle, this.seq, ...told);
    if (status !== STATUS.ok) throw new Error(`${this.name}: gate answered ${status} ${decision}`);
    this.answers[String(reason)] = (this.answers[String(reason)] ?? 0) + 1;
    return decision === DECISION.deny ? 0 : Number(allowed);
  }
}
