//! SSE2 (part of x86-64 itself) as four registers of two lanes, AVX2 as two registers of four.

use std::arch::x86_64::{
    __m128d, __m128i, __m256d, _CMP_EQ_OQ, _CMP_GT_OQ, _CMP_LT_OQ, _mm_add_epi32, _mm_add_epi64, _mm_add_pd, _mm_and_si128,
    _mm_castpd_si128, _mm_castps_si128, _mm_castsi128_pd, _mm_cmpeq_ps, _mm_cmpgt_pd, _mm_cmplt_ps, _mm_cvtsi128_si32, _mm_div_pd,
    _mm_loadu_pd, _mm_loadu_ps, _mm_max_pd, _mm_min_pd, _mm_movemask_pd, _mm_mul_pd, _mm_or_si128, _mm_set1_epi64x, _mm_set1_pd,
    _mm_set1_ps, _mm_setzero_si128, _mm_shuffle_epi32, _mm_slli_epi64, _mm_sqrt_pd, _mm_srli_epi64, _mm_storeu_pd, _mm_sub_epi32,
    _mm_sub_pd, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_castpd_si256, _mm256_castps_si256, _mm256_castsi256_pd,
    _mm256_castsi256_si128, _mm256_cmp_pd, _mm256_cmp_ps, _mm256_div_pd, _mm256_extracti128_si256, _mm256_loadu_pd, _mm256_loadu_ps,
    _mm256_max_pd, _mm256_min_pd, _mm256_movemask_pd, _mm256_mul_pd, _mm256_or_si256, _mm256_set1_epi64x, _mm256_set1_pd, _mm256_set1_ps,
    _mm256_setzero_si256, _mm256_slli_epi64, _mm256_sqrt_pd, _mm256_srli_epi64, _mm256_storeu_pd, _mm256_sub_epi32, _mm256_sub_pd,
};

use super::{Kernel, LANES, MANTISSA_MASK, SPLIT_OFFSET, SQRT_HALF_BITS, Simd, TWO_52, TWO_52_BIASED};

/// Proof of SSE2.
#[derive(Clone, Copy)]
pub(crate) struct Sse2(());

impl Sse2 {
    /// SSE2 belongs to the x86-64 baseline: every CPU this module compiles for has it.
    #[inline(always)]
    pub(crate) fn baseline() -> Self {
        Self(())
    }

    /// Runs a kernel; no attribute needed, the baseline is always enabled.
    #[inline(always)]
    pub(crate) fn dispatch<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
}

/// Proof of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// A token if this CPU (and its operating system) has AVX2. The answer is cached by the standard library.
    #[inline(always)]
    pub(crate) fn detect() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Runs a kernel compiled with AVX2 enabled.
    #[inline(always)]
    pub(crate) fn dispatch<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2")]
        fn enabled<K: Kernel>(token: Avx2, kernel: K) -> K::Output {
            kernel.run(token)
        }
        // SAFETY: a token exists only where AVX2 was detected.
        unsafe { enabled(self, kernel) }
    }
}

// Registers are written out instead of mapped with a closure: a closure is a function of its own, compiled without the instruction set,
// and whether it disappears is up to the optimiser.
macro_rules! simd_impl {
    ($token:ty, $register:ty, $registers:literal, [$($i:literal),+], $width:literal, $load:ident, $store:ident, $splat:ident, $add:ident,
     $sub:ident, $mul:ident, $div:ident, $sqrt:ident, $to_int:ident, $to_float:ident, $splat_int:ident, $add_int:ident, $and:ident,
     $or:ident, $shift_right:ident, $shift_left:ident, $max:ident, $min:ident, $greater:ident, $count:ident) => {
        impl Simd for $token {
            type V = [$register; $registers];

            #[inline(always)]
            fn splat(self, x: f64) -> Self::V {
                // SAFETY: the token in `self` proves that the CPU has the instruction set.
                unsafe { [$splat(x); $registers] }
            }
            #[inline(always)]
            fn load(self, x: &[f64; LANES]) -> Self::V {
                // SAFETY: the token, as above; register i reads $width of the eight values, from i · $width on, at any alignment.
                unsafe { [$($load(x.as_ptr().add($i * $width))),+] }
            }
            #[inline(always)]
            fn store(self, a: Self::V) -> [f64; LANES] {
                let mut out = [0.0; LANES];
                // SAFETY: as for load.
                unsafe { $($store(out.as_mut_ptr().add($i * $width), a[$i]));+ };
                out
            }
            #[inline(always)]
            fn add(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token.
                unsafe { [$($add(a[$i], b[$i])),+] }
            }
            #[inline(always)]
            fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token.
                unsafe { [$($sub(a[$i], b[$i])),+] }
            }
            #[inline(always)]
            fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token.
                unsafe { [$($mul(a[$i], b[$i])),+] }
            }
            #[inline(always)]
            fn div(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token.
                unsafe { [$($div(a[$i], b[$i])),+] }
            }
            #[inline(always)]
            fn sqrt(self, a: Self::V) -> Self::V {
                // SAFETY: the token.
                unsafe { [$($sqrt(a[$i])),+] }
            }
            #[inline(always)]
            fn max(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token. The instruction returns its second operand unless the first is greater.
                unsafe { [$($max(a[$i], b[$i])),+] }
            }
            #[inline(always)]
            fn min(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token. The instruction returns its second operand unless the first is smaller.
                unsafe { [$($min(a[$i], b[$i])),+] }
            }
            #[inline(always)]
            fn scale(self, a: Self::V, b: Self::V) -> Self::V {
                // SAFETY: the token.
                unsafe { [$($to_float($add_int($to_int(a[$i]), $shift_left::<52>($to_int(b[$i]))))),+] }
            }
            #[inline(always)]
            fn greater(self, a: Self::V, b: Self::V) -> u32 {
                // SAFETY: the token.
                unsafe { 0 $(| ($greater(a[$i], b[$i]) << ($i * $width)))+ }
            }
            #[inline(always)]
            fn split(self, a: Self::V) -> (Self::V, Self::V) {
                // SAFETY: the token.
                unsafe {
                    let offset = $splat_int(SPLIT_OFFSET.cast_signed());
                    let magic = $splat_int(TWO_52.to_bits().cast_signed());
                    let bias = $splat(TWO_52_BIASED);
                    let field = $splat_int(MANTISSA_MASK.cast_signed());
                    let bottom = $splat_int(SQRT_HALF_BITS.cast_signed());
                    let shifted = [$($add_int($to_int(a[$i]), offset)),+];
                    (
                        [$($to_float($add_int($and(shifted[$i], field), bottom))),+],
                        [$($sub($to_float($or($shift_right::<52>(shifted[$i]), magic)), bias)),+],
                    )
                }
            }
            #[inline(always)]
            fn count(self, keys: &[[f32; LANES]], x: f32) -> (u32, u32) {
                // SAFETY: the token.
                unsafe { $count(keys, x) }
            }
        }
    };
}

/// Safety: AVX2.
#[inline(always)]
unsafe fn greater_avx2(a: __m256d, b: __m256d) -> u32 {
    // SAFETY: the caller has AVX2.
    unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(a, b)).cast_unsigned() }
}

/// Safety: SSE2.
#[inline(always)]
unsafe fn greater_sse2(a: __m128d, b: __m128d) -> u32 {
    // SAFETY: the caller has SSE2.
    unsafe { _mm_movemask_pd(_mm_cmpgt_pd(a, b)).cast_unsigned() }
}

/// Safety: AVX2.
#[inline(always)]
unsafe fn count_avx2(keys: &[[f32; LANES]], x: f32) -> (u32, u32) {
    // SAFETY: the caller has AVX2; a load reads the eight keys of a block. A comparison gives all ones, −1, where it holds.
    unsafe {
        let x = _mm256_set1_ps(x);
        let (mut below, mut equal) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for block in keys {
            let key = _mm256_loadu_ps(block.as_ptr());
            below = _mm256_sub_epi32(below, _mm256_castps_si256(_mm256_cmp_ps::<_CMP_LT_OQ>(key, x)));
            equal = _mm256_sub_epi32(equal, _mm256_castps_si256(_mm256_cmp_ps::<_CMP_EQ_OQ>(key, x)));
        }
        let halves = |v| _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
        (sum_u32(halves(below)), sum_u32(halves(equal)))
    }
}

/// Safety: SSE2.
#[inline(always)]
unsafe fn count_sse2(keys: &[[f32; LANES]], x: f32) -> (u32, u32) {
    // SAFETY: the caller has SSE2; each load reads four of the eight keys of a block. A comparison gives all ones, −1, where it holds.
    unsafe {
        let x = _mm_set1_ps(x);
        let (mut below, mut equal) = ([_mm_setzero_si128(); 2], [_mm_setzero_si128(); 2]);
        for block in keys {
            let (low, high) = (_mm_loadu_ps(block.as_ptr()), _mm_loadu_ps(block.as_ptr().add(4)));
            below[0] = _mm_sub_epi32(below[0], _mm_castps_si128(_mm_cmplt_ps(low, x)));
            below[1] = _mm_sub_epi32(below[1], _mm_castps_si128(_mm_cmplt_ps(high, x)));
            equal[0] = _mm_sub_epi32(equal[0], _mm_castps_si128(_mm_cmpeq_ps(low, x)));
            equal[1] = _mm_sub_epi32(equal[1], _mm_castps_si128(_mm_cmpeq_ps(high, x)));
        }
        (sum_u32(_mm_add_epi32(below[0], below[1])), sum_u32(_mm_add_epi32(equal[0], equal[1])))
    }
}

/// Safety: SSE2.
#[inline(always)]
unsafe fn sum_u32(v: __m128i) -> u32 {
    // SAFETY: the caller has SSE2.
    unsafe {
        let pairs = _mm_add_epi32(v, _mm_shuffle_epi32::<0b0100_1110>(v));
        let total = _mm_add_epi32(pairs, _mm_shuffle_epi32::<0b1011_0001>(pairs));
        _mm_cvtsi128_si32(total).cast_unsigned()
    }
}

simd_impl!(
    Sse2,
    __m128d,
    4,
    [0, 1, 2, 3],
    2,
    _mm_loadu_pd,
    _mm_storeu_pd,
    _mm_set1_pd,
    _mm_add_pd,
    _mm_sub_pd,
    _mm_mul_pd,
    _mm_div_pd,
    _mm_sqrt_pd,
    _mm_castpd_si128,
    _mm_castsi128_pd,
    _mm_set1_epi64x,
    _mm_add_epi64,
    _mm_and_si128,
    _mm_or_si128,
    _mm_srli_epi64,
    _mm_slli_epi64,
    _mm_max_pd,
    _mm_min_pd,
    greater_sse2,
    count_sse2
);
simd_impl!(
    Avx2,
    __m256d,
    2,
    [0, 1],
    4,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_set1_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_sqrt_pd,
    _mm256_castpd_si256,
    _mm256_castsi256_pd,
    _mm256_set1_epi64x,
    _mm256_add_epi64,
    _mm256_and_si256,
    _mm256_or_si256,
    _mm256_srli_epi64,
    _mm256_slli_epi64,
    _mm256_max_pd,
    _mm256_min_pd,
    greater_avx2,
    count_avx2
);
