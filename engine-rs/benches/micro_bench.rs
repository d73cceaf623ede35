//! `cargo bench -p talebridge-engine --bench micro_bench`: what one candle costs in each of the whale, liquidity, antifragility and adverse-excursion measures, as one JSON line.
//!
//! Nanoseconds per candle, mean of a pass over 10,000 candles, fastest of the passes: interference only ever adds time. Each push pays its own dispatch
//! to the instruction set, which the engine pays once for all measures of a candle.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use common::market;
use talebridge_engine::measure::adverse::Adverse;
use talebridge_engine::measure::amihud::Amihud;
use talebridge_engine::measure::convexity::Convexity;
use talebridge_engine::measure::flow::{Flow, traded_value};
use talebridge_engine::measure::kyle::{self, Kyle};
use talebridge_engine::measure::spread::{self, Spread};
use talebridge_engine::measure::whale::VolumeSurprise;
use talebridge_engine::{Backend, Candle};

const ROWS: usize = 500;
const TIMEFRAME_S: u32 = 300;
const PASSES: usize = 25;

/// A candle and the numbers the measures take.
#[derive(Clone, Copy)]
struct Input {
    candle: Candle,
    previous: Candle,
    r: f64,
    market: f64,
    value: f64,
    log_value: f64,
    z: f64,
    signed: f64,
    range: f64,
}

fn inputs() -> Vec<Input> {
    market(1, 11_000)
        .windows(2)
        .map(|pair| {
            let (previous, candle) = (pair[0], pair[1]);
            let r = (candle.close / previous.close).ln();
            let value = traded_value(candle.volume, candle.close);
            let market = (candle.market_close / previous.market_close).ln();
            Input {
                candle,
                previous,
                r,
                market,
                value,
                log_value: value.ln(),
                z: r / 0.001,
                signed: r * 1000.0,
                range: (candle.high / candle.low).ln(),
            }
        })
        .collect()
}

/// Fastest mean nanoseconds of a push on one instruction set. The first pass fills the windows.
fn fastest<M: Clone, T>(inputs: &[Input], backend: Backend, fresh: &M, push: impl Fn(&mut M, Backend, &Input) -> T) -> f64 {
    let mut measure = fresh.clone();
    let pass = |measure: &mut M| {
        let start = Instant::now();
        for input in inputs {
            black_box(push(measure, backend, input));
        }
        start.elapsed().as_nanos() as f64 / inputs.len() as f64
    };
    let passes = (0..PASSES).map(|_| pass(&mut measure)).skip(1).fold(f64::INFINITY, f64::min);
    passes.round()
}

fn measures(inputs: &[Input], backend: Backend) -> serde_json::Value {
    let kyle = Kyle::new(kyle::ROWS, TIMEFRAME_S);
    let spread = Spread::new(spread::ROWS, TIMEFRAME_S);
    let adverse = Adverse::new(TIMEFRAME_S, 48, 0.95);
    serde_json::json!({
        "adverse": fastest(inputs, backend, &adverse, |m, _, i| {
            m.push(i.range);
            m.quantiles(i.range)
        }),
        "whale": fastest(inputs, backend, &VolumeSurprise::new(ROWS), |m, backend, i| m.push_on(backend, i.log_value)),
        "flow": fastest(inputs, backend, &Flow::default(), |m, backend, i| m.push_on(backend, i.value, i.z)),
        "kyle": fastest(inputs, backend, &kyle, |m, backend, i| m.push_on(backend, i.r, i.signed)),
        "amihud": fastest(inputs, backend, &Amihud::new(ROWS), |m, backend, i| m.push_on(backend, i.r, i.value)),
        "spread": fastest(inputs, backend, &spread, |m, backend, i| m.push_on(backend, &i.candle, &i.previous)),
        "convexity": fastest(inputs, backend, &Convexity::new(ROWS, TIMEFRAME_S), |m, backend, i| m.push_on(backend, i.r, i.market)),
    })
}

fn main() {
    let inputs = inputs();
    let sets: serde_json::Map<String, serde_json::Value> =
        Backend::available().into_iter().map(|backend| (backend.name().to_owned(), measures(&inputs, backend))).collect();
    println!("{}", serde_json::json!({"bench": "micro", "unit": "ns per candle", "rows": inputs.len(), "window": ROWS, "sets": sets}));
}
