//! Max-to-sum ratio of the fourth power (Embrechts, Klüppelberg & Mikosch 1997, §6.2.6; Taleb 2020): how much of the sample's kurtosis one value is.
//!
//! MS₄ = max |z|⁴ / Σ |z|⁴ over the window. It tends to 0 where the fourth moment exists and stays away from 0 where it does not; above 0.1 a kurtosis, and any
//! standard error built on it, is the story of one candle.

use crate::math::power_of_two;
use crate::window::ExactSum;

/// Values are limited to this before their fourth power: a residual of 1024 standard deviations has a ratio of 1 anyway.
const LIMIT_LOG2: i32 = 10;
const LIMIT: f64 = power_of_two(LIMIT_LOG2);

/// State: the exact sum of fourth powers of at most 1024 values.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaxToSum {
    fourth_powers: ExactSum<{ 4 * LIMIT_LOG2 }, 10>,
}

impl MaxToSum {
    /// One value out of the window, one in.
    #[inline(always)]
    pub fn replace(&mut self, old: f64, new: f64) {
        self.fourth_powers.remove(fourth_power(old));
        self.fourth_powers.add(fourth_power(new));
    }

    /// MS₄, the window's largest magnitude being `largest`; NaN if all values are zero.
    #[inline(always)]
    pub fn ratio(&self, largest: f64) -> f64 {
        let sum = self.fourth_powers.value();
        let ratio = fourth_power(largest) / sum;
        // Rounding may put a lone value an ulp above the sum.
        if sum > 0.0 { if ratio < 1.0 { ratio } else { 1.0 } } else { f64::NAN }
    }
}

#[inline(always)]
fn fourth_power(z: f64) -> f64 {
    let magnitude = z.abs();
    let limited = if magnitude < LIMIT { magnitude } else { LIMIT };
    let square = limited * limited;
    square * square
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_share_of_the_largest_and_forgets() {
        let mut ms = MaxToSum::default();
        assert!(ms.ratio(0.0).is_nan());
        for z in [1.0, -2.0, 0.5, 1e300] {
            ms.replace(0.0, z);
        }
        assert!((ms.ratio(1e300) - 1.0).abs() < 1e-9);
        ms.replace(1e300, 0.0);
        assert_eq!(ms.ratio(2.0), 16.0 / (1.0 + 16.0 + 0.0625));
    }
}
