//! Range volatility (Parkinson 1980) with truncated exponential weights.
//!
//! σ²ₜ₊₁ = Σᵢ wᵢ·ln(Hₜ₋ᵢ/Lₜ₋ᵢ)² / (4 ln 2), i = 0 … 63, wᵢ ∝ 0.70ⁱ, Σwᵢ = 1: known at the close of candle t, used for candle t + 1.
//! Floored at a quarter of the Parkinson scale of the median range of the last 90 candles: a handful of dead candles must not make
//! the next ordinary one look like a catastrophe.

use crate::math::{blocks, ln_ratio};
use crate::simd::{LANES, Simd, sum_lanes};
use crate::window::{MirroredRing, SortedWindow};

/// Taps of the kernel. 0.70⁶⁴ = 1.2e-10 of the weight is cut off.
pub const TAPS: usize = 64;
/// Candles of the median range.
pub const FLOOR_ROWS: usize = 90;
/// Decay of the weights.
pub const LAMBDA: f64 = 0.70;
/// Share of the median-range volatility below which σ is not believed.
pub const FLOOR_SHARE: f64 = 0.25;
/// Smallest σ: a hundredth of a basis point per candle. Reached only where most candles have no range at all.
pub const SIGMA_MIN: f64 = 1e-6;
/// 1/(2·√ln 2): volatility of a Brownian path per unit of range (Parkinson).
const PARKINSON: f64 = 0.600_561_204_393_224_9;

/// Weights in the order of [`MirroredRing::as_slice`]: oldest first. Plain multiplications and one division each, evaluated by the compiler: the same bits everywhere.
const WEIGHTS: [f64; TAPS] = weights();

const fn weights() -> [f64; TAPS] {
    let mut w = [0.0; TAPS];
    let (mut power, mut sum, mut age) = (1.0, 0.0, 0);
    while age < TAPS {
        w[TAPS - 1 - age] = power;
        sum += power;
        power *= LAMBDA;
        age += 1;
    }
    let mut i = 0;
    while i < TAPS {
        w[i] /= sum;
        i += 1;
    }
    w
}

/// State of the filter: the last 64 squared ranges and the last 90 ranges in order.
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
    /// Takes a candle's high and low (any price unit).
    #[inline(always)]
    pub fn push(&mut self, high: f64, low: f64) {
        let range = ln_ratio(high, low);
        self.squares.push(range * range);
        self.ranges.push(range);
    }

    /// σ for the next candle, as a log return per candle.
    #[inline(always)]
    pub(crate) fn sigma<S: Simd>(&self, s: S) -> f64 {
        let mut total = s.splat(0.0);
        let squares = self.squares.as_slice().as_chunks::<LANES>().0;
        for (x, w) in squares.iter().zip(blocks(&WEIGHTS)) {
            total = s.add(total, s.mul(s.load(x), s.load(w)));
        }
        let kernel = sum_lanes(s.store(total)).sqrt() * PARKINSON;
        let floor = self.ranges.quantile(0.5) * PARKINSON * FLOOR_SHARE;
        let sigma = if kernel > floor { kernel } else { floor };
        if sigma > SIGMA_MIN { sigma } else { SIGMA_MIN }
    }
}
