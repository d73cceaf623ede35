//! How many of the last N rows had a property.

/// Count window of flags, all false at first.
#[derive(Clone, Debug)]
pub struct FlagWindow {
    flags: Box<[bool]>,
    oldest: usize,
    count: usize,
}

impl FlagWindow {
    /// A window of `len` rows; `len` ≥ 1 (0 is raised to 1).
    pub fn new(len: usize) -> Self {
        Self { flags: vec![false; len.max(1)].into_boxed_slice(), oldest: 0, count: 0 }
    }

    /// Replaces the oldest flag; the number of set ones is returned.
    #[inline]
    pub fn push(&mut self, flag: bool) -> usize {
        let old = std::mem::replace(&mut self.flags[self.oldest], flag);
        self.count = self.count + usize::from(flag) - usize::from(old);
        self.oldest += 1;
        if self.oldest == self.flags.len() {
            self.oldest = 0;
        }
        self.count
    }

    /// Number of set flags.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_the_last_rows(flags in prop::collection::vec(any::<bool>(), 1..100), len in 1..20usize) {
            let mut window = FlagWindow::new(len);
            for t in 0..flags.len() {
                let expected = flags[(t + 1).saturating_sub(len)..=t].iter().filter(|&&flag| flag).count();
                prop_assert_eq!(window.push(flags[t]), expected);
                prop_assert_eq!(window.count(), expected);
            }
        }
    }
}
