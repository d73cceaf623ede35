//! A push allocates nothing, whatever happens in it.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use talebridge_engine::measure::black_swan::Side;
use talebridge_engine::measure::quantum::encoding::QUBITS;
use talebridge_engine::measure::quantum::{Pool, Settings};
use talebridge_engine::{Assessor, Backend, Candle, Params, Profile, WindowSet};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread, so that the test harness's own threads do not disturb.
struct Counting;

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn a_push_allocates_nothing() {
    let counted = count(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(counted, 1, "the counter counts");

    let rules = r#"{"timeframe_s": 300, "rules": [{"measure": "jump", "from": 2, "to": 4, "min_size": 0.1, "deny_above": 5},
        {"measure": "es99_long", "from": 0, "to": 1, "min_size": 0}]}"#;
    let candles = common::market(8, 3000);
    for backend in Backend::available() {
        let mut assessor = Assessor::with_backend(Params::from_json(rules).expect("valid parameters"), backend);
        let mut sizes = 0.0;
        let allocations = count(|| {
            for candle in &candles {
                if let Ok(assessment) = assessor.push(candle) {
                    sizes += assessment.size;
                }
                assert!(assessor.push(&Candle { close: f64::NAN, ..*candle }).is_err());
            }
        });
        assert!(sizes > 0.0, "verdicts were made");
        assert_eq!(allocations, 0, "on {}", backend.name());
    }
}

#[test]
fn a_quantum_diagnosis_in_a_pool_allocates_nothing() {
    let mut assessor = Assessor::new(Params::new(Profile::Aggressive, WindowSet::Compact, 300));
    common::market(9, 800).iter().for_each(|candle| assert!(assessor.push(candle).is_ok()));
    let mut pool = Pool::new(QUBITS);
    let mut calls = 0;
    let allocations = count(|| {
        for seed in 0..3 {
            for side in [Side::Long, Side::Short] {
                let report = assessor.quantum_diagnostic(side, &Settings { seed, ..Settings::default() }, &mut pool);
                calls += report.map_or(0, |report| report.calls);
            }
        }
    });
    assert_eq!(allocations, 0);
    assert!(calls > 100_000, "the diagnosis did its work: {calls}");
}
