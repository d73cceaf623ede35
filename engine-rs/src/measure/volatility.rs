//! Range volatility (Parkinson 1980) with power-law weights.
//!
//! σ²ₜ₊₁ = Σᵢ wᵢ·ln(Hₜ₋ᵢ/Lₜ₋ᵢ)² / (4 ln 2), i = 0 … 63, wᵢ ∝ (i + 1)^(−3/2), Σwᵢ = 1: known at the close of candle t, used for candle t + 1.
//! Floored at a quarter of the Parkinson scale of the median range of the last 89 candles: a handful of dead candles must not make
//! the next ordinary one look like a catastrophe.

use crate::simd::Simd;
use crate::window::{MirroredRing, SortedWindow, power_law_weights, weighted_sum};

/// Taps of the kernel: the newest candle has 42 % of the weight, the oldest 0.08 %.
pub const TAPS: usize = 64;
/// Candles of the median range.
pub const FLOOR_ROWS: usize = 89;
/// Share of the median-range volatility below which σ is not believed.
pub const FLOOR_SHARE: f64 = 0.25;
/// Smallest σ: a hundredth of a basis point per candle. Reached only where most candles have no range at all.
pub const SIGMA_MIN: f64 = 1e-6;
/// 1/(2·√ln 2): volatility of a Brownian path per unit of range (Parkinson).
const PARKINSON: f64 = 0.600_561_204_393_224_9;

const WEIGHTS: [f64; TAPS] = power_law_weights();

/// State of the filter: the last 64 squared ranges and the last 89 ranges in order.
#[derive(Clone, Debug)]
pub struct RangeVolatility {
    squares: MirroredRing<TAPS>,
    ranges: SortedWindow,
}

impl Default for RangeVolatility {
    fn default() -> Self {
        Self { squares: MirroredRing::default(), ranges: SortedWindow::new(FLOOR_ROWS) }
    }
}

impl RangeVolatility {
    /// Takes a candle's ln(H/L).
    #[inline(always)]
    pub fn push(&mut self, range: f64) {
        self.squares.push(range * range);
        self.ranges.push(range);
    }

    /// σ for the next candle, as a log return per candle.
    #[inline(always)]
    pub(crate) fn sigma<S: Simd>(&self, s: S) -> f64 {
        let kernel = weighted_sum(s, &self.squares, &WEIGHTS).sqrt() * PARKINSON;
        let floor = self.ranges.quantile(0.5) * PARKINSON * FLOOR_SHARE;
        let sigma = if kernel > floor { kernel } else { floor };
        if sigma > SIGMA_MIN { sigma } else { SIGMA_MIN }
    }
}
