//! The last N values, oldest first.

/// Fixed-size ring. All memory is allocated at construction.
#[derive(Clone, Debug)]
pub struct Ring {
    values: Box<[f64]>,
    oldest: usize,
}

impl Ring {
    /// A ring of `len` zeros; `len` ≥ 1 (0 is raised to 1).
    pub fn new(len: usize) -> Self {
        Self { values: vec![0.0; len.max(1)].into_boxed_slice(), oldest: 0 }
    }

    /// Puts `value` in the place of the oldest one, which is returned.
    #[inline]
    pub fn push(&mut self, value: f64) -> f64 {
        let old = std::mem::replace(&mut self.values[self.oldest], value);
        self.oldest += 1;
        if self.oldest == self.values.len() {
            self.oldest = 0;
        }
        old
    }

    /// Value number `i`, 0 = oldest. `i` beyond the length wraps around.
    #[inline]
    pub fn get(&self, i: usize) -> f64 {
        let at = self.oldest + i;
        self.values[if at < self.values.len() { at } else { (at - self.values.len()) % self.values.len() }]
    }

    /// All values in the order of their places, and the place of the oldest.
    #[inline]
    pub fn places(&self) -> (&[f64], usize) {
        (&self.values, self.oldest)
    }

    /// The newest value.
    #[inline]
    pub fn newest(&self) -> f64 {
        self.get(self.values.len() - 1)
    }
}
