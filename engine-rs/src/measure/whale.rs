//! Whale: a candle whose traded value stands out of the window's, and the side it was on.
//!
//! v = ln(volume · close), the log of the value traded; surprise = 0.6745·(v − median)/MAD over the window that ends with the candle, the modified z-score of Iglewicz & Hoaglin
//! (1993), alarmed above 3.5. Candles without volume are missing. Where more than half of the values are equal MAD is 0, and the
//! mean absolute deviation takes its place: (v − median)/(1.253314·mean|v − median|).
//! The side is that of the candle's bulk-classified flow ([`super::flow`]) where it is more than 0.3 one way.

use crate::simd::{Backend, Kernel, Simd, sum_from};
use crate::window::SortedWindow;

/// Φ⁻¹(¾): makes MAD comparable to a standard deviation.
const MAD_SCALE: f64 = 0.6745;
/// √(π/2): the same for the mean absolute deviation.
const MEAN_SCALE: f64 = 1.253_314;
/// Surprise from which a candle is a whale's.
pub const ALARM: f64 = 3.5;
/// Flow beyond which the side is named.
pub const ONE_SIDED: f64 = 0.3;

/// Who stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whale {
    /// Volume as usual.
    None,
    /// Unusual volume, mostly bought.
    Buy,
    /// Unusual volume, mostly sold.
    Sell,
    /// Unusual volume of no clear side.
    Unclear,
}

impl Whale {
    /// By a candle's surprise and flow; `None` where there is no surprise to judge.
    #[inline(always)]
    pub fn classify(surprise: f64, flow: f64) -> Option<Self> {
        if surprise.is_nan() {
            None
        } else if surprise <= ALARM {
            Some(Self::None)
        } else if flow > ONE_SIDED {
            Some(Self::Buy)
        } else if flow < -ONE_SIDED {
            Some(Self::Sell)
        } else {
            Some(Self::Unclear)
        }
    }

    /// 0 none, 1 buy, 2 sell, 3 unclear.
    pub fn code(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Buy => 1.0,
            Self::Sell => 2.0,
            Self::Unclear => 3.0,
        }
    }
}

/// State: log values of the last W candles in order; those without volume are +∞, beyond the end of what counts.
#[derive(Clone, Debug)]
pub struct VolumeSurprise {
    logs: SortedWindow,
    rows: usize,
    filled: usize,
    /// Values that are present.
    present: usize,
    /// How many of the smallest deviations lie left of the median: where the next search begins. The result does not depend on it.
    left: usize,
}

impl VolumeSurprise {
    /// Over `rows` candles.
    pub fn new(rows: usize) -> Self {
        let rows = rows.max(1);
        Self { logs: SortedWindow::new(rows), rows, filled: 0, present: rows, left: rows / 4 }
    }

    /// Takes the log of a candle's traded value (NaN: none). The surprise is NaN for a candle without volume, until the window is full, with fewer than
    /// half of its candles traded, and where all values are equal.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, log_value: f64) -> f64 {
        let missing = log_value.is_nan();
        let log = if missing { f64::INFINITY } else { log_value };
        self.logs.push(log);
        let sorted = self.logs.as_slice();
        while self.present < self.rows && sorted[self.present] < f64::INFINITY {
            self.present += 1;
        }
        while self.present > 0 && sorted[self.present - 1] == f64::INFINITY {
            self.present -= 1;
        }
        self.filled = self.rows.min(self.filled + 1);
        if missing || self.filled < self.rows || 2 * self.present < self.rows {
            return f64::NAN;
        }
        let present = &sorted[..self.present];
        let n = present.len();
        let median = 0.5 * (present[(n - 1) / 2] + present[n / 2]);
        let mad = median_deviation(present, median, &mut self.left);
        if mad > 0.0 {
            return MAD_SCALE * (log - median) / mad;
        }
        let mean = mean_deviation(s, present, median);
        if mean > 0.0 { (log - median) / (MEAN_SCALE * mean) } else { f64::NAN }
    }

    /// Candles of the window that were traded.
    pub fn present(&self) -> usize {
        self.present
    }

    /// Takes a candle's log value on a given instruction set.
    pub fn push_on(&mut self, backend: Backend, log_value: f64) -> f64 {
        backend.run(Push { surprise: self, log_value })
    }
}

/// Median of |x − median| over ascending values. Left and right of the median the deviations are two ascending runs; the smallest `half` of both together
/// are found by moving the border from where it was (`left` of them from the left run).
#[inline(always)]
fn median_deviation(sorted: &[f64], median: f64, left: &mut usize) -> f64 {
    let n = sorted.len();
    let middle = n / 2;
    let half = n.div_ceil(2);
    let from_left = |i: usize| median - sorted[middle - 1 - i];
    let from_right = |j: usize| sorted[middle + j] - median;
    let (fewest, most) = (half - (n - middle).min(half), middle.min(half));

    let mut i = (*left).clamp(fewest, most);
    while i > fewest && from_left(i - 1) > from_right(half - i) {
        i -= 1;
    }
    while i < most && from_right(half - i - 1) > from_left(i) {
        i += 1;
    }
    *left = i;
    let j = half - i;
    let mut last = 0.0;
    if i > 0 {
        last = from_left(i - 1);
    }
    if j > 0 && from_right(j - 1) > last {
        last = from_right(j - 1);
    }
    if n % 2 == 1 {
        return last;
    }
    let mut next = f64::INFINITY;
    if i < middle {
        next = from_left(i);
    }
    if middle + j < n && from_right(j) < next {
        next = from_right(j);
    }
    0.5 * (last + next)
}

/// Mean of |x − median| over ascending values.
#[inline(always)]
fn mean_deviation<S: Simd>(s: S, sorted: &[f64], median: f64) -> f64 {
    let (below, above) = sorted.split_at(sorted.len() / 2);
    (sum_from(s, above, median) - sum_from(s, below, median)) / sorted.len() as f64
}

struct Push<'a> {
    surprise: &'a mut VolumeSurprise,
    log_value: f64,
}

impl Kernel for Push<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        self.surprise.push(s, self.log_value)
    }
}
