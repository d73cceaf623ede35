/** What changed between two states, which is what browsers are sent, and how they put it together again. Pure, and run on both sides. */
import type { PairView, WebPatch, WebState } from "./state.js";

/** Compared and sent whole; the compiler wants every one. */
const WHOLE: Readonly<Record<Exclude<keyof WebState, "pairs">, true>> = {
  daemon: true,
  alarms: true,
  groups: true,
  bots: true,
  decisions: true,
  latency: true,
};
const PARTS = Object.keys(WHOLE) as (keyof typeof WHOLE)[];

export function diff(before: WebState, after: WebState): WebPatch {
  const patch: Record<string, unknown> = {};
  for (const part of PARTS) {
    if (JSON.stringify(before[part]) !== JSON.stringify(after[part])) patch[part] = after[part];
  }
  const pairs = pairsDiff(before.pairs, after.pairs);
  if (pairs.set.length > 0 || pairs.gone.length > 0) patch.pairs = pairs;
  return patch;
}

function pairsDiff(before: readonly PairView[], after: readonly PairView[]): NonNullable<WebPatch["pairs"]> {
  const old = new Map(before.map((pair) => [pair.key, pair]));
  const set: PairView[] = [];
  for (const pair of after) {
    const known = old.get(pair.key);
    old.delete(pair.key);
    if (known === undefined || JSON.stringify(known) !== JSON.stringify(pair)) set.push(pair);
  }
  return { set, gone: [...old.keys()] };
}

/** The state after a patch. */
export function applyPatch(state: WebState, { pairs, ...parts }: WebPatch): WebState {
  if (pairs === undefined) return { ...state, ...parts };
  const kept = new Map(state.pairs.map((pair) => [pair.key, pair]));
  for (const key of pairs.gone) kept.delete(key);
  for (const pair of pairs.set) kept.set(pair.key, pair);
  return { ...state, ...parts, pairs: [...kept.values()].sort(byVerdict) };
}

const RANK = { deny: 0, reduce: 1, allow: 2 } as const;

/** Denied first, then cut, then allowed; by name within, so that a row moves only when its verdict changes. */
export function byVerdict(a: PairView, b: PairView): number {
  return RANK[a.verdict] - RANK[b.verdict] || compare(a.pair, b.pair) || compare(a.session, b.session);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
