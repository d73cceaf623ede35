//! Seeded pseudo-random numbers for the shots: xoshiro256++ seeded by SplitMix64 (Blackman & Vigna 2021, *Scrambled Linear Pseudorandom
//! Number Generators*; both in the public domain). Not for secrets.

/// Generator of one run; equal seeds give equal runs on every platform.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator whose state is four outputs of SplitMix64.
    pub fn new(seed: u64) -> Self {
        let mut mix = seed;
        Self { state: std::array::from_fn(|_| split_mix(&mut mix)) }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let t = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= t;
        *d = d.rotate_left(45);
        result
    }

    /// Uniform in [0, 1), a multiple of 2^−53.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Successes of `shots` independent trials of probability `p`, one draw each.
    pub fn successes(&mut self, shots: u32, p: f64) -> u32 {
        (0..shots).fold(0, |n, _| n + u32::from(self.uniform() < p))
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_sequences() {
        let mut seed = 1_234_567;
        let mixed: [u64; 5] = std::array::from_fn(|_| split_mix(&mut seed));
        assert_eq!(
            mixed,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let drawn: [u64; 5] = std::array::from_fn(|_| rng.next());
        assert_eq!(drawn, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205]);
    }

    #[test]
    fn successes_have_the_mean_and_spread_of_the_binomial() {
        let mut rng = Rng::new(7);
        let draws: Vec<f64> = (0..4000).map(|_| f64::from(rng.successes(100, 0.3))).collect();
        let mean = draws.iter().sum::<f64>() / 4000.0;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 4000.0;
        assert!((mean - 30.0).abs() < 0.3 && (variance - 21.0).abs() < 2.0, "{mean} {variance}");
        assert_eq!((Rng::new(1).successes(50, 0.0), Rng::new(1).successes(50, 1.0)), (0, 50));
    }
}
