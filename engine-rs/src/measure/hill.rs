//! Cross-checks of the tail's shape that do not fit a distribution: Hill (1975) and the moment estimator of Dekkers, Einmahl & de Haan (1989).
//!
//! With x₍₁₎ ≥ … ≥ x₍ₖ₎ ≥ x₍ₖ₊₁₎ > 0 and Mⱼ = 1/k·Σ (ln x₍ᵢ₎ − ln x₍ₖ₊₁₎)ʲ:  Hill ξ = M₁;  moment ξ = M₁ + 1 − ½/(1 − M₁²/M₂).

use super::gpd::MAX_EXCEEDANCES;
use crate::math::ln_lanes;
use crate::simd::{Backend, Kernel, LANES, Simd, sum_lanes};

/// Two estimates of one shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shapes {
    /// Hill's; always positive.
    pub hill: f64,
    /// Of the moments; of either sign. NaN where all k values are equal.
    pub moment: f64,
}

impl Shapes {
    pub(crate) const UNDEFINED: Self = Self { hill: f64::NAN, moment: f64::NAN };
}

/// Values above a base, padded with it.
pub(crate) struct Multiples {
    values: [f64; MAX_EXCEEDANCES],
    base: f64,
    count: usize,
}

impl Multiples {
    /// `count` (1 to [`MAX_EXCEEDANCES`]) values ≥ `base` > 0, in any order.
    #[inline(always)]
    pub(crate) fn new(values: impl Iterator<Item = f64>, base: f64) -> Self {
        let mut out = Self { values: [base; MAX_EXCEEDANCES], base, count: 0 };
        for (slot, value) in out.values.iter_mut().zip(values) {
            *slot = value;
            out.count += 1;
        }
        out
    }

    /// Both estimates.
    #[inline(always)]
    pub(crate) fn shapes<S: Simd>(&self, s: S) -> Shapes {
        let (mut first, mut second) = (s.splat(0.0), s.splat(0.0));
        for block in &self.values.as_chunks::<LANES>().0[..self.count.div_ceil(LANES)] {
            let multiple = s.min(s.splat(f64::MAX), s.div(s.load(block), s.splat(self.base)));
            let log = ln_lanes(s, multiple);
            first = s.add(first, log);
            second = s.add(second, s.mul(log, log));
        }
        let k = self.count as f64;
        let (m1, m2) = (sum_lanes(s.store(first)) / k, sum_lanes(s.store(second)) / k);
        let spread = 1.0 - m1 * m1 / m2;
        Shapes { hill: m1, moment: if m2 > 0.0 && spread > 0.0 { m1 + 1.0 - 0.5 / spread } else { f64::NAN } }
    }
}

/// Estimates from values above `base` on a given instruction set; `None` for no values, more than [`MAX_EXCEEDANCES`], or any that is not finite or below
/// `base`, which must be above 0.
pub fn shapes_on(backend: Backend, values: &[f64], base: f64) -> Option<Shapes> {
    let valid = base > 0.0 && !values.is_empty() && values.len() <= MAX_EXCEEDANCES && values.iter().all(|&v| v >= base && v.is_finite());
    valid.then(|| backend.run(Estimate(&Multiples::new(values.iter().copied(), base))))
}

struct Estimate<'a>(&'a Multiples);

impl Kernel for Estimate<'_> {
    type Output = Shapes;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Shapes {
        self.0.shapes(s)
    }
}
