//! Count-based windows with finite memory: what they hold is a function of the values still inside, never of the order or number of those before.
//!
//! Every window starts full (of zeros, of missing values for ranks), so that a push always replaces the oldest value; whoever reads it counts the pushes.

mod exact_sum;
mod flags;
mod mirrored;
mod rank;
mod records;
mod ring;
mod sorted;
mod taps;

#[cfg(test)]
pub(crate) use exact_sum::assert_within_bounds;
pub use exact_sum::{ExactSum, ExactSums};
pub(crate) use exact_sum::{replace, values};
pub use flags::FlagWindow;
pub use mirrored::MirroredRing;
pub use rank::{Rank, RankWindow};
pub(crate) use records::Records;
pub use ring::Ring;
pub use sorted::{Replaced, SortedWindow};
pub(crate) use taps::weighted_sum;
pub use taps::{exponential_weights, power_law_weights};
