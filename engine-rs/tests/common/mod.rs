//! A small synthetic market, reproduced operation by operation in `tests/oracles/generate.py`: only + − × ÷ and comparisons, so that both give the
//! same bits.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use talebridge_engine::{Candle, Frame};

/// Knuth's 64-bit linear congruential generator.
pub struct Lcg(pub u64);

impl Lcg {
    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

/// `rows` candles of 5 minutes with two volatility regimes, fat tails and 3 % zero returns, beside a market pair that shares part of the moves and lacks
/// 2 % of the candles.
pub fn market(seed: u64, rows: usize) -> Vec<Candle> {
    let mut lcg = Lcg(seed);
    let mut market_lcg = Lcg(seed.wrapping_add(1_000_003));
    let mut close = 100.0;
    let mut market_close = 1000.0;
    (0..rows)
        .map(|t| {
            let volatility = if (t / 200) % 3 == 2 { 0.004 } else { 0.001 };
            let mut g = lcg.uniform() + lcg.uniform() + lcg.uniform() + lcg.uniform() - 2.0;
            let tail = lcg.uniform();
            if tail < 0.1 {
                g *= 0.3 / (tail + 0.03);
            }
            let (up, down, zero, volume) = (lcg.uniform(), lcg.uniform(), lcg.uniform(), lcg.uniform());
            let open = close;
            close = if zero < 0.03 { open } else { open * (1.0 + volatility * g) };
            let noise = market_lcg.uniform() + market_lcg.uniform() + market_lcg.uniform() - 1.5;
            let missing = market_lcg.uniform() < 0.02;
            market_close *= 1.0 + volatility * (0.6 * g + noise);
            let (above, below) = if open > close { (open, close) } else { (close, open) };
            Candle {
                open_ms: 1.7e12 + t as f64 * 300_000.0,
                open,
                high: above * (1.0 + volatility * up),
                low: below * (1.0 - volatility * down),
                close,
                volume: 100.0 * volume,
                market_close: if missing { f64::NAN } else { market_close },
            }
        })
        .collect()
}

/// Seven columns, the last one the market's.
pub struct Columns(pub [Vec<f64>; 7]);

impl Columns {
    pub fn of(candles: &[Candle]) -> Self {
        Self([
            candles.iter().map(|c| c.open_ms).collect(),
            candles.iter().map(|c| c.open).collect(),
            candles.iter().map(|c| c.high).collect(),
            candles.iter().map(|c| c.low).collect(),
            candles.iter().map(|c| c.close).collect(),
            candles.iter().map(|c| c.volume).collect(),
            candles.iter().map(|c| c.market_close).collect(),
        ])
    }

    pub fn frame(&self) -> Frame<'_> {
        let frame = Frame::new(std::array::from_fn(|j| &self.0[j][..])).expect("equal lengths");
        frame.with_market(&self.0[6]).expect("equal lengths")
    }
}

/// Bits, so that NaN equals NaN and −0 does not equal 0.
pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}
