//! Invalid candles are refused by row and column; valid candles, however wild, never panic and never give nonsense.

mod common;

use common::{Columns, market};
use proptest::prelude::*;
use talebridge_engine::columns::{COLUMN_COUNT, COLUMNS, Measure};
use talebridge_engine::{
    Assessment, Assessor, Candle, Frame, INPUT_COLUMNS, MARKET_COLUMN, Params, Problem, Profile, WindowSet, annotate, reasons,
};

fn params() -> Params {
    Params::new(Profile::Conservative, WindowSet::Compact, 300)
}

/// Every way a candle can be bad: the column changed, the value put there (from the good candle and its predecessor), the column named.
type Defect = (usize, fn(&Candle, &Candle) -> f64, &'static str, Problem);

const DEFECTS: [Defect; 27] = [
    (0, |_, _| f64::NAN, "date", Problem::NotFinite),
    (0, |_, _| f64::INFINITY, "date", Problem::NotFinite),
    (0, |_, previous| previous.open_ms, "date", Problem::NotAscending),
    (0, |_, previous| previous.open_ms - 1.0, "date", Problem::NotAscending),
    (1, |_, _| f64::NAN, "open", Problem::NotFinite),
    (1, |_, _| 0.0, "open", Problem::NotPositive),
    (1, |_, _| -1.0, "open", Problem::NotPositive),
    (1, |c, _| c.high * 1.01, "high", Problem::HighTooLow),
    (1, |c, _| c.low * 0.99, "low", Problem::LowTooHigh),
    (2, |_, _| f64::INFINITY, "high", Problem::NotFinite),
    (2, |_, _| -0.0, "high", Problem::NotPositive),
    (2, |c, _| c.open.max(c.close) * 0.999, "high", Problem::HighTooLow),
    (3, |_, _| f64::NEG_INFINITY, "low", Problem::NotFinite),
    (3, |_, _| 0.0, "low", Problem::NotPositive),
    (3, |c, _| c.open.min(c.close) * 1.001, "low", Problem::LowTooHigh),
    (4, |_, _| f64::NAN, "close", Problem::NotFinite),
    (4, |_, _| 0.0, "close", Problem::NotPositive),
    (4, |c, _| c.high * 1.01, "high", Problem::HighTooLow),
    (4, |c, _| c.low * 0.99, "low", Problem::LowTooHigh),
    (5, |_, _| f64::NAN, "volume", Problem::NotFinite),
    (5, |_, _| f64::INFINITY, "volume", Problem::NotFinite),
    (5, |_, _| -1e-9, "volume", Problem::Negative),
    (5, |_, _| f64::NEG_INFINITY, "volume", Problem::NotFinite),
    (6, |_, _| f64::INFINITY, MARKET_COLUMN, Problem::NotFinite),
    (6, |_, _| f64::NEG_INFINITY, MARKET_COLUMN, Problem::NotFinite),
    (6, |_, _| 0.0, MARKET_COLUMN, Problem::NotPositive),
    (6, |_, _| -1.0, MARKET_COLUMN, Problem::NotPositive),
];

#[test]
fn every_defect_is_refused_by_row_and_column_and_leaves_the_state_alone() {
    let candles = market(3, 700);
    let clean = {
        let mut assessor = Assessor::new(params());
        candles.iter().for_each(|candle| assert!(assessor.push(candle).is_ok()));
        assessor.assessment().row().map(f64::to_bits)
    };
    for (column, value, named, problem) in DEFECTS {
        let row = 650;
        let value = value(&candles[row], &candles[row - 1]);
        let mut columns = Columns::of(&candles);
        columns.0[column][row] = value;
        let what = format!("{} = {value}", INPUT_COLUMNS.get(column).unwrap_or(&MARKET_COLUMN));

        let error = annotate(&params(), columns.frame()).expect_err(&what);
        assert_eq!((error.row, error.column, error.problem), (row, named, problem), "{what}");
        let message = error.to_string();
        assert!(message.contains("row 650") && message.contains(named) && message.contains(';'), "{message}");

        let mut assessor = Assessor::new(params());
        for (t, candle) in candles.iter().enumerate() {
            if t == row {
                let before = assessor.assessment().row().map(f64::to_bits);
                let error = assessor.push(&columns.frame().candle(row)).expect_err(&what);
                assert_eq!((error.row, error.column, error.problem), (row, named, problem), "{what}");
                assert_eq!(assessor.assessment().row().map(f64::to_bits), before);
            }
            assert!(assessor.push(candle).is_ok());
        }
        assert_eq!(assessor.assessment().row().map(f64::to_bits), clean, "{what} left a trace");
    }
}

#[test]
fn the_first_bad_row_is_named_and_every_row_is_looked_at() {
    for row in [0, 1, 699] {
        let mut columns = Columns::of(&market(3, 700));
        columns.0[4][row] = f64::NAN;
        columns.0[5][699] = -1.0;
        assert_eq!(annotate(&params(), columns.frame()).expect_err("a bad row").row, row);
    }
}

#[test]
fn frames_of_other_shapes_are_refused() {
    let (a, b) = ([1.0; 3], [1.0; 2]);
    assert!(Frame::new([&a, &a, &a, &a, &a, &b]).is_none());
    let frame = Frame::new([&a; 6]).expect("equal lengths");
    assert!(frame.with_market(&b).is_none());
    for values in [17, 19, 20, 22] {
        assert!(Frame::from_block(&[0.0; 22][..values], 3).is_none(), "{values}");
    }
    assert!(Frame::from_block(&[0.0; 18], usize::MAX).is_none());
    let block: [f64; 21] = std::array::from_fn(|i| i as f64);
    let with_market = Frame::from_block(&block, 3).expect("seven columns");
    assert_eq!((with_market.candle(2).volume, with_market.candle(2).market_close), (17.0, 20.0));
    assert!(Frame::from_block(&block[..18], 3).expect("six columns").candle(2).market_close.is_nan());
    let empty = Frame::from_block(&[], 0).expect("an empty frame is a frame");
    assert_eq!(annotate(&params(), empty), Ok(Vec::new()));
}

/// What must hold of every ready row.
fn assert_sane_row(t: usize, a: &Assessment) {
    let get = |name: &str| a.get(Measure::from_name(name).expect(name));
    for measure in Measure::ALL {
        assert!(!a.get(measure).is_infinite(), "{} at row {t}", measure.name());
    }
    assert!(get("sigma") >= 1e-6);
    for name in ["sigma_ewma", "sigma_rs", "sigma_yz", "sigma_gk"] {
        assert!(get(name) >= 0.0, "{name} at row {t}: {}", get(name));
    }
    assert!(get("jump").is_nan() || get("jump") >= 0.0);
    assert_eq!(get("jump_level").is_nan(), get("jump").is_nan());
    let rank = get("sigma_rank");
    assert!(0.0 < rank && rank < 1.0, "row {t}: {rank}");
    assert!([0.0, 1.0, 2.0, 3.0].contains(&get("regime")));
    assert_eq!(get("change_alarm"), if get("change").abs() > 12.0 { get("change").signum() } else { 0.0 });
    assert!(get("max_to_sum").is_nan() || (0.0..=1.0).contains(&get("max_to_sum")));
    for side in ["long", "short"] {
        let get = |name: &str| get(&format!("{name}_{side}"));
        let (var95, var99, es95, es99) = (get("var95"), get("var99"), get("es95"), get("es99"));
        assert!(0.0 <= var95 && var95 <= var99 && var95 <= es95 && var99 <= es99 && es95 <= es99, "row {t}: {a:?}");
        assert!((0.0..=1.0).contains(&get("p_loss")), "row {t}: {a:?}");
        let (xi, xi_raw, xi_se, n) = (get("xi"), get("xi_raw"), get("xi_se"), get("tail_n"));
        assert!(
            xi.is_nan() == xi_raw.is_nan() && xi_se.is_nan() == xi.is_nan() && (xi.is_nan() || (0.1..=0.95).contains(&xi)),
            "row {t}: {a:?}"
        );
        assert!(xi.is_nan() || (n >= 30.0 && xi_se > 0.0 && xi_se < 1.0), "row {t}: {a:?}");
        assert!(
            get("theta").is_nan() == (n < 2.0) && (get("theta").is_nan() || (0.0 < get("theta") && get("theta") <= 1.0)),
            "row {t}: {a:?}"
        );
        assert!(get("hill").is_nan() || get("hill") >= 0.0);
        assert!([0.0, 1.0, 2.0].contains(&get("event")));
    }
}

/// What must hold of every assessment of valid candles.
fn assert_sane(params: &Params, candles: &[Candle]) {
    let mut assessor = Assessor::new(params.clone());
    for (t, candle) in candles.iter().enumerate() {
        let a = *assessor.push(candle).expect("a valid candle");
        assert!((0.0..=1.0).contains(&a.size), "{a:?}");
        if t < params.memory_rows() {
            assert_eq!((a.size, a.reason), (0.0, reasons::WARMING_UP));
            assert!(a.row()[2..].iter().all(|v| v.is_nan()));
            continue;
        }
        assert_ne!(a.reason, reasons::WARMING_UP);
        assert_sane_row(t, &a);
    }
}

fn candle(t: usize, open: f64, close: f64, up: f64, down: f64) -> Candle {
    let clamp = |price: f64| price.clamp(f64::MIN_POSITIVE, f64::MAX);
    let (open, close) = (clamp(open), clamp(close));
    Candle {
        open_ms: t as f64,
        open,
        high: clamp(open.max(close) * (1.0 + up)),
        low: clamp(open.min(close) / (1.0 + down)),
        close,
        volume: 0.0,
        market_close: f64::NAN,
    }
}

#[test]
fn dead_one_sided_and_absurd_markets_are_assessed() {
    let rows = 1300;
    let dead: Vec<Candle> = (0..rows).map(|t| candle(t, 1.0, 1.0, 0.0, 0.0)).collect();
    assert_sane(&params(), &dead);
    let mut assessor = Assessor::new(params());
    dead.iter().for_each(|c| assert!(assessor.push(c).is_ok()));
    let a = assessor.assessment();
    assert_eq!((a.size, a.reason), (1.0, reasons::INSUFFICIENT_VARIATION), "allowed, but flagged");
    assert!(a.get(Measure::Jump).is_nan() && a.value.is_nan() && a.get(Measure::XiLong).is_nan(), "nothing to fit: {a:?}");

    let mut shock = dead.clone();
    shock.push(candle(rows, 1.0, 0.3, 0.0, 0.0));
    shock.extend((rows + 1..rows + 700).map(|t| candle(t, 0.3, 0.3, 0.0, 0.0)));
    assert_sane(&params(), &shock);

    let rising: Vec<Candle> = (0..rows).map(|t| candle(t, 1.001f64.powi(t as i32), 1.001f64.powi(t as i32 + 1), 0.0, 0.0)).collect();
    assert_sane(&params(), &rising);
    let absurd: Vec<Candle> =
        (0..rows).map(|t| if t % 2 == 0 { candle(t, 1e300, 1e-300, 1.0, 1.0) } else { candle(t, 1e-300, 1e300, 1e9, 1e9) }).collect();
    assert_sane(&params(), &absurd);
    let limits: Vec<Candle> = (0..rows).map(|t| candle(t, f64::MIN_POSITIVE, f64::MAX, 0.0, 0.0)).collect();
    assert_sane(&params(), &limits);
    let subnormal: Vec<Candle> = (0..rows).map(|t| Candle { open: 5e-324, high: 5e-324, low: 5e-324, close: 5e-324, ..dead[t] }).collect();
    assert_sane(&params(), &subnormal);
}

/// A tick as wild as the format allows stays in the tail window while it is inside, and is forgotten completely once it has left.
#[test]
fn a_wild_candle_stays_in_the_tail_and_then_leaves_no_trace() {
    let clean = market(4, 2000);
    let mut wild = clean.clone();
    wild[700] = Candle { high: 1e12, low: 1e-9, ..wild[700] };
    wild[701].close *= 1e-6;
    wild[701].low = wild[701].close;
    let run = |candles: &[Candle]| annotate(&params(), Columns::of(candles).frame()).expect("valid candles");
    let (a, b) = (run(&clean), run(&wild));
    let at = |block: &[f64], name: &str, t: usize| {
        block[COLUMNS.iter().position(|column| column.name == name).expect("a column") * 2000 + t].to_bits()
    };
    assert_ne!(at(&a, "risk_es99_long", 1150), at(&b, "risk_es99_long", 1150));
    let first_clean = 701 + params().memory_rows();
    for column in COLUMNS {
        for t in first_clean..2000 {
            assert_eq!(at(&a, column.name, t), at(&b, column.name, t), "{} at {t}", column.name);
        }
    }
}

fn any_double() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -10.0..10.0f64, Just(0.0), Just(f64::NAN), Just(f64::INFINITY)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_never_panics(rows in 0..40usize, market: bool, values in prop::collection::vec(any_double(), 280)) {
        let columns = if market { 7 } else { 6 };
        let frame = Frame::from_block(&values[..rows * columns], rows).expect("the right size");
        match annotate(&params(), frame) {
            Ok(block) => prop_assert_eq!(block.len(), rows * COLUMN_COUNT),
            Err(error) => prop_assert!(error.row < rows && (INPUT_COLUMNS.contains(&error.column) || error.column == MARKET_COLUMN)),
        }
    }

    #[test]
    fn any_valid_candles_give_sane_numbers(seed: u64, scale in -12i32..3, zeros in 0.0..1.0f64) {
        let mut lcg = common::Lcg(seed);
        let scale = 10f64.powi(scale);
        let mut price = 1.0;
        let candles: Vec<Candle> = (0..900).map(|t| {
            let open = price;
            let u = lcg.uniform() - 0.5;
            price = if lcg.uniform() < zeros { open } else { open * (scale * u / (lcg.uniform() + 1e-6)).clamp(-600.0, 600.0).exp() }.clamp(1e-300, 1e300);
            candle(t, open, price, scale * lcg.uniform(), scale * lcg.uniform())
        }).collect();
        assert_sane(&params(), &candles);
    }
}
