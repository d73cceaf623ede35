//! Input: one candle, a frame of candles, and what makes them invalid.

use std::fmt;

/// One candle. Prices in any one unit; the open time orders candles and is not otherwise used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// Open time, ms since 1970.
    pub open_ms: f64,
    /// Price, > 0.
    pub open: f64,
    /// Price, ≥ open and close.
    pub high: f64,
    /// Price, ≤ open and close.
    pub low: f64,
    /// Price, > 0.
    pub close: f64,
    /// Traded amount, ≥ 0.
    pub volume: f64,
    /// Close of the market pair's candle with the same open time; NaN where there is none.
    pub market_close: f64,
}

/// Columns of a frame, in order.
pub const INPUT_COLUMNS: [&str; 6] = ["date", "open", "high", "low", "close", "volume"];
/// The column that may follow them: the market pair's close.
pub const MARKET_COLUMN: &str = "market";

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// NaN or infinite.
    NotFinite,
    /// A price that is zero or negative.
    NotPositive,
    /// High below open or close.
    HighTooLow,
    /// Low above open or close.
    LowTooHigh,
    /// Volume below zero.
    Negative,
    /// Open time not after the previous candle's.
    NotAscending,
}

/// An invalid candle: which value, and why. `row` counts from 0 within the frame, or pushes since construction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadCandle {
    /// Row of the candle.
    pub row: usize,
    /// Name of the column, one of [`INPUT_COLUMNS`] or [`MARKET_COLUMN`].
    pub column: &'static str,
    /// The value found.
    pub value: f64,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for BadCandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, column, value, problem } = self;
        let (what, fix) = match problem {
            Problem::NotFinite => ("is not a finite number", "drop or repair the candle"),
            Problem::NotPositive => ("is not above 0", "drop or repair the candle"),
            Problem::HighTooLow => ("is below the candle's open or close", "download the candle again"),
            Problem::LowTooHigh => ("is above the candle's open or close", "download the candle again"),
            Problem::Negative => ("is negative", "drop or repair the candle"),
            Problem::NotAscending => ("is not after the previous candle's", "sort the candles by date and drop duplicates"),
        };
        write!(f, "row {row}, column {column}: {value} {what}; {fix}")
    }
}

impl std::error::Error for BadCandle {}

impl Candle {
    /// Checks the candle; `previous_ms` is the open time of the one before it, `row` what an error should name.
    ///
    /// # Errors
    /// The first invalid value in the order of the columns.
    #[inline]
    pub fn check(&self, row: usize, previous_ms: Option<f64>) -> Result<(), BadCandle> {
        let bad = |column, value, problem| Err(BadCandle { row, column, value, problem });
        if !self.open_ms.is_finite() {
            return bad("date", self.open_ms, Problem::NotFinite);
        }
        if previous_ms.is_some_and(|previous| self.open_ms <= previous) {
            return bad("date", self.open_ms, Problem::NotAscending);
        }
        for (column, price) in [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)] {
            if !price.is_finite() {
                return bad(column, price, Problem::NotFinite);
            }
            if price <= 0.0 {
                return bad(column, price, Problem::NotPositive);
            }
        }
        if self.high < self.open || self.high < self.close {
            return bad("high", self.high, Problem::HighTooLow);
        }
        if self.low > self.open || self.low > self.close {
            return bad("low", self.low, Problem::LowTooHigh);
        }
        if !self.volume.is_finite() {
            return bad("volume", self.volume, Problem::NotFinite);
        }
        if self.volume < 0.0 {
            return bad("volume", self.volume, Problem::Negative);
        }
        if self.market_close.is_infinite() {
            return bad(MARKET_COLUMN, self.market_close, Problem::NotFinite);
        }
        if self.market_close <= 0.0 {
            return bad(MARKET_COLUMN, self.market_close, Problem::NotPositive);
        }
        Ok(())
    }
}

/// Candles as columns of equal length: six, or seven with the market pair's close.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    columns: [&'a [f64]; INPUT_COLUMNS.len()],
    market: Option<&'a [f64]>,
    rows: usize,
}

impl<'a> Frame<'a> {
    /// A frame over columns in the order of [`INPUT_COLUMNS`]; `None` when their lengths differ.
    pub fn new(columns: [&'a [f64]; INPUT_COLUMNS.len()]) -> Option<Self> {
        let rows = columns[0].len();
        columns.iter().all(|column| column.len() == rows).then_some(Self { columns, market: None, rows })
    }

    /// The frame with the market pair's close of each row, NaN where there is none; `None` when the length differs.
    pub fn with_market(self, market: &'a [f64]) -> Option<Self> {
        (market.len() == self.rows).then_some(Self { market: Some(market), ..self })
    }

    /// A frame over one column-major block of `rows` × 6 or `rows` × 7 values (the seventh column is the market's); `None` when its length is another.
    pub fn from_block(block: &'a [f64], rows: usize) -> Option<Self> {
        let six = rows.checked_mul(INPUT_COLUMNS.len())?;
        let seven = six.checked_add(rows)?;
        if block.len() != six && block.len() != seven {
            return None;
        }
        let frame = Self { columns: std::array::from_fn(|j| &block[j * rows..(j + 1) * rows]), market: None, rows };
        if block.len() == six { Some(frame) } else { frame.with_market(&block[six..]) }
    }

    /// Number of candles.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Candle number `row`, which must be below [`Self::rows`].
    #[inline]
    pub fn candle(&self, row: usize) -> Candle {
        let [date, open, high, low, close, volume] = self.columns;
        Candle {
            open_ms: date[row],
            open: open[row],
            high: high[row],
            low: low[row],
            close: close[row],
            volume: volume[row],
            market_close: self.market.map_or(f64::NAN, |market| market[row]),
        }
    }

    /// Checks every candle.
    ///
    /// # Errors
    /// The first invalid candle.
    pub fn check(&self) -> Result<(), BadCandle> {
        let mut previous = None;
        for row in 0..self.rows {
            let candle = self.candle(row);
            candle.check(row, previous)?;
            previous = Some(candle.open_ms);
        }
        Ok(())
    }
}
