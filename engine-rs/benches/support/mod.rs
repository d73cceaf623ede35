//! What the benches share: times of single pushes, and the fastest of rounds.
#![allow(dead_code, unreachable_pub, reason = "each bench uses a part")]

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};
use talebridge_engine::columns::COLUMNS;
use talebridge_engine::{Assessor, Candle};

/// Runs work and gives its nanoseconds.
pub fn nanoseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_nanos() as f64
}

/// The fastest: interference only ever adds time.
pub fn fastest(rounds: &[f64]) -> f64 {
    rounds.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Nanoseconds of every single push, the clock's own included, in ascending order. Candles must be valid.
pub fn push_times(assessor: &mut Assessor, candles: &[Candle], times: &mut Vec<f64>) {
    times.clear();
    for candle in candles {
        times.push(nanoseconds(|| assert!(assessor.push(candle).is_ok(), "the synthetic market is valid")));
    }
    times.sort_unstable_by(f64::total_cmp);
}

/// Mean and quantiles of ascending nanoseconds, in microseconds.
pub fn quantiles_us(times: &[f64]) -> Value {
    let at = |q: f64| round(times[((times.len() - 1) as f64 * q) as usize] / 1000.0);
    let mean = times.iter().sum::<f64>() / times.len() as f64 / 1000.0;
    json!({ "mean": round(mean), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "p99_9": at(0.999) })
}

/// Says which columns a push computes.
pub fn print_columns() {
    println!("{} columns, both sides, market pair present:", COLUMNS.len());
    for names in COLUMNS.chunks(8) {
        println!("  {}", names.iter().map(|column| column.name).collect::<Vec<_>>().join(" "));
    }
}

/// To three digits after the point.
pub fn round(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}
