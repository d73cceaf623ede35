/**
 * Every block of code in the documentation: commands are run, page by page, each in a folder of its own; settings are held to their schemas; Python is
 * compiled and run. What cannot be run here says why, in a comment before it that readers do not see.
 */

import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, isRecord } from "../bridge/src/config/check.js";
import { DaemonSchema } from "../bridge/src/config/daemon_schema.js";
import { SettingsSchema } from "../bridge/src/config/settings.js";
import { type GivenWebhook, resolveWebhook } from "../bridge/src/config/webhook.js";
import type { Violation } from "../bridge/src/engine/types.js";
import { OP } from "../bridge/src/protocol/codes.js";
import { Client, question } from "../bridge/test/server/harness.js";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { python } from "./harness/freqtrade.js";
import { type Block, blocksOf, makeReader, type Reader } from "./harness/pages.js";
import { ROOT, SAMPLE_STRATEGIES } from "./harness/paths.js";

const RUN_MS = 240_000;
const PAGES = [
  "README.md",
  "python-shim/README.md",
  "python-bridge/README.md",
  ...["docs", "docs/how-to"].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];
const BLOCKS = PAGES.flatMap(blocksOf);
const COMMANDS = BLOCKS.filter(({ language, not_run }) => language === "sh" && not_run === null);
/** The tutorial has a test of its own, with what its commands make. */
const RUN_HERE = [...new Set(COMMANDS.map(({ page }) => page))].filter((page) => page !== "docs/tutorial.md");
const where = ({ page, line }: Block) => `${page}:${line}`;

it("has no block that is neither run, nor checked, nor says why not", () => {
  const rest = BLOCKS.filter(
    ({ language, not_run }) => !["sh", "json", "python"].includes(language) && not_run === null,
  );
  expect(rest.map(where)).toEqual([]);
  expect(RUN_HERE.length).toBeGreaterThan(8);
});

it("names, for what is run elsewhere, a test that is there", () => {
  const named = BLOCKS.flatMap(({ not_run }) =>
    [...(not_run ?? "").matchAll(/[\w/.-]+\.test\.ts/g)].map(([file]) => file),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

/** What is wrong with settings, as the daemon and the bridge would say it. */
function violations(text: string): Violation[] {
  const json: unknown = JSON.parse(/^\s*\{/.test(text) ? text : `{${text}}`);
  if (!isRecord(json)) throw new Error("no object");
  const { risk_bridge, connect, webhook } = json;
  if (risk_bridge !== undefined) return check(SettingsSchema, risk_bridge);
  if (connect !== undefined) return check(SettingsSchema, json);
  const found = check(DaemonSchema, json);
  if (found.length === 0 && webhook !== undefined) resolveWebhook(webhook as GivenWebhook, false, found);
  return found;
}

it.each(BLOCKS.filter(({ language }) => language === "json").map((block) => [where(block), block] as const))(
  "settings are valid: %s",
  (_, { text }) => {
    expect(violations(text)).toEqual([]);
  },
);

it(
  "Python is run, with freqtrade's strategy class at hand",
  async () => {
    const blocks = BLOCKS.filter(({ language }) => language === "python");
    const program = `import json, sys
from freqtrade.strategy import IStrategy
for where, text in json.loads(sys.argv[1]):
    exec(compile(text, where, "exec"), {"IStrategy": IStrategy, "__name__": "page"})
print("ok")`;
    const given = JSON.stringify(blocks.map((block) => [where(block), block.text]));
    expect((await python(program, [given], RUN_MS)).trim()).toBe("ok");
  },
  RUN_MS,
);

describe("commands", () => {
  /** One backtest for all pages that look at a result. */
  let backtested: Reader;
  beforeAll(async () => {
    backtested = await makeReader();
    copyFileSync(join(SAMPLE_STRATEGIES, "GateOnly.py"), join(backtested.user.root, "strategies", "GateOnly.py"));
    const done = await backtested.run(
      "freqtrade backtesting --config user_data/config.json --strategy GateOnly --timerange 20250405-20250412 --cache none",
      RUN_MS,
    );
    expect(done.code, done.stderr.slice(-3000)).toBe(0);
  }, RUN_MS);
  afterAll(() => backtested?.remove());

  /** A bridge at the default place with one live bot, which has asked. */
  async function startBot({ base, sockets }: Reader): Promise<{ daemon: Daemon; bot: Client }> {
    const daemon = await startDaemon(sockets, join(base, ".local/state/talebridge/journal"));
    const bot = new Client(sockets);
    await bot.open("bot");
    await bot.ask(OP.portfolio, 1, 1, Date.now(), 1000, [], []);
    await bot.ask(OP.gate, 1, ...question({ pair: "BTC/USDT" }));
    return { daemon, bot };
  }

  it.each(RUN_HERE)(
    "%s",
    async (page) => {
      const reader = await makeReader();
      const commands = COMMANDS.filter((block) => block.page === page)
        .map(({ text }) => text)
        .join("");
      if (commands.includes("backtest_results"))
        cpSync(backtested.user.results, reader.user.results, { recursive: true });
      if (commands.includes("user_data/talebridge"))
        cpSync(join(backtested.user.root, "talebridge"), join(reader.user.root, "talebridge"), { recursive: true });
      const running = /talebridge (status|halt|explain)/.test(commands) && !commands.includes("talebridge serve");
      if (running) mkdirSync(reader.sockets, { mode: 0o700 });
      const beside = running ? await startBot(reader) : null;
      try {
        const done = await reader.run(commands, RUN_MS);
        expect(done.code, `${done.stdout.slice(-3000)}\n${done.stderr.slice(-3000)}`).toBe(0);
      } finally {
        beside?.bot.close();
        await beside?.daemon.stop();
        await reader.remove();
      }
    },
    RUN_MS,
  );
});
