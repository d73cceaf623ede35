/** The pages of the documentation, and a folder as their reader has one: freqtrade's user_data with candles, and both programs on the path. */

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Exchange, startExchange } from "./exchange.js";
import { syntheticMarket } from "./market.js";
import { DAEMON_JS, PYTHON, ROOT } from "./paths.js";
import { type Finished, run } from "./process.js";
import { makeUserDir, type UserDir } from "./userdir.js";

export interface Block {
  readonly page: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Why it is not run, where the page says so: a comment in the line before it. */
  readonly not_run: string | null;
}

const FENCE = /(?:^<!-- not run: ([^\n]+) -->\n+)?^```(\w*)\n(.*?)^```$/gms;

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(FENCE)].map(({ index, 0: all, 1: not_run = null, 2: language = "", 3: body = "" }) => ({
    page,
    line: text.slice(0, index + all.indexOf("```")).split("\n").length + 1,
    language,
    text: body,
    not_run,
  }));
}

export interface Reader {
  readonly base: string;
  readonly user: UserDir;
  /** Where a bridge with no directory named has its sockets. */
  readonly sockets: string;
  run(script: string, timeout_ms: number): Promise<Finished>;
  remove(): Promise<void>;
}

export async function makeReader(): Promise<Reader> {
  const base = mkdtempSync(join(tmpdir(), "tb-reader-"));
  const at = (...path: string[]) => join(base, ...path);
  const market = await syntheticMarket();
  const exchange: Exchange = await startExchange(market.pairs);
  // A block without its journal's folder: a reader of the pages has none either.
  const user = makeUserDir({ ...market, exchange: exchange.url, risk_bridge: { journal_dir: null } });
  symlinkSync(market.datadir, join(user.root, "data", "binance"));
  for (const name of readdirSync(join(user.root, "strategies"))) rmSync(join(user.root, "strategies", name));
  symlinkSync(user.root, at("user_data"));
  mkdirSync(at("bin"));
  const program = (name: string, command: string) => {
    writeFileSync(at("bin", name), `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(at("bin", name), 0o755);
  };
  program("freqtrade", `'${PYTHON}' -m freqtrade`);
  program("talebridge", `'${process.execPath}' '${DAEMON_JS}'`);
  program("python3", `'${PYTHON}'`);
  mkdirSync(at("runtime"), { mode: 0o700 });
  const env = {
    PATH: `${at("bin")}:${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: base,
    XDG_RUNTIME_DIR: at("runtime"),
    XDG_STATE_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    NO_COLOR: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  return {
    base,
    user,
    sockets: at("runtime", "talebridge"),
    run: (script, timeout_ms) => run("bash", ["-emc", script], { cwd: base, env, timeout_ms }),
    async remove() {
      await exchange.stop();
      user.remove();
      rmSync(base, { recursive: true, force: true });
    },
  };
}
