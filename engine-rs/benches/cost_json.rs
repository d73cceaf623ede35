//! `cargo bench -p talebridge-engine --bench cost_json`: cost against the length of windows and of the history, a ring against a cloned history, and what
//! threads gain where; one JSON object in the last line. Each figure is the fastest of rounds.

#[path = "../tests/common/mod.rs"]
mod common;
mod support;

use std::hint::black_box;

use common::{Columns, market};
use serde_json::{Value, json};
use support::{fastest, nanoseconds, round};
use talebridge_engine::measure::amihud::Amihud;
use talebridge_engine::measure::convexity::Convexity;
use talebridge_engine::measure::gpd::{Gpd, fit_on};
use talebridge_engine::measure::whale::VolumeSurprise;
use talebridge_engine::window::{ExactSum, Ring, SortedWindow};
use talebridge_engine::{Assessor, Backend, Candle, Params, Profile, WindowSet, annotate_with};

const ROUNDS: usize = 15;
const VALUES: usize = 4000;
const WINDOWS: [usize; 3] = [250, 500, 900];
/// Longest window of the measures with sums of 2^9 terms.
const LONGEST_OF_NINE_BITS: usize = 511;
const HISTORIES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const PAIRS: usize = 50;

fn main() {
    let candles = market(1, VALUES + 1);
    let report = json!({
        "bench": "cost",
        "window_ns": windows(&candles),
        "history_ns_per_push": histories(),
        "keeping_history_ns": keeping_history(&candles),
        "threads": threads(),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
    });
    println!("{report:#}");
    println!("{report}");
}

fn params(set: WindowSet) -> Params {
    Params::new(Profile::Aggressive, set, 300)
}

/// Fastest mean nanoseconds of `push` over all values, the first round being the one that fills the window.
fn per_value(values: &[f64], mut push: impl FnMut(f64)) -> f64 {
    let mut round = || nanoseconds(|| values.iter().for_each(|&x| push(x))) / values.len() as f64;
    round();
    fastest(&std::array::from_fn::<f64, ROUNDS, _>(|_| round()))
}

fn windows(candles: &[Candle]) -> Value {
    let returns: Vec<f64> = candles.windows(2).map(|pair| (pair[1].close / pair[0].close).ln()).collect();
    let best = Backend::best();
    let rows = WINDOWS.map(|length| {
        let (mut sorted, mut ring, mut sum) = (SortedWindow::new(length), Ring::new(length), ExactSum::<28, 10>::default());
        let (mut whale, mut amihud) = (VolumeSurprise::new(length), Amihud::new(length));
        let mut convexity = Convexity::new(length, 300);
        let naive = |x: f64, ring: &mut Ring| {
            ring.push(x * 512.0);
            black_box(ring.places().0.iter().map(|x| x * x).sum::<f64>());
        };
        json!({
            "rows": length,
            "exact_sum": round(per_value(&returns, |x| {
                let (new, old) = (x * 512.0, ring.push(x * 512.0));
                sum.add(new * new);
                sum.remove(old * old);
                black_box(sum.value());
            })),
            "sum_taken_anew": round(per_value(&returns, |x| naive(x, &mut ring))),
            "sorted_window": round(per_value(&returns, |x| { black_box(sorted.push(x)); })),
            "whale": round(per_value(&returns, |x| { black_box(whale.push_on(best, x.abs() + 1.0)); })),
            "amihud_rank": round(per_value(&returns, |x| { black_box(amihud.push_on(best, x, 5.0)); })),
            "convexity": (length <= LONGEST_OF_NINE_BITS)
                .then(|| round(per_value(&returns, |x| { black_box(convexity.push_on(best, x, 0.5 * x)); }))),
        })
    });
    let whole: serde_json::Map<String, Value> =
        WindowSet::ALL.into_iter().map(|set| (set.name().to_owned(), round(whole_row(set, 3000)).into())).collect();
    json!({ "parts": rows, "whole_row": whole })
}

/// Fastest mean nanoseconds of the same 2,000 pushes, after `history` candles of another market and 1,000 of their own.
fn whole_row(set: WindowSet, history: usize) -> f64 {
    let (mut candles, mut own) = (market(2, history), market(5, 3000));
    own.iter_mut().for_each(|candle| candle.open_ms += 3e5 * history as f64);
    let after = own.split_off(1000);
    candles.append(&mut own);
    let mut warm = Assessor::new(params(set));
    candles.iter().for_each(|candle| assert!(warm.push(candle).is_ok(), "the synthetic market is valid"));
    let round = || {
        let mut engine = warm.clone();
        nanoseconds(|| {
            after.iter().for_each(|candle| {
                black_box(engine.push(candle).is_ok());
            })
        }) / after.len() as f64
    };
    fastest(&std::array::from_fn::<f64, ROUNDS, _>(|_| round()))
}

/// The same work after ever longer histories.
fn histories() -> Value {
    HISTORIES.map(|length| json!({ "candles": length, "ns": round(whole_row(WindowSet::Standard, length)) })).into()
}

/// The last 990 candles as a ring, as a list from which the oldest is removed, and as a list cloned for each assessment; and a clone of the engine.
fn keeping_history(candles: &[Candle]) -> Value {
    const KEPT: usize = 990;
    let closes: Vec<f64> = candles.iter().map(|candle| candle.close).collect();
    let (mut ring, mut list, mut cloned) = (Ring::new(KEPT), vec![0.0; KEPT], vec![candles[0]; KEPT]);
    let engine = Assessor::new(params(WindowSet::Standard));
    json!({
        "ring": round(per_value(&closes, |x| { black_box(ring.push(x)); })),
        "list": round(per_value(&closes, |x| { list.remove(0); list.push(x); black_box(&list); })),
        "cloned_list_of_candles": round(per_value(&closes, |_| { cloned = black_box(&cloned).clone(); })),
        "cloned_engine": round(per_value(&closes[..500], |_| { black_box(engine.clone()); })),
    })
}

/// One long frame in segments, many short ones side by side, and the two tail fits of one assessment.
fn threads() -> Value {
    use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
    let (long, short) = (Columns::of(&market(3, 120_000)), Columns::of(&market(4, 1500)));
    let (standard, best) = (params(WindowSet::Standard), Backend::best());
    let segments = [1, 2, 8, 32].map(|threads| {
        let times: [f64; 5] = std::array::from_fn(|_| nanoseconds(|| annotate_with(&standard, long.frame(), best, threads)));
        json!({ "segments": threads, "ms": round(fastest(&times) / 1e6) })
    });
    let frames = vec![(); PAIRS];
    let frame = |()| drop(black_box(annotate_with(&standard, short.frame(), best, 1)));
    let in_turn: [f64; 5] = std::array::from_fn(|_| nanoseconds(|| frames.iter().copied().for_each(frame)));
    let beside: [f64; 5] = std::array::from_fn(|_| nanoseconds(|| frames.par_iter().copied().for_each(frame)));

    let y: Vec<f64> = (0..90).map(|i| Gpd { xi: 0.3, beta: 1.0 }.quantile(1.0 - (f64::from(i) + 0.5) / 90.0)).collect();
    let fit = || black_box(fit_on(best, black_box(&y)));
    let both = per_value(&[0.0; 1000], |_| {
        fit();
        fit();
    });
    // From inside the pool, where a dispatch costs least.
    let joined = rayon::scope(|_| {
        per_value(&[0.0; 1000], |_| {
            rayon::join(fit, fit);
        })
    });
    json!({
        "annotate_120000_rows": segments,
        "pairs": { "frames": PAIRS, "rows": 1500, "one_thread_ms": round(fastest(&in_turn) / 1e6), "pool_ms": round(fastest(&beside) / 1e6) },
        "one_assessment": { "two_fits_in_turn_ns": round(both), "two_fits_joined_ns": round(joined) },
    })
}
