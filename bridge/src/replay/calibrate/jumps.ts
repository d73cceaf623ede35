/** Shares of candles or entries that a jump rule cuts, and the rule that cuts a wanted share. Pure; NaN is a candle whose jump is not known: such are let through. */
import type { Rule } from "../../engine/types.js";

export interface Tally {
  readonly count: number;
  /** Cut or denied. */
  readonly affected: number;
  readonly denied: number;
}

type JumpRule = Pick<Rule, "from" | "to" | "min_size" | "deny_above">;

export function tally(jumps: Float64Array, rule: JumpRule): Tally {
  const deny_above = rule.deny_above ?? Number.POSITIVE_INFINITY;
  let [affected, denied] = [0, 0];
  for (const jump of jumps) {
    if (jump > rule.from) affected += 1;
    if (jump > deny_above || (rule.min_size === 0 && jump >= rule.to)) denied += 1;
  }
  return { count: jumps.length, affected, denied };
}

/** Digits that thresholds are written with. */
const STEPS_PER_UNIT = 100;

/**
 * The level that a share of the values lies above, half-way between the two values next to it, so that it cuts no value in two.
 * @returns null when so many have no jump, or none above 0, that there is no such level
 */
export function levelOf(jumps: Float64Array, share: number): number | null {
  const known = jumps.filter((jump) => jump > 0).sort();
  const above = Math.round(share * jumps.length);
  const [inside, outside] = [known[known.length - above], known[known.length - above - 1]];
  if (inside === undefined || outside === undefined) return null;
  return (inside + outside) / 2;
}

/** The profile's rule with its levels moved together, so that it begins at `level`. */
export function movedTo(rule: Rule, level: number): Rule {
  const scale = level / rule.from;
  const moved = (value: number): number => Math.round(value * scale * STEPS_PER_UNIT) / STEPS_PER_UNIT;
  const from = moved(rule.from);
  return {
    ...rule,
    from,
    // A ramp of no width is refused.
    to: Math.max(moved(rule.to), from + 1 / STEPS_PER_UNIT),
    deny_above: rule.deny_above === null ? null : moved(rule.deny_above),
  };
}
