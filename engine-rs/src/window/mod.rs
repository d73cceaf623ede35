//! Count-based windows with finite memory: what they hold is a function of the values still inside, never of the order or number of those before.
//!
//! Every window starts full of zeros, so that a push always replaces the oldest value; whoever reads it counts the pushes.

mod exact_sum;
mod mirrored;
mod ring;
mod sorted;

pub use exact_sum::ExactSum;
pub use mirrored::MirroredRing;
pub use ring::Ring;
pub use sorted::SortedWindow;
