//! SSE2 (part of x86-64 itself) as four registers of two lanes, AVX2 as two registers of four.

use std::arch::x86_64::{
    __m128d, __m256d, _mm_add_epi64, _mm_add_pd, _mm_and_si128, _mm_castpd_si128, _mm_castsi128_pd, _mm_div_pd, _mm_loadu_pd, _mm_mul_pd,
    _mm_or_si128, _mm_set1_epi64x, _mm_set1_pd, _mm_sqrt_pd, _mm_srli_epi64, _mm_storeu_pd, _mm_sub_pd, _mm256_add_epi64, _mm256_add_pd,
    _mm256_and_si256, _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_div_pd, _mm256_loadu_pd, _mm256_mul_pd, _mm256_or_si256,
    _mm256_set1_epi64x, _mm256_set1_pd, _mm256_sqrt_pd, _mm256_srli_epi64, _mm256_storeu_pd, _mm256_sub_pd,
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
     $or:ident, $shift_right:ident) => {
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
        }
    };
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
    _mm_srli_epi64
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
    _mm256_srli_epi64
);
