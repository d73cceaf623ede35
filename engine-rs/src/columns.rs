//! The columns manifest: the single source of the output columns, their order, units, meaning and memory.

use crate::assessor::Assessment;
use crate::measure::{black_swan::Side, jump, volatility};
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
    Size,
    Reason,
    Value,
    Measure(Measure),
}

/// A number a rule can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// J of the signal candle.
    Jump,
    /// Volatility forecast.
    Sigma,
    /// A number of the fitted tail.
    Tail(Side, TailNumber),
}

/// The numbers of a [`crate::measure::black_swan::Tail`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailNumber {
    /// `var95`
    Var95,
    /// `var99`
    Var99,
    /// `es95`
    Es95,
    /// `es99`
    Es99,
    /// `p_loss`
    PLoss,
    /// `xi_raw`
    XiRaw,
    /// `xi`
    Xi,
}

const PREFIX: &str = "risk_";
const LOSS: &str = "log-loss per candle";

const fn verdict(name: &'static str, unit: &'static str, source: Source, meaning: &'static str) -> Column {
    Column { name, unit, gate: true, meaning, source }
}

const fn measure(name: &'static str, unit: &'static str, measure: Measure, meaning: &'static str) -> Column {
    Column { name, unit, gate: false, meaning, source: Source::Measure(measure) }
}

const fn tail(name: &'static str, unit: &'static str, side: Side, number: TailNumber, meaning: &'static str) -> Column {
    measure(name, unit, Measure::Tail(side, number), meaning)
}

/// Number of output columns.
pub const COLUMN_COUNT: usize = 19;

/// Every output column, in order.
pub const COLUMNS: [Column; COLUMN_COUNT] = {
    use Side::{Long, Short};
    use TailNumber::{Es95, Es99, PLoss, Var95, Var99, Xi, XiRaw};
    [
        verdict(
            "risk_size",
            "share of the stake",
            Source::Size,
            "Candle verdict: smallest size over the rules, in steps of 1/1024; 0 denies.",
        ),
        verdict("risk_reason", "reason code", Source::Reason, "Why the size is below 1, or what is flagged; 0 if nothing is."),
        verdict("risk_value", "the measure's", Source::Value, "Value of the measure whose rule binds; NaN if none does."),
        measure(
            "risk_jump",
            "ratio",
            Measure::Jump,
            "J: |return| of the candle against the bipower variation of the 95 returns before it; NaN if they vary too little.",
        ),
        measure("risk_sigma", "log-return per candle", Measure::Sigma, "Parkinson range volatility forecast for the next candle."),
        tail("risk_var95_long", LOSS, Long, Var95, "Loss a long exceeds on the next candle with probability 5 %."),
        tail("risk_var99_long", LOSS, Long, Var99, "Loss a long exceeds on the next candle with probability 1 %."),
        tail("risk_es95_long", LOSS, Long, Es95, "Mean loss of a long beyond VaR 95."),
        tail("risk_es99_long", LOSS, Long, Es99, "Mean loss of a long beyond VaR 99."),
        tail(
            "risk_p_loss_long",
            "probability",
            Long,
            PLoss,
            "Probability that a long loses more than loss_threshold (log-loss) on the next candle.",
        ),
        tail(
            "risk_xi_raw_long",
            "shape",
            Long,
            XiRaw,
            "Tail shape of the long side as fitted; NaN if there were too few exceedances to fit.",
        ),
        tail("risk_xi_long", "shape", Long, Xi, "Tail shape of the long side as used, limited to 0.10 … 0.95."),
        tail("risk_var95_short", LOSS, Short, Var95, "Loss a short exceeds on the next candle with probability 5 %."),
        tail("risk_var99_short", LOSS, Short, Var99, "Loss a short exceeds on the next candle with probability 1 %."),
        tail("risk_es95_short", LOSS, Short, Es95, "Mean loss of a short beyond VaR 95."),
        tail("risk_es99_short", LOSS, Short, Es99, "Mean loss of a short beyond VaR 99."),
        tail(
            "risk_p_loss_short",
            "probability",
            Short,
            PLoss,
            "Probability that a short loses more than loss_threshold (log-loss) on the next candle.",
        ),
        tail(
            "risk_xi_raw_short",
            "shape",
            Short,
            XiRaw,
            "Tail shape of the short side as fitted; NaN if there were too few exceedances to fit.",
        ),
        tail("risk_xi_short", "shape", Short, Xi, "Tail shape of the short side as used, limited to 0.10 … 0.95."),
    ]
};

/// Rows a value depends on, from what it is computed of. "Rows" counts the value's own candle.
mod memory {
    /// A candle's own values.
    pub(super) const CANDLE: usize = 1;

    /// A value computed from the values of the last `rows` candles, each of memory `inner`.
    pub(super) const fn window(rows: usize, inner: usize) -> usize {
        rows - 1 + inner
    }

    /// A value of `candles` before, of memory `inner`.
    pub(super) const fn lag(candles: usize, inner: usize) -> usize {
        candles + inner
    }

    /// A value computed from two others.
    pub(super) const fn both(a: usize, b: usize) -> usize {
        if a > b { a } else { b }
    }
}

impl Measure {
    /// The measure named in a rule: a column's name without its prefix.
    pub fn from_name(name: &str) -> Option<Self> {
        COLUMNS.iter().find(|column| column.name.strip_prefix(PREFIX) == Some(name)).and_then(|column| match column.source {
            Source::Measure(measure) => Some(measure),
            _ => None,
        })
    }

    /// Names of all measures, in the order of the columns.
    pub fn names() -> impl Iterator<Item = &'static str> {
        COLUMNS.iter().filter(|column| matches!(column.source, Source::Measure(_))).filter_map(|column| column.name.strip_prefix(PREFIX))
    }

    /// Name in a rule.
    pub fn name(self) -> &'static str {
        COLUMNS
            .iter()
            .find(|column| matches!(column.source, Source::Measure(measure) if measure == self))
            .and_then(|column| column.name.strip_prefix(PREFIX))
            .unwrap_or_default()
    }

    /// Reason code of a rule about this measure.
    pub fn reason(self) -> u8 {
        match self {
            Self::Jump => reasons::JUMP,
            Self::Sigma => reasons::VOLATILITY,
            Self::Tail(..) => reasons::TAIL,
        }
    }

    /// Rows of history the measure depends on, its own candle included.
    pub const fn memory_rows(self, set: WindowSet) -> usize {
        use memory::{CANDLE, both, lag, window};
        let one_return = both(CANDLE, lag(1, CANDLE));
        let sigma = both(window(volatility::TAPS, CANDLE), window(volatility::FLOOR_ROWS, CANDLE));
        match self {
            Self::Sigma => sigma,
            Self::Jump => {
                let product = both(one_return, lag(1, one_return));
                both(one_return, lag(1, window(jump::PRODUCTS, product)))
            }
            Self::Tail(..) => {
                let residual = both(one_return, lag(1, sigma));
                both(sigma, window(set.tail_rows(), residual))
            }
        }
    }

    /// The measure's value.
    #[inline(always)]
    pub(crate) fn value(self, assessment: &Assessment) -> f64 {
        match self {
            Self::Jump => assessment.jump,
            Self::Sigma => assessment.sigma,
            Self::Tail(side, number) => {
                let tail = match side {
                    Side::Long => &assessment.long,
                    Side::Short => &assessment.short,
                };
                match number {
                    TailNumber::Var95 => tail.var95,
                    TailNumber::Var99 => tail.var99,
                    TailNumber::Es95 => tail.es95,
                    TailNumber::Es99 => tail.es99,
                    TailNumber::PLoss => tail.p_loss,
                    TailNumber::XiRaw => tail.xi_raw,
                    TailNumber::Xi => tail.xi,
                }
            }
        }
    }
}

impl Column {
    /// Rows of history the column depends on, the row itself included. The verdict may depend on any measure, as rules may name any.
    pub const fn memory_rows(&self, set: WindowSet) -> usize {
        match self.source {
            Source::Measure(measure) => measure.memory_rows(set),
            _ => memory_rows(set),
        }
    }

    /// The column's value.
    #[inline(always)]
    pub(crate) fn value(&self, assessment: &Assessment) -> f64 {
        match self.source {
            Source::Size => assessment.size,
            Source::Reason => f64::from(assessment.reason),
            Source::Value => assessment.value,
            Source::Measure(measure) => measure.value(assessment),
        }
    }
}

/// M: rows the deepest measure depends on. The first `M` rows of a frame are not ready.
pub const fn memory_rows(set: WindowSet) -> usize {
    let (mut deepest, mut i) = (0, 0);
    while i < COLUMNS.len() {
        if let Source::Measure(measure) = COLUMNS[i].source {
            deepest = memory::both(deepest, measure.memory_rows(set));
        }
        i += 1;
    }
    deepest
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
            assert_eq!(Measure::Sigma.memory_rows(set), 90);
        }
    }

    #[test]
    fn names_are_unique_and_found_again() {
        for (i, column) in COLUMNS.iter().enumerate() {
            assert!(column.name.starts_with(PREFIX));
            assert!(COLUMNS[..i].iter().all(|other| other.name != column.name), "{}", column.name);
        }
        assert_eq!(Measure::names().count(), COLUMN_COUNT - 3);
        for name in Measure::names() {
            assert_eq!(Measure::from_name(name).map(Measure::name), Some(name));
        }
        assert_eq!(Measure::from_name("size"), None);
    }
}
