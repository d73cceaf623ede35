//! The normal distribution, with the same bits on every platform.
//!
//! The algorithm and coefficients of `erf` are those of fdlibm (Sun Microsystems 1993, `s_erf.c`, freely licensed): rational approximations on four intervals,
//! with this crate's `exp`.

use crate::math::exp;

/// erf(1) rounded to 24 bits, the centre of the approximation on [0.84375, 1.25).
const ERF_1: f64 = f64::from_bits(0x3feb_0ac1_6000_0000);
/// erf(x) = x + x·P(x²)/Q(x²) below 0.84375.
const P_SMALL: [f64; 5] = [
    f64::from_bits(0x3fc0_6eba_8214_db68),
    f64::from_bits(0xbfd4_cd7d_691c_b913),
    f64::from_bits(0xbf9d_2a51_dbd7_194f),
    f64::from_bits(0xbf77_a291_2366_68e4),
    f64::from_bits(0xbef8_ead6_1200_16ac),
];
/// See [`P_SMALL`].
const Q_SMALL: [f64; 6] = [
    1.0,
    f64::from_bits(0x3fd9_7779_cdda_dc09),
    f64::from_bits(0x3fb0_a54c_5536_ceba),
    f64::from_bits(0x3f74_d022_c4d3_6b0f),
    f64::from_bits(0x3f21_5dc9_221c_1a10),
    f64::from_bits(0xbed0_9c43_42a2_6120),
];
/// erf(x) = erf(1) + P(x − 1)/Q(x − 1) up to 1.25.
const P_ONE: [f64; 7] = [
    f64::from_bits(0xbf63_59b8_bef7_7538),
    f64::from_bits(0x3fda_8d00_ad92_b34d),
    f64::from_bits(0xbfd7_d240_fbb8_c3f1),
    f64::from_bits(0x3fd4_5fca_8051_20e4),
    f64::from_bits(0xbfbc_6398_3d3e_28ec),
    f64::from_bits(0x3fa2_2a36_5997_95eb),
    f64::from_bits(0xbf61_bf38_0a96_073f),
];
/// See [`P_ONE`].
const Q_ONE: [f64; 7] = [
    1.0,
    f64::from_bits(0x3fbb_3e66_18ee_e323),
    f64::from_bits(0x3fe1_4af0_92eb_6f33),
    f64::from_bits(0x3fb2_635c_d99f_e9a7),
    f64::from_bits(0x3fc0_2660_e763_351f),
    f64::from_bits(0x3f8b_edc2_6b51_dd1c),
    f64::from_bits(0x3f88_8b54_5735_151d),
];
/// 1 − erf(x) = exp(−x² − 0.5625 + R(1/x²)/S(1/x²))/x up to 1/0.35.
const R_MIDDLE: [f64; 8] = [
    f64::from_bits(0xbf84_3412_600d_6435),
    f64::from_bits(0xbfe6_3416_e4ba_7360),
    f64::from_bits(0xc025_1e04_41b0_e726),
    f64::from_bits(0xc04f_300a_e4cb_a38d),
    f64::from_bits(0xc064_4cb1_8428_2266),
    f64::from_bits(0xc067_135c_ebcc_abb2),
    f64::from_bits(0xc054_5265_57e4_d2f2),
    f64::from_bits(0xc023_a0ef_c69a_c25c),
];
/// See [`R_MIDDLE`].
const S_MIDDLE: [f64; 9] = [
    1.0,
    f64::from_bits(0x4033_a6b9_bd70_7687),
    f64::from_bits(0x4061_350c_526a_e721),
    f64::from_bits(0x407b_290d_d58a_1a71),
    f64::from_bits(0x4084_2b19_21ec_2868),
    f64::from_bits(0x407a_d021_5770_0314),
    f64::from_bits(0x405b_28a3_ee48_ae2c),
    f64::from_bits(0x401a_47ef_8e48_4a93),
    f64::from_bits(0xbfae_eff2_ee74_9a62),
];
/// The same beyond.
const R_FAR: [f64; 7] = [
    f64::from_bits(0xbf84_3412_39e8_6f4a),
    f64::from_bits(0xbfe9_93ba_70c2_85de),
    f64::from_bits(0xc031_c209_555f_995a),
    f64::from_bits(0xc064_145d_43c5_ed98),
    f64::from_bits(0xc083_ec88_1375_f228),
    f64::from_bits(0xc090_0461_6a2e_5992),
    f64::from_bits(0xc07e_384e_9bdc_383f),
];
/// See [`R_FAR`].
const S_FAR: [f64; 8] = [
    1.0,
    f64::from_bits(0x403e_568b_261d_5190),
    f64::from_bits(0x4074_5cae_221b_9f0a),
    f64::from_bits(0x4098_02eb_189d_5118),
    f64::from_bits(0x40a8_ffb7_688c_246a),
    f64::from_bits(0x40a3_f219_cedf_3be6),
    f64::from_bits(0x407d_a874_e79f_e763),
    f64::from_bits(0xc036_70e2_4271_2d62),
];
/// 1 is the nearest double to erf of anything from here on.
const SATURATED: f64 = 6.0;

/// Error function 2/√π·∫₀ˣ e^(−t²) dt, within 1 unit in the last place; NaN for NaN.
#[inline]
pub fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 0.843_75 {
        let z = a * a;
        a + a * (polynomial(z, &P_SMALL) / polynomial(z, &Q_SMALL))
    } else if a < 1.25 {
        let s = a - 1.0;
        ERF_1 + polynomial(s, &P_ONE) / polynomial(s, &Q_ONE)
    } else if a < SATURATED {
        let s = 1.0 / (a * a);
        let quotient = if a < 1.0 / 0.35 {
            polynomial(s, &R_MIDDLE) / polynomial(s, &S_MIDDLE)
        } else {
            polynomial(s, &R_FAR) / polynomial(s, &S_FAR)
        };
        // a² to more than 53 bits: the square of the upper half of a is exact.
        let upper = f64::from_bits(a.to_bits() & 0xffff_ffff_0000_0000);
        1.0 - exp(-upper * upper - 0.5625) * exp((upper - a) * (upper + a) + quotient) / a
    } else if a >= SATURATED {
        1.0
    } else {
        a
    };
    value.copysign(x)
}

/// Σ cᵢ·xⁱ by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let mut value = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        value = coefficients[i] + x * value;
    }
    value
}
