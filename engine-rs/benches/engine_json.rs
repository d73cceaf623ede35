//! `npm run bench:engine`: the engine's speed against a reference loop of the same run, as one JSON line.
//!
//! Machines and their load differ, so the figures to compare are the ratios: to a fixed loop of dependent floating-point work (`ratio_to_reference`,
//! ns per candle over ns per 1000 steps of it) and of the scalar twin to the vector code (`scalar_over_simd`). Each is the fastest of
//! rounds that take turns: interference only ever adds time.

#[path = "../tests/common/mod.rs"]
mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use common::{Columns, market};
use talebridge_engine::{Assessor, Backend, Candle, Params, Profile, WindowSet, annotate};

/// Counts every allocation of the process.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 60_000;
const WARM_UP: usize = 1000;
const ROUNDS: usize = 9;
const REFERENCE_STEPS: u32 = 1000;

fn main() {
    let candles = market(1, ROWS);
    let columns = Columns::of(&candles);
    let params = Params::new(Profile::Aggressive, WindowSet::Standard, 300);
    let best = Backend::best();

    let (mut simd, mut scalar, mut reference, mut frame) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        reference.push(nanoseconds(|| (0..200).for_each(|_| consume(reference_loop(REFERENCE_STEPS)))) / 200.0);
        simd.push(per_push(&params, best, &candles));
        scalar.push(per_push(&params, Backend::SCALAR, &candles));
        frame.push(nanoseconds(|| consume(annotate(&params, columns.frame()))));
    }
    let (latencies, allocations) = latencies(&params, best, &candles);
    let ns_per_candle = fastest(&simd);
    let quantile = |q: f64| latencies[((latencies.len() - 1) as f64 * q) as usize] / 1000.0;
    println!(
        "{}",
        serde_json::json!({
            "bench": "engine",
            "ns_per_candle": round(ns_per_candle),
            "p50_us": round(quantile(0.5)),
            "p99_us": round(quantile(0.99)),
            "annotate_rows_per_s": (ROWS as f64 / fastest(&frame) * 1e9).round(),
            "allocs_per_push": allocations as f64 / latencies.len() as f64,
            "ratio_to_reference": round(ns_per_candle / fastest(&reference)),
            "scalar_over_simd": round(fastest(&scalar) / ns_per_candle),
            "simd": best.name(),
            "rows": ROWS,
        })
    );
}

/// A chain of multiplications, square roots and additions that no compiler can shorten or spread over lanes.
fn reference_loop(steps: u32) -> f64 {
    (0..steps).fold(1.5, |x: f64, i| (x * 1.000_1 + f64::from(i) * 1e-9).sqrt() + 0.5)
}

/// Keeps the optimiser from dropping what was computed.
fn consume<T>(value: T) {
    black_box(value);
}

fn nanoseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}

/// An engine whose windows are full.
fn warm(params: &Params, backend: Backend, candles: &[Candle]) -> Assessor {
    let mut assessor = Assessor::with_backend(params.clone(), backend);
    candles[..WARM_UP].iter().for_each(|candle| assert!(assessor.push(candle).is_ok(), "the synthetic market is valid"));
    assessor
}

/// Mean nanoseconds of a push.
fn per_push(params: &Params, backend: Backend, candles: &[Candle]) -> f64 {
    let mut assessor = warm(params, backend, candles);
    let rest = &candles[WARM_UP..];
    nanoseconds(|| rest.iter().for_each(|candle| consume(assessor.push(candle)))) / rest.len() as f64
}

/// Nanoseconds of every single push in ascending order, and the allocations all of them made.
fn latencies(params: &Params, backend: Backend, candles: &[Candle]) -> (Vec<f64>, u64) {
    let mut assessor = warm(params, backend, candles);
    let mut times = Vec::with_capacity(candles.len());
    let before = ALLOCATIONS.load(Relaxed);
    for candle in &candles[WARM_UP..] {
        times.push(nanoseconds(|| consume(assessor.push(candle))));
    }
    let allocations = ALLOCATIONS.load(Relaxed) - before;
    times.sort_by(f64::total_cmp);
    (times, allocations)
}

fn fastest(rounds: &[f64]) -> f64 {
    rounds.iter().copied().fold(f64::INFINITY, f64::min)
}

fn round(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}
