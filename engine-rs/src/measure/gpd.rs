//! Generalised Pareto fit of Zhang & Stephens (2009), *A New and Efficient Estimation Method for the Generalized Pareto Distribution*,
//! Technometrics 51:316–325: a likelihood-weighted mean over a fixed grid, without iteration.
//!
//! With the n exceedances y₍₁₎ ≤ … ≤ y₍ₙ₎, m = 20 + ⌊√n⌋ and the first quartile y* = y₍⌊n/4+½⌋₎:
//! θⱼ = 1/y₍ₙ₎ + (1 − √(m/(j−½)))/(3y*),  κ(θ) = mean ln(1 − θyᵢ),  ℓ(θ) = n·(ln(−θ/κ) − κ − 1),
//! wⱼ ∝ exp ℓ(θⱼ),  θ̂ = Σ wⱼθⱼ,  ξ = κ(θ̂),  β = −ξ/θ̂.
//!
//! (In the paper's sign convention k = −ξ. ln(1 − θy) is a logarithm of a product: factors are multiplied and one logarithm is
//! taken per θ, with the exponents kept apart so that no product overflows.)

use crate::math::{blocks, exp, exp_lanes, ln, ln_1p, ln_lanes};
use crate::simd::{Backend, Kernel, LANES, Simd, sum_lanes};

/// Grid points, padded to whole vectors.
const GRID: usize = 32;
/// Most exceedances a fit takes: the most for which m = 20 + ⌊√n⌋ points fit the grid; a multiple of the lanes.
pub const MAX_EXCEEDANCES: usize = 168;
/// Factors multiplied between two separations of the exponent, which change no bit as long as no product over- or underflows.
const FACTORS: usize = 30;
/// What every factor must be below for that many.
const LARGE: f64 = 1_073_741_824.0;
/// As many as any residuals of valid candles allow, whose factors are below 2^150.
const FEWER_FACTORS: usize = 4;
/// Where |θ|·y₍ₙ₎ is below this, 1 − θy has lost too many digits, and ln(1 + x) is taken term by term instead.
const SMALL: f64 = 1.0 / 256.0;

/// A fitted distribution of exceedances: P(Y > y) = (1 + ξy/β)^(−1/ξ).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gpd {
    /// Shape.
    pub xi: f64,
    /// Scale, > 0, in the unit of the exceedances.
    pub beta: f64,
}

/// Exceedances in ascending order, all > 0, zero-padded to whole vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exceedances {
    values: [f64; MAX_EXCEEDANCES],
    count: usize,
}

impl Exceedances {
    /// None yet.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { values: [0.0; MAX_EXCEEDANCES], count: 0 }
    }

    /// Appends a value not below those before; beyond the capacity it is ignored.
    #[inline(always)]
    pub(crate) fn push(&mut self, value: f64) {
        if let Some(slot) = self.values.get_mut(self.count) {
            *slot = value;
            self.count += 1;
        }
    }

    /// The values.
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[f64] {
        &self.values[..self.count]
    }

    /// The values and padding zeros as lanes.
    #[inline(always)]
    fn lanes(&self) -> &[[f64; LANES]] {
        &self.values.as_chunks::<LANES>().0[..self.count.div_ceil(LANES)]
    }

    /// Arithmetic mean.
    #[inline(always)]
    pub(crate) fn mean<S: Simd>(&self, s: S) -> f64 {
        let mut total = s.splat(0.0);
        for block in self.lanes() {
            total = s.add(total, s.load(block));
        }
        sum_lanes(s.store(total)) / self.count as f64
    }
}

/// Fits exceedances in ascending order on a given instruction set. `None` when there are fewer than two, more than [`MAX_EXCEEDANCES`], when they
/// are not ascending positive numbers, or when they allow no fit.
pub fn fit_on(backend: Backend, exceedances: &[f64]) -> Option<Gpd> {
    let valid = exceedances.first().is_some_and(|&y| y > 0.0) && exceedances.last().is_some_and(|y| y.is_finite());
    if !valid || !exceedances.is_sorted() || exceedances.len() > MAX_EXCEEDANCES {
        return None;
    }
    let mut y = Exceedances::new();
    exceedances.iter().for_each(|&value| y.push(value));
    backend.run(Fit(&y))
}

struct Fit<'a>(&'a Exceedances);

impl Kernel for Fit<'_> {
    type Output = Option<Gpd>;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Option<Gpd> {
        fit(s, self.0)
    }
}

/// The fit. `None` when there are fewer than two values or they allow none.
#[inline(always)]
pub(crate) fn fit<S: Simd>(s: S, exceedances: &Exceedances) -> Option<Gpd> {
    let y = exceedances.as_slice();
    let n = y.len();
    if n < 2 {
        return None;
    }
    let (y_max, y_star) = (y[n - 1], y[(n + 2) / 4 - 1]);
    let count = n as f64;
    let mean = exceedances.mean(s);
    let m = 20 + n.isqrt();

    // θ on the grid; the lanes beyond m repeat its last point and get no weight.
    let rank: [f64; GRID] = std::array::from_fn(|j| j.min(m - 1) as f64 + 0.5);
    let mut theta = [0.0; GRID];
    for (rank, out) in blocks(&rank).zip(theta.as_chunks_mut::<LANES>().0) {
        let root = s.sqrt(s.div(s.splat(m as f64), s.load(rank)));
        let below = s.div(s.sub(s.splat(1.0), root), s.splat(3.0 * y_star));
        *out = s.store(s.add(s.splat(1.0 / y_max), below));
    }
    // θ rises along the grid from below 0 to just below 1/y₍ₙ₎: 1 − θy is greatest in the first point and always above 2^−9.
    let factors = if 1.0 - theta[0] * y_max < LARGE { FACTORS } else { FEWER_FACTORS };
    let kappa = mean_ln_grid(s, &theta, y, y_max, factors);

    // ℓ(θ)
    let mut ratio = [1.0; GRID];
    for j in 0..GRID {
        ratio[j] = if kappa[j] == 0.0 { 1.0 / mean } else { -theta[j] / kappa[j] };
    }
    let mut likelihood = [0.0; GRID];
    for ((ratio, kappa), out) in blocks(&ratio).zip(blocks(&kappa)).zip(likelihood.as_chunks_mut::<LANES>().0) {
        let log = ln_lanes(s, s.load(ratio));
        *out = s.store(s.mul(s.splat(count), s.sub(s.sub(log, s.load(kappa)), s.splat(1.0))));
    }
    let highest = likelihood[..m].iter().fold(f64::NEG_INFINITY, |highest, &l| if l > highest { l } else { highest });
    let mut weight = [0.0; GRID];
    for (likelihood, out) in blocks(&likelihood).zip(weight.as_chunks_mut::<LANES>().0) {
        *out = s.store(exp_lanes(s, s.sub(s.load(likelihood), s.splat(highest))));
    }
    let (mut weights, mut weighted) = (0.0, 0.0);
    for (w, theta) in weight.iter().zip(&theta).take(m) {
        weights += w;
        weighted += w * theta;
    }
    let theta_hat = weighted / weights;
    let xi = mean_ln(s, theta_hat, exceedances, y_max, factors);
    let beta = if xi == 0.0 { mean } else { -xi / theta_hat };
    (xi.is_finite() && beta.is_finite() && beta > 0.0).then_some(Gpd { xi, beta })
}

/// κ(θ) for every θ of the grid: lanes are grid points.
#[inline(always)]
fn mean_ln_grid<S: Simd>(s: S, theta: &[f64; GRID], y: &[f64], y_max: f64, factors: usize) -> [f64; GRID] {
    let one = s.splat(1.0);
    let mut kappa = [0.0; GRID];
    // Two vectors take turns: the products are a chain of dependent multiplications, and one chain leaves the units idle.
    for (pair, out) in theta.as_chunks::<{ 2 * LANES }>().0.iter().zip(kappa.as_chunks_mut::<{ 2 * LANES }>().0) {
        let [low, high] = pair.as_chunks::<LANES>().0 else { continue };
        let (t0, t1) = (s.load(low), s.load(high));
        let (mut p0, mut p1) = (one, one);
        let (mut e0, mut e1) = (s.splat(0.0), s.splat(0.0));
        for chunk in y.chunks(factors) {
            for &value in chunk {
                let value = s.splat(value);
                p0 = s.mul(p0, s.sub(one, s.mul(t0, value)));
                p1 = s.mul(p1, s.sub(one, s.mul(t1, value)));
            }
            let (split0, split1) = (s.split(p0), s.split(p1));
            (p0, e0) = (split0.0, s.add(e0, split0.1));
            (p1, e1) = (split1.0, s.add(e1, split1.1));
        }
        let count = s.splat(y.len() as f64);
        out[..LANES].copy_from_slice(&s.store(s.div(ln_split(s, p0, e0), count)));
        out[LANES..].copy_from_slice(&s.store(s.div(ln_split(s, p1, e1), count)));
    }
    for (k, &t) in kappa.iter_mut().zip(theta) {
        if t.abs() * y_max < SMALL {
            *k = mean_ln_1p(t, y);
        }
    }
    kappa
}

/// ln of `mantissa` · 2^`exponent`.
#[inline(always)]
fn ln_split<S: Simd>(s: S, mantissa: S::V, exponent: S::V) -> S::V {
    s.add(s.mul(exponent, s.splat(std::f64::consts::LN_2)), ln_lanes(s, mantissa))
}

/// κ(θ) for one θ: lanes are exceedances (padding is zero and contributes a factor 1).
#[inline(always)]
fn mean_ln<S: Simd>(s: S, theta: f64, y: &Exceedances, y_max: f64, factors: usize) -> f64 {
    if theta.abs() * y_max < SMALL {
        return mean_ln_1p(theta, y.as_slice());
    }
    let (one, t) = (s.splat(1.0), s.splat(theta));
    let (mut product, mut exponent) = (one, s.splat(0.0));
    for chunk in y.lanes().chunks(factors) {
        for block in chunk {
            product = s.mul(product, s.sub(one, s.mul(t, s.load(block))));
        }
        let (mantissa, power) = s.split(product);
        product = mantissa;
        exponent = s.add(exponent, power);
    }
    let log = sum_lanes(s.store(exponent)) * std::f64::consts::LN_2 + sum_lanes(s.store(ln_lanes(s, product)));
    log / y.count as f64
}

/// κ(θ) where θy is small.
fn mean_ln_1p(theta: f64, y: &[f64]) -> f64 {
    y.iter().fold(0.0, |sum, &value| sum + ln_1p(-theta * value)) / y.len() as f64
}

/// A probability share · base^(−1/ξ), whose logarithm and exponential can be taken together with others'.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PowerTail {
    share: f64,
    base: f64,
    xi: f64,
}

impl PowerTail {
    /// `share` · P(Y > y) for y ≥ 0 and ξ > 0.
    #[inline(always)]
    pub(crate) fn of(share: f64, gpd: Gpd, y: f64) -> Self {
        Self { share, base: 1.0 + gpd.xi * y / gpd.beta, xi: gpd.xi }
    }

    /// `share` itself.
    #[inline(always)]
    pub(crate) fn constant(share: f64) -> Self {
        Self { share, base: 1.0, xi: 1.0 }
    }

    /// What to take the logarithm of.
    #[inline(always)]
    pub(crate) fn base(&self) -> f64 {
        self.base
    }

    /// What to take the exponential of, the logarithm given.
    #[inline(always)]
    pub(crate) fn exponent(&self, log: f64) -> f64 {
        -log / self.xi
    }

    /// The probability, the exponential given.
    #[inline(always)]
    pub(crate) fn probability(&self, power: f64) -> f64 {
        self.share * power
    }
}

impl Gpd {
    /// The value exceeded with probability `p` in (0, 1].
    #[inline]
    pub fn quantile(&self, p: f64) -> f64 {
        if self.xi.abs() < 1e-8 { -self.beta * ln(p) } else { self.beta / self.xi * (exp(-self.xi * ln(p)) - 1.0) }
    }

    /// VaR and ES at tail probability `p` < `share` of a distribution whose exceedances of `threshold`, a `share` of all values, follow this one
    /// (McNeil, Frey & Embrechts 2005, §7.2.3). ξ < 1.
    #[inline]
    pub fn var_es(&self, threshold: f64, share: f64, p: f64) -> (f64, f64) {
        let var = threshold + self.quantile(p / share);
        (var, self.mean_beyond(threshold, var))
    }

    /// Mean of the values beyond `level` ≥ `threshold`, where the exceedances of `threshold` follow this distribution. ξ < 1.
    #[inline]
    pub fn mean_beyond(&self, threshold: f64, level: f64) -> f64 {
        (level + self.beta - self.xi * threshold) / (1.0 - self.xi)
    }

    /// P(Y > y) for y ≥ 0.
    #[inline]
    pub fn survival(&self, y: f64) -> f64 {
        if self.xi.abs() < 1e-8 {
            return exp(-y / self.beta);
        }
        let base = 1.0 + self.xi * y / self.beta;
        if base > 0.0 { exp(-ln(base) / self.xi) } else { 0.0 }
    }
}
