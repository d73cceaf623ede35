/** The page in a real browser, on a real daemon: one of each for all tests, in the order in which somebody might use it. */
import type { ChildProcess } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DECISION, OP, REASON } from "../../src/protocol/codes.js";
import { end, serve, talebridge } from "../cli/harness.js";
import { Client, candles, PARAMS, temporaryDir } from "../server/harness.js";
import { HAS_BROWSER, launchBrowser } from "./browser.js";
import { drawPicture } from "./picture.js";
import { ask, askALot, openBot } from "./scene.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 60_000;
/** Where to draw the picture of the documentation; unset: it is not drawn. */
const PICTURE = process.env.TALEBRIDGE_WEB_PICTURE;

if (!HAS_BROWSER) process.stderr.write("page.test.ts is skipped: no Chromium in $CHROMIUM or $PATH\n");

describe.runIf(HAS_BROWSER)("the page (skipped where there is no Chromium)", { timeout: PATIENCE_MS }, () => {
  let dir = "";
  let daemon: ChildProcess;
  let browser: Browser;
  let page: Page;
  let bot: Client;
  let handle = 0;
  let url = "";
  const troubles: string[] = [];
  const foreign: string[] = [];

  const serveOn = async (port: number) => {
    const config = join(dir, "daemon.json");
    const groups = { spot: { max_gross_exposure: 0.5, max_drawdown: 0.2 } };
    writeFileSync(config, JSON.stringify({ web: { listen: `127.0.0.1:${port}` }, groups }));
    const { child, ready } = await serve(dir, "--config", config);
    daemon = child;
    return String(ready.web);
  };
  const opened = async (options: Parameters<Browser["newContext"]>[0] = {}) => {
    const context = await browser.newContext(options);
    const made = await context.newPage();
    made.on("pageerror", (error) => troubles.push(String(error)));
    made.on("console", (message) => {
      if (/Content Security|TrustedType/i.test(message.text())) troubles.push(message.text());
    });
    made.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) foreign.push(request.url());
    });
    await made.goto(url);
    await made.locator(".bot").first().waitFor();
    return made;
  };
  const violations = async (of: Page) => {
    await of.evaluate(AXE);
    const found = await of.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))",
    );
    return found;
  };

  beforeAll(async () => {
    dir = temporaryDir();
    const address = await serveOn(0);
    bot = new Client(dir);
    handle = await openBot(bot, "dip-buyer", { profile: "conservative" }, { high: 5200, midnight: 4970, now: 4950 });
    const batch = new Client(dir, "batch");
    await batch.raw(batch.frame(OP.annotate, 700, 6, PARAMS), candles(700));
    batch.close();
    await askALot(bot, handle, 40, 7);
    url = JSON.parse(talebridge(["web", "--dir", dir, "--json"]).stdout).url;
    expect(url.startsWith(`${address}/#token=`)).toBe(true);
    browser = await launchBrowser();
    page = await opened();
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    bot?.close();
    await end(daemon, "SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });

  it("shows state, account and figures, and takes the token out of the address", async () => {
    const card = page.locator(".bot");
    expect(await card.locator("h3").textContent()).toBe("dip-buyer");
    expect(await card.locator(".pill").textContent()).toBe("ACTIVE");
    expect(await card.textContent()).toMatch(/4,950[\s\S]*4\.8 % of 10\.0 %[\s\S]*nominal 21\.0 %/);
    expect(await page.locator("#link").textContent()).toBe("Live");
    expect(await page.locator(".calm").isVisible()).toBe(true);
    expect(page.url()).not.toContain("token");
  });

  it("shows a decision, its numbers and what ends it without being asked", async () => {
    const question = ask({
      pair: "LIVE/USDT",
      back: -1,
      at_ms: Date.now(),
      size: 512,
      reason: REASON.jump,
      value: 5.25,
    });
    expect((await bot.ask(OP.gate, handle, ...question))[1]).toBe(DECISION.reduce);
    const row = page.getByRole("row", { name: /LIVE\/USDT/ });
    await row.waitFor();
    expect(await row.textContent()).toMatch(
      /cut[\s\S]*50\.00[\s\S]*of 100\.00[\s\S]*jump 5\.25, limit 3[\s\S]*next candle[\s\S]*UTC/,
    );
    expect(await page.locator(".decisions li").first().textContent()).toMatch(/LIVE\/USDT[\s\S]*cut/);
  });

  it("writes what a bot is called as text, whatever it is called", async () => {
    const name = "<img src=x onerror=alert(1)>";
    await openBot(bot, name, {}, { high: 100, midnight: 100, now: 100 });
    await page.getByRole("heading", { name }).waitFor();
    expect(await page.locator("main img").count()).toBe(0);
  });

  it("halts with a reason and an end, as `talebridge status` and the journal then say, and asks for a reason", async () => {
    const card = page.locator(".bot", { has: page.getByRole("heading", { name: "dip-buyer" }) });
    await card.getByRole("button", { name: "Halt" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Halt" }).click();
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByLabel("Reason, for the journal").fill("exchange maintenance");
    await dialog.getByLabel("For", { exact: true }).selectOption("4h");
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Halt" }).click();
    await dialog.waitFor({ state: "hidden" });
    await card.getByText("HALTED", { exact: true }).waitFor();
    expect(await page.locator(".alarms").textContent()).toContain("exchange maintenance");
    const { sessions } = JSON.parse(talebridge(["status", "--dir", dir, "--json"]).stdout);
    const standing = sessions.find(({ session }: { session: string }) => session === "dip-buyer").standing;
    expect(standing).toMatchObject({ status: "HALTED", why: "exchange maintenance" });
    expect((await bot.ask(OP.gate, handle, ...ask({ pair: "NO/USDT" }))).slice(1, 3)).toEqual([
      DECISION.deny,
      REASON.halted,
    ]);
  });

  it("connects again after a restart by itself, and shows the state that survived", async () => {
    await page.evaluate("window.same = true");
    await end(daemon, "SIGKILL");
    await page.getByText("Reconnecting").waitFor();
    await serveOn(Number(new URL(url).port));
    await page.locator("#link", { hasText: "Live" }).waitFor();
    await page.getByText("not heard of since the daemon started").first().waitFor();
    expect(await page.locator(".bot", { hasText: "exchange maintenance" }).locator(".pill").textContent()).toBe(
      "HALTED",
    );
    expect(await page.evaluate("window.same")).toBe(true);
    bot.close();
    bot = new Client(dir);
    talebridge(["resume", "--dir", dir, "--why", "over"]);
    await page.locator(".pill", { hasText: "HALTED" }).waitFor({ state: "detached" });
  });

  it("shows 300 pairs with as few elements as 25, and touches only what changes", async () => {
    handle = await openBot(bot, "dip-buyer", { profile: "conservative" }, { high: 5200, midnight: 4970, now: 4950 });
    const seq = Object(
      Object((await bot.ask(OP.status))[1]).sessions.find(
        ({ session }: { session: string }) => session === "dip-buyer",
      ),
    ).seq;
    const put = (pair: string, over: object = {}) => {
      const [, ...rest] = ask({ pair, ...over });
      return bot.ask(OP.gate, handle, seq, ...rest);
    };
    for (let i = 0; i < 300; i++) expect((await put(`P${String(i).padStart(3, "0")}/USDT`))[0]).toBe(0);
    await page.getByText(/1–25 of 3\d\d/).waitFor();
    expect(await page.locator("tbody tr").count()).toBeLessThan(35);
    expect(await page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(1000);
    await page.evaluate(`{
      const seen = window.seen = { added: 0 };
      new MutationObserver((all) => { for (const { addedNodes } of all) for (const node of addedNodes) if (node.nodeName === "TR") seen.added += 1; })
        .observe(document.querySelector("tbody"), { childList: true });
    }`);
    await put("P000/USDT", { back: -1, at_ms: Date.now(), size: 512, reason: REASON.jump, value: 5 });
    await put("AAA/USDT", { size: 512, reason: REASON.jump, value: 5 });
    await page.getByRole("row", { name: /AAA\/USDT/ }).waitFor();
    expect(await page.evaluate("window.seen.added")).toBeLessThan(4);
    await page.getByLabel("Pair or bot").fill("P299");
    await page.getByText("1–1 of 1").waitFor();
    await page.getByLabel("Pair or bot").fill("");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText(/26–50 of 3\d\d/).waitFor();
  });

  it.each(["light", "dark"] as const)("has no accessibility faults by axe, %s", async (colorScheme) => {
    const shown = await opened({ colorScheme, viewport: { width: 1280, height: 900 } });
    expect(await violations(shown)).toEqual([]);
    const background = await shown.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(colorScheme === "light" ? "rgb(245, 246, 248)" : "rgb(15, 19, 24)");
    await shown.context().close();
  });

  it("shows what is overridden, by whom and why, and a group with its bots", async () => {
    const named = ["override", "--dir", dir, "--session", "dip-buyer", "--why", "hedged <b>elsewhere</b>"];
    expect(await page.getByRole("heading", { name: "Groups" }).isVisible()).toBe(false);
    talebridge([...named, "--for", "6h", "--set", "limits.max_drawdown=0.25"]);
    const card = page.locator(".bot", { has: page.getByRole("heading", { name: "dip-buyer" }) });
    await card
      .getByText(/^Overridden: max_drawdown is 0.25 instead of 0.1, until .* by .*: hedged <b>elsewhere/)
      .waitFor();
    expect(await page.locator(".alarms").textContent()).toContain("limits.max_drawdown is overridden: 0.25");
    const member = { client: "test", minor: 3, run_mode: "live", session: "grouped", stake_currency: "USDT" };
    const [, reply] = await bot.ask(OP.hello, { ...member, settings: { timeframe_s: 300, group: "spot" } });
    const positions = [["A/USDT", 0, 400, 1, 0]];
    await bot.ask(OP.portfolio, Object(reply).handle, 1, Date.now(), 1000, [], positions);
    const group = page.locator(".card", { has: page.getByRole("heading", { name: "spot", exact: true }) });
    await group.waitFor();
    expect(await group.textContent()).toMatch(/live · grouped[\s\S]*1,000[\s\S]*0\.4/);
    expect(await violations(page)).toEqual([]);
    talebridge([...named, "--lift", "all"]);
    await card.getByText(/^Overridden/).waitFor({ state: "hidden" });
  });

  it("fits a phone: 360 px wide, nothing to scroll sideways, no accessibility faults", async () => {
    const phone = await opened({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    expect(await phone.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await violations(phone)).toEqual([]);
    await phone.context().close();
  });

  it("asks for the token when it has none, refuses a wrong one, and takes a pasted address", async () => {
    const context = await browser.newContext();
    const stranger = await context.newPage();
    await stranger.goto(new URL(url).origin);
    await stranger.getByLabel("Token").fill("not-the-token");
    expect(await violations(stranger)).toEqual([]);
    await stranger.getByRole("button", { name: "Watch" }).click();
    await stranger.getByRole("alert").waitFor();
    await stranger.getByLabel("Token").fill(url);
    await stranger.getByRole("button", { name: "Watch" }).click();
    await stranger.locator(".bot").first().waitFor();
    await context.close();
  });

  if (PICTURE !== undefined) it("draws the picture of docs/web.md", () => drawPicture(browser, PICTURE));

  it("did all that without an error, a breach of its policy or a request to anybody else", () => {
    expect(troubles).toEqual([]);
    expect(foreign).toEqual([]);
  });
});
