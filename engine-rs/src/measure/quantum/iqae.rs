//! Iterative quantum amplitude estimation (Grinko, Gacon, Zoufal & Woerner 2021, npj Quantum Information 7:52), as published: the largest power whose
//! angles stay in one half circle, Clopper–Pearson intervals, shots of equal powers combined, until θ is known to ε.
//!
//! θ is counted in turns, a = sin²(2πθ). The estimate is the middle of the interval; conditional on when it stops it is slightly biased (Miyamoto 2023, arXiv 2311.16560).

use super::Estimate;
use super::interval::ClopperPearson;
use super::trigonometry::{asin, sin_cos};
use crate::math::ln;

/// Most shots that are combined for one power; a run that would need more stops and says so (`converged` false).
pub const MAX_SHOTS: u32 = 16_384;
/// Powers grow at least by this factor (of 4k + 2).
const MIN_RATIO: u32 = 2;

/// What is asked of an estimation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// Half-width of the interval for a, in [0.0005, 0.5]; limited to it.
    pub epsilon: f64,
    /// 1 − confidence, in (0, 1).
    pub alpha: f64,
    /// Measurements per round, 1 to 1000.
    pub shots: u32,
}

impl Precision {
    /// Smallest ε.
    pub const MIN_EPSILON: f64 = 0.0005;
    /// Largest ε.
    pub const MAX_EPSILON: f64 = 0.5;
    /// Most shots per round.
    pub const MAX_SHOTS_PER_ROUND: u32 = 1000;

    fn limited(self) -> Self {
        Self {
            epsilon: if self.epsilon > Self::MIN_EPSILON {
                self.epsilon.clamp(Self::MIN_EPSILON, Self::MAX_EPSILON)
            } else {
                Self::MIN_EPSILON
            },
            alpha: if self.alpha > 0.0 && self.alpha < 1.0 { self.alpha } else { 0.05 },
            shots: self.shots.clamp(1, Self::MAX_SHOTS_PER_ROUND),
        }
    }

    /// Rounds of different power that the error probability is shared among (Grinko et al., algorithm 1).
    fn rounds(self) -> f64 {
        let ratio = f64::from(MIN_RATIO);
        let rounds = (ln(ratio * std::f64::consts::PI / 8.0 / self.epsilon) / ln(ratio)).floor() + 1.0;
        if rounds > 1.0 { rounds } else { 1.0 }
    }
}

/// An interval of θ in turns, and the power it was measured with.
struct Search {
    low: f64,
    high: f64,
    power: u32,
    upper_half: bool,
}

impl Search {
    /// The next power: the largest K = 4k + 2 for which K·θ is in one half circle for the whole interval, if it at least doubles the last.
    fn advance(&mut self) {
        let smallest = MIN_RATIO * (4 * self.power + 2);
        let widest = (1.0 / (2.0 * (self.high - self.low))) as u32;
        let mut scaling = widest - widest.saturating_sub(2) % 4;
        while scaling >= smallest {
            let fraction = |theta: f64| f64::from(scaling) * theta - (f64::from(scaling) * theta).floor();
            let (low, high) = (fraction(self.low), fraction(self.high));
            if low <= high && (high <= 0.5 || low >= 0.5) {
                self.power = (scaling - 2) / 4;
                self.upper_half = high <= 0.5;
                return;
            }
            scaling -= 4;
        }
    }

    /// Narrows the interval by that of the probability of good outcomes.
    fn narrow(&mut self, p_low: f64, p_high: f64) {
        // acos(1 − 2p) = 2·asin √p, as a share of a turn.
        let turns = |p: f64| asin(p.sqrt()) / std::f64::consts::PI;
        let (from, to) = if self.upper_half { (turns(p_low), turns(p_high)) } else { (1.0 - turns(p_high), 1.0 - turns(p_low)) };
        let scaling = f64::from(4 * self.power + 2);
        let (low, high) = (((scaling * self.low).floor() + from) / scaling, ((scaling * self.high).floor() + to) / scaling);
        (self.low, self.high) = (low, high);
    }
}

/// Estimates from measurements: `measure(k, n)` is how many of n shots of Qᵏ|ψ⟩ were good. `clopper_pearson` has to be made for [`MAX_SHOTS`].
pub fn estimate(clopper_pearson: &ClopperPearson, precision: Precision, mut measure: impl FnMut(u32, u32) -> u32) -> Estimate {
    let precision = precision.limited();
    let alpha = precision.alpha / precision.rounds();
    let mut search = Search { low: 0.0, high: 0.25, power: 0, upper_half: true };
    let (mut good, mut shots, mut calls) = (0, 0, 0);
    let mut converged = true;
    while search.high - search.low > 2.0 * precision.epsilon / std::f64::consts::TAU {
        let before = search.power;
        search.advance();
        if search.power != before {
            (good, shots) = (0, 0);
        }
        if shots + precision.shots > MAX_SHOTS {
            converged = false;
            break;
        }
        good += measure(search.power, precision.shots);
        shots += precision.shots;
        calls += u64::from(precision.shots) * (2 * u64::from(search.power) + 1);
        let (p_low, p_high) = clopper_pearson.interval(good, shots, alpha);
        search.narrow(p_low, p_high);
    }
    let squared_sine = |turns: f64| {
        let (sin, _) = sin_cos(std::f64::consts::TAU * turns);
        sin * sin
    };
    let (low, high) = (squared_sine(search.low), squared_sine(search.high));
    Estimate { amplitude: 0.5 * (low + high), low, high, calls, power: search.power, converged }
}
