//! Tails of both sides: the next candle's, and the worst move of the next h candles.

use crate::columns::{Measure, Values};
use crate::math::{exp_lanes, ln_lanes};
use crate::measure::adverse::Adverse;
use crate::measure::black_swan::{BlackSwan, Event, Side, Tail};
use crate::params::Params;
use crate::simd::Simd;

/// State and last readings.
#[derive(Clone, Debug)]
pub(crate) struct TailPanel {
    black_swan: BlackSwan,
    loss_threshold: f64,
    events: [Event; 2],
    adverse: Adverse,
}

impl TailPanel {
    pub(crate) fn new(params: &Params) -> Self {
        let set = params.window_set();
        Self {
            black_swan: BlackSwan::new(set.tail_rows(), set.exceedances()),
            loss_threshold: params.loss_threshold(),
            events: [Event::None; 2],
            adverse: Adverse::new(params.timeframe_s(), params.adverse_horizon_candles(), params.adverse_quantile()),
        }
    }

    /// The window of residuals, ascending.
    pub(crate) fn residuals(&self) -> &[f64] {
        self.black_swan.residuals()
    }

    /// Takes a candle's ln(H/L) and its residual. Its event is judged by the tails last fitted.
    #[inline(always)]
    pub(crate) fn push(&mut self, range: f64, residual: f64) {
        self.adverse.push(range);
        self.events = [self.black_swan.event(Side::Long, residual), self.black_swan.event(Side::Short, residual)];
        self.black_swan.push(residual);
    }

    /// Fits the tails where they have changed. Must run from the candle before the first ready one on, whose event they decide.
    #[inline(always)]
    pub(crate) fn fit<S: Simd>(&mut self, s: S) {
        // A loop, not two calls: what is inlined for an instruction set should be inlined once.
        for side in Side::BOTH {
            self.black_swan.fit(s, side);
        }
    }

    /// Whether [`Self::write`] sets a measure.
    pub(crate) fn writes(measure: Measure) -> bool {
        use Measure::{AdverseQLong, AdverseQShort, MaxToSum};
        [&LONG, &SHORT].iter().any(|side| side.0.contains(&measure)) || matches!(measure, MaxToSum | AdverseQLong | AdverseQShort)
    }

    /// Writes the tails of the next candle, whose volatility is `sigma`.
    #[inline(always)]
    pub(crate) fn write<S: Simd>(&mut self, s: S, sigma: f64, out: &mut Values) {
        // Five logarithms and three exponentials, eight at a time.
        let p_loss = Side::BOTH.map(|side| self.black_swan.p_loss(side, sigma, self.loss_threshold));
        let [fast, medium, slow] = self.adverse.variances(sigma);
        let logs = s.store(ln_lanes(s, s.load(&[p_loss[0].base(), p_loss[1].base(), fast, medium, slow, 1.0, 1.0, 1.0])));
        let log_scale = self.adverse.log_scale([logs[2], logs[3], logs[4]]);
        let exponents = [p_loss[0].exponent(logs[0]), p_loss[1].exponent(logs[1]), log_scale, 0.0, 0.0, 0.0, 0.0, 0.0];
        let powers = s.store(exp_lanes(s, s.load(&exponents)));

        for (i, columns) in [&LONG, &SHORT].into_iter().enumerate() {
            let (side, event) = (Side::BOTH[i], self.events[i]);
            let tail = self.black_swan.tail(side, sigma, p_loss[i].probability(powers[i]));
            let left_vega = self.black_swan.left_vega(s, side, sigma);
            columns.write(out, &tail, event, left_vega);
        }
        out.set(Measure::MaxToSum, self.black_swan.max_to_sum());
        let adverse = self.adverse.scaled(powers[2]);
        out.set(Measure::AdverseQLong, adverse.long);
        out.set(Measure::AdverseQShort, adverse.short);
    }
}

/// The measures of one side.
struct SideColumns([Measure; 14]);

const LONG: SideColumns = {
    use Measure::{
        Es95Long, Es99Long, EventLong, HillLong, LeftVegaLong, MomentLong, PLossLong, TailNLong, ThetaLong, Var95Long, Var99Long, XiLong,
        XiRawLong, XiSeLong,
    };
    SideColumns([
        Var95Long,
        Var99Long,
        Es95Long,
        Es99Long,
        PLossLong,
        XiRawLong,
        XiLong,
        XiSeLong,
        TailNLong,
        HillLong,
        MomentLong,
        ThetaLong,
        EventLong,
        LeftVegaLong,
    ])
};

const SHORT: SideColumns = {
    use Measure::{
        Es95Short, Es99Short, EventShort, HillShort, LeftVegaShort, MomentShort, PLossShort, TailNShort, ThetaShort, Var95Short,
        Var99Short, XiRawShort, XiSeShort, XiShort,
    };
    SideColumns([
        Var95Short,
        Var99Short,
        Es95Short,
        Es99Short,
        PLossShort,
        XiRawShort,
        XiShort,
        XiSeShort,
        TailNShort,
        HillShort,
        MomentShort,
        ThetaShort,
        EventShort,
        LeftVegaShort,
    ])
};

impl SideColumns {
    #[inline(always)]
    fn write(&self, out: &mut Values, tail: &Tail, event: Event, left_vega: f64) {
        let Tail { var95, var99, es95, es99, p_loss, xi_raw, xi, xi_se, n, shapes, theta } = *tail;
        let values =
            [var95, var99, es95, es99, p_loss, xi_raw, xi, xi_se, n as f64, shapes.hill, shapes.moment, theta, event.code(), left_vega];
        for (measure, value) in self.0.into_iter().zip(values) {
            out.set(measure, value);
        }
    }
}
