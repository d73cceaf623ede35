/** Counts of answers by verdict, reason and whether they were enforced. Closed lists, so a fixed table: nothing is allocated when counting. */
import type { Decision } from "../gate/types.js";
import { DECISION, REASONS } from "../protocol/codes.js";

const REASON_CODES = 256;
const VERDICTS: readonly Decision[] = ["allow", "reduce", "deny"];

export interface DecisionCount {
  readonly verdict: Decision;
  readonly reason: string;
  readonly enforced: boolean;
  readonly count: number;
}

export class DecisionCounts {
  private readonly counts = new Float64Array(2 * VERDICTS.length * REASON_CODES);

  /**
   * @param verdict what enforcing would do
   * @param reason code of the closed list
   */
  add(verdict: Decision, reason: number, enforced: boolean): void {
    const at = indexOf(verdict, reason, enforced);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  of(verdict: Decision): number {
    let sum = 0;
    for (const count of this.all()) if (count.verdict === verdict) sum += count.count;
    return sum;
  }

  /** Those that occurred, in order of the lists. */
  all(): DecisionCount[] {
    const found: DecisionCount[] = [];
    for (const enforced of [true, false]) {
      for (const verdict of VERDICTS) {
        for (const { code, name } of REASONS) {
          const count = this.counts[indexOf(verdict, code, enforced)] ?? 0;
          if (count > 0) found.push({ verdict, reason: name, enforced, count });
        }
      }
    }
    return found;
  }
}

function indexOf(verdict: Decision, reason: number, enforced: boolean): number {
  return ((enforced ? 0 : VERDICTS.length) + DECISION[verdict]) * REASON_CODES + reason;
}
