//! The last N values in order of size.

use super::Ring;

/// Sorted window: exact order statistics by binary search and one `copy_within` per push.
#[derive(Clone, Debug)]
pub struct SortedWindow {
    by_age: Ring,
    sorted: Box<[f64]>,
}

/// What a push did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replaced {
    /// The value that left.
    pub value: f64,
    /// Lowest rank (0-based, ascending) whose value may have changed.
    pub lowest: usize,
    /// Highest such rank.
    pub highest: usize,
}

impl SortedWindow {
    /// A window of `len` zeros; `len` ≥ 1 (0 is raised to 1).
    pub fn new(len: usize) -> Self {
        Self { by_age: Ring::new(len), sorted: vec![0.0; len.max(1)].into_boxed_slice() }
    }

    /// Replaces the oldest value by `value`, which must not be NaN.
    #[inline]
    pub fn push(&mut self, value: f64) -> Replaced {
        // +0.0 turns a negative zero into zero: equal values must have equal bits, or the order of ties would depend on history.
        let new = value + 0.0;
        let old = self.by_age.push(new);
        // Both searches before the branch, which no processor can foresee: so they run side by side.
        let from = self.sorted.partition_point(|&x| x < old);
        let to = self.sorted.partition_point(|&x| x < new);
        if old <= new {
            let to = to.max(from + 1) - 1;
            self.sorted.copy_within(from + 1..to + 1, from);
            self.sorted[to] = new;
            Replaced { value: old, lowest: from, highest: to }
        } else {
            self.sorted.copy_within(to..from, to + 1);
            self.sorted[to] = new;
            Replaced { value: old, lowest: to, highest: from }
        }
    }

    /// All values, ascending.
    #[inline]
    pub fn as_slice(&self) -> &[f64] {
        &self.sorted
    }

    /// The same values by age.
    #[inline]
    pub fn by_age(&self) -> &Ring {
        &self.by_age
    }

    /// Quantile `q` in [0, 1] with linear interpolation between order statistics (type 7, the default of R and NumPy).
    #[inline]
    pub fn quantile(&self, q: f64) -> f64 {
        let position = (self.sorted.len() - 1) as f64 * q;
        let below = (position as usize).min(self.sorted.len() - 1);
        let above = (below + 1).min(self.sorted.len() - 1);
        self.sorted[below] + (self.sorted[above] - self.sorted[below]) * (position - below as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn holds_the_last_values_sorted(values in prop::collection::vec(prop_oneof![-1e3..1e3f64, Just(0.0), Just(-0.0), Just(1.5)], 1..200), len in 1..40usize) {
            let mut window = SortedWindow::new(len);
            let mut all = vec![0.0; len];
            for v in values {
                let before = window.as_slice().to_vec();
                let oldest = all[all.len() - len];
                let Replaced { value, lowest: low, highest: high } = window.push(v);
                prop_assert_eq!(value, oldest);
                all.push(v + 0.0);
                let mut expected = all[all.len() - len..].to_vec();
                expected.sort_by(f64::total_cmp);
                prop_assert_eq!(window.as_slice(), &expected[..]);
                for i in (0..len).filter(|i| !(low..=high).contains(i)) {
                    prop_assert_eq!(before[i], expected[i]);
                }
            }
        }
    }

    #[test]
    fn quantile_is_type_7() {
        let mut window = SortedWindow::new(5);
        for v in [3.0, 1.0, 10.0, 2.0, 4.0] {
            window.push(v);
        }
        assert_eq!(window.quantile(0.0), 1.0);
        assert_eq!(window.quantile(0.5), 3.0);
        assert_eq!(window.quantile(0.9), 4.0 + 6.0 * (4.0 * 0.9 - 3.0));
        assert_eq!(window.quantile(1.0), 10.0);
    }
}
