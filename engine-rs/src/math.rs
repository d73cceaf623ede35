//! `ln`, `ln(1 + x)` and `exp` that return the same bits on every platform (the C libraries' differ), within one unit in the last place.
//!
//! Algorithms and coefficients are those of fdlibm (Sun Microsystems 1993, `e_log.c`, `e_exp.c`), freely licensed, without branches where lanes need it.

use crate::simd::{LANES, Simd, split_scalar};

/// High part of ln 2: its last 21 bits are zero, so that k · LN2_HI is exact for |k| < 2^20.
const LN2_HI: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// ln 2 − LN2_HI.
const LN2_LO: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
/// Coefficients of fdlibm's `log`: ln(1+f) = f − f²/2 + s·(f²/2 + R(s²)), s = f/(2+f).
const LG: [f64; 7] = [
    f64::from_bits(0x3fe5_5555_5555_5593),
    f64::from_bits(0x3fd9_9999_9997_fa04),
    f64::from_bits(0x3fd2_4924_9422_9359),
    f64::from_bits(0x3fcc_71c5_1d8e_78af),
    f64::from_bits(0x3fc7_4664_96cb_03de),
    f64::from_bits(0x3fc3_9a09_d078_c69f),
    f64::from_bits(0x3fc2_f112_df3e_5244),
];
/// Coefficients of fdlibm's `exp`.
const P: [f64; 5] = [
    f64::from_bits(0x3fc5_5555_5555_553e),
    f64::from_bits(0xbf66_c16c_16be_bd93),
    f64::from_bits(0x3f11_566a_af25_de2c),
    f64::from_bits(0xbebb_bd41_c5d2_6bf1),
    f64::from_bits(0x3e66_3769_72be_a4d0),
];
/// Adding and subtracting 1.5 · 2^52 rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Range in which `exp` neither overflows nor leaves the normal numbers.
const EXP_LIMIT: f64 = 708.0;

/// Natural logarithm of a positive normal `x`.
#[inline]
pub fn ln(x: f64) -> f64 {
    let (m, k) = split_scalar(x);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (LG[1] + w * (LG[3] + w * LG[5]));
    let odd = z * (LG[0] + w * (LG[2] + w * (LG[4] + w * LG[6])));
    let r = even + odd;
    let half_square = 0.5 * f * f;
    k * LN2_HI - ((half_square - (s * (half_square + r) + k * LN2_LO)) - f)
}

/// [`ln`] of eight lanes, bit for bit.
#[inline(always)]
pub(crate) fn ln_lanes<S: Simd>(s: S, x: S::V) -> S::V {
    let [c0, c1, c2, c3, c4, c5, c6] = LG;
    let (m, k) = s.split(x);
    let f = s.sub(m, s.splat(1.0));
    let q = s.div(f, s.add(s.splat(2.0), f));
    let z = s.mul(q, q);
    let w = s.mul(z, z);
    let even = s.mul(w, s.add(s.splat(c1), s.mul(w, s.add(s.splat(c3), s.mul(w, s.splat(c5))))));
    let tail = s.add(s.splat(c4), s.mul(w, s.splat(c6)));
    let odd = s.mul(z, s.add(s.splat(c0), s.mul(w, s.add(s.splat(c2), s.mul(w, tail)))));
    let r = s.add(even, odd);
    let half_square = s.mul(s.mul(s.splat(0.5), f), f);
    let inner = s.add(s.mul(q, s.add(half_square, r)), s.mul(k, s.splat(LN2_LO)));
    s.sub(s.mul(k, s.splat(LN2_HI)), s.sub(s.sub(half_square, inner), f))
}

/// ln(1 + x) for x > −1, accurate for small x: the rounding error of 1 + x is put back to first order.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    ln(u) + (x - (u - 1.0)) / u
}

/// e^x; x is limited to [−708, 708], where the result is a normal number.
#[inline]
pub fn exp(x: f64) -> f64 {
    let x = x.clamp(-EXP_LIMIT, EXP_LIMIT);
    let k = (x * std::f64::consts::LOG2_E + ROUND) - ROUND;
    let hi = x - k * LN2_HI;
    let lo = k * LN2_LO;
    let r = hi - lo;
    let t = r * r;
    let c = r - t * (P[0] + t * (P[1] + t * (P[2] + t * (P[3] + t * P[4]))));
    let y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
    // k is an integer of at most 1022 in magnitude and y lies in (0.7, 1.42): the exponent field stays in range.
    f64::from_bits(y.to_bits().wrapping_add(((k as i64) << 52).cast_unsigned()))
}

/// [`exp`] of eight lanes, bit for bit; NaN where a lane is NaN.
#[inline(always)]
pub(crate) fn exp_lanes<S: Simd>(s: S, x: S::V) -> S::V {
    let [p0, p1, p2, p3, p4] = P;
    let (one, two) = (s.splat(1.0), s.splat(2.0));
    let x = s.min(s.splat(EXP_LIMIT), s.max(s.splat(-EXP_LIMIT), x));
    // The integer k stands in the low bits of this, and k itself after subtraction.
    let rounded = s.add(s.mul(x, s.splat(std::f64::consts::LOG2_E)), s.splat(ROUND));
    let k = s.sub(rounded, s.splat(ROUND));
    let hi = s.sub(x, s.mul(k, s.splat(LN2_HI)));
    let lo = s.mul(k, s.splat(LN2_LO));
    let r = s.sub(hi, lo);
    let t = s.mul(r, r);
    let tail = s.add(s.splat(p2), s.mul(t, s.add(s.splat(p3), s.mul(t, s.splat(p4)))));
    let c = s.sub(r, s.mul(t, s.add(s.splat(p0), s.mul(t, s.add(s.splat(p1), s.mul(t, tail))))));
    let y = s.sub(one, s.sub(s.sub(lo, s.div(s.mul(r, c), s.sub(two, c))), hi));
    s.scale(y, rounded)
}

/// ln of a ratio of two positive finite numbers. The ratio is limited to the normal numbers, so that no pair of valid prices gives an infinity.
#[inline]
pub fn ln_ratio(a: f64, b: f64) -> f64 {
    ln((a / b).clamp(f64::MIN_POSITIVE, f64::MAX))
}

/// 2^e for normal results.
pub(crate) const fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

/// The eight values as lanes of a padded array, in blocks.
#[inline(always)]
pub(crate) fn blocks<const N: usize>(values: &[f64; N]) -> impl Iterator<Item = &[f64; LANES]> {
    values.as_chunks::<LANES>().0.iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Backend, Kernel};
    use proptest::prelude::*;

    /// A positive normal number of any `x`.
    fn magnitude(x: f64) -> f64 {
        if x.abs() > f64::MIN_POSITIVE { x.abs().min(f64::MAX) } else { 1.0 }
    }

    struct Lanes<'a>(&'a [f64; LANES]);

    impl Kernel for Lanes<'_> {
        type Output = [[f64; LANES]; 2];
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Output {
            let magnitudes = self.0.map(magnitude);
            [s.store(exp_lanes(s, s.load(self.0))), s.store(ln_lanes(s, s.load(&magnitudes)))]
        }
    }

    proptest! {
        #[test]
        fn eight_lanes_have_the_bits_of_eight_calls(
            x in prop::array::uniform8(prop_oneof![-800.0..800.0f64, -1.0..1.0f64, Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)]),
        ) {
            for backend in Backend::available() {
                let [exps, logs] = backend.run(Lanes(&x));
                for (i, &x) in x.iter().enumerate() {
                    let expected = exp(x);
                    prop_assert!(exps[i].to_bits() == expected.to_bits() || exps[i].is_nan() && expected.is_nan(), "{} of {x}", backend.name());
                    prop_assert_eq!(logs[i].to_bits(), ln(magnitude(x)).to_bits());
                }
            }
        }
    }
}
