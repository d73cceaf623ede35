//! What is asked of the state: a payoff per bin, scaled into [0, 1], which becomes the objective qubit's rotation 2·asin √f.
//!
//! The rotation is exact for every bin (uniformly controlled). The linear approximation sin²(c·f + π/4) of Woerner & Egger (2019), which saves gates on hardware,
//! is not used: it adds an error of its own.

use super::encoding::{BINS, centre};

/// Share by which volatility is moved up and down for the convexity.
pub const VOLATILITY_SHIFT: f64 = 0.25;

/// Loss beyond bin `threshold`: 1 above it, 0 up to it. The amplitude is P(loss > bin).
#[inline]
pub fn beyond(threshold: usize) -> impl Fn(usize) -> f64 {
    move |bin| if bin > threshold { 1.0 } else { 0.0 }
}

/// Excess over the centre of bin `threshold`, scaled by [`excess_scale`]: E\[(L − x)₊\] is the amplitude times the scale.
#[inline]
pub fn excess(threshold: usize) -> impl Fn(usize) -> f64 {
    let scale = excess_scale(threshold);
    move |bin| if bin > threshold { (centre(bin) - centre(threshold)) / scale } else { 0.0 }
}

/// Largest excess over a bin, in units of σ; 1 for the last bin, over which there is none.
#[inline]
pub fn excess_scale(threshold: usize) -> f64 {
    if threshold + 1 < BINS { centre(BINS - 1) - centre(threshold) } else { 1.0 }
}

/// What a shift of volatility by ±¼ adds on average to the excess of `loss` over `threshold`: ½·(g(¾x) + g(1¼x)) − g(x) with
/// g(x) = (x − threshold)₊ (the fragility heuristic of Taleb, Canetti, Kinda, Loukoianova & Schmieder 2012). Never below 0, as g is convex.
#[inline]
pub fn convexity(loss: f64, threshold: f64) -> f64 {
    let g = |x: f64| if x > threshold { x - threshold } else { 0.0 };
    let h = 0.5 * (g(loss * (1.0 - VOLATILITY_SHIFT)) + g(loss * (1.0 + VOLATILITY_SHIFT))) - g(loss);
    // Rounding may leave a hair below 0.
    if h > 0.0 { h } else { 0.0 }
}

/// Largest [`convexity`] of any bin, or 1 where there is none.
#[inline]
pub fn convexity_scale(threshold: f64) -> f64 {
    let largest = (0..BINS).fold(0.0, |largest, bin| {
        let h = convexity(centre(bin), threshold);
        if h > largest { h } else { largest }
    });
    if largest > 0.0 { largest } else { 1.0 }
}
