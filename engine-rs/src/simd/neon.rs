//! NEON (part of AArch64 itself) as four registers of two lanes.

use std::arch::aarch64::{
    float64x2_t, vaddq_f64, vaddq_u32, vaddq_u64, vaddvq_u32, vaddvq_u64, vandq_u64, vbslq_f64, vceqq_f32, vcgtq_f64, vcltq_f32,
    vcombine_u64, vcreate_u64, vdivq_f64, vdupq_n_f32, vdupq_n_f64, vdupq_n_u32, vdupq_n_u64, vld1q_f32, vld1q_f64, vmulq_f64, vorrq_u64,
    vreinterpretq_f64_u64, vreinterpretq_u64_f64, vshlq_n_u64, vshrq_n_u64, vsqrtq_f64, vst1q_f64, vsubq_f64, vsubq_u32,
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
    fn max(self, a: V, b: V) -> V {
        // SAFETY: the token. A select, because the instruction for the maximum treats NaN and −0 in its own way.
        unsafe {
            [
                vbslq_f64(vcgtq_f64(a[0], b[0]), a[0], b[0]),
                vbslq_f64(vcgtq_f64(a[1], b[1]), a[1], b[1]),
                vbslq_f64(vcgtq_f64(a[2], b[2]), a[2], b[2]),
                vbslq_f64(vcgtq_f64(a[3], b[3]), a[3], b[3]),
            ]
        }
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        // SAFETY: the token. A select, as for the maximum.
        unsafe {
            [
                vbslq_f64(vcgtq_f64(b[0], a[0]), a[0], b[0]),
                vbslq_f64(vcgtq_f64(b[1], a[1]), a[1], b[1]),
                vbslq_f64(vcgtq_f64(b[2], a[2]), a[2], b[2]),
                vbslq_f64(vcgtq_f64(b[3], a[3]), a[3], b[3]),
            ]
        }
    }
    #[inline(always)]
    fn scale(self, a: V, b: V) -> V {
        [scale_register(a[0], b[0]), scale_register(a[1], b[1]), scale_register(a[2], b[2]), scale_register(a[3], b[3])]
    }
    #[inline(always)]
    fn greater(self, a: V, b: V) -> u32 {
        // SAFETY: the token. A comparison gives all ones where it holds, of which each lane keeps its own two bits.
        unsafe {
            let weights = vcombine_u64(vcreate_u64(1), vcreate_u64(2));
            let bits = |i: usize| vaddvq_u64(vandq_u64(vcgtq_f64(a[i], b[i]), weights)) as u32;
            bits(0) | (bits(1) << 2) | (bits(2) << 4) | (bits(3) << 6)
        }
    }
    #[inline(always)]
    fn split(self, a: V) -> (V, V) {
        let (m0, e0) = split_register(a[0]);
        let (m1, e1) = split_register(a[1]);
        let (m2, e2) = split_register(a[2]);
        let (m3, e3) = split_register(a[3]);
        ([m0, m1, m2, m3], [e0, e1, e2, e3])
    }
    #[inline(always)]
    fn count(self, keys: &[[f32; LANES]], x: f32) -> (u32, u32) {
        // SAFETY: the token; each load reads four of the eight keys. A comparison gives all ones, −1, where it holds.
        unsafe {
            let x = vdupq_n_f32(x);
            let mut below = [vdupq_n_u32(0); 2];
            let mut equal = [vdupq_n_u32(0); 2];
            for block in keys {
                let (low, high) = (vld1q_f32(block.as_ptr()), vld1q_f32(block.as_ptr().add(4)));
                below = [vsubq_u32(below[0], vcltq_f32(low, x)), vsubq_u32(below[1], vcltq_f32(high, x))];
                equal = [vsubq_u32(equal[0], vceqq_f32(low, x)), vsubq_u32(equal[1], vceqq_f32(high, x))];
            }
            (vaddvq_u32(vaddq_u32(below[0], below[1])), vaddvq_u32(vaddq_u32(equal[0], equal[1])))
        }
    }
}

#[inline(always)]
fn scale_register(a: float64x2_t, b: float64x2_t) -> float64x2_t {
    // SAFETY: NEON belongs to the AArch64 baseline.
    unsafe { vreinterpretq_f64_u64(vaddq_u64(vreinterpretq_u64_f64(a), vshlq_n_u64::<52>(vreinterpretq_u64_f64(b)))) }
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
