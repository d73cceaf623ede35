//! A distribution as the amplitudes of a register of qubits.
//!
//! Losses in units of σ go into 256 equal bins of [−8, 8). The state Σ √pᵢ|i⟩ is prepared by the tree of Grover & Rudolph (2002, arXiv quant-ph/0208112): one
//! rotation per node, cos²(θ/2) = p_left/p_node, level by level; 2ⁿ − 1 rotations in all. A node without mass has angle 0.

/// Qubits of the register.
pub const QUBITS: u32 = 8;
/// Bins: 2^8.
pub const BINS: usize = 1 << QUBITS;
/// Losses beyond ±8σ go into the outermost bins.
pub const LIMIT: f64 = 8.0;
/// Width of a bin in units of σ.
pub const WIDTH: f64 = 2.0 * LIMIT / BINS as f64;

/// Bin of a loss, and whether it had to be moved there from outside.
#[inline]
pub fn bin(loss: f64) -> (usize, bool) {
    let position = (loss + LIMIT) / WIDTH;
    // A cast saturates: what is below 0 becomes 0.
    ((position as usize).min(BINS - 1), !(0.0..BINS as f64).contains(&position))
}

/// Centre of a bin in units of σ.
#[inline]
pub fn centre(bin: usize) -> f64 {
    (bin as f64 + 0.5) * WIDTH - LIMIT
}

/// Sums of the probabilities in heap order: node 1 is the whole, nodes 2i and 2i + 1 the halves of node i, nodes N … 2N − 1 the bins.
#[derive(Clone, Debug)]
pub struct MassTree {
    nodes: Box<[f64]>,
}

impl MassTree {
    /// A tree over 2^`qubits` bins without mass.
    pub fn new(qubits: u32) -> Self {
        Self { nodes: vec![0.0; 2 << qubits].into_boxed_slice() }
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.nodes.len() / 2
    }

    /// The bins, to be filled with masses ≥ 0 of any total; [`Self::sum`] has to follow.
    pub(crate) fn leaves_mut(&mut self) -> &mut [f64] {
        let bins = self.bins();
        &mut self.nodes[bins..]
    }

    /// Sums the inner nodes; whether there is any mass, and none of it negative, NaN or infinite.
    pub(crate) fn sum(&mut self) -> bool {
        let bins = self.bins();
        if !self.nodes[bins..].iter().all(|&mass| mass >= 0.0) {
            return false;
        }
        for node in (1..bins).rev() {
            self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1];
        }
        self.total() > 0.0 && self.total().is_finite()
    }

    fn total(&self) -> f64 {
        self.nodes[1]
    }

    /// Probability of a bin.
    pub fn probability(&self, bin: usize) -> f64 {
        self.nodes[self.bins() + bin] / self.total()
    }

    /// cos and sin of half the rotation angle of inner node `node`, 1 ≤ `node` < bins.
    #[inline]
    pub fn half_angle(&self, node: usize) -> (f64, f64) {
        let mass = self.nodes[node];
        if mass > 0.0 { ((self.nodes[2 * node] / mass).sqrt(), (self.nodes[2 * node + 1] / mass).sqrt()) } else { (1.0, 0.0) }
    }

    /// Prepares the amplitudes of all bins, level by level from the root.
    pub(crate) fn prepare(&self, amplitudes: &mut [f64]) {
        amplitudes[0] = 1.0;
        let mut level = 1;
        while level < self.bins() {
            // From the last node to the first: its two children lie at or behind its own place.
            for i in (0..level).rev() {
                let (cos, sin) = self.half_angle(level + i);
                let amplitude = amplitudes[i];
                amplitudes[2 * i] = amplitude * cos;
                amplitudes[2 * i + 1] = amplitude * sin;
            }
            level *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_half_open_and_clip_outside() {
        assert_eq!((bin(-8.0), bin(-8.1), bin(f64::NEG_INFINITY)), ((0, false), (0, true), (0, true)));
        assert_eq!((bin(7.999), bin(8.0), bin(f64::INFINITY)), ((255, false), (255, true), (255, true)));
        assert_eq!((bin(0.0), bin(-1e-12), bin(0.0624), bin(0.0625)), ((128, false), (127, false), (128, false), (129, false)));
        for i in 0..BINS {
            assert_eq!(bin(centre(i)), (i, false));
        }
    }
}
