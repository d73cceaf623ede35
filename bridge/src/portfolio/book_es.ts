/**
 * Expected shortfall of the book: σ of all positions from the shrunk covariance, times the shortfall of Student's t with 4 degrees of freedom, times the
 * square root of the horizon. Sources: McNeil, Frey & Embrechts (2005), *Quantitative Risk Management*, §2.2.4 (ES of t), §6.1.3 (elliptical books),
 * §2.3 (scaling with time). Hedges are not counted: a product of two positions that would lower the variance is taken as 0, so that the number never
 * rests on a correlation that has to hold, and one position more never makes it smaller.
 */
import type { Position, Side } from "../gate/types.js";
import { correlation, type Dependence } from "./dependence.js";

/** ES 99 % of Student's t with 4 degrees of freedom, in standard deviations; a normal's is 2.665. */
export const ES_PER_SIGMA = 3.6915104856807615;

/** A book seen from one entry: its ES as a function of the entry's stake s is scale · √(held + 2·s·shared + s²·own) + unknown, in stake currency. */
export interface BookRisk {
  readonly held: number;
  readonly shared: number;
  /** NaN: too little is known of the entry's pair. */
  readonly own: number;
  readonly scale: number;
  /** Exposure of positions in pairs of which too little is known: lost whole, on top of the rest. */
  readonly unknown: number;
}

/** What is held on one side of a pair: exposure in stake currency times the pair's volatility, below 0 for a short. */
interface Leg {
  readonly place: number;
  risk: number;
}

export interface ProposedEntry {
  readonly pair: string;
  readonly side: Side;
  readonly leverage: number;
}

/** @param horizon_ms how long the book is held */
export function bookRisk(
  positions: readonly Position[],
  { pair, side, leverage }: ProposedEntry,
  dependence: Dependence,
  horizon_ms: number,
): BookRisk {
  const { legs, unknown } = legsOf(positions, dependence);
  const place = dependence.places.get(pair);
  const known = { held: heldVariance(legs, dependence), scale: scaleOf(dependence, horizon_ms), unknown };
  if (place === undefined) return { ...known, shared: Number.NaN, own: Number.NaN };
  const entry = { place, risk: sign(side) * leverage * (dependence.sigmas[place] as number) };
  const shared = legs.reduce((sum, leg) => sum + product(leg, entry, dependence), 0);
  return { ...known, shared, own: entry.risk * entry.risk };
}

/** ES in stake currency with the entry at a stake; NaN when it is not known. */
export function shortfallWith({ held, shared, own, scale, unknown }: BookRisk, stake: number): number {
  return scale * Math.sqrt(held + 2 * stake * shared + stake * stake * own) + unknown;
}

/** The largest stake that keeps ES within a budget, in stake currency; 0 when none does or it is not known. */
export function stakeWithinShortfall({ held, shared, own, scale, unknown }: BookRisk, budget: number): number {
  const root = (budget - unknown) / scale;
  const room = root > 0 ? root * root - held : 0;
  if (!(room > 0 && own > 0)) return 0;
  // The larger root of own·s² + 2·shared·s − room, in the form that does not cancel.
  return room / (shared + Math.sqrt(shared * shared + own * room));
}

/** ES of the book as it is, in stake currency. */
export function bookShortfall(positions: readonly Position[], dependence: Dependence, horizon_ms: number): number {
  const { legs, unknown } = legsOf(positions, dependence);
  if (legs.length === 0) return unknown;
  return scaleOf(dependence, horizon_ms) * Math.sqrt(heldVariance(legs, dependence)) + unknown;
}

function scaleOf({ step_ms }: Dependence, horizon_ms: number): number {
  return ES_PER_SIGMA * Math.sqrt(horizon_ms / step_ms);
}

function legsOf(
  positions: readonly Position[],
  dependence: Dependence,
): { readonly legs: readonly Leg[]; readonly unknown: number } {
  const found = { long: new Map<number, Leg>(), short: new Map<number, Leg>() };
  let unknown = 0;
  for (const { pair, side, stake, leverage } of positions) {
    const place = dependence.places.get(pair);
    if (place === undefined) {
      unknown += stake * leverage;
      continue;
    }
    const risk = sign(side) * stake * leverage * (dependence.sigmas[place] as number);
    const leg = found[side].get(place);
    if (leg === undefined) found[side].set(place, { place, risk });
    else leg.risk += risk;
  }
  return { legs: [...found.long.values(), ...found.short.values()], unknown };
}

function heldVariance(legs: readonly Leg[], dependence: Dependence): number {
  let sum = 0;
  for (let i = 0; i < legs.length; i++) {
    const a = legs[i] as Leg;
    sum += a.risk * a.risk;
    for (let j = 0; j < i; j++) sum += 2 * product(a, legs[j] as Leg, dependence);
  }
  return sum;
}

/** What two legs add to the variance together, never below 0. Pairs that share too few returns are taken to move together, in the worse direction. */
function product(a: Leg, b: Leg, dependence: Dependence): number {
  const together = a.risk * b.risk;
  const measured = correlation(dependence, a.place, b.place);
  return Number.isNaN(measured) ? Math.abs(together) : Math.max(0, together * measured);
}

function sign(side: Side): number {
  return side === "long" ? 1 : -1;
}
