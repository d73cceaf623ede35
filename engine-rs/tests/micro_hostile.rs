//! Whale, liquidity and antifragility measures on hostile candles: finite or NaN, within their ranges, and no trace of what has left the window.

mod common;

use proptest::prelude::*;
use talebridge_engine::measure::amihud::{Amihud, MEAN_ROWS};
use talebridge_engine::measure::convexity::Convexity;
use talebridge_engine::measure::flow::{FLOW_ROWS, Flow, traded_value};
use talebridge_engine::measure::kyle::Kyle;
use talebridge_engine::measure::spread::Spread;
use talebridge_engine::measure::whale::VolumeSurprise;
use talebridge_engine::{Backend, Candle, math};

const ROWS: usize = 250;
/// Rows after which nothing of the past is inside: the longest chain is Kyle's window of flows over a window of values.
const MEMORY: usize = ROWS + FLOW_ROWS;

/// Where a row has the spread's t, which has no value in the synthetic market: its opens are the closes before them, so that no spread shows.
const SPREAD_T: usize = 12;

/// Every measure of this file's subject, fed as the engine feeds them, except that the volatility that classifies volume is a constant.
struct Measures {
    backend: Backend,
    previous: Option<Candle>,
    surprise: VolumeSurprise,
    flow: Flow,
    kyle: Kyle,
    amihud: Amihud,
    spread: Spread,
    convexity: Convexity,
}

impl Measures {
    fn new(backend: Backend) -> Self {
        Self {
            backend,
            previous: None,
            surprise: VolumeSurprise::new(ROWS),
            flow: Flow::default(),
            kyle: Kyle::new(ROWS, 300),
            amihud: Amihud::new(ROWS),
            spread: Spread::new(ROWS, 300),
            convexity: Convexity::new(ROWS, 300),
        }
    }

    fn push(&mut self, candle: &Candle) -> Vec<f64> {
        let previous = self.previous.replace(*candle).unwrap_or(*candle);
        let r = math::ln_ratio(candle.close, previous.close);
        let known = !candle.market_close.is_nan() && !previous.market_close.is_nan();
        let market = if known { math::ln_ratio(candle.market_close, previous.market_close) } else { f64::NAN };
        let value = traded_value(candle.volume, candle.close);
        let surprise = self.surprise.push_on(self.backend, if value > 0.0 { math::ln(value) } else { f64::NAN });
        let flow = self.flow.push_on(self.backend, value, r / 0.001);
        let kyle = self.kyle.push_on(self.backend, r, flow.signed);
        let amihud = self.amihud.push_on(self.backend, r, value);
        let spread = self.spread.push_on(self.backend, candle, &previous);
        let response = self.convexity.push_on(self.backend, r, market);

        let within = |x: f64, low: f64, high: f64| assert!(x.is_nan() || (low..=high).contains(&x), "{x} is not within {low} … {high}");
        within(flow.flow, -1.0, 1.0);
        within(flow.window, -1.0, 1.0);
        within(flow.vpin, 0.0, 1.0);
        within(amihud.rank, 0.0, 1.0);
        within(response.market_sigma, 0.0, f64::MAX);
        let row = vec![
            surprise,
            flow.flow,
            flow.window,
            flow.vpin,
            flow.signed,
            flow.n as f64,
            kyle.lambda,
            kyle.t,
            kyle.n as f64,
            amihud.rank,
            amihud.n as f64,
            spread.spread,
            spread.t,
            spread.limited as f64,
            response.gamma,
            response.gamma_t,
            response.convexity(3.0),
            response.beta_up,
            response.beta_down,
            response.n as f64,
            response.limited as f64,
        ];
        assert!(row.iter().all(|x| !x.is_infinite()), "{row:?}");
        row
    }
}

/// Bits with one pattern for every NaN: the engine makes them alike at the end.
fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
}

fn price() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 90.0..110.0f64,
        2 => (1..5u32).prop_map(|ticks| f64::from(ticks) * 1e-8),
        1 => Just(100.0),
        1 => Just(1e10),
        1 => prop_oneof![Just(1e300), Just(1e-300), Just(f64::MIN_POSITIVE), Just(f64::MAX), Just(5e-324)],
    ]
}

fn volume() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.1..1e6f64,
        2 => Just(0.0),
        1 => Just(1.0),
        1 => prop_oneof![Just(1e300), Just(1e-300), Just(5e-324), Just(f64::MAX), Just(1e-9)],
    ]
}

fn hostile() -> impl Strategy<Value = Candle> {
    (prop::array::uniform4(price()), volume(), prop_oneof![2 => price(), 1 => Just(f64::NAN)]).prop_map(|(prices, volume, market_close)| {
        let [open, close, a, b] = prices;
        let high = prices.into_iter().fold(0.0, f64::max);
        let low = prices.into_iter().fold(f64::INFINITY, f64::min);
        // A quarter of the candles are flat, as fillers of exchanges are.
        if a == b {
            Candle { open_ms: 0.0, open, high: open, low: open, close: open, volume, market_close }
        } else {
            Candle { open_ms: 0.0, open, high, low, close, volume, market_close }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_valid_candles_give_numbers_or_nothing(candles in prop::collection::vec(hostile(), 1..40), repeat in 1..60usize) {
        let mut measures = Measures::new(Backend::best());
        for candle in candles.iter().cycle().take(candles.len() * repeat) {
            measures.push(candle);
        }
    }

    #[test]
    fn what_has_left_the_window_leaves_no_trace(before in prop::collection::vec(hostile(), 1..300), seed in 0..1000u64) {
        let after = common::market(seed, MEMORY + 60);
        for backend in Backend::available() {
            let (mut poisoned, mut clean) = (Measures::new(backend), Measures::new(backend));
            for candle in &before {
                poisoned.push(candle);
            }
            for (t, candle) in after.iter().enumerate() {
                let (got, expected) = (poisoned.push(candle), clean.push(candle));
                if t >= MEMORY {
                    prop_assert_eq!(bits(&got), bits(&expected), "{} rows after, {}", t, backend.name());
                    let defined = expected.iter().enumerate().filter(|&(i, _)| i != SPREAD_T).all(|(_, x)| x.is_finite());
                    prop_assert!(defined, "all of them are ready: {:?}", expected);
                }
            }
        }
    }
}

/// One price 10⁸ times too high, in open, high, low or close: felt while inside, gone without a trace afterwards.
#[test]
fn a_wild_tick_is_felt_and_then_forgotten() {
    let candles = common::market(77, 2 * MEMORY + 400);
    let at = MEMORY + 100;
    let wild = |c: Candle| -> [Candle; 3] {
        [
            Candle { high: c.high * 1e8, ..c },
            Candle { low: c.low / 1e8, ..c },
            Candle {
                open: c.open * 1e8,
                close: c.close * 1e8,
                high: c.high * 1e8,
                low: c.low * 1e8,
                volume: c.volume * 1e8,
                market_close: c.market_close * 1e8,
                ..c
            },
        ]
    };
    for wild in wild(candles[at]) {
        let (mut poisoned, mut clean) = (Measures::new(Backend::best()), Measures::new(Backend::best()));
        let mut felt = 0;
        for (t, candle) in candles.iter().enumerate() {
            let got = poisoned.push(if t == at { &wild } else { candle });
            let expected = clean.push(candle);
            if bits(&got) != bits(&expected) {
                felt += 1;
                assert!((at..=at + MEMORY).contains(&t), "row {t} remembers row {at}");
            }
        }
        assert!(felt >= ROWS - 2, "{felt} rows differ");
    }
}

/// Fillers without trades: the volume measures leave them out.
#[test]
fn a_dead_market_has_no_volume_measures() {
    let mut measures = Measures::new(Backend::best());
    let candle = Candle { open_ms: 0.0, open: 5.0, high: 5.0, low: 5.0, close: 5.0, volume: 0.0, market_close: 7.0 };
    for candle in common::market(5, 600).iter().chain(std::iter::repeat_n(&candle, 2 * MEMORY + MEAN_ROWS)) {
        measures.push(candle);
    }
    let row = measures.push(&candle);
    for (name, index) in [("surprise", 0), ("flow", 1), ("net flow", 2), ("vpin", 3), ("λ", 6), ("Amihud", 9), ("spread", 11), ("γ", 14)]
    {
        assert!(row[index].is_nan(), "{name} of a dead market is {}", row[index]);
    }
}

/// Equal volumes have no surprise; one that differs among them is measured by the mean deviation.
#[test]
fn constant_volume_has_no_surprise() {
    let mut surprise = VolumeSurprise::new(ROWS);
    for _ in 0..2 * ROWS {
        assert!(surprise.push_on(Backend::best(), math::ln(123.456)).is_nan());
    }
    let z = surprise.push_on(Backend::best(), math::ln(12_345.6));
    assert!((z - ROWS as f64 / 1.253_314).abs() < 1e-9, "one of {ROWS} deviates: {z}");
}

/// Limits of exact sums are counted where they bind.
#[test]
fn limited_returns_are_counted() {
    let mut convexity = Convexity::new(ROWS, 300);
    let mut last = None;
    for (t, candle) in common::market(6, 2 * ROWS).iter().enumerate() {
        let r = if t == ROWS + 40 { 3.0 } else { candle.close.fract() * 0.01 };
        last = Some(convexity.push_on(Backend::best(), r, -r));
    }
    assert_eq!(last.map(|response| response.limited), Some(1));
    let mut kyle = Kyle::new(ROWS, 300);
    assert_eq!(kyle.push_on(Backend::best(), -2.0, 1.0).limited, 1);
}
