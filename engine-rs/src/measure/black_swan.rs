//! Tail risk of the next candle (McNeil & Frey 2000, with a range-volatility filter).
//!
//! zₜ = rₜ/σₜ with σₜ known at the close of t − 1. Of the last W losses (−z for longs, +z for shorts) the k largest exceed the threshold u = z₍ₖ₊₁₎;
//! the exceedances are fitted by a generalised Pareto distribution, and with n of W strictly above u
//! VaR_q = σ·(u + β/ξ·((W/n·(1−q))^(−ξ) − 1)),  ES_q = (VaR_q + σ(β − ξu))/(1 − ξ)   (McNeil, Frey & Embrechts 2005, §7.2.3),
//! P(L > c) = n/W·(1 + ξ(c/σ − u)/β)^(−1/ξ) for c/σ > u, else the empirical share.
//! All are log-losses of the next candle, σ being the forecast for it.

use super::gpd::{self, Exceedances, Gpd, MAX_EXCEEDANCES};
use crate::simd::Simd;
use crate::window::SortedWindow;

/// Fewer strict exceedances than this are not fitted; the empirical quantiles are used instead.
pub const MIN_EXCEEDANCES: usize = 30;
/// Limits of the shape that is used: a fitted bounded tail is not believed, and an expected shortfall must exist.
pub const XI_MIN: f64 = 0.10;
/// See [`XI_MIN`].
pub const XI_MAX: f64 = 0.95;

/// Tail of one side, for the next candle. Losses are log returns ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Loss exceeded with probability 5 %.
    pub var95: f64,
    /// Loss exceeded with probability 1 %.
    pub var99: f64,
    /// Mean loss beyond `var95`.
    pub es95: f64,
    /// Mean loss beyond `var99`.
    pub es99: f64,
    /// Probability of a loss greater than the loss threshold.
    pub p_loss: f64,
    /// Fitted shape; NaN when there were too few exceedances to fit.
    pub xi_raw: f64,
    /// Shape used: the fitted one limited to [0.10, 0.95]; NaN like `xi_raw`.
    pub xi: f64,
}

impl Tail {
    /// Every value undefined.
    pub(crate) const UNDEFINED: Self =
        Self { var95: f64::NAN, var99: f64::NAN, es95: f64::NAN, es99: f64::NAN, p_loss: f64::NAN, xi_raw: f64::NAN, xi: f64::NAN };
}

/// The two sides of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Loses when the price falls.
    Long,
    /// Loses when the price rises.
    Short,
}

/// VaR and ES in units of σ. Depends only on the top k + 1 losses of the window.
#[derive(Clone, Copy, Debug)]
struct StandardTail {
    threshold: f64,
    /// Strict exceedances over W.
    share: f64,
    /// Shape as fitted, and the distribution used; `None` when empirical.
    fitted: Option<(f64, Gpd)>,
    var95: f64,
    var99: f64,
    es95: f64,
    es99: f64,
}

/// State: the last W residuals in order, and the fits they last gave.
#[derive(Clone, Debug)]
pub struct BlackSwan {
    residuals: SortedWindow,
    exceedances: usize,
    /// Cache only: equal windows give equal fits.
    long: Option<StandardTail>,
    short: Option<StandardTail>,
}

impl BlackSwan {
    /// Window of `rows` residuals of which the `exceedances` largest losses are the tail (at most 168, and fewer than `rows`).
    pub fn new(rows: usize, exceedances: usize) -> Self {
        let rows = rows.max(2);
        Self {
            residuals: SortedWindow::new(rows),
            exceedances: exceedances.clamp(1, MAX_EXCEEDANCES.min(rows - 1)),
            long: None,
            short: None,
        }
    }

    /// Takes the residual z = r/σ of a candle, σ being the one known before it.
    #[inline(always)]
    pub fn push(&mut self, z: f64) {
        let (lowest, highest) = self.residuals.push(z);
        let k = self.exceedances;
        if lowest <= k {
            self.long = None;
        }
        if highest + k + 1 >= self.residuals.as_slice().len() {
            self.short = None;
        }
    }

    /// Tail of `side` for the next candle with volatility `sigma`; `loss_threshold` is the log-loss of `p_loss`.
    #[inline(always)]
    pub(crate) fn tail<S: Simd>(&mut self, s: S, side: Side, sigma: f64, loss_threshold: f64) -> Tail {
        let cached = match side {
            Side::Long => self.long,
            Side::Short => self.short,
        };
        let tail = match cached {
            Some(tail) => tail,
            None => {
                let tail = standard_tail(s, Losses { residuals: self.residuals.as_slice(), side }, self.exceedances);
                match side {
                    Side::Long => self.long = Some(tail),
                    Side::Short => self.short = Some(tail),
                }
                tail
            }
        };
        let losses = Losses { residuals: self.residuals.as_slice(), side };
        let standardised = loss_threshold / sigma;
        let p_loss = match tail.fitted {
            Some((_, gpd)) if standardised > tail.threshold => tail.share * gpd.survival(standardised - tail.threshold),
            _ => losses.share_above(standardised),
        };
        Tail {
            var95: sigma * tail.var95,
            var99: sigma * tail.var99,
            es95: sigma * tail.es95,
            es99: sigma * tail.es99,
            p_loss,
            xi_raw: tail.fitted.map_or(f64::NAN, |(xi_raw, _)| xi_raw),
            xi: tail.fitted.map_or(f64::NAN, |(_, gpd)| gpd.xi),
        }
    }
}

/// The residuals seen from one side, greatest loss first.
#[derive(Clone, Copy)]
struct Losses<'a> {
    residuals: &'a [f64],
    side: Side,
}

impl Losses<'_> {
    /// Loss number `i` from the top, 0 = the greatest.
    #[inline(always)]
    fn top(&self, i: usize) -> f64 {
        match self.side {
            Side::Long => -self.residuals[i],
            Side::Short => self.residuals[self.residuals.len() - 1 - i],
        }
    }

    /// Share of losses greater than `x`.
    #[inline]
    fn share_above(&self, x: f64) -> f64 {
        let n = self.residuals.len();
        let above = match self.side {
            Side::Long => self.residuals.partition_point(|&z| z < -x),
            Side::Short => n - self.residuals.partition_point(|&z| z <= x),
        };
        above as f64 / n as f64
    }

    /// Quantile of the losses whose upper tail has probability `p`, type 7; not below 0.
    fn quantile(&self, p: f64) -> f64 {
        let position = (self.residuals.len() - 1) as f64 * p;
        let i = (position as usize).min(self.residuals.len() - 2);
        let value = self.top(i) + (self.top(i + 1) - self.top(i)) * (position - i as f64);
        if value > 0.0 { value } else { 0.0 }
    }

    /// Mean of the greatest share `p` of the losses, the last of them counted in part (Acerbi & Tasche 2002).
    fn mean_above(&self, p: f64) -> f64 {
        let mass = self.residuals.len() as f64 * p;
        let whole = (mass as usize).min(self.residuals.len() - 1);
        let sum = (0..whole).fold(0.0, |sum, i| sum + self.top(i));
        (sum + (mass - whole as f64) * self.top(whole)) / mass
    }
}

/// Probabilities of the tails beyond VaR 95 and 99.
const P95: f64 = 0.05;
const P99: f64 = 0.01;

#[inline(always)]
fn standard_tail<S: Simd>(s: S, losses: Losses<'_>, k: usize) -> StandardTail {
    let threshold = losses.top(k);
    let mut y = Exceedances::new();
    for i in (0..k).rev() {
        let excess = losses.top(i) - threshold;
        if excess > 0.0 {
            y.push(excess);
        }
    }
    let n = y.as_slice().len();
    let share = n as f64 / losses.residuals.len() as f64;
    let raw = if n < MIN_EXCEEDANCES { None } else { gpd::fit(s, &y) };
    let mean = y.mean(s);
    let fitted = raw.map(|raw| (raw.xi, cautious(raw, mean)));

    let quantile_and_mean = |p: f64| {
        let (var, es) = match fitted {
            // A level inside the body of the sample is read from the sample.
            Some((_, gpd)) if p < share => gpd.var_es(threshold, share, p),
            _ => (losses.quantile(p), losses.mean_above(p)),
        };
        let var = if var > 0.0 { var } else { 0.0 };
        (var, if es > var { es } else { var })
    };
    let (var95, es95) = quantile_and_mean(P95);
    let (var99, es99) = quantile_and_mean(P99);
    StandardTail { threshold, share, fitted, var95, var99, es95, es99 }
}

/// The fit with its shape limited; a limited shape takes the scale that keeps the mean of the exceedances.
fn cautious(raw: Gpd, mean: f64) -> Gpd {
    let xi = raw.xi.clamp(XI_MIN, XI_MAX);
    if xi == raw.xi { raw } else { Gpd { xi, beta: mean * (1.0 - xi) } }
}
