#!/usr/bin/env node
/**
 * `npm run screenshots`: the pictures of the report in docs/images, from the demo's synthetic market. Run `npm run demo` before it.
 * Needs an installed Chromium (in PATH, or named by CHROMIUM).
 */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { CHROMIUM_ARGS, findChromium } from "./lib/chromium.mjs";
import { runLogged } from "./lib/exec.mjs";
import { LOGS, ROOT } from "./lib/paths.mjs";

const DEMO = join(ROOT, ".demo");
const IMAGES = join(ROOT, "docs", "images");
const MAX_BYTES = 200_000;
const DESKTOP = { viewport: { width: 1200, height: 860 } };
const PHONE = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true };

/** @typedef {import("playwright-core").Page} Page */
/** @type {readonly { name: string, options: import("playwright-core").BrowserContextOptions, prepare: (page: Page) => Promise<void> }[]} */
const SHOTS = [
  { name: "report.png", options: DESKTOP, prepare: async () => {} },
  { name: "report-phone.png", options: PHONE, prepare: async () => {} },
  {
    name: "report-prices.png",
    options: { ...DESKTOP, colorScheme: "dark" },
    prepare: (page) => page.locator("#prices").evaluate((section) => section.scrollIntoView()),
  },
  {
    name: "report-ledger.png",
    options: DESKTOP,
    prepare: async (page) => {
      await page.locator("#ledger-table .entry button").nth(1).click();
      await page.locator("#ledger").evaluate((section) => section.scrollIntoView());
    },
  },
];

async function main() {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("no Chromium is installed; name one in CHROMIUM");
  const folder = mkdtempSync(join(tmpdir(), "talebridge-screenshots-"));
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  try {
    const url = pathToFileURL(await writeReport(join(folder, "report.html"))).href;
    mkdirSync(IMAGES, { recursive: true });
    for (const { name, options, prepare } of SHOTS) {
      const page = await (await browser.newContext({ colorScheme: "light", ...options })).newPage();
      await page.goto(url);
      await page.waitForSelector("html[data-ready]", { state: "attached" });
      await prepare(page);
      const file = join(IMAGES, name);
      await page.screenshot({ path: file });
      const { size } = statSync(file);
      if (size > MAX_BYTES) throw new Error(`${name} has ${size} bytes, more than ${MAX_BYTES}`);
      process.stdout.write(`${relative(ROOT, file)}: ${size} bytes\n`);
      await page.close();
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} html @returns {Promise<string>} the same path */
async function writeReport(html) {
  const results = join(DEMO, "run", "results", "ungated");
  const zip = existsSync(results) ? readdirSync(results).find((name) => name.endsWith(".zip")) : undefined;
  if (zip === undefined) throw new Error("no demo to show: npm run demo");
  const args = [
    join(results, zip),
    "--datadir",
    join(DEMO, "data"),
    "--profile",
    "conservative",
    "--html",
    html,
    "--quiet",
  ];
  await runLogged(process.execPath, [join(ROOT, "bridge", "dist", "main.js"), "replay", ...args], {
    logFile: join(LOGS, "screenshots.log"),
  });
  return html;
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
