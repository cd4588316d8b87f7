//! Kendall's S between time and values of which some are lower bounds.

use super::normal::two_sided;

/// A value at a time; compared with those of its own group only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Time, years from any origin.
    pub time: f64,
    /// The value.
    pub value: f64,
    /// Whether the truth may be more.
    pub at_least: bool,
    /// Number of the group.
    pub group: usize,
}

impl Point {
    /// The sign of `later` minus `self` as far as it is certain, else 0: a
    /// lower bound is above what does not exceed it, and below nothing.
    pub(super) fn rise_to(&self, later: &Self) -> f64 {
        let rise = later.value - self.value;
        match (self.at_least, later.at_least) {
            (false, false) if rise == 0.0 => 0.0,
            (false, false) => rise.signum(),
            (false, true) if rise >= 0.0 => 1.0,
            (true, false) if rise <= 0.0 => -1.0,
            _ => 0.0,
        }
    }

    /// The point with a slope taken out.
    pub(super) fn without(self, slope: f64) -> Self {
        Self {
            value: self.value - slope * self.time,
            ..self
        }
    }
}

/// The points of each group in order of time, groups in order of their numbers.
pub(super) fn grouped(points: &[Point]) -> Vec<Vec<Point>> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.group.cmp(&b.group).then(a.time.total_cmp(&b.time)));
    sorted
        .chunk_by(|a, b| a.group == b.group)
        .map(<[Point]>::to_vec)
        .collect()
}

/// S, its variance where time and value are unrelated, and what it is out of.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Kendall {
    /// Pairs that rise less those that fall.
    pub s: f64,
    /// Variance of S over all permutations of the values.
    pub variance: f64,
    /// Pairs at different times.
    pub pairs: usize,
}

impl Kendall {
    /// Kendall's S of points of one group.
    ///
    /// The variance is that of a generalised correlation coefficient over all
    /// permutations (Daniels 1944; Kendall 1970, ch. 5; for censored values
    /// Brown, Hollander and Korwar 1974). Without lower bounds it is the usual
    /// one with the correction for ties, in either variable.
    pub(super) fn of(points: &[Point]) -> Self {
        let n = points.len();
        let mut totals = vec![(0.0, 0.0); n];
        let (mut s, mut pairs) = (0.0, 0);
        let (mut squares_a, mut squares_b) = (0.0, 0.0);
        for (i, p) in points.iter().enumerate() {
            for (j, q) in points.iter().enumerate().skip(i + 1) {
                let (a, b) = (sign(q.time - p.time), p.rise_to(q));
                s += a * b;
                pairs += usize::from(a != 0.0);
                squares_a += 2.0 * a * a;
                squares_b += 2.0 * b * b;
                totals[i] = (totals[i].0 + a, totals[i].1 + b);
                totals[j] = (totals[j].0 - a, totals[j].1 - b);
            }
        }
        let n = n as f64;
        let triples_a = totals.iter().map(|t| t.0 * t.0).sum::<f64>() - squares_a;
        let triples_b = totals.iter().map(|t| t.1 * t.1).sum::<f64>() - squares_b;
        let of_triples = if n > 2.0 {
            triples_a * triples_b / (n * (n - 1.0) * (n - 2.0))
        } else {
            0.0
        };
        let of_pairs = if n > 1.0 {
            squares_a * squares_b / (2.0 * n * (n - 1.0))
        } else {
            0.0
        };
        Self {
            s,
            variance: of_triples + of_pairs,
            pairs,
        }
    }

    /// Several groups together (Hirsch and Slack 1982 for seasons, Helsel and
    /// Frans 2006 for places): sums.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            s: self.s + other.s,
            variance: self.variance + other.variance,
            pairs: self.pairs + other.pairs,
        }
    }

    /// Two-sided p-value of S by its normal approximation with continuity correction.
    pub(super) fn p_value(self) -> f64 {
        if self.variance <= 0.0 {
            return 1.0;
        }
        two_sided((self.s.abs() - 1.0).max(0.0) / self.variance.sqrt())
    }

    /// Kendall's tau-a, −1..1.
    pub(super) fn tau(self) -> f64 {
        self.s / (self.pairs as f64).max(1.0)
    }
}

fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}
