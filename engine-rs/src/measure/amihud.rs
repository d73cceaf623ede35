//! Amihud's illiquidity (Amihud 2002, *Illiquidity and Stock Returns*), compared by rank.
//!
//! ILLIQ = mean of |r|/Q over the traded ones of the last 32 candles, Q = volume · close: the price move per unit of quote currency traded. The unit says little, so what is reported is
//! the rank of ILLIQ within its own window: 1 is the least liquid.

use crate::simd::{Backend, Kernel, Simd, sum_from};
use crate::window::{FlagWindow, MirroredRing, Rank, RankWindow};

/// Candles of the mean.
pub const MEAN_ROWS: usize = 32;
/// Fewer traded candles than this have no mean.
pub const MIN_TRADED: usize = MEAN_ROWS / 2;
/// A ratio is limited to this, so that 32 of them have a finite sum.
const RATIO_LIMIT: f64 = 1e300;

/// State: the last 32 ratios, and the window of their means.
#[derive(Clone, Debug)]
pub struct Amihud {
    ratios: MirroredRing<MEAN_ROWS>,
    traded: FlagWindow,
    means: RankWindow,
    rows: usize,
}

impl Amihud {
    /// Rank over `rows` candles.
    pub fn new(rows: usize) -> Self {
        Self { ratios: MirroredRing::default(), traded: FlagWindow::new(MEAN_ROWS), means: RankWindow::new(rows), rows }
    }

    /// Takes a candle's log return and traded value in quote currency (0: none). The rank is NaN with fewer than half of the last 32 candles traded, and with fewer than half of
    /// the window's means known.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, r: f64, value: f64) -> Rank {
        let traded = value > 0.0;
        self.ratios.push(if traded { (r.abs() / value).clamp(0.0, RATIO_LIMIT) } else { 0.0 });
        let count = self.traded.push(traded);
        let mean = if count >= MIN_TRADED { sum_from(s, self.ratios.as_slice(), 0.0) / count as f64 } else { f64::NAN };
        let rank = self.means.push(s, mean);
        if 2 * rank.n < self.rows { Rank { rank: f64::NAN, ..rank } } else { rank }
    }

    /// Takes a candle on a given instruction set.
    pub fn push_on(&mut self, backend: Backend, r: f64, value: f64) -> Rank {
        backend.run(Push { amihud: self, r, value })
    }
}

struct Push<'a> {
    amihud: &'a mut Amihud,
    r: f64,
    value: f64,
}

impl Kernel for Push<'_> {
    type Output = Rank;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Rank {
        self.amihud.push(s, self.r, self.value)
    }
}
