//! Which columns an annotated frame holds.

use std::fmt;

use crate::columns::{COLUMN_COUNT, Measure};

/// Columns of [`crate::columns::COLUMNS`], in their order: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Vec<usize>);

/// Why a list of indexes selects no columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSelection(String);

impl fmt::Display for BadSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSelection {}

impl Selection {
    /// Every column.
    pub fn all() -> Self {
        Self((0..COLUMN_COUNT).collect())
    }

    /// The columns at these indexes.
    ///
    /// # Errors
    /// When there are none, one is no column's, or they do not ascend.
    pub fn new(indexes: &[u32]) -> Result<Self, BadSelection> {
        if indexes.is_empty() {
            return Err(BadSelection("the list of wanted columns is empty: name at least one, or send no list for all".to_owned()));
        }
        let mut chosen: Vec<usize> = Vec::with_capacity(indexes.len().min(COLUMN_COUNT));
        for &index in indexes {
            let Some(column) = usize::try_from(index).ok().filter(|&column| column < COLUMN_COUNT) else {
                return Err(BadSelection(format!("there is no column {index}: they are numbered 0 to {}", COLUMN_COUNT - 1)));
            };
            if chosen.last().is_some_and(|&last| column <= last) {
                return Err(BadSelection(format!("the wanted columns must ascend, and {index} does not follow the one before it")));
            }
            chosen.push(column);
        }
        Ok(Self(chosen))
    }

    /// Number of columns.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Their indexes, ascending.
    pub(crate) fn indexes(&self) -> &[usize] {
        &self.0
    }

    /// The measures among them.
    pub(crate) fn measures(&self) -> impl Iterator<Item = Measure> {
        self.0.iter().filter_map(|&column| Measure::of_column(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascending_indexes_of_columns_are_taken_and_nothing_else() {
        assert_eq!(Selection::new(&[0, 1, 2]).map(|s| s.len()), Ok(3));
        let every: Vec<u32> = (0..).take(COLUMN_COUNT).collect();
        assert_eq!(Selection::new(&every), Ok(Selection::all()));
        for (bad, said) in [(&[][..], "empty"), (&[0, 62], "0 to 61"), (&[u32::MAX], "no column"), (&[1, 1], "ascend"), (&[2, 1], "ascend")]
        {
            let error = Selection::new(bad).expect_err("no selection").to_string();
            assert!(error.contains(said), "{bad:?}: {error}");
        }
    }
}
