/** A bot in dry-run on spot, moved through its REST API and by its strategy: what the gate is asked, and what passes it by. */

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bot, type Stage, setStage, startBot } from "../harness/bot.js";
import { connectionsTo } from "../harness/bridges.js";
import { startDaemon } from "../harness/daemon.js";
import { readJournals } from "../harness/journal.js";

const RUN_MS = 180_000;
const HOUR_MS = 3_600_000;
const [ALFA, BRVO, CRLI, DLTA, EKKO] = ["ALFA/USDT", "BRVO/USDT", "CRLI/USDT", "DLTA/USDT", "EKKO/USDT"] as const;
/** Has been listed for two hours, and has had no candle for half an hour. */
const [FRSH, GONE] = ["FRSH/USDT", "GONE/USDT"] as const;
const STAKE = 1000;

let stage: Stage;
let bot: Bot;

beforeAll(async () => {
  const started_ms = Date.now();
  stage = await setStage({
    markets: [ALFA, BRVO, CRLI, DLTA, EKKO, FRSH, GONE],
    pairs: [ALFA, BRVO, CRLI, EKKO, FRSH, GONE],
    strategy: "Puppet",
    risk_bridge: { limits: { max_gross_exposure: 0.15 } },
    config: { custom_price_max_distance_ratio: 0.9, max_open_trades: 6 },
    has(pair, open_ms) {
      if (pair === FRSH) return open_ms >= started_ms - 2 * HOUR_MS;
      return pair !== GONE || open_ms < started_ms - HOUR_MS / 2;
    },
  });
  bot = stage.bot;
}, RUN_MS);

afterAll(() => stage?.stop());

/** Changes what the bot's configuration file says about pairs and limits. */
function configure(pair_whitelist: readonly string[], limits: Readonly<Record<string, number>>): void {
  const config: { exchange: object; risk_bridge: object } = JSON.parse(readFileSync(stage.user.config, "utf8"));
  Object.assign(config.exchange, { pair_whitelist });
  Object.assign(config.risk_bridge, { limits });
  writeFileSync(stage.user.config, JSON.stringify(config));
}

const words = (pair: string) => stage.words(pair);
const rowsOf = (pair: string) => stage.positions().filter(([name]) => name === pair);
const journal = () => readJournals(stage.user.journals);
const enterByHand = (pair: string, stakeamount?: number) =>
  bot.call("POST", "forceenter", { pair, side: "long", ordertype: "market", stakeamount });
it("an order that has not filled counts against the next pair that asks", async () => {
  bot.pull({ enter: { [ALFA]: "long" }, far: [ALFA] });
  await bot.wait("ALFA's order", async () => (await bot.open()).get(ALFA)?.has_open_orders || undefined);
  bot.pull({ enter: { [BRVO]: "long" }, far: [ALFA] });
  await bot.wait("BRVO's position", async () => ((await bot.open()).get(BRVO)?.amount ?? 0) > 0 || undefined);
  expect(rowsOf(ALFA)).toEqual([[ALFA, "long", expect.closeTo(STAKE, 3), 1, "pending"]]);
  const [first] = words(BRVO);
  expect(first).toMatchObject({ decision: "reduce", reason: "exposure_gross", stage: "size" });
  expect((await bot.open()).get(BRVO)?.stake_amount).toBeCloseTo(first?.stake_allowed ?? 0, 0);
  bot.pull({});
});

it("/forceenter of a free pair is asked about from the thread of the REST API, and denied as anything else", async () => {
  const answer = await enterByHand(EKKO);
  expect(answer.status).toBe(502);
  expect(JSON.stringify(answer.body)).toMatch(/Failed to enter position for EKKO\/USDT/);
  expect(words(EKKO).at(-1)).toMatchObject({ decision: "deny", kind: "entry" });
  expect((await bot.open()).has(EKKO)).toBe(false);
});

it("half of an order that fills before the exchange cancels it is a position, the rest is free again", async () => {
  bot.pull({ half: [ALFA], far: [ALFA] });
  await bot.wait("half of it", async () => ((await bot.open()).get(ALFA)?.amount ?? 0) > 0 || undefined);
  bot.pull({});
  expect((await bot.open()).get(ALFA)?.stake_amount).toBeCloseTo(STAKE / 2, 0);
  const answer = await enterByHand(CRLI, 300);
  expect(answer.status).toBe(200);
  expect(words(CRLI).at(-1)).toMatchObject({ decision: "allow", stage: "final" });
  const [row, ...more] = rowsOf(ALFA);
  expect(more).toEqual([]);
  expect(row?.[2]).toBeCloseTo(STAKE / 2, 0);
});

it("a trade names the line of the journal that let it in", async () => {
  const id = (await bot.open()).get(CRLI)?.trade_id;
  const line = words(CRLI).at(-1)?.seq;
  const { body } = await bot.wait("the note", async () => {
    const answer = await bot.call("GET", `trades/${id}/custom-data`);
    return answer.status === 200 && JSON.stringify(answer.body).includes("talebridge") ? answer : undefined;
  });
  expect(JSON.stringify(body)).toMatch(new RegExp(`line\\W+${line}\\b`));
});

it("a stop-loss order on the exchange is neither an entry nor a position", async () => {
  const trade = await bot.wait("stop-loss orders", async () => {
    const found = (await bot.open()).get(CRLI);
    return found?.orders.some(({ ft_order_side, is_open }) => ft_order_side === "stoploss" && is_open)
      ? found
      : undefined;
  });
  expect(trade.amount).toBeGreaterThan(0);
  await enterByHand(FRSH);
  expect(rowsOf(CRLI)).toHaveLength(1);
});

it("/forceenter of a pair that is held asks no hook of any strategy: it passes, and counts from then on", async () => {
  const asked = words(CRLI).length;
  const before = (await bot.open()).get(CRLI)?.stake_amount ?? 0;
  const answer = await enterByHand(CRLI, 200);
  expect(answer.status).toBe(200);
  await bot.wait("the larger position", async () => {
    const stake = (await bot.open()).get(CRLI)?.stake_amount ?? 0;
    return stake > before + 150 || undefined;
  });
  expect(words(CRLI)).toHaveLength(asked);
  await enterByHand(FRSH);
  expect(rowsOf(CRLI).map((row) => Math.round(Number(row[2])))).toEqual([Math.round(before + 200)]);
});

it("more of a position is gated, less of it is not asked about", async () => {
  const asked = words(BRVO).length;
  bot.pull({ add: { [BRVO]: 400 } });
  const word = await bot.wait("a question about more", () => words(BRVO)[asked]);
  expect(word).toMatchObject({ kind: "scale_in", stake: 400, decision: "reduce", reason: "exposure_gross" });
  await bot.loops(2);
  const before = (await bot.open()).get(BRVO)?.amount ?? 0;
  bot.pull({ add: { [BRVO]: -100 } });
  await bot.wait("less", async () => ((await bot.open()).get(BRVO)?.amount ?? before) < before || undefined);
  const since = words(BRVO).slice(asked);
  expect(new Set(since.map(({ kind }) => kind))).toEqual(new Set(["scale_in"]));
  bot.pull({});
});

it("a pair listed too lately is denied, and said so once", async () => {
  bot.pull({ enter: { [FRSH]: "long" } });
  await bot.wait("denials", () => words(FRSH).filter(({ reason }) => reason === "warming_up").length > 6 || undefined);
  bot.pull({});
  expect((await bot.open()).has(FRSH)).toBe(false);
  expect(bot.log().match(/talebridge denies the long entry of FRSH\/USDT/g)).toHaveLength(1);
});

it("a pair without new candles has no signal, and is denied by hand for its age", async () => {
  bot.pull({ enter: { [GONE]: "long" } });
  await bot.wait("freqtrade's own word", () => /Outdated history for pair GONE\/USDT/.test(bot.log()) || undefined);
  expect(words(GONE)).toEqual([]);
  expect((await enterByHand(GONE)).status).toBe(502);
  expect(words(GONE).at(-1)).toMatchObject({ decision: "deny", reason: "stale" });
  bot.pull({});
});

it("a pair that is not on the list has no candles: denied by hand", async () => {
  expect((await enterByHand(DLTA)).status).toBe(502);
  expect(words(DLTA)).toEqual([]);
  expect(bot.log()).toMatch(/talebridge: the analysed candles of DLTA\/USDT carry no verdict/);
});

it("reload_config: the new strategy takes over the session with new limits, the old one leaves no socket behind, pairs come and go", async () => {
  const reloads = () => bot.log().split("Changing state from RELOAD_CONFIG to: RUNNING").length;
  const reload = async () => {
    const before = reloads();
    await bot.call("POST", "reload_config");
    await bot.wait("the reload", () => reloads() > before || undefined);
  };
  configure([ALFA, DLTA, EKKO], { max_gross_exposure: 0.2 });
  const connections = connectionsTo(stage.user.sockets);
  expect(connections).toBeGreaterThan(1);
  for (let i = 0; i < 3; i++) {
    await reload();
    await bot.loops(1);
  }
  expect(connectionsTo(stage.user.sockets)).toBeLessThanOrEqual(connections);
  expect(new Set(journal().hellos.map(({ session }) => session)).size).toBe(1);
  bot.pull({ enter: { [DLTA]: "long" } });
  // Three positions of 1,500 in all, and the new limit instead of the old one, which is used up.
  const first = await bot.wait("the new pair", () => words(DLTA).find(({ candle }) => candle.size > 0));
  expect(first).toMatchObject({ decision: "reduce", reason: "exposure_gross", limit: 0.2 });
  bot.pull({ exit: [BRVO] });
  await bot.wait("the exit of a pair no longer listed", async () => !(await bot.open()).has(BRVO) || undefined);
  bot.pull({});
});

it("restarted over open trades: the same session knows them before its first answer", async () => {
  const held = [...(await bot.open()).keys()].sort();
  expect(held.length).toBeGreaterThan(1);
  await bot.running.stop();
  const asked = journal().gates.length;
  bot = stage.bot = await startBot(stage.user, stage.port, "Puppet");
  await enterByHand(EKKO, 20);
  expect(journal().gates.length).toBeGreaterThan(asked);
  expect([...new Set(stage.positions().map(([pair]) => pair))].sort()).toEqual(held);
  expect(new Set(journal().gates.map(({ session }) => session)).size).toBe(1);
});

it("without a bridge nothing enters by hand, and everything leaves by hand", async () => {
  await stage.daemon.crash();
  expect((await bot.open()).size).toBeGreaterThan(1);
  expect((await bot.call("POST", "forceexit", { tradeid: "all" })).status).toBe(200);
  await bot.wait("an empty book", async () => (await bot.open()).size === 0 || undefined);
  expect((await enterByHand(ALFA, 20)).status).toBe(502);
  stage.daemon = await startDaemon(stage.user.sockets, stage.user.journals);
  await bot.wait("entries by hand again", async () => (await enterByHand(ALFA, 20)).status === 200 || undefined);
});
