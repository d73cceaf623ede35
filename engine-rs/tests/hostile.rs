//! Hostile candles through annotate and push: never a panic, a typed error or numbers within the contract of their columns, the same from both.

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use common::{Columns, market};
use hostile::{Rows, check, params};
use proptest::prelude::*;
use talebridge_engine::columns::{COLUMN_COUNT, COLUMNS};
use talebridge_engine::{Assessor, Candle, Frame, Params, Profile, WindowSet, annotate};

/// A program that first fills every window, so that what follows is assessed.
fn warmed(bytes: &[u8]) -> Vec<u8> {
    [&[10, 1][..], bytes].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_program_of_candles_is_answered_within_the_contract(settings: [u8; 8], program in prop::collection::vec(any::<u8>(), 0..60)) {
        check(&params(settings), &Rows::of(&program));
        check(&params(settings), &Rows::of(&warmed(&program)));
    }

    #[test]
    fn profiles_are_ordered_whatever_comes(compact: bool, program in prop::collection::vec(any::<u8>(), 0..60)) {
        sizes_by_profile(WindowSet::ALL[usize::from(compact)], &Rows::of(&warmed(&program)));
    }

    /// A tick of 1e8 and its way back, anywhere, in price, volume or market: when a column's memory has passed it, the bits are those of a run without it.
    #[test]
    fn a_wild_tick_that_has_left_the_window_was_never_there(compact: bool, at in 1..1500usize, part in 0..4usize, up: bool) {
        let set = WindowSet::ALL[usize::from(compact)];
        let params = Params::new(Profile::Conservative, set, 300);
        let tame = market(3, at + params.memory_rows() + 40);
        let mut wild = tame.clone();
        let factor = if up { 1e8 } else { 1e-8 };
        let c = &mut wild[at];
        match part {
            0 => (c.open, c.high, c.low, c.close) = (c.open * factor, c.high * factor, c.low * factor, c.close * factor),
            1 => (c.high, c.low) = (c.high * 1e8, c.low * 1e-8),
            2 => c.volume *= factor,
            _ => c.market_close *= factor,
        }
        let rows = tame.len();
        let [before, after] = [tame, wild].map(|candles| annotate(&params, Columns::of(&candles).frame()).expect("valid candles"));
        for (j, column) in COLUMNS.iter().enumerate() {
            let from = (at + column.memory_rows(set)).max(params.memory_rows());
            for t in from..rows {
                let (a, b) = (before[j * rows + t], after[j * rows + t]);
                prop_assert_eq!(a.to_bits(), b.to_bits(), "{} at {}, a tick at {}", column.name, t, at);
            }
        }
    }
}

/// Sizes of every accepted row by profile, strictest first; asserts their order.
fn sizes_by_profile(set: WindowSet, rows: &Rows) -> Vec<[f64; 3]> {
    let block = rows.block();
    let frame = Frame::from_block(&block, rows.0.len()).expect("a block of the right size");
    let mut engines = Profile::ALL.map(|profile| Assessor::new(Params::new(profile, set, 300)));
    let mut all = Vec::new();
    for t in 0..rows.0.len() {
        let candle = frame.candle(t);
        let answers: [_; 3] = engines.each_mut().map(|engine| engine.push(&candle).map(|assessment| assessment.size).ok());
        if let [Some(conservative), Some(aggressive), Some(extreme)] = answers {
            let sizes = [conservative, aggressive, extreme];
            assert!(sizes.is_sorted(), "row {t}: {sizes:?}");
            all.push(sizes);
        } else {
            assert_eq!(answers, [None; 3], "a candle is valid whatever the profile");
        }
    }
    all
}

/// The order of the profiles is strict somewhere, so that the property above says something.
#[test]
fn profiles_differ_on_hostile_candles() {
    for set in WindowSet::ALL {
        // Ten candles of a walk, then one whose move is several times theirs; again and again.
        let walk_and_move = (0..12).flat_map(|i| [0, 9, i, 33, 0, 0, i, 36]).collect::<Vec<u8>>();
        let sizes = sizes_by_profile(set, &Rows::of(&warmed(&warmed(&walk_and_move))));
        let strict = |a: usize, b: usize| sizes.iter().filter(|sizes| sizes[a] < sizes[b]).count();
        assert!(strict(0, 1) > 0 && strict(1, 2) > 0, "{}: {} and {}", set.name(), strict(0, 1), strict(1, 2));
    }
}

/// The same market at 1e-8 (where coins like PEPE trade) and at 1e6: the same verdicts, and every measure the same but for the rounding of the prices.
#[test]
fn a_price_of_1e_minus_8_and_one_of_1e6_are_judged_alike() {
    let candles = market(11, 6000);
    for profile in Profile::ALL {
        let params = Params::new(profile, WindowSet::Standard, 300);
        let annotated = |factor: f64| {
            let scaled: Vec<Candle> = candles
                .iter()
                .map(|c| Candle {
                    open: c.open * factor,
                    high: c.high * factor,
                    low: c.low * factor,
                    close: c.close * factor,
                    volume: c.volume / factor,
                    ..*c
                })
                .collect();
            annotate(&params, Columns::of(&scaled).frame()).expect("valid candles")
        };
        let (ordinary, cut) = (annotated(1.0), |block: &[f64]| block[990..candles.len()].iter().filter(|&&size| size < 1.0).count());
        assert!(cut(&ordinary) > 20, "the market must exercise the rules");
        // The market's prices are about 100.
        for factor in [1e-10, 1e4] {
            let other = annotated(factor);
            for j in 0..COLUMN_COUNT {
                let name = COLUMNS[j].name;
                for t in 0..candles.len() {
                    let (a, b) = (ordinary[j * candles.len() + t], other[j * candles.len() + t]);
                    let verdict = matches!(name, "risk_size" | "risk_reason");
                    let alike = if verdict { a == b } else { (a - b).abs() <= 1e-6 * (1.0 + a.abs()) || (a.is_nan() && b.is_nan()) };
                    assert!(alike, "{name} at {t}: {a} and, of prices {factor} times as high, {b}");
                }
            }
        }
    }
}

/// The named hostile inputs, each from its first row and after a filled window.
#[test]
fn named_hostilities_are_answered_within_the_contract() {
    const FULL: u8 = 255;
    let repeat = |operation: &[u8], times: usize| operation.repeat(times);
    let programs: [(&str, Vec<u8>); 17] = [
        ("constants", repeat(&[1, FULL], 6)),
        ("zero-volume filler", repeat(&[5, FULL, 0, 3, 7, 30], 8)),
        ("a tick of 1e8 and back", repeat(&[0, 200, 9, 30, 2, 13], 5)),
        ("1e300 and back", repeat(&[0, 100, 9, 30, 2, 11, 2, 12], 8)),
        ("subnormal prices", [vec![11, 8], repeat(&[0, FULL, 4, 40], 6)].concat()),
        ("largest prices", [vec![11, 10], repeat(&[0, FULL, 4, 40], 6)].concat()),
        ("prices of 1e-8", [vec![11, 14], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("prices of 1e6", [vec![11, 15], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("coarse ticks", repeat(&[9, FULL, 2], 6)),
        ("gaps", repeat(&[4, 200, 0, 20, 5, 33], 60)),
        ("huge volumes", repeat(&[14, FULL, 10], 6)),
        ("tiny volumes", repeat(&[14, FULL, 8], 6)),
        ("no market", [vec![13, 4], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("a market of 1e300, of 1e-300 and of none", repeat(&[13, 11, 0, 90, 4, 36, 13, 12, 0, 90, 5, 36, 13, 4, 0, 30, 6, 36], 8)),
        ("a market that stands still at the smallest price", [vec![13, 8], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("ranges of 1e300", repeat(&[12, 11, 2, 0, 20, 8, 30], 40)),
        ("duplicates, disorder, NaN, infinities and minus zero", repeat(&[0, 60, 3, 33, 6, 7, 3, 8, 2, 4, 8, 3, 5, 8, 5, 6, 8, 4, 1], 14)),
    ];
    for (name, program) in programs {
        for set in WindowSet::ALL {
            let params = Params::new(Profile::Conservative, set, 300);
            println!("{name}, {}", set.name());
            check(&params, &Rows::of(&program));
            let assessed = check(&params, &Rows::of(&warmed(&program)));
            assert!(assessed > params.memory_rows(), "{name}: only {assessed} rows were accepted, none assessed");
        }
    }
}

/// 0, 1, M − 1, M and M + 1 rows: the first assessment is that of row M.
#[test]
fn around_the_first_ready_row() {
    let params = Params::new(Profile::Aggressive, WindowSet::Compact, 300);
    let m = params.memory_rows();
    let all = Rows::of(&[10, 3, 10, 4]);
    assert!(all.0.len() > m + 1);
    for rows in [0, 1, m - 1, m, m + 1] {
        assert_eq!(check(&params, &Rows(all.0[..rows].to_vec())), rows);
    }
}
