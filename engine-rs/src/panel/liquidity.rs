//! Volume, flow, price impact and spread.

use crate::candle::Candle;
use crate::columns::{Measure, Values};
use crate::measure::amihud::Amihud;
use crate::measure::flow::{Flow, FlowEstimate, traded_value};
use crate::measure::kyle;
use crate::measure::kyle::{Impact, Kyle};
use crate::measure::logs::CandleLogs;
use crate::measure::spread::{self, Spread};
use crate::measure::whale::{VolumeSurprise, Whale};
use crate::params::Params;
use crate::simd::Simd;

/// State and last readings.
#[derive(Clone, Debug)]
pub(crate) struct LiquidityPanel {
    volume: VolumeSurprise,
    flow: Flow,
    amihud: Amihud,
    kyle: Kyle,
    spread: Spread,
    now: Readings,
}

#[derive(Clone, Copy, Debug)]
struct Readings {
    surprise: f64,
    flow: FlowEstimate,
    amihud_rank: f64,
    impact: Impact,
}

impl Readings {
    const START: Self = Self {
        surprise: f64::NAN,
        flow: FlowEstimate { flow: f64::NAN, window: f64::NAN, vpin: f64::NAN, signed: f64::NAN, n: 0 },
        amihud_rank: f64::NAN,
        impact: Impact { lambda: f64::NAN, t: f64::NAN, n: 0, limited: 0 },
    };
}

impl LiquidityPanel {
    pub(crate) fn new(params: &Params) -> Self {
        let (set, timeframe_s) = (params.window_set(), params.timeframe_s());
        Self {
            volume: VolumeSurprise::new(set.rank_rows()),
            flow: Flow::default(),
            amihud: Amihud::new(set.rank_rows()),
            kyle: Kyle::new(kyle::ROWS, timeframe_s),
            spread: Spread::new(spread::ROWS, timeframe_s),
            now: Readings::START,
        }
    }

    /// Takes a candle and its residual.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, candle: &Candle, logs: &CandleLogs, residual: f64) {
        let value = traded_value(candle.volume, candle.close);
        let flow = self.flow.push(s, value, residual);
        self.now = Readings {
            surprise: self.volume.push(s, logs.value),
            flow,
            amihud_rank: self.amihud.push(s, logs.close, value).rank,
            impact: self.kyle.push(s, logs.close, flow.signed),
        };
        self.spread.push(s, candle, logs);
    }

    /// Whether [`Self::write`] sets a measure.
    pub(crate) fn writes(measure: Measure) -> bool {
        use Measure::{AmihudRank, Flow, FlowWindow, Kyle, KyleT, Spread, VolumeZ, Vpin, Whale};
        matches!(measure, VolumeZ | Whale | Flow | FlowWindow | Vpin | AmihudRank | Kyle | KyleT | Spread)
    }

    #[inline(always)]
    pub(crate) fn write<S: Simd>(&self, s: S, out: &mut Values) {
        let now = &self.now;
        out.set(Measure::VolumeZ, now.surprise);
        out.set(Measure::Whale, Whale::classify(now.surprise, now.flow.flow).map_or(f64::NAN, Whale::code));
        out.set(Measure::Flow, now.flow.flow);
        out.set(Measure::FlowWindow, now.flow.window);
        out.set(Measure::Vpin, now.flow.vpin);
        out.set(Measure::AmihudRank, now.amihud_rank);
        out.set(Measure::Kyle, now.impact.lambda);
        out.set(Measure::KyleT, now.impact.t);
        out.set(Measure::Spread, self.spread.estimate(s).spread);
    }
}
