/** Bots with made-up accounts and questions, for the page to show: seeded, so that a picture of it can be made again. */
import { OP, REASON } from "../../src/protocol/codes.js";
import { CANDLE_MS, type Client, OPEN_MS } from "../server/harness.js";

const DAY_MS = 86_400_000;
const COINS = "BTC ETH SOL XRP ADA DOGE AVAX LINK DOT LTC UNI ATOM NEAR APT ARB OP INJ SUI SEI TIA".split(" ");

/** A gate question of a pair, after the handle. @param back candles before the newest */
export function ask(over: {
  pair: string;
  stake?: number;
  size?: number;
  reason?: number;
  value?: number;
  back?: number;
  at_ms?: number;
}): unknown[] {
  const { pair, stake = 100, size = 1024, reason = REASON.ok, value = Number.NaN, back = 0 } = over;
  const open_ms = OPEN_MS - back * CANDLE_MS;
  return [1, 0, pair, open_ms, over.at_ms ?? open_ms + CANDLE_MS, size, reason, value, stake, 5, 1, 1.5];
}

/** Opens a session with a month of equity and some positions. @returns its handle */
export async function openBot(
  client: Client,
  name: string,
  settings: object,
  account: { high: number; midnight: number; now: number },
  run_mode = "live",
): Promise<number> {
  const handle = await client.open(name, settings, run_mode);
  const midnight = Math.floor(OPEN_MS / DAY_MS) * DAY_MS;
  const high_ms = midnight - 9 * DAY_MS;
  const samples = [
    [high_ms, account.high],
    [high_ms + 1000, account.high],
    [midnight, account.midnight],
    [midnight + 1, account.now],
  ];
  const positions = ["BTC/USDT", "ETH/USDT", "SOL/USDT"].map((pair) => [pair, 0, account.now / 9, 1, 0]);
  const [status] = await client.ask(
    OP.portfolio,
    handle,
    1,
    Math.max(midnight + 1, OPEN_MS),
    account.now,
    samples,
    positions,
  );
  if (status !== 0) throw new Error(`portfolio refused: ${status}`);
  return handle;
}

/** Asks about pairs over the last hours: about one in eight cut for a jump. @param count questions */
export async function askALot(client: Client, handle: number, count: number, seed: number): Promise<void> {
  let state = seed;
  const random = () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
  for (let i = 0; i < count; i++) {
    const pair = `${COINS[Math.floor(random() * COINS.length)]}/USDT`;
    const jump = random() < 0.125;
    const value = 4 + 4 * random();
    const size = jump ? Math.max(256, Math.floor(1024 * (1 - 0.1875 * (value - 4)))) : 1024;
    const stake = 60 + Math.floor(80 * random());
    const back = Math.floor(((count - i) / count) * 40);
    const given = { pair, stake, back, ...(jump ? { size, reason: REASON.jump, value } : {}) };
    await client.ask(OP.gate, handle, ...ask(given));
  }
}
