//! Volatility by the estimator of Rogers & Satchell (1991), which a trend does not bias, with the weights of [`super::ewma`].
//!
//! Per candle RS = ln(H/C)·ln(H/O) + ln(L/C)·ln(L/O) ≥ 0;  σ² = Σ wᵢ·RSₜ₋ᵢ.

use super::ewma::{TAPS, WEIGHTS};
use super::logs::CandleLogs;
use crate::simd::Simd;
use crate::window::{MirroredRing, weighted_sum};

/// The estimator's variance of one candle.
#[inline(always)]
pub fn variance(logs: &CandleLogs) -> f64 {
    let CandleLogs { upper, lower, body, .. } = *logs;
    let rs = upper * (upper - body) + lower * (lower - body);
    // The difference of two rounded logarithms may have the wrong sign in its last place.
    if rs > 0.0 { rs } else { 0.0 }
}

/// State: the last 128 variances.
#[derive(Clone, Debug, Default)]
pub struct RogersSatchell {
    variances: MirroredRing<TAPS>,
}

impl RogersSatchell {
    /// Takes a candle's variance and gives σ.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, variance: f64) -> f64 {
        self.variances.push(variance);
        weighted_sum(s, &self.variances, &WEIGHTS).sqrt()
    }
}
