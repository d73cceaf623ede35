//! NEON (part of AArch64 itself) as four registers of two lanes.

use std::arch::aarch64::{
    float64x2_t, vaddq_f64, vaddq_u64, vandq_u64, vdivq_f64, vdupq_n_f64, vdupq_n_u64, vld1q_f64, vmulq_f64, vorrq_u64,
    vreinterpretq_f64_u64, vreinterpretq_u64_f64, vshrq_n_u64, vsqrtq_f64, vst1q_f64, vsubq_f64,
};

use super::{LANES, MANTISSA_MASK, SPLIT_OFFSET, SQRT_HALF_BITS, Simd, TWO_52, TWO_52_BIASED};

/// Proof of NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    /// NEON belongs to the AArch64 baseline: every CPU this module compiles for has it.
    #[inline(always)]
    pub(crate) fn baseline() -> Self {
        Self(())
    }
}

type V = [float64x2_t; 4];

impl Simd for Neon {
    type V = V;

    #[inline(always)]
    fn splat(self, x: f64) -> V {
        // SAFETY: the token in `self` proves that the CPU has NEON.
        unsafe { [vdupq_n_f64(x); 4] }
    }
    #[inline(always)]
    fn load(self, x: &[f64; LANES]) -> V {
        let p = x.as_ptr();
        // SAFETY: the token, as above; each load reads two of the eight values.
        unsafe { [vld1q_f64(p), vld1q_f64(p.add(2)), vld1q_f64(p.add(4)), vld1q_f64(p.add(6))] }
    }
    #[inline(always)]
    fn store(self, a: V) -> [f64; LANES] {
        let mut out = [0.0; LANES];
        let p = out.as_mut_ptr();
        // SAFETY: as for load.
        unsafe {
            vst1q_f64(p, a[0]);
            vst1q_f64(p.add(2), a[1]);
            vst1q_f64(p.add(4), a[2]);
            vst1q_f64(p.add(6), a[3]);
        }
        out
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        // SAFETY: the token.
        unsafe { [vaddq_f64(a[0], b[0]), vaddq_f64(a[1], b[1]), vaddq_f64(a[2], b[2]), vaddq_f64(a[3], b[3])] }
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        // SAFETY: the token.
        unsafe { [vsubq_f64(a[0], b[0]), vsubq_f64(a[1], b[1]), vsubq_f64(a[2], b[2]), vsubq_f64(a[3], b[3])] }
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        // SAFETY: the token.
        unsafe { [vmulq_f64(a[0], b[0]), vmulq_f64(a[1], b[1]), vmulq_f64(a[2], b[2]), vmulq_f64(a[3], b[3])] }
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        // SAFETY: the token.
        unsafe { [vdivq_f64(a[0], b[0]), vdivq_f64(a[1], b[1]), vdivq_f64(a[2], b[2]), vdivq_f64(a[3], b[3])] }
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        // SAFETY: the token.
        unsafe { [vsqrtq_f64(a[0]), vsqrtq_f64(a[1]), vsqrtq_f64(a[2]), vsqrtq_f64(a[3])] }
    }
    #[inline(always)]
    fn split(self, a: V) -> (V, V) {
        let (m0, e0) = split_register(a[0]);
        let (m1, e1) = split_register(a[1]);
        let (m2, e2) = split_register(a[2]);
        let (m3, e3) = split_register(a[3]);
        ([m0, m1, m2, m3], [e0, e1, e2, e3])
    }
}

#[inline(always)]
fn split_register(a: float64x2_t) -> (float64x2_t, float64x2_t) {
    // SAFETY: NEON belongs to the AArch64 baseline.
    unsafe {
        let shifted = vaddq_u64(vreinterpretq_u64_f64(a), vdupq_n_u64(SPLIT_OFFSET));
        let biased = vorrq_u64(vshrq_n_u64::<52>(shifted), vdupq_n_u64(TWO_52.to_bits()));
        let exponent = vsubq_f64(vreinterpretq_f64_u64(biased), vdupq_n_f64(TWO_52_BIASED));
        let field = vandq_u64(shifted, vdupq_n_u64(MANTISSA_MASK));
        (vreinterpretq_f64_u64(vaddq_u64(field, vdupq_n_u64(SQRT_HALF_BITS))), exponent)
    }
}
