//! Kyle's λ (Kyle 1985, *Continuous Auctions and Insider Trading*): how far the price moves with net bought value.
//!
//! r = a + λ·x + ε over the traded candles of the window, x being the candle's net bought value in units of the mean value traded per candle ([`super::flow`]): λ is
//! the log return that goes with one such candle all bought. Var λ̂ = Σ e²(x − x̄)²/(Σ(x − x̄)²)² (White 1980, HC0).

use super::scale::ReturnScale;
use crate::math::power_of_two;
use crate::simd::{Backend, Kernel, LANES, Simd};
use crate::window::{ExactSums, Records, replace, values};

/// Candles of the window in the columns.
pub const ROWS: usize = 250;
/// Returns are limited to 2^8 scaled: a log return of 0.5 on candles of 5 minutes.
const RETURN_LIMIT_LOG2: i32 = 8;
/// Net bought value is limited to 2^8 mean candles, which a mean over 250 candles cannot exceed.
const SIGNED_LIMIT_LOG2: i32 = 8;
const SIGNED_LIMIT: f64 = power_of_two(SIGNED_LIMIT_LOG2);
/// A residual sum of squares below this share of Σr² is rounding: an exact relation has no standard error.
const EXACT_FIT: f64 = 1e-9;
/// A variance below this share of the mean square is rounding.
const CONSTANT: f64 = 1e-10;

/// Groups of eight sums.
const GROUPS: usize = 2;
type Lanes = [[f64; LANES]; GROUPS];
/// The sums take at most 2^9 terms.
const TERMS_LOG2: i32 = 9;
/// Longest window: one term more is inside for a moment when they are replaced.
const MAX_ROWS: usize = (1 << TERMS_LOG2) - 1;
/// log2 of the largest magnitude of each of the [`terms`].
const BOUNDS: [[i32; LANES]; GROUPS] = {
    const X: i32 = SIGNED_LIMIT_LOG2;
    const R: i32 = RETURN_LIMIT_LOG2;
    [[X, 2 * X, 3 * X, 4 * X, R, R + X, R + 2 * X, R + 3 * X], [2 * R, 2 * R + X, 2 * R + 2 * X, 0, 0, 0, 0, 0]]
};

#[derive(Clone, Copy, Debug)]
struct Trade {
    x: f64,
    r: f64,
    present: bool,
    limited: bool,
}

const MISSING: Trade = Trade { x: 0.0, r: 0.0, present: false, limited: false };

/// λ of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impact {
    /// Log return per mean candle's traded value, net bought.
    pub lambda: f64,
    /// λ̂ over its robust standard error; NaN for an exact relation.
    pub t: f64,
    /// Traded candles.
    pub n: usize,
    /// Candles among them whose return had to be limited.
    pub limited: usize,
}

/// State: the last W candles and the sums over the traded ones.
#[derive(Clone, Debug)]
pub struct Kyle {
    scale: ReturnScale,
    candles: Records<Trade>,
    sums: [ExactSums; GROUPS],
    /// Fewer traded candles give no estimate.
    least: usize,
    n: usize,
    limited: usize,
}

impl Kyle {
    /// Over `rows` candles (at most 511) of `timeframe_s` seconds, at least half of them traded.
    pub fn new(rows: usize, timeframe_s: u32) -> Self {
        let rows = rows.min(MAX_ROWS);
        Self {
            scale: ReturnScale::new(timeframe_s),
            candles: Records::new(rows, MISSING),
            sums: BOUNDS.map(|powers| ExactSums::new(powers, TERMS_LOG2)),
            least: rows.div_ceil(2).max(3),
            n: 0,
            limited: 0,
        }
    }

    /// Takes a candle's log return and its net bought value in mean candles; NaN where it was not traded.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, r: f64, signed: f64) -> Impact {
        let trade = if r.is_nan() || signed.is_nan() {
            MISSING
        } else {
            let (r, limited) = self.scale.limited::<RETURN_LIMIT_LOG2>(r);
            Trade { x: signed.clamp(-SIGNED_LIMIT, SIGNED_LIMIT), r, present: true, limited }
        };
        let old = self.candles.push(trade);
        replace(s, &mut self.sums, &terms(&old), &terms(&trade));
        self.n = self.n + usize::from(trade.present) - usize::from(old.present);
        self.limited = self.limited + usize::from(trade.limited) - usize::from(old.limited);
        self.impact(s)
    }

    #[inline(always)]
    fn impact<S: Simd>(&self, s: S) -> Impact {
        let undefined = Impact { lambda: f64::NAN, t: f64::NAN, n: self.n, limited: self.limited };
        if self.n < self.least {
            return undefined;
        }
        let [[x1, x2, x3, x4, r0, rx1, rx2, rx3], [rr0, rr1, rr2, ..]] = values(s, &self.sums);
        let n = self.n as f64;
        let mean = x1 / n;
        let variation = x2 - mean * x1;
        if variation.is_nan() || variation <= CONSTANT * x2 {
            return undefined;
        }
        let slope = (rx1 - mean * r0) / variation;
        let level = (r0 - slope * x1) / n;
        let unexplained = rr0 - (level * r0 + slope * rx1);
        let mut t = f64::NAN;
        if unexplained > EXACT_FIT * rr0 {
            // Σ e²·xᵏ with e² = r² − 2r(a + λx) + (a + λx)².
            let (aa, al, ll) = (level * level, 2.0 * level * slope, slope * slope);
            let e0 = rr0 - 2.0 * (level * r0 + slope * rx1) + (aa * n + al * x1 + ll * x2);
            let e1 = rr1 - 2.0 * (level * rx1 + slope * rx2) + (aa * x1 + al * x2 + ll * x3);
            let e2 = rr2 - 2.0 * (level * rx2 + slope * rx3) + (aa * x2 + al * x3 + ll * x4);
            let meat = e2 - 2.0 * mean * e1 + mean * mean * e0;
            if meat > 0.0 {
                t = slope * variation / meat.sqrt();
            }
        }
        Impact { lambda: slope / self.scale.factor(), t, ..undefined }
    }

    /// Takes a candle on a given instruction set.
    pub fn push_on(&mut self, backend: Backend, r: f64, signed: f64) -> Impact {
        backend.run(Push { kyle: self, r, signed })
    }
}

/// The terms of the sums: xᵏ and r·xᵏ; r²·xᵏ.
#[inline(always)]
fn terms(&Trade { x, r, .. }: &Trade) -> Lanes {
    let xx = x * x;
    let (rx, rxx) = (r * x, r * xx);
    [[x, xx, xx * x, xx * xx, r, rx, rxx, rxx * x], [r * r, r * rx, rx * rx, 0.0, 0.0, 0.0, 0.0, 0.0]]
}

struct Push<'a> {
    kyle: &'a mut Kyle,
    r: f64,
    signed: f64,
}

impl Kernel for Push<'_> {
    type Output = Impact;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Impact {
        self.kyle.push(s, self.r, self.signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::assert_within_bounds;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_power_is_within_its_bound(all in prop::collection::vec((-1.0..1.0f64, -16i32..3, -1.0..1.0f64, -10i32..10), 500..600)) {
            let trades: Vec<(f64, f64)> = all.iter().map(|&(r, re, x, xe)| (r * f64::from(re).exp2(), x * f64::from(xe).exp2())).collect();
            let mut kyle = Kyle::new(500, 300);
            for &(r, x) in &trades {
                kyle.push_on(Backend::best(), r, x);
            }
            let inside: Vec<Lanes> = trades[trades.len() - 500..]
                .iter()
                .map(|&(r, x)| {
                    let r = ReturnScale::new(300).limited::<RETURN_LIMIT_LOG2>(r).0;
                    terms(&Trade { x: x.clamp(-SIGNED_LIMIT, SIGNED_LIMIT), r, present: true, limited: false })
                })
                .collect();
            assert_within_bounds(&kyle.sums, &BOUNDS, TERMS_LOG2, &inside);
        }
    }
}
