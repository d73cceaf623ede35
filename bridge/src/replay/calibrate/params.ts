/** The file of `calibrate --params-out`: a `risk_bridge` block, and beside it what the settings were chosen on, so that a replay can warn. */
import type { Profile } from "../../config/profiles.js";
import { type Static, Type, Value } from "../../typebox.js";
import { ReplayInputError } from "../read/error.js";
import { day } from "../report/format.js";
import type { Calibration } from "./result.js";
import { toTimerange } from "./timerange.js";
import type { Range } from "./windows.js";

const Instant = Type.Number({ minimum: 0, maximum: 8.64e15 });
const Span = Type.Object({ from_ms: Instant, to_ms: Instant });
const NoteSchema = Type.Object({
  looked_at: Span,
  hold_out: Span,
  hold_out_timerange: Type.String(),
  gates_tried: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  basis: Type.String(),
  read_this: Type.String(),
});
/** Where settings come from, in the file that holds them. */
export type CalibrationNote = Static<typeof NoteSchema>;

const KEY = "talebridge_calibration";

/** @throws ReplayInputError when nothing could be suggested for the profile */
export function paramsFile(found: Calibration, profile: Profile, given: Readonly<Record<string, unknown>>): string {
  const chosen = found.profiles.find((one) => one.profile === profile);
  if (chosen?.suggested == null) {
    throw new ReplayInputError(
      `No settings can be suggested for ${profile}: ${chosen?.not_suggested ?? "no such profile"}.`,
    );
  }
  const note: CalibrationNote = {
    looked_at: found.looked_at,
    hold_out: found.hold_out,
    hold_out_timerange: toTimerange(found.hold_out),
    gates_tried: found.gates_tried,
    basis: found.basis,
    read_this: `Chosen on candles from ${day(found.looked_at.from_ms)} to ${day(found.looked_at.to_ms)}. Judge them by a backtest of the hold-out alone (--timerange ${toTimerange(found.hold_out)}), once.`,
  };
  const risk_bridge = { ...given, profile, rules: [chosen.suggested.rule] };
  return `${JSON.stringify({ risk_bridge, [KEY]: note }, null, 2)}\n`;
}

/** What a settings file says of where it comes from; null: nothing. */
export function calibrationNote(content: unknown): CalibrationNote | null {
  const note: unknown = typeof content === "object" && content !== null ? Reflect.get(content, KEY) : undefined;
  return Value.Check(NoteSchema, note) ? note : null;
}

/** A sentence when settings were chosen on candles that a backtest is reported on; null otherwise. */
export function overlap(note: CalibrationNote, { from_ms, to_ms }: Range): string | null {
  if (from_ms >= note.looked_at.to_ms || to_ms <= note.looked_at.from_ms) return null;
  return (
    `The settings were chosen on candles from ${day(note.looked_at.from_ms)} to ${day(note.looked_at.to_ms)}, and this backtest is of some of them: ` +
    `what it shows of the gate is flattered. Judge them by a backtest with --timerange ${note.hold_out_timerange}.`
  );
}
