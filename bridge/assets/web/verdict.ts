/** A verdict as a word with a colour, its reason with the numbers, and what ends it. */
import type { PairView } from "../../src/web/state.js";
import { measure, minute, money, percent } from "./format.js";

export const WORDS = { allow: "allowed", reduce: "cut", deny: "denied" } as const;
export const TONES = { allow: "verdict good", reduce: "verdict warn", deny: "verdict bad" } as const;

/** "jump 5.21, limit 4". */
export function reasonText(reason: string, value: number | null, limit: number | null): string {
  if (reason === "ok") return "";
  const numbers = value === null ? "" : ` ${measure(value)}${limit === null ? "" : `, limit ${measure(limit)}`}`;
  return `${reason}${numbers}`;
}

/** "25 of 100 (25 %)". */
export function stakeText(stake: number | null, allowed: number): string {
  if (stake === null) return money(allowed);
  if (allowed >= stake) return money(stake);
  return `${money(allowed)} of ${money(stake)} (${percent(stake > 0 ? allowed / stake : 0, 0)})`;
}

/** What ends a cut or a denial. */
export function releaseText(release: PairView["release"], now_ms: number): string {
  if (release === null) return "";
  const { how, until_ms, holds } = release;
  if (until_ms !== null && until_ms <= now_ms)
    return `Over since ${minute(until_ms)} UTC: the next question has its own answer.`;
  if (holds === false) return "No longer holds: the next question has its own answer.";
  return until_ms === null ? how : `${how} At the latest ${minute(until_ms)} UTC.`;
}
