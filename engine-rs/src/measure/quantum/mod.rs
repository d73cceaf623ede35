//! Amplitude estimation of the tail, simulated: a diagnostic on request, never part of a verdict.
//!
//! The same window of residuals that the black-swan measure fits is loaded into eight qubits, and VaR, ES and a convexity are read from it the way a
//! quantum computer would (Woerner & Egger 2019, *Quantum risk analysis*, npj Quantum Information 5:15). On this machine the state is an array, and the
//! exact answer is one dot product over 256 bins: the estimates are slower and no better, and agree with the classical values to the width of a
//! bin. What they are good for is a cross-check by another route, and a reproducible demonstration of 1/N convergence.
//!
//! - [`encoding`]: bins, Grover–Rudolph amplitudes; [`payoff`]: what is asked, as rotations of an objective qubit;
//! - [`operator`]: the Grover iterate as one reflection; [`pool`]: all memory of a diagnosis, made once;
//! - [`mlae`], [`iqae`]: the two estimators; [`interval`], [`rng`], [`trigonometry`]: what they need;
//! - [`diagnostic`]: the report.

pub mod diagnostic;
pub mod encoding;
pub mod interval;
pub mod iqae;
pub mod mlae;
pub mod operator;
pub mod payoff;
pub mod pool;
pub mod rng;
pub mod trigonometry;

pub use diagnostic::{Report, Settings, diagnose};
pub use pool::Pool;

/// An estimated probability of the good states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate of a, in [0, 1].
    pub amplitude: f64,
    /// Lower end of its confidence interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Applications of the state preparation or its inverse: shots × (2k + 1), summed over the powers k used.
    pub calls: u64,
    /// Largest power of the Grover iterate used.
    pub power: u32,
    /// Whether the interval reached the width asked for.
    pub converged: bool,
}
