/**
 * Lines of the journal: one JSON object each, with `seq` (1, 2, … per boot), `t_ms` (wall clock) and `type`. Checked when read: a journal is a
 * file, and files get edited, cut and mixed up.
 */
import { type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import type { ControlEvent, GateEvent, HelloEvent, PortfolioEvent, RebaseEvent, SessionEvent } from "../gate/events.js";
import type { SessionSnapshot } from "../gate/snapshot.js";
import { REASONS } from "../protocol/codes.js";

/** First line of a boot's first file. */
export interface BootEvent {
  readonly type: "boot";
  readonly server: string;
  readonly engine_version: string;
  readonly boot: string;
  readonly pid: number;
  /** Private daemons serve one run and are not continued by the next. */
  readonly private: boolean;
}

/** All live sessions as they stand: begins every file and follows every gap, so that reading can start there. */
export interface StateEvent {
  readonly type: "state";
  readonly boot: string;
  readonly private: boolean;
  readonly sessions: readonly SessionSnapshot[];
}

/** Clean shutdown. */
export interface StopEvent {
  readonly type: "stop";
  readonly why: string;
}

export type JournalEvent = BootEvent | StateEvent | StopEvent | SessionEvent;
export type JournalLine = JournalEvent & { readonly seq: number; readonly t_ms: number };

const Num = Type.Number();
const NumOrNull = Type.Union([Type.Number(), Type.Null()]);
const Text = Type.String();
const Side = Type.Enum(["long", "short"]);
const Kind = Type.Enum(["entry", "scale_in", "replace"]);
const Decision = Type.Enum(["allow", "reduce", "deny"]);
const Status = Type.Enum(["ACTIVE", "REDUCING", "HALTED"]);
const ReasonText = Type.Enum(REASONS.map((reason) => reason.name));
const Sample = Type.Tuple([Num, Num]);
const SampleOrNull = Type.Union([Sample, Type.Null()]);
const PositionTuple = Type.Tuple([Text, Side, Num, Num, Type.Enum(["open", "pending"])]);

function line<const P extends Record<string, TSchema>>(properties: P) {
  return Compile(Type.Object({ seq: Type.Integer({ minimum: 1 }), t_ms: Type.Integer(), ...properties }));
}

const Snapshot = Type.Object({
  session: Text,
  run_mode: Text,
  manual: Type.Object({ status: Status, until_ms: NumOrNull }),
  seq: Num,
  portfolio: Type.Union([Type.Object({ at_ms: Num, equity: Num, positions: Type.Array(PositionTuple) }), Type.Null()]),
  equity: Type.Object({ peaks: Type.Array(Sample), last: SampleOrNull, day_base: SampleOrNull, since_ms: Num }),
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
  tally: Type.Object({
    asked: Num,
    allowed: Num,
    reduced: Num,
    denied: Num,
    by_reason: Type.Record(Text, Num),
  }),
});

const LINES = {
  boot: line({ server: Text, engine_version: Text, boot: Text, pid: Num, private: Type.Boolean() }),
  state: line({ boot: Text, private: Type.Boolean(), sessions: Type.Array(Snapshot) }),
  stop: line({ why: Text }),
  hello: line({
    session: Text,
    run_mode: Text,
    client: Text,
    settings: Type.Object({}),
    fingerprint: Text,
  }),
  portfolio: line({
    session: Text,
    snapshot_seq: Num,
    at_ms: Num,
    equity: Num,
    samples: Type.Array(Sample),
    positions: Type.Array(PositionTuple),
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
    caps: Type.Array(Type.Object({ reason: ReasonText, stake: Num, value: NumOrNull, limit: NumOrNull })),
    reask: Type.Boolean(),
    ceiling: Num,
  }),
  control: line({ session: Text, status: Status, until_ms: NumOrNull, by: Text, why: Text }),
  rebase: line({ session: Text, at_ms: Num, by: Text, why: Text }),
} as const;

/** One line's event; null when the text is not a journal line. */
export function parseLine(text: string): JournalLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const type: unknown = Object(value).type;
  switch (type) {
    case "boot":
      return LINES.boot.Check(value) ? tagged<BootEvent>(value) : null;
    case "state":
      return LINES.state.Check(value) ? tagged<StateEvent>(value) : null;
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
    default:
      return null;
  }
}

type Stamped<E> = E & { readonly seq: number; readonly t_ms: number };

/** The compiler checks that a schema's type holds all the event's fields; only `type` was checked by the caller. */
function tagged<E extends JournalEvent>(value: Omit<Stamped<E>, "type">): Stamped<E> {
  return value as Stamped<E>;
}
