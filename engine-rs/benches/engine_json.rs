//! `npm run bench:engine`: the engine's speed against a reference loop of the same run, as one JSON line.
//!
//! Machines and their load differ, so the figures to compare are the ratios: to a fixed loop of dependent floating-point work (`ratio_to_reference`,
//! ns per candle over ns per 1000 steps of it) and of the scalar twin to the vector code (`scalar_over_simd`). Means are of the fastest round of every
//! 500 candles, all rounds taking turns: interference only ever adds time. The quantiles are of single pushes in one pass, the clock's own 20 ns included.

#[path = "../tests/common/mod.rs"]
mod common;
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use common::{Columns, market};
use support::{fastest, nanoseconds, print_columns, push_times, quantiles_us, round};
use talebridge_engine::columns::COLUMN_COUNT;
use talebridge_engine::measure::gpd::{Gpd, fit_on};
use talebridge_engine::{Assessor, Backend, Candle, Params, Profile, Selection, WindowSet, annotate, annotate_columns};

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
/// Rounds of all candles, and candles between two looks at the clock: the fastest round of each slice counts.
const ROUNDS: usize = 9;
const SLICE: usize = 500;
const REFERENCE_STEPS: u32 = 1000;
/// Rows of a frame as a bot sends it for one new candle, nearly all of them warming up, and of one whose last 1,000 rows are ready.
const FRAME_ROWS: [usize; 2] = [1000, 1990];

fn main() {
    let candles = market(1, ROWS);
    let columns = Columns::of(&candles);
    let short_frames = FRAME_ROWS.map(|rows| Columns::of(&candles[..rows]));
    let params = Params::new(Profile::Aggressive, WindowSet::Standard, 300);
    let best = Backend::best();
    let verdict = Selection::new(&[0, 1, 2]).expect("the verdict's columns");
    let exceedances: Vec<f64> = (0..90).map(|i| Gpd { xi: 0.3, beta: 1.0 }.quantile(1.0 - (f64::from(i) + 0.5) / 90.0)).collect();

    let sets = Backend::available();
    let mut per_slice = vec![vec![f64::INFINITY; (ROWS - WARM_UP).div_ceil(SLICE)]; sets.len()];
    let (mut reference, mut frame, mut verdicts, mut fit) = (vec![], vec![], vec![], vec![]);
    let mut short_ms = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        reference.push(nanoseconds(|| (0..200).for_each(|_| consume(reference_loop(REFERENCE_STEPS)))) / 200.0);
        for (&set, slices) in sets.iter().zip(&mut per_slice) {
            time_slices(&params, set, &candles, slices);
        }
        frame.push(nanoseconds(|| annotate(&params, columns.frame())));
        verdicts.push(nanoseconds(|| annotate_columns(&params, columns.frame(), &verdict)));
        for (fastest, columns) in short_ms.iter_mut().zip(&short_frames) {
            for _ in 0..10 {
                *fastest = fastest.min(nanoseconds(|| annotate(&params, columns.frame())) / 1e6);
            }
        }
        fit.push(nanoseconds(|| (0..1000).for_each(|_| consume(fit_on(best, black_box(&exceedances))))) / 1000.0);
    }
    let means: Vec<f64> = per_slice.iter().map(|slices| slices.iter().sum::<f64>() / (ROWS - WARM_UP) as f64).collect();
    let (times, allocations) = latencies(&params, best, &candles);
    let (ns_per_candle, scalar) = (means[means.len() - 1], means[0]);

    print_columns();
    let by_set: serde_json::Map<String, serde_json::Value> =
        sets.iter().zip(&means).map(|(set, &mean)| (set.name().to_owned(), round(mean).into())).collect();
    println!("mean ns per candle by instruction set: {}", serde_json::Value::from(by_set.clone()));
    println!("one push, microseconds: {}", quantiles_us(&times));
    println!(
        "{}",
        serde_json::json!({
            "bench": "engine",
            "columns": COLUMN_COUNT,
            "ns_per_candle": round(ns_per_candle),
            "ns_per_candle_by_set": by_set,
            "push_us": quantiles_us(&times),
            "gpd_fit_ns": round(fastest(&fit)),
            "annotate_1000_rows_ms": round(short_ms[0]),
            "annotate_1000_ready_rows_ms": round(short_ms[1]),
            "annotate_rows_per_s": (ROWS as f64 / fastest(&frame) * 1e9).round(),
            "annotate_verdict_rows_per_s": (ROWS as f64 / fastest(&verdicts) * 1e9).round(),
            "allocs_per_push": allocations as f64 / times.len() as f64,
            "ratio_to_reference": round(ns_per_candle / fastest(&reference)),
            "scalar_over_simd": round(scalar / ns_per_candle),
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

/// An engine whose windows are full.
fn warm(params: &Params, backend: Backend, candles: &[Candle]) -> Assessor {
    let mut assessor = Assessor::with_backend(params.clone(), backend);
    candles[..WARM_UP].iter().for_each(|candle| assert!(assessor.push(candle).is_ok(), "the synthetic market is valid"));
    assessor
}

/// Lowers each slice's nanoseconds to those of a pass that was faster there.
fn time_slices(params: &Params, backend: Backend, candles: &[Candle], slices: &mut [f64]) {
    let mut assessor = warm(params, backend, candles);
    for (slice, fastest) in candles[WARM_UP..].chunks(SLICE).zip(slices) {
        *fastest = fastest.min(nanoseconds(|| slice.iter().for_each(|candle| consume(assessor.push(candle)))));
    }
}

/// Nanoseconds of every single push in ascending order, and the allocations all of them made.
fn latencies(params: &Params, backend: Backend, candles: &[Candle]) -> (Vec<f64>, u64) {
    let mut assessor = warm(params, backend, candles);
    let mut times = Vec::with_capacity(candles.len());
    let before = ALLOCATIONS.load(Relaxed);
    push_times(&mut assessor, &candles[WARM_UP..], &mut times);
    (times, ALLOCATIONS.load(Relaxed) - before)
}
