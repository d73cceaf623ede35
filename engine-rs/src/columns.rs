//! The columns manifest: the single source of the output columns, their order, units, meaning and memory.

use crate::assessor::Assessment;
use crate::memory;
use crate::params::WindowSet;
use crate::reasons;

/// One output column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name in frames, with the prefix `risk_`.
    pub name: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// Whether the entry gate reads it; such columns are exact in float32.
    pub gate: bool,
    /// One line of meaning.
    pub meaning: &'static str,
    source: Source,
}

/// Where a column's values come from, which also fixes its memory.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The verdict, which may depend on any measure, as rules may name any.
    Verdict,
    Measure(Measure),
}

const PREFIX: &str = "risk_";
const LOSS: &str = "log-loss per candle";
const PER_CANDLE: &str = "log-return per candle";

/// Columns of the verdict, before the measures.
const VERDICT: [Column; 3] = [
    verdict("risk_size", "share of the stake", "Candle verdict: smallest size over the rules, in steps of 1/1024; 0 denies."),
    verdict("risk_reason", "reason code", "Why the size is below 1, or what is flagged; 0 if nothing is."),
    verdict("risk_value", "the measure's", "Value of the measure whose rule binds; NaN if none does."),
];

const fn verdict(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, unit, gate: true, meaning, source: Source::Verdict }
}

/// Writes the measures: a line is variant, name, unit, node of [`memory`], reason code of rules about it, meaning.
macro_rules! measures {
    ($($variant:ident $name:literal, $unit:expr, $memory:ident, $reason:ident, $meaning:literal;)+) => {
        /// A number a rule can be about, in the order of the columns.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Measure {
            $(#[doc = $meaning] $variant,)+
        }

        impl Measure {
            /// All measures, in order.
            pub const ALL: [Self; MEASURE_COUNT] = [$(Self::$variant),+];

            /// Reason code of a rule about this measure.
            pub const fn reason(self) -> u8 {
                match self {
                    $(Self::$variant => reasons::$reason,)+
                }
            }

            /// Rows of history the measure depends on, its own candle included.
            pub const fn memory_rows(self, set: WindowSet) -> usize {
                match self {
                    $(Self::$variant => memory::$memory(set),)+
                }
            }

            /// The column it is written to.
            const fn column(self) -> Column {
                match self {
                    $(Self::$variant => Column {
                        name: concat!("risk_", $name),
                        unit: $unit,
                        gate: false,
                        meaning: $meaning,
                        source: Source::Measure(self),
                    },)+
                }
            }
        }

        /// Number of measures.
        pub const MEASURE_COUNT: usize = [$($name),+].len();
    };
}

measures! {
    Jump "jump", "ratio", jump, JUMP, "J: |return| of the candle against the bipower variation of the 95 returns before it; NaN if they vary too little.";
    JumpLevel "jump_level", "ratio", jump, JUMP, "J over the value that the largest of a day's candles exceeds with probability 1 % if none is a jump (Lee & Mykland): above 1 is a jump.";
    Sigma "sigma", PER_CANDLE, sigma, VOLATILITY, "Parkinson range volatility forecast for the next candle.";
    SigmaEwma "sigma_ewma", PER_CANDLE, kernel_of_returns, VOLATILITY, "Volatility by exponentially weighted squared returns, decay 0.94.";
    SigmaRs "sigma_rs", PER_CANDLE, kernel_of_ranges, VOLATILITY, "Rogers–Satchell volatility, decay 0.94: a trend does not bias it.";
    SigmaYz "sigma_yz", PER_CANDLE, window_of_gaps, VOLATILITY, "Yang–Zhang volatility over 96 candles, gaps between candles included.";
    SigmaGk "sigma_gk", PER_CANDLE, window_of_ranges, VOLATILITY, "Garman–Klass volatility over 96 candles.";
    SigmaRank "sigma_rank", "rank", sigma_rank, VOLATILITY, "Mid-rank in (0, 1) of sigma_rs among those of the last 500 (compact: 250) candles.";
    Regime "regime", "0 to 3", sigma_rank, REGIME, "Volatility regime: 0 calm (sigma_rank below 0.25), 1 normal, 2 high (from 0.75), 3 extreme (from 0.95).";
    Change "change", "standard deviations", change, REGIME, "Largest cumulative rise (> 0) or fall (< 0) of the log range over the last 64 candles against the 250 before them.";
    ChangeAlarm "change_alarm", "-1, 0, 1", change, REGIME, "1 if change is above 12 (volatility has risen), −1 if below −12 (fallen), else 0.";
    Var95Long "var95_long", LOSS, tail, TAIL, "Loss a long exceeds on the next candle with probability 5 %.";
    Var99Long "var99_long", LOSS, tail, TAIL, "Loss a long exceeds on the next candle with probability 1 %.";
    Es95Long "es95_long", LOSS, tail, TAIL, "Mean loss of a long beyond VaR 95.";
    Es99Long "es99_long", LOSS, tail, TAIL, "Mean loss of a long beyond VaR 99.";
    PLossLong "p_loss_long", "probability", tail, TAIL, "Probability that a long loses more than loss_threshold (log-loss) on the next candle.";
    XiRawLong "xi_raw_long", "shape", residuals, TAIL, "Tail shape of the long side as fitted; NaN if there were too few exceedances to fit.";
    XiLong "xi_long", "shape", residuals, TAIL, "Tail shape of the long side as used, limited to 0.10 … 0.95.";
    XiSeLong "xi_se_long", "shape", residuals, TAIL, "Standard error of xi_raw_long.";
    TailNLong "tail_n_long", "residuals", residuals, TAIL, "Residuals beyond the threshold on the long side: what the fit is made of; fewer than 30 are not fitted.";
    HillLong "hill_long", "shape", residuals, TAIL, "Tail shape of the long side by Hill's estimator, a cross-check.";
    MomentLong "moment_long", "shape", residuals, TAIL, "Tail shape of the long side by the moment estimator of Dekkers, Einmahl and de Haan, a cross-check.";
    ThetaLong "theta_long", "0 to 1", residuals, TAIL, "Extremal index of the long side (Ferro & Segers): 1/theta is the mean number of residuals beyond the threshold that come together.";
    EventLong "event_long", "0, 1, 2", event, TAIL, "What the candle was to a long by the tail known before it: 0 nothing, 1 warning (beyond the threshold), 2 swan (probability below 1 in 1000).";
    Var95Short "var95_short", LOSS, tail, TAIL, "Loss a short exceeds on the next candle with probability 5 %.";
    Var99Short "var99_short", LOSS, tail, TAIL, "Loss a short exceeds on the next candle with probability 1 %.";
    Es95Short "es95_short", LOSS, tail, TAIL, "Mean loss of a short beyond VaR 95.";
    Es99Short "es99_short", LOSS, tail, TAIL, "Mean loss of a short beyond VaR 99.";
    PLossShort "p_loss_short", "probability", tail, TAIL, "Probability that a short loses more than loss_threshold (log-loss) on the next candle.";
    XiRawShort "xi_raw_short", "shape", residuals, TAIL, "Tail shape of the short side as fitted; NaN if there were too few exceedances to fit.";
    XiShort "xi_short", "shape", residuals, TAIL, "Tail shape of the short side as used, limited to 0.10 … 0.95.";
    XiSeShort "xi_se_short", "shape", residuals, TAIL, "Standard error of xi_raw_short.";
    TailNShort "tail_n_short", "residuals", residuals, TAIL, "Residuals beyond the threshold on the short side: what the fit is made of; fewer than 30 are not fitted.";
    HillShort "hill_short", "shape", residuals, TAIL, "Tail shape of the short side by Hill's estimator, a cross-check.";
    MomentShort "moment_short", "shape", residuals, TAIL, "Tail shape of the short side by the moment estimator of Dekkers, Einmahl and de Haan, a cross-check.";
    ThetaShort "theta_short", "0 to 1", residuals, TAIL, "Extremal index of the short side (Ferro & Segers): 1/theta is the mean number of residuals beyond the threshold that come together.";
    EventShort "event_short", "0, 1, 2", event, TAIL, "What the candle was to a short by the tail known before it: 0 nothing, 1 warning (beyond the threshold), 2 swan (probability below 1 in 1000).";
    MaxToSum "max_to_sum", "0 to 1", residuals, TAIL, "Largest of the fourth powers of the residuals over their sum: above 0.1 the sample's kurtosis is the story of one candle.";
    AdverseQLong "adverse_q_long", "log-loss", adverse, ADVERSE, "Worst fall against a long within adverse_horizon_candles that is exceeded with probability 1 − adverse_quantile.";
    AdverseQShort "adverse_q_short", "log-loss", adverse, ADVERSE, "Worst rise against a short within adverse_horizon_candles that is exceeded with probability 1 − adverse_quantile.";
    VolumeZ "volume_z", "robust standard deviations", volume, WHALE, "Surprise of the value traded: log value against median and MAD of the last 500 (compact: 250) candles; NaN without volume.";
    Whale "whale", "0 to 3", whale, WHALE, "Whale: 0 none, 1 mostly bought, 2 mostly sold, 3 of no clear side; volume_z above 3.5.";
    Flow "flow", "-1 to 1", flow, WHALE, "Bought less sold share of the candle's volume, guessed from its return (bulk classification).";
    FlowWindow "flow_window", "-1 to 1", flow_window, WHALE, "Net flow of the last 250 candles over their value traded.";
    Vpin "vpin", "0 to 1", flow_window, WHALE, "Absolute flow of the last 250 candles over their value traded (VPIN with candles as buckets).";
    AmihudRank "amihud_rank", "rank", amihud, LIQUIDITY, "Rank of Amihud's illiquidity (mean |return| per value traded, 32 candles) in the window: 1 is the least liquid.";
    Kyle "kyle", "log-return", kyle, LIQUIDITY, "Kyle's lambda: return that goes with a mean candle's value all bought, over 250 candles.";
    KyleT "kyle_t", "t", kyle, LIQUIDITY, "kyle over its robust standard error.";
    Spread "spread", "share of the price", spread, LIQUIDITY, "EDGE estimate of the bid-ask spread over 250 candles; negative where noise outweighs it.";
    Gamma "gamma", "per log-return", market, FRAGILITY, "Convexity of the return in the market pair's (Treynor & Mazuy): negative is fragile. NaN without 200 joint candles.";
    GammaT "gamma_t", "t", market, FRAGILITY, "gamma over its robust standard error.";
    Convexity1s "convexity_1s", "log-return", market, FRAGILITY, "Mean effect of a market move of one standard deviation, up or down, beyond the linear one.";
    Convexity3s "convexity_3s", "log-return", market, FRAGILITY, "The same for three standard deviations.";
    BetaUp "beta_up", "slope", market, FRAGILITY, "Slope of the return in rising markets.";
    BetaDown "beta_down", "slope", market, FRAGILITY, "Slope of the return in falling markets.";
    FragilityClass "fragility_class", "-1, 0, 1", market, FRAGILITY, "1 fragile (gamma_t below −2), −1 antifragile (above 2), 0 neither can be told.";
    MarketN "market_n", "candles", market, FRAGILITY, "Candles of the window with a return of both the pair and the market pair.";
    LeftVegaLong "left_vega_long", LOSS, tail, FRAGILITY, "Growth of a long's tail loss (beyond 1.645 standard deviations) per unit growth of scale.";
    LeftVegaShort "left_vega_short", LOSS, tail, FRAGILITY, "Growth of a short's tail loss (beyond 1.645 standard deviations) per unit growth of scale.";
}

/// Number of output columns.
pub const COLUMN_COUNT: usize = VERDICT.len() + MEASURE_COUNT;

/// Every output column, in order: the verdict, then the measures.
pub const COLUMNS: [Column; COLUMN_COUNT] = {
    let mut columns = [VERDICT[0]; COLUMN_COUNT];
    let mut i = 0;
    while i < COLUMN_COUNT {
        columns[i] = if i < VERDICT.len() { VERDICT[i] } else { Measure::ALL[i - VERDICT.len()].column() };
        i += 1;
    }
    columns
};

impl Measure {
    /// The measure named in a rule: a column's name without its prefix.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }

    /// The measure a column holds; none of the verdict's.
    pub(crate) fn of_column(index: usize) -> Option<Self> {
        Self::ALL.get(index.checked_sub(VERDICT.len())?).copied()
    }

    /// Names of all measures, in the order of the columns.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::name)
    }

    /// Name in a rule.
    pub fn name(self) -> &'static str {
        self.column().name.strip_prefix(PREFIX).unwrap_or_default()
    }
}

impl Column {
    /// Rows of history the column depends on, the row itself included.
    pub const fn memory_rows(&self, set: WindowSet) -> usize {
        match self.source {
            Source::Measure(measure) => measure.memory_rows(set),
            Source::Verdict => memory_rows(set),
        }
    }
}

/// M: rows the deepest measure depends on. The first `M` rows of a frame are not ready.
pub const fn memory_rows(set: WindowSet) -> usize {
    let (mut deepest, mut i) = (0, 0);
    while i < MEASURE_COUNT {
        deepest = memory::both(deepest, Measure::ALL[i].memory_rows(set));
        i += 1;
    }
    deepest
}

/// Values of all measures of one candle, NaN where undefined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Values([f64; MEASURE_COUNT]);

impl Values {
    /// One bit pattern for every NaN.
    const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
    /// Nothing is known.
    pub(crate) const UNDEFINED: Self = Self([Self::NAN; MEASURE_COUNT]);

    /// Value of a measure.
    #[inline(always)]
    pub(crate) fn get(&self, measure: Measure) -> f64 {
        self.0[measure as usize]
    }

    /// Sets a measure; every NaN becomes the same NaN.
    #[inline(always)]
    pub(crate) fn set(&mut self, measure: Measure, value: f64) {
        self.0[measure as usize] = if value.is_nan() { Self::NAN } else { value };
    }
}

impl Assessment {
    /// The values in the order of [`COLUMNS`], every NaN with the same bits.
    #[inline(always)]
    pub fn row(&self) -> [f64; COLUMN_COUNT] {
        let mut row = [Values::NAN; COLUMN_COUNT];
        row[0] = self.size;
        row[1] = f64::from(self.reason);
        row[2] = self.value;
        row[VERDICT.len()..].copy_from_slice(&self.values().0);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_within_what_exchanges_deliver() {
        assert_eq!(memory_rows(WindowSet::Standard), 990);
        assert_eq!(memory_rows(WindowSet::Compact), 590);
        for set in [WindowSet::Standard, WindowSet::Compact] {
            assert_eq!(Measure::Jump.memory_rows(set), 97);
            assert_eq!(Measure::Sigma.memory_rows(set), 89);
        }
    }

    #[test]
    fn names_are_unique_and_found_again() {
        for (i, column) in COLUMNS.iter().enumerate() {
            assert!(column.name.starts_with(PREFIX));
            assert!(COLUMNS[..i].iter().all(|other| other.name != column.name), "{}", column.name);
        }
        for (i, measure) in Measure::ALL.into_iter().enumerate() {
            assert_eq!(measure as usize, i);
            assert_eq!(Measure::from_name(measure.name()), Some(measure));
            assert_eq!(COLUMNS[VERDICT.len() + i].name.strip_prefix(PREFIX), Some(measure.name()));
            assert_eq!(Measure::of_column(VERDICT.len() + i), Some(measure));
        }
        assert_eq!(Measure::from_name("size"), None);
        assert_eq!([0, 2, COLUMN_COUNT].map(Measure::of_column), [None; 3]);
        const { assert!(COLUMN_COUNT <= 64) };
    }
}
