//! Convexity of a pair's return in the market's: fragile or antifragile (Treynor & Mazuy 1966; Taleb, Canetti, Kinda, Loukoianova & Schmieder 2012).
//!
//! y = α + βm + γm² + ε over the rows of the window at which both the pair's return y and the market's m are known. For f(m) = α + βm + γm² the heuristic
//! H = ½[f(a − Δ) + f(a + Δ)] − f(a) is γΔ² exactly, whatever a: H < 0 is fragile, H > 0 antifragile. With c the third row of (X'X)⁻¹ and e the residuals,
//! Var γ̂ = Σ e²·(c₀ + c₁m + c₂m²)² (White 1980, HC0: heteroscedasticity is expected).
//!
//! Up and down beta are the slopes of y = α + β₊·max(m, 0) + β₋·min(m, 0) + ε (Henriksson & Merton 1981).
//!
//! All of it follows from the exact sums of mᵏ (k ≤ 8), y·mᵏ (k ≤ 6) and y²·mᵏ (k ≤ 4), and of three products over rising markets.

use super::least_squares::Gram3;
use super::scale::ReturnScale;
use crate::simd::{Backend, Kernel, LANES, Simd};
use crate::window::{ExactSums, Records, replace, values};

/// Fewer joint observations than this give no estimate.
pub const MIN_JOINT: usize = 200;
/// |t| above which γ is taken to differ from 0.
pub const SIGNIFICANT: f64 = 2.0;
/// A residual sum of squares below this share of Σy² is rounding: an exact relation has no standard error (the market pair against itself).
const EXACT_FIT: f64 = 1e-9;
/// Scaled market returns are limited to 2^6: a log return of 0.125 on candles of 5 minutes. The eighth power must fit a sum.
const MARKET_LIMIT_LOG2: i32 = 6;
/// Scaled returns of the pair are limited to 2^8: a log return of 0.5 on candles of 5 minutes.
const PAIR_LIMIT_LOG2: i32 = 8;

/// Groups of eight sums.
const GROUPS: usize = 3;
type Lanes = [[f64; LANES]; GROUPS];
/// The sums take at most 2^9 terms.
const TERMS_LOG2: i32 = 9;
/// Longest window: one term more is inside for a moment when they are replaced.
const MAX_ROWS: usize = (1 << TERMS_LOG2) - 1;
/// log2 of the largest magnitude of each of the [`terms`].
const BOUNDS: [[i32; LANES]; GROUPS] = {
    const M: i32 = MARKET_LIMIT_LOG2;
    const Y: i32 = PAIR_LIMIT_LOG2;
    [
        [M, 2 * M, 3 * M, 4 * M, 5 * M, 6 * M, 7 * M, 8 * M],
        [Y, Y + M, Y + 2 * M, Y + 3 * M, Y + 4 * M, Y + 5 * M, Y + 6 * M, M],
        [2 * Y, 2 * Y + M, 2 * Y + 2 * M, 2 * Y + 3 * M, 2 * Y + 4 * M, 2 * M, Y + M, 0],
    ]
};

/// Returns of one row in scaled units; both 0 where one is missing.
#[derive(Clone, Copy, Debug)]
struct Joint {
    y: f64,
    m: f64,
    present: bool,
    limited: bool,
}

const MISSING: Joint = Joint { y: 0.0, m: 0.0, present: false, limited: false };

/// Sign of γ where it is significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragility {
    /// t < −2: large moves of the market cost more than small ones suggest.
    Fragile,
    /// Neither can be told.
    Unknown,
    /// t > 2.
    Antifragile,
}

impl Fragility {
    /// 1 fragile, 0 unknown, −1 antifragile: greater is worse, as rules want it.
    pub fn code(self) -> f64 {
        match self {
            Self::Fragile => 1.0,
            Self::Unknown => 0.0,
            Self::Antifragile => -1.0,
        }
    }
}

/// What the window says about the pair's response to the market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// Joint observations.
    pub n: usize,
    /// Rows among them whose returns had to be limited.
    pub limited: usize,
    /// γ, per unit of log return.
    pub gamma: f64,
    /// γ̂ over its robust standard error; NaN for an exact relation.
    pub gamma_t: f64,
    /// Standard deviation of the market's return per candle.
    pub market_sigma: f64,
    /// Slope in rising markets.
    pub beta_up: f64,
    /// Slope in falling markets.
    pub beta_down: f64,
    /// Standard error of `beta_up` under constant variance, which understates it.
    pub beta_up_se: f64,
    /// The same of `beta_down`.
    pub beta_down_se: f64,
}

impl Response {
    const fn undefined(n: usize, limited: usize) -> Self {
        let nan = f64::NAN;
        Self { n, limited, gamma: nan, gamma_t: nan, market_sigma: nan, beta_up: nan, beta_down: nan, beta_up_se: nan, beta_down_se: nan }
    }

    /// H at Δ = `sigmas` standard deviations of the market, as a log return: the mean effect of such a move, up or down alike, beyond the linear one.
    #[inline(always)]
    pub fn convexity(&self, sigmas: f64) -> f64 {
        let delta = sigmas * self.market_sigma;
        self.gamma * delta * delta
    }

    /// By significance of γ; `None` without an estimate.
    #[inline(always)]
    pub fn class(&self) -> Option<Fragility> {
        if self.gamma.is_nan() {
            None
        } else if self.gamma_t < -SIGNIFICANT {
            Some(Fragility::Fragile)
        } else if self.gamma_t > SIGNIFICANT {
            Some(Fragility::Antifragile)
        } else {
            Some(Fragility::Unknown)
        }
    }
}

/// State: the last W rows and the sums over those at which both returns are known.
#[derive(Clone, Debug)]
pub struct Convexity {
    scale: ReturnScale,
    rows: Records<Joint>,
    sums: [ExactSums; GROUPS],
    n: usize,
    limited: usize,
}

impl Convexity {
    /// Over `rows` rows (at most 511) of `timeframe_s` seconds.
    pub fn new(rows: usize, timeframe_s: u32) -> Self {
        Self {
            scale: ReturnScale::new(timeframe_s),
            rows: Records::new(rows.min(MAX_ROWS), MISSING),
            sums: BOUNDS.map(|powers| ExactSums::new(powers, TERMS_LOG2)),
            n: 0,
            limited: 0,
        }
    }

    /// Takes the log returns of the pair and of the market over the same candle; NaN where one is not known.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, pair: f64, market: f64) {
        let joint = if pair.is_nan() || market.is_nan() {
            MISSING
        } else {
            let (y, y_limited) = self.scale.limited::<PAIR_LIMIT_LOG2>(pair);
            let (m, m_limited) = self.scale.limited::<MARKET_LIMIT_LOG2>(market);
            Joint { y, m, present: true, limited: y_limited || m_limited }
        };
        let old = self.rows.push(joint);
        replace(s, &mut self.sums, &terms(&old), &terms(&joint));
        self.n = self.n + usize::from(joint.present) - usize::from(old.present);
        self.limited = self.limited + usize::from(joint.limited) - usize::from(old.limited);
    }

    /// The estimates over the window; undefined below [`MIN_JOINT`] observations and for a market that does not move.
    #[inline(always)]
    pub(crate) fn response<S: Simd>(&self, s: S) -> Response {
        let undefined = Response::undefined(self.n, self.limited);
        if self.n < MIN_JOINT {
            return undefined;
        }
        let n = self.n as f64;
        let [[m1, m2, m3, m4, m5, m6, m7, m8], [y0, y1, y2, y3, y4, y5, y6, up], [yy0, yy1, yy2, yy3, yy4, up2, y_up, _]] =
            values(s, &self.sums);
        let (m, y, yy) = ([n, m1, m2, m3, m4, m5, m6, m7, m8], [y0, y1, y2, y3, y4, y5, y6], [yy0, yy1, yy2, yy3, yy4]);
        let Some(gram) = Gram3::factor([n, m1, m2, m2, m3, m4]) else { return undefined };
        let beta = gram.solve([y0, y1, y2]);

        let unexplained = yy0 - (beta[0] * y0 + beta[1] * y1 + beta[2] * y2);
        let gamma_t = if unexplained > EXACT_FIT * yy0 {
            let variance = robust_variance(gram.solve([0.0, 0.0, 1.0]), beta, &m, &y, &yy);
            if variance > 0.0 { beta[2] / variance.sqrt() } else { f64::NAN }
        } else {
            f64::NAN
        };

        let mean = m1 / n;
        let quadratic = Response {
            gamma: beta[2] * self.scale.factor(),
            gamma_t,
            market_sigma: (m2 / n - mean * mean).sqrt() / self.scale.factor(),
            ..undefined
        };

        let (down, down2, y_down) = (m1 - up, m2 - up2, y1 - y_up);
        let Some(gram) = Gram3::factor([n, up, up2, down, 0.0, down2]) else { return quadratic };
        let [alpha, beta_up, beta_down] = gram.solve([y0, y_up, y_down]);
        let unexplained = yy0 - (alpha * y0 + beta_up * y_up + beta_down * y_down);
        let residual = if unexplained > 0.0 { unexplained / (n - 3.0) } else { 0.0 };
        let [up_inverse, down_inverse] = gram.inverse_diagonal();
        let (beta_up_se, beta_down_se) = ((residual * up_inverse).sqrt(), (residual * down_inverse).sqrt());
        Response { beta_up, beta_down, beta_up_se, beta_down_se, ..quadratic }
    }

    /// Takes the returns of one candle on a given instruction set and estimates.
    pub fn push_on(&mut self, backend: Backend, pair: f64, market: f64) -> Response {
        backend.run(Push { convexity: self, pair, market })
    }
}

/// Σ e²·(c₀ + c₁m + c₂m²)² with e = y − f(m): the polynomial of degree 4 in m times y² − 2y·f + f², summed power by power.
#[inline(always)]
fn robust_variance(c: [f64; 3], beta: [f64; 3], m: &[f64; 9], y: &[f64; 7], yy: &[f64; 5]) -> f64 {
    let (weight, square) = (squared(c), squared(beta));
    let mut variance = 0.0;
    for (k, weight) in weight.into_iter().enumerate() {
        let cross = beta[0] * y[k] + beta[1] * y[k + 1] + beta[2] * y[k + 2];
        let fitted = square[0] * m[k] + square[1] * m[k + 1] + square[2] * m[k + 2] + square[3] * m[k + 3] + square[4] * m[k + 4];
        variance += weight * (yy[k] - 2.0 * cross + fitted);
    }
    variance
}

/// Coefficients of (p₀ + p₁m + p₂m²)².
#[inline(always)]
fn squared([p0, p1, p2]: [f64; 3]) -> [f64; 5] {
    [p0 * p0, 2.0 * p0 * p1, p1 * p1 + 2.0 * p0 * p2, 2.0 * p1 * p2, p2 * p2]
}

/// The terms of the sums: mᵏ; y·mᵏ and max(m, 0); y²·mᵏ, max(m, 0)² and y·max(m, 0).
#[inline(always)]
fn terms(&Joint { y, m, .. }: &Joint) -> Lanes {
    let m2 = m * m;
    let (m3, m4) = (m2 * m, m2 * m2);
    let (m5, m6) = (m4 * m, m4 * m2);
    let up = if m > 0.0 { m } else { 0.0 };
    let yy = y * y;
    [
        [m, m2, m3, m4, m5, m6, m4 * m3, m4 * m4],
        [y, y * m, y * m2, y * m3, y * m4, y * m5, y * m6, up],
        [yy, yy * m, yy * m2, yy * m3, yy * m4, up * up, y * up, 0.0],
    ]
}

struct Push<'a> {
    convexity: &'a mut Convexity,
    pair: f64,
    market: f64,
}

impl Kernel for Push<'_> {
    type Output = Response;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Response {
        self.convexity.push(s, self.pair, self.market);
        self.convexity.response(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::assert_within_bounds;
    use proptest::prelude::*;

    /// Log returns from calm markets to the limits and beyond.
    fn returns() -> impl Strategy<Value = f64> {
        (-1.0..1.0f64, -16i32..3).prop_map(|(x, e)| x * f64::from(e).exp2())
    }

    fn joint(y: f64, m: f64) -> Joint {
        let scale = ReturnScale::new(300);
        Joint { y: scale.limited::<PAIR_LIMIT_LOG2>(y).0, m: scale.limited::<MARKET_LIMIT_LOG2>(m).0, present: true, limited: false }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_power_is_within_its_bound(all in prop::collection::vec((returns(), returns()), 500..700)) {
            for backend in Backend::available() {
                let mut convexity = Convexity::new(500, 300);
                for &(y, m) in &all {
                    convexity.push_on(backend, y, m);
                }
                let inside: Vec<Lanes> = all[all.len() - 500..].iter().map(|&(y, m)| terms(&joint(y, m))).collect();
                assert_within_bounds(&convexity.sums, &BOUNDS, TERMS_LOG2, &inside);
            }
        }
    }

    /// What the bounds mean: in a market as calm as 0.02 % per 5 minutes the eighth power still has seven digits, and in an ordinary one twelve.
    #[test]
    fn the_eighth_power_of_a_calm_market_is_resolved() {
        for (sigma, relative) in [(0.0002, 1e-7), (0.001, 1e-12)] {
            let mut convexity = Convexity::new(500, 300);
            let mut exact = 0.0;
            for i in 0..500 {
                // A normal distribution's quantiles are near enough to a triangle's.
                let m = sigma * (f64::from(i % 25) - 12.0) / 5.0;
                convexity.push_on(Backend::SCALAR, 0.0, m);
                exact += (m * 512.0).powi(8);
            }
            let got = convexity.sums[0].lane(7);
            assert!((got / exact - 1.0).abs() < relative, "{got:e} and {exact:e} at {sigma}");
        }
    }
}
