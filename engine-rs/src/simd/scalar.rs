//! The scalar twin: eight lanes as an array. Reference for the bits of every other set, and what runs where there is none.

use super::{LANES, MANTISSA_MASK, SPLIT_OFFSET, SQRT_HALF_BITS, Simd, TWO_52, TWO_52_BIASED};

/// Plain Rust floats.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

impl Simd for Scalar {
    type V = [f64; LANES];

    #[inline(always)]
    fn splat(self, x: f64) -> Self::V {
        [x; LANES]
    }
    #[inline(always)]
    fn load(self, x: &[f64; LANES]) -> Self::V {
        *x
    }
    #[inline(always)]
    fn store(self, a: Self::V) -> [f64; LANES] {
        a
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] / b[i])
    }
    #[inline(always)]
    fn sqrt(self, a: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i].sqrt())
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn scale(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| f64::from_bits(a[i].to_bits().wrapping_add(b[i].to_bits() << 52)))
    }
    #[inline(always)]
    fn greater(self, a: Self::V, b: Self::V) -> u32 {
        (0..LANES).fold(0, |mask, i| mask | (u32::from(a[i] > b[i]) << i))
    }
    #[inline(always)]
    fn split(self, a: Self::V) -> (Self::V, Self::V) {
        let parts: [(f64, f64); LANES] = std::array::from_fn(|i| split(a[i]));
        (std::array::from_fn(|i| parts[i].0), std::array::from_fn(|i| parts[i].1))
    }
    #[inline(always)]
    fn count(self, keys: &[[f32; LANES]], x: f32) -> (u32, u32) {
        keys.as_flattened().iter().fold((0, 0), |(below, equal), &key| (below + u32::from(key < x), equal + u32::from(key == x)))
    }
}

/// One lane of [`Simd::split`].
#[inline(always)]
pub(crate) fn split(x: f64) -> (f64, f64) {
    let shifted = x.to_bits().wrapping_add(SPLIT_OFFSET);
    let exponent = f64::from_bits((shifted >> 52) | TWO_52.to_bits()) - TWO_52_BIASED;
    let mantissa = f64::from_bits((shifted & MANTISSA_MASK).wrapping_add(SQRT_HALF_BITS));
    (mantissa, exponent)
}
