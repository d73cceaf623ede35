//! Weighted means of the last N values: exponential or power-law weights, cut off, so that the memory ends.

use super::MirroredRing;
use crate::simd::{LANES, Simd, sum_lanes};

/// Weights ∝ λ^age in the order of [`MirroredRing::as_slice`], oldest first, with the sum 1. Multiplications and one division each, evaluated by the
/// compiler: the same bits everywhere.
pub const fn exponential_weights<const N: usize>(lambda: f64) -> [f64; N] {
    let mut w = [0.0; N];
    let (mut power, mut sum, mut age) = (1.0, 0.0, 0);
    while age < N {
        w[N - 1 - age] = power;
        sum += power;
        power *= lambda;
        age += 1;
    }
    let mut i = 0;
    while i < N {
        w[i] /= sum;
        i += 1;
    }
    w
}

/// Weights ∝ (age + 1)^(−3/2) in the order of [`MirroredRing::as_slice`], oldest first, with the sum 1. Additions, multiplications and divisions
/// evaluated by the compiler: the same bits everywhere.
pub const fn power_law_weights<const N: usize>() -> [f64; N] {
    let mut w = [0.0; N];
    let (mut sum, mut age) = (0.0, 0);
    while age < N {
        let n = (age + 1) as f64;
        w[N - 1 - age] = 1.0 / (n * newton_sqrt(n));
        sum += w[N - 1 - age];
        age += 1;
    }
    let mut i = 0;
    while i < N {
        w[i] /= sum;
        i += 1;
    }
    w
}

/// √x for 1 ≤ x < 2^20, to an ulp or so. (`f64::sqrt` cannot be evaluated by the compiler yet.)
const fn newton_sqrt(x: f64) -> f64 {
    let (mut root, mut step) = (x, 0);
    while step < 20 {
        root = 0.5 * (root + x / root);
        step += 1;
    }
    root
}

/// Σ weight · value over the last N values. N is a multiple of 16.
#[inline(always)]
pub(crate) fn weighted_sum<S: Simd, const N: usize>(s: S, values: &MirroredRing<N>, weights: &[f64; N]) -> f64 {
    const { assert!(N.is_multiple_of(2 * LANES)) };
    // Two vectors take turns: one chain of dependent additions leaves the units idle.
    let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
    let (values, weights) = (values.as_slice().as_chunks::<{ 2 * LANES }>().0, weights.as_chunks::<{ 2 * LANES }>().0);
    for (x, w) in values.iter().zip(weights) {
        if let ([x0, x1], [w0, w1]) = (x.as_chunks::<LANES>().0, w.as_chunks::<LANES>().0) {
            even = s.add(even, s.mul(s.load(x0), s.load(w0)));
            odd = s.add(odd, s.mul(s.load(x1), s.load(w1)));
        }
    }
    sum_lanes(s.store(s.add(even, odd)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Backend, Kernel};

    #[test]
    fn power_law_weights_fall_with_the_age_to_the_power_of_three_halves() {
        const WEIGHTS: [f64; 64] = power_law_weights();
        assert!((WEIGHTS.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        for n in 1..=64 {
            let ratio = WEIGHTS[64 - n] / WEIGHTS[63];
            assert!((ratio * (n as f64).powf(1.5) - 1.0).abs() < 1e-14, "{n}");
        }
        for x in [1.0, 2.0, 3.0, 1_048_575.0] {
            assert!((newton_sqrt(x) - f64::sqrt(x)).abs() <= f64::EPSILON * x.sqrt());
        }
    }

    struct Sum<'a>(&'a MirroredRing<64>, &'a [f64; 64]);

    impl Kernel for Sum<'_> {
        type Output = f64;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f64 {
            weighted_sum(s, self.0, self.1)
        }
    }

    #[test]
    fn is_the_exponential_mean_on_every_set() {
        const WEIGHTS: [f64; 64] = exponential_weights(0.9);
        assert!((WEIGHTS.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!((WEIGHTS[62] / WEIGHTS[63] - 0.9).abs() < 1e-15);
        let mut ring = MirroredRing::<64>::default();
        let values: Vec<f64> = (0..200).map(|i| f64::from(i * i % 37)).collect();
        values.iter().for_each(|&v| ring.push(v));
        let expected: f64 = values.iter().rev().take(64).enumerate().map(|(age, v)| v * WEIGHTS[63 - age]).sum();
        let twin = Backend::SCALAR.run(Sum(&ring, &WEIGHTS));
        assert!((twin - expected).abs() < 1e-13);
        for backend in Backend::available() {
            assert_eq!(backend.run(Sum(&ring, &WEIGHTS)).to_bits(), twin.to_bits(), "{}", backend.name());
        }
    }
}
