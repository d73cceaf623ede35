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

use crate::columns::Measure;

/// Panels that have to run. Volatility always does: the other panels' residuals come from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    pub(crate) tails: bool,
    pub(crate) liquidity: bool,
    pub(crate) market: bool,
}

impl Needed {
    pub(crate) const ALL: Self = Self { tails: true, liquidity: true, market: true };

    /// The panels that write some of these measures.
    pub(crate) fn for_measures(measures: impl Iterator<Item = Measure>) -> Self {
        measures.fold(Self { tails: false, liquidity: false, market: false }, |needed, measure| Self {
            tails: needed.tails || TailPanel::writes(measure),
            liquidity: needed.liquidity || LiquidityPanel::writes(measure),
            market: needed.market || MarketPanel::writes(measure),
        })
    }
}
