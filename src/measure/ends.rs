//! Posterior of one end over a grid of places and speeds.

use super::likelihood::Window;

/// Share of a normal distribution within two sigma of its middle.
const TWO_SIGMA: f64 = 0.954_499_7;
/// Halvings of the range in which a quantile is looked for.
const HALVINGS: usize = 40;

/// What the samples say of one end, for every speed.
pub(super) struct EndPosterior {
    /// Log of the evidence for each speed.
    pub(super) evidence: Vec<f64>,
    /// The first place, m, and how far apart they are, with its sign.
    pub(super) first_m: f64,
    pub(super) step_m: f64,
    /// Per speed: the probability of each place.
    pub(super) shares: Vec<Vec<f64>>,
}

/// Posterior of one end, with a flat prior over the places searched.
pub(super) fn posterior(window: &Window) -> EndPosterior {
    let log = window.log_likelihoods();
    let first_m = log.first().map_or(0.0, |(x, _)| *x);
    let speeds = log.first().map_or(0, |(_, l)| l.len());
    let mut out = EndPosterior {
        evidence: Vec::new(),
        first_m,
        step_m: log.get(1).map_or(0.0, |(x, _)| x - first_m),
        shares: Vec::new(),
    };
    for v in 0..speeds {
        let high = (log.iter().map(|(_, l)| l[v])).fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log.iter().map(|(_, l)| (l[v] - high).exp()).collect();
        let sum: f64 = weights.iter().sum();
        out.evidence.push(high + sum.ln());
        out.shares.push(weights.iter().map(|w| w / sum).collect());
    }
    out
}

impl EndPosterior {
    /// The end at any of the speeds, which have these weights.
    pub(super) fn at_speeds(&self, weights: &[f64]) -> Distribution {
        let mut shares = vec![0.0; self.shares.first().map_or(0, Vec::len)];
        for (of_speed, weight) in self.shares.iter().zip(weights) {
            for (to, share) in shares.iter_mut().zip(of_speed) {
                *to += weight * share;
            }
        }
        Distribution {
            first_m: self.first_m,
            step_m: self.step_m,
            width_m: self.step_m.abs(),
            shares,
        }
    }

    /// From `start` to this end; both have one speed.
    pub(super) fn length(&self, start: &Self, weights: &[f64]) -> Distribution {
        let count = |p: &Self| p.shares.first().map_or(0, Vec::len);
        let mut shares = vec![0.0; (count(self) + count(start)).saturating_sub(1)];
        for ((ends, starts), weight) in self.shares.iter().zip(&start.shares).zip(weights) {
            for (i, end) in ends.iter().enumerate() {
                for (j, start) in starts.iter().enumerate() {
                    shares[i + j] += weight * end * start;
                }
            }
        }
        // Starts are tried down-chainage, ends up-chainage: lengths grow by a step.
        Distribution {
            first_m: self.first_m - start.first_m,
            step_m: self.step_m,
            width_m: std::f64::consts::SQRT_2 * self.step_m.abs(),
            shares,
        }
    }
}

/// Probabilities of places, or lengths, on a regular grid. Each stands for all
/// that lie nearer than half of `width_m`.
pub(super) struct Distribution {
    first_m: f64,
    step_m: f64,
    width_m: f64,
    shares: Vec<f64>,
}

impl Distribution {
    /// Half of the probability lies on either side of it, m. With an end that
    /// may be a car further out it stays with the likelier place, where a mean
    /// would lie between both.
    pub(super) fn median_m(&self) -> f64 {
        let (low, high) = self.bounds();
        bisect((low, high), |x| self.below(x) >= 0.5 * self.total())
    }

    /// Half the distance about `centre_m` within which as much lies as within
    /// two sigma of a normal distribution, m.
    pub(super) fn sigma_m(&self, centre_m: f64) -> f64 {
        let (low, high) = self.bounds();
        let within = |r: f64| self.below(centre_m + r) - self.below(centre_m - r);
        let most = (high - centre_m).max(centre_m - low).max(0.0);
        0.5 * bisect((0.0, most), |r| within(r) >= TWO_SIGMA * self.total())
    }

    fn total(&self) -> f64 {
        self.shares.iter().sum()
    }

    fn bounds(&self) -> (f64, f64) {
        let last_m = self.first_m + self.step_m * (self.shares.len().max(1) - 1) as f64;
        let half_m = 0.5 * self.width_m;
        (
            self.first_m.min(last_m) - half_m,
            self.first_m.max(last_m) + half_m,
        )
    }

    /// Probability below a place.
    fn below(&self, at_m: f64) -> f64 {
        let width_m = self.width_m.max(f64::MIN_POSITIVE);
        (self.shares.iter().enumerate())
            .map(|(i, share)| {
                let middle_m = self.first_m + i as f64 * self.step_m;
                share * ((at_m - middle_m) / width_m + 0.5).clamp(0.0, 1.0)
            })
            .sum()
    }
}

/// Where a condition that holds from some place on begins to.
fn bisect((mut low, mut high): (f64, f64), holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(step_m: f64) -> Distribution {
        Distribution {
            first_m: if step_m > 0.0 { 1.0 } else { 10.0 },
            step_m,
            width_m: 1.0,
            shares: vec![0.1; 10],
        }
    }

    #[test]
    fn an_even_distribution_by_hand() {
        // Even from 0.5 to 10.5: 95.45 % of it lie within 4.7725 of its middle.
        for step_m in [1.0, -1.0] {
            let got = even(step_m);
            assert!((got.median_m() - 5.5).abs() < 1e-6);
            assert!((got.sigma_m(5.5) - 4.772_498_5 / 2.0).abs() < 1e-6);
            // From its end all but 4.55 % lie within 9.545.
            assert!((got.sigma_m(10.5) - 9.544_997 / 2.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_normal_distribution_has_its_sigma() {
        let shares: Vec<f64> = (-40..=40)
            .map(|k| (-0.5 * (f64::from(k) / 8.0).powi(2)).exp())
            .collect();
        let normal = Distribution {
            first_m: 100.0 - 40.0,
            step_m: 1.0,
            width_m: 1.0,
            shares,
        };
        assert!((normal.median_m() - 100.0).abs() < 1e-6);
        assert!((normal.sigma_m(100.0) - 8.0).abs() < 0.02);
    }

    #[test]
    fn lengths_are_differences_at_one_speed() {
        let end = |first_m: f64, step_m: f64, shares: Vec<Vec<f64>>| EndPosterior {
            evidence: vec![0.0; 2],
            first_m,
            step_m,
            shares,
        };
        // At either speed the train is 100 m long, at places of its own.
        let start = end(0.0, -2.0, vec![vec![1.0, 0.0], vec![0.0, 1.0]]);
        let end = end(98.0, 2.0, vec![vec![0.0, 1.0], vec![1.0, 0.0]]);
        let length = end.length(&start, &[0.5, 0.5]);
        assert!((length.median_m() - 100.0).abs() < 1e-6);
        assert!(length.sigma_m(100.0) < 0.75, "{}", length.sigma_m(100.0));
        let alone = start.at_speeds(&[0.5, 0.5]);
        assert!(alone.sigma_m(alone.median_m()) > 0.9);
    }
}
