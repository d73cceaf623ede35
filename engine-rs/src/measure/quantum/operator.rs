//! The state with its objective qubit, and the Grover iterate.
//!
//! A|0⟩ = |ψ⟩ = Σ √pᵢ|i⟩(√(1−fᵢ)|0⟩ + √fᵢ|1⟩); "good" is objective = 1, with probability a = Σ pᵢfᵢ = sin²θ (Brassard, Høyer, Mosca & Tapp 2002).
//! Q = −A·S₀·A†·S_χ = (2|ψ⟩⟨ψ| − 1)·S_χ is, on an array, a change of sign, one dot product and one axpy; all amplitudes are real.
//! Qᵏ|ψ⟩ is good with probability sin²((2k+1)θ).

/// Terms summed side by side: a fixed order, and wide enough for the compiler to use vectors.
const LANES: usize = 8;

/// |ψ⟩ and Qᵏ|ψ⟩; the first half are the bad, the second the good amplitudes.
#[derive(Clone, Debug)]
pub struct State {
    prepared: Box<[f64]>,
    current: Box<[f64]>,
    power: u32,
}

impl State {
    /// A register of 2^`qubits` bins, |0…0⟩ and bad.
    pub fn new(qubits: u32) -> Self {
        let mut prepared = vec![0.0; 2 << qubits].into_boxed_slice();
        prepared[0] = 1.0;
        Self { current: prepared.clone(), prepared, power: 0 }
    }

    /// Sets |ψ⟩ from the register's amplitudes and the payoffs fᵢ in [0, 1], both of the register's length.
    pub(crate) fn prepare(&mut self, amplitudes: &[f64], payoff: &[f64]) {
        let (bad, good) = self.prepared.split_at_mut(amplitudes.len());
        for (i, (amplitude, f)) in amplitudes.iter().zip(payoff).enumerate() {
            bad[i] = amplitude * (1.0 - f).sqrt();
            good[i] = amplitude * f.sqrt();
        }
        self.reset();
    }

    fn reset(&mut self) {
        self.current.copy_from_slice(&self.prepared);
        self.power = 0;
    }

    /// One Grover iterate.
    pub fn iterate(&mut self) {
        let half = self.current.len() / 2;
        self.current[half..].iter_mut().for_each(|amplitude| *amplitude = -*amplitude);
        let twice = 2.0 * dot(&self.prepared, &self.current);
        for (current, prepared) in self.current.iter_mut().zip(&self.prepared) {
            *current = twice * prepared - *current;
        }
        self.power += 1;
    }

    /// Probability that Qᵏ|ψ⟩ is measured good, k = `power`. Cheapest for ascending powers.
    pub fn good_after(&mut self, power: u32) -> f64 {
        if power < self.power {
            self.reset();
        }
        while self.power < power {
            self.iterate();
        }
        let good = &self.current[self.current.len() / 2..];
        let p = dot(good, good);
        if p > 1.0 { 1.0 } else { p }
    }

    /// Amplitudes of Qᵏ|ψ⟩, bad half first.
    pub fn amplitudes(&self) -> &[f64] {
        &self.current
    }
}

/// Dot product in a fixed order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest = a_rest.iter().zip(b_rest).fold(0.0, |sum, (a, b)| sum + a * b);
    lanes.iter().fold(rest, |sum, lane| sum + lane)
}
