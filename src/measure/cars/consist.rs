//! All rows of cars that fill a train, weighed against each other.

use super::gap::GAP_M;
use super::stock::{ANY_M, COMMON_M, OTHER, SPREAD_M};
use crate::measure::Fit;

/// Distance of the places tried for gaps, m: about the spread of the lengths
/// of cars of one type.
const STEP_M: f64 = 0.25;

/// The least error of an end of a train against its coupler, 1 sigma, m:
/// buffers, couplers and overhanging roofs.
const END_SIGMA_M: f64 = 0.4;

/// Ends farther off than this many sigma are not tried.
const END_SIGMAS: f64 = 3.5;

/// Probability that a car is of the type of the one before it: most freight
/// trains are of one good.
const ALIKE: f64 = 0.7;

/// Couplers at the ends of a train: where, and how sure, m.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    start_m: f64,
    start_sigma_m: f64,
    end_m: f64,
    end_sigma_m: f64,
}

impl Ends {
    /// The couplers of a train of which the bodies were measured.
    pub(super) fn of_bodies(fit: &Fit) -> Self {
        Self {
            start_m: fit.start_m - 0.5 * GAP_M,
            start_sigma_m: fit.start_sigma_m.hypot(END_SIGMA_M),
            end_m: fit.end_m + 0.5 * GAP_M,
            end_sigma_m: fit.end_sigma_m.hypot(END_SIGMA_M),
        }
    }
}

/// Places along a train, m.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) first_m: f64,
    pub(super) step_m: f64,
    pub(super) len: usize,
}

impl Grid {
    /// Everything between the ends and a little more, symmetric about the middle.
    pub(super) fn over(ends: Ends) -> Self {
        let margin_m = END_SIGMAS * ends.start_sigma_m.max(ends.end_sigma_m);
        let half_m = 0.5 * (ends.end_m - ends.start_m) + margin_m;
        let half = (half_m / STEP_M).ceil();
        Self {
            first_m: 0.5 * (ends.start_m + ends.end_m) - half * STEP_M,
            step_m: STEP_M,
            len: 2 * half as usize + 1,
        }
    }

    pub(super) fn at_m(&self, i: usize) -> f64 {
        self.first_m + i as f64 * self.step_m
    }

    /// Probability of an end at each place; zero far from it.
    fn prior(&self, at_m: f64, sigma_m: f64) -> Vec<f64> {
        let z = |i: usize| (self.at_m(i) - at_m) / sigma_m;
        let weight = |i: usize| {
            if z(i).abs() <= END_SIGMAS {
                (-0.5 * z(i) * z(i)).exp()
            } else {
                0.0
            }
        };
        let weights: Vec<f64> = (0..self.len).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| w / sum).collect()
    }
}

/// A kind of car.
struct Kind {
    /// How common it is.
    share: f64,
    /// Probability of every length: steps of the grid from `least` on.
    lengths: Vec<f64>,
    least: usize,
}

/// The prior over rows of cars.
pub(super) struct Consists {
    kinds: Vec<Kind>,
}

impl Consists {
    /// Common kinds, those of `stock_m` besides, and any other between 10 and 26.5 m.
    pub(super) fn new(stock_m: &[f64]) -> Self {
        let mut lengths_m = COMMON_M.to_vec();
        let known = |m: &f64| m.is_finite() && (ANY_M.0..=ANY_M.1).contains(m);
        lengths_m.extend(stock_m.iter().copied().filter(known));
        lengths_m.sort_by(f64::total_cmp);
        // Types that differ by less than their spread are one.
        lengths_m.dedup_by(|b, a| *b - *a < SPREAD_M);
        let share = (1.0 - OTHER) / lengths_m.len() as f64;
        let mut kinds: Vec<Kind> = lengths_m.iter().map(|m| Kind::about(*m, share)).collect();
        let least = (ANY_M.0 / STEP_M).round() as usize;
        let most = (ANY_M.1 / STEP_M).round() as usize;
        let count = most - least + 1;
        kinds.push(Kind {
            share: OTHER,
            lengths: vec![1.0 / count as f64; count],
            least,
        });
        Self { kinds }
    }

    /// Probability of every number of cars, from 0 on; `None` where no row of
    /// cars fills the train.
    ///
    /// Forward sums over (place, kind, number) of a semi-Markov chain, scaled
    /// place by place.
    pub(super) fn counts(&self, grid: Grid, ends: Ends, evidence: &[f64]) -> Option<Vec<f64>> {
        let start = grid.prior(ends.start_m, ends.start_sigma_m);
        let end = grid.prior(ends.end_m, ends.end_sigma_m);
        let most = (grid.len as f64 * STEP_M / ANY_M.0).ceil() as usize + 1;
        let width = most + 1;
        // What may begin at a place: kind × number of cars before it, and the
        // logarithm it is to be multiplied by.
        let mut begins: Vec<Vec<f64>> = Vec::with_capacity(grid.len);
        let mut scales: Vec<f64> = Vec::with_capacity(grid.len);
        let mut totals = vec![0.0; width];
        let mut total_scale = f64::NEG_INFINITY;
        for p in 0..grid.len {
            let scale = self
                .reach(p)
                .map(|q| scales[q])
                .fold(f64::NEG_INFINITY, f64::max);
            let mut ended = vec![0.0; self.kinds.len() * width];
            if scale.is_finite() {
                self.gather(p, (&begins, &scales, scale), &mut ended);
            }
            if end[p] > 0.0 && scale.is_finite() {
                let scale = scale + end[p].ln();
                let high = total_scale.max(scale);
                let (old, new) = ((total_scale - high).exp(), (scale - high).exp());
                for (n, total) in totals.iter_mut().enumerate() {
                    let sum: f64 = (0..self.kinds.len()).map(|k| ended[k * width + n]).sum();
                    *total = *total * old + sum * new;
                }
                total_scale = high;
            }
            let (next, scale) = self.begin(&ended, (scale + evidence[p], start[p]), width);
            begins.push(next);
            scales.push(scale);
        }
        let sum: f64 = totals.iter().sum();
        (sum > 0.0 && sum.is_finite()).then(|| totals.iter().map(|t| t / sum).collect())
    }

    /// Places from which a car ends at `p`.
    fn reach(&self, p: usize) -> std::ops::Range<usize> {
        let least = self.kinds.iter().map(|k| k.least).min().unwrap_or(1);
        let most = self.kinds.iter().map(|k| k.least + k.lengths.len()).max();
        p.saturating_sub(most.unwrap_or(1))..(p + 1).saturating_sub(least)
    }

    /// Sums over the lengths of the cars that end at `p`.
    fn gather(
        &self,
        p: usize,
        (begins, scales, scale): (&[Vec<f64>], &[f64], f64),
        ended: &mut [f64],
    ) {
        let width = ended.len() / self.kinds.len();
        for (k, kind) in self.kinds.iter().enumerate() {
            let to = &mut ended[k * width..(k + 1) * width];
            for (d, probability) in kind.lengths.iter().enumerate() {
                let Some(q) = p.checked_sub(kind.least + d) else {
                    break;
                };
                let factor = probability * (scales[q] - scale).exp();
                if factor > 0.0 {
                    let from = &begins[q][k * width..(k + 1) * width];
                    for n in 1..width {
                        to[n] += factor * from[n - 1];
                    }
                }
            }
        }
    }

    /// What begins where these end, or where the train starts.
    fn begin(&self, ended: &[f64], (scale, start): (f64, f64), width: usize) -> (Vec<f64>, f64) {
        let mut next = vec![0.0; ended.len()];
        let high = scale.max(if start > 0.0 { 0.0 } else { f64::NEG_INFINITY });
        if !high.is_finite() {
            return (next, f64::NEG_INFINITY);
        }
        let (follow, begin) = ((scale - high).exp(), start * (-high).exp());
        for n in 0..width {
            let any: f64 = (0..self.kinds.len()).map(|k| ended[k * width + n]).sum();
            for (k, kind) in self.kinds.iter().enumerate() {
                let same = ended[k * width + n];
                next[k * width + n] = follow * (ALIKE * same + (1.0 - ALIKE) * kind.share * any);
                if n == 0 {
                    next[k * width] += begin * kind.share;
                }
            }
        }
        let largest = next.iter().copied().fold(0.0, f64::max);
        if largest <= 0.0 {
            return (next, f64::NEG_INFINITY);
        }
        for v in &mut next {
            *v /= largest;
        }
        (next, high + largest.ln())
    }

    /// The gaps of the most probable row of cars, m (Viterbi 1967); `None`
    /// where no row of cars fills the train.
    pub(super) fn likeliest(&self, grid: Grid, ends: Ends, evidence: &[f64]) -> Option<Vec<f64>> {
        let start = grid.prior(ends.start_m, ends.start_sigma_m);
        let end = grid.prior(ends.end_m, ends.end_sigma_m);
        let kinds = self.kinds.len();
        let mut begins = vec![f64::NEG_INFINITY; grid.len * kinds];
        // Where the car that ends here began, and of which kind it is.
        let mut before: Vec<Option<(usize, usize)>> = vec![None; grid.len * kinds];
        let mut best: Option<(f64, (usize, usize))> = None;
        for p in 0..grid.len {
            let ended: Vec<Option<(f64, usize)>> = (0..kinds)
                .map(|k| self.best_ending(p, k, &begins))
                .collect();
            for (k, ended) in ended.iter().enumerate() {
                let Some((score, q)) = *ended else { continue };
                let whole = score + end[p].ln();
                if whole.is_finite() && best.is_none_or(|b| whole > b.0) {
                    best = Some((whole, (q, k)));
                }
            }
            for (k, kind) in self.kinds.iter().enumerate() {
                let to = p * kinds + k;
                begins[to] = start[p].ln() + kind.share.ln();
                for (from, ended) in ended.iter().enumerate() {
                    let Some((score, q)) = *ended else { continue };
                    let alike = if from == k { ALIKE } else { 0.0 };
                    let turn = (alike + (1.0 - ALIKE) * kind.share).ln();
                    if score + evidence[p] + turn > begins[to] {
                        begins[to] = score + evidence[p] + turn;
                        before[to] = Some((q, from));
                    }
                }
            }
        }
        let mut gaps = Vec::new();
        let (_, mut at) = best?;
        while let Some((q, from)) = before[at.0 * kinds + at.1] {
            gaps.push(grid.at_m(at.0));
            at = (q, from);
        }
        gaps.reverse();
        Some(gaps)
    }

    /// The best beginning of a car of kind `k` that ends at place `p`.
    fn best_ending(&self, p: usize, k: usize, begins: &[f64]) -> Option<(f64, usize)> {
        let kind = &self.kinds[k];
        let mut best: Option<(f64, usize)> = None;
        for (d, probability) in kind.lengths.iter().enumerate() {
            let Some(q) = p.checked_sub(kind.least + d) else {
                break;
            };
            let score = begins[q * self.kinds.len() + k] + probability.ln();
            if score.is_finite() && best.is_none_or(|b| score > b.0) {
                best = Some((score, q));
            }
        }
        best
    }
}

impl Kind {
    /// Cars of about this length, m.
    fn about(length_m: f64, share: f64) -> Self {
        let reach_m = 3.0 * SPREAD_M;
        let least = ((length_m - reach_m) / STEP_M).ceil() as usize;
        let most = ((length_m + reach_m) / STEP_M).floor() as usize;
        let weight = |steps: usize| {
            let z = (steps as f64 * STEP_M - length_m) / SPREAD_M;
            (-0.5 * z * z).exp()
        };
        let weights: Vec<f64> = (least..=most).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Self {
            share,
            lengths: weights.iter().map(|w| w / sum).collect(),
            least,
        }
    }
}
