//! Bid–ask spread from open, high, low and close prices: EDGE (Ardia, Guidotti & Kroencke 2024, *Efficient Estimation of Bid–Ask Spreads from Open, High, Low,
//! and Close Prices*, Journal of Financial Economics 161).
//!
//! The estimator over a whole slice, written as its authors publish it (github.com/eguidotti/bidask), missing prices included. What the engine reports
//! per candle is the same number over a window, see [`super::spread`].
//!
//! With o, h, l, c the log prices, m = (h + l)/2 and ₁ the period before:
//! r₁ = m − o, r₂ = o − m₁, r₃ = m − c₁, r₄ = c₁ − m₁, r₅ = o − c₁; τ = 1 where h ≠ l or l ≠ c₁;
//! pₒ = P(τ, o ≠ h) + P(τ, o ≠ l), p꜀ = P(τ, c₁ ≠ h₁) + P(τ, c₁ ≠ l₁); dᵢ = rᵢ − τ·mean(rᵢ)/mean(τ) for i = 1, 3, 5;
//! x₁ = −4/pₒ·d₁r₂ − 4/p꜀·d₃r₄, x₂ = −4/pₒ·d₁r₅ − 4/p꜀·d₅r₄.
//! Both have the mean S²; S² = (v₂e₁ + v₁e₂)/(v₁ + v₂), eᵢ and vᵢ being mean and variance of xᵢ.

use crate::math::ln;

/// The estimate and what it was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Share of periods with τ = 1: in which a trade moved the price.
    pub pt: f64,
    /// P(open ≠ high) + P(open ≠ low) in such periods.
    pub po: f64,
    /// P(close ≠ high) + P(close ≠ low) of the period before.
    pub pc: f64,
    /// Mean of x₁.
    pub e1: f64,
    /// Mean of x₂.
    pub e2: f64,
    /// Variance of x₁.
    pub v1: f64,
    /// Variance of x₂.
    pub v2: f64,
    /// Squared spread; estimates near 0 may be negative.
    pub s2: f64,
}

impl Edge {
    /// Squared spread from the two moment conditions: weighted by the other's variance, or their mean if nothing varies.
    #[inline(always)]
    pub(crate) fn square(e1: f64, e2: f64, v1: f64, v2: f64) -> f64 {
        let total = v1 + v2;
        if total > 0.0 { (v2 * e1 + v1 * e2) / total } else { 0.5 * (e1 + e2) }
    }

    /// √|S²| with the sign of S², as a share of the price: 0.01 is 1 %. At or below 0 no spread can be told from the noise.
    pub fn signed(&self) -> f64 {
        signed_root(self.s2)
    }

    /// √|S²|: what the authors' functions return by default.
    pub fn absolute(&self) -> f64 {
        self.s2.abs().sqrt()
    }
}

/// √|x| with the sign of x.
#[inline(always)]
pub(crate) fn signed_root(x: f64) -> f64 {
    x.abs().sqrt().copysign(x)
}

/// EDGE over prices in ascending order of time; NaN is a missing price. `None` for slices of different lengths, fewer than three periods, fewer than two with τ = 1, or where opens or
/// closes always are both high and low.
pub fn edge(open: &[f64], high: &[f64], low: &[f64], close: &[f64]) -> Option<Edge> {
    let n = open.len();
    if n < 3 || [high, low, close].iter().any(|prices| prices.len() != n) {
        return None;
    }
    let pairs = || (1..n).map(|t| Pair::new([open[t], high[t], low[t]], [high[t - 1], low[t - 1], close[t - 1]]));

    let pt = mean(pairs().map(|p| p.tau));
    let po = mean(pairs().map(|p| p.open_not_high)) + mean(pairs().map(|p| p.open_not_low));
    let pc = mean(pairs().map(|p| p.close_not_high)) + mean(pairs().map(|p| p.close_not_low));
    if pairs().filter(|p| p.tau == 1.0).count() < 2 || po == 0.0 || pc == 0.0 {
        return None;
    }
    let drift = [mean(pairs().map(|p| p.r1)) / pt, mean(pairs().map(|p| p.r3)) / pt, mean(pairs().map(|p| p.r5)) / pt];
    let x = |p: &Pair| {
        let (d1, d3, d5) = (p.r1 - drift[0] * p.tau, p.r3 - drift[1] * p.tau, p.r5 - drift[2] * p.tau);
        (-4.0 / po * d1 * p.r2 - 4.0 / pc * d3 * p.r4, -4.0 / po * d1 * p.r5 - 4.0 / pc * d5 * p.r4)
    };
    let square = |x: f64| x * x;
    let e1 = mean(pairs().map(|p| x(&p).0));
    let e2 = mean(pairs().map(|p| x(&p).1));
    let v1 = mean(pairs().map(|p| square(x(&p).0))) - square(e1);
    let v2 = mean(pairs().map(|p| square(x(&p).1))) - square(e2);
    Some(Edge { pt, po, pc, e1, e2, v1, v2, s2: Edge::square(e1, e2, v1, v2) })
}

/// The quantities of one period and the one before; NaN where a price they need is missing.
struct Pair {
    r1: f64,
    r2: f64,
    r3: f64,
    r4: f64,
    r5: f64,
    tau: f64,
    open_not_high: f64,
    open_not_low: f64,
    close_not_high: f64,
    close_not_low: f64,
}

impl Pair {
    /// From the open, high and low of a period and the high, low and close before it.
    fn new([open, high, low]: [f64; 3], [high1, low1, close1]: [f64; 3]) -> Self {
        let [o, h, l, h1, l1, c1] = [open, high, low, high1, low1, close1].map(log);
        let (m, m1) = (0.5 * (h + l), 0.5 * (h1 + l1));
        let tau = if high.is_nan() || low.is_nan() || close1.is_nan() { f64::NAN } else { indicator(high != low || low != close1) };
        Self {
            r1: m - o,
            r2: o - m1,
            r3: m - c1,
            r4: c1 - m1,
            r5: o - c1,
            tau,
            open_not_high: tau * differ(open, high),
            open_not_low: tau * differ(open, low),
            close_not_high: tau * differ(close1, high1),
            close_not_low: tau * differ(close1, low1),
        }
    }
}

fn log(price: f64) -> f64 {
    if price > 0.0 { ln(price) } else { f64::NAN }
}

fn indicator(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

fn differ(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { indicator(a != b) }
}

/// Mean of the values that are present; NaN if there are none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.filter(|x| !x.is_nan()).fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}
