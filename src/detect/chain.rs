//! Posterior of a hidden Markov chain by the forward-backward algorithm
//! (Rabiner 1989), scaled at every step.

/// A chain of `N` states: where it starts and how it moves from cell to cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chain<const N: usize> {
    pub(super) start: [f64; N],
    /// From row to column.
    pub(super) step: [[f64; N]; N],
}

impl<const N: usize> Chain<N> {
    /// Probability of each state at each cell, given the log likelihoods of all cells.
    pub(super) fn posterior(&self, log_likelihoods: &[[f64; N]]) -> Vec<[f64; N]> {
        let likelihoods: Vec<[f64; N]> = log_likelihoods.iter().map(relative).collect();
        let mut forward: Vec<[f64; N]> = Vec::with_capacity(likelihoods.len());
        for (i, l) in likelihoods.iter().enumerate() {
            let before = match i {
                0 => self.start,
                _ => self.ahead(&forward[i - 1]),
            };
            forward.push(normalised(product(&before, l)));
        }
        let mut backward = [1.0; N];
        let mut out = forward;
        for i in (0..out.len()).rev() {
            out[i] = normalised(product(&out[i], &backward));
            backward = normalised(self.back(&product(&backward, &likelihoods[i])));
        }
        out
    }

    fn ahead(&self, p: &[f64; N]) -> [f64; N] {
        std::array::from_fn(|j| (0..N).map(|i| p[i] * self.step[i][j]).sum())
    }

    fn back(&self, p: &[f64; N]) -> [f64; N] {
        std::array::from_fn(|i| (0..N).map(|j| self.step[i][j] * p[j]).sum())
    }
}

/// Likelihoods relative to the greatest, not so small that a product vanishes.
fn relative<const N: usize>(log: &[f64; N]) -> [f64; N] {
    let high = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    log.map(|l| (l - high).max(-200.0).exp())
}

fn product<const N: usize>(a: &[f64; N], b: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| a[i] * b[i])
}

fn normalised<const N: usize>(p: [f64; N]) -> [f64; N] {
    let sum: f64 = p.iter().sum();
    p.map(|v| v / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_cells_equal_the_sum_over_all_paths() {
        let chain = Chain {
            start: [0.7, 0.3],
            step: [[0.9, 0.1], [0.4, 0.6]],
        };
        let log: [[f64; 2]; 3] = [[0.0, -1.0], [-2.0, 0.5], [-0.3, -0.1]];
        let mut sums = [[0.0; 2]; 3];
        for path in 0..8usize {
            let s = [path & 1, (path >> 1) & 1, (path >> 2) & 1];
            let p = chain.start[s[0]]
                * chain.step[s[0]][s[1]]
                * chain.step[s[1]][s[2]]
                * (log[0][s[0]] + log[1][s[1]] + log[2][s[2]]).exp();
            for i in 0..3 {
                sums[i][s[i]] += p;
            }
        }
        for (got, sum) in chain.posterior(&log).iter().zip(sums) {
            assert!((got[0] - sum[0] / (sum[0] + sum[1])).abs() < 1e-12);
        }
    }

    #[test]
    fn extreme_likelihoods_stay_finite() {
        let chain = Chain {
            start: [0.5, 0.5],
            step: [[0.99, 0.01], [0.01, 0.99]],
        };
        let log: Vec<[f64; 2]> = (0..50)
            .map(|i| if i < 25 { [0.0, -1e6] } else { [-1e6, 0.0] })
            .collect();
        let p = chain.posterior(&log);
        assert!(p[0][0] > 0.99 && p[49][1] > 0.99);
        assert!(p.iter().flatten().all(|v| v.is_finite()));
    }
}
