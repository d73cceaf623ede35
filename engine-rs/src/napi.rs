//! Bindings for Node.js. No logic: text and bytes in, text and bytes out. Errors that a caller can act on are data, not exceptions.

pub mod quantum;

use std::fs::{File, OpenOptions, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use napi::bindgen_prelude::{AsyncTask, Float64Array, Uint8Array};
use napi::{Env, Error, Result, Task};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::columns::{COLUMNS, memory_rows};
use crate::{Backend, BadCandle, BadSelection, Frame, INPUT_COLUMNS, Params, Selection, VERSION, Violation, WindowSet};

/// Most rows of one call, as in `protocol/enums.json`.
const MAX_ROWS: u32 = 2_000_000;
/// Row of an error that is about no row.
const NO_ROW: i64 = -1;

/// What this build is and runs on.
#[napi(object)]
pub struct EngineInfo {
    /// Version of the engine.
    pub version: String,
    /// Instruction set in use.
    pub simd: String,
    /// Whether long frames are spread over threads.
    pub parallel: bool,
}

/// Version, instruction set in use, threads or not.
#[napi(catch_unwind)]
pub fn engine_info() -> EngineInfo {
    EngineInfo { version: VERSION.to_owned(), simd: Backend::best().name().to_owned(), parallel: cfg!(feature = "parallel") }
}

/// The columns manifest as JSON: a list of `{name, unit, memory_rows: {standard, compact}, gate, meaning}`.
#[napi(catch_unwind)]
pub fn columns_manifest() -> String {
    let columns: Vec<Value> = COLUMNS
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "unit": column.unit,
                "memory_rows": {
                    "standard": column.memory_rows(WindowSet::Standard),
                    "compact": column.memory_rows(WindowSet::Compact),
                },
                "gate": column.gate,
                "meaning": column.meaning,
            })
        })
        .collect();
    Value::Array(columns).to_string()
}

/// Validates parameters (JSON). JSON `{ok: true, fingerprint, memory_rows, params}` with every key resolved, or `{ok: false, violations: [{path, message}]}`.
#[napi(catch_unwind)]
pub fn validate_params(json: String) -> String {
    match Params::from_json(&json) {
        Ok(params) => json!({
            "ok": true,
            "fingerprint": params.fingerprint(),
            "memory_rows": memory_rows(params.window_set()),
            "params": params.to_json(),
        }),
        Err(violations) => {
            let violations: Vec<Value> = violations.iter().map(|v| json!({ "path": v.path, "message": v.message })).collect();
            json!({ "ok": false, "violations": violations })
        }
    }
    .to_string()
}

/// What `annotate` resolves to.
#[napi(object)]
pub struct AnnotateResult {
    /// Whether `block` is there; otherwise the other fields are.
    pub ok: bool,
    /// rows × columns float64, little-endian, column-major.
    pub block: Option<Float64Array>,
    /// Microseconds the engine took, without copies and without waiting for a thread; absent on failure.
    pub engine_us: Option<f64>,
    /// `bad_input`, `params` or `internal`.
    pub code: Option<String>,
    /// Row of the bad candle, from 0; −1 when the error is about no row.
    pub row: Option<i64>,
    /// Column of the bad value; empty when the error is about none.
    pub column: Option<String>,
    /// One sentence naming the thing and the fix.
    pub message: Option<String>,
}

/// Why a frame was not annotated.
pub enum Failure {
    /// An invalid candle.
    BadInput(BadCandle),
    /// A block of the wrong size.
    Frame(String),
    /// Invalid parameters.
    Params(Vec<Violation>),
    /// A list of columns that selects none.
    Columns(BadSelection),
    /// A defect of the engine.
    Internal(String),
}

impl Failure {
    /// Code, row, column and message, as results carry them.
    fn parts(self) -> (String, i64, String, String) {
        let (code, row, column, message) = match self {
            Self::BadInput(bad) => ("bad_input", i64::try_from(bad.row).unwrap_or(i64::MAX), bad.column, bad.to_string()),
            Self::Frame(message) => ("bad_input", NO_ROW, "", message),
            Self::Params(violations) => {
                let parts: Vec<String> = violations.iter().map(|v| format!("{}: {}", v.path, v.message)).collect();
                ("params", NO_ROW, "", parts.join("; "))
            }
            Self::Columns(bad) => ("params", NO_ROW, "", bad.to_string()),
            Self::Internal(message) => ("internal", NO_ROW, "", message),
        };
        (code.to_owned(), row, column.to_owned(), message)
    }
}

impl From<Failure> for AnnotateResult {
    fn from(failure: Failure) -> Self {
        let (code, row, column, message) = failure.parts();
        Self { ok: false, block: None, engine_us: None, code: Some(code), row: Some(row), column: Some(column), message: Some(message) }
    }
}

/// Parameters, the copied block, and its rows.
type Input = (Params, Vec<f64>, usize);

/// Does work whose panic must not reach the C caller: it would abort the process.
fn guarded<T>(work: impl FnOnce() -> std::result::Result<T, Failure>) -> std::result::Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Failure::Internal(format!("the engine panicked: {}", panic_text(panic.as_ref())))))
}

/// An annotated frame.
pub struct Annotated {
    block: Vec<f64>,
    engine_us: f64,
}

/// Work for a thread of Node's pool. Holds a copy of the candles: the caller may change or detach its buffer meanwhile.
pub struct AnnotateTask {
    input: std::result::Result<Input, Failure>,
    columns: std::result::Result<Selection, Failure>,
}

impl Task for AnnotateTask {
    type Output = std::result::Result<Annotated, Failure>;
    type JsValue = AnnotateResult;

    fn compute(&mut self) -> Result<Self::Output> {
        let twice = || Failure::Internal("the task ran twice".to_owned());
        let input = std::mem::replace(&mut self.input, Err(twice()));
        let columns = std::mem::replace(&mut self.columns, Err(twice()));
        Ok(guarded(move || {
            let (params, values, rows) = input?;
            let columns = columns?;
            let frame =
                Frame::from_block(&values, rows).ok_or_else(|| Failure::Internal("the copied block has another size".to_owned()))?;
            let start = Instant::now();
            let mut block = crate::annotate_columns(&params, frame, &columns).map_err(Failure::BadInput)?;
            let engine_us = start.elapsed().as_secs_f64() * 1e6;
            to_little_endian(&mut block);
            Ok(Annotated { block, engine_us })
        }))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(match output {
            // JavaScript gets the engine's own memory, not a copy.
            Ok(Annotated { block, engine_us }) => AnnotateResult {
                ok: true,
                block: Some(Float64Array::new(block)),
                engine_us: Some(engine_us),
                code: None,
                row: None,
                column: None,
                message: None,
            },
            Err(failure) => failure.into(),
        })
    }
}

/// Measures and verdict for every row. `block`: rows × 6 or 7 float64 (the seventh column is the market pair's close, NaN where there is
/// none), little-endian, column-major, at any alignment; copied on entry.
/// `columns`: ascending indexes into the manifest of the columns wanted; absent: all.
/// Resolves to `{ok: true, block}` or `{ok: false, code, row, column, message}`; never rejects for bad input.
#[napi(catch_unwind, ts_return_type = "Promise<AnnotateResult>")]
pub fn annotate(json: String, block: Uint8Array, rows: u32, columns: Option<Vec<u32>>) -> AsyncTask<AnnotateTask> {
    let columns = columns.map_or_else(|| Ok(Selection::all()), |indexes| Selection::new(&indexes)).map_err(Failure::Columns);
    AsyncTask::new(AnnotateTask { input: input_of(&json, &block, rows), columns })
}

/// Checks and copies what a caller sends.
fn input_of(json: &str, block: &[u8], rows: u32) -> std::result::Result<Input, Failure> {
    let params = Params::from_json(json).map_err(Failure::Params)?;
    if rows > MAX_ROWS {
        return Err(Failure::Frame(format!("{rows} rows are more than the limit of {MAX_ROWS}; send a shorter timerange")));
    }
    let rows = rows as usize;
    let column = rows * size_of::<f64>();
    let (plain, with_market) = (column * INPUT_COLUMNS.len(), column * (INPUT_COLUMNS.len() + 1));
    if block.len() != plain && block.len() != with_market {
        let got = block.len();
        return Err(Failure::Frame(format!(
            "the block has {got} bytes, {rows} rows of 6 float64 columns take {plain}, of 7 (with the market's close) {with_market}"
        )));
    }
    let values = block.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    Ok((params, values, rows))
}

/// The byte order of the wire; nothing to do on most machines.
fn to_little_endian(values: &mut [f64]) {
    for value in values {
        *value = f64::from_bits(value.to_bits().to_le());
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Panics on the main thread, for the tests of what reaches JavaScript then.
///
/// # Panics
/// Always.
#[cfg(feature = "fault-injection")]
#[napi(catch_unwind)]
pub fn panic_now() {
    crate::fault::panic_now();
}

/// An exclusive lock on a file, held until released, garbage-collected or the process ends, however it ends.
#[napi]
pub struct FileLock {
    file: Option<File>,
}

#[napi]
impl FileLock {
    /// Locks the file at `path`, which is created if absent; null when another process (or another `FileLock`) holds it.
    /// Throws when the file cannot be opened or its file system has no locks.
    #[napi(catch_unwind)]
    pub fn try_lock(path: String) -> Result<Option<FileLock>> {
        let failed = |what: &str, error: std::io::Error| Error::from_reason(format!("cannot {what} {path}: {error}"));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(|error| failed("open", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", error)),
        }
    }

    /// Releases the lock; a second call does nothing.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        self.file = None;
    }
}
