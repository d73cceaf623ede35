/** The committed table of the adverse excursion as Rust source. */

import { HORIZONS, LONG, MEDIUM, QUANTILES } from "./adverse.mjs";

export const SHAPE_FILE = "engine-rs/src/measure/adverse_shape.rs";

/**
 * @param {import("./adverse.mjs").Shape} shape
 * @param {readonly import("./series.mjs").Series[]} pool
 */
export function shapeSource(shape, pool) {
  /** @param {number} x */
  const number = (x) => (Number.isInteger(x) ? `${x}.0` : String(x));
  /** @param {readonly number[]} values */
  const list = (values) => `[${values.map(number).join(", ")}]`;
  /** @param {readonly number[][]} rows */
  const table = (rows) => `[\n${rows.map((row) => `    ${list(row)},\n`).join("")}]`;
  /** @param {string} timeframe */
  const count = (timeframe) => pool.filter((series) => series.timeframe === timeframe).length;
  return `//! Scale weights and shape of the adverse excursion. Written by \`npm run validate -- --write-shape\` (scripts/validate/adverse.mjs), not by hand.
//!
//! Fitted on ${count("1h")} pairs at 1 hour and ${count("5m")} at 5 minutes; docs/validation.md judges tables fitted in the same way on other pairs than those they are judged on.

#![allow(clippy::approx_constant, reason = "a fitted number may come close to one")]

/// Horizons of the rows, in candles.
pub(super) const HORIZONS: [f64; ${HORIZONS.length}] = ${list(HORIZONS)};

/// Probabilities of the columns.
pub(super) const PROBABILITIES: [f64; ${QUANTILES.length}] =
    ${list(QUANTILES)};

/// ln of the variance per second that a series of the pool typically has over ${LONG} candles.
pub(super) const TYPICAL: f64 = ${number(shape.typical)};

/// Weight of ln(fast/medium variance) per horizon.
pub(super) const FAST: [f64; ${HORIZONS.length}] = ${list(shape.fast)};

/// Weight of ln(medium/long variance) per horizon, ${MEDIUM} and ${LONG} candles.
pub(super) const MEDIUM: [f64; ${HORIZONS.length}] = ${list(shape.medium)};

/// Quantiles of the worst fall over scale · √horizon, a row per horizon.
#[rustfmt::skip]
pub(super) const LONG: [[f64; ${QUANTILES.length}]; ${HORIZONS.length}] = ${table(shape.quantiles.long)};

/// Quantiles of the worst rise over scale · √horizon, a row per horizon.
#[rustfmt::skip]
pub(super) const SHORT: [[f64; ${QUANTILES.length}]; ${HORIZONS.length}] = ${table(shape.quantiles.short)};
`;
}
