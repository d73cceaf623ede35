//! Extremal index by the intervals estimator of Ferro & Segers (2003), *Inference for Clusters of Extreme Values*.
//!
//! With the N − 1 gaps T between the N times at which a threshold is exceeded:
//! θ = 2(ΣT)²/((N−1)·ΣT²) if max T ≤ 2, else 2(Σ(T−1))²/((N−1)·Σ(T−1)(T−2));  at most 1. 1/θ is the mean size of a cluster of exceedances.

/// θ from times in ascending order; NaN for fewer than two. All sums are of integers, so nothing is rounded before the division.
#[inline(always)]
pub fn intervals(times: impl Iterator<Item = usize>) -> f64 {
    let (mut gaps, mut sum, mut squares, mut longest) = (0u64, 0u64, 0u64, 0u64);
    let mut previous = None;
    for time in times {
        if let Some(before) = previous {
            let gap = (time - before) as u64;
            gaps += 1;
            sum += gap;
            squares += gap * gap;
            longest = if gap > longest { gap } else { longest };
        }
        previous = Some(time);
    }
    if gaps == 0 {
        return f64::NAN;
    }
    // Σ(T−1) = ΣT − n and Σ(T−1)(T−2) = ΣT² − 3ΣT + 2n.
    let (first, second) = if longest <= 2 { (sum, squares) } else { (sum - gaps, squares + 2 * gaps - 3 * sum) };
    let theta = 2.0 * (first * first) as f64 / (gaps * second) as f64;
    if theta < 1.0 { theta } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        assert!(intervals([].into_iter()).is_nan());
        assert!(intervals([7].into_iter()).is_nan());
        assert_eq!(intervals([1, 2, 3, 4].into_iter()), 1.0, "all gaps 1: 2·9/(3·3), limited");
        assert_eq!(intervals([1, 3].into_iter()), 1.0);
        // Gaps 1, 1, 10: 2·9²/(3·9·8) = 0.75.
        assert_eq!(intervals([5, 6, 7, 17].into_iter()), 0.75);
        // Forty clusters of 5, evenly far apart: 39 gaps of 996 among 199. Even spacing doubles what gaps at random would give.
        let clusters = (0..40).flat_map(|i| (0..5).map(move |j| i * 1000 + j));
        assert!((intervals(clusters) - 2.0 * 39.0 * 995.0 / (199.0 * 994.0)).abs() < 1e-15);
    }
}
