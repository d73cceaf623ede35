/**
 * Which alarms ring: turns looks, one after the other, into beginnings and ends. A measured one flickers around its limit, and has ended only when it has
 * been away for a while; what a person did ends when a person says so.
 */
import { FIXED } from "../limits.js";
import type { Alarm } from "../web/state.js";
import { byHand } from "./alarms.js";

export interface Change {
  readonly alarm: Alarm;
  /** False: it has ended. */
  readonly rings: boolean;
}

interface Ringing {
  readonly alarm: Alarm;
  readonly seen_ms: number;
}

export class AlarmBook {
  private readonly ringing = new Map<string, Ringing>();

  /** @param now_ms time that never steps */
  look(alarms: readonly Alarm[], now_ms: number): Change[] {
    const [begun, ended]: [Change[], Change[]] = [[], []];
    for (const alarm of alarms) {
      const key = keyOf(alarm);
      if (!this.ringing.has(key)) begun.push({ alarm, rings: true });
      this.ringing.set(key, { alarm, seen_ms: now_ms });
    }
    for (const [key, { alarm, seen_ms }] of this.ringing) {
      if (seen_ms === now_ms || (now_ms - seen_ms < FIXED.alarm_away_ms && !byHand(alarm))) continue;
      this.ringing.delete(key);
      ended.push({ alarm, rings: false });
    }
    return [...ended, ...begun];
  }
}

/** Not of its text, which tells numbers that move; what a person did stands as it was done, and another thing is news. */
function keyOf(alarm: Alarm): string {
  const { kind, session, about, text, until_ms } = alarm;
  return JSON.stringify([kind, session, about, ...(byHand(alarm) ? [text, until_ms] : [])]);
}
