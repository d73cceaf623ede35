//! One pair's engine: takes a candle, answers with its measures and verdict.

use crate::candle::{BadCandle, Candle};
use crate::columns::{Measure, Values};
use crate::measure::black_swan::Side;
use crate::measure::logs::CandleLogs;
use crate::measure::quantum;
use crate::panel::{LiquidityPanel, MarketPanel, Needed, TailPanel, VolatilityPanel};
use crate::params::Params;
use crate::reasons;
use crate::rules::verdict;
use crate::selection::Selection;
use crate::simd::{Backend, Kernel, Simd};

/// What is known at the close of a candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessment {
    /// Share of the stake in [0, 1], a multiple of 1/1024; 0 denies.
    pub size: f64,
    /// Reason code, see [`crate::reasons`].
    pub reason: u8,
    /// Value of the binding measure, exact in float32; NaN if none binds.
    pub value: f64,
    values: Values,
}

impl Assessment {
    const WARMING_UP: Self = Self { size: 0.0, reason: reasons::WARMING_UP, value: f64::NAN, values: Values::UNDEFINED };

    /// Value of a measure; NaN where it is undefined, and while the history is shorter than the memory.
    #[inline]
    pub fn get(&self, measure: Measure) -> f64 {
        self.values.get(measure)
    }

    #[inline(always)]
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }
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
    /// The last candle.
    previous: Option<Candle>,
    volatility: VolatilityPanel,
    tails: TailPanel,
    liquidity: LiquidityPanel,
    market: MarketPanel,
    /// Panels that are run; the measures of the others stay undefined.
    needed: Needed,
    assessment: Assessment,
}

impl Assessor {
    /// An engine without history, on the fastest instruction set of this CPU.
    pub fn new(params: Params) -> Self {
        Self::with_backend(params, Backend::best())
    }

    /// As [`Self::new`] on a given instruction set, which changes nothing but the speed.
    pub fn with_backend(params: Params, backend: Backend) -> Self {
        Self {
            memory_rows: params.memory_rows(),
            volatility: VolatilityPanel::new(&params),
            tails: TailPanel::new(&params),
            liquidity: LiquidityPanel::new(&params),
            market: MarketPanel::new(&params),
            needed: Needed::ALL,
            params,
            backend,
            pushed: 0,
            previous: None,
            assessment: Assessment::WARMING_UP,
        }
    }

    /// An engine that computes what its rules and these columns depend on; the other measures are undefined.
    pub(crate) fn for_columns(params: Params, backend: Backend, selection: &Selection) -> Self {
        let needed = Needed::for_measures(selection.measures().chain(params.rules().iter().map(|rule| rule.measure)));
        Self { needed, ..Self::with_backend(params, backend) }
    }

    /// Takes the next candle and assesses it.
    ///
    /// # Errors
    /// What is wrong with the candle; the state is then unchanged, and the next candle follows the last valid one.
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

    /// VaR, ES and convexity of the tail window by simulated amplitude estimation, beside the classical values and in units of
    /// [`Measure::Sigma`]: a diagnostic, slow and no better (see [`quantum`]). `None` while the history is shorter than the memory, or
    /// when `pool` is not one of [`quantum::encoding::QUBITS`] qubits.
    pub fn quantum_diagnostic(&self, side: Side, settings: &quantum::Settings, pool: &mut quantum::Pool) -> Option<quantum::Report> {
        if self.assessment.reason == reasons::WARMING_UP {
            return None;
        }
        quantum::diagnose(self.tails.residuals(), side, settings, pool)
    }

    /// One checked candle.
    #[inline(always)]
    pub(crate) fn push_checked<S: Simd>(&mut self, s: S, candle: &Candle) {
        let rows_before = self.pushed;
        self.pushed += 1;
        // The first candle is its own predecessor: nothing that is ever shown depends on it.
        let logs = CandleLogs::of(s, candle, &self.previous.unwrap_or(*candle));
        self.previous = Some(*candle);

        // The return over the volatility known before it.
        let residual = logs.close / self.volatility.sigma();
        self.volatility.push(s, &logs);
        let Needed { tails, liquidity, market } = self.needed;
        if tails {
            self.tails.push(logs.range, residual);
        }
        if liquidity {
            self.liquidity.push(s, candle, &logs, residual);
        }
        if market {
            self.market.push(s, &logs);
        }

        if tails && rows_before + 1 >= self.memory_rows {
            self.tails.fit(s);
        }
        if rows_before < self.memory_rows {
            return;
        }
        let values = &mut self.assessment.values;
        self.volatility.write(values);
        if tails {
            self.tails.write(s, self.volatility.sigma(), values);
        }
        if liquidity {
            self.liquidity.write(s, values);
        }
        if market {
            self.market.write(s, values);
        }

        let verdict = verdict(self.params.rules(), values);
        self.assessment.size = verdict.size;
        self.assessment.reason = verdict.reason;
        self.assessment.value = verdict.value;
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
