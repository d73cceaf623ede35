//! Scaling of log returns before they enter exact sums: by a power of two fixed by the timeframe, which is exact, and limited, which is flagged.
//!
//! An exact sum resolves 2^(B + 2T − 108) for terms up to 2^B, so what enters it must be of the order of 1: a typical return is brought near ½.

use crate::math::power_of_two;

/// Power of two for returns of one timeframe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReturnScale(f64);

impl ReturnScale {
    /// For candles of `timeframe_s` seconds: 512 for 5 to 20 minutes, half of it for every four-fold timeframe (volatility grows with
    /// the square root of time).
    pub fn new(timeframe_s: u32) -> Self {
        let (mut exponent, mut seconds) = (9, u64::from(timeframe_s.max(1)));
        while seconds >= 1200 {
            seconds /= 4;
            exponent -= 1;
        }
        while seconds < 300 {
            seconds *= 4;
            exponent += 1;
        }
        Self(power_of_two(exponent))
    }

    /// Scaled units per log return.
    #[inline(always)]
    pub fn factor(self) -> f64 {
        self.0
    }

    /// `x` in scaled units, limited to ±2^`LIMIT_LOG2`, and whether the limit was needed. NaN stays NaN.
    #[inline(always)]
    pub fn limited<const LIMIT_LOG2: i32>(self, x: f64) -> (f64, bool) {
        let limit = const { power_of_two(LIMIT_LOG2) };
        let scaled = x * self.0;
        if scaled > limit {
            (limit, true)
        } else if scaled < -limit {
            (-limit, true)
        } else {
            (scaled, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_timeframe() {
        for (timeframe_s, expected) in
            [(60, 2048.0), (300, 512.0), (1199, 512.0), (1200, 256.0), (3600, 256.0), (86_400, 32.0), (1, 16_384.0)]
        {
            assert_eq!(ReturnScale::new(timeframe_s).factor(), expected, "{timeframe_s}");
        }
    }

    #[test]
    fn limits_and_says_so() {
        let scale = ReturnScale::new(300);
        assert_eq!(scale.limited::<4>(0.01), (5.12, false));
        assert_eq!(scale.limited::<4>(0.031_25), (16.0, false));
        assert_eq!(scale.limited::<4>(1.0), (16.0, true));
        assert_eq!(scale.limited::<4>(-1.0), (-16.0, true));
        assert!(scale.limited::<4>(f64::NAN).0.is_nan());
    }
}
