//! One pair's engine: takes a candle, answers with its measures and verdict.

use crate::candle::{BadCandle, Candle};
use crate::columns::{COLUMN_COUNT, COLUMNS};
use crate::math::ln_ratio;
use crate::measure::black_swan::{BlackSwan, Side, Tail};
use crate::measure::jump::Jump;
use crate::measure::volatility::RangeVolatility;
use crate::params::Params;
use crate::reasons;
use crate::rules::verdict;
use crate::simd::{Backend, Kernel, Simd};

/// What is known at the close of a candle. Measures are NaN while the history is shorter than the memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessment {
    /// Share of the stake in [0, 1], a multiple of 1/1024; 0 denies.
    pub size: f64,
    /// Reason code, see [`crate::reasons`].
    pub reason: u8,
    /// Value of the binding measure, exact in float32; NaN if none binds.
    pub value: f64,
    /// J of this candle; NaN if the returns before it vary too little.
    pub jump: f64,
    /// Volatility forecast for the next candle.
    pub sigma: f64,
    /// Tail of the next candle for a long.
    pub long: Tail,
    /// Tail of the next candle for a short.
    pub short: Tail,
}

impl Assessment {
    const WARMING_UP: Self = Self {
        size: 0.0,
        reason: reasons::WARMING_UP,
        value: f64::NAN,
        jump: f64::NAN,
        sigma: f64::NAN,
        long: Tail::UNDEFINED,
        short: Tail::UNDEFINED,
    };

    /// The values in the order of [`COLUMNS`], every NaN with the same bits.
    #[inline]
    pub fn row(&self) -> [f64; COLUMN_COUNT] {
        std::array::from_fn(|j| canonical(COLUMNS[j].value(self)))
    }
}

/// One bit pattern for every NaN.
#[inline(always)]
fn canonical(x: f64) -> f64 {
    const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
    if x.is_nan() { NAN } else { x }
}

/// Streaming engine of one pair. All memory is allocated at construction; a push allocates nothing.
///
/// An assessment depends on the last [`Params::memory_rows`] candles only, bit for bit, whatever was pushed before them.
#[derive(Clone, Debug)]
pub struct Assessor {
    params: Params,
    backend: Backend,
    memory_rows: usize,
    pushed: usize,
    previous: Option<Previous>,
    volatility: RangeVolatility,
    jump: Jump,
    black_swan: BlackSwan,
    assessment: Assessment,
}

/// What the next candle needs of this one.
#[derive(Clone, Copy, Debug)]
struct Previous {
    open_ms: f64,
    close: f64,
    sigma: f64,
}

impl Assessor {
    /// An engine without history, on the fastest instruction set of this CPU.
    pub fn new(params: Params) -> Self {
        Self::with_backend(params, Backend::best())
    }

    /// As [`Self::new`] on a given instruction set, which changes nothing but the speed.
    pub fn with_backend(params: Params, backend: Backend) -> Self {
        let set = params.window_set();
        Self {
            memory_rows: params.memory_rows(),
            jump: Jump::new(params.timeframe_s()),
            black_swan: BlackSwan::new(set.tail_rows(), set.exceedances()),
            volatility: RangeVolatility::default(),
            params,
            backend,
            pushed: 0,
            previous: None,
            assessment: Assessment::WARMING_UP,
        }
    }

    /// Takes the next candle and assesses it.
    ///
    /// # Errors
    /// What is wrong with the candle; the state is then unchanged, and the next candle follows the last valid one.
    #[inline]
    pub fn push(&mut self, candle: &Candle) -> Result<&Assessment, BadCandle> {
        candle.check(self.pushed, self.previous.map(|previous| previous.open_ms))?;
        self.backend.run(Push { assessor: self, candle });
        Ok(&self.assessment)
    }

    /// Assessment of the last candle; "warming up" before the first.
    pub fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    /// The parameters it works by.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// One checked candle.
    #[inline(always)]
    pub(crate) fn push_checked<S: Simd>(&mut self, s: S, candle: &Candle) {
        let ready = self.pushed >= self.memory_rows;
        self.pushed = self.pushed.saturating_add(1);

        let mut jump = f64::NAN;
        if let Some(previous) = self.previous {
            let r = ln_ratio(candle.close, previous.close);
            jump = self.jump.push(r);
            self.black_swan.push(r / previous.sigma);
        }
        self.volatility.push(candle.high, candle.low);
        let sigma = self.volatility.sigma(s);
        self.previous = Some(Previous { open_ms: candle.open_ms, close: candle.close, sigma });
        if !ready {
            return;
        }

        let threshold = self.params.loss_threshold();
        let assessment = &mut self.assessment;
        assessment.jump = jump;
        assessment.sigma = sigma;
        assessment.long = self.black_swan.tail(s, Side::Long, sigma, threshold);
        assessment.short = self.black_swan.tail(s, Side::Short, sigma, threshold);
        let verdict = verdict(self.params.rules(), assessment);
        assessment.size = verdict.size;
        assessment.reason = verdict.reason;
        assessment.value = verdict.value;
    }
}

struct Push<'a> {
    assessor: &'a mut Assessor,
    candle: &'a Candle,
}

impl Kernel for Push<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.assessor.push_checked(s, self.candle);
    }
}
