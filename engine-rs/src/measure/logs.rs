//! The logarithms of one candle that the measures share, taken eight at a time.

use crate::candle::Candle;
use crate::math::ln_lanes;
use crate::simd::{LANES, Simd};

/// Log ratios of a candle's prices. Ratios are limited to the normal numbers, so that no pair of valid prices gives an infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CandleLogs {
    /// r = ln(C/C₋₁), the candle's return.
    pub close: f64,
    /// ln(O/C₋₁), the gap before it.
    pub gap: f64,
    /// ln(C/O)
    pub body: f64,
    /// ln(H/O) ≥ 0
    pub upper: f64,
    /// ln(L/O) ≤ 0
    pub lower: f64,
    /// ln(H/L) ≥ 0
    pub range: f64,
    /// Return of the market pair since its last candle; NaN if it has none now or had none then.
    pub market: f64,
    /// ln(V·C), log of the value traded; NaN if there was no trade.
    pub value: f64,
}

impl CandleLogs {
    /// Of a checked candle and the one before it.
    #[inline(always)]
    pub(crate) fn of<S: Simd>(s: S, candle: &Candle, previous: &Candle) -> Self {
        let Candle { open, high, low, close, volume, market_close, .. } = *candle;
        let market_known = !market_close.is_nan() && !previous.market_close.is_nan();
        let (market, market_before) = if market_known { (market_close, previous.market_close) } else { (1.0, 1.0) };
        let traded = volume * close;
        let above = [close, open, close, high, low, high, market, traded];
        let below = [previous.close, previous.close, open, open, open, low, market_before, 1.0];
        let ratios = s.store(s.div(s.load(&above), s.load(&below))).map(|ratio: f64| ratio.clamp(f64::MIN_POSITIVE, f64::MAX));
        let [close, gap, body, upper, lower, range, market, value]: [f64; LANES] = s.store(ln_lanes(s, s.load(&ratios)));
        Self {
            close,
            gap,
            body,
            upper,
            lower,
            range,
            market: if market_known { market } else { f64::NAN },
            value: if traded >= f64::MIN_POSITIVE { value } else { f64::NAN },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ln_ratio;
    use crate::simd::{Backend, Kernel};

    struct Logs(Candle, Candle);

    impl Kernel for Logs {
        type Output = CandleLogs;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> CandleLogs {
            CandleLogs::of(s, &self.0, &self.1)
        }
    }

    #[test]
    fn are_the_logs_of_the_ratios_on_every_set() {
        let before = Candle { open_ms: 0.0, open: 3.0, high: 4.0, low: 2.0, close: 2.5, volume: 1.0, market_close: 10.0 };
        let now = Candle { open_ms: 1.0, open: 2.4, high: 2.6, low: 1e-300, close: 2.2, volume: 3.0, market_close: 11.0 };
        for backend in Backend::available() {
            let logs = backend.run(Logs(now, before));
            let expected = CandleLogs {
                close: ln_ratio(2.2, 2.5),
                gap: ln_ratio(2.4, 2.5),
                body: ln_ratio(2.2, 2.4),
                upper: ln_ratio(2.6, 2.4),
                lower: ln_ratio(1e-300, 2.4),
                range: ln_ratio(2.6, 1e-300),
                market: ln_ratio(11.0, 10.0),
                value: ln_ratio(3.0 * 2.2, 1.0),
            };
            assert_eq!(logs, expected, "{}", backend.name());
            let no_market = backend.run(Logs(Candle { market_close: f64::NAN, ..now }, before));
            assert!(no_market.market.is_nan() && no_market.close == expected.close);
            assert!(backend.run(Logs(now, Candle { market_close: f64::NAN, ..before })).market.is_nan());
            assert!(backend.run(Logs(Candle { volume: 0.0, ..now }, before)).value.is_nan());
            let absurd = backend.run(Logs(Candle { low: 5e-324, high: f64::MAX, volume: f64::MAX, ..now }, before));
            assert!(absurd.range.is_finite() && absurd.value.is_finite() && absurd.lower.is_finite());
        }
    }
}
