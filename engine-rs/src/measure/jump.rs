//! Jump of the signal candle (the statistic of Lee & Mykland 2008 without its rejection constants).
//!
//! Jₜ = |rₜ| / √( mean of |rⱼ|·|rⱼ₋₁|, j = t−94 … t−1 ), r = ln(Cₜ/Cₜ₋₁).
//! Undefined (NaN, "insufficient variation") when more than a quarter of the window's 95 returns are zero or the mean product is 0.

use crate::math::power_of_two;
use crate::window::{ExactSum, Ring};

/// Products in the mean.
pub const PRODUCTS: usize = 94;
/// Returns the products are made of.
pub const RETURNS: usize = PRODUCTS + 1;
/// More zero returns than this leave J undefined.
pub const MAX_ZERO_RETURNS: usize = RETURNS / 4;
/// Scaled returns are limited to 2^14 inside the mean: a log return of 32 on candles of 5 minutes, of 1 on candles of one second.
const MAX_SCALED_LOG2: i32 = 14;
const MAX_SCALED: f64 = power_of_two(MAX_SCALED_LOG2);

/// State: the last 95 scaled absolute returns, and the exact sum of the products of neighbours.
#[derive(Clone, Debug)]
pub struct Jump {
    scale: f64,
    returns: Ring,
    zeros: usize,
    products: ExactSum<{ 2 * MAX_SCALED_LOG2 }>,
}

impl Jump {
    /// For candles of `timeframe_s` seconds, which fix the scale of the exact sum.
    pub fn new(timeframe_s: u32) -> Self {
        Self { scale: scale(timeframe_s), returns: Ring::new(RETURNS), zeros: RETURNS, products: ExactSum::default() }
    }

    /// J of the return `r` against the returns before it; then `r` enters the window. NaN when undefined.
    #[inline(always)]
    pub fn push(&mut self, r: f64) -> f64 {
        let scaled = r.abs() * self.scale;
        let mean = self.products.value() / PRODUCTS as f64;
        let j = if self.zeros > MAX_ZERO_RETURNS || mean <= 0.0 { f64::NAN } else { scaled / mean.sqrt() };

        let term = if scaled < MAX_SCALED { scaled } else { MAX_SCALED };
        self.products.add(term * self.returns.newest());
        self.products.remove(self.returns.get(0) * self.returns.get(1));
        let oldest = self.returns.push(term);
        self.zeros = self.zeros + usize::from(term == 0.0) - usize::from(oldest == 0.0);
        j
    }
}

/// Power of two that brings a typical return of this timeframe near ½: 512 for candles of 5 to 20 minutes, half of it for every
/// four-fold timeframe (volatility grows with the square root of time). Scaling by it is exact.
fn scale(timeframe_s: u32) -> f64 {
    let (mut exponent, mut seconds) = (9, u64::from(timeframe_s.max(1)));
    while seconds >= 1200 {
        seconds /= 4;
        exponent -= 1;
    }
    while seconds < 300 {
        seconds *= 4;
        exponent += 1;
    }
    power_of_two(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_follows_the_timeframe() {
        for (timeframe_s, expected) in
            [(60, 2048.0), (300, 512.0), (1199, 512.0), (1200, 256.0), (3600, 256.0), (86_400, 32.0), (1, 16_384.0)]
        {
            assert_eq!(scale(timeframe_s), expected, "{timeframe_s}");
        }
    }

    #[test]
    fn a_return_of_five_times_constant_variation_is_five() {
        let mut jump = Jump::new(300);
        for i in 0..RETURNS {
            assert!(jump.push(if i % 2 == 0 { 0.001 } else { -0.001 }).is_nan() || i > RETURNS * 3 / 4);
        }
        assert!((jump.push(-0.005) - 5.0).abs() < 1e-14);
    }

    #[test]
    fn more_than_a_quarter_of_zero_returns_leave_it_undefined() {
        for (zeros, defined) in [(MAX_ZERO_RETURNS, true), (MAX_ZERO_RETURNS + 1, false)] {
            let mut jump = Jump::new(300);
            for i in 0..RETURNS {
                jump.push(if i < zeros { 0.0 } else { 0.001 });
            }
            assert_eq!(jump.push(0.001).is_finite(), defined, "{zeros} zeros");
        }
        let mut alternating = Jump::new(300);
        for i in 0..RETURNS {
            alternating.push(if i % 5 == 0 { 0.0 } else { 1e-300 });
        }
        assert!(alternating.push(0.001).is_nan(), "products below the grid of the sum");
    }
}
