//! `cargo bench --bench talebian_risk_bench -- "single_risk_assessment"`: one candle through the whole engine, and a whole frame.

#[path = "../tests/common/mod.rs"]
mod common;
mod support;

use std::hint::black_box;

use common::{Columns, market};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::{print_columns, push_times, quantiles_us};
use talebridge_engine::measure::gpd::{Gpd, fit_on};
use talebridge_engine::{Assessor, Backend, Candle, Params, Profile, WindowSet, annotate_with};

fn params(set: WindowSet) -> Params {
    Params::new(Profile::Aggressive, set, 300)
}

/// An engine that has seen enough, and the candles that follow.
fn warm(set: WindowSet, backend: Backend) -> (Assessor, Vec<Candle>) {
    let mut candles = market(1, 20_000);
    let rest = candles.split_off(2000);
    let mut assessor = Assessor::with_backend(params(set), backend);
    for candle in &candles {
        if let Err(error) = assessor.push(candle) {
            panic!("the synthetic market is valid: {error}");
        }
    }
    (assessor, rest)
}

fn single_risk_assessment(c: &mut Criterion) {
    print_columns();
    let mut times = Vec::new();
    let mut group = c.benchmark_group("single_risk_assessment");
    for set in WindowSet::ALL {
        for backend in Backend::available() {
            let (warmed, candles) = warm(set, backend);
            push_times(&mut warmed.clone(), &candles, &mut times);
            println!("one push, {} on {}, microseconds: {}", set.name(), backend.name(), quantiles_us(&times));
            group.throughput(Throughput::Elements(candles.len() as u64));
            group.bench_with_input(BenchmarkId::new(set.name(), backend.name()), &candles, |b, candles| {
                b.iter_batched_ref(
                    || warmed.clone(),
                    |assessor| {
                        for candle in candles {
                            let _ = black_box(assessor.push(candle));
                        }
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

fn frame(c: &mut Criterion) {
    let candles = market(1, 120_000);
    let columns = Columns::of(&candles);
    let mut group = c.benchmark_group("annotate");
    group.throughput(Throughput::Elements(candles.len() as u64)).sample_size(20);
    for threads in [1, 2, 8] {
        group.bench_function(BenchmarkId::new("segments", threads), |b| {
            b.iter(|| annotate_with(&params(WindowSet::Standard), columns.frame(), Backend::best(), threads));
        });
    }
    group.finish();
}

fn tail_fit(c: &mut Criterion) {
    let y: Vec<f64> = (0..90).map(|i| Gpd { xi: 0.3, beta: 1.0 }.quantile(1.0 - (f64::from(i) + 0.5) / 90.0)).collect();
    let mut group = c.benchmark_group("zhang_stephens_k90");
    for backend in Backend::available() {
        group.bench_function(backend.name(), |b| b.iter(|| fit_on(backend, black_box(&y))));
    }
    group.finish();
}

criterion_group!(benches, single_risk_assessment, frame, tail_fit);
criterion_main!(benches);
