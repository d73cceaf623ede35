/**
 * Effective number of bets: how many independent ones the pairs of a book amount to. Sources: Meucci (2009), *Managing Diversification* (exponential of
 * the entropy of principal components' shares); the participation ratio 1/Σp² of the same shares; Choueifaty & Coignard (2008), *Toward Maximum
 * Diversification*, whose ratio squared is the third. Eigenvalues by cyclic Jacobi rotations (Golub & Van Loan 2013, §8.5).
 */
import type { Position } from "../gate/types.js";
import { correlation, type Dependence } from "./dependence.js";

export interface EffectiveBets {
  /** exp(−Σ p·ln p) over the shares p of the correlation matrix's eigenvalues. */
  readonly entropy: number;
  /** 1/Σ p². */
  readonly participation: number;
  /** (Σ |v|)² / variance: sizes and sides counted. */
  readonly by_variance: number;
}

/**
 * @param correlations n × n, row by row
 * @param risks of each pair: exposure times volatility, below 0 for a short
 */
export function effectiveBets(correlations: Float64Array, risks: readonly number[]): EffectiveBets {
  const size = risks.length;
  const eigenvalues = eigenvaluesOf(correlations, size).map((value) => Math.max(0, value));
  const total = eigenvalues.reduce((sum, value) => sum + value, 0);
  let [entropy, squares] = [0, 0];
  for (const value of eigenvalues) {
    const share = value / total;
    if (share > 0) entropy -= share * Math.log(share);
    squares += share * share;
  }
  let [gross, variance] = [0, 0];
  risks.forEach((a, i) => {
    gross += Math.abs(a);
    risks.forEach((b, j) => {
      variance += a * b * (correlations[i * size + j] as number);
    });
  });
  return { entropy: Math.exp(entropy), participation: 1 / squares, by_variance: (gross * gross) / variance };
}

export interface BetsHeld extends EffectiveBets {
  readonly pairs: number;
}

/** Computed once per portfolio and version of the closes: eigenvalues of many pairs take longer than an answer may, and whoever watches asks every second. */
const computed = new WeakMap<
  readonly Position[],
  { readonly dependence: Dependence; readonly bets: BetsHeld | null }
>();

/** Of the pairs held, as far as they are known; null when none is. Two that share too few returns count as one. */
export function betsHeld(positions: readonly Position[], dependence: Dependence): BetsHeld | null {
  const known = computed.get(positions);
  if (known?.dependence === dependence) return known.bets;
  const bets = betsOf(positions, dependence);
  computed.set(positions, { dependence, bets });
  return bets;
}

function betsOf(positions: readonly Position[], dependence: Dependence): BetsHeld | null {
  const held = new Map<number, number>();
  for (const { pair, side, stake, leverage } of positions) {
    const place = dependence.places.get(pair);
    if (place === undefined) continue;
    const risk = stake * leverage * (dependence.sigmas[place] as number);
    held.set(place, (held.get(place) ?? 0) + (side === "long" ? risk : -risk));
  }
  if (held.size === 0) return null;
  const places = [...held.keys()];
  const measured = places.flatMap((a) => places.map((b) => correlation(dependence, a, b)));
  const correlations = Float64Array.from(measured, (one) => (Number.isNaN(one) ? 1 : one));
  return { pairs: places.length, ...effectiveBets(correlations, [...held.values()]) };
}

/** Most sweeps; convergence is quadratic. */
const SWEEPS = 12;
/** What squares off the diagonal may add up to, as a share of all, for eigenvalues exact to rounding. */
const DIAGONAL = 1e-30;

/** Eigenvalues of a symmetric matrix, in no order. */
export function eigenvaluesOf(matrix: Float64Array, size: number): number[] {
  const a = matrix.slice();
  const at = (row: number, column: number): number => a[row * size + column] as number;
  const all = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const off = a.reduce((sum, value, i) => (i % (size + 1) === 0 ? sum : sum + value * value), 0);
    if (off <= DIAGONAL * all) break;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (at(p, q) === 0) continue;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        rotate(a, size, p, q, c, t * c);
      }
    }
  }
  return Array.from({ length: size }, (_, i) => at(i, i));
}

/** JᵀAJ, in place. */
function rotate(a: Float64Array, size: number, p: number, q: number, c: number, s: number): void {
  for (let k = 0; k < size; k++) {
    const [x, y] = [a[k * size + p] as number, a[k * size + q] as number];
    a[k * size + p] = c * x - s * y;
    a[k * size + q] = s * x + c * y;
  }
  for (let k = 0; k < size; k++) {
    const [x, y] = [a[p * size + k] as number, a[q * size + k] as number];
    a[p * size + k] = c * x - s * y;
    a[q * size + k] = s * x + c * y;
  }
}
