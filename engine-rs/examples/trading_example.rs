//! Gate entries of one pair candle by candle: `cargo run --release --example trading_example [ROWS]`.
//!
//! Steady work without input or output per candle, so it is also what to run under `perf record` and `heaptrack`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::process::ExitCode;

use talebridge_engine::{Assessor, Backend, Params, Profile, WindowSet, reasons};

fn main() -> ExitCode {
    let rows = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 200_000,
        Some(Ok(rows)) => rows,
        Some(Err(error)) => {
            eprintln!("ROWS must be a whole number: {error}");
            return ExitCode::from(2);
        }
    };
    let mut engine = Assessor::new(Params::new(Profile::Conservative, WindowSet::Standard, 300));
    let (mut full, mut reduced, mut denied, mut warming_up) = (0, 0, 0, 0);
    for candle in common::market(42, rows) {
        let assessment = match engine.push(&candle) {
            Ok(assessment) => assessment,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        };
        match (assessment.reason, assessment.size) {
            (reasons::WARMING_UP, _) => warming_up += 1,
            (_, 0.0) => denied += 1,
            (_, 1.0) => full += 1,
            _ => reduced += 1,
        }
    }
    let last = engine.assessment();
    println!(
        "{rows} candles on {}: {warming_up} warming up, {full} at full size, {reduced} reduced, {denied} denied",
        Backend::best().name()
    );
    println!(
        "last: size {} ({}), J {:.2}, sigma {:.5}, VaR 99 of a long {:.5}",
        last.size,
        reasons::name(last.reason),
        last.jump,
        last.sigma,
        last.long.var99
    );
    ExitCode::SUCCESS
}
