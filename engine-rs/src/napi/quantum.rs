//! The quantum diagnostic for Node.js: text and bytes in, text out.

use napi::bindgen_prelude::{AsyncTask, Uint8Array};
use napi::{Env, Result, Task};
use napi_derive::napi;
use serde_json::{Map, Value, json};

use super::{Failure, Input, guarded, input_of};
use crate::columns::Measure;
use crate::measure::black_swan::Side;
use crate::measure::quantum::encoding::{QUBITS, WIDTH};
use crate::measure::quantum::iqae::Precision;
use crate::measure::quantum::{Pool, Report, Settings};
use crate::{Assessor, Frame, Violation};

/// Seeds are whole numbers that JavaScript can write: up to 2^53 − 1.
const MAX_SEED: f64 = 9_007_199_254_740_991.0;

/// What `quantumDiagnostic` resolves to.
#[napi(object)]
pub struct QuantumResult {
    /// Whether `json` is there; otherwise the other fields are.
    pub ok: bool,
    /// The report.
    pub json: Option<String>,
    /// `bad_input`, `params` or `internal`.
    pub code: Option<String>,
    /// Row of the bad candle, from 0; −1 when the error is about no row.
    pub row: Option<i64>,
    /// Column of the bad value; empty when the error is about none.
    pub column: Option<String>,
    /// One sentence naming the thing and the fix.
    pub message: Option<String>,
}

/// Work for a thread of Node's pool.
pub struct QuantumTask {
    input: std::result::Result<(Input, Settings), Failure>,
}

impl Task for QuantumTask {
    type Output = std::result::Result<String, Failure>;
    type JsValue = QuantumResult;

    fn compute(&mut self) -> Result<Self::Output> {
        let input = std::mem::replace(&mut self.input, Err(Failure::Internal("the task ran twice".to_owned())));
        Ok(guarded(move || input.and_then(|(input, settings)| diagnose(input, &settings))))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(match output {
            Ok(json) => QuantumResult { ok: true, json: Some(json), code: None, row: None, column: None, message: None },
            Err(failure) => {
                let (code, row, column, message) = failure.parts();
                QuantumResult { ok: false, json: None, code: Some(code), row: Some(row), column: Some(column), message: Some(message) }
            }
        })
    }
}

/// VaR, ES and convexity of the tail window at the last candle: classical, from the bins, and by simulated amplitude estimation; a diagnostic, never part of a
/// verdict. `json`: `{params, seed?, epsilon?, alpha?, shots?}` with `params` as `annotate` takes them; `block` and `rows` as there.
/// Resolves to `{ok: true, json}` or `{ok: false, code, row, column, message}`; never rejects for bad input.
#[napi(catch_unwind, ts_return_type = "Promise<QuantumResult>")]
pub fn quantum_diagnostic(json: String, block: Uint8Array, rows: u32) -> AsyncTask<QuantumTask> {
    AsyncTask::new(QuantumTask { input: read(&json, &block, rows) })
}

fn read(json: &str, block: &[u8], rows: u32) -> std::result::Result<(Input, Settings), Failure> {
    let violation = |path: &str, message: &str| Failure::Params(vec![Violation { path: path.to_owned(), message: message.to_owned() }]);
    let Ok(Value::Object(object)) = serde_json::from_str(json) else {
        return Err(violation("", "must be a JSON object with params, seed, epsilon, alpha, shots"));
    };
    const KNOWN: [&str; 5] = ["params", "seed", "epsilon", "alpha", "shots"];
    if object.keys().any(|key| !KNOWN.contains(&key.as_str())) {
        return Err(violation("", "unknown key; known are params, seed, epsilon, alpha, shots"));
    }
    let usual = Settings::default();
    let seed = number(&object, "seed", 0.0, MAX_SEED, usual.seed as f64)?;
    let epsilon = number(&object, "epsilon", Precision::MIN_EPSILON, Precision::MAX_EPSILON, usual.precision.epsilon)?;
    let alpha = number(&object, "alpha", 1e-9, 0.5, usual.precision.alpha)?;
    let shots = number(&object, "shots", 1.0, f64::from(Precision::MAX_SHOTS_PER_ROUND), f64::from(usual.precision.shots))?;
    let settings = Settings { precision: Precision { epsilon, alpha, shots: shots as u32 }, seed: seed as u64, ..usual };
    let params = object.get("params").unwrap_or(&Value::Null).to_string();
    Ok((input_of(&params, block, rows)?, settings))
}

fn number(object: &Map<String, Value>, key: &str, low: f64, high: f64, usual: f64) -> std::result::Result<f64, Failure> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(usual),
        Some(value) => value.as_f64().filter(|x| (low..=high).contains(x)).ok_or_else(|| {
            Failure::Params(vec![Violation { path: key.to_owned(), message: format!("must be a number from {low} to {high}") }])
        }),
    }
}

fn diagnose((params, values, rows): Input, settings: &Settings) -> std::result::Result<String, Failure> {
    let frame = Frame::from_block(&values, rows).ok_or_else(|| Failure::Internal("the copied block has another size".to_owned()))?;
    frame.check().map_err(Failure::BadInput)?;
    let needed = params.memory_rows() + 1;
    let mut assessor = Assessor::new(params);
    // Nothing older has an effect.
    for row in rows.saturating_sub(needed)..rows {
        assessor.push(&frame.candle(row)).map_err(Failure::BadInput)?;
    }
    let mut pool = Pool::new(QUBITS);
    let mut report = |side| assessor.quantum_diagnostic(side, settings, &mut pool);
    let (Some(long), Some(short)) = (report(Side::Long), report(Side::Short)) else {
        return Err(Failure::Frame(format!("{rows} candles are too few: the tail window needs {needed}; send a longer history")));
    };
    let sigma = assessor.assessment().get(Measure::Sigma);
    Ok(json!({ "sigma": sigma, "bin_width": WIDTH, "long": report_json(&long), "short": report_json(&short) }).to_string())
}

fn report_json(report: &Report) -> Value {
    let estimated =
        |e: &crate::measure::quantum::diagnostic::Estimated| json!({ "iqae": e.iqae, "low": e.low, "high": e.high, "mlae": e.mlae });
    let tails: Vec<Value> = report
        .tails
        .iter()
        .map(|tail| {
            json!({
                "probability": tail.probability,
                "classical": { "var": tail.classical_var, "es": tail.classical_es },
                "binned": { "var": tail.binned_var, "es": tail.binned_es },
                "estimated": { "var": tail.estimated_var, "es": estimated(&tail.estimated_es) },
            })
        })
        .collect();
    json!({
        "losses": report.losses,
        "clipped_share": report.clipped_share,
        "tails": tails,
        "convexity": {
            "classical": report.convexity.classical,
            "binned": report.convexity.binned,
            "estimated": estimated(&report.convexity.estimated),
        },
        "calls": report.calls,
        "largest_power": report.power,
        "converged": report.converged,
    })
}
