//! The last N records of any kind.

/// Fixed-size ring of records. All memory is allocated at construction.
#[derive(Clone, Debug)]
pub(crate) struct Records<T> {
    records: Box<[T]>,
    oldest: usize,
}

impl<T: Copy> Records<T> {
    /// A ring of `len` times `empty`; `len` ≥ 1 (0 is raised to 1).
    pub(crate) fn new(len: usize, empty: T) -> Self {
        Self { records: vec![empty; len.max(1)].into_boxed_slice(), oldest: 0 }
    }

    /// Puts `record` in the place of the oldest one, which is returned.
    #[inline(always)]
    pub(crate) fn push(&mut self, record: T) -> T {
        let old = std::mem::replace(&mut self.records[self.oldest], record);
        self.oldest += 1;
        if self.oldest == self.records.len() {
            self.oldest = 0;
        }
        old
    }
}
