//! `sin`, `cos` and `asin` with the same bits on every platform, for moderate arguments.
//!
//! Kernels and coefficients are those of fdlibm (Sun Microsystems 1993, `k_sin.c`, `k_cos.c`, `e_asin.c`), freely licensed.

const SIN: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COS: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];
const ASIN_P: [f64; 6] = [
    1.666_666_666_666_666_6e-1,
    -3.255_658_186_224_009e-1,
    2.012_125_321_348_629_3e-1,
    -4.005_553_450_067_941e-2,
    7.915_349_942_898_145e-4,
    3.479_331_075_960_212e-5,
];
const ASIN_Q: [f64; 4] = [-2.403_394_911_734_414, 2.020_945_760_233_505_7, -6.882_839_716_054_533e-1, 7.703_815_055_590_194e-2];

/// π/2 in two parts: the first has 33 bits, so that its product with a small integer is exact.
const HALF_PI_HIGH: f64 = 1.570_796_326_734_125_6;
const HALF_PI_LOW: f64 = 6.077_100_506_506_192e-11;

/// sin and cos of `x`, |x| ≤ 2^16 (beyond, digits are lost).
#[inline]
pub fn sin_cos(x: f64) -> (f64, f64) {
    let quadrant = (x / std::f64::consts::FRAC_PI_2 + 0.5).floor();
    let r = (x - quadrant * HALF_PI_HIGH) - quadrant * HALF_PI_LOW;
    let (s, c) = kernels(r);
    match (quadrant as i64).rem_euclid(4) {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// sin and cos of |r| ≤ π/4.
fn kernels(r: f64) -> (f64, f64) {
    let z = r * r;
    let sin = r + r * z * (SIN[0] + z * (SIN[1] + z * (SIN[2] + z * (SIN[3] + z * (SIN[4] + z * SIN[5])))));
    let tail = z * z * (COS[0] + z * (COS[1] + z * (COS[2] + z * (COS[3] + z * (COS[4] + z * COS[5])))));
    let half = 0.5 * z;
    let top = 1.0 - half;
    (sin, top + (((1.0 - top) - half) + tail))
}

/// Arcus sine of `x` in [0, 1].
#[inline]
pub fn asin(x: f64) -> f64 {
    if x <= 0.5 {
        return x + x * asin_ratio(x * x);
    }
    let z = (1.0 - x) * 0.5;
    let root = z.sqrt();
    std::f64::consts::FRAC_PI_2 - 2.0 * (root + root * asin_ratio(z))
}

fn asin_ratio(z: f64) -> f64 {
    let [p0, p1, p2, p3, p4, p5] = ASIN_P;
    let p = z * (p0 + z * (p1 + z * (p2 + z * (p3 + z * (p4 + z * p5)))));
    let q = 1.0 + z * (ASIN_Q[0] + z * (ASIN_Q[1] + z * (ASIN_Q[2] + z * ASIN_Q[3])));
    p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_platform_to_a_few_units_in_the_last_place() {
        for i in -20_000..20_000 {
            let x = f64::from(i) * 0.031_41;
            let (s, c) = sin_cos(x);
            let tolerance = 4.0 * f64::EPSILON * (1.0 + x.abs() * 1e-3);
            assert!((s - x.sin()).abs() <= tolerance && (c - x.cos()).abs() <= tolerance, "{x}: {s} {c}");
        }
        for i in 0..=10_000 {
            let x = f64::from(i) / 10_000.0;
            assert!((asin(x) - x.asin()).abs() <= 4.0 * f64::EPSILON, "{x}");
        }
        assert_eq!((asin(0.0), asin(1.0)), (0.0, std::f64::consts::FRAC_PI_2));
    }
}
