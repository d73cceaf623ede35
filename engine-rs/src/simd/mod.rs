//! Fixed-lane kernels: eight virtual lanes of `f64`, whatever the CPU has.
//!
//! A kernel is written once against [`Simd`] and compiled for every instruction set. Each implementation performs the same IEEE 754
//! operation on each of the eight lanes in the same order, so that all of them return the same bits; there is no fused multiply-add.
//! A value of an instruction set's token type exists only on a CPU that has that set, which is what makes the trait's methods safe to call.

mod scalar;

#[cfg(all(feature = "simd", target_arch = "aarch64"))]
mod neon;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
mod x86;

use scalar::Scalar;
pub(crate) use scalar::split as split_scalar;

/// Number of virtual lanes.
pub(crate) const LANES: usize = 8;

/// Eight lanes of `f64` on some instruction set. `self` is the proof that the CPU has it.
pub(crate) trait Simd: Copy {
    /// Eight values in registers.
    type V: Copy;

    /// `x` in every lane.
    fn splat(self, x: f64) -> Self::V;
    /// Lane `i` = `x[i]`; no alignment needed.
    fn load(self, x: &[f64; LANES]) -> Self::V;
    /// The lanes as an array.
    fn store(self, a: Self::V) -> [f64; LANES];
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a − b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `√a`
    fn sqrt(self, a: Self::V) -> Self::V;
    /// `a` where `a > b`, else `b`
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a` where `a < b`, else `b`
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · 2^k` where `k` is the integer that the low twelve bits of `b` say, in two's complement, and both `a` and the result are normal numbers.
    fn scale(self, a: Self::V, b: Self::V) -> Self::V;
    /// Bit `i` is set where lane `i` of `a` is greater than that of `b`.
    fn greater(self, a: Self::V, b: Self::V) -> u32;
    /// For positive normal lanes: `(m, e)` with `a = m · 2^e` exactly, `m` in `[√½, √2)` and `e` an integer.
    fn split(self, a: Self::V) -> (Self::V, Self::V);
    /// How many keys are below `x`, and how many equal to it. NaN is neither. At most 2^24 keys.
    fn count(self, keys: &[[f32; LANES]], x: f32) -> (u32, u32);
}

/// Something that runs on eight lanes. `run` must be `#[inline(always)]`, and so must everything it calls with the token: a call that is
/// not inlined below the function that enables the instruction set makes every vector operation an out-of-line call.
pub(crate) trait Kernel {
    /// What the kernel returns.
    type Output;
    /// The kernel's code.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Instruction set the kernels run on. Only sets that this CPU has can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Scalar,
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    Sse2,
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    Avx2,
    #[cfg(all(feature = "simd", target_arch = "aarch64"))]
    Neon,
}

impl Backend {
    /// The scalar twin, available everywhere.
    pub const SCALAR: Self = Self(Set::Scalar);

    /// Every set this CPU has, slowest first.
    pub fn available() -> Vec<Self> {
        [
            Some(Self(Set::Scalar)),
            #[cfg(all(feature = "simd", target_arch = "x86_64"))]
            Some(Self(Set::Sse2)),
            #[cfg(all(feature = "simd", target_arch = "x86_64"))]
            x86::Avx2::detect().map(|_| Self(Set::Avx2)),
            #[cfg(all(feature = "simd", target_arch = "aarch64"))]
            Some(Self(Set::Neon)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The fastest set this CPU has.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::SCALAR)
    }

    /// `scalar`, `sse2`, `avx2` or `neon`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Scalar => "scalar",
            #[cfg(all(feature = "simd", target_arch = "x86_64"))]
            Set::Sse2 => "sse2",
            #[cfg(all(feature = "simd", target_arch = "x86_64"))]
            Set::Avx2 => "avx2",
            #[cfg(all(feature = "simd", target_arch = "aarch64"))]
            Set::Neon => "neon",
        }
    }

    /// Runs a kernel on this set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Set::Scalar => kernel.run(Scalar),
            #[cfg(all(feature = "simd", target_arch = "x86_64"))]
            Set::Sse2 => x86::Sse2::baseline().dispatch(kernel),
            #[cfg(all(feature = "simd", target_arch = "x86_64"))]
            Set::Avx2 => match x86::Avx2::detect() {
                Some(avx2) => avx2.dispatch(kernel),
                None => kernel.run(Scalar),
            },
            #[cfg(all(feature = "simd", target_arch = "aarch64"))]
            Set::Neon => kernel.run(neon::Neon::baseline()),
        }
    }
}

/// Sum of eight lanes in one fixed order.
#[inline(always)]
pub(crate) fn sum_lanes(a: [f64; LANES]) -> f64 {
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// Σ (x − origin) over any number of values, in an order that depends on their number only.
#[inline(always)]
pub(crate) fn sum_from<S: Simd>(s: S, values: &[f64], origin: f64) -> f64 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let (start, mut total) = (s.splat(origin), s.splat(0.0));
    for block in blocks {
        total = s.add(total, s.sub(s.load(block), start));
    }
    let mut sum = sum_lanes(s.store(total));
    for value in rest {
        sum += value - origin;
    }
    sum
}

/// Bits that move the smallest mantissa of a split, √½, to the bottom of its binade (and back).
pub(crate) const SPLIT_OFFSET: u64 = 0x3ff0_0000_0000_0000 - SQRT_HALF_BITS;
/// Bits of the float next to √½.
pub(crate) const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
/// Mantissa field of a double.
pub(crate) const MANTISSA_MASK: u64 = 0x000f_ffff_ffff_ffff;
/// 2^52: its bits plus a small integer are the double 2^52 + that integer.
pub(crate) const TWO_52: f64 = 4_503_599_627_370_496.0;
/// 2^52 plus the exponent bias.
pub(crate) const TWO_52_BIASED: f64 = TWO_52 + 1023.0;

#[cfg(test)]
mod tests {
    use super::*;

    struct AllOperations<'a>(&'a [f64; LANES], &'a [f64; LANES]);

    impl Kernel for AllOperations<'_> {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Vec<u64> {
            let (a, b) = (s.load(self.0), s.load(self.1));
            let (m, e) = s.split(a);
            let not_a_number = s.splat(f64::NAN);
            let vectors = [
                s.add(a, b),
                s.sub(a, b),
                s.mul(a, b),
                s.div(a, b),
                s.sqrt(a),
                m,
                e,
                s.splat(self.0[3]),
                s.max(a, b),
                s.max(b, a),
                s.max(a, not_a_number),
                s.max(not_a_number, a),
                s.min(a, b),
                s.min(b, a),
                s.min(a, not_a_number),
                s.min(not_a_number, a),
                s.scale(b, s.splat(TWO_52 + 3.0)),
                s.scale(b, s.splat(1.5 * TWO_52 - 3.0)),
                s.max(s.splat(0.0), s.splat(-0.0)),
                s.max(s.splat(-0.0), s.splat(0.0)),
            ];
            let masks = [s.greater(a, b), s.greater(b, a), s.greater(a, a), s.greater(a, not_a_number)];
            vectors.into_iter().flat_map(|v| s.store(v)).map(f64::to_bits).chain(masks.map(u64::from)).collect()
        }
    }

    #[test]
    fn every_set_returns_the_bits_of_the_scalar_twin() {
        let a = [1.0, 0.3, 7e300, 2.3e-300, std::f64::consts::SQRT_2, std::f64::consts::FRAC_1_SQRT_2, 1e-3, 12345.678];
        let b = [0.1, 3.0, 1e-10, 7.7e-301, -1.1, 5.5, -1e9, 1.0 / 3.0];
        let expected = Backend::SCALAR.run(AllOperations(&a, &b));
        for backend in Backend::available() {
            assert_eq!(backend.run(AllOperations(&a, &b)), expected, "{}", backend.name());
        }
    }

    struct Count<'a>(&'a [[f32; LANES]], f32);

    impl Kernel for Count<'_> {
        type Output = (u32, u32);
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> (u32, u32) {
            s.count(self.0, self.1)
        }
    }

    #[test]
    fn every_set_counts_alike() {
        let keys: Vec<[f32; LANES]> = (0..40u16)
            .map(|i| std::array::from_fn(|j| if (i + j as u16).is_multiple_of(5) { f32::NAN } else { f32::from((i * 8 + j as u16) % 17) }))
            .collect();
        for x in [-1.0, 0.0, 3.0, 16.0, 17.0, f32::NAN] {
            let all = keys.as_flattened();
            let expected = (all.iter().filter(|&&k| k < x).count() as u32, all.iter().filter(|&&k| k == x).count() as u32);
            for backend in Backend::available() {
                assert_eq!(backend.run(Count(&keys, x)), expected, "{} at {x}", backend.name());
            }
        }
    }

    #[test]
    fn split_is_exact_and_in_range() {
        for x in [1.0, 1.9, 0.5, 0.75, f64::MIN_POSITIVE, f64::MAX, 3e17, std::f64::consts::SQRT_2, std::f64::consts::FRAC_1_SQRT_2] {
            let (m, e) = Scalar.split([x; LANES]);
            assert!((0.707_106_781_186_547_4..1.414_213_562_373_095_3).contains(&m[0]), "{x}: {}", m[0]);
            let half = (e[0] / 2.0).trunc();
            assert_eq!(m[0] * half.exp2() * (e[0] - half).exp2(), x);
        }
    }
}
