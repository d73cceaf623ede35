//! Whale, liquidity and antifragility measures against numbers of other implementations (`oracles/micro.py`), published numbers and closed forms.

mod common;

use serde_json::Value;
use talebridge_engine::columns::Measure;
use talebridge_engine::measure::amihud::Amihud;
use talebridge_engine::measure::black_swan::Side;
use talebridge_engine::measure::convexity::{Convexity, Fragility, MIN_JOINT};
use talebridge_engine::measure::edge::{Edge, edge};
use talebridge_engine::measure::flow::Flow;
use talebridge_engine::measure::kyle::Kyle;
use talebridge_engine::measure::left_vega::{KAPPA, STRETCH, left_vega_on};
use talebridge_engine::measure::spread::{Spread, SpreadEstimate};
use talebridge_engine::measure::whale::{VolumeSurprise, Whale};
use talebridge_engine::normal::erf;
use talebridge_engine::{Assessor, Backend, Candle, Params, math};

const DAY_S: u32 = 86_400;
const MINUTES_5_S: u32 = 300;

fn oracles(key: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("oracles/micro.json")).expect("micro.json is JSON");
    all[key].take()
}

/// A number; null is NaN.
fn number(value: &Value) -> f64 {
    if value.is_null() { f64::NAN } else { value.as_f64().expect("a number") }
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn count(value: &Value) -> usize {
    value.as_u64().expect("a count") as usize
}

fn assert_close(got: f64, expected: f64, relative: f64, what: &str) {
    let same = (got.is_nan() && expected.is_nan()) || (got - expected).abs() <= relative * expected.abs();
    assert!(same, "{what}: got {got:e}, expected {expected:e}");
}

#[test]
fn erf_is_within_one_ulp_of_the_correctly_rounded_value() {
    let points = oracles("erf");
    assert!(list(&points).len() > 300);
    for point in list(&points) {
        let (x, expected) = (number(&point[0]), number(&point[1]));
        let ulp = f64::from_bits(expected.abs().to_bits() + 1) - expected.abs();
        assert!((erf(x) - expected).abs() <= ulp, "erf({x:e}) = {:e}, not {expected:e}", erf(x));
        assert_eq!(erf(-x), -erf(x));
    }
    assert_eq!([erf(0.0).to_bits(), erf(-0.0).to_bits()], [0, 1 << 63]);
    assert_eq!([erf(f64::INFINITY), erf(f64::NEG_INFINITY), erf(6.0), erf(1e300)], [1.0, -1.0, 1.0, 1.0]);
    assert!(erf(f64::NAN).is_nan());
}

/// The 10,000 days of the EDGE authors' test file (MIT, licence beside it): open, high, low, close.
fn authors_prices() -> [Vec<f64>; 4] {
    let mut columns = [(); 4].map(|()| Vec::with_capacity(10_000));
    for line in include_str!("oracles/bidask/ohlc.csv").lines().skip(1) {
        for (column, cell) in columns.iter_mut().zip(line.split(',')) {
            column.push(cell.parse().expect("a price"));
        }
    }
    assert!(columns.iter().all(|column| column.len() == 10_000));
    columns
}

fn edge_of([open, high, low, close]: &[Vec<f64>; 4], rows: std::ops::Range<usize>) -> Option<Edge> {
    edge(&open[rows.clone()], &high[rows.clone()], &low[rows.clone()], &close[rows])
}

/// Intermediate and final numbers as printed in the authors' repository, `pseudocode/README.md`.
fn assert_edge(got: Edge, [pt, po, pc, e1, e2, v1, v2, s2]: [f64; 8], spread: f64) {
    for (name, got, expected) in [
        ("pt", got.pt, pt),
        ("po", got.po, po),
        ("pc", got.pc, pc),
        ("e1", got.e1, e1),
        ("e2", got.e2, e2),
        ("v1", got.v1, v1),
        ("v2", got.v2, v2),
        ("s2", got.s2, s2),
        ("spread", got.absolute(), spread),
    ] {
        assert_close(got, expected, 1e-12, name);
    }
}

#[test]
fn edge_is_the_published_number() {
    let mut prices = authors_prices();
    let published = [
        0.982_098_209_820_982_1,
        1.227_922_792_279_228,
        1.205_220_522_052_205_2,
        0.000_107_024_256_895_604_82,
        0.000_101_595_812_797_079,
        2.074_215_642_985_551e-6,
        1.346_127_991_974_357_2e-6,
        0.000_103_732_259_111_771_94,
    ];
    assert_edge(edge_of(&prices, 0..10_000).expect("an estimate"), published, 0.010_184_903_490_547_8);
    let ten = edge_of(&prices, 0..10).expect("an estimate");
    assert_close(ten.signed(), -0.016_889_917_516_422, 1e-12, "the first ten days");
    assert_eq!(ten.absolute(), -ten.signed());

    let missing = oracles("edge")["missing"].take();
    assert_eq!(list(&missing).len(), 3789);
    for cell in list(&missing) {
        prices[count(cell) % 4][count(cell) / 4] = f64::NAN;
    }
    let published = [
        0.982_207_844_723_008_5,
        1.227_225_442_116_213_4,
        1.205_827_632_480_371,
        0.000_103_377_807_678_345_83,
        0.000_102_192_719_727_768_08,
        2.004_542_026_185_061_7e-6,
        1.373_839_551_967_266e-6,
        0.000_102_674_642_998_245_43,
    ];
    assert_edge(edge_of(&prices, 0..10_000).expect("an estimate"), published, 0.010_132_849_697_801_97);
}

#[test]
fn edge_is_undefined_where_the_authors_say_so() {
    let frozen = [[18.21, 17.61, 17.61], [18.21, 17.61, 17.61], [17.61; 3], [17.61; 3]];
    assert_eq!(edge(&frozen[0], &frozen[1], &frozen[2], &frozen[3]), None);
    assert_eq!(edge(&[1.0; 2], &[2.0; 2], &[1.0; 2], &[1.5; 2]), None, "two periods");
    assert_eq!(edge(&[1.0; 4], &[2.0; 4], &[1.0; 3], &[1.5; 4]), None, "different lengths");
    assert_eq!(edge(&[1.0; 50], &[1.0; 50], &[1.0; 50], &[1.0; 50]), None, "nothing moves");
    assert_eq!(edge(&[f64::NAN; 50], &[f64::NAN; 50], &[f64::NAN; 50], &[f64::NAN; 50]), None, "nothing known");
}

fn candles([open, high, low, close]: &[Vec<f64>; 4]) -> Vec<Candle> {
    (0..open.len()).map(|t| candle([open[t], high[t], low[t], close[t]])).collect()
}

fn candle([open, high, low, close]: [f64; 4]) -> Candle {
    Candle { open_ms: 0.0, open, high, low, close, volume: 1.0, market_close: f64::NAN }
}

/// The estimates of every candle.
fn spreads(spread: &mut Spread, backend: Backend, candles: &[Candle]) -> Vec<SpreadEstimate> {
    (0..candles.len()).map(|t| spread.push_on(backend, &candles[t], &candles[t.saturating_sub(1)])).collect()
}

#[test]
fn the_rolling_spread_is_bidasks() {
    let prices = authors_prices();
    let days = candles(&prices);
    let root = |x: f64| x.sqrt().sqrt().sqrt().sqrt().sqrt();
    let small: Vec<Candle> = days[..3000].iter().map(|c| candle([c.open, c.high, c.low, c.close].map(root))).collect();
    for (key, candles, timeframe_s) in [("rolling", &days, DAY_S), ("rolling_small", &small, MINUTES_5_S)] {
        for case in list(&oracles("edge")[key]) {
            let window = count(&case["window"]);
            for backend in Backend::available() {
                let mut spread = Spread::new(window, timeframe_s);
                let estimates = spreads(&mut spread, backend, candles);
                assert!(estimates[..window - 1].iter().all(|estimate| estimate.spread.is_nan()), "not before the window is full");
                for point in list(&case["points"]) {
                    let row = count(&point[0]);
                    let what = format!("{key}, window {window}, row {row}, {}", backend.name());
                    let squared = |x: f64| x * x.abs();
                    // Compared as squares, which is what is estimated: near 0 the root magnifies any rounding. bidask's rolling means themselves
                    // differ from its direct evaluation by more than ours do.
                    let (got, rolling, direct) = (squared(estimates[row].spread), squared(number(&point[1])), squared(number(&point[2])));
                    assert!((got - direct).abs() <= 1e-10 * direct.abs() + 1e-15, "{what}: {got:e}, not {direct:e}");
                    assert!((got - rolling).abs() <= 1e-8 * rolling.abs() + 1e-12, "{what}: {got:e}, not {rolling:e}");
                    assert_eq!(estimates[row].limited, 0, "{what}");
                }
            }
        }
    }
}

/// t is S² over the standard deviation of the weighted moment: on the whole simulated file, of spread 1 %, it is large, and the estimate lies within a few errors of 1 %.
#[test]
fn the_spreads_standard_error_is_of_the_size_of_its_error() {
    let mut spread = Spread::new(500, DAY_S);
    let (mut beyond, mut count) = (0, 0);
    for (t, estimate) in spreads(&mut spread, Backend::best(), &candles(&authors_prices())).into_iter().enumerate() {
        if t >= 499 && t % 250 == 0 {
            let s2 = estimate.spread * estimate.spread.abs();
            let error = (s2 - 1e-4) * estimate.t / s2;
            beyond += usize::from(error.abs() > 2.0);
            count += 1;
        }
    }
    assert!(count > 35 && beyond <= 5, "{beyond} of {count} are more than two standard errors from the truth");
}

fn log_value(value: f64) -> f64 {
    if value > 0.0 { math::ln(value) } else { f64::NAN }
}

#[test]
fn volume_surprise_is_scipys_modified_z() {
    for case in list(&oracles("whale")) {
        let (rows, values) = (count(&case["rows"]), numbers(&case["values"]));
        for backend in Backend::available() {
            let mut surprise = VolumeSurprise::new(rows);
            let got: Vec<f64> = values.iter().map(|&value| surprise.push_on(backend, log_value(value))).collect();
            assert!(got[..rows - 1].iter().all(|z| z.is_nan()));
            for point in list(&case["points"]) {
                let (row, expected) = (count(&point[0]), number(&point[1]));
                let same = (got[row].is_nan() && expected.is_nan()) || (got[row] - expected).abs() <= 1e-12 * (1.0 + expected.abs());
                assert!(same, "{} over {rows}, row {row}: {} not {expected}", case["name"], got[row]);
            }
        }
    }
}

#[test]
fn a_whale_has_a_side_only_with_a_clear_flow() {
    for (surprise, flow, expected) in [
        (3.5, 1.0, Some(Whale::None)),
        (3.6, 0.31, Some(Whale::Buy)),
        (3.6, -0.31, Some(Whale::Sell)),
        (3.6, 0.3, Some(Whale::Unclear)),
        (9.0, f64::NAN, Some(Whale::Unclear)),
        (-9.0, -1.0, Some(Whale::None)),
        (f64::NAN, 1.0, None),
    ] {
        assert_eq!(Whale::classify(surprise, flow), expected, "{surprise} {flow}");
    }
    assert_eq!([Whale::None, Whale::Buy, Whale::Sell, Whale::Unclear].map(Whale::code), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn flow_and_vpin_are_volume_weighted_normal_probabilities() {
    let oracle = oracles("flow");
    let (values, z) = (numbers(&oracle["values"]), numbers(&oracle["z"]));
    for backend in Backend::available() {
        let mut flow = Flow::default();
        let got: Vec<_> = values.iter().zip(&z).map(|(&value, &z)| flow.push_on(backend, value, z)).collect();
        for point in list(&oracle["points"]) {
            let row = count(&point["row"]);
            let got = got[row];
            for (name, got) in [("flow", got.flow), ("window", got.window), ("vpin", got.vpin), ("signed", got.signed)] {
                let expected = number(&point[name]);
                let same = (got.is_nan() && expected.is_nan()) || (got - expected).abs() <= 1e-13 * (1.0 + expected.abs());
                assert!(same, "{name} at {row}: {got:e} not {expected:e}");
            }
            assert_eq!(got.n, count(&point["n"]));
        }
    }
}

#[test]
fn all_bought_is_one_and_balanced_is_none() {
    let mut flow = Flow::default();
    let mut last = flow.push_on(Backend::best(), 5.0, 40.0);
    for _ in 0..300 {
        last = flow.push_on(Backend::best(), 5.0, 40.0);
    }
    assert_eq!((last.flow, last.window, last.vpin, last.signed, last.n), (1.0, 1.0, 1.0, 1.0, 250));
    for i in 0..250 {
        last = flow.push_on(Backend::best(), 7.0, if i % 2 == 0 { 1.0 } else { -1.0 });
    }
    assert_eq!(last.window, 0.0);
    // Values as small as 7 units of the quote currency are resolved to 2^−36 units each.
    assert!((last.vpin - 0.682_689_492_137_085_9).abs() < 1e-12, "2Φ(1) − 1, not {}", last.vpin);
}

#[test]
fn kyles_lambda_is_statsmodels_least_squares_with_hc0() {
    let oracle = oracles("kyle");
    let (signed, r) = (numbers(&oracle[0]["signed"]), numbers(&oracle[0]["r"]));
    for case in &list(&oracle)[1..] {
        for backend in Backend::available() {
            let mut kyle = Kyle::new(count(&case["rows"]), MINUTES_5_S);
            let got: Vec<_> = r.iter().zip(&signed).map(|(&r, &x)| kyle.push_on(backend, r, x)).collect();
            for point in list(&case["points"]) {
                let row = count(&point[0]);
                assert_close(got[row].lambda, number(&point[1]), 1e-10, &format!("λ at {row}"));
                assert_close(got[row].t, number(&point[2]), 1e-10, &format!("t at {row}"));
                assert_eq!(got[row].n, count(&point[3]));
            }
        }
    }
}

#[test]
fn kyle_has_no_t_for_an_exact_relation_and_no_slope_without_variation() {
    let mut kyle = Kyle::new(250, MINUTES_5_S);
    let mut last = kyle.push_on(Backend::best(), 0.0, 0.0);
    for i in 0..300 {
        let x = f64::from(i % 7) - 3.0;
        last = kyle.push_on(Backend::best(), 0.001 + 0.002 * x, x);
    }
    assert_close(last.lambda, 0.002, 1e-12, "λ");
    assert!(last.t.is_nan());
    for _ in 0..250 {
        last = kyle.push_on(Backend::best(), 0.001, 0.7);
    }
    assert!(last.lambda.is_nan() && last.t.is_nan() && last.n == 250);
}

#[test]
fn amihuds_rank_is_that_of_the_mean_ratio() {
    let oracle = oracles("amihud");
    let (r, values) = (numbers(&oracle["r"]), numbers(&oracle["values"]));
    for case in list(&oracle["cases"]) {
        for backend in Backend::available() {
            let mut amihud = Amihud::new(count(&case["rows"]));
            let got: Vec<_> = r.iter().zip(&values).map(|(&r, &value)| amihud.push_on(backend, r, value)).collect();
            for point in list(&case["points"]) {
                let row = count(&point[0]);
                assert_close(got[row].rank, number(&point[1]), 1e-14, &format!("rank at {row}"));
                assert_eq!(got[row].n, count(&point[2]), "{row}");
            }
        }
    }
}

#[test]
fn the_response_to_the_market_is_statsmodels() {
    for case in list(&oracles("convexity")) {
        let (y, m) = (numbers(&case["y"]), numbers(&case["m"]));
        for window in list(&case["cases"]) {
            for backend in Backend::available() {
                let mut convexity = Convexity::new(count(&window["rows"]), MINUTES_5_S);
                let got: Vec<_> = y.iter().zip(&m).map(|(&y, &m)| convexity.push_on(backend, y, m)).collect();
                for point in list(&window["points"]) {
                    let row = count(&point["row"]);
                    let got = got[row];
                    let what = |name: &str| format!("{name} of {} at {row}", case["name"]);
                    assert_eq!((got.n, got.limited), (count(&point["n"]), 0));
                    for (name, got, relative) in [
                        ("gamma", got.gamma, 1e-9),
                        ("gamma_t", got.gamma_t, 1e-8),
                        ("market_sigma", got.market_sigma, 1e-12),
                        ("beta_up", got.beta_up, 1e-10),
                        ("beta_down", got.beta_down, 1e-10),
                        ("beta_up_se", got.beta_up_se, 1e-8),
                        ("beta_down_se", got.beta_down_se, 1e-8),
                    ] {
                        assert_close(got, number(&point[name]), relative, &what(name));
                    }
                    let expected = match number(&point["gamma_t"]) {
                        t if t < -2.0 => Fragility::Fragile,
                        t if t > 2.0 => Fragility::Antifragile,
                        _ => Fragility::Unknown,
                    };
                    assert_eq!(got.class(), Some(expected), "{}", what("class"));
                }
            }
        }
    }
}

#[test]
fn a_noise_free_quadratic_is_found_and_has_no_standard_error() {
    let mut lcg = common::Lcg(9);
    let mut convexity = Convexity::new(500, MINUTES_5_S);
    let mut last = None;
    for _ in 0..600 {
        let m = 0.006 * (lcg.uniform() + lcg.uniform() - 1.0);
        last = Some(convexity.push_on(Backend::best(), 0.0002 + 1.5 * m - 30.0 * m * m, m));
    }
    let response = last.expect("a response");
    assert_close(response.gamma, -30.0, 1e-12, "γ");
    assert!(response.gamma_t.is_nan());
    assert_eq!(response.class(), Some(Fragility::Unknown), "what has no error is not called significant");
    let sigma = response.market_sigma;
    assert_close(response.convexity(1.0), -30.0 * sigma * sigma, 1e-12, "H at one sigma");
    assert_close(response.convexity(3.0), -270.0 * sigma * sigma, 1e-12, "H at three");
}

#[test]
fn a_kinked_response_is_found_on_both_sides() {
    let mut lcg = common::Lcg(10);
    let mut convexity = Convexity::new(500, MINUTES_5_S);
    let mut last = None;
    for _ in 0..600 {
        let m = 0.006 * (lcg.uniform() + lcg.uniform() - 1.0);
        last = Some(convexity.push_on(Backend::best(), 0.0001 + if m > 0.0 { 0.7 * m } else { 1.9 * m }, m));
    }
    let response = last.expect("a response");
    assert_close(response.beta_up, 0.7, 1e-12, "up");
    assert_close(response.beta_down, 1.9, 1e-12, "down");
}

#[test]
fn the_market_against_itself_is_neither_fragile_nor_antifragile() {
    let mut convexity = Convexity::new(500, MINUTES_5_S);
    let closes: Vec<f64> = common::market(4, 600).iter().map(|candle| candle.close).collect();
    for pair in closes.windows(2) {
        let r = (pair[1] / pair[0]).ln();
        let response = convexity.push_on(Backend::best(), r, r);
        if response.n >= MIN_JOINT {
            assert_eq!(response.class(), Some(Fragility::Unknown));
            assert!(response.gamma.abs() < 1e-9 && (response.beta_up - 1.0).abs() < 1e-12 && (response.beta_down - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn a_market_that_is_missing_or_does_not_move_gives_no_estimate() {
    let mut convexity = Convexity::new(500, MINUTES_5_S);
    for t in 0..600 {
        let y = 0.001 * f64::from(t % 5);
        let response = convexity.push_on(Backend::best(), y, if t % 3 == 0 { 0.0005 * f64::from(t % 7 - 3) } else { f64::NAN });
        let known = (0..=t).rev().take(500).filter(|t| t % 3 == 0).count();
        assert_eq!(response.n, known);
        assert!(known < MIN_JOINT && response.gamma.is_nan() && response.beta_up.is_nan() && response.class().is_none());
    }
    let mut convexity = Convexity::new(500, MINUTES_5_S);
    for t in 0..600 {
        let response = convexity.push_on(Backend::best(), 0.001 * f64::from(t % 5), 0.0);
        assert!(response.gamma.is_nan() && response.beta_down.is_nan() && response.class().is_none());
    }
}

#[test]
fn left_vega_is_the_difference_of_two_tail_integrals() {
    for case in list(&oracles("left_vega")) {
        let sample = numbers(&case["sample"]);
        for backend in Backend::available() {
            for (side, name) in [(Side::Long, "long"), (Side::Short, "short")] {
                let got = left_vega_on(backend, &sample, side).expect("a sample");
                assert_close(got, number(&case[name]), 1e-12, name);
            }
        }
    }
    assert_eq!(left_vega_on(Backend::best(), &[], Side::Long), None);
    assert_eq!(left_vega_on(Backend::best(), &[1.0, f64::NAN], Side::Long), None);
    assert_eq!(left_vega_on(Backend::best(), &[2.5; 40], Side::Short), Some(0.0), "no tail");
}

/// ξ(s) = s·φ(κ/s) for a normal sample; its derivative at 1 is φ(κ)(1 + κ²) = 0.38213124.
#[test]
fn left_vega_of_the_normal_distribution_is_its_closed_form() {
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    assert_close(density(KAPPA) * (1.0 + KAPPA * KAPPA), 0.382_131_24, 1e-7, "closed form");
    let (up, down) = (1.0 + STRETCH, 1.0 - STRETCH);
    let difference = (up * density(KAPPA / up) - down * density(KAPPA / down)) / (2.0 * STRETCH);
    let n = 200_001;
    let sample: Vec<f64> = (0..n).map(|i| normal_quantile((f64::from(i) + 0.5) / f64::from(n))).collect();
    for side in [Side::Long, Side::Short] {
        assert_close(left_vega_on(Backend::best(), &sample, side).expect("a sample"), difference, 1e-4, "normal");
    }
    assert!((difference / 0.382_131_24 - 1.0).abs() < 0.01, "the finite difference is within 1 % of the derivative");
}

/// Φ⁻¹ by bisection on erf.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if 0.5 * (1.0 + erf(middle * std::f64::consts::FRAC_1_SQRT_2)) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// From candles to columns: what the engine writes, against the packages' functions on the same candles.
#[test]
fn columns_agree_with_the_packages_from_the_candles_on() {
    let cases = oracles("pipeline");
    assert_eq!(list(&cases).len(), 10);
    for case in list(&cases) {
        let json = format!(r#"{{"timeframe_s": 300, "window_set": {}}}"#, case["window_set"]);
        let row = count(&case["row"]);
        let mut assessor = Assessor::new(Params::from_json(&json).expect("valid parameters"));
        for candle in &common::market(case["seed"].as_u64().expect("a seed"), row + 1) {
            assessor.push(candle).expect("a valid candle");
        }
        let measures = case["measures"].as_object().expect("measures by name");
        assert_eq!(measures.len(), 19);
        for (name, expected) in measures {
            let got = assessor.assessment().get(Measure::from_name(name).expect("a measure"));
            let expected = number(expected);
            assert!((got - expected).abs() <= 1e-9 * expected.abs() + 1e-12, "{name} at row {row}: got {got:e}, expected {expected:e}");
        }
    }
}
