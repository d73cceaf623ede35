//! Volatility regime by rank: where today's volatility stands among the pair's own recent ones.
//!
//! The rank is the mid-rank in (0, 1) of the Rogers–Satchell σ among those of the window that ends with the candle. Being a rank it needs no level per timeframe.

/// Below: calm.
pub const CALM_BELOW: f64 = 0.25;
/// From here on: high.
pub const HIGH_FROM: f64 = 0.75;
/// From here on: extreme.
pub const EXTREME_FROM: f64 = 0.95;

/// 0 calm, 1 normal, 2 high, 3 extreme; NaN without a rank.
#[inline(always)]
pub fn regime(rank: f64) -> f64 {
    if rank.is_nan() {
        f64::NAN
    } else if rank >= EXTREME_FROM {
        3.0
    } else if rank >= HIGH_FROM {
        2.0
    } else if rank >= CALM_BELOW {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_belong_to_the_higher_regime() {
        for (rank, expected) in [(0.0, 0.0), (0.249, 0.0), (0.25, 1.0), (0.5, 1.0), (0.75, 2.0), (0.949, 2.0), (0.95, 3.0), (1.0, 3.0)] {
            assert_eq!(regime(rank), expected, "{rank}");
        }
        assert!(regime(f64::NAN).is_nan());
    }
}
