//! Change of volatility: Page's (1954) cumulative sum with a finite memory, on the log range.
//!
//! x = ln(ln(H/L)) is close to normal with a standard deviation of 0.29 for a path of constant volatility (Alizadeh, Brandt & Diebold 2002). It is standardised by mean m
//! and standard deviation s of the 250 candles before the last 64, x̃ = (x − m)/s with s ≥ 0.29, and
//! up = max over k ≤ 64 of Σ (x̃ − ½) over the last k candles,  down = the same of −x̃;  both at least 0.
//! Page's sum is the largest suffix sum over the whole past; here the suffix ends after 64 candles. The statistic is `up`, or −`down` where that is larger.
//!
//! Suffix sums are differences of running sums. These are kept on a grid of 2⁻³², modulo 2²⁰: every addition is exact, so a difference does not depend on where the sum began.

use crate::math::{ln, power_of_two};
use crate::simd::{LANES, Simd};
use crate::window::{ExactSum, MirroredRing, Ring};

/// Candles of the longest suffix.
pub const SUFFIX: usize = 64;
/// Candles of the reference before them.
pub const REFERENCE: usize = 250;
/// Allowance per candle, in standard deviations.
pub const ALLOWANCE: f64 = 0.5;
/// |statistic| from which a change is announced.
pub const ALARM: f64 = 12.0;
/// Smallest standard deviation: that of the log range at constant volatility.
const DEVIATION_MIN: f64 = 0.29;
/// Smallest range that counts: a hundredth of a basis point. A candle without any range is this calm.
const RANGE_MIN: f64 = 1e-6;

/// |x| < 2^4 for ranges from 1e-6 up to those of the widest valid candle.
const X_LOG2: i32 = 4;
/// Values of x are rounded to multiples of this.
const GRID: f64 = power_of_two(-32);
/// Adding and subtracting 1.5 · 2^52 grid points rounds to one.
const GRID_ROUND: f64 = INTEGER_ROUND * GRID;
/// Running sums are kept below this; suffix sums are far smaller.
const MODULUS: f64 = power_of_two(20);
/// Adding and subtracting 1.5 · 2^52 rounds to an integer.
const INTEGER_ROUND: f64 = 1.5 * power_of_two(52);

/// Lengths of the suffixes in the order of the ring of running sums: oldest first.
const LENGTHS: [f64; SUFFIX] = {
    let mut lengths = [0.0; SUFFIX];
    let mut i = 0;
    while i < SUFFIX {
        lengths[i] = (SUFFIX - i) as f64;
        i += 1;
    }
    lengths
};

/// State: the last log ranges, their running sums, and the sums over the reference.
#[derive(Clone, Debug)]
pub struct Change {
    /// The last 64, then those of the reference.
    recent: Ring,
    reference: Ring,
    sum: ExactSum<X_LOG2, 8>,
    squares: ExactSum<{ 2 * X_LOG2 }, 8>,
    running: f64,
    /// Running sums before each of the last 64 candles.
    before: MirroredRing<SUFFIX>,
}

impl Default for Change {
    fn default() -> Self {
        Self {
            recent: Ring::new(SUFFIX),
            reference: Ring::new(REFERENCE),
            sum: ExactSum::default(),
            squares: ExactSum::default(),
            running: 0.0,
            before: MirroredRing::default(),
        }
    }
}

impl Change {
    /// Takes a candle's ln(H/L); the statistic: positive for rising volatility, negative for falling.
    #[inline(always)]
    pub(crate) fn push<S: Simd>(&mut self, s: S, range: f64) -> f64 {
        let x = (ln(if range > RANGE_MIN { range } else { RANGE_MIN }) + GRID_ROUND) - GRID_ROUND;
        self.before.push(self.running);
        let running = self.running + x;
        self.running = if running >= MODULUS {
            running - MODULUS
        } else if running < 0.0 {
            running + MODULUS
        } else {
            running
        };

        let into_reference = self.recent.push(x);
        let out = self.reference.push(into_reference);
        self.sum.add(into_reference);
        self.sum.remove(out);
        self.squares.add(into_reference * into_reference);
        self.squares.remove(out * out);

        let n = REFERENCE as f64;
        let mean = self.sum.value() / n;
        let variance = (self.squares.value() - self.sum.value() * mean) / (n - 1.0);
        let deviation = if variance > DEVIATION_MIN * DEVIATION_MIN { variance.sqrt() } else { DEVIATION_MIN };
        let (up, down) = self.largest_suffixes(s, mean, ALLOWANCE * deviation);
        if up >= down { up / deviation } else { -down / deviation }
    }

    /// Largest Σ (x − mean − allowance) and Σ (mean − x − allowance) over the last k ≤ 64 values, or 0.
    #[inline(always)]
    fn largest_suffixes<S: Simd>(&self, s: S, mean: f64, allowance: f64) -> (f64, f64) {
        let now = s.splat(self.running);
        let (modulus, inverse, round) = (s.splat(MODULUS), s.splat(1.0 / MODULUS), s.splat(INTEGER_ROUND));
        let (centre, drift) = (s.splat(mean), s.splat(allowance));
        let (mut up, mut down) = (s.splat(0.0), s.splat(0.0));
        for (before, length) in self.before.as_slice().as_chunks::<LANES>().0.iter().zip(LENGTHS.as_chunks::<LANES>().0) {
            let (before, length) = (s.load(before), s.load(length));
            let difference = s.sub(now, before);
            let wraps = s.sub(s.add(s.mul(difference, inverse), round), round);
            let excess = s.sub(s.sub(difference, s.mul(wraps, modulus)), s.mul(length, centre));
            let slack = s.mul(length, drift);
            up = s.max(up, s.sub(excess, slack));
            down = s.max(down, s.sub(s.sub(s.splat(0.0), excess), slack));
        }
        let largest = |lanes: [f64; LANES]| lanes.into_iter().fold(0.0, |most: f64, value| if value > most { value } else { most });
        (largest(s.store(up)), largest(s.store(down)))
    }
}

/// 1 for an alarm of rising volatility, −1 of falling, 0 for none.
#[inline(always)]
pub fn alarm(statistic: f64) -> f64 {
    if statistic > ALARM {
        1.0
    } else if statistic < -ALARM {
        -1.0
    } else {
        0.0
    }
}
