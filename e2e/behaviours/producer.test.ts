/** Two bots: one follows the other's signals by freqtrade's own messages, and both are gated, each by its own verdict. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { apiServer, type Bot, freePort, pull, type Stage, setStage, startBot } from "../harness/bot.js";
import { until } from "../harness/process.js";
import { makeUserDir, type UserDir } from "../harness/userdir.js";

const RUN_MS = 240_000;
const PAIR = "ALFA/USDT";
const OTHER = "BRVO/USDT";
/** Until the next candle, on a busy machine. */
const CANDLE_MS = 90_000;

let stage: Stage;
let user: UserDir;
let follower: Bot;

beforeAll(async () => {
  stage = await setStage({
    markets: [PAIR, OTHER],
    pairs: [PAIR, OTHER],
    strategy: "Puppet",
    risk_bridge: {},
    config: { custom_price_max_distance_ratio: 0.9 },
  });
  const port = await freePort();
  const { ws_token } = apiServer(0);
  user = makeUserDir({
    pairs: [PAIR],
    exchange: stage.exchange.url,
    risk_bridge: { autostart: "off" },
    config: {
      db_url: "sqlite:///dry-run.sqlite",
      api_server: apiServer(port),
      external_message_consumer: {
        enabled: true,
        producers: [{ name: "default", host: "127.0.0.1", port: stage.port, ws_token }],
      },
    },
  });
  pull(user, {});
  follower = await startBot(user, port, "Follower", stage.user.sockets);
}, RUN_MS);

afterAll(async () => {
  await follower?.running.stop();
  await stage?.stop();
  user?.remove();
});

it("the follower enters on the other's signal, each asked about in a session of its own", async () => {
  stage.bot.pull({ enter: { [PAIR]: "long", [OTHER]: "long" }, far: [OTHER], replace: [OTHER] });
  await follower.wait("the follower's trade", async () => (await follower.open()).get(PAIR));
  const lines = stage.words(PAIR);
  expect(new Set(lines.map(({ session }) => session)).size).toBe(2);
  expect(lines.every(({ decision }) => decision !== "deny")).toBe(true);
});

it("what the other bot knew arrives beside what this one was told: neither takes the other's place", async () => {
  const { body } = await follower.call("GET", `pair_candles?pair=${encodeURIComponent(PAIR)}&timeframe=1m&limit=5`);
  const { columns, data } = body as { columns: string[]; data: (number | null)[][] };
  expect(data).toHaveLength(5);
  // The other's newest candle may still be on its way.
  for (const row of data.slice(0, 3)) {
    const own = row[columns.indexOf("risk_sigma")];
    expect(own).toBeGreaterThan(0);
    // The message has ten decimals.
    expect(row[columns.indexOf("risk_sigma_default")]).toBeCloseTo(own ?? Number.NaN, 9);
  }
});

it("an order that a bot replaces is not asked about again", async () => {
  const { running, log, open } = stage.bot;
  const replaced = () =>
    /Replacing buy order: about create a new order for BRVO\/USDT/.test(log()) ? true : undefined;
  await until("the replacement", async () => replaced(), { timeout_ms: CANDLE_MS, every_ms: 500, running });
  await stage.bot.loops(1);
  expect((await open()).get(OTHER)?.has_open_orders).toBe(true);
  expect(stage.words(OTHER).map(({ kind, stage: at }) => `${kind} ${at}`)).toEqual(["entry size", "entry final"]);
});
