//! Jump of the signal candle: the statistic and the test of Lee & Mykland (2008), *Jumps in Financial Markets*.
//!
//! Jₜ = |rₜ| / √( mean of |rⱼ|·|rⱼ₋₁|, j = t−94 … t−1 ), r = ln(Cₜ/Cₜ₋₁).
//! Undefined (NaN, "insufficient variation") when more than a quarter of the window's 95 returns are zero or the mean product is 0.
//!
//! Without a jump the largest J of n candles exceeds Cₙ + Sₙ·β* with probability 1 %: c = √(2/π), Sₙ = 1/(c·√(2 ln n)),
//! Cₙ = √(2 ln n)/c − (ln π + ln ln n)/(2c·√(2 ln n)), β* = −ln(−ln 0.99). The level is J over that bound, n the candles of a day, at least 96.

use super::scale::ReturnScale;
use crate::math::ln;
use crate::window::{ExactSum, Ring};

/// Products in the mean.
pub const PRODUCTS: usize = 94;
/// Returns the products are made of.
pub const RETURNS: usize = PRODUCTS + 1;
/// More zero returns than this leave J undefined.
pub const MAX_ZERO_RETURNS: usize = RETURNS / 4;
/// Scaled returns are limited to 2^14 inside the mean: a log return of 32 on candles of 5 minutes, of 1 on candles of one second.
const MAX_SCALED_LOG2: i32 = 14;

/// Fewest candles among which a false alarm is to be rare: about those of the window.
const FEWEST: u32 = 96;
/// Seconds of a day.
const DAY_S: u32 = 86_400;

/// The J that the largest of `n` ≥ 3 candles without a jump exceeds with probability 1 %.
pub fn critical_value(n: u32) -> f64 {
    let c = std::f64::consts::FRAC_2_PI.sqrt();
    let log = ln(f64::from(n));
    let root = (2.0 * log).sqrt();
    let centre = root / c - (ln(std::f64::consts::PI) + ln(log)) / (2.0 * c * root);
    centre - ln(-ln(0.99)) / (c * root)
}

/// J and what it amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpTest {
    /// J; NaN when undefined.
    pub j: f64,
    /// J over its critical value: above 1 "no jump" is rejected at 1 % for a whole day.
    pub level: f64,
}

/// State: the last 95 scaled absolute returns, and the exact sum of the products of neighbours.
#[derive(Clone, Debug)]
pub struct Jump {
    scale: ReturnScale,
    returns: Ring,
    critical: f64,
    zeros: usize,
    products: ExactSum<{ 2 * MAX_SCALED_LOG2 }>,
}

impl Jump {
    /// For candles of `timeframe_s` seconds, which fix the scale of the exact sum.
    pub fn new(timeframe_s: u32) -> Self {
        Self {
            scale: ReturnScale::new(timeframe_s),
            returns: Ring::new(RETURNS),
            critical: critical_value((DAY_S / timeframe_s.max(1)).max(FEWEST)),
            zeros: RETURNS,
            products: ExactSum::default(),
        }
    }

    /// Judges the return `r` by the returns before it; then `r` enters the window.
    #[inline(always)]
    pub fn push(&mut self, r: f64) -> JumpTest {
        let scaled = r.abs() * self.scale.factor();
        let mean = self.products.value() / PRODUCTS as f64;
        let j = if self.zeros > MAX_ZERO_RETURNS || mean <= 0.0 { f64::NAN } else { scaled / mean.sqrt() };

        let (term, _) = self.scale.limited::<MAX_SCALED_LOG2>(r.abs());
        self.products.add(term * self.returns.newest());
        self.products.remove(self.returns.get(0) * self.returns.get(1));
        let oldest = self.returns.push(term);
        self.zeros = self.zeros + usize::from(term == 0.0) - usize::from(oldest == 0.0);
        JumpTest { j, level: j / self.critical }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digits are those of an evaluation in R.
    #[test]
    fn critical_values() {
        for (n, expected) in [(288, 5.395_027), (1000, 5.690_770), (1440, 5.777_477)] {
            assert!((critical_value(n) - expected).abs() < 1e-6, "{n}: {}", critical_value(n));
        }
        assert_eq!(Jump::new(300).critical, critical_value(288));
        assert_eq!(Jump::new(86_400).critical, critical_value(96));
    }

    #[test]
    fn a_return_of_five_times_constant_variation_is_five() {
        let mut jump = Jump::new(300);
        for i in 0..RETURNS {
            assert!(jump.push(if i % 2 == 0 { 0.001 } else { -0.001 }).j.is_nan() || i > RETURNS * 3 / 4);
        }
        assert!((jump.push(-0.005).j - 5.0).abs() < 1e-14);
    }

    #[test]
    fn more_than_a_quarter_of_zero_returns_leave_it_undefined() {
        for (zeros, defined) in [(MAX_ZERO_RETURNS, true), (MAX_ZERO_RETURNS + 1, false)] {
            let mut jump = Jump::new(300);
            for i in 0..RETURNS {
                jump.push(if i < zeros { 0.0 } else { 0.001 });
            }
            assert_eq!(jump.push(0.001).j.is_finite(), defined, "{zeros} zeros");
        }
        let mut alternating = Jump::new(300);
        for i in 0..RETURNS {
            alternating.push(if i % 5 == 0 { 0.0 } else { 1e-300 });
        }
        assert!(alternating.push(0.001).j.is_nan(), "products below the grid of the sum");
    }
}
