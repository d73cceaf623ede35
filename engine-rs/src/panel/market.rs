//! The pair's response to the market pair.

use crate::columns::{Measure, Values};
use crate::measure::convexity::{Convexity, Fragility};
use crate::measure::logs::CandleLogs;
use crate::params::Params;
use crate::simd::Simd;

/// State.
#[derive(Clone, Debug)]
pub(crate) struct MarketPanel {
    convexity: Convexity,
}

impl MarketPanel {
    pub(crate) fn new(params: &Params) -> Self {
        Self { convexity: Convexity::new(params.window_set().rank_rows(), params.timeframe_s()) }
    }

    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, logs: &CandleLogs) {
        self.convexity.push(s, logs.close, logs.market);
    }

    /// Whether [`Self::write`] sets a measure.
    pub(crate) fn writes(measure: Measure) -> bool {
        use Measure::{BetaDown, BetaUp, Convexity1s, Convexity3s, FragilityClass, Gamma, GammaT, MarketN};
        matches!(measure, Gamma | GammaT | Convexity1s | Convexity3s | BetaUp | BetaDown | FragilityClass | MarketN)
    }

    #[inline(always)]
    pub(crate) fn write<S: Simd>(&self, s: S, out: &mut Values) {
        let response = self.convexity.response(s);
        out.set(Measure::Gamma, response.gamma);
        out.set(Measure::GammaT, response.gamma_t);
        out.set(Measure::Convexity1s, response.convexity(1.0));
        out.set(Measure::Convexity3s, response.convexity(3.0));
        out.set(Measure::BetaUp, response.beta_up);
        out.set(Measure::BetaDown, response.beta_down);
        out.set(Measure::FragilityClass, response.class().map_or(f64::NAN, Fragility::code));
        out.set(Measure::MarketN, response.n as f64);
    }
}
