//! Sliding sums whose every addition and subtraction is exact.
//!
//! A term is rounded once, to a high part on a coarse grid and a low part on a fine one; both grids are fixed, so the parts depend on the term alone.
//! Sums of grid points stay on the grid and within 53 bits: adding and removing terms is exact in any order, a huge term leaves no
//! trace once it is removed, and the sum depends only on the terms inside.

use crate::math::power_of_two;
use crate::simd::{LANES, Simd};

/// Bits of a double's significand.
const SIGNIFICAND: i32 = 53;

/// Grids for at most 2^`terms_log2` terms of magnitude at most 2^`b`.
#[derive(Clone, Copy)]
struct Grids {
    /// log2 of the high grid: that many terms still fit 53 bits.
    high: i32,
    /// log2 of the low grid: remainders are at most half the high grid.
    low: i32,
}

impl Grids {
    const fn new(b: i32, terms_log2: i32) -> Self {
        let high = b + terms_log2 - SIGNIFICAND;
        Self { high, low: high - 1 + terms_log2 - SIGNIFICAND }
    }

    /// Adding and subtracting 1.5 · 2^(52 + g) rounds to a multiple of 2^g.
    const fn rounding(grid: i32) -> f64 {
        1.5 * power_of_two(SIGNIFICAND - 1 + grid)
    }
}

/// Two-bin sum of at most 2^`TERMS_LOG2` terms at any time (2 ≤ `TERMS_LOG2` ≤ 10) of magnitude at most 2^`B` each. A term is represented with an absolute
/// error of at most 2^(`B` + 2·`TERMS_LOG2` − 108): 2^(`B` − 94) for 128 terms, 2^(`B` − 88) for 1024.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactSum<const B: i32, const TERMS_LOG2: i32 = 7> {
    high: f64,
    low: f64,
}

impl<const B: i32, const TERMS_LOG2: i32> ExactSum<B, TERMS_LOG2> {
    const GRIDS: Grids = Grids::new(B, TERMS_LOG2);
    const HIGH_ROUND: f64 = Grids::rounding(Self::GRIDS.high);
    const LOW_ROUND: f64 = Grids::rounding(Self::GRIDS.low);

    /// Largest magnitude a term may have.
    pub const MAX_TERM: f64 = power_of_two(B);
    /// Most terms inside at any time.
    pub const MAX_TERMS: usize = 1 << TERMS_LOG2;
    /// Largest error of one term.
    pub const TERM_ERROR: f64 = power_of_two(Self::GRIDS.low - 1);

    #[inline(always)]
    fn parts(term: f64) -> (f64, f64) {
        let high = (term + Self::HIGH_ROUND) - Self::HIGH_ROUND;
        let low = ((term - high) + Self::LOW_ROUND) - Self::LOW_ROUND;
        (high, low)
    }

    /// Adds a term.
    #[inline(always)]
    pub fn add(&mut self, term: f64) {
        let (high, low) = Self::parts(term);
        self.high += high;
        self.low += low;
    }

    /// Removes a term that was added before.
    #[inline(always)]
    pub fn remove(&mut self, term: f64) {
        let (high, low) = Self::parts(term);
        self.high -= high;
        self.low -= low;
    }

    /// The sum, rounded once.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.high + self.low
    }
}

/// Eight exact sums side by side, lane `i` with terms of magnitude at most 2^`powers[i]`: the same bits as eight [`ExactSum`]s, at the price of one or two.
#[derive(Clone, Copy, Debug)]
pub struct ExactSums {
    high_round: [f64; LANES],
    low_round: [f64; LANES],
    high: [f64; LANES],
    low: [f64; LANES],
}

impl ExactSums {
    /// Empty sums of at most 2^`terms_log2` terms (2 … 10).
    pub const fn new(powers: [i32; LANES], terms_log2: i32) -> Self {
        let (mut high_round, mut low_round) = ([0.0; LANES], [0.0; LANES]);
        let mut i = 0;
        while i < LANES {
            let grids = Grids::new(powers[i], terms_log2);
            high_round[i] = Grids::rounding(grids.high);
            low_round[i] = Grids::rounding(grids.low);
            i += 1;
        }
        Self { high_round, low_round, high: [0.0; LANES], low: [0.0; LANES] }
    }

    /// Adds one term to every sum and removes one that was added before (zero: none).
    #[inline(always)]
    pub(crate) fn replace<S: Simd>(&mut self, s: S, removed: S::V, added: S::V) {
        let (high_round, low_round) = (s.load(&self.high_round), s.load(&self.low_round));
        let added_high = s.sub(s.add(added, high_round), high_round);
        let added_low = s.sub(s.add(s.sub(added, added_high), low_round), low_round);
        let removed_high = s.sub(s.add(removed, high_round), high_round);
        let removed_low = s.sub(s.add(s.sub(removed, removed_high), low_round), low_round);
        self.high = s.store(s.sub(s.add(s.load(&self.high), added_high), removed_high));
        self.low = s.store(s.sub(s.add(s.load(&self.low), added_low), removed_low));
    }

    /// The sums, each rounded once.
    #[inline(always)]
    pub(crate) fn values<S: Simd>(&self, s: S) -> [f64; LANES] {
        s.store(s.add(s.load(&self.high), s.load(&self.low)))
    }

    /// One of the sums.
    #[cfg(test)]
    pub(crate) fn lane(&self, i: usize) -> f64 {
        self.high[i] + self.low[i]
    }
}

/// [`ExactSums::replace`] for several groups of eight.
#[inline(always)]
pub(crate) fn replace<S: Simd, const N: usize>(s: S, sums: &mut [ExactSums; N], removed: &[[f64; LANES]; N], added: &[[f64; LANES]; N]) {
    for ((sums, removed), added) in sums.iter_mut().zip(removed).zip(added) {
        sums.replace(s, s.load(removed), s.load(added));
    }
}

/// [`ExactSums::values`] of several groups of eight.
#[inline(always)]
pub(crate) fn values<S: Simd, const N: usize>(s: S, sums: &[ExactSums; N]) -> [[f64; LANES]; N] {
    let mut out = [[0.0; LANES]; N];
    for (out, sums) in out.iter_mut().zip(sums) {
        *out = sums.values(s);
    }
    out
}

/// Checks that `sums`, built from these rows of terms, are within the bounds promised for each power, and that no term was greater than its power allows.
#[cfg(test)]
pub(crate) fn assert_within_bounds<const N: usize>(
    sums: &[ExactSums; N],
    powers: &[[i32; LANES]; N],
    terms_log2: i32,
    rows: &[[[f64; LANES]; N]],
) {
    assert!(rows.len() < 1 << terms_log2);
    for (group, lane) in (0..N).flat_map(|group| (0..LANES).map(move |lane| (group, lane))) {
        let power = powers[group][lane];
        // Neumaier's sum, whose own error is below one unit in the last place of the sum of magnitudes.
        let (mut sum, mut rest, mut magnitude) = (0.0f64, 0.0f64, 0.0f64);
        for row in rows {
            let term = row[group][lane];
            assert!(term.abs() <= power_of_two(power), "term {term:e} of lane {group}/{lane} is above 2^{power}");
            let next = sum + term;
            rest += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
            sum = next;
            magnitude += term.abs();
        }
        let (got, expected) = (sums[group].lane(lane), sum + rest);
        let bound = rows.len() as f64 * power_of_two(power + 2 * terms_log2 - 108) + 2.0 * f64::EPSILON * magnitude;
        assert!((got - expected).abs() <= bound, "lane {group}/{lane}: {got:e}, not {expected:e}, bound {bound:e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Backend, Kernel};
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// A term as fraction and exponent: magnitudes of all sizes up to 2^B.
    type Term = (f64, i32);

    /// The sum over a window has the same bits whatever passed through before, and is within its bound of the true sum.
    fn holds<const B: i32, const T: i32>(before: &[f64], inside: &[Term]) -> Result<(), TestCaseError> {
        type Sum<const B: i32, const T: i32> = ExactSum<B, T>;
        // Terms of 13 to B bits below 2^B; most windows of real measures span far less.
        let inside: Vec<f64> =
            inside.iter().take(Sum::<B, T>::MAX_TERMS - 1).map(|&(m, e)| m * power_of_two((e + B).max(B - 80))).collect();
        let mut slid = Sum::<B, T>::default();
        let mut window = VecDeque::new();
        for x in before.iter().map(|x| x * Sum::<B, T>::MAX_TERM).chain(inside.iter().copied()) {
            slid.add(x);
            window.push_back(x);
            if window.len() > inside.len() {
                slid.remove(window.pop_front().unwrap_or(0.0));
            }
        }
        let mut fresh = Sum::<B, T>::default();
        inside.iter().rev().for_each(|&x| fresh.add(x));
        prop_assert_eq!(slid.value().to_bits(), fresh.value().to_bits());

        // Exact reference: integers in units of 2^(B − 100).
        let unit = B - 100;
        let exact: i128 = inside
            .iter()
            .map(|&x| {
                let bits = x.abs().to_bits();
                let (e, m) = ((bits >> 52) as i32, i128::from((bits & ((1 << 52) - 1)) | (1 << 52)));
                let shift = e - 1075 - unit;
                let magnitude = if x == 0.0 {
                    0
                } else if shift >= 0 {
                    m << shift
                } else {
                    m >> shift.unsigned_abs().min(120)
                };
                if x < 0.0 { -magnitude } else { magnitude }
            })
            .sum();
        let got = slid.value();
        let error = (got - exact as f64 * power_of_two(unit)).abs();
        prop_assert!(error <= inside.len() as f64 * Sum::<B, T>::TERM_ERROR + got.abs() * f64::EPSILON, "{} off by {}", got, error);
        Ok(())
    }

    proptest! {
        #[test]
        fn order_and_history_leave_no_trace(
            before in prop::collection::vec(-1.0..1.0f64, 0..300),
            inside in prop::collection::vec((-1.0..1.0f64, -60i32..=0), 1..=1024),
        ) {
            // Products of returns, squares, fourth, sixth and eighth powers of standardised values, and counts of terms from 128 to 1024.
            holds::<28, 7>(&before, &inside)?;
            holds::<24, 7>(&before, &inside)?;
            holds::<0, 7>(&before, &inside)?;
            holds::<12, 9>(&before, &inside)?;
            holds::<24, 9>(&before, &inside)?;
            holds::<36, 9>(&before, &inside)?;
            holds::<48, 9>(&before, &inside)?;
            holds::<48, 10>(&before, &inside)?;
            holds::<-3, 10>(&before, &inside)?;
        }

        #[test]
        fn eight_lanes_are_eight_sums(terms in prop::collection::vec(-1.0..1.0f64, 8..1600)) {
            struct Slide<'a>(&'a [[f64; LANES]]);
            impl Kernel for Slide<'_> {
                type Output = [f64; LANES];
                #[inline(always)]
                fn run<S: Simd>(self, s: S) -> [f64; LANES] {
                    let mut sums = ExactSums::new([0, 1, 2, 3, 5, 8, 13, 21], 7);
                    for (t, row) in self.0.iter().enumerate() {
                        let old = if t >= 100 { self.0[t - 100] } else { [0.0; LANES] };
                        sums.replace(s, s.load(&old), s.load(row));
                    }
                    sums.values(s)
                }
            }
            let rows = terms.as_chunks::<LANES>().0;
            let scaled: Vec<[f64; LANES]> = rows.iter().map(|row| std::array::from_fn(|i| row[i] * power_of_two([0, 1, 2, 3, 5, 8, 13, 21][i]))).collect();
            let mut one = ExactSum::<21, 7>::default();
            scaled.iter().rev().take(100).for_each(|row| one.add(row[7]));
            let expected = Backend::SCALAR.run(Slide(&scaled));
            prop_assert_eq!(expected[7].to_bits(), one.value().to_bits());
            for backend in Backend::available() {
                prop_assert_eq!(backend.run(Slide(&scaled)).map(f64::to_bits), expected.map(f64::to_bits), "{}", backend.name());
            }
        }
    }

    #[test]
    fn constants_are_what_the_documentation_says() {
        assert_eq!(ExactSum::<24>::TERM_ERROR, power_of_two(24 - 94));
        assert_eq!(ExactSum::<24, 10>::TERM_ERROR, power_of_two(24 - 88));
        assert_eq!(ExactSum::<24>::MAX_TERM, 16_777_216.0);
        assert_eq!(ExactSum::<24, 10>::MAX_TERMS, 1024);
    }
}
