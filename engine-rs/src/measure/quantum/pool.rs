//! All memory of a diagnosis: made once, used for any number of questions without a further allocation.

use super::Estimate;
use super::encoding::MassTree;
use super::interval::ClopperPearson;
use super::iqae::{self, Precision};
use super::mlae;
use super::operator::State;
use super::rng::Rng;

/// Most qubits of a register.
pub const MAX_QUBITS: u32 = 12;

/// A register with its distribution, payoff and state.
#[derive(Clone, Debug)]
pub struct Pool {
    masses: MassTree,
    amplitudes: Box<[f64]>,
    payoff: Box<[f64]>,
    state: State,
    clopper_pearson: ClopperPearson,
}

impl Pool {
    /// Memory for a register of `qubits` (1 to [`MAX_QUBITS`]; others are limited) qubits and an objective qubit, all in |0⟩.
    pub fn new(qubits: u32) -> Self {
        let qubits = qubits.clamp(1, MAX_QUBITS);
        let mut amplitudes = vec![0.0; 1 << qubits].into_boxed_slice();
        amplitudes[0] = 1.0;
        Self {
            masses: MassTree::new(qubits),
            payoff: vec![0.0; amplitudes.len()].into_boxed_slice(),
            amplitudes,
            state: State::new(qubits),
            clopper_pearson: ClopperPearson::new(iqae::MAX_SHOTS),
        }
    }

    /// Loads a distribution: `mass` of every bin, of any positive total. False, and the register unusable until the next call, when a mass is negative or not
    /// finite, or there is none.
    #[must_use]
    pub fn load(&mut self, mass: impl Fn(usize) -> f64) -> bool {
        self.masses.leaves_mut().iter_mut().enumerate().for_each(|(bin, leaf)| *leaf = mass(bin));
        let loaded = self.masses.sum();
        if loaded {
            self.masses.prepare(&mut self.amplitudes);
        }
        loaded
    }

    /// Asks for the expectation of a payoff, limited to [0, 1] (NaN counts as 0).
    pub fn ask(&mut self, payoff: impl Fn(usize) -> f64) {
        for (bin, slot) in self.payoff.iter_mut().enumerate() {
            let f = payoff(bin);
            *slot = if f >= 1.0 {
                1.0
            } else if f > 0.0 {
                f
            } else {
                0.0
            };
        }
        self.state.prepare(&self.amplitudes, &self.payoff);
    }

    /// The distribution loaded.
    pub fn masses(&self) -> &MassTree {
        &self.masses
    }

    /// The expectation itself, Σ pᵢfᵢ: what the estimators estimate.
    pub fn exact(&self) -> f64 {
        self.payoff.iter().enumerate().fold(0.0, |sum, (bin, f)| sum + self.masses.probability(bin) * f)
    }

    /// The state, for what estimators do not need.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Maximum-likelihood amplitude estimation, see [`mlae`].
    pub fn mlae(&mut self, schedule: mlae::Schedule, rng: &mut Rng) -> Estimate {
        mlae::estimate(schedule, |power, shots| rng.successes(shots, self.state.good_after(power)))
    }

    /// Iterative quantum amplitude estimation, see [`iqae`].
    pub fn iqae(&mut self, precision: Precision, rng: &mut Rng) -> Estimate {
        iqae::estimate(&self.clopper_pearson, precision, |power, shots| rng.successes(shots, self.state.good_after(power)))
    }
}
