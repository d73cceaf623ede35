//! The last N values as one contiguous array, for vector kernels.

/// Ring kept twice in one buffer, so that its values are contiguous wherever it starts.
#[derive(Clone, Debug)]
pub struct MirroredRing<const N: usize> {
    values: Box<[f64]>,
    oldest: usize,
}

impl<const N: usize> Default for MirroredRing<N> {
    /// N zeros.
    fn default() -> Self {
        Self { values: vec![0.0; 2 * N].into_boxed_slice(), oldest: 0 }
    }
}

impl<const N: usize> MirroredRing<N> {
    /// Puts `value` in the place of the oldest one.
    #[inline]
    pub fn push(&mut self, value: f64) {
        self.values[self.oldest] = value;
        self.values[self.oldest + N] = value;
        self.oldest += 1;
        if self.oldest == N {
            self.oldest = 0;
        }
    }

    /// All values, oldest first.
    #[inline]
    pub fn as_slice(&self) -> &[f64] {
        &self.values[self.oldest..self.oldest + N]
    }
}
