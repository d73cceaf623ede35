/**
 * Equity history of a session, kept so that the questions asked of it are cheap and its size is bounded whatever is sent:
 * the highest equity within a rolling window, and equity at the start of the UTC day and week.
 */
import type { EquitySample } from "../gate/types.js";
import { FIXED } from "../limits.js";

const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** 1970-01-01, day 0, was a Thursday. */
const DAYS_BEFORE_MONDAY = 3;
/** A day's or week's loss is measured from its start: a sample much older than that says nothing about it, the bot was off. */
const MAX_BASE_AGE_MS = 25 * HOUR_MS;
/** Kept a little longer than the longest drawdown window that settings admit, so that a window made longer finds its history. */
export const RETAIN_MS = FIXED.equity_history_ms;

export interface Marks {
  /**
   * Candidates for the high-water mark: of every two consecutive samples the lower. A single sample is no mark: an account is valued too high for
   * a moment when an exit has filled that is not booked yet, and such a mark would deny entries for the whole window.
   * Time ascending, equity strictly descending (a monotonic deque). Candidates of one UTC hour are merged into the hour's highest, with its time,
   * so there are at most 24 × 366 + 1 of them; a mark may thereby be forgotten up to an hour early, never late.
   */
  readonly peaks: EquitySample[];
}

export interface EquityTrack extends Marks {
  /** The newest sample; not confirmed by a next one yet. */
  last: EquitySample | null;
  /** Equity the newest sample's UTC day is measured against. */
  day_base: EquitySample | null;
  /** The same for its UTC week. */
  week_base: EquitySample | null;
  /** Samples up to this time do not count: the history was begun anew. */
  since_ms: number;
}

export function newEquityTrack(): EquityTrack {
  return { peaks: [], last: null, day_base: null, week_base: null, since_ms: 0 };
}

/** Samples up to this time are known or do not count; 0: none. */
export function knownUntil(track: EquityTrack): number {
  return track.last?.t_ms ?? track.since_ms;
}

/** Begins anew, in place: neither what is known nor a sample up to `at_ms` counts any longer. */
export function rebase(track: EquityTrack, at_ms: number): void {
  track.since_ms = Math.max(at_ms, knownUntil(track));
  track.peaks.length = 0;
  track.last = null;
  track.day_base = null;
  track.week_base = null;
}

/** Adds one sample, in place. Samples not newer than the newest are ignored, as are non-finite ones. O(1) amortised. */
export function pushSample(track: EquityTrack, sample: EquitySample): void {
  const { t_ms, equity } = sample;
  if (!Number.isFinite(t_ms) || !Number.isFinite(equity)) return;
  if (t_ms <= knownUntil(track)) return;
  const { last } = track;

  track.day_base = nextBase(DAY, track.day_base, last, sample);
  track.week_base = nextBase(WEEK, track.week_base, last, sample);
  track.last = sample;
  if (last !== null) pushPeak(track.peaks, last.equity < equity ? last : sample);
  expire(track.peaks, t_ms);
}

/** Adds a value that is confirmed by itself, in place; times must ascend. */
export function pushMark({ peaks }: Marks, mark: EquitySample): void {
  pushPeak(peaks, mark);
  expire(peaks, mark.t_ms);
}

function expire(peaks: EquitySample[], now_ms: number): void {
  const expired = peaks.findIndex((peak) => peak.t_ms >= now_ms - RETAIN_MS);
  if (expired > 0) peaks.splice(0, expired);
}

function pushPeak(peaks: EquitySample[], candidate: EquitySample): void {
  for (let tail = peaks.at(-1); tail !== undefined && tail.equity <= candidate.equity; tail = peaks.at(-1)) peaks.pop();
  const tail = peaks.at(-1);
  if (tail === undefined || hourOf(tail.t_ms) !== hourOf(candidate.t_ms)) peaks.push(candidate);
}

/** Highest confirmed equity not older than `since_ms`: of the samples that the one before or after them reaches. Null when there is none. */
export function highWaterMark({ peaks }: Marks, since_ms: number): EquitySample | null {
  let low = 0;
  let high = peaks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const peak = peaks[middle];
    if (peak !== undefined && peak.t_ms < since_ms) low = middle + 1;
    else high = middle;
  }
  return peaks[low] ?? null;
}

/** A span of the calendar whose loss is limited. */
interface Period {
  /** Number of the period a time falls into. */
  readonly of: (t_ms: number) => number;
  /** When a period begins, by its number. */
  readonly start_ms: (number: number) => number;
}

const DAY: Period = { of: dayOf, start_ms: (day) => day * DAY_MS };
const WEEK: Period = { of: weekOf, start_ms: (week) => (7 * week - DAYS_BEFORE_MONDAY) * DAY_MS };

/**
 * The sample a day's loss is measured against: the last at or before the UTC day's start if it is at most 25 h older, else the first of the day.
 * Null when there is neither.
 * @param now_ms any time of the day in question; a day before the newest sample's counts as the newest sample's
 */
export function dayBase(track: EquityTrack, now_ms: number): EquitySample | null {
  return baseAt(DAY, track.last, track.day_base, now_ms);
}

/** The same for the UTC week, which begins on Monday. */
export function weekBase(track: EquityTrack, now_ms: number): EquitySample | null {
  return baseAt(WEEK, track.last, track.week_base, now_ms);
}

function baseAt(
  period: Period,
  last: EquitySample | null,
  base: EquitySample | null,
  now_ms: number,
): EquitySample | null {
  if (last === null || period.of(now_ms) <= period.of(last.t_ms)) return base;
  return isRecent(period, last, now_ms) ? last : null;
}

function nextBase(
  period: Period,
  base: EquitySample | null,
  last: EquitySample | null,
  sample: EquitySample,
): EquitySample {
  if (last === null || base === null) return sample;
  const current = period.of(sample.t_ms);
  if (current === period.of(last.t_ms)) return base;
  return sample.t_ms === period.start_ms(current) || !isRecent(period, last, sample.t_ms) ? sample : last;
}

/** Whether a sample can stand for the start of a later period. */
function isRecent(period: Period, sample: EquitySample, now_ms: number): boolean {
  return sample.t_ms >= period.start_ms(period.of(now_ms)) - MAX_BASE_AGE_MS;
}

function hourOf(t_ms: number): number {
  return Math.floor(t_ms / HOUR_MS);
}

/** Number of the UTC day. */
export function dayOf(t_ms: number): number {
  return Math.floor(t_ms / DAY_MS);
}

/** Number of the UTC week, Monday to Sunday; week 0 holds 1970-01-01. */
export function weekOf(t_ms: number): number {
  return Math.floor((dayOf(t_ms) + DAYS_BEFORE_MONDAY) / 7);
}

/** When the UTC week after that of a time begins. */
export function nextMonday(t_ms: number): number {
  return WEEK.start_ms(weekOf(t_ms) + 1);
}
