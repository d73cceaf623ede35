//! What finite memory promises: the same bits for every start, end, batch or stream, thread count, instruction set and price unit; and that the
//! manifest's memory is the true one.

mod common;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::{Columns, bits, market};
use proptest::prelude::*;
use talebridge_engine::columns::{COLUMN_COUNT, COLUMNS, Measure};
use talebridge_engine::{
    Assessor, Backend, Candle, Params, Profile, Selection, WindowSet, annotate, annotate_columns, annotate_columns_with, annotate_with,
};

/// Every measure is part of the verdict, so that nothing can change unseen.
fn params(set: WindowSet) -> Params {
    let json = format!(
        r#"{{"timeframe_s": 300, "window_set": "{}", "loss_threshold": 0.004, "rules": [
            {{"measure": "jump", "from": 2, "to": 6, "min_size": 0.1, "deny_above": 8}},
            {{"measure": "var99_long", "from": 0.002, "to": 0.05, "min_size": 0.2, "deny_above": null}},
            {{"measure": "es99_short", "from": 0.004, "to": 0.5, "min_size": 0.3}}]}}"#,
        set.name()
    );
    Params::from_json(&json).expect("valid parameters")
}

fn annotated(params: &Params, candles: &[Candle]) -> Vec<u64> {
    bits(&annotate(params, Columns::of(candles).frame()).expect("valid candles"))
}

fn streamed(params: &Params, candles: &[Candle]) -> Vec<u64> {
    let mut assessor = Assessor::new(params.clone());
    let mut block = vec![0; candles.len() * COLUMN_COUNT];
    for (t, candle) in candles.iter().enumerate() {
        for (j, value) in assessor.push(candle).expect("a valid candle").row().into_iter().enumerate() {
            block[j * candles.len() + t] = value.to_bits();
        }
    }
    block
}

/// Row `t` of a column-major block.
fn row(block: &[u64], t: usize) -> Vec<u64> {
    let rows = block.len() / COLUMN_COUNT;
    (0..COLUMN_COUNT).map(|j| block[j * rows + t]).collect()
}

const ROWS: usize = 2600;
static MARKET: LazyLock<Vec<Candle>> = LazyLock::new(|| market(5, ROWS));
static WHOLE: LazyLock<[Vec<u64>; 2]> = LazyLock::new(|| WindowSet::ALL.map(|set| annotated(&params(set), &MARKET)));

fn set_index(set: WindowSet) -> usize {
    usize::from(set == WindowSet::Compact)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_start_any_end_batch_or_stream_give_the_same_bits(compact: bool, start in 0..ROWS - 1000, length in 1000..ROWS) {
        let set = WindowSet::ALL[usize::from(compact)];
        let params = params(set);
        let end = (start + length).min(ROWS);
        let part = &MARKET[start..end];
        let batch = annotated(&params, part);
        prop_assert_eq!(&batch, &streamed(&params, part));
        for t in params.memory_rows()..part.len() {
            prop_assert_eq!(row(&batch, t), row(&WHOLE[set_index(set)], start + t), "row {} of a history from {}", t, start);
        }
        let ready = (0..part.len()).filter(|&t| f64::from_bits(row(&batch, t)[1]) != 1.0).count();
        prop_assert_eq!(ready, part.len().saturating_sub(params.memory_rows()), "exactly the first M rows are warming up");
    }

    /// A change `memory_rows` candles back changes nothing, in any column.
    #[test]
    fn what_lies_before_the_memory_has_no_effect(compact: bool, t in 1700..ROWS, factor in 0.2..5.0f64) {
        let set = WindowSet::ALL[usize::from(compact)];
        let params = params(set);
        let memories: BTreeSet<usize> = COLUMNS.iter().map(|column| column.memory_rows(set)).collect();
        for memory in memories {
            let mut candles = MARKET[t - params.memory_rows()..=t].to_vec();
            let last = candles.len() - 1;
            let c = &mut candles[last - memory];
            *c = Candle {
                open: c.open * factor,
                high: c.high * factor * 1.5,
                low: c.low * factor * 0.7,
                close: c.close * factor,
                volume: c.volume * factor,
                market_close: c.market_close * factor,
                ..*c
            };
            let (got, expected) = (row(&annotated(&params, &candles), last), row(&WHOLE[set_index(set)], t));
            for (j, column) in COLUMNS.iter().enumerate().filter(|(_, column)| column.memory_rows(set) <= memory) {
                prop_assert_eq!(got[j], expected[j], "{} at {} remembers row {}", column.name, t, t - memory);
            }
        }
    }

    #[test]
    fn the_unit_of_price_and_volume_does_not_matter(exponent in -60i32..60) {
        let factor = f64::powi(2.0, exponent);
        let scaled: Vec<Candle> = MARKET[..1200]
            .iter()
            .map(|c| Candle { open: c.open * factor, high: c.high * factor, low: c.low * factor, close: c.close * factor, volume: c.volume / factor, ..*c })
            .collect();
        let params = params(WindowSet::Standard);
        prop_assert_eq!(annotated(&params, &scaled), annotated(&params, &MARKET[..1200]));
    }

    #[test]
    fn any_selection_of_columns_has_the_bits_of_the_full_answer(compact: bool, ruled: bool, wanted in 1u64..1 << COLUMN_COUNT, rows in 900..1800usize) {
        let set = WindowSet::ALL[usize::from(compact)];
        let params = if ruled { params(set) } else { Params::new(Profile::Conservative, set, 300) };
        let indexes: Vec<u32> = (0..).take(COLUMN_COUNT).filter(|j| wanted >> j & 1 == 1).collect();
        let whole = annotated(&params, &MARKET[..rows]);
        prop_assert_eq!(selected(&params, &MARKET[..rows], &indexes), columns_of(&whole, &indexes));
    }
}

#[test]
fn threads_and_instruction_sets_do_not_change_a_bit() {
    let candles = market(6, 3 * 16 * 590 + 1234);
    let columns = Columns::of(&candles);
    let params = params(WindowSet::Compact);
    let few = Selection::new(&[0, 2, 3, 61]).expect("ascending columns");
    let expected = bits(&annotate_with(&params, columns.frame(), Backend::SCALAR, 1).expect("valid candles"));
    for backend in Backend::available() {
        for threads in [1, 2, 3, 64] {
            let got = bits(&annotate_with(&params, columns.frame(), backend, threads).expect("valid candles"));
            assert!(got == expected, "{} on {threads} threads", backend.name());
            let verdict = annotate_columns_with(&params, columns.frame(), &few, backend, threads).expect("valid candles");
            assert!(bits(&verdict) == columns_of(&expected, &[0, 2, 3, 61]), "four columns on {} on {threads} threads", backend.name());
        }
        let mut assessor = Assessor::with_backend(params.clone(), backend);
        for (t, candle) in candles.iter().take(2000).enumerate() {
            let got = assessor.push(candle).expect("a valid candle").row();
            assert_eq!(bits(&got), row(&expected, t), "push on {} at {t}", backend.name());
        }
    }
}

/// The oldest candle of a column's memory does matter: the manifest does not claim more memory than there is.
#[test]
fn the_oldest_candle_of_the_memory_has_an_effect() {
    // Of different lengths: where in its volatility regimes the market ends decides which rank the oldest candle can move.
    let lengths = [1401, 1251, 1301, 1351, 1451, 1501, 1551, 1601];
    let histories: Vec<Vec<Candle>> = lengths.into_iter().map(|rows| market(10, rows)).chain([alternating(1401), bursts(1401)]).collect();
    for set in WindowSet::ALL {
        let mut missing: BTreeSet<usize> = (0..COLUMN_COUNT).collect();
        let memories: BTreeSet<usize> = COLUMNS.iter().map(|column| column.memory_rows(set)).collect();
        for (&memory, history) in memories.iter().flat_map(|memory| histories.iter().map(move |history| (memory, history))) {
            let asked = |&j: &usize| COLUMNS[j].memory_rows(set) == memory;
            if missing.iter().any(asked) {
                let clean = BeforeTheLast::of(set, history);
                for poisoned in wild(history, memory) {
                    let poisoned = BeforeTheLast::of(set, &poisoned);
                    missing.retain(|j| !asked(j) || !clean.differs(*j, &poisoned));
                }
            }
            let asked = |&j: &usize| COLUMNS[j].memory_rows(set) == memory && feels_the_filter(COLUMNS[j].name);
            for (clean, poisoned) in quiet(history, memory) {
                if !missing.iter().any(asked) {
                    break;
                }
                let (clean, poisoned) = (BeforeTheLast::of(set, &clean), BeforeTheLast::of(set, &poisoned));
                missing.retain(|j| !asked(j) || !clean.differs(*j, &poisoned));
            }
        }
        let unaffected: Vec<&str> = missing.into_iter().map(|j| COLUMNS[j].name).collect();
        assert!(unaffected.is_empty(), "{}: no effect of the oldest candle of the memory on {unaffected:?}", set.name());
    }
}

/// Candles that fall and rise by the same ratio for ever, so that all residuals of a side are equal.
fn alternating(rows: usize) -> Vec<Candle> {
    let template = market(1, rows);
    let (low, high) = (64.0, 65.0);
    let prices = |t: usize| if t.is_multiple_of(2) { (low, high) } else { (high, low) };
    template.iter().enumerate().map(|(t, c)| Candle { open: prices(t).0, high, low, close: prices(t).1, ..*c }).collect()
}

/// A market whose large moves come in bursts of five, so that the extremal index is below its limit of 1.
fn bursts(rows: usize) -> Vec<Candle> {
    let mut candles = market(10, rows);
    for (t, c) in candles.iter_mut().enumerate().filter(|(t, _)| t % 60 < 5) {
        c.close = c.open * if t % 2 == 0 { 0.99 } else { 1.01 };
        c.high = c.high.max(c.close);
        c.low = c.low.min(c.close);
    }
    candles
}

/// Whether the oldest candle of a column's memory is that of the volatility filter.
fn feels_the_filter(name: &str) -> bool {
    let others = ["risk_jump", "risk_sigma_", "risk_regime", "risk_change", "risk_volume", "risk_whale", "risk_amihud", "risk_spread"];
    let market = ["risk_gamma", "risk_convexity", "risk_beta", "risk_fragility", "risk_market"];
    !others.iter().chain(&market).any(|prefix| name.starts_with(prefix))
}

/// The history with another candle `memory` − 1 rows before its last one.
fn poison(history: &[Candle], memory: usize, poison: impl Fn(&Candle) -> Candle) -> Vec<Candle> {
    let mut poisoned = history.to_vec();
    let oldest = &mut poisoned[history.len() - memory];
    *oldest = poison(oldest);
    poisoned
}

/// The history with a wild candle, or with one the market pair lacks.
fn wild(history: &[Candle], memory: usize) -> impl Iterator<Item = Vec<Candle>> {
    let absurd =
        |high: f64| move |c: &Candle| Candle { open: 1.0, high, low: 1.0, close: 1.0, volume: c.volume * 1e6, market_close: 1.0, ..*c };
    let no_market = move || poison(history, memory, |c| Candle { market_close: f64::NAN, ..*c });
    [1.0, 1.5, 1e6].into_iter().map(move |high| poison(history, memory, absurd(high))).chain(std::iter::once_with(no_market))
}

/// Pairs for what feels its oldest candle only through the median range of the volatility's floor. Just less than half of the 89 candles of a floor, the newest
/// ones, have no range, all others a normal one: the oldest then decides whether the median is normal or nothing, and with it σ, by a factor of
/// two or so. The small moves right after, of several sizes, come close to whatever number of the tail is asked for.
fn quiet(history: &[Candle], memory: usize) -> impl Iterator<Item = (Vec<Candle>, Vec<Candle>)> {
    let quiet_at = history.len() - memory + 88;
    let moves = [-1.0, 1.0].into_iter().flat_map(|direction| (0..12).map(move |i| direction * 1e-4 * 1.4f64.powi(i)));
    let history = history.to_vec();
    let rows = history.len();
    moves.take_while(move |_| quiet_at < rows).map(move |size| {
        let mut candles = history.clone();
        let price = candles[quiet_at].close;
        for (age, c) in candles[quiet_at - 87..=quiet_at].iter_mut().rev().enumerate() {
            let range = if age < 44 { 1e-7 } else { 2e-3 + 1e-6 * age as f64 };
            (c.open, c.high, c.low, c.close) = (price, price * (1.0 + range), price, price);
        }
        if let Some(c) = candles.get_mut(quiet_at + 1) {
            (c.open, c.close) = (price, price * (1.0 + size));
            (c.high, c.low) = (c.open.max(c.close), c.open.min(c.close));
        }
        let poisoned = poison(&candles, memory, |c| Candle { high: c.low, open: c.low, close: c.low, ..*c });
        (candles, poisoned)
    })
}

/// An engine that has seen a history but for its last candle, which can then be varied at the price of one push.
struct BeforeTheLast {
    engine: Assessor,
    last: Candle,
}

impl BeforeTheLast {
    /// The verdict, which takes few values, is asked through a rule about an event.
    fn of(set: WindowSet, history: &[Candle]) -> Self {
        let rule = r#"{"measure": "event_long", "from": 0.5, "to": 0.5, "min_size": 0.5}"#;
        let json = format!(r#"{{"timeframe_s": 300, "window_set": "{}", "loss_threshold": 0.02, "rules": [{rule}]}}"#, set.name());
        let mut engine = Assessor::new(Params::from_json(&json).expect("valid parameters"));
        let (last, before) = history.split_last().expect("a history");
        let memory = engine.params().memory_rows();
        for candle in &before[before.len() - memory..] {
            engine.push(candle).expect("a valid candle");
        }
        Self { engine, last: *last }
    }

    /// Bits of column `j` after the last candle, varied.
    fn value(&self, j: usize, vary: impl Fn(&mut Candle)) -> u64 {
        let (mut engine, mut last) = (self.engine.clone(), self.last);
        vary(&mut last);
        engine.push(&last).expect("a valid candle").row()[j].to_bits()
    }

    /// Whether column `j` can differ from that of another history. Measures that take few values are asked at a step: the last candle is varied until
    /// one of the two histories changes its value, and both are compared between the two steps.
    fn differs(&self, j: usize, other: &Self) -> bool {
        let Some(shape) = stepped(COLUMNS[j].name) else {
            return self.value(j, |_| ()) != other.value(j, |_| ());
        };
        match (self.step(j, shape), other.step(j, shape)) {
            (Some(x), Some(y)) => {
                let between = (x * y).sqrt();
                self.value(j, |c| shape(c, between)) != other.value(j, |c| shape(c, between))
            }
            _ => false,
        }
    }

    /// A size of the last candle at which column `j` changes its value, if it does at all.
    fn step(&self, j: usize, shape: fn(&mut Candle, f64)) -> Option<f64> {
        let (mut low, mut high) = (1e-6f64, 20.0f64);
        let smallest = self.value(j, |c| shape(c, low));
        if self.value(j, |c| shape(c, high)) == smallest {
            return None;
        }
        for _ in 0..18 {
            let middle = (low * high).sqrt();
            if self.value(j, |c| shape(c, middle)) == smallest { low = middle } else { high = middle }
        }
        Some((low * high).sqrt())
    }
}

/// How the last candle is varied for a measure of few values.
fn stepped(name: &str) -> Option<fn(&mut Candle, f64)> {
    let fall: fn(&mut Candle, f64) = |c, size| {
        c.close = c.open * (-size).exp();
        (c.high, c.low) = (c.open, c.close);
    };
    let rise: fn(&mut Candle, f64) = |c, size| {
        c.close = c.open * size.exp();
        (c.high, c.low) = (c.close, c.open);
    };
    let widen: fn(&mut Candle, f64) = |c, size| {
        c.close = c.open;
        (c.high, c.low) = (c.open * size.exp(), c.open);
    };
    match name {
        "risk_size" | "risk_reason" | "risk_value" | "risk_event_long" => Some(fall),
        "risk_event_short" => Some(rise),
        "risk_regime" | "risk_change_alarm" => Some(widen),
        "risk_whale" => Some(|c, size| c.volume *= size.exp()),
        "risk_fragility_class" => Some(|c, size| {
            c.close *= size.exp();
            c.high = c.high.max(c.close);
            c.market_close *= (-size).exp();
        }),
        _ => None,
    }
}

#[test]
fn profiles_are_ordered_and_only_conservative_denies() {
    let candles = market(11, 6000);
    let columns = Columns::of(&candles);
    let [conservative, aggressive, extreme] =
        Profile::ALL.map(|profile| annotate(&Params::new(profile, WindowSet::Standard, 300), columns.frame()).expect("valid candles"));
    let (mut cut, mut denied) = (0, 0);
    for t in 990..candles.len() {
        let sizes = [conservative[t], aggressive[t], extreme[t]];
        assert!(sizes.is_sorted(), "row {t}: {sizes:?}");
        assert!(sizes[1] >= 0.25 && sizes[2] >= 0.5);
        assert!(sizes.iter().all(|size| (size * 1024.0).fract() == 0.0));
        cut += usize::from(sizes[1] < 1.0);
        denied += usize::from(sizes[0] == 0.0);
    }
    assert!(cut > 20 && denied > 5, "the market must exercise the rules: {cut} cut, {denied} denied");
}

/// The results of one market, hashed: the same on every CPU, operating system and compiler. A change of the engine that changes a bit must
/// change this number, and the version with it, because fingerprints promise equal decisions.
#[test]
fn the_bits_are_the_same_on_every_platform() {
    let hashes = WindowSet::ALL.map(|set| {
        let block = annotated(&params(set), &market(12, 3000));
        block.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, value| (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29))
    });
    assert_eq!(hashes.map(|hash| format!("{hash:016x}")), ["f75f94f79c3f2559", "de5b041b27f31a2f"]);
}

/// The columns at these indexes of a full answer's bits.
fn columns_of(block: &[u64], indexes: &[u32]) -> Vec<u64> {
    let rows = block.len() / COLUMN_COUNT;
    indexes.iter().flat_map(|&j| block[j as usize * rows..][..rows].to_vec()).collect()
}

fn selected(params: &Params, candles: &[Candle], indexes: &[u32]) -> Vec<u64> {
    let selection = Selection::new(indexes).expect("ascending columns");
    bits(&annotate_columns(params, Columns::of(candles).frame(), &selection).expect("valid candles"))
}

/// Whatever is left out of the computing, no column that is asked for may feel it.
#[test]
fn every_single_column_has_the_bits_it_has_among_all() {
    let candles = market(12, 1300);
    let rules = [r#"{"measure": "jump", "from": 2, "to": 6, "min_size": 0.1}"#, ""];
    for (set, rules) in WindowSet::ALL.into_iter().flat_map(|set| rules.map(|rules| (set, rules))) {
        let json = format!(r#"{{"timeframe_s": 300, "window_set": "{}", "rules": [{rules}]}}"#, set.name());
        let params = Params::from_json(&json).expect("valid parameters");
        let whole = annotated(&params, &candles);
        for (j, column) in (0..).zip(COLUMNS) {
            assert!(selected(&params, &candles, &[j]) == columns_of(&whole, &[j]), "{} {}", set.name(), column.name);
        }
    }
}

/// A rule's measure is computed though its column is not asked for.
#[test]
fn the_verdict_is_the_same_without_the_measures_it_rests_on() {
    let candles = market(12, 1300);
    for measure in Measure::names() {
        let rule = format!(r#"{{"measure": "{measure}", "from": -1, "to": 1, "min_size": 0.1}}"#);
        let json = format!(r#"{{"timeframe_s": 300, "window_set": "compact", "rules": [{rule}]}}"#);
        let params = Params::from_json(&json).expect("valid parameters");
        let whole = annotated(&params, &candles);
        assert!(selected(&params, &candles, &[0, 1, 2]) == columns_of(&whole, &[0, 1, 2]), "{measure}");
    }
}
