//! The candle verdict: rules applied to measures.

use crate::columns::Values;
use crate::params::Rule;
use crate::reasons;

/// Sizes are multiples of one over this, so that they survive float32.
pub const SIZE_STEPS: f64 = 1024.0;

/// Size, reason code and value of the binding measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) size: f64,
    pub(crate) reason: u8,
    pub(crate) value: f64,
}

impl Rule {
    /// Size at a measure's value (not NaN): 1 up to `from`, `min_size` from `to` on, linear between, 0 above `deny_above`.
    /// Rounded down to a step of 1/1024, but never to 0 unless the rule says 0: only a rule may deny, not a rounding.
    #[inline]
    pub fn size(&self, value: f64) -> f64 {
        if self.deny_above.is_some_and(|limit| value > limit) {
            return 0.0;
        }
        let size = if value <= self.from {
            1.0
        } else if value >= self.to {
            self.min_size
        } else {
            1.0 - (1.0 - self.min_size) * ((value - self.from) / (self.to - self.from))
        };
        let floored = (size * SIZE_STEPS).floor() / SIZE_STEPS;
        if floored == 0.0 && size > 0.0 { 1.0 / SIZE_STEPS } else { floored }
    }
}

/// Smallest size over the rules; the first rule that gives it binds. A rule whose measure is undefined is not applied; if nothing
/// binds, that is flagged.
#[inline(always)]
pub(crate) fn verdict(rules: &[Rule], values: &Values) -> Verdict {
    let mut binding = Verdict { size: 1.0, reason: reasons::OK, value: f64::NAN };
    let mut undefined = false;
    for rule in rules {
        let value = values.get(rule.measure);
        if value.is_nan() {
            undefined = true;
            continue;
        }
        let size = rule.size(value);
        if size < binding.size {
            binding = Verdict { size, reason: rule.measure.reason(), value: f64::from(value as f32) };
        }
    }
    if undefined && binding.reason == reasons::OK {
        binding.reason = reasons::INSUFFICIENT_VARIATION;
    }
    binding
}
