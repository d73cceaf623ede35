//! Tail risk of the next candle (McNeil & Frey 2000, with a range-volatility filter).
//!
//! zₜ = rₜ/σₜ with σₜ known at the close of t − 1. Of the last W losses (−z for longs, +z for shorts) the k largest exceed the threshold u = z₍ₖ₊₁₎;
//! the exceedances are fitted by a generalised Pareto distribution, and with n of W strictly above u
//! VaR_q = σ·(u + β/ξ·((W/n·(1−q))^(−ξ) − 1)),  ES_q = (VaR_q + σ(β − ξu))/(1 − ξ)   (McNeil, Frey & Embrechts 2005, §7.2.3); VaR 95 is σ times the
//! window's own loss number (W + 1)/20 from the top, for which no model is needed and which the limits of the shape cannot bias,
//! P(L > c) = n/W·(1 + ξ(c/σ − u)/β)^(−1/ξ) for c/σ > u, else the empirical share.
//! All are log-losses of the next candle, σ being the forecast for it.
//!
//! Beside them: standard error (1 + ξ)/√n of the fitted shape (that of the maximum-likelihood estimator, ξ > −½), the shape by two other estimators
//! ([`super::hill`]), the extremal index of the residuals beyond u ([`super::extremal_index`]), the max-to-sum ratio ([`super::max_to_sum`]), and what
//! the candle itself was by the tail known before it: a warning if its loss exceeded u, a swan if such a loss had a probability below 1 in 1000.

use super::extremal_index;
use super::gpd::{self, Exceedances, Gpd, MAX_EXCEEDANCES, PowerTail};
use super::hill::{Multiples, Shapes};
use super::left_vega::{TailHint, left_vega};
use super::max_to_sum::MaxToSum;
use crate::simd::{LANES, Simd};
use crate::window::{Ring, SortedWindow};

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
    /// Standard error of `xi_raw`; NaN like it.
    pub xi_se: f64,
    /// Residuals strictly beyond the threshold.
    pub n: usize,
    /// The shape by two other estimators; NaN where the threshold is not above 0.
    pub shapes: Shapes,
    /// Extremal index of the exceedances in (0, 1]; NaN for fewer than two.
    pub theta: f64,
}

impl Tail {
    const UNDEFINED: Self = Self {
        var95: f64::NAN,
        var99: f64::NAN,
        es95: f64::NAN,
        es99: f64::NAN,
        p_loss: f64::NAN,
        xi_raw: f64::NAN,
        xi: f64::NAN,
        xi_se: f64::NAN,
        n: 0,
        shapes: Shapes::UNDEFINED,
        theta: f64::NAN,
    };
}

/// What a candle was to one side, by the tail known before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Not a tail loss.
    None,
    /// A loss beyond the threshold.
    Warning,
    /// A loss of probability below 1 in 1000.
    Swan,
}

impl Event {
    /// 0 none, 1 warning, 2 swan.
    pub fn code(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Warning => 1.0,
            Self::Swan => 2.0,
        }
    }
}

/// Probability below which a loss is a swan.
pub const SWAN_PROBABILITY: f64 = 1e-3;

/// The two sides of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Loses when the price falls.
    Long,
    /// Loses when the price rises.
    Short,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Long, Self::Short];
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
    n: usize,
    shapes: Shapes,
    theta: f64,
}

/// State: the last W residuals in order, and the fits they last gave.
#[derive(Clone, Debug)]
pub struct BlackSwan {
    residuals: SortedWindow,
    fourth_powers: MaxToSum,
    exceedances: usize,
    /// Cache only: equal windows give equal fits.
    long: Option<StandardTail>,
    short: Option<StandardTail>,
    vega_hints: [TailHint; 2],
}

impl BlackSwan {
    /// Window of `rows` residuals of which the `exceedances` largest losses are the tail (at most 168, and fewer than `rows`).
    pub fn new(rows: usize, exceedances: usize) -> Self {
        let rows = rows.max(2);
        Self {
            residuals: SortedWindow::new(rows),
            fourth_powers: MaxToSum::default(),
            exceedances: exceedances.clamp(1, MAX_EXCEEDANCES.min(rows - 1)),
            long: None,
            short: None,
            vega_hints: [TailHint::default(); 2],
        }
    }

    /// Takes the residual z = r/σ of a candle, σ being the one known before it.
    #[inline(always)]
    pub fn push(&mut self, z: f64) {
        let replaced = self.residuals.push(z);
        self.fourth_powers.replace(replaced.value, z);
        let k = self.exceedances;
        if replaced.lowest <= k {
            self.long = None;
        }
        if replaced.highest + k + 1 >= self.residuals.as_slice().len() {
            self.short = None;
        }
    }

    /// The residuals of the window, ascending; zeros stand for those that have not come yet.
    #[inline(always)]
    pub fn residuals(&self) -> &[f64] {
        self.residuals.as_slice()
    }

    /// What the residual `z`, not yet pushed, is to `side`, by the tail last fitted; nothing where none is.
    #[inline(always)]
    pub(crate) fn event(&self, side: Side, z: f64) -> Event {
        let (loss, tail) = match side {
            Side::Long => (-z, self.long),
            Side::Short => (z, self.short),
        };
        match tail {
            Some(tail) if loss > tail.threshold && loss > 0.0 => match tail.fitted {
                Some((_, gpd)) if tail.share * gpd.survival(loss - tail.threshold) < SWAN_PROBABILITY => Event::Swan,
                _ => Event::Warning,
            },
            _ => Event::None,
        }
    }

    /// Share of Σ z⁴ that the largest residual is; NaN if all are zero.
    #[inline(always)]
    pub(crate) fn max_to_sum(&self) -> f64 {
        let z = self.residuals.as_slice();
        let (lowest, highest) = (z[0].abs(), z[z.len() - 1].abs());
        self.fourth_powers.ratio(if lowest > highest { lowest } else { highest })
    }

    /// Fits the tail of `side` again if it has changed.
    #[inline(always)]
    pub(crate) fn fit<S: Simd>(&mut self, s: S, side: Side) {
        let (residuals, k) = (&self.residuals, self.exceedances);
        let tail = match side {
            Side::Long => &mut self.long,
            Side::Short => &mut self.short,
        };
        if tail.is_none() {
            *tail = Some(standard_tail(s, Losses { residuals: residuals.as_slice(), side }, residuals.by_age(), k));
        }
    }

    /// Left vega of `side` at the volatility `sigma`, as a log-loss per unit of scale.
    #[inline(always)]
    pub(crate) fn left_vega<S: Simd>(&mut self, s: S, side: Side, sigma: f64) -> f64 {
        let hint = match side {
            Side::Long => &mut self.vega_hints[0],
            Side::Short => &mut self.vega_hints[1],
        };
        sigma * left_vega(s, self.residuals.as_slice(), side, hint)
    }

    /// The fit of `side`; none before the first [`Self::fit`] after a push.
    #[inline(always)]
    fn fitted(&self, side: Side) -> Option<&StandardTail> {
        match side {
            Side::Long => self.long.as_ref(),
            Side::Short => self.short.as_ref(),
        }
    }

    /// Probability that the next candle, of volatility `sigma`, loses `side` more than `loss_threshold` (a log-loss).
    #[inline(always)]
    pub(crate) fn p_loss(&self, side: Side, sigma: f64, loss_threshold: f64) -> PowerTail {
        let Some(tail) = self.fitted(side) else { return PowerTail::constant(f64::NAN) };
        let standardised = loss_threshold / sigma;
        match tail.fitted {
            Some((_, gpd)) if standardised > tail.threshold => PowerTail::of(tail.share, gpd, standardised - tail.threshold),
            _ => PowerTail::constant(Losses { residuals: self.residuals.as_slice(), side }.share_above(standardised)),
        }
    }

    /// Tail of `side` for the next candle with volatility `sigma`, the value of [`Self::p_loss`] given. Undefined before the first [`Self::fit`] after a
    /// push.
    #[inline(always)]
    pub(crate) fn tail(&self, side: Side, sigma: f64, p_loss: f64) -> Tail {
        let Some(tail) = self.fitted(side) else { return Tail::UNDEFINED };
        Tail {
            var95: sigma * tail.var95,
            var99: sigma * tail.var99,
            es95: sigma * tail.es95,
            es99: sigma * tail.es99,
            p_loss,
            xi_raw: tail.fitted.map_or(f64::NAN, |(xi_raw, _)| xi_raw),
            xi: tail.fitted.map_or(f64::NAN, |(_, gpd)| gpd.xi),
            xi_se: tail.fitted.map_or(f64::NAN, |(xi_raw, _)| (1.0 + if xi_raw > -0.5 { xi_raw } else { -0.5 }) / (tail.n as f64).sqrt()),
            n: tail.n,
            shapes: tail.shapes,
            theta: tail.theta,
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

    /// Quantile of the losses whose upper tail has probability `p`: the order statistic number (n + 1)·p from the top, between two neighbours by
    /// interpolation (type 6 of Hyndman & Fan 1996; the next of n + 1 exchangeable losses exceeds the j-th greatest with probability j/(n + 1)).
    fn quantile(&self, p: f64) -> f64 {
        let n = self.residuals.len();
        let position = (n + 1) as f64 * p - 1.0;
        let position = if position > 0.0 { position } else { 0.0 };
        let i = (position as usize).min(n - 2);
        self.top(i) + (self.top(i + 1) - self.top(i)) * (position - i as f64)
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
fn standard_tail<S: Simd>(s: S, losses: Losses<'_>, by_age: &Ring, k: usize) -> StandardTail {
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
            Some((_, gpd)) if p < share => {
                let observed = losses.quantile(if p < P95 { P95 } else { p });
                // VaR 95 is the sample's own; VaR 99 is beyond it.
                let extrapolated = if p < P95 { gpd.var_es(threshold, share, p).0 } else { observed };
                let var = if extrapolated > observed { extrapolated } else { observed };
                (var, gpd.mean_beyond(threshold, var))
            }
            _ => (losses.quantile(p), losses.mean_above(p)),
        };
        let var = if var > 0.0 { var } else { 0.0 };
        (var, if es > var { es } else { var })
    };
    let (var95, es95) = quantile_and_mean(P95);
    let (var99, es99) = quantile_and_mean(P99);
    let shapes = if threshold > 0.0 { Multiples::new((0..k).map(|i| losses.top(i)), threshold).shapes(s) } else { Shapes::UNDEFINED };
    let theta = extremal_index::intervals(Exceeding::new(s, by_age, losses.side, threshold).ages());
    StandardTail { threshold, share, fitted, var95, var99, es95, es99, n, shapes, theta }
}

/// Places of a ring whose loss exceeds a threshold, and the place of the oldest value.
struct Exceeding {
    places: [usize; MAX_EXCEEDANCES],
    count: usize,
    oldest: usize,
    len: usize,
}

impl Exceeding {
    /// The losses of `side` strictly above `threshold`: at most as many as there are exceedances.
    #[inline(always)]
    fn new<S: Simd>(s: S, by_age: &Ring, side: Side, threshold: f64) -> Self {
        let (values, oldest) = by_age.places();
        let mut out = Self { places: [0; MAX_EXCEEDANCES], count: 0, oldest, len: values.len() };
        let (blocks, rest) = values.as_chunks::<LANES>();
        // Sixty-four flags at a time: how many of eight are set, no processor can foresee.
        for (i, blocks) in blocks.chunks(LANES).enumerate() {
            let mut flags = 0;
            for (j, block) in blocks.iter().enumerate() {
                let z = s.load(block);
                let mask = match side {
                    Side::Long => s.greater(s.splat(-threshold), z),
                    Side::Short => s.greater(z, s.splat(threshold)),
                };
                flags |= u64::from(mask) << (j * LANES);
            }
            while flags != 0 {
                out.push(i * LANES * LANES + flags.trailing_zeros() as usize);
                flags &= flags - 1;
            }
        }
        for (i, &z) in rest.iter().enumerate() {
            let exceeds = match side {
                Side::Long => -threshold > z,
                Side::Short => z > threshold,
            };
            if exceeds {
                out.push(blocks.len() * LANES + i);
            }
        }
        out
    }

    #[inline(always)]
    fn push(&mut self, place: usize) {
        if let Some(slot) = self.places.get_mut(self.count) {
            *slot = place;
            self.count += 1;
        }
    }

    /// Rows since the oldest value, ascending.
    #[inline(always)]
    fn ages(&self) -> impl Iterator<Item = usize> {
        let places = &self.places[..self.count];
        let (young, old) = places.split_at(places.partition_point(|&place| place < self.oldest));
        old.iter().map(|place| place - self.oldest).chain(young.iter().map(|place| place + self.len - self.oldest))
    }
}

/// The fit with its shape limited; a limited shape takes the scale that keeps the mean of the exceedances.
fn cautious(raw: Gpd, mean: f64) -> Gpd {
    let xi = raw.xi.clamp(XI_MIN, XI_MAX);
    if xi == raw.xi { raw } else { Gpd { xi, beta: mean * (1.0 - xi) } }
}
