//! Left vega: how much a tail grows when the scale of the distribution does (Taleb & Douady 2013, *Mathematical Definition, Mapping, and Detection of (Anti)Fragility*).
//!
//! With losses xᵢ of a side, Ω their median and K = Ω + 1.645σ, let ξ(s) be the mean over all i of s·(xᵢ − Ω) where that exceeds K − Ω: the tail
//! integral after stretching the sample by s. V = (ξ(1.1) − ξ(0.9))/0.2, the fragility at K without a model.
//! Applied to the standardised residuals, whose σ is 1, and scaled by σ afterwards: with dᵢ = xᵢ − Ω and c± = 1.645/(1 ± 0.1),
//! V = [1.1·Σ dᵢ·1(dᵢ > c₊) − 0.9·Σ dᵢ·1(dᵢ > c₋)]/(0.2·n). For a normal sample V = φ(κ)(1 + κ²) = 0.3821 at κ = 1.645, up to the finite difference.

use super::black_swan::Side;
use crate::simd::{Backend, Kernel, Simd, sum_from};

/// K in standard deviations beyond the median: the 5 % tail of a normal distribution.
pub const KAPPA: f64 = 1.645;
/// Half the finite difference of the scale.
pub const STRETCH: f64 = 0.1;

/// Where the two tails of the last window began. A hint for the next search only: the counts do not depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TailHint {
    inner: usize,
    outer: usize,
}

/// Left vega of one side of a sample in ascending order, in its own unit; 0 for an empty one.
#[inline(always)]
pub(crate) fn left_vega<S: Simd>(s: S, sorted: &[f64], side: Side, hint: &mut TailHint) -> f64 {
    let n = sorted.len();
    if n == 0 {
        return 0.0;
    }
    let median = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
    // Losses beyond the smaller threshold include those beyond the greater one: `inner` ≥ `outer`.
    let (near, far) = (KAPPA / (1.0 + STRETCH), KAPPA / (1.0 - STRETCH));
    match side {
        Side::Long => {
            hint.inner = walk(hint.inner, n, |i| median - sorted[i] > near);
            hint.outer = walk(hint.outer, n, |i| median - sorted[i] > far);
        }
        Side::Short => {
            hint.inner = walk(hint.inner, n, |i| sorted[n - 1 - i] - median > near);
            hint.outer = walk(hint.outer, n, |i| sorted[n - 1 - i] - median > far);
        }
    }
    let (outer, between) = match side {
        Side::Long => (&sorted[..hint.outer], &sorted[hint.outer..hint.inner]),
        Side::Short => (&sorted[n - hint.outer..], &sorted[n - hint.inner..n - hint.outer]),
    };
    let sign = match side {
        Side::Long => -1.0,
        Side::Short => 1.0,
    };
    let beyond_far = sign * sum_from(s, outer, median);
    let beyond_near = beyond_far + sign * sum_from(s, between, median);
    ((1.0 + STRETCH) * beyond_near - (1.0 - STRETCH) * beyond_far) / (2.0 * STRETCH * n as f64)
}

/// The number of leading indices below `n` for which `holds`, which holds for a prefix, from a guess.
#[inline(always)]
fn walk(guess: usize, n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut count = guess.min(n);
    while count < n && holds(count) {
        count += 1;
    }
    while count > 0 && !holds(count - 1) {
        count -= 1;
    }
    count
}

/// [`left_vega`] of any sample, on a given instruction set; `None` if it is empty or holds a NaN.
pub fn left_vega_on(backend: Backend, sample: &[f64], side: Side) -> Option<f64> {
    if sample.is_empty() || sample.iter().any(|x| x.is_nan()) {
        return None;
    }
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(backend.run(LeftVega { sorted: &sorted, side }))
}

struct LeftVega<'a> {
    sorted: &'a [f64],
    side: Side,
}

impl Kernel for LeftVega<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        left_vega(s, self.sorted, self.side, &mut TailHint::default())
    }
}
