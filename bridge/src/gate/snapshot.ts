/** A session's whole state as plain JSON data: what a journal file begins with, so that older files are not needed to continue. */
import { type CloseBook, type CloseNews, withCloses } from "../portfolio/closes.js";
import type { ConfirmedEntry } from "../portfolio/entry_rate.js";
import { REASON, type ReasonName, reasonName } from "../protocol/codes.js";
import { remember, standing } from "./asked.js";
import { type OutcomeRow, outcomeOf, outcomeRow, type PositionRow, positionOf, positionRow } from "./events.js";
import { isOverridable, type Override } from "./overrides.js";
import { type Manual, newSession, type SessionState } from "./session.js";
import type { EquitySample, Kind, Side } from "./types.js";

type SampleRow = readonly [t_ms: number, equity: number];

export interface AskedRow {
  readonly pair: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly candle_open_ms: number;
  readonly first_stake: number;
  readonly ceiling: number;
  readonly denied: boolean;
  readonly reason: ReasonName;
  readonly value: number | null;
  readonly limit: number | null;
}

/** A newer version may have limits that this one does not know. */
type OverrideRow = Omit<Override, "limit"> & { readonly limit: string };

export interface SessionSnapshot {
  readonly session: string;
  readonly run_mode: string;
  /** Absent: none, or not told. */
  readonly group?: string;
  readonly stake_currency?: string;
  /** `by` and `why` are absent where an older version wrote it. */
  readonly manual: Pick<Manual, "status" | "until_ms"> & { readonly by?: string; readonly why?: string };
  /** Absent: none. */
  readonly overrides?: readonly OverrideRow[];
  readonly seq: number;
  readonly portfolio: {
    readonly at_ms: number;
    readonly equity: number;
    readonly positions: readonly PositionRow[];
  } | null;
  readonly equity: {
    readonly peaks: readonly SampleRow[];
    readonly last: SampleRow | null;
    readonly day_base: SampleRow | null;
    /** Absent where an older version wrote it. */
    readonly week_base?: SampleRow | null;
    readonly since_ms: number;
  };
  readonly asked: readonly AskedRow[];
  /** Absent where none were told, or an older version wrote it. */
  readonly closes?: CloseNews;
  /** These two are absent where an older version wrote it. */
  readonly closed?: readonly OutcomeRow[];
  readonly entries?: readonly ConfirmedEntry[];
  readonly tally: {
    readonly asked: number;
    readonly allowed: number;
    readonly reduced: number;
    readonly denied: number;
    readonly by_reason: Readonly<Record<string, number>>;
  };
}

export function exportSession(session: string, state: SessionState): SessionSnapshot {
  const { portfolio, equity, tally } = state;
  return {
    session,
    run_mode: state.run_mode,
    ...(state.group === null ? {} : { group: state.group }),
    ...(state.stake_currency === null ? {} : { stake_currency: state.stake_currency }),
    manual: state.manual,
    ...(state.overrides.length === 0 ? {} : { overrides: state.overrides }),
    seq: state.seq,
    portfolio:
      portfolio === null
        ? null
        : {
            at_ms: portfolio.at_ms,
            equity: portfolio.equity,
            positions: portfolio.positions.map(positionRow),
          },
    equity: {
      peaks: equity.peaks.map(toRow),
      last: equity.last === null ? null : toRow(equity.last),
      day_base: equity.day_base === null ? null : toRow(equity.day_base),
      week_base: equity.week_base === null ? null : toRow(equity.week_base),
      since_ms: equity.since_ms,
    },
    asked: [...standing(state.asked)].map((answer) => {
      const { candidate, first_stake, ceiling, denied, reason, value, limit } = answer;
      return {
        ...candidate,
        first_stake,
        ceiling,
        denied,
        reason: reasonName(reason) ?? "ok",
        value: finite(value),
        limit: finite(limit),
      };
    }),
    ...(state.closes === null ? {} : { closes: closesOf(state.closes) }),
    closed: state.outcomes.map(outcomeRow),
    entries: state.entries,
    tally: {
      asked: tally.asked,
      allowed: tally.allowed,
      reduced: tally.reduced,
      denied: tally.denied,
      by_reason: Object.fromEntries(tally.by_reason),
    },
  };
}

export function importSession(snapshot: SessionSnapshot): SessionState {
  const state = newSession(snapshot.run_mode);
  state.group = snapshot.group ?? null;
  state.stake_currency = snapshot.stake_currency ?? null;
  state.manual = { by: "", why: "", ...snapshot.manual };
  state.overrides = (snapshot.overrides ?? []).flatMap(({ limit, ...rest }) =>
    isOverridable(limit) ? [{ limit, ...rest }] : [],
  );
  state.seq = snapshot.seq;
  if (snapshot.portfolio !== null) {
    const { at_ms, equity, positions } = snapshot.portfolio;
    state.portfolio = {
      at_ms,
      equity,
      positions: positions.map(positionOf),
    };
  }
  state.equity.peaks.push(...snapshot.equity.peaks.map(fromRow));
  state.equity.last = snapshot.equity.last === null ? null : fromRow(snapshot.equity.last);
  state.equity.day_base = snapshot.equity.day_base === null ? null : fromRow(snapshot.equity.day_base);
  const { week_base = null } = snapshot.equity;
  state.equity.week_base = week_base === null ? null : fromRow(week_base);
  state.equity.since_ms = snapshot.equity.since_ms;
  for (const row of snapshot.asked) {
    const { pair, side, kind, candle_open_ms, first_stake, ceiling, denied } = row;
    remember(state.asked, {
      candidate: { pair, side, kind, candle_open_ms },
      first_stake,
      ceiling,
      denied,
      reason: REASON[row.reason],
      value: row.value ?? Number.NaN,
      limit: row.limit ?? Number.NaN,
    });
  }
  if (snapshot.closes !== undefined) state.closes = withCloses(null, snapshot.closes);
  state.outcomes.push(...(snapshot.closed ?? []).map(outcomeOf));
  state.entries.push(...(snapshot.entries ?? []));
  const { by_reason, ...counts } = snapshot.tally;
  Object.assign(state.tally, counts);
  for (const [name, count] of Object.entries(by_reason)) state.tally.by_reason.set(name as ReasonName, count);
  return state;
}

function closesOf({ step_ms, keep, series }: CloseBook): CloseNews {
  return {
    step_s: step_ms / 1000,
    keep,
    rows: [...series].map(([pair, { until_ms, closes }]) => [pair, until_ms, closes] as const),
  };
}

function toRow(sample: EquitySample): SampleRow {
  return [sample.t_ms, sample.equity];
}

function fromRow([t_ms, equity]: SampleRow): EquitySample {
  return { t_ms, equity };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
