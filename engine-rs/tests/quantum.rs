//! Simulated amplitude estimation against Qiskit (`oracles/quantum.py`), published numbers, closed forms, a gate-by-gate circuit, and the classical values.

mod common;

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use talebridge_engine::columns::Measure;
use talebridge_engine::measure::black_swan::Side;
use talebridge_engine::measure::quantum::encoding::{QUBITS, WIDTH, bin, centre};
use talebridge_engine::measure::quantum::interval::ClopperPearson;
use talebridge_engine::measure::quantum::iqae::{self, Precision};
use talebridge_engine::measure::quantum::mlae::{self, Schedule};
use talebridge_engine::measure::quantum::rng::Rng;
use talebridge_engine::measure::quantum::{Pool, Report, Settings, diagnose, payoff};
use talebridge_engine::{Assessor, Params, Profile, WindowSet};

static ORACLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("oracles/quantum.json")).expect("quantum.json is JSON"));

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn list(key: &str) -> &'static Vec<Value> {
    ORACLES[key].as_array().expect("a list")
}

/// A register loaded with `mass` and asked for `f`.
fn asked(mass: &[f64], f: &[f64]) -> Pool {
    let mut pool = Pool::new(mass.len().ilog2());
    assert!(pool.load(|bin| mass[bin]));
    pool.ask(|bin| f[bin]);
    pool
}

fn assert_near(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((got - expected).abs() <= tolerance, "{what}: got {got}, expected {expected}");
}

#[test]
fn states_are_those_of_qiskit() {
    for (case, oracle) in list("states").iter().enumerate() {
        let (mass, f) = (numbers(&oracle["probabilities"]), numbers(&oracle["payoff"]));
        let mut pool = asked(&mass, &f);
        if case == 0 {
            for (i, expected) in numbers(&oracle["prepared"]).into_iter().enumerate() {
                assert_near(pool.state().amplitudes()[i], expected, 1e-12, &format!("prepared amplitude {i}"));
            }
        }
        let good = numbers(&oracle["good"]);
        for (power, expected) in (0..).zip(&good) {
            assert_near(pool.state().good_after(power), *expected, 1e-12, &format!("case {case}, power {power}"));
        }
        if case == 0 {
            let last = numbers(&oracle["last"]);
            for (i, expected) in last.into_iter().enumerate() {
                assert_near(pool.state().amplitudes()[i], expected, 1e-12, &format!("amplitude {i} after {} iterates", good.len() - 1));
            }
        }
        assert_near(pool.exact(), good[0], 1e-12, "the expectation");
    }
}

/// Real state vector under RY, CNOT, Z and the reflection about |0…0⟩; qubit q is bit q of the index.
struct Circuit(Vec<f64>);

#[derive(Clone, Copy)]
enum Gate {
    Ry(u32, f64),
    Cnot(u32, u32),
}

impl Circuit {
    fn apply(&mut self, gate: Gate) {
        match gate {
            Gate::Ry(target, angle) => {
                let (sin, cos) = (angle / 2.0).sin_cos();
                for i in (0..self.0.len()).filter(|i| i >> target & 1 == 0) {
                    let j = i | 1 << target;
                    (self.0[i], self.0[j]) = (cos * self.0[i] - sin * self.0[j], sin * self.0[i] + cos * self.0[j]);
                }
            }
            Gate::Cnot(control, target) => {
                for i in (0..self.0.len()).filter(|i| i >> control & 1 == 1 && i >> target & 1 == 0) {
                    self.0.swap(i, i | 1 << target);
                }
            }
        }
    }

    fn run(&mut self, gates: &[Gate]) {
        gates.iter().for_each(|&gate| self.apply(gate));
    }

    fn undo(&mut self, gates: &[Gate]) {
        for &gate in gates.iter().rev() {
            self.apply(match gate {
                Gate::Ry(target, angle) => Gate::Ry(target, -angle),
                cnot @ Gate::Cnot(..) => cnot,
            });
        }
    }
}

/// A uniformly controlled rotation as 2^c rotations and as many CNOTs, in Gray-code order (Möttönen, Vartiainen, Bergholm & Salomaa 2005).
fn uniformly_controlled(target: u32, controls: &[u32], angles: &[f64], gates: &mut Vec<Gate>) {
    let n = angles.len();
    assert_eq!(n, 1 << controls.len());
    for i in 0..n {
        let gray = i ^ (i >> 1);
        let angle = (0..n).map(|j| if (j & gray).count_ones() % 2 == 0 { angles[j] } else { -angles[j] }).sum::<f64>() / n as f64;
        gates.push(Gate::Ry(target, angle));
        if !controls.is_empty() {
            let changed = if i + 1 == n { controls.len() - 1 } else { (i + 1).trailing_zeros() as usize };
            gates.push(Gate::Cnot(controls[changed], target));
        }
    }
}

/// A as gates, from the angles of the tree and the payoffs.
fn preparation(pool: &Pool, f: &[f64]) -> Vec<Gate> {
    let qubits = pool.masses().bins().ilog2();
    let mut gates = Vec::new();
    for level in 0..qubits {
        let target = qubits - 1 - level;
        let controls: Vec<u32> = (target + 1..qubits).collect();
        let angles: Vec<f64> = (1usize << level..2 << level)
            .map(|node| {
                let (cos, sin) = pool.masses().half_angle(node);
                2.0 * sin.atan2(cos)
            })
            .collect();
        uniformly_controlled(target, &controls, &angles, &mut gates);
    }
    let angles: Vec<f64> = f.iter().map(|f| 2.0 * f.sqrt().asin()).collect();
    uniformly_controlled(qubits, &(0..qubits).collect::<Vec<_>>(), &angles, &mut gates);
    gates
}

#[test]
fn the_reflection_is_the_circuit_gate_by_gate() {
    let mut lcg = common::Lcg(3);
    for qubits in [1, 3, QUBITS] {
        let bins = 1usize << qubits;
        // A quarter of the bins, and whole halves of the tree, have no mass.
        let mass: Vec<f64> = (0..bins).map(|i| if i % 4 == 2 || (bins > 4 && i < bins / 4) { 0.0 } else { lcg.uniform() }).collect();
        let f: Vec<f64> = (0..bins).map(|i| if i % 5 == 0 { 1.0 } else { lcg.uniform() }).collect();
        let mut pool = asked(&mass, &f);
        let gates = preparation(&pool, &f);
        let mut circuit = Circuit(vec![0.0; 2 * bins]);
        circuit.0[0] = 1.0;
        circuit.run(&gates);
        for power in 0..=3 {
            assert_near(
                pool.state().good_after(power),
                circuit.0[bins..].iter().map(|x| x * x).sum(),
                1e-12,
                &format!("{qubits} qubits, power {power}"),
            );
            for (i, (got, expected)) in pool.state().amplitudes().iter().zip(&circuit.0).enumerate() {
                assert_near(*got, *expected, 1e-12, &format!("{qubits} qubits, power {power}, amplitude {i}"));
            }
            // Q = −A·S₀·A†·S_χ
            circuit.0[bins..].iter_mut().for_each(|x| *x = -*x);
            circuit.undo(&gates);
            circuit.0[0] = -circuit.0[0];
            circuit.run(&gates);
            circuit.0.iter_mut().for_each(|x| *x = -*x);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// P(good after Qᵏ) = sin²((2k + 1)θ), a = sin²θ, and the state keeps its length.
    #[test]
    fn iterates_rotate_by_twice_theta(seed: u64, qubits in 1..=9u32, empty in 0.0..0.9f64) {
        let mut lcg = common::Lcg(seed);
        let bins = 1usize << qubits;
        let mut mass: Vec<f64> = (0..bins).map(|_| if lcg.uniform() < empty { 0.0 } else { lcg.uniform() }).collect();
        mass[bins / 2] = 1.0;
        let f: Vec<f64> = (0..bins).map(|_| lcg.uniform()).collect();
        let mut pool = asked(&mass, &f);
        let a = pool.exact();
        let theta = a.sqrt().asin();
        for power in 0..=200 {
            let expected = (f64::from(2 * power + 1) * theta).sin().powi(2);
            let got = pool.state().good_after(power);
            prop_assert!((got - expected).abs() < 1e-12, "power {power}: {got} for {expected}");
        }
        let length: f64 = pool.state().amplitudes().iter().map(|x| x * x).sum();
        prop_assert!((length - 1.0).abs() < 1e-12);
        // Asking for a smaller power starts again.
        prop_assert!((pool.state().good_after(0) - a).abs() < 1e-14);
    }
}

#[test]
fn exact_expectations_are_the_published_ones() {
    // Egger & Woerner's credit model: E[L], CDF(2), VaR .95 = 2, the mean above it and Acerbi's ES.
    let loss = numbers(&ORACLES["credit"]["loss"]);
    for (published, digit) in loss.iter().zip([0.647_928_27, 0.104_187, 0.206_974_31, 0.040_910_42]) {
        assert_near(*published, digit, 5e-9, "loss distribution");
    }
    let mean = asked(&loss, &[0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]).exact() * 3.0;
    assert_near(mean, 0.640_866_883_451_043_1, 1e-12, "E[L]");
    let beyond = |x: usize| asked(&loss, &std::array::from_fn::<f64, 4, _>(payoff::beyond(x))).exact();
    assert_near(1.0 - beyond(2), 0.959_089_580_863_002_7, 1e-12, "CDF(2)");
    assert!(beyond(1) > 0.05 && beyond(2) <= 0.05, "VaR 95 is 2");
    let excess = asked(&loss, &[0.0, 0.0, 0.0, 1.0]).exact();
    assert_near(2.0 + excess / beyond(2), 3.0, 1e-12, "mean above VaR");
    assert_near(2.0 + excess / 0.05, 2.818_208_382_7, 1e-9, "ES by Acerbi");

    // European call: value and delta at 3 and 8 qubits.
    for (oracle, (value, delta)) in
        list("call").iter().zip([(0.162_276_093_500_873_13, 0.809_797_399_081_894_9), (0.166_680_408_547_38, 0.643_353_603_9)])
    {
        let (prices, mass, strike) =
            (numbers(&oracle["values"]), numbers(&oracle["probabilities"]), oracle["strike"].as_f64().unwrap_or(0.0));
        let most = prices[prices.len() - 1] - strike;
        let payoff: Vec<f64> = prices.iter().map(|price| (price - strike).max(0.0) / most).collect();
        let total: f64 = mass.iter().sum();
        assert_near(asked(&mass, &payoff).exact() * most * total, value, 1e-12, "call");
        let in_money: Vec<f64> = prices.iter().map(|price| f64::from(u8::from(*price > strike))).collect();
        assert_near(asked(&mass, &in_money).exact() * total, delta, 1e-10, "delta");
    }

    // ∫ sin² over [0, 1] by the midpoint rule.
    for (qubits, expected) in [(2, 0.270_290_300_333_719_76), (3, 0.272_082_571_851_166_97), (4, 0.272_527_578_190_888_46)] {
        let bins = 1usize << qubits;
        let f: Vec<f64> = (0..bins).map(|i| ((i as f64 + 0.5) / bins as f64).sin().powi(2)).collect();
        assert_near(asked(&vec![1.0; bins], &f).exact(), expected, 1e-14, "sin²");
    }

    // A uniform state gives the mean payoff, |0…0⟩ the first.
    let f: Vec<f64> = (0..256).map(|i| f64::from(i) / 255.0).collect();
    assert_near(asked(&[1.0; 256], &f).exact(), 0.5, 1e-15, "uniform");
    let mut zero = [0.0; 256];
    zero[0] = 7.0;
    assert_eq!(asked(&zero, &[0.375; 256]).exact(), 0.375);
    let mut untouched = Pool::new(3);
    assert_eq!((untouched.state().good_after(0), untouched.state().amplitudes()[0]), (0.0, 1.0));
}

/// The estimators go Qiskit's way when they are given the same counts.
#[test]
fn estimators_take_the_steps_of_qiskit() {
    let table = ClopperPearson::new(iqae::MAX_SHOTS);
    for oracle in list("estimators") {
        let a = oracle["a"].as_f64().unwrap_or(f64::NAN);
        let rounded = |power: u32, shots: u32| {
            let p = (f64::from(2 * power + 1) * a.sqrt().asin()).sin().powi(2);
            (f64::from(shots) * p).round_ties_even() as u32
        };
        for run in oracle["iqae"].as_array().expect("a list") {
            let epsilon = run["epsilon"].as_f64().unwrap_or(f64::NAN);
            let mut powers = vec![0.0];
            let got = iqae::estimate(&table, Precision { epsilon, alpha: 0.05, shots: 100 }, |power, shots| {
                powers.push(f64::from(power));
                rounded(power, shots)
            });
            let what = format!("a {a}, epsilon {epsilon}");
            assert_eq!(powers, numbers(&run["powers"]), "{what}");
            assert_near(got.amplitude, run["estimate"].as_f64().unwrap_or(f64::NAN), 1e-10, &what);
            assert_eq!(numbers(&run["interval"]).len(), 2);
            assert_near(got.low, numbers(&run["interval"])[0], 1e-10, &what);
            assert_near(got.high, numbers(&run["interval"])[1], 1e-10, &what);
            assert!(got.converged && got.high - got.low <= 2.0 * epsilon, "{what}");
            assert_near(got.amplitude, a, if epsilon > 0.01 { 0.05 } else { epsilon }, &what);
        }
        let good = numbers(&oracle["mlae"]["good"]);
        let mut next = good.iter();
        let got = mlae::estimate(Schedule { powers: good.len(), shots: 100 }, |power, shots| {
            let count = *next.next().expect("as many powers") as u32;
            assert_eq!(count, rounded(power, shots));
            count
        });
        // Qiskit's search is a grid of that coarseness.
        assert_near(got.amplitude, oracle["mlae"]["amplitude"].as_f64().unwrap_or(f64::NAN), 2e-4, &format!("likelihood, a {a}"));
        assert!(got.low <= a && a <= got.high, "{got:?}");
    }
}

#[test]
fn clopper_pearson_is_that_of_scipy() {
    let table = ClopperPearson::new(16_000);
    for oracle in list("clopper_pearson") {
        let case = numbers(oracle);
        let (low, high) = table.interval(case[1] as u32, case[0] as u32, case[2]);
        assert_near(low, case[3], 1e-11 * case[3].max(1e-3), &format!("lower end of {case:?}"));
        assert_near(high, case[4], 1e-11, &format!("upper end of {case:?}"));
    }
    assert_eq!(table.interval(3, 2, 0.05), (0.0, 1.0), "more good than shots");
    assert_eq!(table.interval(3, 16_001, 0.05), (0.0, 1.0), "more shots than the table has");
}

fn rmse(errors: &[f64]) -> f64 {
    (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt()
}

/// The error falls like 1/calls; that of repeated sampling, like 1/√calls, is measured beside it.
#[test]
fn errors_fall_nearly_with_the_number_of_calls() {
    const A: f64 = 0.05;
    const RUNS: u64 = 100;
    let mut pool = asked(&[1.0 - A, A], &[0.0, 1.0]);
    let mut points = Vec::new();
    let mut classical = Vec::new();
    for powers in 2..=8 {
        let mut calls = 0;
        let errors: Vec<f64> = (0..RUNS)
            .map(|seed| {
                let estimate = pool.mlae(Schedule { powers, shots: 100 }, &mut Rng::new(1000 + seed));
                calls = estimate.calls;
                estimate.amplitude - A
            })
            .collect();
        let sampled: Vec<f64> =
            (0..RUNS).map(|seed| f64::from(Rng::new(5000 + seed).successes(calls as u32, A)) / calls as f64 - A).collect();
        points.push(((calls as f64).ln(), rmse(&errors).ln()));
        classical.push(((calls as f64).ln(), rmse(&sampled).ln()));
    }
    let (quantum, classical) = (slope(&points), slope(&classical));
    println!("slopes: {quantum:.3} estimated, {classical:.3} sampled");
    assert!(quantum < -0.8, "{quantum}: {points:?}");
    assert!((-0.65..-0.35).contains(&classical), "{classical}");
}

fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (mean_x, mean_y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    covariance / points.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum::<f64>()
}

#[test]
fn iterative_estimation_covers_the_amplitude() {
    const RUNS: u64 = 200;
    for (a, most_calls) in [(0.05, 12_000), (0.2, 12_000), (0.5, 12_000), (0.003, 12_000)] {
        let mut pool = asked(&[1.0 - a, a], &[0.0, 1.0]);
        let (mut covered, mut errors, mut calls) = (0, Vec::new(), 0);
        for seed in 0..RUNS {
            let got = pool.iqae(Precision { epsilon: 0.005, alpha: 0.05, shots: 100 }, &mut Rng::new(seed));
            assert!(got.converged && got.high - got.low <= 0.01 && (0.0..=1.0).contains(&got.amplitude), "{got:?}");
            covered += u64::from(got.low <= a && a <= got.high);
            errors.push(got.amplitude - a);
            calls += got.calls;
        }
        println!("a {a}: covered {covered} of {RUNS}, RMSE {:.2e}, {} calls", rmse(&errors), calls / RUNS);
        assert!(covered * 100 >= RUNS * 95 && rmse(&errors) < 0.0025, "a {a}: {covered}, {}", rmse(&errors));
        assert!(calls / RUNS < most_calls);
    }
}

/// Amplitudes 0 and 1, where no angle is left to find.
#[test]
fn certain_outcomes_are_found() {
    for (f, a) in [(0.0, 0.0), (1.0, 1.0)] {
        let mut pool = asked(&[1.0; 4], &[f; 4]);
        for estimate in [
            pool.iqae(Precision { epsilon: 0.005, alpha: 0.05, shots: 100 }, &mut Rng::new(1)),
            pool.mlae(Schedule { powers: 6, shots: 100 }, &mut Rng::new(1)),
        ] {
            assert_near(estimate.amplitude, a, 0.005, &format!("{estimate:?}"));
            assert!(estimate.low <= a + 1e-15 && a - 1e-15 <= estimate.high, "{estimate:?}");
        }
    }
}

#[test]
fn nonsense_is_limited_or_refused() {
    let mut pool = Pool::new(2);
    for bad in [f64::NAN, -1e-9, f64::INFINITY] {
        assert!(!pool.load(|bin| if bin == 1 { bad } else { 1.0 }), "{bad}");
    }
    assert!(!pool.load(|_| 0.0), "no mass");
    assert!(pool.load(|bin| if bin == 3 { f64::MIN_POSITIVE } else { 0.0 }), "any mass");
    pool.ask(|bin| [f64::NAN, -1.0, 2.0, 2.0][bin]);
    assert_eq!(pool.exact(), 1.0);
    let vain = Precision { epsilon: f64::NAN, alpha: -1.0, shots: 0 };
    assert!(pool.iqae(vain, &mut Rng::new(1)).high <= 1.0);
    assert_eq!(pool.mlae(Schedule { powers: 99, shots: 0 }, &mut Rng::new(1)).power, 1024);
    assert_eq!(Pool::new(0).masses().bins(), 2);
    assert_eq!(Pool::new(99).masses().bins(), 4096);
}

fn diagnosed(residuals: &[f64], side: Side, seed: u64) -> Report {
    let mut sorted = residuals.to_vec();
    sorted.sort_by(f64::total_cmp);
    diagnose(&sorted, side, &Settings { seed, ..Settings::default() }, &mut Pool::new(QUBITS)).expect("residuals")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Without shots the state says what the sorted window says, to half a bin.
    #[test]
    fn bins_equal_the_classical_values_to_half_a_bin(seed: u64, count in 20..1000usize, scale in 0.1..1.5f64, skew in -1.0..1.0f64) {
        let mut lcg = common::Lcg(seed);
        let residuals: Vec<f64> = (0..count).map(|_| scale * (4.0 * (lcg.uniform() + lcg.uniform() - 1.0) + skew * lcg.uniform())).collect();
        for side in [Side::Long, Side::Short] {
            let report = diagnosed(&residuals, side, 1);
            prop_assert_eq!((report.clipped_share, report.losses), (0.0, count));
            for tail in report.tails {
                let what = format!("{side:?} {tail:?}");
                prop_assert!((tail.binned_var - tail.classical_var).abs() <= WIDTH / 2.0 + 1e-12, "{}", what);
                prop_assert!((tail.binned_es - tail.classical_es).abs() <= WIDTH / 2.0 + 1e-12, "{}", what);
                prop_assert!(tail.classical_es >= tail.classical_var && tail.binned_es >= tail.binned_var, "{}", what);
            }
            let convexity = report.convexity;
            prop_assert!((convexity.binned - convexity.classical).abs() <= WIDTH && convexity.classical >= 0.0, "{convexity:?}");
        }
    }
}

/// A window as the engine has it: the estimates are near what they estimate, and nearer with smaller ε.
#[test]
fn a_real_window_is_diagnosed() {
    let mut assessor = Assessor::new(Params::new(Profile::Aggressive, WindowSet::Standard, 300));
    let mut pool = Pool::new(QUBITS);
    let settings = Settings::default();
    for candle in common::market(21, 1300) {
        let ready = assessor.push(&candle).expect("a valid candle").get(Measure::Sigma).is_finite();
        assert!(ready || assessor.quantum_diagnostic(Side::Long, &settings, &mut pool).is_none(), "not ready, no report");
    }
    assert!(assessor.quantum_diagnostic(Side::Long, &settings, &mut Pool::new(QUBITS - 1)).is_none(), "a register of another size");
    for side in [Side::Long, Side::Short] {
        let report = assessor.quantum_diagnostic(side, &settings, &mut pool).expect("ready");
        assert_eq!(
            report,
            assessor.quantum_diagnostic(side, &settings, &mut Pool::new(QUBITS)).expect("ready"),
            "a used pool is as a fresh one"
        );
        assert_eq!(report.losses, 900);
        assert!(report.converged && report.power > 10 && report.calls > 10_000, "{report:?}");
        assert_estimates_within(&report, settings.precision.epsilon, &mut pool);
        let c = report.convexity;
        assert!(c.classical > 0.0 && c.estimated.low <= c.binned && c.binned <= c.estimated.high, "{c:?}");
        let other = assessor.quantum_diagnostic(side, &Settings { seed: 2, ..settings }, &mut pool).expect("ready");
        assert_ne!(report.convexity.estimated.iqae, other.convexity.estimated.iqae, "another seed, other shots");
        assert_eq!(report.convexity.binned, other.convexity.binned, "which change nothing that is exact");
        let fine = Settings { precision: Precision { epsilon: 0.0005, ..settings.precision }, ..settings };
        let fine = assessor.quantum_diagnostic(side, &fine, &mut pool).expect("ready");
        assert_estimates_within(&fine, 0.0005, &mut pool);
    }
}

/// An estimated VaR is one whose true tail probability is within ε of what was asked; the ES over it is within what ε allows. `pool` still holds
/// the distribution of the report.
fn assert_estimates_within(report: &Report, epsilon: f64, pool: &mut Pool) {
    for tail in report.tails {
        let (var, _) = bin(tail.estimated_var);
        pool.ask(payoff::beyond(var));
        assert!(pool.exact() <= tail.probability + epsilon, "{tail:?}");
        pool.ask(payoff::beyond(var - 1));
        assert!(pool.exact() >= tail.probability - epsilon, "{tail:?}");
        pool.ask(payoff::excess(var));
        let scale = payoff::excess_scale(var) / tail.probability;
        let (exact, es) = (tail.estimated_var + scale * pool.exact(), tail.estimated_es);
        assert!((es.iqae - exact).abs() <= epsilon * scale && (es.mlae - exact).abs() <= epsilon * scale, "{exact}: {tail:?}");
        assert!(es.low <= es.iqae && es.iqae <= es.high && es.high - es.low <= 2.0 * epsilon * scale, "{tail:?}");
    }
}

#[test]
fn odd_windows_are_diagnosed_or_refused() {
    assert!(diagnose(&[], Side::Long, &Settings::default(), &mut Pool::new(QUBITS)).is_none());
    assert!(diagnose(&[f64::NAN], Side::Long, &Settings::default(), &mut Pool::new(QUBITS)).is_none());
    let constant = diagnosed(&[0.0; 900], Side::Long, 1);
    assert_eq!((constant.tails[0].classical_var, constant.convexity.classical), (0.0, 0.0));
    assert!(constant.tails[0].binned_var.abs() <= WIDTH / 2.0);
    let wild = diagnosed(&[vec![1e12; 90], vec![-0.5; 810]].concat(), Side::Short, 1);
    assert_eq!((wild.clipped_share, wild.tails[0].binned_var), (0.1, centre(255)));
    assert!(wild.tails[0].estimated_es.iqae.is_finite());
    assert_eq!(diagnosed(&[1.25], Side::Short, 1).tails[1].classical_var, 1.25);
}
