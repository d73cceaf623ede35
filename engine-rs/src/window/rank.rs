//! Rank of the newest value among the last N, by counting.

use crate::simd::{LANES, Simd};

/// Window of single-precision keys. Order inside does not matter to a count, so it is a plain ring; missing values are NaN, which compares with nothing.
#[derive(Clone, Debug)]
pub struct RankWindow {
    /// Whole vectors; what is beyond `len` stays missing.
    keys: Box<[[f32; LANES]]>,
    len: usize,
    next: usize,
    present: usize,
}

/// A rank and the number of values it is among.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// Mid-rank in (0, 1): share of values below the newest plus half the share of those equal to it, itself included. NaN if it is missing.
    pub rank: f64,
    /// Values present in the window.
    pub n: usize,
}

impl RankWindow {
    /// A window of `len` missing values; `len` ≥ 1 (0 is raised to 1).
    pub fn new(len: usize) -> Self {
        let len = len.max(1);
        Self { keys: vec![[f32::NAN; LANES]; len.div_ceil(LANES)].into_boxed_slice(), len, next: 0, present: 0 }
    }

    /// Replaces the oldest value by `value` (NaN: missing) and ranks it. Values that round to the same single-precision number are equal.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, value: f64) -> Rank {
        let key = value as f32;
        let slot = &mut self.keys.as_flattened_mut()[self.next];
        let old = std::mem::replace(slot, key);
        self.present = self.present + usize::from(!key.is_nan()) - usize::from(!old.is_nan());
        self.next += 1;
        if self.next == self.len {
            self.next = 0;
        }
        let (below, equal) = s.count(&self.keys, key);
        let rank = if key.is_nan() { f64::NAN } else { (below as f64 + 0.5 * equal as f64) / self.present as f64 };
        Rank { rank, n: self.present }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Backend, Kernel};
    use proptest::prelude::*;

    struct PushAll<'a>(&'a mut RankWindow, &'a [f64]);

    impl Kernel for PushAll<'_> {
        type Output = Vec<Rank>;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Vec<Rank> {
            let Self(window, values) = self;
            values.iter().map(|&v| window.push(s, v)).collect()
        }
    }

    proptest! {
        #[test]
        fn is_the_mid_rank_of_the_last_values(
            values in prop::collection::vec(prop_oneof![-1e3..1e3f64, Just(f64::NAN), Just(0.0), Just(-0.0), Just(1.5), Just(1e300)], 1..300),
            len in 1..120usize,
        ) {
            for backend in Backend::available() {
                let ranks = backend.run(PushAll(&mut RankWindow::new(len), &values));
                for (t, got) in ranks.iter().enumerate() {
                    let window: Vec<f32> = values[(t + 1).saturating_sub(len)..=t].iter().map(|&v| v as f32).filter(|v| !v.is_nan()).collect();
                    let newest = values[t] as f32;
                    prop_assert_eq!(got.n, window.len());
                    let below = window.iter().filter(|&&v| v < newest).count() as f64;
                    let equal = window.iter().filter(|&&v| v == newest).count() as f64;
                    if newest.is_nan() {
                        prop_assert!(got.rank.is_nan());
                    } else {
                        prop_assert_eq!(got.rank, (below + equal / 2.0) / window.len() as f64, "{} at {}", backend.name(), t);
                    }
                }
            }
        }
    }
}
