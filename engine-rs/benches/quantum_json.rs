//! `cargo bench -p talebridge-engine --bench quantum_json`: what a quantum diagnosis costs, pooled and fresh, beside the exact answer; one JSON line.
//!
//! Each figure is the fastest of rounds that take turns: interference only ever adds time.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use talebridge_engine::measure::black_swan::Side;
use talebridge_engine::measure::quantum::encoding::{BINS, QUBITS};
use talebridge_engine::measure::quantum::iqae::Precision;
use talebridge_engine::measure::quantum::mlae::Schedule;
use talebridge_engine::measure::quantum::rng::Rng;
use talebridge_engine::measure::quantum::{Pool, Settings, payoff};
use talebridge_engine::{Assessor, BadCandle, Params, Profile, WindowSet};

const ROUNDS: usize = 15;
const REPEATS: u32 = 20;
const ITERATES: u32 = 1000;

fn main() -> Result<(), BadCandle> {
    let mut assessor = Assessor::new(Params::new(Profile::Aggressive, WindowSet::Standard, 300));
    for candle in common::market(1, 1200) {
        assessor.push(&candle)?;
    }
    let settings = Settings::default();
    let mut pool = Pool::new(QUBITS);
    let diagnose = |pool: &mut Pool| assessor.quantum_diagnostic(Side::Long, &settings, pool);
    let calls = diagnose(&mut pool).map_or(0, |report| report.calls);

    // The same question to all: the mean excess over bin 150.
    let mut probabilities = [0.0; BINS];
    let mut payoffs = [0.0; BINS];
    for bin in 0..BINS {
        (probabilities[bin], payoffs[bin]) = (pool.masses().probability(bin), payoff::excess(150)(bin));
    }
    let (mut pooled, mut fresh, mut construction) = (vec![], vec![], vec![]);
    let (mut dot, mut iterate, mut iqae, mut mlae) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        pooled.push(per_repeat(REPEATS, || diagnose(&mut pool)));
        fresh.push(per_repeat(REPEATS, || diagnose(&mut Pool::new(QUBITS))));
        construction.push(per_repeat(REPEATS, || Pool::new(QUBITS)));
        dot.push(per_repeat(10 * ITERATES, || {
            let (p, f) = (black_box(&probabilities), black_box(&payoffs));
            let lanes: [f64; 8] = std::array::from_fn(|lane| (lane..BINS).step_by(8).fold(0.0, |sum, i| sum + p[i] * f[i]));
            lanes.iter().sum::<f64>()
        }));
        pool.ask(payoff::excess(150));
        iterate.push(per_repeat(ITERATES, || pool.state().iterate()));
        let mut rng = Rng::new(1);
        iqae.push(per_repeat(REPEATS, || pool.iqae(Precision { epsilon: 0.005, alpha: 0.05, shots: 100 }, &mut rng)));
        mlae.push(per_repeat(REPEATS, || pool.mlae(Schedule { powers: 8, shots: 100 }, &mut rng)));
    }
    let us = |rounds: &[f64]| (fastest(rounds) * 1e3).round() / 1e3;
    println!(
        "{}",
        serde_json::json!({
            "bench": "quantum",
            "diagnosis_pooled_us": us(&pooled),
            "diagnosis_fresh_us": us(&fresh),
            "pool_construction_us": us(&construction),
            "exact_expectation_us": us(&dot),
            "grover_iterate_us": us(&iterate),
            "iqae_us": us(&iqae),
            "mlae_us": us(&mlae),
            "calls_per_diagnosis": calls,
        })
    );
    Ok(())
}

/// Mean microseconds of one repeat.
fn per_repeat<T>(repeats: u32, mut work: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        black_box(work());
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(repeats)
}

fn fastest(rounds: &[f64]) -> f64 {
    rounds.iter().copied().fold(f64::INFINITY, f64::min)
}
