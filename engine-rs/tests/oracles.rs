//! The engine against numbers computed without it (`oracles/generate.py`), published numbers and closed forms.

mod common;

use serde_json::Value;
use talebridge_engine::columns::Measure;
use talebridge_engine::measure::adverse::Adverse;
use talebridge_engine::measure::gpd::{Gpd, MAX_EXCEEDANCES, fit_on};
use talebridge_engine::{Assessor, Backend, Params, math};

fn oracles() -> Value {
    serde_json::from_str(include_str!("oracles/oracles.json")).expect("oracles.json is JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().expect("a list")
}

fn assert_close(got: f64, expected: f64, relative: f64, what: &str) {
    assert!((got - expected).abs() <= relative * expected.abs(), "{what}: got {got:e}, expected {expected:e}");
}

/// Distance in units in the last place of `expected`.
fn ulps(got: f64, expected: f64) -> f64 {
    (got - expected).abs() / (f64::from_bits(expected.abs().to_bits() + 1) - expected.abs())
}

#[test]
fn ln_and_exp_are_within_one_ulp_of_the_correctly_rounded_value() {
    let oracles = oracles();
    type Function = (&'static str, fn(f64) -> f64, f64);
    let functions: [Function; 3] = [("ln", math::ln, 1.0), ("exp", math::exp, 1.0), ("ln_1p", math::ln_1p, 2.0)];
    for (name, function, limit) in functions {
        let points = list(&oracles["functions"], name);
        assert!(points.len() >= 300);
        for point in points {
            let (x, expected) = (number(&point[0]), number(&point[1]));
            let error = ulps(function(x), expected);
            assert!(error <= limit, "{name}({x:e}) is {error} ulp off");
        }
    }
    assert_eq!(math::ln(1.0).to_bits(), 0);
    assert_eq!(math::exp(0.0), 1.0);
}

#[test]
fn zhang_stephens_agrees_with_a_50_digit_evaluation_on_every_instruction_set() {
    for case in list(&oracles(), "gpd") {
        let y: Vec<f64> = list(case, "y").iter().map(number).collect();
        for backend in Backend::available() {
            let what = format!("{} on {}", case["name"], backend.name());
            let fit = fit_on(backend, &y).expect(&what);
            assert!((fit.xi - number(&case["xi"])).abs() < 1e-12, "xi of {what}: {} against {}", fit.xi, case["xi"]);
            assert_close(fit.beta, number(&case["beta"]), 1e-12, &format!("beta of {what}"));
        }
    }
}

/// Measured from exact quantiles of a known distribution, the fit finds it up to the estimator's own small-sample bias.
#[test]
fn zhang_stephens_finds_the_distribution_of_exact_quantiles() {
    for (xi, beta) in [(0.05, 1.0), (0.3, 2.0), (0.6, 0.01)] {
        let y: Vec<f64> =
            (0..MAX_EXCEEDANCES).map(|i| Gpd { xi, beta }.quantile(1.0 - (i as f64 + 0.5) / MAX_EXCEEDANCES as f64)).collect();
        let fit = fit_on(Backend::best(), &y).expect("a fit");
        assert!((fit.xi - xi).abs() < 0.02 && (fit.beta / beta - 1.0).abs() < 0.02, "{fit:?} for {xi} {beta}");
    }
}

#[test]
fn a_change_of_unit_changes_beta_only() {
    let y: Vec<f64> = (0..90).map(|i| Gpd { xi: 0.3, beta: 1.0 }.quantile(1.0 - (f64::from(i) + 0.5) / 90.0)).collect();
    let fit = |factor: f64| fit_on(Backend::best(), &y.iter().map(|v| v * factor).collect::<Vec<_>>()).expect("a fit");
    let unit = fit(1.0);
    for factor in [1e-12, 0.137, 2.0, 1e6] {
        let scaled = fit(factor);
        assert!((scaled.xi - unit.xi).abs() < 1e-12);
        assert_close(scaled.beta, unit.beta * factor, 1e-12, "beta");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    for y in
        [&[][..], &[1.0], &[0.0; 40], &[-1.0, 1.0, 2.0], &[2.0, 1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY], &[1.0; MAX_EXCEEDANCES + 1]]
    {
        assert_eq!(fit_on(Backend::best(), y), None, "{y:?}");
    }
}

/// Risk measures of the Danish fire losses over 10 (109 of 2167) from the maximum-likelihood fit: McNeil 1997 prints ξ 0.497, β 6.98; the digits
/// are from an independent optimiser.
#[test]
fn var_and_es_follow_from_a_given_fit() {
    let gpd = Gpd { xi: 0.496_985_802, beta: 6.975_468_048 };
    for (q, var, es) in [
        (0.99, 27.289_987, 58.240_101),
        (0.995, 40.172_988, 83.851_705),
        (0.999, 94.339_352, 191.535_274),
        (0.9999, 304.901_581, 610.136_240),
    ] {
        let got = gpd.var_es(10.0, 109.0 / 2167.0, 1.0 - q);
        assert_close(got.0, var, 1e-7, "VaR");
        assert_close(got.1, es, 1e-7, "ES");
        assert_close(gpd.survival(got.0 - 10.0) * 109.0 / 2167.0, 1.0 - q, 1e-12, "survival inverts the quantile");
    }
    assert_close(gpd.var_es(10.0, 109.0 / 2167.0, 0.05).0, 10.041_783, 1e-7, "VaR 95");
}

#[test]
fn a_shape_of_zero_is_the_exponential_limit() {
    for xi in [0.0, 1e-9, 1e-7, -1e-7] {
        let gpd = Gpd { xi, beta: 2.0 };
        assert_close(gpd.quantile(0.01), -2.0 * 0.01f64.ln(), 1e-6, "quantile");
        assert_close(gpd.survival(3.0), (-1.5f64).exp(), 1e-6, "survival");
    }
}

/// Measures with an independent evaluation in `generate.py`.
const CHECKED_MEASURES: usize = 38;

#[test]
fn measures_agree_with_a_direct_evaluation_of_the_formulas() {
    for case in list(&oracles(), "pipeline") {
        let json = format!(r#"{{"timeframe_s": 300, "window_set": {}, "loss_threshold": 0.005}}"#, case["window_set"]);
        let row = case["row"].as_u64().expect("a row") as usize;
        let candles = common::market(case["seed"].as_u64().expect("a seed"), row + 1);
        assert_eq!(candles[row].close, number(&case["close"]), "both sides must see the same market");
        let mut assessor = Assessor::new(Params::from_json(&json).expect("valid parameters"));
        for candle in &candles {
            assessor.push(candle).expect("a valid candle");
        }
        let Value::Object(expected) = &case["measures"] else { panic!("no measures") };
        assert_eq!(expected.len(), CHECKED_MEASURES);
        for (name, expected) in expected {
            let got = assessor.assessment().get(Measure::from_name(name).expect(name));
            assert_close(got, number(expected), 1e-9, &format!("{name} at row {row} of {}", case["window_set"]));
        }
    }
}

#[test]
fn adverse_excursion_agrees_with_a_direct_evaluation_of_its_table() {
    let oracles = oracles();
    let cases = list(&oracles, "adverse");
    assert_eq!(cases.len(), 60);
    for case in cases {
        let whole = |key: &str| case[key].as_u64().expect(key);
        let mut adverse = Adverse::new(whole("timeframe_s") as u32, whole("horizon") as u16, number(&case["quantile"]));
        for candle in common::market(whole("seed"), whole("row") as usize + 1) {
            adverse.push((candle.high / candle.low).ln());
        }
        let got = adverse.quantiles(number(&case["sigma"]));
        assert_close(got.long, number(&case["long"]), 1e-11, &format!("long of {case}"));
        assert_close(got.short, number(&case["short"]), 1e-11, &format!("short of {case}"));
    }
}

/// The Danish fire insurance losses (2167 values, one per line) are under the GPL and not part of this repository:
/// `TALEBRIDGE_DANISH_CSV=file cargo test danish`. They are `danishClaims` of the R package fExtremes.
#[test]
fn danish_fire_losses() {
    let Ok(path) = std::env::var("TALEBRIDGE_DANISH_CSV") else {
        println!("skipped: TALEBRIDGE_DANISH_CSV is not set");
        return;
    };
    let text = std::fs::read_to_string(path).expect("a readable file");
    let losses: Vec<f64> = text.lines().map(|line| line.trim().parse().expect("one number per line")).collect();
    assert_eq!(losses.len(), 2167);
    for (u, count, xi, beta) in [(10.0, 109, 0.514_148_637, 6.857_327_648), (20.0, 36, 0.705_599_397, 9.431_630_716)] {
        let mut y: Vec<f64> = losses.iter().filter(|&&loss| loss > u).map(|loss| loss - u).collect();
        y.sort_by(f64::total_cmp);
        assert_eq!(y.len(), count);
        let fit = fit_on(Backend::best(), &y).expect("a fit");
        assert!((fit.xi - xi).abs() < 1e-9 && (fit.beta - beta).abs() < 1e-8, "u = {u}: {fit:?}");
    }
}
