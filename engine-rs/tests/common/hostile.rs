//! Hostile candles out of bytes, and what must hold of the engine whatever it is given. Shared by the property tests and the fuzz targets.
//!
//! The bytes are a program: each operation makes one or many candles, most of them valid, so that a short input fills the windows and then
//! meets the engine with what is wild, broken, constant or out of order.
#![allow(dead_code, unreachable_pub, reason = "each user takes a part")]

use talebridge_engine::columns::{COLUMNS, Column};
use talebridge_engine::{Assessor, BadCandle, Candle, Frame, INPUT_COLUMNS, MARKET_COLUMN, Params, Selection, annotate, annotate_columns};

use crate::common::{Lcg, bits, market};

/// Most rows a program makes.
pub const MAX_ROWS: usize = 2600;
/// The input columns and the market's close.
const COLUMN: usize = INPUT_COLUMNS.len() + 1;
const STEP_MS: f64 = 300_000.0;
const MEMORY_FILL: usize = 700;

/// Values that break arithmetic.
const SPECIAL: [f64; 20] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
    5e-324,
    1.1e-308,
    f64::MAX,
    1e300,
    1e-300,
    1e8,
    1e-8,
    1e6,
    f64::EPSILON,
    9_007_199_254_740_993.0,
    -1e-9,
    1e17,
];

/// Reads a program; zeros when it has ended.
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl Cursor<'_> {
    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((&first, rest)) => {
                self.bytes = rest;
                first
            }
            None => 0,
        }
    }

    fn special(&mut self) -> f64 {
        let choice = usize::from(self.byte());
        SPECIAL.get(choice).copied().unwrap_or_else(|| f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| self.byte()))))
    }

    /// A positive finite number of any magnitude.
    fn positive(&mut self) -> f64 {
        let value = self.special().abs();
        if value.is_finite() && value > 0.0 { value } else { 1.0 }
    }
}

/// Rows of input values in the order of `INPUT_COLUMNS`, the market's close last.
#[derive(Clone, Debug, Default)]
pub struct Rows(pub Vec<[f64; COLUMN]>);

impl Rows {
    /// The candles a program makes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut cursor = Cursor { bytes };
        let mut maker = Maker { rows: Vec::new(), time: 1.7e12, price: 100.0, market: 1000.0 };
        while !cursor.bytes.is_empty() && maker.rows.len() < MAX_ROWS {
            maker.operation(&mut cursor);
        }
        maker.rows.truncate(MAX_ROWS);
        Self(maker.rows)
    }

    /// One column-major block.
    pub fn block(&self) -> Vec<f64> {
        (0..COLUMN).flat_map(|j| self.0.iter().map(move |row| row[j])).collect()
    }
}

struct Maker {
    rows: Vec<[f64; COLUMN]>,
    time: f64,
    price: f64,
    /// Level of the market's close; NaN: there is none.
    market: f64,
}

impl Maker {
    fn push(&mut self, open: f64, high: f64, low: f64, close: f64, volume: f64) {
        self.time += STEP_MS;
        self.price = close;
        let step = (self.rows.len() * 7 % 13) as f64 - 6.0;
        self.rows.push([self.time, open, high, low, close, volume, self.market * (1.0 + 0.001 * step)]);
    }

    /// A valid candle from the last price to `close`, limited to what a price can be.
    fn to(&mut self, close: f64, above: f64, below: f64, volume: f64) {
        let price = |x: f64| if x.is_nan() { 1.0 } else { x.clamp(5e-324, f64::MAX) };
        let (open, close) = (price(self.price), price(close));
        let (top, bottom) = (if open > close { open } else { close }, if open < close { open } else { close });
        self.push(open, price(top * (1.0 + above)), price(bottom / (1.0 + below)), close, volume);
    }

    fn operation(&mut self, cursor: &mut Cursor<'_>) {
        match cursor.byte() % 15 {
            0 => {
                let (count, seed, scale) = (cursor.byte(), cursor.byte(), i32::from(cursor.byte() % 48) - 40);
                let (mut lcg, scale) = (Lcg(u64::from(seed)), f64::from(scale).exp2());
                for _ in 0..=count {
                    let up = lcg.uniform() - 0.5;
                    let close = self.price * (1.0 + scale * lcg.uniform() * up.abs());
                    let close = if up < 0.0 { self.price * (self.price / close) } else { close };
                    self.to(close, scale * lcg.uniform(), scale * lcg.uniform(), 100.0 * lcg.uniform());
                }
            }
            1 => (0..=cursor.byte()).for_each(|_| self.to(self.price, 0.0, 0.0, 5.0)),
            2 => {
                let (factor, back) = (cursor.positive(), self.price);
                self.to(self.price * factor, 0.0, 0.0, 1.0);
                self.to(back, 0.0, 0.0, 1.0);
            }
            3 => {
                let values: [f64; 5] = std::array::from_fn(|_| cursor.special());
                self.push(values[0], values[1], values[2], values[3], values[4]);
            }
            4 => self.time += f64::from(cursor.byte()) * 1e9,
            5 => (0..=cursor.byte()).for_each(|_| self.to(self.price, 0.0, 0.0, 0.0)),
            6 => self.rows.extend(self.rows.last().copied()),
            7 => self.time -= f64::from(cursor.byte()) * STEP_MS,
            8 => {
                let (column, value) = (usize::from(cursor.byte()) % COLUMN, cursor.special());
                if let Some(row) = self.rows.last_mut() {
                    row[column] = value;
                }
            }
            9 => {
                let (count, tick) = (cursor.byte(), cursor.positive());
                (0..=count).for_each(|i| self.to(if i % 2 == 0 { self.price + tick } else { self.price - tick }, 0.0, 0.0, 1.0));
            }
            10 => {
                for candle in market(u64::from(cursor.byte()), MEMORY_FILL) {
                    self.to(candle.close, candle.high / candle.low - 1.0, 0.0, candle.volume);
                    if let Some(row) = self.rows.last_mut() {
                        row[COLUMN - 1] = candle.market_close;
                    }
                }
            }
            11 => self.price = cursor.positive(),
            12 => {
                let (factor, volume) = (cursor.positive(), cursor.positive());
                self.to(self.price, factor, factor, volume);
            }
            13 => self.market = cursor.special(),
            _ => {
                let (count, volume) = (cursor.byte(), cursor.positive());
                (0..=count).for_each(|i| self.to(self.price * if i % 3 == 0 { 1.01 } else { 0.995 }, 0.001, 0.001, volume));
            }
        }
    }
}

/// Pushes every row; the outputs of the valid ones, those rows, and the first refusal.
fn stream(params: &Params, rows: &Rows) -> (Vec<Vec<u64>>, Rows, Option<BadCandle>) {
    let block = rows.block();
    let frame = Frame::from_block(&block, rows.0.len()).expect("a block of the right size");
    let mut assessor = Assessor::new(params.clone());
    let (mut outputs, mut accepted, mut refused) = (Vec::new(), Rows::default(), None);
    for (t, row) in rows.0.iter().enumerate() {
        let candle: Candle = frame.candle(t);
        match assessor.push(&candle) {
            Ok(assessment) => {
                outputs.push(bits(&assessment.row()));
                accepted.0.push(*row);
            }
            Err(error) => {
                let known = INPUT_COLUMNS.contains(&error.column) || error.column == MARKET_COLUMN;
                assert!(error.row == outputs.len() && known, "{error:?} at {t}");
                refused.get_or_insert(BadCandle { row: t, ..error });
            }
        }
    }
    (outputs, accepted, refused)
}

/// What must hold of annotate and push for any rows: no panic; the same first error from both; and of what is accepted the same bits from both, within
/// the contract of the columns, and the verdict by itself as among all. Returns how many rows were accepted.
///
/// # Panics
/// When it does not hold.
pub fn check(params: &Params, rows: &Rows) -> usize {
    let (outputs, accepted, refused) = stream(params, rows);
    let annotated = |rows: &Rows| {
        let block = rows.block();
        let frame = Frame::from_block(&block, rows.0.len()).expect("a block of the right size");
        annotate(params, frame)
    };
    let block = match (annotated(rows), refused) {
        (Ok(block), None) => block,
        // Of one bad row: the values may be NaN, which differ from themselves.
        (Err(a), Some(b)) if (a.row, a.column, a.problem) == (b.row, b.column, b.problem) => {
            annotated(&accepted).expect("every row was accepted by push")
        }
        (a, b) => panic!("annotate and push disagree: {:?}, {b:?}", a.map(|_| "accepted")),
    };
    let (n, memory_rows) = (accepted.0.len(), params.memory_rows());
    for (t, output) in outputs.iter().enumerate() {
        for (j, column) in COLUMNS.iter().enumerate() {
            let value = block[j * n + t];
            assert_eq!(value.to_bits(), output[j], "{} at {t}: annotate and push differ", column.name);
            check_value(column, t < memory_rows, t, value);
        }
    }
    let accepted = accepted.block();
    let (frame, verdict) =
        (Frame::from_block(&accepted, n).expect("a block of the right size"), Selection::new(&[0, 1, 2]).expect("three columns"));
    let alone = annotate_columns(params, frame, &verdict).expect("every row was accepted");
    assert!(alone.iter().zip(&block).all(|(a, b)| a.to_bits() == b.to_bits()), "the verdict alone differs");
    assert_eq!(alone.len(), 3 * n);
    n
}

/// The contract of one value. Checked for millions: what it says is made only when it fails.
fn check_value(column: &Column, warming_up: bool, t: usize, value: f64) {
    let size = || (0.0..=1.0).contains(&value) && (value * 1024.0).fract() == 0.0 && (!warming_up || value == 0.0);
    let within = match column.name {
        "risk_size" => size(),
        "risk_reason" => value.fract() == 0.0 && (value == 1.0) == warming_up,
        _ if warming_up => value.is_nan(),
        _ if value.is_nan() => true,
        _ => match column.unit {
            "probability" => (0.0..=1.0).contains(&value),
            "log-loss per candle" => value >= 0.0,
            _ => true,
        },
    };
    // One NaN has one bit pattern; what the gate reads is exact in float32.
    let canonical = !value.is_nan() || value.to_bits() == 0x7ff8_0000_0000_0000;
    let exact = !column.gate || value.is_nan() || f64::from(value as f32).to_bits() == value.to_bits();
    assert!(within && canonical && exact && !value.is_infinite(), "{} = {value} at {t}, warming up: {warming_up}", column.name);
}

/// Valid parameters out of bytes: any profile, window set, timeframe and up to three rules about any measure.
pub fn params(bytes: [u8; 8]) -> Params {
    use talebridge_engine::columns::Measure;
    let names: Vec<&str> = Measure::names().collect();
    let rules: Vec<String> = bytes[4..4 + usize::from(bytes[3] % 4)]
        .iter()
        .map(|&byte| {
            let name = names[usize::from(byte) % names.len()];
            let from = f64::from(byte % 16) / 64.0;
            format!(r#"{{"measure": "{name}", "from": {from}, "to": {}, "min_size": 0.125, "deny_above": {}}}"#, from * 2.0, from * 3.0)
        })
        .collect();
    let profile = ["conservative", "aggressive", "extreme"][usize::from(bytes[0] % 3)];
    let set = if bytes[1].is_multiple_of(4) { "standard" } else { "compact" };
    let timeframe_s = [1, 60, 300, 3600, 86_400, 2_419_200][usize::from(bytes[2] % 6)];
    let rules = if bytes[3].is_multiple_of(4) { "null".to_owned() } else { format!("[{}]", rules.join(",")) };
    let json = format!(r#"{{"profile": "{profile}", "window_set": "{set}", "timeframe_s": {timeframe_s}, "rules": {rules}}}"#);
    Params::from_json(&json).unwrap_or_else(|violations| panic!("{json}: {violations:?}"))
}
