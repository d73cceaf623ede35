//! Candles: eight bytes of settings, then a program that makes hostile rows (engine-rs/tests/common/hostile.rs).
#![no_main]

#[path = "../../engine-rs/tests/common/mod.rs"]
mod common;
#[path = "../../engine-rs/tests/common/hostile.rs"]
mod hostile;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((settings, program)) = input.split_first_chunk::<8>() {
        hostile::check(&hostile::params(*settings), &hostile::Rows::of(program));
    }
});
