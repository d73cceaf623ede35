//! What finite memory promises: the same bits for every start, end, batch or stream, thread count, instruction set and price unit; and that the
//! manifest's memory is the true one.

mod common;

use std::sync::LazyLock;

use common::{Columns, bits, market};
use proptest::prelude::*;
use talebridge_engine::columns::{COLUMN_COUNT, COLUMNS};
use talebridge_engine::{Assessor, Backend, Candle, Params, Profile, WindowSet, annotate, annotate_with};

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
        let mut memories = COLUMNS.map(|column| column.memory_rows(set)).to_vec();
        memories.dedup();
        for memory in memories {
            let mut candles = MARKET[..=t].to_vec();
            let c = &mut candles[t - memory];
            *c = Candle { open: c.open * factor, high: c.high * factor * 1.5, low: c.low * factor * 0.7, close: c.close * factor, ..*c };
            let (got, expected) = (row(&annotated(&params, &candles), t), row(&WHOLE[set_index(set)], t));
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
}

#[test]
fn threads_and_instruction_sets_do_not_change_a_bit() {
    let candles = market(6, 3 * 16 * 590 + 1234);
    let columns = Columns::of(&candles);
    let params = params(WindowSet::Compact);
    let expected = bits(&annotate_with(&params, columns.frame(), Backend::SCALAR, 1).expect("valid candles"));
    for backend in Backend::available() {
        for threads in [1, 2, 3, 64] {
            let got = bits(&annotate_with(&params, columns.frame(), backend, threads).expect("valid candles"));
            assert!(got == expected, "{} on {threads} threads", backend.name());
        }
        let mut assessor = Assessor::with_backend(params.clone(), backend);
        for (t, candle) in candles.iter().take(2000).enumerate() {
            let got = assessor.push(candle).expect("a valid candle").row();
            assert_eq!(bits(&got), row(&expected, t), "push on {} at {t}", backend.name());
        }
    }
}

/// The oldest candle of a column's memory does matter: the manifest does not claim more memory than there is.
///
/// Volatility remembers its oldest candle only through the median range of its floor, so the market is quiet at the moment that counts
/// (the end for `risk_sigma`, the filter of the oldest residual for the tails), which makes the floor bind, and moves strongly right after it, which puts that
/// residual into the tail.
#[test]
fn the_oldest_candle_of_the_memory_has_an_effect() {
    for set in WindowSet::ALL {
        for column in COLUMNS {
            let memory = column.memory_rows(set);
            // A median changes when a value crosses it: one of the two poisons does.
            let variants = [(-1.0, 1.0), (-1.0, 1.5), (1.0, 1.0), (1.0, 1.5)];
            let changed_something = variants.into_iter().any(|(direction, range)| {
                let t = 1400;
                let oldest = t + 1 - memory;
                let quiet_at = oldest + 89;
                let mut candles = market(10, t + 1);
                for c in &mut candles[quiet_at - 29..=quiet_at] {
                    flatten(c, 1e-5);
                }
                if quiet_at < t {
                    let c = &mut candles[quiet_at + 1];
                    c.close = c.open * (1.0 + direction * 0.05);
                    c.high = c.open.max(c.close);
                    c.low = c.open.min(c.close);
                }
                let mut poisoned = candles.clone();
                let c = &mut poisoned[oldest];
                *c = Candle { open: 1.0, high: range, low: 1.0, close: 1.0, ..*c };
                differs(column.name, set, &candles, &poisoned)
            });
            assert!(changed_something, "{} of set {} does not depend on the candle {memory} rows back", column.name, set.name());
        }
    }
}

/// Replaces a candle by one that rises by the share `range` and does nothing else.
fn flatten(c: &mut Candle, range: f64) {
    c.close = c.open * (1.0 + range);
    c.high = c.close;
    c.low = c.open;
}

/// Whether the last row of `name` differs between two histories. The verdict is asked through a rule about VaR, placed so that any
/// change of VaR shows.
fn differs(name: &str, set: WindowSet, a: &[Candle], b: &[Candle]) -> bool {
    let index = COLUMNS.iter().position(|column| column.name == name).expect("a column");
    let last = |rules: &str, candles: &[Candle]| -> Vec<f64> {
        let json = format!(r#"{{"timeframe_s": 300, "window_set": "{}", "loss_threshold": 0.02, "rules": {rules}}}"#, set.name());
        let block = annotated(&Params::from_json(&json).expect("valid parameters"), candles);
        row(&block, candles.len() - 1).into_iter().map(f64::from_bits).collect()
    };
    let (plain_a, plain_b) = (last("[]", a), last("[]", b));
    if !["risk_size", "risk_reason", "risk_value"].contains(&name) {
        return plain_a[index].to_bits() != plain_b[index].to_bits();
    }
    let var99 = COLUMNS.iter().position(|column| column.name == "risk_var99_long").expect("a column");
    let (low, high) = (plain_a[var99].min(plain_b[var99]), plain_a[var99].max(plain_b[var99]));
    let step = f64::midpoint(low, high);
    let rules = format!(r#"[{{"measure": "var99_long", "from": {step}, "to": {step}, "min_size": 0.5}}]"#);
    low < high && last(&rules, a)[index].to_bits() != last(&rules, b)[index].to_bits()
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
    assert_eq!(hashes.map(|hash| format!("{hash:016x}")), ["96d27ddb65c2e925", "7ef9ae17f84c2ad1"]);
}
