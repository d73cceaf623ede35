//! Rows of history a value depends on, from what it is computed of. "Rows" counts the value's own candle.
//!
//! Each node states its inputs; a column names its node, and M is the deepest of them.

use crate::measure::{adverse, amihud, change, ewma, flow, jump, kyle, range_window, spread, volatility};
use crate::params::WindowSet;

/// A candle's own values.
const CANDLE: usize = 1;
/// A candle's return, or anything else made of it and the candle before.
const RETURN: usize = both(CANDLE, lag(1, CANDLE));

/// A value computed from the values of the last `rows` candles, each of memory `inner`.
const fn window(rows: usize, inner: usize) -> usize {
    rows - 1 + inner
}

/// A value of `candles` before, of memory `inner`.
const fn lag(candles: usize, inner: usize) -> usize {
    candles + inner
}

/// A value computed from two others.
pub(crate) const fn both(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The range filter: its kernel and its floor.
pub(crate) const fn sigma(_set: WindowSet) -> usize {
    both(window(volatility::TAPS, CANDLE), window(volatility::FLOOR_ROWS, CANDLE))
}

/// J: a return and the products of neighbouring returns before it.
pub(crate) const fn jump(_set: WindowSet) -> usize {
    let product = both(RETURN, lag(1, RETURN));
    both(RETURN, lag(1, window(jump::PRODUCTS, product)))
}

/// A kernel of returns.
pub(crate) const fn kernel_of_returns(_set: WindowSet) -> usize {
    window(ewma::TAPS, RETURN)
}

/// A kernel of what is within candles.
pub(crate) const fn kernel_of_ranges(_set: WindowSet) -> usize {
    window(ewma::TAPS, CANDLE)
}

/// The window of Garman & Klass.
pub(crate) const fn window_of_ranges(_set: WindowSet) -> usize {
    window(range_window::ROWS, CANDLE)
}

/// The window of Yang & Zhang, which looks at gaps too.
pub(crate) const fn window_of_gaps(_set: WindowSet) -> usize {
    window(range_window::ROWS, RETURN)
}

/// Rank of the Rogers–Satchell volatility.
pub(crate) const fn sigma_rank(set: WindowSet) -> usize {
    window(set.rank_rows(), kernel_of_ranges(set))
}

/// Change of the log range.
pub(crate) const fn change(_set: WindowSet) -> usize {
    window(change::SUFFIX + change::REFERENCE, CANDLE)
}

/// A candle's residual: its return over the volatility known before it.
const fn residual(set: WindowSet) -> usize {
    both(RETURN, lag(1, sigma(set)))
}

/// The window of residuals.
pub(crate) const fn residuals(set: WindowSet) -> usize {
    window(set.tail_rows(), residual(set))
}

/// Numbers of the fitted tail, which the volatility of the next candle scales.
pub(crate) const fn tail(set: WindowSet) -> usize {
    both(sigma(set), residuals(set))
}

/// A candle's residual by the tail before it.
pub(crate) const fn event(set: WindowSet) -> usize {
    both(residual(set), lag(1, residuals(set)))
}

/// The adverse excursion: volatilities over three windows.
pub(crate) const fn adverse(set: WindowSet) -> usize {
    both(sigma(set), window(adverse::LONG_ROWS, CANDLE))
}

/// A candle's value traded among those of the window.
pub(crate) const fn volume(set: WindowSet) -> usize {
    window(set.rank_rows(), CANDLE)
}

/// A candle's flow, guessed from its residual.
pub(crate) const fn flow(set: WindowSet) -> usize {
    both(CANDLE, residual(set))
}

/// A whale: surprise and side.
pub(crate) const fn whale(set: WindowSet) -> usize {
    both(volume(set), flow(set))
}

/// Sums of flow.
pub(crate) const fn flow_window(set: WindowSet) -> usize {
    window(flow::FLOW_ROWS, flow(set))
}

/// Kyle's regression on a candle's own flow in units of the window's mean value.
pub(crate) const fn kyle(set: WindowSet) -> usize {
    let signed = both(flow(set), window(flow::FLOW_ROWS, CANDLE));
    window(kyle::ROWS, both(RETURN, signed))
}

/// Rank of the mean of returns over value.
pub(crate) const fn amihud(set: WindowSet) -> usize {
    window(set.rank_rows(), window(amihud::MEAN_ROWS, RETURN))
}

/// The spread, from pairs of neighbouring candles.
pub(crate) const fn spread(_set: WindowSet) -> usize {
    window(spread::ROWS - 1, both(CANDLE, lag(1, CANDLE)))
}

/// The regression on the market pair's return.
pub(crate) const fn market(set: WindowSet) -> usize {
    window(set.rank_rows(), RETURN)
}
