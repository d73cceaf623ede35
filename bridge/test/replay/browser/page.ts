/** A report in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { CHROMIUM_ARGS, findChromium } from "../../../../scripts/lib/chromium.mjs";

export const EXECUTABLE = findChromium();

export class Reports {
  private readonly folder = mkdtempSync(join(tmpdir(), "talebridge-report-"));
  /** What the browser complained of, and what it asked for besides the page itself. */
  readonly complaints: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<Reports> {
    if (EXECUTABLE === null) throw new Error("no Chromium is installed");
    return new Reports(await chromium.launch({ executablePath: EXECUTABLE, args: CHROMIUM_ARGS }));
  }

  write(name: string, html: string): string {
    const file = join(this.folder, `${name}.html`);
    writeFileSync(file, html);
    return pathToFileURL(file).href;
  }

  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    // Tests look into the page; what the page itself may do is checked by its policy, which stays as it is.
    const context = await this.browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => {
      if (request.url().split("#")[0] !== url.split("#")[0]) this.complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await page.waitForSelector("html[data-ready]", { state: "attached" });
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Texts of the cells of a table's rows, headings included. */
export function cells(page: Page, rows: string): Promise<string[][]> {
  return page
    .locator(rows)
    .evaluateAll((found) => found.map((row) => [...row.children].map((cell) => (cell.textContent ?? "").trim())));
}
