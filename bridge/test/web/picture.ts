/** The picture of docs/web.md: made-up bots on a daemon of their own. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { OP, REASON, SESSION_STATUS } from "../../src/protocol/codes.js";
import { end, serve, talebridge } from "../cli/harness.js";
import { Client, candles, PARAMS, temporaryDir } from "../server/harness.js";
import { ask, askALot, openBot } from "./scene.js";

/** @param path a PNG file */
export async function drawPicture(browser: Browser, path: string): Promise<void> {
  const dir = temporaryDir();
  const config = join(dir, "daemon.json");
  writeFileSync(config, JSON.stringify({ web: { listen: "127.0.0.1:0" } }));
  const { child } = await serve(dir, "--config", config);
  const bot = new Client(dir);
  const batch = new Client(dir, "batch");
  try {
    const first = await openBot(
      bot,
      "momentum-spot",
      { profile: "conservative" },
      { high: 10450, midnight: 10310, now: 10120 },
    );
    const second = await openBot(bot, "dip-buyer", {}, { high: 5200, midnight: 4870, now: 4810 }, "dry_run");
    const third = await openBot(bot, "breakout", { profile: "extreme" }, { high: 2500, midnight: 2400, now: 2390 });
    await askALot(bot, first, 160, 7);
    await askALot(bot, second, 120, 11);
    await askALot(bot, third, 60, 13);
    await batch.raw(batch.frame(OP.annotate, 700, 6, PARAMS), candles(700));
    await bot.ask(
      OP.gate,
      first,
      ...ask({ pair: "PEPE/USDT", back: -1, size: 0, reason: REASON.jump, value: 7.31, at_ms: Date.now() }),
    );
    const until_ms = Date.now() + 4 * 3_600_000;
    await bot.ask(OP.control, "breakout", SESSION_STATUS.HALTED, until_ms, "kim (web page)", "exchange maintenance");
    await bot.ask(OP.gate, third, ...ask({ pair: "SUI/USDT", back: -1, at_ms: Date.now() }));
    const { url } = JSON.parse(talebridge(["web", "--dir", dir, "--json"]).stdout);
    const page = await browser.newPage({ viewport: { width: 1180, height: 1000 } });
    await page.goto(url);
    await page.getByText("SUI/USDT").first().waitFor();
    await page.screenshot({ path });
    await page.close();
  } finally {
    bot.close();
    batch.close();
    await end(child);
    rmSync(dir, { recursive: true, force: true });
  }
}
