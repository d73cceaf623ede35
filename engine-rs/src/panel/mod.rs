//! Panels: the measures of one theme, fed with a candle together and written to their columns together.
//!
//! A panel's `push` takes every candle, ready or not; its `write` is called only for rows that are shown.

mod liquidity;
mod market;
mod tails;
mod volatility;

pub(crate) use liquidity::LiquidityPanel;
pub(crate) use market::MarketPanel;
pub(crate) use tails::TailPanel;
pub(crate) use volatility::VolatilityPanel;
