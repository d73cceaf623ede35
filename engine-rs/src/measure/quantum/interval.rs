//! Exact confidence intervals of a probability (Clopper & Pearson 1934): quantiles of the beta distribution with whole-number parameters.

use crate::math::{exp, ln};

const NEWTON_STEPS: usize = 60;
const FRACTION_STEPS: usize = 300;
const TINY: f64 = 1e-300;

/// Intervals for up to a fixed number of trials.
#[derive(Clone, Debug)]
pub struct ClopperPearson {
    /// ln n!
    ln_factorial: Box<[f64]>,
}

impl ClopperPearson {
    /// For at most `trials` trials.
    pub fn new(trials: u32) -> Self {
        let mut sum = 0.0;
        let ln_factorial = (0..trials as usize + 2)
            .map(|n| {
                sum += if n > 1 { ln(n as f64) } else { 0.0 };
                sum
            })
            .collect();
        Self { ln_factorial }
    }

    /// Interval that holds the probability with a confidence of at least 1 − `alpha`, after `successes` of `trials`; [0, 1] for impossible counts or more trials
    /// than it was made for.
    pub fn interval(&self, successes: u32, trials: u32, alpha: f64) -> (f64, f64) {
        let (h, n) = (successes as usize, trials as usize);
        if h > n || n + 2 > self.ln_factorial.len() {
            return (0.0, 1.0);
        }
        let low = if h == 0 { 0.0 } else { self.beta_quantile(0.5 * alpha, h, n - h + 1) };
        let high = if h == n { 1.0 } else { self.beta_quantile(1.0 - 0.5 * alpha, h + 1, n - h) };
        (low, high)
    }

    /// x with I_x(a, b) = `p`: Newton's method, held inside a bracket.
    fn beta_quantile(&self, p: f64, a: usize, b: usize) -> f64 {
        let ln_beta = self.ln_factorial[a - 1] + self.ln_factorial[b - 1] - self.ln_factorial[a + b - 1];
        let (a, b) = (a as f64, b as f64);
        let (mut low, mut high, mut x) = (0.0, 1.0, a / (a + b));
        for _ in 0..NEWTON_STEPS {
            let power = a * ln(x) + b * ln(1.0 - x) - ln_beta;
            let error = distribution(x, a, b, exp(power)) - p;
            if error > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let density = exp(power) / (x * (1.0 - x));
            let step = x - error / density;
            let next = if step > low && step < high { step } else { 0.5 * (low + high) };
            let moved = (next - x).abs();
            x = next;
            if moved <= 2.0 * f64::EPSILON * x {
                break;
            }
        }
        x
    }
}

/// Regularised incomplete beta function I_x(a, b); `power` = xᵃ(1 − x)ᵇ/B(a, b). Continued fraction by Lentz's method.
fn distribution(x: f64, a: f64, b: f64, power: f64) -> f64 {
    if x > (a + 1.0) / (a + b + 2.0) { 1.0 - power * fraction(1.0 - x, b, a) / b } else { power * fraction(x, a, b) / a }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for step in 1..FRACTION_STEPS {
        let m = step as f64;
        for numerator in
            [m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)), -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))]
        {
            d = 1.0 / away_from_zero(1.0 + numerator * d);
            c = away_from_zero(1.0 + numerator / c);
            product *= d * c;
        }
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    product
}
