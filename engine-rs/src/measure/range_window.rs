//! Volatility over a window with equal weights: Garman & Klass (1980) and Yang & Zhang (2000).
//!
//! Garman–Klass, per candle: GK = ½·ln(H/L)² − (2 ln 2 − 1)·ln(C/O)²;  σ² = mean GK.
//! Yang–Zhang, over n candles: σ² = s²ₒ + k·s²꜀ + (1 − k)·mean RS with the sample variances s²ₒ of ln(O/C₋₁) and s²꜀ of ln(C/O) (divisor n − 1), RS of
//! [`super::rogers_satchell`] and k = 0.34/(1.34 + (n + 1)/(n − 1)).
//!
//! Both are sums over the same window, which slide side by side in one set of lanes.

use super::logs::CandleLogs;
use super::rogers_satchell;
use super::scale::ReturnScale;
use crate::simd::{Backend, Kernel, LANES, Simd};
use crate::window::{ExactSums, Records};

/// Candles of the window.
pub const ROWS: usize = 96;
/// Scaled logs are limited to 2^14: a log return of 32 on candles of 5 minutes, of 1 on candles of one second.
const LIMIT_LOG2: i32 = 14;
/// log2 of the largest magnitude of the [`terms`].
const POWERS: [i32; LANES] = {
    const X: i32 = LIMIT_LOG2;
    [X, 2 * X, X, 2 * X, 2 * X + 2, 2 * X, 0, 0]
};
/// log2 of the most terms of a sum.
const TERMS_LOG2: i32 = 7;

/// σ by both estimators, as log returns per candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeSigmas {
    /// Garman–Klass.
    pub garman_klass: f64,
    /// Yang–Zhang.
    pub yang_zhang: f64,
}

/// State: the last candles' terms and their sums.
#[derive(Clone, Debug)]
pub struct RangeWindow {
    scale: ReturnScale,
    terms: Records<[f64; LANES]>,
    sums: ExactSums,
    rows: f64,
}

impl RangeWindow {
    /// Over `rows` candles (2 to 128) of `timeframe_s` seconds.
    pub fn new(rows: usize, timeframe_s: u32) -> Self {
        let rows = rows.clamp(2, 1 << TERMS_LOG2);
        Self {
            scale: ReturnScale::new(timeframe_s),
            terms: Records::new(rows, [0.0; LANES]),
            sums: ExactSums::new(POWERS, TERMS_LOG2),
            rows: rows as f64,
        }
    }

    /// Takes the next candle.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, logs: &CandleLogs) -> RangeSigmas {
        let new = terms(logs, self.scale);
        let old = self.terms.push(new);
        self.sums.replace(s, s.load(&old), s.load(&new));

        let n = self.rows;
        let [gap, gap_squares, body, body_squares, rs, gk, ..] = self.sums.values(s);
        let variance = |sum: f64, squares: f64| (squares - sum * sum / n) / (n - 1.0);
        let k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
        let yang_zhang = variance(gap, gap_squares) + k * variance(body, body_squares) + (1.0 - k) * rs / n;
        let unscaled = |variance: f64| if variance > 0.0 { variance.sqrt() / self.scale.factor() } else { 0.0 };
        RangeSigmas { garman_klass: unscaled(gk / n), yang_zhang: unscaled(yang_zhang) }
    }

    /// Takes the next candle on a given instruction set.
    pub fn push_on(&mut self, backend: Backend, logs: &CandleLogs) -> RangeSigmas {
        backend.run(Push { window: self, logs })
    }
}

/// gap, gap², body, body², RS, GK in scaled units.
#[inline(always)]
fn terms(logs: &CandleLogs, scale: ReturnScale) -> [f64; LANES] {
    let limited = |x: f64| scale.limited::<LIMIT_LOG2>(x).0;
    let (gap, body, upper, lower) = (limited(logs.gap), limited(logs.body), limited(logs.upper), limited(logs.lower));
    let range = limited(logs.range);
    let rs = rogers_satchell::variance(&CandleLogs { body, upper, lower, ..*logs });
    let gk = 0.5 * range * range - (2.0 * std::f64::consts::LN_2 - 1.0) * body * body;
    [gap, gap * gap, body, body * body, rs, gk, 0.0, 0.0]
}

struct Push<'a> {
    window: &'a mut RangeWindow,
    logs: &'a CandleLogs,
}

impl Kernel for Push<'_> {
    type Output = RangeSigmas;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> RangeSigmas {
        self.window.push(s, self.logs)
    }
}
