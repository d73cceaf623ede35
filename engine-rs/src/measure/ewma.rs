//! Volatility by exponentially weighted squared returns (RiskMetrics 1996), truncated.
//!
//! σ²ₜ₊₁ = Σᵢ wᵢ·r²ₜ₋ᵢ, i = 0 … 127, wᵢ ∝ 0.94ⁱ, Σwᵢ = 1. Reported beside the range filter, which forecasts better.

use crate::simd::Simd;
use crate::window::{MirroredRing, exponential_weights, weighted_sum};

/// Taps of the kernel. 0.94¹²⁸ = 3.6e-4 of the weight is cut off and spread over the rest.
pub const TAPS: usize = 128;
/// Decay of the weights.
pub const LAMBDA: f64 = 0.94;

/// Weights, oldest first.
pub(crate) const WEIGHTS: [f64; TAPS] = exponential_weights(LAMBDA);

/// State: the last 128 squared returns.
#[derive(Clone, Debug, Default)]
pub struct Ewma {
    squares: MirroredRing<TAPS>,
}

impl Ewma {
    /// Takes a candle's log return and gives σ for the next candle.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, r: f64) -> f64 {
        self.squares.push(r * r);
        weighted_sum(s, &self.squares, &WEIGHTS).sqrt()
    }
}
