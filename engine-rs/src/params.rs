//! Parameters of the candle verdict: validation that reports every violation at once, the profiles, and the fingerprint.

use serde_json::{Map, Value, json};

use crate::VERSION;
use crate::columns::{Measure, memory_rows};
use crate::measure::adverse::{MAX_HORIZON, MAX_QUANTILE, MIN_QUANTILE};

/// Most rules a verdict may have.
pub const MAX_RULES: usize = 16;
/// Longest candle: four weeks.
pub const MAX_TIMEFRAME_S: u32 = 4 * 604_800;
/// Loss of `p_loss` if none is given: a log-loss of 3 % on one candle.
pub const DEFAULT_LOSS_THRESHOLD: f64 = 0.03;
/// Horizon of the adverse excursion if none is given, in candles.
pub const DEFAULT_ADVERSE_HORIZON: u16 = 48;
/// Quantile of the adverse excursion if none is given.
pub const DEFAULT_ADVERSE_QUANTILE: f64 = 0.95;

/// A named set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Size 1 → ¼ over J 3 → 6, denied above 6.
    Conservative,
    /// Size 1 → ¼ over J 4 → 8.
    Aggressive,
    /// Size 1 → ½ over J 4 → 8.
    Extreme,
}

impl Profile {
    /// All profiles, strictest first.
    pub const ALL: [Self; 3] = [Self::Conservative, Self::Aggressive, Self::Extreme];

    /// Name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Aggressive => "aggressive",
            Self::Extreme => "extreme",
        }
    }

    /// The profile's rules.
    pub fn rules(self) -> Vec<Rule> {
        let (from, to, min_size, deny_above) = match self {
            Self::Conservative => (3.0, 6.0, 0.25, Some(6.0)),
            Self::Aggressive => (4.0, 8.0, 0.25, None),
            Self::Extreme => (4.0, 8.0, 0.5, None),
        };
        vec![Rule { measure: Measure::Jump, from, to, min_size, deny_above }]
    }
}

/// Lengths of the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowSet {
    /// Tail of 900 candles, 90 exceedances.
    Standard,
    /// Tail of 500 candles, 50 exceedances, for exchanges that deliver little history.
    Compact,
}

impl WindowSet {
    /// All sets.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Compact];

    /// Name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Compact => "compact",
        }
    }

    /// Residuals in the tail window.
    pub const fn tail_rows(self) -> usize {
        match self {
            Self::Standard => 900,
            Self::Compact => 500,
        }
    }

    /// Volatilities a rank is taken among.
    pub const fn rank_rows(self) -> usize {
        match self {
            Self::Standard => 500,
            Self::Compact => 250,
        }
    }

    /// Residuals above the tail's threshold.
    pub const fn exceedances(self) -> usize {
        self.tail_rows() / 10
    }
}

/// One rule: a ramp from full size at `from` down to `min_size` at `to`, and a denial above `deny_above`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The measure it is about.
    pub measure: Measure,
    /// Full size up to here.
    pub from: f64,
    /// `min_size` from here on; ≥ `from` (equal: a step).
    pub to: f64,
    /// In [0, 1].
    pub min_size: f64,
    /// Size 0 above this; ≥ `to`.
    pub deny_above: Option<f64>,
}

/// Resolved, valid parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    profile: Profile,
    window_set: WindowSet,
    timeframe_s: u32,
    rules: Vec<Rule>,
    loss_threshold: f64,
    adverse_horizon_candles: u16,
    adverse_quantile: f64,
}

/// One thing wrong with the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where: `rules[0].from`; empty for the whole.
    pub path: String,
    /// What, and what is allowed.
    pub message: String,
}

impl Params {
    /// The profile's parameters with default values for the rest.
    pub fn new(profile: Profile, window_set: WindowSet, timeframe_s: u32) -> Self {
        Self {
            profile,
            window_set,
            timeframe_s: timeframe_s.clamp(1, MAX_TIMEFRAME_S),
            rules: profile.rules(),
            loss_threshold: DEFAULT_LOSS_THRESHOLD,
            adverse_horizon_candles: DEFAULT_ADVERSE_HORIZON,
            adverse_quantile: DEFAULT_ADVERSE_QUANTILE,
        }
    }

    /// Parses and validates JSON text. Missing keys and `null` take the defaults; `timeframe_s` has none.
    ///
    /// # Errors
    /// Every violation, in the order of the keys.
    pub fn from_json(text: &str) -> Result<Self, Vec<Violation>> {
        let mut check = Check::default();
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                check.violation(String::new(), format!("not JSON: {error}"));
                return Err(check.violations);
            }
        };
        let Value::Object(object) = value else {
            check.violation(String::new(), "must be an object".to_owned());
            return Err(check.violations);
        };
        let known = ["profile", "window_set", "timeframe_s", "rules", "loss_threshold", "adverse_horizon_candles", "adverse_quantile"];
        check.keys(&object, "", &known);
        let profile = check.choice(&object, "profile", &Profile::ALL, Profile::name).unwrap_or(Profile::Aggressive);
        let window_set = check.choice(&object, "window_set", &WindowSet::ALL, WindowSet::name).unwrap_or(WindowSet::Standard);
        let timeframe_s = check.timeframe(&object);
        let rules = match present(&object, "rules") {
            None => profile.rules(),
            Some(value) => check.rules(value),
        };
        let loss_threshold = match present(&object, "loss_threshold") {
            None => DEFAULT_LOSS_THRESHOLD,
            Some(value) => {
                check.number(value, "loss_threshold", "a number above 0 and below 1", |x| x > 0.0 && x < 1.0).unwrap_or_default()
            }
        };
        let adverse_horizon_candles = match present(&object, "adverse_horizon_candles") {
            None => DEFAULT_ADVERSE_HORIZON,
            Some(value) => {
                let expected = format!("a whole number of candles from 1 to {MAX_HORIZON}");
                let valid = |x: f64| x.fract() == 0.0 && (1.0..=f64::from(MAX_HORIZON)).contains(&x);
                check.number(value, "adverse_horizon_candles", &expected, valid).unwrap_or_default() as u16
            }
        };
        let adverse_quantile = match present(&object, "adverse_quantile") {
            None => DEFAULT_ADVERSE_QUANTILE,
            Some(value) => {
                let expected = format!("a number from {MIN_QUANTILE} to {MAX_QUANTILE}");
                let valid = |x: f64| (MIN_QUANTILE..=MAX_QUANTILE).contains(&x);
                check.number(value, "adverse_quantile", &expected, valid).unwrap_or_default()
            }
        };
        if check.violations.is_empty() {
            Ok(Self { profile, window_set, timeframe_s, rules, loss_threshold, adverse_horizon_candles, adverse_quantile })
        } else {
            Err(check.violations)
        }
    }

    /// The profile the rules came from, or were given instead of.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Lengths of the windows.
    pub fn window_set(&self) -> WindowSet {
        self.window_set
    }

    /// Seconds per candle.
    pub fn timeframe_s(&self) -> u32 {
        self.timeframe_s
    }

    /// The rules, at most [`MAX_RULES`].
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Log-loss of the `p_loss` columns.
    pub fn loss_threshold(&self) -> f64 {
        self.loss_threshold
    }

    /// Horizon of the adverse excursion in candles, 1 … 288.
    pub fn adverse_horizon_candles(&self) -> u16 {
        self.adverse_horizon_candles
    }

    /// Quantile of the adverse excursion, 0.5 … 0.99.
    pub fn adverse_quantile(&self) -> f64 {
        self.adverse_quantile
    }

    /// M: rows of history a verdict depends on.
    pub fn memory_rows(&self) -> usize {
        memory_rows(self.window_set)
    }

    /// The parameters as JSON, every key present; parsing it gives the same parameters.
    pub fn to_json(&self) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "measure": rule.measure.name(),
                    "from": rule.from,
                    "to": rule.to,
                    "min_size": rule.min_size,
                    "deny_above": rule.deny_above,
                })
            })
            .collect();
        json!({
            "profile": self.profile.name(),
            "window_set": self.window_set.name(),
            "timeframe_s": self.timeframe_s,
            "rules": rules,
            "loss_threshold": self.loss_threshold,
            "adverse_horizon_candles": self.adverse_horizon_candles,
            "adverse_quantile": self.adverse_quantile,
        })
    }

    /// Hash of the engine's version and the parameters, 32 hexadecimal digits: equal fingerprints decide alike.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", fnv1a_128(format!("talebridge-engine {VERSION} {}", self.to_json()).as_bytes()))
    }
}

/// FNV-1a, 128 bits (Fowler, Noll & Vo): identifies, does not authenticate.
fn fnv1a_128(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// A key's value; `null` counts as missing.
fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

#[derive(Default)]
struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn violation(&mut self, path: String, message: String) {
        self.violations.push(Violation { path, message });
    }

    fn keys(&mut self, object: &Map<String, Value>, prefix: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.violation(format!("{prefix}{}", shorten(key)), format!("unknown key; known are {}", known.join(", ")));
        }
    }

    fn choice<T: Copy>(&mut self, object: &Map<String, Value>, key: &str, all: &[T], name: fn(T) -> &'static str) -> Option<T> {
        let value = present(object, key)?;
        let found = all.iter().copied().find(|&choice| value.as_str() == Some(name(choice)));
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|&choice| name(choice)).collect();
            self.violation(key.to_owned(), format!("must be one of {}; got {}", names.join(", "), show(value)));
        }
        found
    }

    fn timeframe(&mut self, object: &Map<String, Value>) -> u32 {
        let expected = format!("must be a whole number of seconds from 1 to {MAX_TIMEFRAME_S}");
        match object.get("timeframe_s") {
            None => self.violation("timeframe_s".to_owned(), format!("missing; {expected}")),
            Some(value) => {
                // JavaScript may write 300 as 300.0.
                let seconds = value.as_f64().filter(|s| s.fract() == 0.0 && (1.0..=f64::from(MAX_TIMEFRAME_S)).contains(s));
                match seconds {
                    Some(seconds) => return seconds as u32,
                    None => self.violation("timeframe_s".to_owned(), format!("{expected}; got {}", show(value))),
                }
            }
        }
        1
    }

    fn number(&mut self, value: &Value, path: &str, expected: &str, valid: impl Fn(f64) -> bool) -> Option<f64> {
        let number = value.as_f64().filter(|&x| x.is_finite() && valid(x));
        if number.is_none() {
            self.violation(path.to_owned(), format!("must be {expected}; got {}", show(value)));
        }
        number
    }

    fn rules(&mut self, value: &Value) -> Vec<Rule> {
        let Value::Array(items) = value else {
            self.violation("rules".to_owned(), format!("must be a list of rules or null; got {}", show(value)));
            return Vec::new();
        };
        if items.len() > MAX_RULES {
            self.violation("rules".to_owned(), format!("at most {MAX_RULES} rules; got {}", items.len()));
        }
        items.iter().take(MAX_RULES).enumerate().filter_map(|(i, item)| self.rule(item, &format!("rules[{i}]"))).collect()
    }

    fn rule(&mut self, value: &Value, path: &str) -> Option<Rule> {
        let Value::Object(object) = value else {
            self.violation(path.to_owned(), format!("must be an object with measure, from, to, min_size, deny_above; got {}", show(value)));
            return None;
        };
        self.keys(object, &format!("{path}."), &["measure", "from", "to", "min_size", "deny_above"]);
        let measure = object.get("measure").and_then(Value::as_str).and_then(Measure::from_name);
        if measure.is_none() {
            let names: Vec<&str> = Measure::names().collect();
            let got = object.get("measure").map_or_else(|| "nothing".to_owned(), show);
            self.violation(format!("{path}.measure"), format!("must be one of {}; got {got}", names.join(", ")));
        }
        let mut required = |key: &str, expected: &str, valid: fn(f64) -> bool| {
            let path = format!("{path}.{key}");
            self.number(object.get(key).unwrap_or(&Value::Null), &path, expected, valid)
        };
        let from = required("from", "a finite number", |_| true);
        let to = required("to", "a finite number", |_| true);
        let min_size = required("min_size", "a number from 0 to 1", |x| (0.0..=1.0).contains(&x));
        let deny_above = match present(object, "deny_above") {
            None => Some(None),
            Some(_) => required("deny_above", "a finite number or null", |_| true).map(Some),
        };
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            self.violation(format!("{path}.from"), format!("must not be above to; got {from} and {to}"));
        }
        if let (Some(to), Some(Some(limit))) = (to, deny_above)
            && limit < to
        {
            self.violation(format!("{path}.deny_above"), format!("must not be below to; got {limit} and {to}"));
        }
        Some(Rule { measure: measure?, from: from?, to: to?, min_size: min_size?, deny_above: deny_above? })
    }
}

/// A value as it stands in a message.
fn show(value: &Value) -> String {
    shorten(&value.to_string())
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
