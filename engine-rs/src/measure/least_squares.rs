//! Normal equations of three regressors.

/// A pivot below this share of its diagonal element means that the regressors are linearly dependent.
const DEPENDENT: f64 = 1e-10;

/// LDLᵀ of a symmetric positive definite 3 × 3 matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gram3 {
    l10: f64,
    l20: f64,
    l21: f64,
    d: [f64; 3],
}

impl Gram3 {
    /// Factor of the matrix with this lower triangle, row by row; `None` when it is singular in working precision.
    #[inline(always)]
    pub(crate) fn factor([a00, a10, a11, a20, a21, a22]: [f64; 6]) -> Option<Self> {
        let (l10, l20) = (a10 / a00, a20 / a00);
        let d1 = a11 - l10 * a10;
        let l21 = (a21 - l20 * a10) / d1;
        let d2 = a22 - l20 * a20 - l21 * l21 * d1;
        let positive = a00 > 0.0 && d1 > DEPENDENT * a11 && d2 > DEPENDENT * a22;
        positive.then_some(Self { l10, l20, l21, d: [a00, d1, d2] })
    }

    /// The x with A·x = b.
    #[inline(always)]
    pub(crate) fn solve(&self, b: [f64; 3]) -> [f64; 3] {
        let y1 = b[1] - self.l10 * b[0];
        let y2 = b[2] - self.l20 * b[0] - self.l21 * y1;
        let x2 = y2 / self.d[2];
        let x1 = y1 / self.d[1] - self.l21 * x2;
        [b[0] / self.d[0] - self.l10 * x1 - self.l20 * x2, x1, x2]
    }

    /// The last two diagonal elements of A⁻¹.
    #[inline(always)]
    pub(crate) fn inverse_diagonal(&self) -> [f64; 2] {
        let last = 1.0 / self.d[2];
        [1.0 / self.d[1] + self.l21 * self.l21 * last, last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_it_factored() {
        let [a00, a10, a11, a20, a21, a22] = [4.0, 1.0, 3.0, -2.0, 0.5, 5.0];
        let gram = Gram3::factor([a00, a10, a11, a20, a21, a22]).expect("positive definite");
        let x = gram.solve([1.0, -2.0, 3.0]);
        let back = [a00 * x[0] + a10 * x[1] + a20 * x[2], a10 * x[0] + a11 * x[1] + a21 * x[2], a20 * x[0] + a21 * x[1] + a22 * x[2]];
        for (got, expected) in back.into_iter().zip([1.0, -2.0, 3.0]) {
            assert!((got - expected).abs() < 1e-15, "{back:?}");
        }
        let [i11, i22] = gram.inverse_diagonal();
        assert!((i11 - gram.solve([0.0, 1.0, 0.0])[1]).abs() < 1e-15 && (i22 - gram.solve([0.0, 0.0, 1.0])[2]).abs() < 1e-15);
    }

    #[test]
    fn dependent_regressors_are_refused() {
        assert!(Gram3::factor([1.0, 2.0, 4.0, 0.0, 0.0, 1.0]).is_none(), "second twice the first");
        assert!(Gram3::factor([1.0, 0.0, 1.0, 1.0, 1.0, 2.0]).is_none(), "third the sum");
        assert!(Gram3::factor([0.0; 6]).is_none() && Gram3::factor([f64::NAN; 6]).is_none());
    }
}
