/** A daemon in this process and clients that speak raw frames to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Packr, Unpackr } from "msgpackr";
import { pino } from "pino";
import { Dealer } from "zeromq";
import { type DaemonConfig, resolveDaemon } from "../../src/config/daemon.js";
import { type LoadedEngine, loadEngine } from "../../src/engine/engine.js";
import { OP } from "../../src/protocol/codes.js";
import { type Daemon, startDaemon } from "../../src/server/daemon.js";

export const engine = loadEngine();
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
const uid = process.getuid?.() ?? 0;
/** How long a client waits for a reply that must come, on a machine however busy: what hangs fails all the same. */
const PATIENCE_MS = 15_000;

export function temporaryDir(): string {
  return mkdtempSync(join(tmpdir(), "talebridge-"));
}

export function configFor(dir: string, over: Partial<DaemonConfig> = {}): DaemonConfig {
  const resolution = resolveDaemon({ dir, log_level: "silent" }, {}, uid);
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.violations));
  return { ...resolution.config, ...over };
}

export function start(config: DaemonConfig, with_engine: LoadedEngine = engine): Promise<Daemon> {
  return startDaemon(config, with_engine, pino({ level: "silent" }), uid);
}

/** Runs a test against a daemon of its own. */
export async function withDaemon(
  test: (dir: string, daemon: Daemon) => Promise<void>,
  over: Partial<DaemonConfig> = {},
  with_engine: LoadedEngine = engine,
): Promise<void> {
  const dir = temporaryDir();
  const daemon = await start(configFor(dir, over), with_engine);
  try {
    await test(dir, daemon);
  } finally {
    await daemon.stop("test over");
    rmSync(dir, { recursive: true, force: true });
  }
}

/** One client connection. Replies are matched by the test, not by the client: it sees what comes. */
export class Client {
  readonly socket: Dealer;
  private id = 0;

  constructor(dir: string, name: "gate" | "batch" = "gate") {
    this.socket = new Dealer({ linger: 0, immediate: true, sendTimeout: PATIENCE_MS, receiveTimeout: PATIENCE_MS });
    this.socket.connect(`ipc://${join(dir, `${name}.sock`)}`);
  }

  /** Sends raw frames and returns the next reply, first frame decoded. */
  async raw(...frames: Buffer[]): Promise<{ reply: unknown[]; block: Buffer | undefined }> {
    await this.socket.send(frames);
    return this.next();
  }

  async next(): Promise<{ reply: unknown[]; block: Buffer | undefined }> {
    const [head, block] = await this.socket.receive();
    const reply: unknown = head === undefined ? null : unpackr.unpack(head);
    if (!Array.isArray(reply)) throw new Error("the reply is not an array");
    return { reply, block };
  }

  /** `[status, …body]` of the reply, after checking version and id. */
  async ask(op: number, ...body: unknown[]): Promise<unknown[]> {
    const { reply } = await this.raw(this.frame(op, ...body));
    const [version, id, ...rest] = reply;
    if (version !== 1 || id !== this.id) throw new Error(`reply to ${id} instead of ${this.id}`);
    return rest;
  }

  frame(op: number, ...body: unknown[]): Buffer {
    this.id += 1;
    return packr.pack([1, op, this.id, ...body]);
  }

  hello(session: string, settings: object = {}, run_mode = "live"): Promise<unknown[]> {
    const body = { client: "test", minor: 0, run_mode, session, settings: { timeframe_s: 300, ...settings } };
    return this.ask(OP.hello, body);
  }

  async open(session: string, settings: object = {}, run_mode = "live"): Promise<number> {
    const [status, body] = await this.hello(session, settings, run_mode);
    if (status !== 0) throw new Error(`hello failed: ${JSON.stringify(body)}`);
    return Number(Object(body).handle);
  }

  close(): void {
    this.socket.close();
  }
}

export const CANDLE_MS = 300_000;
/** A recent candle, because live sessions are held against the clock. */
export const OPEN_MS = Math.floor(Date.now() / CANDLE_MS) * CANDLE_MS - CANDLE_MS;

/** Body of a gate question after the handle. */
export function question(
  over: {
    seq?: number;
    flags?: number;
    pair?: string;
    size?: number;
    reason?: number;
    stake?: number;
    min_stake?: number;
  } = {},
): unknown[] {
  const { seq = 1, flags = 0, pair = "AAA/BBB", size = 1024, reason = 0, stake = 100.5, min_stake = 5 } = over;
  return [seq, flags, pair, OPEN_MS, OPEN_MS + CANDLE_MS, size, reason, Number.NaN, stake, min_stake, 1, 1.5];
}

/** Column-major block of quiet candles. */
export function candles(
  rows: number,
  wiggle = (i: number) => 1 + 0.002 * Math.sin(i * 1.7) + 0.001 * Math.sin(i * 0.31),
): Buffer {
  const block = Buffer.alloc(rows * 6 * 8);
  const put = (column: number, row: number, value: number) => block.writeDoubleLE(value, (column * rows + row) * 8);
  for (let i = 0; i < rows; i++) {
    const open = 100 * wiggle(i);
    const close = 100 * wiggle(i + 1);
    put(0, i, i * CANDLE_MS);
    put(1, i, open);
    put(2, i, Math.max(open, close) * 1.001);
    put(3, i, Math.min(open, close) * 0.999);
    put(4, i, close);
    put(5, i, 10 + (i % 7));
  }
  return block;
}

export const PARAMS = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
