//! A day of 1-minute candles of 50 pairs with a market pair, streamed: `cargo run --release --example trading_example [SECONDS]`.
//!
//! First at the maximum rate, one candle of each pair in turn, every push timed. Then as they would come in life and ten times as fast: the candles of all pairs are
//! spread evenly over their minute (six seconds at 10×), and a slice of SECONDS (default 10) of that is run in real time, sleeping in between. The
//! processor time is the kernel's (/proc/self/schedstat); allocations are counted. The last line is one JSON object; exit code 1 when a limit is broken.
//!
//! `trading_example 0` is the maximum rate alone: steady work to put under `perf record` and `heaptrack`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use talebridge_engine::{Assessor, Backend, BadCandle, Candle, Params, Profile, WindowSet};

const PAIRS: usize = 50;
const DAY_MINUTES: usize = 1440;
/// More than the engine remembers.
const WARM_UP: usize = 1100;
const DEFAULT_SLICE_S: u64 = 10;
const LONGEST_SLICE_S: u64 = 3600;
/// Bytes per second that may be allocated.
const ALLOCATION_LIMIT: f64 = 5e6;

/// Counts every byte the process asks for.
struct Counting;

static BYTES: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let slice_s = match std::env::args().nth(1).map(|text| text.parse()) {
        None => DEFAULT_SLICE_S,
        Some(Ok(seconds)) if seconds <= LONGEST_SLICE_S => seconds,
        Some(_) => {
            eprintln!("SECONDS must be a whole number up to {LONGEST_SLICE_S}");
            return ExitCode::from(2);
        }
    };
    match run(slice_s) {
        Ok((report, within)) => {
            println!("{report}");
            ExitCode::from(u8::from(!within))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(slice_s: u64) -> Result<(Value, bool), BadCandle> {
    let mut bot = Bot::new()?;
    let full = bot.stream_day()?;
    println!("{PAIRS} pairs, {DAY_MINUTES} minutes each, on {}", Backend::best().name());
    println!("at the maximum rate: {full:#}");
    let mut within = full["allocated_bytes_per_s"].as_f64().is_some_and(|bytes| bytes < ALLOCATION_LIMIT);
    let mut report = json!({ "example": "trading", "pairs": PAIRS, "simd": Backend::best().name(), "max": full });
    for (name, speed) in [("1x", 1), ("10x", 10)] {
        if slice_s > 0 {
            let slice = bot.stream_slice(speed, Duration::from_secs(slice_s))?;
            println!("{slice_s} s at {name}: {slice:#}");
            within &= slice["allocated_bytes_per_s"].as_f64().is_some_and(|bytes| bytes < ALLOCATION_LIMIT);
            report[name] = slice;
        }
    }
    Ok((report, within))
}

/// Every pair's engine, warm, and the day that follows.
struct Bot {
    engines: Vec<Assessor>,
    days: Vec<Vec<Candle>>,
    nanoseconds: Vec<u64>,
    /// Sums of sizes, so that nothing is computed in vain.
    stakes: f64,
}

impl Bot {
    fn new() -> Result<Self, BadCandle> {
        let params = Params::new(Profile::Conservative, WindowSet::Standard, 60);
        let mut bot = Self { engines: Vec::new(), days: Vec::new(), nanoseconds: Vec::with_capacity(PAIRS * DAY_MINUTES), stakes: 0.0 };
        for seed in (1..).take(PAIRS) {
            let mut candles = common::market(seed, WARM_UP + DAY_MINUTES);
            let day = candles.split_off(WARM_UP);
            let mut engine = Assessor::new(params.clone());
            for candle in &candles {
                engine.push(candle)?;
            }
            bot.engines.push(engine);
            bot.days.push(day);
        }
        Ok(bot)
    }

    fn push(&mut self, pair: usize, minute: usize) -> Result<(), BadCandle> {
        let began = Instant::now();
        let assessment = self.engines[pair].push(&self.days[pair][minute])?;
        self.stakes += assessment.size;
        self.nanoseconds.push(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// The whole day as fast as it goes.
    fn stream_day(&mut self) -> Result<Value, BadCandle> {
        let usage = Usage::now();
        for minute in 0..DAY_MINUTES {
            for pair in 0..PAIRS {
                self.push(pair, minute)?;
            }
        }
        Ok(self.report(&usage))
    }

    /// `slice` of real time at `speed` times the pace of life, from the start of the day.
    fn stream_slice(&mut self, speed: u32, slice: Duration) -> Result<Value, BadCandle> {
        // The day begins again: the engines as well.
        let fresh = Self::new()?;
        (self.engines, self.days) = (fresh.engines, fresh.days);
        let gap = Duration::from_secs(60) / (speed * PAIRS as u32);
        let usage = Usage::now();
        let count = usize::try_from(slice.as_nanos() / gap.as_nanos()).unwrap_or(usize::MAX).min(PAIRS * DAY_MINUTES);
        for i in 0..count {
            std::thread::sleep((usage.began + gap * i as u32).saturating_duration_since(Instant::now()));
            self.push(i % PAIRS, i / PAIRS)?;
        }
        std::thread::sleep((usage.began + slice).saturating_duration_since(Instant::now()));
        Ok(self.report(&usage))
    }

    fn report(&mut self, since: &Usage) -> Value {
        // The bytes before the processor time, whose reading allocates.
        let (wall_s, bytes, cpu) = (since.began.elapsed().as_secs_f64(), BYTES.load(Relaxed), cpu_ns());
        let mut sorted = std::mem::take(&mut self.nanoseconds);
        sorted.sort_unstable();
        let us = |q: f64| sorted.get(((sorted.len() - 1) as f64 * q) as usize).map(|&ns| ns as f64 / 1000.0);
        let share = cpu.zip(since.cpu_ns).map(|(now, before)| (now - before) as f64 / 1e9 / wall_s);
        let report = json!({
            "candles": sorted.len(),
            "seconds": wall_s,
            "p50_us": us(0.5), "p95_us": us(0.95), "p99_us": us(0.99), "p99_9_us": us(0.999), "max_us": us(1.0),
            "allocated_bytes_per_s": (bytes - since.bytes) as f64 / wall_s,
            "cpu_share_of_one_core": share,
            "mean_size": self.stakes / sorted.len() as f64,
        });
        sorted.clear();
        (self.nanoseconds, self.stakes) = (sorted, 0.0);
        report
    }
}

/// What had been used at some moment.
struct Usage {
    began: Instant,
    cpu_ns: Option<u64>,
    bytes: u64,
}

impl Usage {
    fn now() -> Self {
        // The reading of the processor time allocates, so the bytes are read after it.
        let cpu_ns = cpu_ns();
        Self { began: Instant::now(), cpu_ns, bytes: BYTES.load(Relaxed) }
    }
}

/// Processor time of this thread so far; `None` where the kernel does not say.
fn cpu_ns() -> Option<u64> {
    std::fs::read_to_string("/proc/self/schedstat").ok()?.split_ascii_whitespace().next()?.parse().ok()
}
