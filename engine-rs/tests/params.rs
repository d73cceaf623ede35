//! Parameters: defaults, round trip, every violation at once, fingerprints, and the ramp of a rule.

use proptest::prelude::*;
use talebridge_engine::columns::Measure;
use talebridge_engine::{Params, Profile, Rule, WindowSet, reasons};

fn violations(json: &str) -> Vec<(String, String)> {
    Params::from_json(json).expect_err(json).into_iter().map(|v| (v.path, v.message)).collect()
}

#[test]
fn missing_and_null_keys_take_the_defaults() {
    let expected = Params::new(Profile::Aggressive, WindowSet::Standard, 300);
    for json in [
        r#"{"timeframe_s": 300}"#,
        r#"{"timeframe_s": 300.0, "profile": null, "window_set": null, "rules": null, "loss_threshold": null, "adverse_horizon_candles": null, "adverse_quantile": null}"#,
        r#"{"timeframe_s": 300, "profile": "aggressive", "window_set": "standard", "loss_threshold": 0.03, "adverse_horizon_candles": 48.0, "adverse_quantile": 0.95}"#,
    ] {
        assert_eq!(Params::from_json(json).as_ref(), Ok(&expected), "{json}");
    }
    assert_eq!(expected.memory_rows(), 990);
}

#[test]
fn resolved_parameters_resolve_to_themselves() {
    for profile in Profile::ALL {
        for set in WindowSet::ALL {
            let params = Params::new(profile, set, 3600);
            let again = Params::from_json(&params.to_json().to_string());
            assert_eq!(again.as_ref(), Ok(&params));
            assert_eq!(again.map(|p| p.fingerprint()), Ok(params.fingerprint()));
        }
    }
}

#[test]
fn fingerprints_differ_with_every_parameter() {
    let variants = [
        r#"{"timeframe_s": 300}"#,
        r#"{"timeframe_s": 301}"#,
        r#"{"timeframe_s": 300, "profile": "extreme"}"#,
        r#"{"timeframe_s": 300, "window_set": "compact"}"#,
        r#"{"timeframe_s": 300, "loss_threshold": 0.031}"#,
        r#"{"timeframe_s": 300, "adverse_horizon_candles": 49}"#,
        r#"{"timeframe_s": 300, "adverse_quantile": 0.96}"#,
        r#"{"timeframe_s": 300, "rules": []}"#,
        r#"{"timeframe_s": 300, "rules": [{"measure": "sigma", "from": 0.01, "to": 0.02, "min_size": 0}]}"#,
        r#"{"timeframe_s": 300, "rules": [{"measure": "sigma", "from": 0.01, "to": 0.02, "min_size": 0, "deny_above": 1}]}"#,
    ];
    let mut fingerprints: Vec<String> = variants.iter().map(|json| Params::from_json(json).expect(json).fingerprint()).collect();
    assert!(fingerprints.iter().all(|f| f.len() == 32 && f.chars().all(|c| c.is_ascii_hexdigit())));
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), variants.len());
}

#[test]
fn every_violation_is_reported_at_once() {
    let found = violations(
        r#"{"profile": "bold", "window_set": 3, "loss_threshold": 1, "adverse_horizon_candles": 289, "adverse_quantile": 0.995, "colour": "red", "rules": [
            {"measure": "jum", "from": 3, "to": 2, "min_size": 1.5, "deny_above": 1},
            {"measure": "size", "from": "x", "to": null, "min_size": -0.1, "extra": 1},
            "jump"]}"#,
    );
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "colour",
            "profile",
            "window_set",
            "timeframe_s",
            "rules[0].measure",
            "rules[0].min_size",
            "rules[0].from",
            "rules[0].deny_above",
            "rules[1].extra",
            "rules[1].measure",
            "rules[1].from",
            "rules[1].to",
            "rules[1].min_size",
            "rules[2]",
            "loss_threshold",
            "adverse_horizon_candles",
            "adverse_quantile",
        ]
    );
    assert!(found[1].1.contains("conservative, aggressive, extreme") && found[1].1.contains("bold"), "{}", found[1].1);
    assert!(found[4].1.contains("var99_long"), "the message lists what is allowed: {}", found[4].1);
}

#[test]
fn single_defects() {
    let rule = r#"{"measure": "jump", "from": 1, "to": 2, "min_size": 0}"#;
    let many = vec![rule; 17].join(",");
    for (json, path) in [
        ("".to_owned(), ""),
        ("[]".to_owned(), ""),
        (r#"{"timeframe_s": 300} x"#.to_owned(), ""),
        (r#"{"timeframe_s": 0}"#.to_owned(), "timeframe_s"),
        (r#"{"timeframe_s": 2419201}"#.to_owned(), "timeframe_s"),
        (r#"{"timeframe_s": 300.5}"#.to_owned(), "timeframe_s"),
        (r#"{"timeframe_s": "5m"}"#.to_owned(), "timeframe_s"),
        (r#"{"timeframe_s": null}"#.to_owned(), "timeframe_s"),
        (r#"{"timeframe_s": 1e400}"#.to_owned(), ""),
        (r#"{"timeframe_s": 300, "loss_threshold": 0}"#.to_owned(), "loss_threshold"),
        (r#"{"timeframe_s": 300, "rules": {}}"#.to_owned(), "rules"),
        (format!(r#"{{"timeframe_s": 300, "rules": [{many}]}}"#), "rules"),
    ] {
        let found = violations(&json);
        assert_eq!(found.len(), 1, "{json}: {found:?}");
        assert_eq!(found[0].0, path, "{json}: {found:?}");
        assert!(!found[0].1.is_empty());
    }
}

#[test]
fn messages_stay_short_whatever_is_sent() {
    let long = "x".repeat(100_000);
    for (path, message) in violations(&format!(r#"{{"timeframe_s": 300, "profile": "{long}", "{long}": 1}}"#)) {
        assert!(path.chars().count() <= 60 && message.chars().count() <= 200, "{} {}", path.len(), message.len());
    }
}

#[test]
fn the_ramp_of_a_rule() {
    let rule = Rule { measure: Measure::Jump, from: 3.0, to: 6.0, min_size: 0.25, deny_above: Some(6.0) };
    for (value, size) in [(0.0, 1.0), (3.0, 1.0), (4.0, 0.75), (4.5, 0.625), (6.0, 0.25), (6.000_000_1, 0.0), (f64::INFINITY, 0.0)] {
        assert_eq!(rule.size(value), size, "{value}");
    }
    let step = Rule { from: 3.0, to: 3.0, min_size: 0.0, deny_above: None, ..rule };
    assert_eq!((step.size(3.0), step.size(3.1)), (1.0, 0.0));
    let tiny = Rule { from: 3.0, to: 4.0, min_size: 1e-9, deny_above: None, ..rule };
    assert_eq!(tiny.size(10.0), 1.0 / 1024.0, "rounding must not deny");
    let floored = Rule { from: 0.0, to: 1.0, min_size: 0.0, deny_above: None, ..rule };
    assert_eq!(floored.size(1.0 / 3.0), 682.0 / 1024.0);
}

proptest! {
    #[test]
    fn a_rule_never_increases(from in -5.0..5.0f64, width in 0.0..5.0f64, min_size in 0.0..=1.0f64, beyond in prop::option::of(0.0..5.0f64), a in -10.0..20.0f64, b in -10.0..20.0f64) {
        let to = from + width;
        let rule = Rule { measure: Measure::Sigma, from, to, min_size, deny_above: beyond.map(|x| to + x) };
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(rule.size(high) <= rule.size(low));
        prop_assert!((0.0..=1.0).contains(&rule.size(a)) && f64::from(rule.size(a) as f32) == rule.size(a));
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = Params::from_json(&text);
    }
}

#[test]
fn reasons_follow_the_measure() {
    for (name, reason) in
        [("jump", reasons::JUMP), ("sigma", reasons::VOLATILITY), ("es99_short", reasons::TAIL), ("p_loss_long", reasons::TAIL)]
    {
        assert_eq!(Measure::from_name(name).map(Measure::reason), Some(reason), "{name}");
    }
    assert_eq!(reasons::name(reasons::JUMP), "jump");
    assert_eq!(reasons::name(255), "unknown");
}
