//! Candle-level risk measures and verdicts for one trading pair.
//!
//! Every value depends on a fixed number of past candles only ([`columns::memory_rows`]) and has the same bits for every history start at least that
//! far back, every later end, streamed or in batch, on any number of threads and any instruction set.
//!
//! - [`Assessor::push`] takes one candle at a time;
//! - [`annotate`] takes a whole [`Frame`], [`annotate_columns`] gives a [`Selection`] of the columns;
//! - [`Params`] say by which rules; [`columns::COLUMNS`] is the manifest of what comes out.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod annotate;
mod assessor;
mod candle;
pub mod columns;
#[cfg(feature = "fault-injection")]
pub mod fault;
pub mod math;
pub mod measure;
mod memory;
#[cfg(feature = "napi")]
pub mod napi;
pub mod normal;
mod panel;
mod params;
pub mod reasons;
mod rules;
mod selection;
mod simd;
pub mod window;

pub use annotate::{annotate, annotate_columns, annotate_columns_with, annotate_with};
pub use assessor::{Assessment, Assessor};
pub use candle::{BadCandle, Candle, Frame, INPUT_COLUMNS, MARKET_COLUMN, Problem};
pub use params::{
    DEFAULT_ADVERSE_HORIZON, DEFAULT_ADVERSE_QUANTILE, DEFAULT_LOSS_THRESHOLD, MAX_RULES, MAX_TIMEFRAME_S, Params, Profile, Rule,
    Violation, WindowSet,
};
pub use rules::SIZE_STEPS;
pub use selection::{BadSelection, Selection};
pub use simd::Backend;

/// Version of the engine, part of every fingerprint.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
