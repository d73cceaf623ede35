//! Panics on demand, for tests of what a defect of the engine does to its host. Compiled only with the feature `fault-injection`, which
//! no shipped build has.

use crate::candle::Candle;

/// A candle with exactly this volume makes a build with injected faults panic where it is pushed, on whatever thread that is.
pub const PANIC_VOLUME: f64 = 6.022_140_76e23;

/// The defect.
///
/// # Panics
/// On a candle of [`PANIC_VOLUME`].
#[inline(always)]
pub(crate) fn panic_if_asked(candle: &Candle) {
    if candle.volume == PANIC_VOLUME {
        panic_now();
    }
}

/// The defect at once.
///
/// # Panics
/// Always.
#[expect(clippy::panic, reason = "its purpose")]
pub(crate) fn panic_now() {
    panic!("injected fault");
}
