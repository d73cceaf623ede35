/** Typed messages of the protocol (protocol/spec.md) and the schemas of their frames. */

import { isRecord } from "../config/check.js";
import type { RunMode } from "../config/resolve.js";
import type { OutcomeRow, PositionRow } from "../gate/events.js";
import { OVERRIDABLE } from "../gate/overrides.js";
import type { GateRequest, SessionStatus } from "../gate/types.js";
import type { CloseNews } from "../portfolio/closes.js";
import { FACTS, LIMITS, POSITION_STATE, REASONS, RUN_MODES, SESSION_STATUS } from "../protocol/codes.js";
import { Compile, type TSchema, Type } from "../typebox.js";

export interface HelloRequest {
  readonly op: "hello";
  readonly id: number;
  readonly client: string;
  readonly minor: number;
  readonly run_mode: RunMode;
  readonly session: string;
  /** Null: not told. */
  readonly stake_currency: string | null;
  /** Not yet checked: settings have their own errors. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Wall-clock time in ms since 1970 after which nobody waits for the reply; null: none was given. */
export type Deadline = number | null;

export interface GateMessage {
  readonly op: "gate";
  readonly id: number;
  readonly handle: number;
  readonly seq: number;
  readonly request: GateRequest;
  readonly deadline_ms: Deadline;
}

/** One question of a `gates` message: readable, or the error that answers it alone. */
export type Question =
  | { readonly ok: true; readonly request: GateRequest }
  | { readonly ok: false; readonly error: ItemError };

export interface ItemError {
  readonly status: number;
  readonly message: string;
}

/** Several questions of one session, answered in order. */
export interface GatesMessage {
  readonly op: "gates";
  readonly id: number;
  readonly handle: number;
  readonly seq: number;
  readonly questions: readonly Question[];
  readonly deadline_ms: Deadline;
}

export interface PortfolioMessage {
  readonly op: "portfolio";
  readonly id: number;
  readonly handle: number;
  readonly seq: number;
  readonly at_ms: number;
  readonly equity: number;
  readonly samples: readonly (readonly [t_ms: number, equity: number])[];
  readonly positions: readonly PositionRow[];
  /** Trades closed, in order of time; some may be known. */
  readonly closed: readonly OutcomeRow[];
  /** Closes that are news; null: none. */
  readonly closes: CloseNews | null;
}

export interface AnnotateMessage {
  readonly op: "annotate";
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
  /** Not yet checked: the engine checks its own parameters. */
  readonly engine: Readonly<Record<string, unknown>>;
  readonly deadline_ms: Deadline;
  /** Ascending indexes of the columns to answer with; null: all. Whether there are such is for the engine to say. */
  readonly wanted: readonly number[] | null;
}

export interface StatusMessage {
  readonly op: "status";
  readonly id: number;
}

export interface ControlMessage {
  readonly op: "control";
  readonly id: number;
  /** Session name; empty: every live session. */
  readonly session: string;
  readonly status: SessionStatus;
  /** 0: until changed. */
  readonly until_ms: number;
  readonly by: string;
  readonly why: string;
}

export interface RebaseMessage {
  readonly op: "rebase";
  readonly id: number;
  readonly session: string;
  readonly by: string;
  readonly why: string;
}

/** Limits set by hand until a time. */
export interface OverrideMessage {
  readonly op: "override";
  readonly id: number;
  readonly session: string;
  /** By their names in the settings' `limits` block. Not yet checked: they have their own errors. */
  readonly limits: Readonly<Record<string, unknown>>;
  readonly until_ms: number;
  readonly by: string;
  readonly why: string;
}

/** Overrides ended by hand; no names: all of the session's. */
export interface LiftMessage {
  readonly op: "lift";
  readonly id: number;
  readonly session: string;
  readonly limits: readonly string[];
  readonly by: string;
  readonly why: string;
}

/** What denies every entry of a session now. */
export interface StandingMessage {
  readonly op: "standing";
  readonly id: number;
  readonly handle: number;
  readonly seq: number;
  readonly now_ms: number;
}

export type Request =
  | HelloRequest
  | GateMessage
  | GatesMessage
  | PortfolioMessage
  | AnnotateMessage
  | StatusMessage
  | ControlMessage
  | RebaseMessage
  | OverrideMessage
  | LiftMessage
  | StandingMessage;

const MAX_MS = 1e14;
const MAX_MONEY = 1e18;
/** A year. */
const MAX_STEP_S = 366 * 86_400;
const U32 = 2 ** 32 - 1;
const Id = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 });
const Version = Type.Integer({ minimum: 0, maximum: 255 });
const Op = Type.Integer({ minimum: 0, maximum: 255 });
const Handle = Type.Integer({ minimum: 0, maximum: U32 });
const Millis = Type.Integer({ minimum: 0, maximum: MAX_MS });
/** Any double: NaN and infinity are let through to the gate, which denies them with a reason. */
const Double = Type.Unsafe<number>(Type.Refine(Type.Unknown(), (value) => typeof value === "number"));
const Money = Type.Number({ minimum: -MAX_MONEY, maximum: MAX_MONEY });
const Pair = Type.String({ minLength: 1, maxLength: LIMITS.pair_bytes });
const Text = (most: number) => Type.String({ minLength: 1, maxLength: most });
/** A plain map: not one of the dates, sets or errors that msgpack extensions decode to. */
const AnyMap = Type.Unsafe<Readonly<Record<string, unknown>>>(
  Type.Refine(Type.Unknown(), (value) => isRecord(value) && Object.getPrototypeOf(value) === Object.prototype),
);

/** Reasons a candle verdict may carry: the engine's own, and none. */
export const CANDLE_REASONS: ReadonlySet<number> = new Set(
  REASONS.filter((reason) => reason.origin === "candle" || reason.code === 0).map((reason) => reason.code),
);

/** Elements a newer minor version may append are accepted and ignored. */
function frame<const T extends TSchema[]>(elements: [...T]) {
  return Type.Tuple(elements, { additionalItems: true });
}

/** What a question is about, in order; in `gate` after the sequence number, in `gates` one array each. */
const QUESTION = [
  Type.Integer({ minimum: 0, maximum: 15 }),
  Pair,
  Millis,
  Millis,
  Type.Integer({ minimum: 0, maximum: 1024 }),
  Type.Integer({ minimum: 0, maximum: 255 }),
  Double,
  Double,
  Double,
  Double,
  Double,
] as const;

/** One element of a `gates` message. */
export const ITEM = Compile(frame([...QUESTION]));
export type QuestionValues = readonly [
  flags: number,
  pair: string,
  candle_open_ms: number,
  now_ms: number,
  size_1024: number,
  reason: number,
  candle_value: number,
  stake: number,
  min_stake: number,
  leverage: number,
  rate: number,
];
/** The optional element after the others: a time, or null for none. */
export const DEADLINE = Compile(Type.Union([Millis, Type.Null()]));
/** The optional element of annotate after its deadline: indexes of columns, or null for all. */
export const WANTED = Compile(
  Type.Union([
    Type.Array(Type.Integer({ minimum: 0, maximum: U32 }), { minItems: 1, maxItems: LIMITS.wanted }),
    Type.Null(),
  ]),
);

const POSITION = [
  Pair,
  Type.Integer({ minimum: 0, maximum: 1 }),
  Type.Number({ minimum: 0, maximum: MAX_MONEY }),
  Type.Number({ minimum: 1, maximum: 1000 }),
  Type.Integer({ minimum: 0, maximum: POSITION_STATE.pending }),
] as const;
/** A short can lose more than its value. */
const Loss = Type.Number({ minimum: 0, maximum: 1e6 });
/** The optional element of a portfolio after its positions. */
export const CLOSED = Compile(
  Type.Array(Type.Tuple([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Millis, Money]), {
    maxItems: LIMITS.closed,
  }),
);
/** The optional element of a portfolio after its closed trades: the step of the grid in seconds, how many closes of a pair to keep, then closes of pairs, NaN where one is not known. */
export const CLOSES = Compile(
  Type.Union([
    Type.Tuple([
      Type.Integer({ minimum: 60, maximum: MAX_STEP_S }),
      Type.Integer({ minimum: 1, maximum: LIMITS.closes }),
      Type.Array(Type.Tuple([Pair, Millis, Type.Array(Double, { minItems: 1, maxItems: LIMITS.closes })]), {
        minItems: 1,
        maxItems: LIMITS.close_pairs,
      }),
    ]),
    Type.Null(),
  ]),
);
/** The optional last element of a question: numbers in the order of FACTS, those left out not told. Any double. */
export const TOLD = Compile(Type.Union([Type.Array(Double, { maxItems: FACTS.length }), Type.Null()]));

export const FRAME = {
  hello: Compile(
    frame([
      Version,
      Op,
      Id,
      Type.Object({
        client: Text(64),
        minor: Type.Integer({ minimum: 0, maximum: 255 }),
        run_mode: Type.Enum(RUN_MODES),
        session: Text(LIMITS.session_bytes),
        settings: AnyMap,
        stake_currency: Type.Optional(Text(16)),
      }),
    ]),
  ),
  gate: Compile(frame([Version, Op, Id, Handle, Handle, ...QUESTION])),
  gates: Compile(frame([Version, Op, Id, Handle, Handle, Type.Array(Type.Unknown(), { minItems: 1 })])),
  portfolio: Compile(
    frame([
      Version,
      Op,
      Id,
      Handle,
      Type.Integer({ minimum: 1, maximum: U32 }),
      Millis,
      Money,
      Type.Array(Type.Tuple([Millis, Money]), { maxItems: LIMITS.samples }),
      Type.Array(Type.Union([Type.Tuple([...POSITION]), Type.Tuple([...POSITION, Loss])]), {
        maxItems: LIMITS.positions,
      }),
    ]),
  ),
  annotate: Compile(
    frame([
      Version,
      Op,
      Id,
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      Type.Integer({ minimum: 0, maximum: 255 }),
      AnyMap,
    ]),
  ),
  status: Compile(frame([Version, Op, Id])),
  control: Compile(
    frame([
      Version,
      Op,
      Id,
      Type.String({ maxLength: LIMITS.session_bytes }),
      Type.Integer({ minimum: 0, maximum: SESSION_STATUS.HALTED }),
      Millis,
      Text(64),
      Text(200),
    ]),
  ),
  standing: Compile(frame([Version, Op, Id, Handle, Handle, Millis])),
  rebase: Compile(frame([Version, Op, Id, Text(LIMITS.session_bytes), Text(64), Text(200)])),
  override: Compile(frame([Version, Op, Id, Text(LIMITS.session_bytes), AnyMap, Millis, Text(64), Text(200)])),
  lift: Compile(
    frame([
      Version,
      Op,
      Id,
      Text(LIMITS.session_bytes),
      Type.Array(Text(64), { maxItems: OVERRIDABLE.length }),
      Text(64),
      Text(200),
    ]),
  ),
} as const;
