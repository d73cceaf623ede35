//! Who bought: the side of a candle's volume, guessed from its return (bulk volume classification, Easley, López de Prado & O'Hara 2012, *Flow Toxicity and Liquidity in
//! a High-Frequency World*).
//!
//! flow = 2Φ(z) − 1 = erf(z/√2) in [−1, 1], z = r/σ being the candle's return over the volatility known before it: the bought share less the
//! sold one. Over the window, with Q = volume · close: net flow Σ flow·Q / ΣQ, and VPIN Σ |flow|·Q / ΣQ, whose buckets are candles.

use crate::math::power_of_two;
use crate::normal::erf;
use crate::simd::{Backend, Kernel, LANES, Simd};
use crate::window::{ExactSums, Records};

/// Candles of the window.
pub const FLOW_ROWS: usize = 250;
/// Fewer traded candles than this give no estimate.
pub const MIN_TRADED: usize = FLOW_ROWS / 2;
/// Traded values are limited to 2^56 = 7.2e16 units of the quote currency; each carries an absolute error of at most 2^−36 units.
const VALUE_LIMIT_LOG2: i32 = 56;
const VALUE_LIMIT: f64 = power_of_two(VALUE_LIMIT_LOG2);
const TERMS_LOG2: i32 = 8;

/// One candle: the value traded, and bought less sold.
#[derive(Clone, Copy, Debug)]
struct Traded {
    value: f64,
    net: f64,
}

const NOTHING: Traded = Traded { value: 0.0, net: 0.0 };

/// Flow of a candle and of the window that ends with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlowEstimate {
    /// Bought less sold share of the candle, in [−1, 1]; NaN if nothing was traded.
    pub flow: f64,
    /// The same of the window.
    pub window: f64,
    /// Mean |flow| of the window by traded value, in [0, 1].
    pub vpin: f64,
    /// The candle's net bought value in units of the window's mean traded value; NaN where either is undefined.
    pub signed: f64,
    /// Traded candles of the window.
    pub n: usize,
}

/// State: the last 250 candles and their sums.
#[derive(Clone, Debug)]
pub struct Flow {
    candles: Records<Traded>,
    sums: ExactSums,
    filled: usize,
    traded: usize,
}

/// Value traded in a candle, in quote currency: volume · close, a finite number; 0 (not traded) where it is too small to be a normal one.
#[inline(always)]
pub fn traded_value(volume: f64, close: f64) -> f64 {
    let value = volume * close;
    if value < f64::MIN_POSITIVE { 0.0 } else { value.clamp(0.0, f64::MAX) }
}

impl Default for Flow {
    fn default() -> Self {
        const B: i32 = VALUE_LIMIT_LOG2;
        Self { candles: Records::new(FLOW_ROWS, NOTHING), sums: ExactSums::new([B, B, B, 0, 0, 0, 0, 0], TERMS_LOG2), filled: 0, traded: 0 }
    }
}

impl Flow {
    /// Takes a candle's traded value in quote currency (0: none) and its return in units of the volatility known before it. The window's numbers are NaN until it is
    /// full and with fewer than half of its candles traded.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, value: f64, z: f64) -> FlowEstimate {
        let traded = value > 0.0;
        let flow = if traded { erf(z * std::f64::consts::FRAC_1_SQRT_2) } else { f64::NAN };
        let value = value.clamp(0.0, VALUE_LIMIT);
        let new = if traded { Traded { value, net: flow * value } } else { NOTHING };
        let old = self.candles.push(new);
        self.sums.replace(s, s.load(&terms(&old)), s.load(&terms(&new)));
        self.traded = self.traded + usize::from(new.value > 0.0) - usize::from(old.value > 0.0);
        self.filled = FLOW_ROWS.min(self.filled + 1);

        let [value_sum, net_sum, gross_sum, ..] = self.sums.values(s);
        let n = self.traded;
        if self.filled < FLOW_ROWS || n < MIN_TRADED || value_sum <= 0.0 {
            return FlowEstimate { flow, window: f64::NAN, vpin: f64::NAN, signed: f64::NAN, n };
        }
        let window = net_sum / value_sum;
        FlowEstimate {
            flow,
            // The terms are rounded one by one: nearly equal sums may come out in the wrong order.
            window: window.clamp(-1.0, 1.0),
            vpin: (gross_sum / value_sum).clamp(0.0, 1.0),
            signed: if traded { new.net / (value_sum / n as f64) } else { f64::NAN },
            n,
        }
    }

    /// Takes a candle on a given instruction set.
    pub fn push_on(&mut self, backend: Backend, value: f64, z: f64) -> FlowEstimate {
        backend.run(Push { flow: self, value, z })
    }
}

/// The terms of the sums: value, net value, and what was one-sided.
#[inline(always)]
fn terms(&Traded { value, net }: &Traded) -> [f64; LANES] {
    [value, net, net.abs(), 0.0, 0.0, 0.0, 0.0, 0.0]
}

struct Push<'a> {
    flow: &'a mut Flow,
    value: f64,
    z: f64,
}

impl Kernel for Push<'_> {
    type Output = FlowEstimate;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> FlowEstimate {
        self.flow.push(s, self.value, self.z)
    }
}
