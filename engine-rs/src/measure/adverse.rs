//! Adverse excursion: a quantile of the worst move against an entry at the close of candle t within the next h candles, as a log loss ≥ 0.
//!
//! Long: max over i = 1 … h of ln(Cₜ/Lₜ₊ᵢ), short: of ln(Hₜ₊ᵢ/Cₜ). The quantile is s·√h·Q, Q from a committed table fitted on many pairs
//! ([`super::adverse_shape`]), because the window of one pair is far too short for long h. The scale s blends three range volatilities in logarithms,
//! the slower ones the more the longer h is, and takes a fifth of the distance from what is typical back:
//! ln s² = ln v₅₇₆ + a·ln(σ²/v₉₆) + b·ln(v₉₆/v₅₇₆) − 0.2·[ln v₅₇₆ − ln(v̄·seconds)], the bracket limited to ±2.2,
//! with σ the volatility forecast, vₙ the mean of ln(H/L)²/(4 ln 2) over the last n candles, and a, b, v̄ from the table.

use super::adverse_shape::{FAST, HORIZONS, LONG, MEDIUM, PROBABILITIES, SHORT, TYPICAL};
use super::scale::ReturnScale;
use super::volatility::SIGMA_MIN;
use crate::math::{exp, ln};
use crate::window::{ExactSum, Ring};

/// Candles of the medium scale.
pub const MEDIUM_ROWS: usize = 96;
/// Candles of the long scale, the deepest memory.
pub const LONG_ROWS: usize = 576;
/// Longest horizon.
pub const MAX_HORIZON: u16 = 288;
/// Lowest quantile.
pub const MIN_QUANTILE: f64 = 0.5;
/// Highest quantile.
pub const MAX_QUANTILE: f64 = 0.99;
/// Share of the distance to the typical volatility that is taken back.
const PULL: f64 = 0.2;
/// Largest distance that counts, in ln of variance.
const PULL_LIMIT: f64 = 2.2;
/// Scaled ranges are limited to 2^14 inside the means: a range of 32 on candles of 5 minutes, of 1 on candles of one second.
const LIMIT_LOG2: i32 = 14;
/// Variance of a Brownian path per squared range (Parkinson).
const PARKINSON: f64 = 0.25 / std::f64::consts::LN_2;

/// The quantiles of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdverseQuantiles {
    /// Of the worst fall, for a long.
    pub long: f64,
    /// Of the worst rise, for a short.
    pub short: f64,
}

/// State: the last 576 squared ranges and the exact sums of 96 and of all of them.
#[derive(Clone, Debug)]
pub struct Adverse {
    scale: ReturnScale,
    squares: Ring,
    medium: ExactSum<{ 2 * LIMIT_LOG2 }, 10>,
    long: ExactSum<{ 2 * LIMIT_LOG2 }, 10>,
    /// Variance per unit of a sum, for either window.
    per_medium: f64,
    per_long: f64,
    /// ln of the variance typical for this timeframe.
    typical: f64,
    fast_weight: f64,
    medium_weight: f64,
    /// √h·Q.
    shape: AdverseQuantiles,
}

impl Adverse {
    /// The `quantile` (limited to 0.5 … 0.99) over `horizon` candles (limited to 1 … 288) of `timeframe_s` seconds.
    pub fn new(timeframe_s: u32, horizon: u16, quantile: f64) -> Self {
        let scale = ReturnScale::new(timeframe_s);
        let per_square = PARKINSON / (scale.factor() * scale.factor());
        let h = f64::from(horizon.clamp(1, MAX_HORIZON));
        let place = place(&HORIZONS.map(ln), ln(h));
        let q = place_of_quantile(quantile);
        let shape = |table: &[[f64; PROBABILITIES.len()]; HORIZONS.len()]| h.sqrt() * between(&table.map(|row| between(&row, q)), place);
        Self {
            scale,
            squares: Ring::new(LONG_ROWS),
            medium: ExactSum::default(),
            long: ExactSum::default(),
            per_medium: per_square / MEDIUM_ROWS as f64,
            per_long: per_square / LONG_ROWS as f64,
            typical: TYPICAL + ln(f64::from(timeframe_s.max(1))),
            fast_weight: between(&FAST, place),
            medium_weight: between(&MEDIUM, place),
            shape: AdverseQuantiles { long: shape(&LONG), short: shape(&SHORT) },
        }
    }

    /// Takes a candle's ln(H/L).
    #[inline(always)]
    pub fn push(&mut self, range: f64) {
        let (scaled, _) = self.scale.limited::<LIMIT_LOG2>(range);
        let square = scaled * scaled;
        self.medium.add(square);
        self.medium.remove(self.squares.get(LONG_ROWS - MEDIUM_ROWS));
        self.long.add(square);
        self.long.remove(self.squares.push(square));
    }

    /// The quantiles at the close of the last candle; `sigma` is the volatility forecast known then.
    #[inline(always)]
    pub fn quantiles(&self, sigma: f64) -> AdverseQuantiles {
        self.scaled(exp(self.log_scale(self.variances(sigma).map(ln))))
    }

    /// The three variances, fast to slow, whose logarithms [`Self::log_scale`] wants.
    #[inline(always)]
    pub(crate) fn variances(&self, sigma: f64) -> [f64; 3] {
        [sigma * sigma, self.medium.value() * self.per_medium, self.long.value() * self.per_long]
            .map(|variance| if variance > VARIANCE_MIN { variance } else { VARIANCE_MIN })
    }

    /// ln s of the logarithms of [`Self::variances`].
    #[inline(always)]
    pub(crate) fn log_scale(&self, [fast, medium, long]: [f64; 3]) -> f64 {
        let distance = (long - self.typical).clamp(-PULL_LIMIT, PULL_LIMIT);
        0.5 * (long - PULL * distance + self.fast_weight * (fast - medium) + self.medium_weight * (medium - long))
    }

    /// The quantiles of the scale s.
    #[inline(always)]
    pub(crate) fn scaled(&self, scale: f64) -> AdverseQuantiles {
        AdverseQuantiles { long: scale * self.shape.long, short: scale * self.shape.short }
    }
}

/// Smallest variance: that of the smallest σ.
const VARIANCE_MIN: f64 = SIGMA_MIN * SIGMA_MIN;

/// Where `x` lies among ascending `nodes`: the node below and the part of the way to the next, both for the first or last interval beyond the ends.
fn place(nodes: &[f64], x: f64) -> (usize, f64) {
    let i = nodes.partition_point(|&node| node < x).clamp(1, nodes.len() - 1) - 1;
    (i, (x - nodes[i]) / (nodes[i + 1] - nodes[i]))
}

/// Where a quantile lies among those of the table: linear in −ln(1 − q), in which the tail of an exponential is a line.
fn place_of_quantile(quantile: f64) -> (usize, f64) {
    // A NaN is the median's.
    let q = if quantile > MIN_QUANTILE { quantile } else { MIN_QUANTILE };
    let q = if q < MAX_QUANTILE { q } else { MAX_QUANTILE };
    place(&PROBABILITIES.map(|p| -ln(1.0 - p)), -ln(1.0 - q))
}

fn between(values: &[f64], (i, part): (usize, f64)) -> f64 {
    values[i] + part * (values[i + 1] - values[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ranges: impl Iterator<Item = f64>, timeframe_s: u32, horizon: u16, quantile: f64) -> Adverse {
        let mut adverse = Adverse::new(timeframe_s, horizon, quantile);
        ranges.for_each(|range| adverse.push(range));
        adverse
    }

    #[test]
    fn constant_typical_volatility_gives_the_table() {
        // All three scales and the typical one agree: the quantile is √h·Q·σ.
        for (row, horizon) in [(2, 12), (3, 48), (5, 288)] {
            let sigma = (exp(TYPICAL) * 300.0).sqrt();
            let adverse = after((0..LONG_ROWS).map(|_| sigma / PARKINSON.sqrt()), 300, horizon, 0.95);
            let got = adverse.quantiles(sigma);
            let column = PROBABILITIES.iter().position(|&p| p == 0.95).expect("a column");
            let expected = f64::from(horizon).sqrt() * sigma;
            assert!((got.long / (expected * LONG[row][column]) - 1.0).abs() < 1e-12);
            assert!((got.short / (expected * SHORT[row][column]) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn grows_with_the_quantile_and_the_horizon() {
        let ranges = || (0..700).map(|i| 1e-3 * f64::from(1 + i % 7));
        let value = |h, q| after(ranges(), 300, h, q).quantiles(2e-3);
        for h in 1..=MAX_HORIZON {
            let mut last = AdverseQuantiles { long: 0.0, short: 0.0 };
            for q in 50..=99 {
                let next = value(h, f64::from(q) / 100.0);
                assert!(next.long > last.long && next.short > last.short, "h {h}, q {q}");
                last = next;
            }
        }
        for h in 1..MAX_HORIZON {
            let (a, b) = (value(h, 0.95), value(h + 1, 0.95));
            assert!(b.long > a.long && b.short > a.short, "h {h}");
        }
    }

    #[test]
    fn a_wild_candle_leaves_no_trace_and_dead_markets_stay_finite() {
        let calm = || (0..LONG_ROWS).map(|i| 1e-3 * (1 + i % 5) as f64);
        let wild = after([0.5, 700.0, 1e-300].into_iter().chain(calm()), 300, 48, 0.95).quantiles(1e-3);
        assert_eq!(wild, after(calm(), 300, 48, 0.95).quantiles(1e-3));
        let dead = after((0..700).map(|_| 0.0), 300, 288, 0.99).quantiles(SIGMA_MIN);
        assert!(dead.long > 0.0 && dead.long < 1e-3 && dead.short.is_finite());
        let extreme = after((0..700).map(|_| 700.0), 1, 288, 0.99).quantiles(400.0);
        assert!(extreme.long.is_finite() && extreme.short.is_finite());
    }

    #[test]
    fn limits_are_kept_for_any_argument() {
        assert_eq!(after(std::iter::once(0.1), 300, 0, f64::NAN).shape, after(std::iter::once(0.1), 300, 1, 0.5).shape);
        assert_eq!(after(std::iter::once(0.1), 300, 999, 2.0).shape, after(std::iter::once(0.1), 300, 288, 0.99).shape);
    }
}
