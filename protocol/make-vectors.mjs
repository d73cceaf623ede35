/**
 * Writes protocol/vectors/*.json: golden frames every implementation must encode and decode byte for byte.
 * Usage: node protocol/make-vectors.mjs [--check]
 *
 * The bytes come from the small encoder below, not from a library of either side, so that both are tested against a third opinion.
 * Requests are packed as the Python client packs them (floats stay float64), replies as the daemon does (whole numbers become integers,
 * those from 2^32 on float64).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const read = (/** @type {string} */ name) => JSON.parse(readFileSync(join(here, name), "utf8"));
const enums = read("enums.json");
/** @type {Record<string, number>} */
const REASON = Object.fromEntries(
  read("reasons.json").reasons.map((/** @type {{ name: string, code: number }} */ r) => [r.name, r.code]),
);
const { op: OP, status: STATUS, decision: DECISION, side: SIDE, kind: KIND, stage: STAGE } = enums;
const V = enums.protocol_version;

// ------------------------------------------------------------------------------------------------------------------ msgpack encoder

/** A number to be packed as float64 even when it is whole. */
class Float {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }
}
const f = (/** @type {number} */ value) => new Float(value);

/** @param {unknown} value @returns {Buffer} */
function pack(value) {
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === "boolean") return Buffer.from([value ? 0xc3 : 0xc2]);
  if (value instanceof Float) return float64(value.value);
  if (typeof value === "number") return Number.isInteger(value) ? uint(value) : float64(value);
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([header(text.length, 0xa0, 32, 0xd9, 0xda), text]);
  }
  if (Array.isArray(value)) return Buffer.concat([header(value.length, 0x90, 16, null, 0xdc), ...value.map(pack)]);
  const entries = Object.entries(/** @type {Record<string, unknown>} */ (value));
  const body = entries.flatMap(([key, item]) => [pack(key), pack(item)]);
  return Buffer.concat([header(entries.length, 0x80, 16, null, 0xde), ...body]);
}

/** @param {number} length @param {number} fix @param {number} below @param {number | null} one @param {number} two */
function header(length, fix, below, one, two) {
  if (length < below) return Buffer.from([fix | length]);
  if (one !== null && length < 256) return Buffer.from([one, length]);
  return Buffer.from([two, length >> 8, length & 255]);
}

/** @param {number} value */
function float64(value) {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** The shortest unsigned form. @param {number} value */
function uint(value) {
  if (value < 0x80) return Buffer.from([value]);
  if (value < 0x100) return Buffer.from([0xcc, value]);
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : value < 2 ** 32 ? 5 : 9);
  if (bytes.length === 3) bytes.writeUInt16BE(value, 1);
  else if (bytes.length === 5) bytes.writeUInt32BE(value, 1);
  else bytes.writeBigUInt64BE(BigInt(value), 1);
  bytes[0] = bytes.length === 3 ? 0xcd : bytes.length === 5 ? 0xce : 0xcf;
  return bytes;
}

/** A whole number as the daemon packs it: float64 from 2^32 on. @param {number} value */
const reply_ms = (value) => (value < 2 ** 32 ? value : f(value));

// --------------------------------------------------------------------------------------------------------------------------- values

/** JSON has no NaN: non-finite numbers are the strings "NaN", "Infinity", "-Infinity" in `meaning`. @param {unknown} value @returns {unknown} */
function plain(value) {
  if (value instanceof Float) return plain(value.value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

/** @typedef {Record<string, any>} Meaning */

/** @param {string} name @param {string} op @param {Meaning} meaning @param {Buffer[]} frames */
const vector = (name, op, meaning, ...frames) => ({
  name,
  op,
  frames: frames.map((frame) => frame.toString("hex")),
  meaning: plain(meaning),
});

const OPEN_MS = 1_762_905_600_000;

/** @type {Meaning} */
const QUESTION = {
  side: "long",
  kind: "entry",
  stage: "size",
  pair: "BTC/USDT",
  candle_open_ms: OPEN_MS,
  now_ms: OPEN_MS + 300_000,
  size_1024: 1024,
  reason: "ok",
  value: Number.NaN,
  stake: 100,
  min_stake: 5.5,
  leverage: 1,
  rate: 103_250.25,
};

/** @param {string} name @param {Meaning} over */
function gateRequest(name, over) {
  /** @type {Meaning} */
  const m = { id: 7, handle: 1, seq: 3, ...QUESTION, ...over };
  return vector(name, "gate", m, pack([V, OP.gate, m.id, m.handle, m.seq, ...questionBody(m), ...tail(m)]));
}

/** Elements of a question after the sequence number. @param {Meaning} m */
function questionBody(m) {
  const flags = SIDE[m.side] | (KIND[m.kind] << 1) | (STAGE[m.stage] << 3);
  const numbers = [m.value, m.stake, m.min_stake, m.leverage, m.rate].map(f);
  return [flags, m.pair, m.candle_open_ms, m.now_ms, m.size_1024, REASON[m.reason], ...numbers];
}

/** The optional last element. @param {Meaning} m */
const deadline = (m) => (m.deadline_ms === undefined ? [] : [m.deadline_ms]);

/** The optional element after the deadline, which is nil if there is none. @param {Meaning} m */
const tail = (m) => (m.facts === undefined ? deadline(m) : [m.deadline_ms ?? null, m.facts.map(f)]);

/** @param {string} name @param {Meaning} m */
function gatesRequest(name, m) {
  const questions = m.questions.map((/** @type {Meaning} */ over) => ({ ...QUESTION, ...over }));
  const items = questions.map((/** @type {Meaning} */ one) => {
    return one.facts === undefined ? questionBody(one) : [...questionBody(one), one.facts.map(f)];
  });
  const body = [m.id, m.handle, m.seq, items, ...deadline(m)];
  return vector(name, "gates", { ...m, questions }, pack([V, OP.gates, ...body]));
}

/** @param {string} name @param {Meaning} m */
function portfolioRequest(name, m) {
  const samples = m.samples.map((/** @type {[number, number]} */ [t, equity]) => [t, f(equity)]);
  const positions = m.positions.map((/** @type {[string, string, number, number, string, number?]} */ row) => {
    const [pair, side, stake, leverage, state, ...loss] = row;
    return [
      pair,
      SIDE[side],
      f(stake),
      f(leverage),
      enums.position_state[state],
      ...loss.map((share) => f(share ?? Number.NaN)),
    ];
  });
  const closed = (m.closed ?? []).map((/** @type {[number, number, number]} */ [trade, t, profit]) => [
    trade,
    t,
    f(profit),
  ]);
  const closes = m.closes === undefined ? [] : [closesBody(m.closes)];
  const optional = m.closed === undefined && m.closes === undefined ? [] : [closed];
  return vector(
    name,
    "portfolio",
    m,
    pack([V, OP.portfolio, m.id, m.handle, m.seq, m.at_ms, f(m.equity), samples, positions, ...optional, ...closes]),
  );
}

/** @param {Meaning} closes */
function closesBody({ step_s, keep, rows }) {
  return [
    step_s,
    keep,
    rows.map((/** @type {[string, number, number[]]} */ [pair, t, told]) => [pair, t, told.map(f)]),
  ];
}

/** @param {string} name @param {Meaning} m */
function helloRequest(name, m) {
  const { id, ...body } = m;
  return vector(name, "hello", m, pack([V, OP.hello, id, body]));
}

/** @param {string} name @param {Meaning} m */
function annotateRequest(name, m) {
  const optional = m.wanted === undefined ? deadline(m) : [m.deadline_ms ?? null, m.wanted];
  const header = [V, OP.annotate, m.id, m.rows, m.columns, m.engine, ...optional];
  return vector(name, "annotate", m, pack(header), block(m.block));
}

/** Column-major float64, little-endian. @param {number[][]} columns */
function block(columns) {
  const values = columns.flat();
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => {
    bytes.writeDoubleLE(value, index * 8);
  });
  return bytes;
}

/** @param {string} name @param {Meaning} m */
function gateReply(name, m) {
  return vector(name, "gate", m, pack([V, m.id, STATUS.ok, ...answerBody(m)]));
}

/** @param {Meaning} m */
function answerBody(m) {
  const numbers = [m.stake, m.value, m.limit];
  return [DECISION[m.decision], REASON[m.reason], ...numbers, m.journal_seq, DECISION[m.would]];
}

/** @param {string} name @param {Meaning} m */
function gatesReply(name, m) {
  const answers = m.answers.map((/** @type {Meaning} */ one) =>
    one.status === "ok" ? [STATUS.ok, ...answerBody(one)] : [STATUS[one.status], one.message, {}],
  );
  return vector(name, "gates", m, pack([V, m.id, STATUS.ok, answers]));
}

/** @param {string} name @param {Meaning} m */
function errorReply(name, m) {
  return vector(name, m.op, m, pack([V, m.id, STATUS[m.status], m.message, m.detail]));
}

// -------------------------------------------------------------------------------------------------------------------------- vectors

const requests = [
  helloRequest("hello, defaults", {
    id: 0,
    client: "talebridge-python/0.1.0",
    minor: enums.protocol_minor,
    run_mode: "backtest",
    session: "backtest-4242-1",
    settings: { timeframe_s: 300 },
  }),
  helloRequest("hello, settings", {
    id: 1,
    client: "talebridge-python/0.1.0",
    minor: enums.protocol_minor,
    run_mode: "live",
    session: "bot@binance",
    settings: {
      timeframe_s: 3600,
      profile: "conservative",
      loss_threshold: 0.025,
      limits: { max_drawdown: 0.125, max_daily_loss: null },
      rules: [{ measure: "jump", from: 3.5, to: 6.5, min_size: 0.25, deny_above: null }],
    },
  }),
  helloRequest("hello, in a group", {
    id: 2,
    client: "talebridge-python/0.1.0",
    minor: enums.protocol_minor,
    run_mode: "live",
    session: "bot@binance",
    settings: { timeframe_s: 300, group: "spot" },
    stake_currency: "USDT",
  }),
  gateRequest("gate, long entry, nothing cut", {}),
  gateRequest("gate, short entry at the final stage, cut by a jump", {
    id: 300,
    side: "short",
    stage: "final",
    pair: "ETH/USDT:USDT",
    size_1024: 640,
    reason: "jump",
    value: 5.5,
    stake: 62.5,
    min_stake: 0,
    leverage: 3,
  }),
  gateRequest("gate, scale-in", { id: 70_000, kind: "scale_in", handle: 200, seq: 500 }),
  gateRequest("gate, replace", { kind: "replace", stage: "final" }),
  gateRequest("gate, infinite stake", { stake: Number.POSITIVE_INFINITY }),
  gateRequest("gate, largest", {
    id: 2 ** 16 - 1,
    handle: 2 ** 32 - 1,
    seq: 2 ** 32 - 1,
    side: "short",
    kind: "replace",
    stage: "final",
    pair: "ABCDEFGHIJKLMNO/PQRST:UVWXYZ-01",
    size_1024: 1023,
    reason: "tail",
    value: 0.1,
    stake: 0.1,
    min_stake: 0.1,
    leverage: 0.1,
    rate: 0.1,
    deadline_ms: 1e14,
  }),
  gateRequest("gate, largest id", { id: 2 ** 31 - 1 }),
  gateRequest("gate, with a deadline", { deadline_ms: OPEN_MS + 300_050 }),
  gateRequest("gate, with facts", { facts: [103_200.5, 0.1, 0.0125, 0.25, 0.0625, 0.004, 0, 0.05] }),
  gateRequest("gate, with a leverage that was cut", {
    leverage: 3,
    facts: [103_200.5, 0.1, 0.0125, 0.25, 0.0625, 0.004, 0, 0.05, 10],
  }),
  gateRequest("gate, with a deadline and the first facts", {
    deadline_ms: OPEN_MS + 300_050,
    facts: [Number.NaN, 0.1],
  }),
  gatesRequest("gates, one question", { id: 9, handle: 1, seq: 3, questions: [{}] }),
  gatesRequest("gates, four questions and a deadline", {
    id: 70_001,
    handle: 2,
    seq: 300,
    questions: [
      {},
      { pair: "ETH/USDT:USDT", side: "short", stage: "final", size_1024: 640, reason: "jump", value: 5.5, leverage: 3 },
      { pair: "SOL/USDT", kind: "scale_in", stake: Number.POSITIVE_INFINITY },
      { pair: "XRP/USDT", facts: [2.5, 0.125] },
    ],
    deadline_ms: OPEN_MS + 300_050,
  }),
  portfolioRequest("portfolio, empty account", {
    id: 2,
    handle: 1,
    seq: 1,
    at_ms: OPEN_MS,
    equity: 1000,
    samples: [],
    positions: [],
  }),
  portfolioRequest("portfolio, positions and samples", {
    id: 3,
    handle: 1,
    seq: 2,
    at_ms: OPEN_MS + 3_600_000,
    equity: 987.65,
    samples: [
      [OPEN_MS, 1000],
      [OPEN_MS + 3_600_000, 987.65],
    ],
    positions: [
      ["BTC/USDT", "long", 100, 1, "open"],
      ["ETH/USDT:USDT", "short", 62.5, 3, "pending"],
    ],
  }),
  portfolioRequest("portfolio, distances to stop-losses and closed trades", {
    id: 11,
    handle: 1,
    seq: 3,
    at_ms: OPEN_MS + 7_200_000,
    equity: 1012.5,
    samples: [],
    positions: [
      ["BTC/USDT", "long", 100, 1, "open", 0.0625],
      ["ETH/USDT:USDT", "short", 62.5, 3, "pending"],
    ],
    closed: [
      [17, OPEN_MS, -0.125],
      [3, OPEN_MS, 0.0625],
      [18, OPEN_MS + 7_200_000, 0],
    ],
  }),
  portfolioRequest("portfolio, closes of two pairs, one of them with holes", {
    id: 12,
    handle: 1,
    seq: 4,
    at_ms: OPEN_MS + 7_200_000,
    equity: 1012.5,
    samples: [],
    positions: [["ETH/USDT:USDT", "short", 62.5, 3, "open"]],
    closes: {
      step_s: 3600,
      keep: 82,
      rows: [
        ["BTC/USDT", OPEN_MS + 7_200_000, [103_250.25, 103_300, 103_100.5]],
        ["ETH/USDT:USDT", OPEN_MS + 3_600_000, [3400, Number.NaN, Number.POSITIVE_INFINITY, 0, -1, 3420.75]],
      ],
    },
  }),
  annotateRequest("annotate, two candles", {
    id: 4,
    rows: 2,
    columns: 6,
    engine: { profile: "aggressive", window_set: "standard", timeframe_s: 300 },
    block: [
      [OPEN_MS, OPEN_MS + 300_000],
      [100, 100.5],
      [101, 100.75],
      [99.5, 100],
      [100.5, 100.25],
      [12.5, 0],
    ],
  }),
  annotateRequest("annotate, with the market pair's closes and a deadline", {
    id: 10,
    rows: 2,
    columns: 7,
    engine: { profile: "aggressive", window_set: "standard", timeframe_s: 300 },
    deadline_ms: OPEN_MS + 305_000,
    block: [
      [OPEN_MS, OPEN_MS + 300_000],
      [100, 100.5],
      [101, 100.75],
      [99.5, 100],
      [100.5, 100.25],
      [12.5, 0],
      [103_250.25, Number.NaN],
    ],
  }),
  annotateRequest("annotate, the verdict's columns alone", {
    id: 11,
    rows: 1,
    columns: 6,
    engine: { profile: "aggressive", window_set: "standard", timeframe_s: 300 },
    wanted: [0, 1, 2],
    block: [[OPEN_MS], [100], [101], [99.5], [100.5], [12.5]],
  }),
  annotateRequest("annotate, one column with a deadline", {
    id: 12,
    rows: 1,
    columns: 6,
    engine: { profile: "aggressive", window_set: "standard", timeframe_s: 300 },
    deadline_ms: OPEN_MS + 305_000,
    wanted: [61],
    block: [[OPEN_MS], [100], [101], [99.5], [100.5], [12.5]],
  }),
  vector("status", "status", { id: 5 }, pack([V, OP.status, 5])),
  vector(
    "control, halt every live session until a time",
    "control",
    { id: 6, session: "", status: "HALTED", until_ms: OPEN_MS, by: "operator", why: "exchange maintenance" },
    pack([V, OP.control, 6, "", enums.session_status.HALTED, OPEN_MS, "operator", "exchange maintenance"]),
  ),
  vector(
    "rebase, after a withdrawal",
    "rebase",
    { id: 8, session: "bot@binance", by: "operator", why: "withdrawal" },
    pack([V, OP.rebase, 8, "bot@binance", "operator", "withdrawal"]),
  ),
  vector(
    "override, one limit until a time and one off",
    "override",
    {
      id: 9,
      session: "bot@binance",
      limits: { max_drawdown: 0.25, max_daily_loss: null },
      until_ms: OPEN_MS,
      by: "operator",
      why: "hedged elsewhere",
    },
    pack([
      V,
      OP.override,
      9,
      "bot@binance",
      { max_drawdown: 0.25, max_daily_loss: null },
      OPEN_MS,
      "operator",
      "hedged elsewhere",
    ]),
  ),
  vector(
    "lift, one override",
    "lift",
    { id: 10, session: "bot@binance", limits: ["max_drawdown"], by: "operator", why: "over" },
    pack([V, OP.lift, 10, "bot@binance", ["max_drawdown"], "operator", "over"]),
  ),
  vector(
    "standing",
    "standing",
    { id: 11, handle: 2, seq: 300, now_ms: OPEN_MS },
    pack([V, OP.standing, 11, 2, 300, OPEN_MS]),
  ),
];

const hello_reply = {
  id: 1,
  server: "talebridge/0.1.0",
  boot: "00112233aabbccdd",
  minor: enums.protocol_minor,
  engine_version: "0.1.0",
  engine_fingerprint: "6867fdf239198ce86bce38754a378c2c",
  fingerprint: "00000000000000000000000000000000",
  memory_rows: 990,
  columns: ["risk_size", "risk_reason", "risk_value"],
  handle: 1,
  seq: 0,
  samples_until_ms: OPEN_MS,
  closed_until_ms: OPEN_MS - 60_000,
  clock_ms: OPEN_MS + 300_000,
  limits: { rows: 2_000_000, batch_bytes: 268_435_456 },
};
const { id: hello_id, ...hello_body } = hello_reply;

const replies = [
  vector(
    "hello",
    "hello",
    hello_reply,
    pack([
      V,
      hello_id,
      STATUS.ok,
      {
        ...hello_body,
        samples_until_ms: reply_ms(OPEN_MS),
        closed_until_ms: reply_ms(OPEN_MS - 60_000),
        clock_ms: reply_ms(OPEN_MS + 300_000),
      },
    ]),
  ),
  gateReply("gate, allow", {
    id: 7,
    decision: "allow",
    reason: "ok",
    stake: 100,
    value: Number.NaN,
    limit: Number.NaN,
    journal_seq: 12,
    would: "allow",
  }),
  gateReply("gate, reduce", {
    id: 8,
    decision: "reduce",
    reason: "jump",
    stake: 62.5,
    value: 6,
    limit: 4,
    journal_seq: 70_000,
    would: "reduce",
  }),
  gateReply("gate, deny", {
    id: 9,
    decision: "deny",
    reason: "drawdown",
    stake: 0,
    value: 0.25,
    limit: 0.2,
    journal_seq: 3,
    would: "deny",
  }),
  gateReply("gate, shadow mode", {
    id: 10,
    decision: "allow",
    reason: "halted",
    stake: 100.5,
    value: Number.NaN,
    limit: Number.NaN,
    journal_seq: 4,
    would: "deny",
  }),
  gatesReply("gates, an answer, a denial and a question that could not be read", {
    id: 9,
    answers: [
      {
        status: "ok",
        decision: "allow",
        reason: "ok",
        stake: 100,
        value: Number.NaN,
        limit: Number.NaN,
        journal_seq: 12,
        would: "allow",
      },
      {
        status: "ok",
        decision: "deny",
        reason: "drawdown",
        stake: 0,
        value: 0.25,
        limit: 0.2,
        journal_seq: 13,
        would: "deny",
      },
      { status: "limit", message: "pair is longer than the limit of 31 bytes" },
    ],
  }),
  vector("portfolio", "portfolio", { id: 3, seq: 2 }, pack([V, 3, STATUS.ok, 2])),
  vector(
    "annotate, one row",
    "annotate",
    {
      id: 4,
      rows: 1,
      columns: 3,
      engine_fingerprint: hello_reply.engine_fingerprint,
      engine_us: 1234,
      block: [[0], [1], [Number.NaN]],
    },
    pack([V, 4, STATUS.ok, 1, 3, hello_reply.engine_fingerprint, 1234]),
    block([[0], [1], [Number.NaN]]),
  ),
  errorReply("another version", {
    op: "hello",
    id: 1,
    status: "version",
    message: "protocol version 2 is not spoken here",
    detail: { version: 1, minor: enums.protocol_minor },
  }),
  errorReply("unknown session", { op: "gate", id: 7, status: "no_session", message: "say hello again", detail: {} }),
  errorReply("portfolio out of date", {
    op: "gate",
    id: 7,
    status: "stale_portfolio",
    message: "send the portfolio, then ask again",
    detail: { seq: 4 },
  }),
  errorReply("bad candles", {
    op: "annotate",
    id: 4,
    status: "bad_input",
    message: "row 1: high 99 is below low 100",
    detail: { row: 1, column: "high", message: "row 1: high 99 is below low 100" },
  }),
  vector("standing, nothing denies", "standing", { id: 11, denied: [] }, pack([V, 11, 0, []])),
  vector(
    "standing, until a time and until someone acts",
    "standing",
    {
      id: 12,
      denied: [
        { reason: "daily_loss", until_ms: OPEN_MS },
        { reason: "halted", until_ms: null },
      ],
    },
    pack([
      V,
      12,
      0,
      [
        [REASON.daily_loss, f(OPEN_MS)],
        [REASON.halted, 0],
      ],
    ]),
  ),
  errorReply("invalid settings", {
    op: "hello",
    id: 1,
    status: "settings",
    message: "2 invalid settings",
    detail: {
      violations: [
        { path: "profile", message: 'was "bold"; must be one of "conservative", "aggressive", "extreme"' },
        { path: "limits.max_drawdown", message: "was 2; must be a number above 0 and at most 1, or null" },
      ],
    },
  }),
  errorReply("too late", {
    op: "gate",
    id: 7,
    status: "late",
    message: "the deadline passed 12 ms before the request was read: nothing was decided",
    detail: { late_ms: 12 },
  }),
  errorReply("busy", { op: "annotate", id: 4, status: "busy", message: "try again in a moment", detail: {} }),
];

/** Frames a server must answer with a status, and the id it must quote. @param {string} name @param {string} socket @param {string} status @param {number} id @param {Buffer[]} frames */
const hostile = (name, socket, status, id, ...frames) => ({
  name,
  socket,
  frames: frames.map((frame) => frame.toString("hex")),
  status,
  id,
});
const gate_frame = Buffer.from(gateRequest("", {}).frames[0] ?? "", "hex");
const gate_values = [V, OP.gate, 7, 1, 3, 0, "BTC/USDT", OPEN_MS, OPEN_MS, 1024, 0, f(1), f(1), f(1), f(1), f(1)];
const question_values = gate_values.slice(5);
/** @param {unknown[]} questions @param {unknown[]} rest */
const gates = (questions, ...rest) => pack([V, OP.gates, 7, 1, 3, questions, ...rest]);
/** @param {number} at @param {unknown} value */
const gateWith = (at, value) => pack(gate_values.map((old, index) => (index === at ? value : old)));
const bytes = (/** @type {string} */ hex) => Buffer.from(hex, "hex");
/** A gate frame whose element is given as bytes. @param {number} at @param {string} hex */
const gateRaw = (at, hex) =>
  Buffer.concat([
    bytes("dc"),
    bytes("0010"),
    ...gate_values.map((old, index) => (index === at ? bytes(hex) : pack(old))),
  ]);
/** @param {unknown[]} positions @param {unknown} closed @param {...unknown} closes */
const portfolioOf = (positions, closed, ...closes) =>
  pack([V, OP.portfolio, 7, 1, 1, OPEN_MS, f(1), [], positions, closed, ...closes]);
/** @param {...unknown} rows */
const closesOf = (...rows) => portfolioOf([], [], [3600, 97, rows]);
const STAKE = 12;
const PAIR = 6;
const TIME = 7;
/** @param {string} settings bytes of the map's value */
const helloRaw = (settings) =>
  Buffer.concat([
    bytes("94010007"),
    bytes("85"),
    ...["client", "x", "minor", 0, "run_mode", "live", "session", "s", "settings"].map(pack),
    bytes(settings),
  ]);

/** An annotate header that wants these columns. @param {string} what @param {string} status @param {unknown} wanted */
function annotateWanting(what, status, wanted) {
  const engine = { profile: "extreme", window_set: "standard", timeframe_s: 300 };
  const header = pack([V, OP.annotate, 7, 1, 6, engine, null, wanted]);
  return hostile(`annotate wanting ${what}`, "batch", status, 7, header, Buffer.alloc(48));
}

const hostiles = [
  hostile("an empty frame", "gate", "schema", 0, Buffer.alloc(0)),
  hostile("random bytes", "gate", "schema", 0, bytes("deadbeef00ff7a31")),
  hostile("a map", "gate", "schema", 0, pack({ v: 1, op: 1 })),
  hostile("an array of two", "gate", "schema", 0, pack([V, OP.gate])),
  hostile("an id of text", "gate", "schema", 0, pack([V, OP.gate, "7"])),
  hostile("an id beyond 31 bits", "gate", "schema", 0, pack([V, OP.gate, 2 ** 31])),
  hostile("protocol version 2", "gate", "version", 7, pack([2, OP.gate, 7])),
  hostile("protocol version 0", "gate", "version", 7, pack([0, OP.gate, 7])),
  hostile("an unknown op", "gate", "op", 7, pack([V, 99, 7])),
  hostile("annotate on the gate socket", "gate", "op", 7, pack([V, OP.annotate, 7])),
  hostile("gate on the batch socket", "batch", "op", 7, gate_frame),
  hostile("two frames on the gate socket", "gate", "schema", 7, gate_frame, Buffer.from("x")),
  hostile("half a gate frame", "gate", "schema", 7, gate_frame.subarray(0, 40)),
  hostile("a gate frame with bytes after it", "gate", "schema", 7, Buffer.concat([gate_frame, Buffer.from([1])])),
  hostile("a gate frame above its limit", "gate", "limit", 7, gateWith(6, "X".repeat(600))),
  hostile("a pair of 32 bytes", "gate", "schema", 7, gateWith(6, "X".repeat(32))),
  hostile("a pair of 20 characters in 40 bytes", "gate", "limit", 7, gateWith(6, "ß".repeat(20))),
  hostile("an empty pair", "gate", "schema", 7, gateWith(6, "")),
  hostile("a size of 1025", "gate", "schema", 7, gateWith(9, 1025)),
  hostile("a reason no candle has", "gate", "schema", 7, gateWith(10, REASON.drawdown)),
  hostile("flags of kind 3", "gate", "schema", 7, gateWith(5, 6)),
  hostile("a stake of text", "gate", "schema", 7, gateWith(12, "100")),
  hostile("a stake of null", "gate", "schema", 7, gateWith(12, null)),
  hostile("a time that is not whole", "gate", "schema", 7, gateWith(7, 1.5)),
  hostile("a time of 1e300", "gate", "schema", 7, gateWith(7, f(1e300))),
  hostile("a gate nobody waits for any more", "gate", "late", 7, pack([...gate_values, 1])),
  hostile("a gate with a deadline of text", "gate", "schema", 7, pack([...gate_values, "soon"])),
  hostile("a gate with a deadline of 1e300", "gate", "schema", 7, pack([...gate_values, f(1e300)])),
  hostile("a gate with a deadline that is not a number", "gate", "schema", 7, pack([...gate_values, f(Number.NaN)])),
  hostile("a gate with facts of text", "gate", "schema", 7, pack([...gate_values, null, ["1.5"]])),
  hostile("a gate with a fact too many", "gate", "schema", 7, pack([...gate_values, null, Array(10).fill(f(1))])),
  hostile("a gate with a map of facts", "gate", "schema", 7, pack([...gate_values, null, { close: f(1) }])),
  hostile(
    "a portfolio with trades that do not ascend",
    "gate",
    "schema",
    7,
    portfolioOf(
      [],
      [
        [1, 5, f(0)],
        [2, 4, f(0)],
      ],
    ),
  ),
  hostile("a portfolio with a trade of the future", "gate", "schema", 7, portfolioOf([], [[1, OPEN_MS + 1, f(0)]])),
  hostile("a portfolio with a profit that is no number", "gate", "schema", 7, portfolioOf([], [[1, 5, f(Number.NaN)]])),
  hostile("a portfolio with closes of the future", "gate", "schema", 7, closesOf(["A/B", OPEN_MS + 1, [f(1)]])),
  hostile(
    "a portfolio with closes of two grids",
    "gate",
    "schema",
    7,
    closesOf(["A/B", OPEN_MS, [f(1)]], ["C/D", OPEN_MS - 60_000, [f(1)]]),
  ),
  hostile("a portfolio with a pair without closes", "gate", "schema", 7, closesOf(["A/B", OPEN_MS, []])),
  hostile("a portfolio with 98 closes", "gate", "schema", 7, closesOf(["A/B", OPEN_MS, Array(98).fill(f(1))])),
  hostile(
    "a portfolio with closes of 17 pairs",
    "gate",
    "schema",
    7,
    closesOf(...Array(17).fill(["A/B", OPEN_MS, [f(1)]])),
  ),
  hostile(
    "a portfolio with closes a second apart",
    "gate",
    "schema",
    7,
    portfolioOf([], [], [1, 97, [["A/B", 0, [f(1)]]]]),
  ),
  hostile("a portfolio with closes that are none", "gate", "schema", 7, portfolioOf([], [], 5)),
  hostile("a portfolio with 257 trades", "gate", "schema", 7, portfolioOf([], Array(257).fill([1, 5, f(0)]))),
  hostile(
    "a portfolio with a stop-loss below 0",
    "gate",
    "schema",
    7,
    portfolioOf([["A/B", 0, f(1), f(1), 0, f(-0.1)]], []),
  ),
  hostile("gates without a question", "gate", "schema", 7, gates([])),
  hostile("gates of a map", "gate", "schema", 7, pack([V, OP.gates, 7, 1, 3, { 0: question_values }])),
  hostile("gates without its questions", "gate", "schema", 7, pack([V, OP.gates, 7, 1, 3])),
  hostile("gates of 65 questions", "gate", "limit", 7, gates(Array(65).fill(question_values.slice(0, 1)))),
  hostile("gates above its limit in bytes", "gate", "limit", 7, gates([["X".repeat(8192)]])),
  hostile("gates nobody waits for any more", "gate", "late", 7, gates([question_values], 1)),
  hostile("gates with a deadline of text", "gate", "schema", 7, gates([question_values], "soon")),
  hostile(
    "gates of an unknown handle",
    "gate",
    "no_session",
    7,
    pack([V, OP.gates, 7, 4_000_000, 3, [question_values]]),
  ),
  hostile(
    "gates of declared 2^32 questions",
    "gate",
    "schema",
    7,
    Buffer.concat([pack([V, OP.gates, 7, 1, 3, 0]).subarray(0, -1), bytes("ddffffffff")]),
  ),
  hostile("gates on the batch socket", "batch", "op", 7, gates([question_values])),
  hostile("an unknown handle", "gate", "no_session", 7, gateWith(3, 4_000_000)),
  hostile(
    "a date extension for a time",
    "gate",
    "schema",
    7,
    Buffer.concat([pack(gate_values.slice(0, 7)).fill(0x97, 0, 1), bytes("d6ff00000000")]),
  ),
  hostile(
    "a bignum extension for settings",
    "gate",
    "schema",
    7,
    Buffer.concat([bytes("940100"), pack(7), bytes("c7024200ff")]),
  ),
  hostile(
    "a thousand nested arrays",
    "gate",
    "schema",
    7,
    Buffer.concat([bytes("94010007"), Buffer.alloc(1000, 0x91)]),
  ),
  // What msgpack libraries make of extensions: dates, errors, sets, expressions, typed arrays, bignums, records, and what nobody knows.
  hostile("a date for a stake", "gate", "schema", 7, gateRaw(STAKE, "d6ff5f5e1000")),
  hostile("a date of nanoseconds for a stake", "gate", "schema", 7, gateRaw(STAKE, "d7ff0000000100000001")),
  hostile("an error extension for a stake", "gate", "schema", 7, gateRaw(STAKE, "c7056593a16161a1")),
  hostile("a set extension for a stake", "gate", "schema", 7, gateRaw(STAKE, "d473930102")),
  hostile("an expression extension for a pair", "gate", "schema", 7, gateRaw(PAIR, "c7047892a161a0")),
  hostile("a typed array for a stake", "gate", "schema", 7, gateRaw(STAKE, "c70974060000000000005940")),
  hostile("a bignum for a stake", "gate", "schema", 7, gateRaw(STAKE, "c70242007f")),
  hostile("a record definition for a stake", "gate", "schema", 7, gateRaw(STAKE, "d4724091a161")),
  hostile("an unknown extension for a stake", "gate", "schema", 7, gateRaw(STAKE, "d42a00")),
  hostile("the byte that is no msgpack for a stake", "gate", "schema", 7, gateRaw(STAKE, "c1")),
  hostile("a boolean for a stake", "gate", "schema", 7, gateRaw(STAKE, "c3")),
  hostile("an array for a stake", "gate", "schema", 7, gateRaw(STAKE, "91cb4059000000000000")),
  hostile("bytes for a pair", "gate", "schema", 7, gateRaw(PAIR, "c403412f42")),
  hostile("a pair that is not UTF-8", "gate", "no_session", 7, gateRaw(PAIR, "a3fffe2f")),
  hostile("a time of 2^53 + 1", "gate", "schema", 7, gateRaw(TIME, "cf0020000000000001")),
  hostile("a time of 2^64 - 1", "gate", "schema", 7, gateRaw(TIME, "cfffffffffffffffff")),
  hostile("a time of -1", "gate", "schema", 7, gateRaw(TIME, "ff")),
  hostile("a time of -2^63", "gate", "schema", 7, gateRaw(TIME, "d38000000000000000")),
  hostile("a size that is not a number", "gate", "schema", 7, gateRaw(9, "cb7ff8000000000000")),
  hostile("a handle of -1", "gate", "schema", 7, gateRaw(3, "ff")),
  hostile("settings with a key __proto__", "gate", "settings", 7, helloRaw("81a95f5f70726f746f5f5f81a161c3")),
  hostile("settings with a key constructor", "gate", "settings", 7, helloRaw("81ab636f6e7374727563746f7281a161c3")),
  hostile("settings of a date", "gate", "schema", 7, helloRaw("d6ff5f5e1000")),
  hostile("settings of a thousand nested maps", "gate", "settings", 7, helloRaw(`${"81a161".repeat(1000)}c0`)),
  hostile("settings of eight thousand nested arrays", "gate", "schema", 7, helloRaw(`${"91".repeat(8000)}c0`)),
  hostile("a declared map of 2^32 entries", "gate", "schema", 7, bytes("94010007dfffffffff")),
  hostile("declared bytes of 2^32", "gate", "schema", 7, bytes("94010007c6ffffffff")),
  hostile("a declared extension of 2^32 bytes", "gate", "schema", 7, bytes("94010007c9ffffffff01")),
  hostile("a declared array of 2^32 items", "gate", "schema", 7, bytes("94010007ddffffffff")),
  hostile("a declared text of 2^32 bytes", "gate", "schema", 7, bytes("94010007dbffffffff")),
  hostile("rebase of no session", "gate", "schema", 7, pack([V, OP.rebase, 7, "", "x", "x"])),
  hostile("rebase without a reason", "gate", "schema", 7, pack([V, OP.rebase, 7, "s", "x", ""])),
  hostile("override of no session", "gate", "schema", 7, pack([V, OP.override, 7, "", {}, 0, "x", "x"])),
  hostile("override without limits", "gate", "schema", 7, pack([V, OP.override, 7, "s", 1, 0, "x", "x"])),
  hostile("standing at no time", "gate", "schema", 7, pack([V, OP.standing, 7, 1, 3, f(Number.NaN)])),
  hostile("standing without a portfolio", "gate", "schema", 7, pack([V, OP.standing, 7, 1])),
  hostile("lift without a reason", "gate", "schema", 7, pack([V, OP.lift, 7, "s", [], "x", ""])),
  hostile("lift of a number", "gate", "schema", 7, pack([V, OP.lift, 7, "s", [1], "x", "x"])),
  hostile("hello without its map", "gate", "schema", 7, pack([V, OP.hello, 7])),
  hostile(
    "hello of an unknown run mode",
    "gate",
    "schema",
    7,
    pack([V, OP.hello, 7, { client: "x", minor: 0, run_mode: "moon", session: "s", settings: {} }]),
  ),
  hostile(
    "hello with unknown settings",
    "gate",
    "settings",
    7,
    pack([
      V,
      OP.hello,
      7,
      { client: "x", minor: 0, run_mode: "live", session: "s", settings: { timeframe_s: 300, profil: "extreme" } },
    ]),
  ),
  hostile(
    "hello without a timeframe",
    "gate",
    "settings",
    7,
    pack([V, OP.hello, 7, { client: "x", minor: 0, run_mode: "live", session: "s", settings: {} }]),
  ),
  hostile(
    "samples that do not ascend",
    "gate",
    "schema",
    7,
    pack([
      V,
      OP.portfolio,
      7,
      1,
      1,
      OPEN_MS,
      f(1),
      [
        [5, f(1)],
        [5, f(1)],
      ],
      [],
    ]),
  ),
  hostile(
    "a sample newer than its snapshot",
    "gate",
    "schema",
    7,
    pack([V, OP.portfolio, 7, 1, 1, 5, f(1), [[6, f(1)]], []]),
  ),
  hostile(
    "an infinite equity",
    "gate",
    "schema",
    7,
    pack([V, OP.portfolio, 7, 1, 1, 5, f(Number.POSITIVE_INFINITY), [], []]),
  ),
  hostile(
    "a position of leverage 0",
    "gate",
    "schema",
    7,
    pack([V, OP.portfolio, 7, 1, 1, 5, f(1), [], [["A/B", 0, f(1), f(0), 0]]]),
  ),
  hostile("annotate without its block", "batch", "schema", 7, pack([V, OP.annotate, 7, 1, 6, {}])),
  hostile(
    "annotate with a block too short",
    "batch",
    "schema",
    7,
    pack([V, OP.annotate, 7, 2, 6, {}]),
    Buffer.alloc(48),
  ),
  hostile("annotate with five columns", "batch", "schema", 7, pack([V, OP.annotate, 7, 1, 5, {}]), Buffer.alloc(40)),
  hostile("annotate with eight columns", "batch", "schema", 7, pack([V, OP.annotate, 7, 1, 8, {}]), Buffer.alloc(64)),
  hostile(
    "annotate with seven columns and a block of six",
    "batch",
    "schema",
    7,
    pack([V, OP.annotate, 7, 1, 7, {}]),
    Buffer.alloc(48),
  ),
  hostile(
    "annotate that nobody waits for any more",
    "batch",
    "late",
    7,
    pack([V, OP.annotate, 7, 1, 6, {}, 1]),
    Buffer.alloc(48),
  ),
  hostile(
    "annotate with a deadline of text",
    "batch",
    "schema",
    7,
    pack([V, OP.annotate, 7, 1, 6, {}, "soon"]),
    Buffer.alloc(48),
  ),
  annotateWanting("no columns", "schema", []),
  annotateWanting("columns that do not ascend", "schema", [1, 0]),
  annotateWanting("a column twice", "schema", [2, 2]),
  annotateWanting("a column of -1", "schema", [f(-1)]),
  annotateWanting("a column and a half", "schema", [1.5]),
  annotateWanting("a column that is not a number", "schema", [f(Number.NaN)]),
  annotateWanting("a column by its name", "schema", ["risk_size"]),
  annotateWanting("columns of text", "schema", "verdict"),
  annotateWanting("a map of columns", "schema", { 0: 1 }),
  annotateWanting(
    "a thousand columns",
    "schema",
    Array.from({ length: 1000 }, (_, index) => index),
  ),
  annotateWanting("a column nobody has", "settings", [0, 200]),
  hostile(
    "annotate of 2,000,001 rows",
    "batch",
    "limit",
    7,
    pack([V, OP.annotate, 7, 2_000_001, 6, {}]),
    Buffer.alloc(48),
  ),
  hostile(
    "annotate of -1 rows",
    "batch",
    "schema",
    7,
    Buffer.concat([bytes("9601"), bytes("02"), bytes("07"), bytes("ff"), bytes("06"), bytes("80")]),
    Buffer.alloc(0),
  ),
  hostile(
    "annotate with unknown parameters",
    "batch",
    "settings",
    7,
    pack([V, OP.annotate, 7, 1, 6, { profile: "bold", window_set: "standard", timeframe_s: 300 }]),
    Buffer.alloc(48),
  ),
  hostile(
    "annotate of a candle of zeros",
    "batch",
    "bad_input",
    7,
    pack([V, OP.annotate, 7, 1, 6, { profile: "extreme", window_set: "standard", timeframe_s: 300 }]),
    Buffer.alloc(48),
  ),
];

const files = { "requests.json": requests, "replies.json": replies, "hostile.json": hostiles };
for (const [name, vectors] of Object.entries(files)) {
  const path = join(here, "vectors", name);
  const text = `[\n${vectors.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`;
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
  } else if (readFileSync(path, "utf8") !== text) {
    process.stderr.write(`protocol/vectors/${name} is out of date: run \`node protocol/make-vectors.mjs\`\n`);
    process.exitCode = 1;
  }
}
