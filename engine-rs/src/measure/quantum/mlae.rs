//! Maximum-likelihood amplitude estimation (Suzuki, Uno, Raymond, Tanaka, Onodera & Yamamoto 2020, *Amplitude estimation without phase estimation*,
//! Quantum Information Processing 19:75).
//!
//! The state is measured `shots` times after each of the powers k = 0, 1, 2, 4, …; the estimate is the θ in [0, π/2] that makes the h_k good outcomes most
//! likely, ln L(θ) = Σ h_k·ln sin²((2k+1)θ) + (N − h_k)·ln cos²((2k+1)θ), searched on a grid fine enough for the narrowest peak and then by
//! golden sections. The interval is asymptotic: θ ± 1.96/(2√ΣN(2k+1)²).

use super::Estimate;
use super::trigonometry::sin_cos;
use crate::math::ln;

/// Most powers: k up to 2^10.
pub const MAX_POWERS: usize = 12;
/// Grid points per unit of 2k + 1, k the largest power: about one standard deviation of the estimate at 100 shots.
const GRID: u32 = 32;
const GOLDEN_STEPS: usize = 60;
/// 97.5 % quantile of the normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540_054;
/// Outcomes of lower probability are taken to have this one: its logarithm is finite.
const SMALLEST_PROBABILITY: f64 = 1e-15;

/// Which powers, and how often each is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Number of powers: 0, 1, 2, 4, …, 2^(powers − 2); limited to 1 … [`MAX_POWERS`].
    pub powers: usize,
    /// Measurements of each.
    pub shots: u32,
}

impl Schedule {
    fn power(i: usize) -> u32 {
        if i == 0 { 0 } else { 1 << (i - 1) }
    }
}

struct Counts {
    good: [u32; MAX_POWERS],
    powers: usize,
    shots: u32,
}

impl Counts {
    /// ln L(θ). The angles (2k + 1)θ = 2^(i)·θ + θ come from doubling, without further sines.
    fn ln_likelihood(&self, theta: f64) -> f64 {
        let (sin, cos) = sin_cos(theta);
        let (mut sin_double, mut cos_double) = (2.0 * sin * cos, (cos - sin) * (cos + sin));
        let mut total = self.term(0, sin * sin);
        for i in 1..self.powers {
            let sin_odd = sin_double * cos + cos_double * sin;
            total += self.term(i, sin_odd * sin_odd);
            (sin_double, cos_double) = (2.0 * sin_double * cos_double, (cos_double - sin_double) * (cos_double + sin_double));
        }
        total
    }

    fn term(&self, i: usize, p: f64) -> f64 {
        let good = f64::from(self.good[i]);
        let ln_of = |p: f64| ln(if p > SMALLEST_PROBABILITY { p } else { SMALLEST_PROBABILITY });
        good * ln_of(p) + (f64::from(self.shots) - good) * ln_of(1.0 - p)
    }
}

/// Estimates from measurements: `measure(k, n)` is how many of n shots of Qᵏ|ψ⟩ were good.
pub fn estimate(schedule: Schedule, mut measure: impl FnMut(u32, u32) -> u32) -> Estimate {
    let powers = schedule.powers.clamp(1, MAX_POWERS);
    let mut counts = Counts { good: [0; MAX_POWERS], powers, shots: schedule.shots.max(1) };
    let (mut calls, mut information) = (0, 0.0);
    for i in 0..powers {
        let power = Schedule::power(i);
        counts.good[i] = measure(power, counts.shots);
        let odd = 2 * u64::from(power) + 1;
        calls += u64::from(counts.shots) * odd;
        information += f64::from(counts.shots) * (odd * odd) as f64;
    }
    let power = Schedule::power(powers - 1);
    let theta = most_likely(&counts, GRID * (2 * power + 1));
    let spread = NORMAL_975 / (2.0 * information.sqrt());
    let squared_sine = |theta: f64| {
        let (sin, _) = sin_cos(theta.clamp(0.0, std::f64::consts::FRAC_PI_2));
        sin * sin
    };
    Estimate {
        amplitude: squared_sine(theta),
        low: squared_sine(theta - spread),
        high: squared_sine(theta + spread),
        calls,
        power,
        converged: true,
    }
}

fn most_likely(counts: &Counts, cells: u32) -> f64 {
    let step = std::f64::consts::FRAC_PI_2 / f64::from(cells);
    let (mut best, mut highest) = (0.0, f64::NEG_INFINITY);
    for cell in 0..=cells {
        let theta = f64::from(cell) * step;
        let likelihood = counts.ln_likelihood(theta);
        if likelihood > highest {
            (best, highest) = (theta, likelihood);
        }
    }
    golden(counts, (best - step).clamp(0.0, std::f64::consts::FRAC_PI_2), (best + step).clamp(0.0, std::f64::consts::FRAC_PI_2))
}

/// Maximum inside a bracket, by golden sections.
fn golden(counts: &Counts, mut low: f64, mut high: f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut at_a, mut at_b) = (counts.ln_likelihood(a), counts.ln_likelihood(b));
    for _ in 0..GOLDEN_STEPS {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - RATIO * (high - low);
            at_a = counts.ln_likelihood(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + RATIO * (high - low);
            at_b = counts.ln_likelihood(b);
        }
    }
    0.5 * (low + high)
}
