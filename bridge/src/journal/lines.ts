/**
 * Lines of the journal: one JSON object each, with `seq` (1, 2, … per boot), `t_ms` (wall clock), `type` and, last, `crc`: the CRC-32 of the
 * bytes before it. Checked when read: a journal is a file, and files get edited, cut and mixed up. A digit that changed would still be JSON.
 */

import { crc32 } from "node:zlib";
import type {
  ControlEvent,
  GateEvent,
  HelloEvent,
  LeaveEvent,
  LiftEvent,
  OverrideEvent,
  PortfolioEvent,
  RebaseEvent,
  SessionEvent,
} from "../gate/events.js";
import type { GroupSnapshot } from "../gate/group_snapshot.js";
import type { SessionSnapshot } from "../gate/snapshot.js";
import { FIXED } from "../limits.js";
import { REASONS } from "../protocol/codes.js";
import { Compile, type TSchema, Type } from "../typebox.js";
import { writeGateJson } from "./gate_line.js";
import type { LineBuffer } from "./line_buffer.js";

/**
 * What these lines mean, counted up when an older daemon would misread them; a field more that it may leave out is no new format. Every file
 * begins with a line that tells it. Lines without it are from before formats were counted, and mean what those of format 1 do; the first ones have no
 * checksums either.
 */
export const JOURNAL_FORMAT = 1;

/** The journal is a newer daemon's: to take its lines for damage would be to lose them. */
export class NewerJournalError extends Error {
  override readonly name = "NewerJournalError";
  constructor(readonly format: number) {
    super(`a journal file is of format ${format}, and this talebridge reads up to ${JOURNAL_FORMAT}`);
  }
}

/** First line of a boot's first file. */
export interface BootEvent {
  readonly type: "boot";
  readonly format?: number;
  readonly server: string;
  readonly engine_version: string;
  readonly boot: string;
  readonly pid: number;
  /** Private daemons serve one run and are not continued by the next. */
  readonly private: boolean;
}

/**
 * Live sessions as they stand, and the groups they are in. A run of these, `part` 1 to `parts`, lists them all: it begins every file and follows
 * every gap, so that reading can start there. One session or group a line, so that lines stay of bounded length.
 */
export interface StateEvent {
  readonly type: "state";
  readonly format?: number;
  readonly boot: string;
  readonly private: boolean;
  readonly part: number;
  readonly parts: number;
  readonly sessions: readonly SessionSnapshot[];
  /** Absent: none. */
  readonly groups?: readonly GroupSnapshot[];
}

/** A live session given up to make room; what comes under its name later is another one. */
export interface ForgetEvent {
  readonly type: "forget";
  readonly session: string;
}

/** Clean shutdown. */
export interface StopEvent {
  readonly type: "stop";
  readonly why: string;
}

export type JournalEvent = BootEvent | StateEvent | ForgetEvent | StopEvent | SessionEvent;
export type JournalLine = JournalEvent & { readonly seq: number; readonly t_ms: number };

const Num = Type.Number();
const NumOrNull = Type.Union([Type.Number(), Type.Null()]);
const Text = Type.String();
const Format = Type.Optional(Type.Integer({ minimum: 1 }));
const Side = Type.Enum(["long", "short"]);
const Kind = Type.Enum(["entry", "scale_in", "replace"]);
const Decision = Type.Enum(["allow", "reduce", "deny"]);
const Status = Type.Enum(["ACTIVE", "REDUCING", "HALTED"]);
const ReasonText = Type.Enum(REASONS.map((reason) => reason.name));
const Sample = Type.Tuple([Num, Num]);
const SampleOrNull = Type.Union([Sample, Type.Null()]);
const PositionState = Type.Enum(["open", "pending"]);
const PositionTuple = Type.Union([
  Type.Tuple([Text, Side, Num, Num, PositionState]),
  Type.Tuple([Text, Side, Num, Num, PositionState, Num]),
]);
const Closes = Type.Object({
  step_s: Num,
  keep: Num,
  rows: Type.Array(Type.Tuple([Text, Num, Type.Array(NumOrNull)])),
});
const Outcomes = Type.Array(Type.Tuple([Num, Num, Num]));

function line<const P extends Record<string, TSchema>>(properties: P) {
  return Compile(Type.Object({ seq: Type.Integer({ minimum: 1 }), t_ms: Type.Integer(), ...properties }));
}

const GroupRow = Type.Object({
  key: Text,
  index: Num,
  unit: Num,
  last_ms: Num,
  peaks: Type.Array(Sample),
  members: Type.Array(
    Type.Object({
      session: Text,
      equity: Num,
      exposure: Num,
      granted: Type.Array(Type.Tuple([Text, Num])),
      last: SampleOrNull,
      confirmed: NumOrNull,
      high: Type.Optional(NumOrNull),
    }),
  ),
});

const Snapshot = Type.Object({
  session: Text,
  run_mode: Text,
  group: Type.Optional(Text),
  stake_currency: Type.Optional(Text),
  manual: Type.Object({ status: Status, until_ms: NumOrNull, by: Type.Optional(Text), why: Type.Optional(Text) }),
  overrides: Type.Optional(
    Type.Array(Type.Object({ limit: Text, value: NumOrNull, until_ms: Num, by: Text, why: Text })),
  ),
  seq: Num,
  portfolio: Type.Union([Type.Object({ at_ms: Num, equity: Num, positions: Type.Array(PositionTuple) }), Type.Null()]),
  equity: Type.Object({
    peaks: Type.Array(Sample),
    last: SampleOrNull,
    day_base: SampleOrNull,
    week_base: Type.Optional(SampleOrNull),
    since_ms: Num,
  }),
  asked: Type.Array(
    Type.Object({
      pair: Text,
      side: Side,
      kind: Kind,
      candle_open_ms: Num,
      first_stake: Num,
      ceiling: Num,
      denied: Type.Boolean(),
      reason: ReasonText,
      value: NumOrNull,
      limit: NumOrNull,
    }),
  ),
  closes: Type.Optional(Closes),
  closed: Type.Optional(Outcomes),
  entries: Type.Optional(Type.Array(Type.Object({ pair: Text, side: Side, candle_open_ms: Num, at_ms: Num }))),
  tally: Type.Object({
    asked: Num,
    allowed: Num,
    reduced: Num,
    denied: Num,
    by_reason: Type.Record(Text, Num),
  }),
});

const LINES = {
  boot: line({
    format: Format,
    server: Text,
    engine_version: Text,
    boot: Text,
    pid: Num,
    private: Type.Boolean(),
  }),
  state: line({
    format: Format,
    boot: Text,
    private: Type.Boolean(),
    part: Type.Integer({ minimum: 1 }),
    parts: Type.Integer({ minimum: 1 }),
    sessions: Type.Array(Snapshot),
    groups: Type.Optional(Type.Array(GroupRow)),
  }),
  forget: line({ session: Text }),
  stop: line({ why: Text }),
  hello: line({
    session: Text,
    run_mode: Text,
    client: Text,
    settings: Type.Object({}),
    fingerprint: Text,
    group: Type.Optional(Text),
    stake_currency: Type.Optional(Text),
  }),
  portfolio: line({
    session: Text,
    snapshot_seq: Num,
    at_ms: Num,
    equity: Num,
    samples: Type.Array(Sample),
    positions: Type.Array(PositionTuple),
    closed: Type.Optional(Outcomes),
    closes: Type.Optional(Closes),
  }),
  gate: line({
    session: Text,
    pair: Text,
    side: Side,
    kind: Kind,
    stage: Type.Enum(["size", "final"]),
    candle_open_ms: Num,
    now_ms: Num,
    candle: Type.Object({ size: NumOrNull, reason: Type.Union([ReasonText, Type.Null()]), value: NumOrNull }),
    stake: NumOrNull,
    min_stake: NumOrNull,
    leverage: NumOrNull,
    rate: NumOrNull,
    snapshot_seq: Num,
    decision: Decision,
    stake_allowed: NumOrNull,
    would: Decision,
    would_stake: Num,
    reason: ReasonText,
    value: NumOrNull,
    limit: NumOrNull,
    caps: Type.Array(
      Type.Object({
        reason: ReasonText,
        stake: Num,
        value: NumOrNull,
        limit: NumOrNull,
        added: Type.Optional(NumOrNull),
      }),
    ),
    reask: Type.Boolean(),
    ceiling: Num,
    facts: Type.Optional(Type.Array(NumOrNull)),
  }),
  control: line({ session: Text, status: Status, until_ms: NumOrNull, by: Text, why: Text }),
  rebase: line({ session: Text, at_ms: Num, by: Text, why: Text }),
  override: line({ session: Text, limits: Type.Record(Text, NumOrNull), until_ms: Num, by: Text, why: Text }),
  leave: line({ session: Text }),
  lift: line({ session: Text, limits: Type.Array(Text), by: Text, why: Text }),
} as const;

/** JSON Schema of a journal's line, any of its types; its last field is the checksum, a CRC-32 of the bytes before `,"crc":`. */
export function lineSchema(): Record<string, unknown> {
  const crc = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
  const anyOf = Object.entries(LINES).map(([type, validator]) => {
    const { properties, required, ...rest } = validator.Type();
    return {
      title: type,
      ...rest,
      properties: { type: { const: type }, ...properties, crc },
      required: ["type", ...(required ?? []), "crc"],
    };
  });
  return { title: `talebridge journal, format ${JOURNAL_FORMAT}: one line`, anyOf };
}

/** The longest line that is read: far above any that is written. */
export const MAX_LINE_BYTES = FIXED.journal_line_bytes;
const CRC_KEY = ',"crc":';
/** `,"crc":4294967295}` */
const MAX_CRC_BYTES = CRC_KEY.length + 11;

/** Writes one line, its newline included. */
export function writeLine(out: LineBuffer, seq: number, t_ms: number, event: JournalEvent): void {
  const start = out.length;
  if (event.type === "gate") writeGateJson(out, seq, t_ms, event);
  else out.utf8(JSON.stringify({ seq, t_ms, ...event }).slice(0, -1));
  seal(out, start);
}

/** Closes the object that begins at `start`: its checksum, brace and newline. */
function seal(out: LineBuffer, start: number): void {
  const crc = crc32(out.from(start));
  out.ascii(CRC_KEY);
  out.number(crc);
  out.ascii("}\n");
}

/** The JSON text under a line's checksum; null when there is none or it does not fit. */
function unsealed(line: Buffer): string | null {
  const at = line.lastIndexOf(CRC_KEY);
  if (at < line.length - MAX_CRC_BYTES || at < 0) return null;
  const crc = line.toString("latin1", at + CRC_KEY.length);
  if (crc !== `${crc32(line.subarray(0, at))}}`) return null;
  return `${line.toString("utf8", 0, at)}}`;
}

/**
 * One line's event; null when the bytes (without their newline) are not a whole journal line.
 * @throws NewerJournalError when it begins a file of a newer format
 */
export function parseLine(line: Buffer): JournalLine | null {
  const json = unsealed(line);
  return json === null ? null : parseJson(json);
}

/** Whether a file's first line tells that the file is from before lines had checksums. */
export function isBeforeChecksums(first: Buffer): boolean {
  const line = parseUnsummed(first);
  return line !== null && (line.type === "boot" || line.type === "state") && line.format === undefined;
}

/** One line's event, of a file from before lines had checksums, where a state was one line. */
export function parseUnsummed(line: Buffer): JournalLine | null {
  return line.includes(CRC_KEY) ? null : parseJson(line.toString("utf8"), { part: 1, parts: 1 });
}

/** @param absent of a state, where an older version left them out */
function parseJson(json: string, absent: object = {}): JournalLine | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (Object(value).type === "state") value = { ...absent, ...Object(value) };
  const { type, format }: { type?: unknown; format?: unknown } = Object(value);
  if ((type === "boot" || type === "state") && typeof format === "number" && format > JOURNAL_FORMAT)
    throw new NewerJournalError(format);
  switch (type) {
    case "boot":
      return LINES.boot.Check(value) ? tagged<BootEvent>(value) : null;
    case "state":
      return LINES.state.Check(value) ? tagged<StateEvent>(value) : null;
    case "forget":
      return LINES.forget.Check(value) ? tagged<ForgetEvent>(value) : null;
    case "stop":
      return LINES.stop.Check(value) ? tagged<StopEvent>(value) : null;
    case "hello":
      return LINES.hello.Check(value) ? tagged<HelloEvent>(value) : null;
    case "portfolio":
      return LINES.portfolio.Check(value) ? tagged<PortfolioEvent>(value) : null;
    case "gate":
      return LINES.gate.Check(value) ? tagged<GateEvent>(value) : null;
    case "control":
      return LINES.control.Check(value) ? tagged<ControlEvent>(value) : null;
    case "rebase":
      return LINES.rebase.Check(value) ? tagged<RebaseEvent>(value) : null;
    case "override":
      return LINES.override.Check(value) ? tagged<OverrideEvent>(value) : null;
    case "leave":
      return LINES.leave.Check(value) ? tagged<LeaveEvent>(value) : null;
    case "lift":
      return LINES.lift.Check(value) ? tagged<LiftEvent>(value) : null;
    default:
      return null;
  }
}

type Stamped<E> = E & { readonly seq: number; readonly t_ms: number };

/** The compiler checks that a schema's type holds all the event's fields; only `type` was checked by the caller. */
function tagged<E extends JournalEvent>(value: Omit<Stamped<E>, "type">): Stamped<E> {
  return value as Stamped<E>;
}
