//! The report: VaR, ES and convexity of the window three ways, side by side.
//!
//! - *classical*: from the sorted losses themselves. VaR is the smallest loss that at most the share p of the window exceeds; ES is the mean of the largest share p
//!   (Acerbi & Tasche 2002); the convexity is the mean of [`payoff::convexity`] over the binned VaR 95.
//! - *binned*: the same of the 256-bin distribution, which is what the state encodes: without shots, an exact expectation. It differs from the classical by at most half a
//!   bin (VaR, ES) while no loss is clipped.
//! - *estimated*: from measurements. VaR by bisection over the bins (Woerner & Egger 2019), one estimation of P(L > x) each; ES = x + E\[(L − x)₊\]/p over that VaR.
//!
//! All in units of σ, the volatility forecast for the next candle.

use super::encoding::{BINS, bin, centre};
use super::iqae::Precision;
use super::mlae::Schedule;
use super::payoff;
use super::pool::Pool;
use super::rng::Rng;
use crate::measure::black_swan::Side;

/// Tail probabilities of the report: VaR 95 and VaR 99.
pub const TAILS: [f64; 2] = [0.05, 0.01];
/// A share counted in candles may miss the tail probability by its rounding.
const SLACK: f64 = 1e-12;

/// How to estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Of the iterative estimation.
    pub precision: Precision,
    /// Of the maximum-likelihood estimation.
    pub schedule: Schedule,
    /// Of the shots; equal seeds give equal reports.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { precision: Precision { epsilon: 0.005, alpha: 0.05, shots: 100 }, schedule: Schedule { powers: 8, shots: 100 }, seed: 1 }
    }
}

/// A number with the interval of its estimation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimated {
    /// Iterative estimation.
    pub iqae: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// Maximum-likelihood estimation.
    pub mlae: f64,
}

/// One tail, in units of σ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailReport {
    /// Its probability.
    pub probability: f64,
    /// Of the sorted losses.
    pub classical_var: f64,
    /// Of the sorted losses.
    pub classical_es: f64,
    /// Of the bins.
    pub binned_var: f64,
    /// Of the bins.
    pub binned_es: f64,
    /// By bisection with estimated probabilities: the centre of a bin.
    pub estimated_var: f64,
    /// Over the estimated VaR; the interval is that of the excess alone.
    pub estimated_es: Estimated,
}

/// The convexity, in units of σ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvexityReport {
    /// Of the losses.
    pub classical: f64,
    /// Of the bins.
    pub binned: f64,
    /// Of measurements.
    pub estimated: Estimated,
}

/// A diagnosis of one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Losses in the window.
    pub losses: usize,
    /// Share of them beyond ±8σ, counted in the outermost bins.
    pub clipped_share: f64,
    /// VaR and ES at [`TAILS`].
    pub tails: [TailReport; TAILS.len()],
    /// Of the excess over VaR 95.
    pub convexity: ConvexityReport,
    /// Applications of the state preparation, all estimations together.
    pub calls: u64,
    /// Largest power of the Grover iterate.
    pub power: u32,
    /// Whether every interval reached its width.
    pub converged: bool,
}

/// Diagnoses the losses of `side` in a window of ascending residuals. `None` when there are none, one is NaN, or the pool is not one of
/// [`super::encoding::QUBITS`] qubits. Allocates nothing.
pub fn diagnose(residuals: &[f64], side: Side, settings: &Settings, pool: &mut Pool) -> Option<Report> {
    let losses = Losses::of(residuals, side)?;
    if pool.masses().bins() != BINS || !pool.load(|bin| f64::from(losses.counts[bin])) {
        return None;
    }
    let stream = match side {
        Side::Long => 0,
        Side::Short => 1,
    };
    let mut run = Run {
        pool,
        rng: Rng::new(settings.seed.wrapping_mul(2).wrapping_add(stream)),
        settings,
        losses,
        calls: 0,
        power: 0,
        converged: true,
    };
    let tails = TAILS.map(|probability| run.tail(probability));
    let convexity = run.convexity(tails[0].binned_var);
    Some(Report {
        losses: residuals.len(),
        clipped_share: f64::from(run.losses.clipped) / residuals.len() as f64,
        tails,
        convexity,
        calls: run.calls,
        power: run.power,
        converged: run.converged,
    })
}

/// The losses of one side, and how many fall into each bin.
struct Losses<'a> {
    residuals: &'a [f64],
    side: Side,
    counts: [u32; BINS],
    clipped: u32,
}

impl<'a> Losses<'a> {
    fn of(residuals: &'a [f64], side: Side) -> Option<Self> {
        let mut losses = Self { residuals, side, counts: [0; BINS], clipped: 0 };
        for i in 0..residuals.len() {
            let loss = losses.top(i);
            if loss.is_nan() {
                return None;
            }
            let (bin, clipped) = bin(loss);
            losses.counts[bin] += 1;
            losses.clipped += u32::from(clipped);
        }
        (!residuals.is_empty()).then_some(losses)
    }

    /// Loss number `i` from the top, 0 = the greatest.
    fn top(&self, i: usize) -> f64 {
        match self.side {
            Side::Long => -self.residuals[i],
            Side::Short => self.residuals[self.residuals.len() - 1 - i],
        }
    }

    /// VaR and ES of the sorted losses.
    fn classical(&self, p: f64) -> (f64, f64) {
        let mass = self.residuals.len() as f64 * p;
        let beyond = ((mass * (1.0 + SLACK)) as usize).min(self.residuals.len() - 1);
        let var = self.top(beyond);
        let excess = (0..beyond).fold(0.0, |sum, i| sum + (self.top(i) - var));
        (var, var + excess / mass)
    }

    /// Mean of [`payoff::convexity`].
    fn convexity(&self, threshold: f64) -> f64 {
        let sum = (0..self.residuals.len()).fold(0.0, |sum, i| sum + payoff::convexity(self.top(i), threshold));
        sum / self.residuals.len() as f64
    }
}

struct Run<'a> {
    pool: &'a mut Pool,
    rng: Rng,
    settings: &'a Settings,
    losses: Losses<'a>,
    calls: u64,
    power: u32,
    converged: bool,
}

impl Run<'_> {
    fn tail(&mut self, probability: f64) -> TailReport {
        let (classical_var, classical_es) = self.losses.classical(probability);
        let limit = probability * (1.0 + SLACK);
        let exact_bin = bisect(|bin| {
            self.pool.ask(payoff::beyond(bin));
            self.pool.exact() <= limit
        });
        let estimated_bin = bisect(|bin| {
            self.pool.ask(payoff::beyond(bin));
            self.iqae() <= probability
        });
        self.pool.ask(payoff::excess(exact_bin));
        let binned_excess = self.pool.exact() * payoff::excess_scale(exact_bin);
        self.pool.ask(payoff::excess(estimated_bin));
        let over = centre(estimated_bin);
        let scale = payoff::excess_scale(estimated_bin) / probability;
        TailReport {
            probability,
            classical_var,
            classical_es,
            binned_var: centre(exact_bin),
            binned_es: centre(exact_bin) + binned_excess / probability,
            estimated_var: over,
            estimated_es: self.estimate(|amplitude| over + scale * amplitude),
        }
    }

    fn convexity(&mut self, threshold: f64) -> ConvexityReport {
        let scale = payoff::convexity_scale(threshold);
        self.pool.ask(|bin| payoff::convexity(centre(bin), threshold) / scale);
        ConvexityReport {
            classical: self.losses.convexity(threshold),
            binned: scale * self.pool.exact(),
            estimated: self.estimate(|amplitude| scale * amplitude),
        }
    }

    /// Both estimators of the expectation asked for, `value` making a number of the amplitude.
    fn estimate(&mut self, value: impl Fn(f64) -> f64) -> Estimated {
        let iqae = self.pool.iqae(self.settings.precision, &mut self.rng);
        let mlae = self.pool.mlae(self.settings.schedule, &mut self.rng);
        [iqae, mlae].into_iter().for_each(|estimate| self.count(estimate));
        Estimated { iqae: value(iqae.amplitude), low: value(iqae.low), high: value(iqae.high), mlae: value(mlae.amplitude) }
    }

    fn iqae(&mut self) -> f64 {
        let estimate = self.pool.iqae(self.settings.precision, &mut self.rng);
        self.count(estimate);
        estimate.amplitude
    }

    fn count(&mut self, estimate: super::Estimate) {
        self.calls += estimate.calls;
        self.power = self.power.max(estimate.power);
        self.converged &= estimate.converged;
    }
}

/// The first bin for which `holds`, which is false up to some bin and true from there on, and taken to be true for the last: eight questions.
fn bisect(mut holds: impl FnMut(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, BINS - 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
