//! Jump of the candle, volatility of the next one, regime and change.

use crate::columns::{Measure, Values};
use crate::measure::change::{self, Change};
use crate::measure::ewma::Ewma;
use crate::measure::jump::{Jump, JumpTest};
use crate::measure::logs::CandleLogs;
use crate::measure::range_window::{self, RangeSigmas, RangeWindow};
use crate::measure::regime::regime;
use crate::measure::rogers_satchell::{self, RogersSatchell};
use crate::measure::volatility::RangeVolatility;
use crate::params::Params;
use crate::simd::Simd;
use crate::window::RankWindow;

/// State and last readings.
#[derive(Clone, Debug)]
pub(crate) struct VolatilityPanel {
    jump: Jump,
    filter: RangeVolatility,
    ewma: Ewma,
    rogers_satchell: RogersSatchell,
    range_window: RangeWindow,
    rank: RankWindow,
    change: Change,
    now: Readings,
}

#[derive(Clone, Copy, Debug)]
struct Readings {
    jump: JumpTest,
    sigma: f64,
    ewma: f64,
    rogers_satchell: f64,
    range_sigmas: RangeSigmas,
    rank: f64,
    change: f64,
}

impl Readings {
    /// Before the first candle; σ = 1 makes a residual of the first return, which nothing that is shown depends on.
    const START: Self = Self {
        jump: JumpTest { j: f64::NAN, level: f64::NAN },
        sigma: 1.0,
        ewma: 0.0,
        rogers_satchell: 0.0,
        range_sigmas: RangeSigmas { garman_klass: 0.0, yang_zhang: 0.0 },
        rank: f64::NAN,
        change: 0.0,
    };
}

impl VolatilityPanel {
    pub(crate) fn new(params: &Params) -> Self {
        let timeframe_s = params.timeframe_s();
        Self {
            jump: Jump::new(timeframe_s),
            filter: RangeVolatility::default(),
            ewma: Ewma::default(),
            rogers_satchell: RogersSatchell::default(),
            range_window: RangeWindow::new(range_window::ROWS, timeframe_s),
            rank: RankWindow::new(params.window_set().rank_rows()),
            change: Change::default(),
            now: Readings::START,
        }
    }

    /// The filter's volatility for the next candle.
    #[inline(always)]
    pub(crate) fn sigma(&self) -> f64 {
        self.now.sigma
    }

    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, logs: &CandleLogs) {
        self.filter.push(logs.range);
        let rogers_satchell = self.rogers_satchell.push(s, rogers_satchell::variance(logs));
        self.now = Readings {
            jump: self.jump.push(logs.close),
            sigma: self.filter.sigma(s),
            ewma: self.ewma.push(s, logs.close),
            rogers_satchell,
            range_sigmas: self.range_window.push(s, logs),
            rank: self.rank.push(s, rogers_satchell).rank,
            change: self.change.push(s, logs.range),
        };
    }

    #[inline(always)]
    pub(crate) fn write(&self, out: &mut Values) {
        let now = &self.now;
        out.set(Measure::Jump, now.jump.j);
        out.set(Measure::JumpLevel, now.jump.level);
        out.set(Measure::Sigma, now.sigma);
        out.set(Measure::SigmaEwma, now.ewma);
        out.set(Measure::SigmaRs, now.rogers_satchell);
        out.set(Measure::SigmaYz, now.range_sigmas.yang_zhang);
        out.set(Measure::SigmaGk, now.range_sigmas.garman_klass);
        out.set(Measure::SigmaRank, now.rank);
        out.set(Measure::Regime, regime(now.rank));
        out.set(Measure::Change, now.change);
        out.set(Measure::ChangeAlarm, change::alarm(now.change));
    }
}
