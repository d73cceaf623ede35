//! Sliding sum whose every addition and subtraction is exact.
//!
//! A term is rounded once, to a high part on a coarse grid and a low part on a fine one; both grids are fixed, so the parts depend on the term alone.
//! Sums of grid points stay on the grid and within 53 bits: adding and removing terms is exact in any order, a huge term leaves no
//! trace once it is removed, and the sum depends only on the terms inside.

use crate::math::power_of_two;

/// Largest number of terms: 2^7.
const MAX_TERMS_LOG2: i32 = 7;
/// Bits of a double's significand.
const SIGNIFICAND: i32 = 53;

/// Two-bin sum of at most 128 terms of magnitude at most 2^`B`. Each term is represented with an absolute error of at most 2^(`B` − 94).
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactSum<const B: i32> {
    high: f64,
    low: f64,
}

impl<const B: i32> ExactSum<B> {
    /// Grid of the high bin: 2^7 terms of 2^B still fit 53 bits.
    const HIGH_GRID: i32 = B + MAX_TERMS_LOG2 - SIGNIFICAND;
    /// Grid of the low bin: remainders are at most half the high grid.
    const LOW_GRID: i32 = Self::HIGH_GRID - 1 + MAX_TERMS_LOG2 - SIGNIFICAND;
    /// Adding and subtracting 1.5 · 2^(52 + g) rounds to a multiple of 2^g.
    const HIGH_ROUND: f64 = 1.5 * power_of_two(SIGNIFICAND - 1 + Self::HIGH_GRID);
    const LOW_ROUND: f64 = 1.5 * power_of_two(SIGNIFICAND - 1 + Self::LOW_GRID);

    /// Largest magnitude a term may have.
    pub const MAX_TERM: f64 = power_of_two(B);
    /// Largest error of one term.
    pub const TERM_ERROR: f64 = power_of_two(Self::LOW_GRID - 1);

    #[inline]
    fn parts(term: f64) -> (f64, f64) {
        let high = (term + Self::HIGH_ROUND) - Self::HIGH_ROUND;
        let low = ((term - high) + Self::LOW_ROUND) - Self::LOW_ROUND;
        (high, low)
    }

    /// Adds a term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        let (high, low) = Self::parts(term);
        self.high += high;
        self.low += low;
    }

    /// Removes a term that was added before.
    #[inline]
    pub fn remove(&mut self, term: f64) {
        let (high, low) = Self::parts(term);
        self.high -= high;
        self.low -= low;
    }

    /// The sum, rounded once.
    #[inline]
    pub fn value(&self) -> f64 {
        self.high + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Sum = ExactSum<24>;

    proptest! {
        /// The sum over a window has the same bits whatever passed through before, and is within its bound of the true sum.
        #[test]
        fn order_and_history_leave_no_trace(before in prop::collection::vec(0.0..1.0f64, 0..300), inside in prop::collection::vec((0.0..1.0f64, -60i32..=24), 1..=128)) {
            let inside: Vec<f64> = inside.iter().map(|&(m, e)| m * power_of_two(e)).collect();
            let mut slid = Sum::default();
            let mut window = std::collections::VecDeque::new();
            for x in before.iter().map(|x| x * Sum::MAX_TERM).chain(inside.iter().copied()) {
                slid.add(x);
                window.push_back(x);
                if window.len() > inside.len() {
                    slid.remove(window.pop_front().unwrap_or(0.0));
                }
            }
            let mut fresh = Sum::default();
            inside.iter().rev().for_each(|&x| fresh.add(x));
            prop_assert_eq!(slid.value().to_bits(), fresh.value().to_bits());

            // Exact reference: every term is a multiple of 2^-113, so scale into integers.
            let exact: i128 = inside.iter().map(|&x| {
                let bits = x.to_bits();
                let (e, m) = ((bits >> 52) as i32, i128::from((bits & ((1 << 52) - 1)) | (1 << 52)));
                if x == 0.0 { 0 } else { let shift = e - 1075 + 100; if shift >= 0 { m << shift } else { m >> -shift } }
            }).sum();
            let got = slid.value();
            let error = (got - exact as f64 * power_of_two(-100)).abs();
            prop_assert!(error <= inside.len() as f64 * Sum::TERM_ERROR + got * f64::EPSILON, "{got} off by {error}");
        }
    }

    #[test]
    fn constants_are_what_the_documentation_says() {
        assert_eq!(Sum::TERM_ERROR, power_of_two(24 - 94));
        assert_eq!(Sum::MAX_TERM, 16_777_216.0);
    }
}
