//! EDGE spread over a sliding window (see [`super::edge`] for the estimator), in constant time per candle.
//!
//! With a = r₁, b = r₅ and c = τ·r₄, all other returns follow: r₂ = b + c and r₃ = a + b where τ = 1, and where τ = 0 every product is 0. With ã = a − τā, b̃ = b − τb̄, ā = Σa/Στ, b̄ = Σb/Στ,
//! A = −4/pₒ, B = −4/p꜀ and
//!   p = ãb,  q = b̃c,  s = ãc:   x₂ = A·p + B·q,   x₁ = x₂ + (A + B)·s.
//! The means of p, q, s and of their products are polynomials in ā and b̄ whose coefficients are means of 19 monomials of a, b and c: 19 exact sums.

use super::edge::{Edge, signed_root};
use super::logs::CandleLogs;
use super::scale::ReturnScale;
use crate::candle::Candle;
use crate::simd::{Backend, Kernel, LANES, Simd};
use crate::window::{ExactSums, Records, replace, values};

/// Candles of the window in the columns.
pub const ROWS: usize = 250;
/// Scaled returns are limited to 2^9 inside the sums: a log return of 1 on candles of 5 minutes.
const LIMIT_LOG2: i32 = 9;
/// Groups of eight sums.
const GROUPS: usize = 3;
type Lanes = [[f64; LANES]; GROUPS];
/// The sums take at most 2^9 terms.
const TERMS_LOG2: i32 = 9;
/// Longest window: one term more is inside for a moment when they are replaced.
const MAX_ROWS: usize = (1 << TERMS_LOG2) - 1;
/// log2 of the largest magnitude of each of the [`monomials`].
const BOUNDS: [[i32; LANES]; GROUPS] = {
    const D: [i32; 5] = [0, LIMIT_LOG2, 2 * LIMIT_LOG2, 3 * LIMIT_LOG2, 4 * LIMIT_LOG2];
    [
        [D[1], D[1], D[1], D[2], D[2], D[2], D[2], D[2]],
        [D[3], D[3], D[3], D[3], D[3], D[0], D[0], D[0]],
        [D[4], D[4], D[4], D[4], D[4], D[4], D[0], D[0]],
    ]
};

/// One candle with the one before it.
#[derive(Clone, Copy, Debug)]
struct Pair {
    a: f64,
    b: f64,
    c: f64,
    tau: bool,
    /// (open ≠ high) + (open ≠ low) if τ.
    open_inside: u8,
    /// (close ≠ high) + (close ≠ low) of the candle before if τ.
    close_inside: u8,
    limited: bool,
}

const EMPTY: Pair = Pair { a: 0.0, b: 0.0, c: 0.0, tau: false, open_inside: 0, close_inside: 0, limited: false };

/// What the next candle needs of this one.
#[derive(Clone, Copy, Debug)]
struct Previous {
    close: f64,
    /// Close against the middle of the range, in logs.
    off_middle: f64,
    inside: u8,
}

/// The spread of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadEstimate {
    /// √|S²| with the sign of S², as a share of the price; NaN where the estimator is undefined.
    pub spread: f64,
    /// S² over its standard error, which neglects autocorrelation; NaN if nothing varies.
    pub t: f64,
    /// Candles of the window whose returns had to be limited.
    pub limited: usize,
}

/// State: the last W − 1 pairs of candles and their sums.
#[derive(Clone, Debug)]
pub struct Spread {
    scale: ReturnScale,
    pairs: Records<Pair>,
    sums: [ExactSums; GROUPS],
    rows: usize,
    filled: usize,
    previous: Option<Previous>,
    tau: usize,
    open_inside: usize,
    close_inside: usize,
    limited: usize,
}

impl Spread {
    /// Over `rows` candles (3 to 511) of `timeframe_s` seconds.
    pub fn new(rows: usize, timeframe_s: u32) -> Self {
        let rows = rows.clamp(3, MAX_ROWS);
        Self {
            scale: ReturnScale::new(timeframe_s),
            pairs: Records::new(rows - 1, EMPTY),
            sums: BOUNDS.map(|powers| ExactSums::new(powers, TERMS_LOG2)),
            rows,
            filled: 0,
            previous: None,
            tau: 0,
            open_inside: 0,
            close_inside: 0,
            limited: 0,
        }
    }

    /// Takes the next candle and the logs of its prices.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, candle: &Candle, logs: &CandleLogs) {
        let Candle { high, low, close, .. } = *candle;
        let middle = 0.5 * (logs.upper + logs.lower);
        let pair = match self.previous {
            None => EMPTY,
            Some(previous) => self.pair(candle, middle, logs.gap, previous),
        };
        let off_middle = logs.body - middle;
        self.previous = Some(Previous { close, off_middle, inside: u8::from(close != high) + u8::from(close != low) });
        self.filled = self.rows.min(self.filled + 1);

        let old = self.pairs.push(pair);
        replace(s, &mut self.sums, &monomials(&old), &monomials(&pair));
        self.tau = self.tau + usize::from(pair.tau) - usize::from(old.tau);
        self.open_inside = self.open_inside + usize::from(pair.open_inside) - usize::from(old.open_inside);
        self.close_inside = self.close_inside + usize::from(pair.close_inside) - usize::from(old.close_inside);
        self.limited = self.limited + usize::from(pair.limited) - usize::from(old.limited);
    }

    #[inline(always)]
    fn pair(&self, candle: &Candle, middle: f64, gap: f64, previous: Previous) -> Pair {
        let Candle { open, high, low, .. } = *candle;
        // Without a move within the candle or since the last close nothing of it is used.
        if high == low && low == previous.close {
            return EMPTY;
        }
        let (a, a_limited) = self.scale.limited::<LIMIT_LOG2>(middle);
        let (b, b_limited) = self.scale.limited::<LIMIT_LOG2>(gap);
        let (c, c_limited) = self.scale.limited::<LIMIT_LOG2>(previous.off_middle);
        Pair {
            a,
            b,
            c,
            tau: true,
            open_inside: u8::from(open != high) + u8::from(open != low),
            close_inside: previous.inside,
            limited: a_limited || b_limited || c_limited,
        }
    }

    /// The estimate over the window; undefined until it is full, with fewer than two moving candles, and where opens or closes always are both high and low.
    #[inline(always)]
    pub(crate) fn estimate<S: Simd>(&self, s: S) -> SpreadEstimate {
        if self.filled < self.rows || self.tau < 2 || self.open_inside == 0 || self.close_inside == 0 {
            return SpreadEstimate { spread: f64::NAN, t: f64::NAN, limited: self.limited };
        }
        let n = (self.rows - 1) as f64;
        let [[sa, sb, sc, ab, bc, ac, bb, cc], [abb, acc, bcc, bbc, abc, ..], [aabb, bbcc, aacc, abbc, aabc, abcc, ..]] =
            values(s, &self.sums);
        let (am, bm) = (sa / self.tau as f64, sb / self.tau as f64);

        let p = ab - am * sb;
        let q = bc - bm * sc;
        let r = ac - am * sc;
        let pp = aabb - 2.0 * am * abb + am * am * bb;
        let qq = bbcc - 2.0 * bm * bcc + bm * bm * cc;
        let rr = aacc - 2.0 * am * acc + am * am * cc;
        let pq = abbc - bm * abc - am * bbc + am * bm * bc;
        let pr = aabc - 2.0 * am * abc + am * am * bc;
        let qr = abcc - am * bcc - bm * acc + am * bm * cc;

        let (ka, kb) = (-4.0 * n / self.open_inside as f64, -4.0 * n / self.close_inside as f64);
        let kr = ka + kb;
        let e2 = (ka * p + kb * q) / n;
        let e1 = e2 + kr * r / n;
        let square2 = (ka * ka * pp + kb * kb * qq + 2.0 * ka * kb * pq) / n;
        let mixed = kr * (ka * pr + kb * qr) / n;
        let square1 = square2 + kr * kr * rr / n + 2.0 * mixed;
        let (v1, v2) = (square1 - e1 * e1, square2 - e2 * e2);
        let s2 = Edge::square(e1, e2, v1, v2);

        // Variance of the weighted mean of x₁ and x₂, of weights v₂ and v₁.
        let covariance = square2 + mixed - e1 * e2;
        let variance = (v2 * v2 * v1 + v1 * v1 * v2 + 2.0 * v1 * v2 * covariance) / ((v1 + v2) * (v1 + v2)) / n;
        let t = if variance > 0.0 { s2 / variance.sqrt() } else { f64::NAN };
        SpreadEstimate { spread: signed_root(s2) / self.scale.factor(), t, limited: self.limited }
    }

    /// Takes the next candle, and again the one before it, on a given instruction set and estimates.
    pub fn push_on(&mut self, backend: Backend, candle: &Candle, previous: &Candle) -> SpreadEstimate {
        backend.run(Push { spread: self, candle, previous })
    }
}

/// The terms of the sums: monomials of degree 1 and 2, 3, and 4.
#[inline(always)]
fn monomials(&Pair { a, b, c, .. }: &Pair) -> Lanes {
    let (ab, bc, ac) = (a * b, b * c, a * c);
    [
        [a, b, c, ab, bc, ac, b * b, c * c],
        [ab * b, ac * c, bc * c, b * bc, ab * c, 0.0, 0.0, 0.0],
        [ab * ab, bc * bc, ac * ac, ab * bc, ab * ac, ac * bc, 0.0, 0.0],
    ]
}

struct Push<'a> {
    spread: &'a mut Spread,
    candle: &'a Candle,
    previous: &'a Candle,
}

impl Kernel for Push<'_> {
    type Output = SpreadEstimate;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> SpreadEstimate {
        self.spread.push(s, self.candle, &CandleLogs::of(s, self.candle, self.previous));
        self.spread.estimate(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ln_ratio;
    use crate::window::assert_within_bounds;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Candles from ticks of 0.001 % to moves beyond the limit.
        #[test]
        fn every_monomial_is_within_its_bound(prices in prop::collection::vec((prop::array::uniform4(0.0..1.0f64), -16i32..4), 500..600)) {
            let mut spread = Spread::new(500, 300);
            let mut last = Candle { open_ms: 0.0, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 0.0, market_close: f64::NAN };
            let mut all = Vec::new();
            for &(u, e) in &prices {
                let [open, close, a, b] = u.map(|u| 100.0 * (u * f64::from(e).exp2()).exp());
                let (high, low) = ([open, close, a, b].into_iter().fold(0.0, f64::max), [open, close, a, b].into_iter().fold(f64::MAX, f64::min));
                let candle = Candle { open_ms: 0.0, open, high, low, close, volume: 0.0, market_close: f64::NAN };
                if let Some((before, previous)) = spread.previous.map(|previous| (last, previous)) {
                    let middle = 0.5 * (ln_ratio(high, open) + ln_ratio(low, open));
                    all.push(monomials(&spread.pair(&candle, middle, ln_ratio(open, previous.close), previous)));
                    spread.push_on(Backend::best(), &candle, &before);
                } else {
                    spread.push_on(Backend::best(), &candle, &candle);
                }
                last = candle;
            }
            assert_within_bounds(&spread.sums, &BOUNDS, TERMS_LOG2, &all[all.len() - 499..]);
        }
    }
}
