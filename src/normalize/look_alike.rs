//! Groups of captures that look alike, where the relative orbit is not known.
//!
//! Radar images of one place from two orbits differ everywhere: other layover,
//! other shadows, other bright corners. Images of one orbit differ by speckle
//! everywhere and by trains in some places. So the distance of two captures is
//! taken in blocks, and their lower quartile counts: trains on half of the
//! strip do not move it. Captures are joined by average linkage (Sokal and
//! Michener 1958), and the series is split only where the silhouette
//! (Rousseeuw 1987) says that there is something to split.

use ndarray::{Array2, Axis};

use crate::stats::{mad_sigma, median, quantile};
use crate::strip::Strip;

/// Mean silhouette below which there is no substantial structure
/// (Kaufman and Rousseeuw 1990, p. 88): enough for looks that take turns in time.
const LEAST_SILHOUETTE: f64 = 0.25;

/// Mean silhouette from which structure is more than weak (ibid.): asked of
/// groups that follow each other in time, which seasons do as well as orbits.
const FIRM_SILHOUETTE: f64 = 0.5;

/// A look needs this many captures: with fewer there is no background to speak of.
const LEAST_GROUP: usize = 3;

/// Looks together must hold this share of the captures; what is left are strays
/// (snow, a flooded yard, interference) that join the nearest look.
const LEAST_SHARE: f64 = 0.8;

/// Samples compared per pair of captures; more do not sharpen the distance.
const MOST_SAMPLES: usize = 2000;

/// Every so many cells across the track are sampled: 10 m in strips of 5 m.
const ROW_STRIDE: usize = 2;

/// Samples of a block across and along: narrower than the bloom of a train,
/// and enough for a median absolute difference.
const BLOCK: (usize, usize) = (2, 20);

/// A block needs half of its samples in both captures.
const LEAST_SAMPLES: usize = 20;

/// Which of the blocks counts.
const BLOCK_QUANTILE: f64 = 0.25;

/// The group of every capture, 0, 1, … in order of first appearance.
///
/// `strips`: one band in dB on one common grid, in order of time. One orbit
/// yields one group; fewer than six captures are always one group, as no split
/// could be told from chance.
#[must_use]
pub fn look_alike_groups(strips: &[&Strip]) -> Vec<usize> {
    let n = strips.len();
    if n < 2 * LEAST_GROUP {
        return vec![0; n];
    }
    let distance = Distances::between(strips);
    let merges = average_linkage(&distance);
    let best = (2..=n / LEAST_GROUP)
        .filter_map(|clusters| distance.looks(&cut(n, &merges, clusters)))
        .max_by(|a, b| a.silhouette.total_cmp(&b.silhouette));
    let Some(looks) = best else {
        return vec![0; n];
    };
    let groups = distance.assign(&looks.members);
    let least = if take_turns(&groups) {
        LEAST_SILHOUETTE
    } else {
        FIRM_SILHOUETTE
    };
    if looks.silhouette >= least {
        groups
    } else {
        vec![0; n]
    }
}

/// Whether groups change in time at least as often as chance would have it:
/// the expected number of runs (Wald and Wolfowitz 1940). Orbits take turns and
/// change more often, seasons less.
fn take_turns(groups: &[usize]) -> bool {
    let n = groups.len() as f64;
    let runs = 1.0 + groups.windows(2).filter(|w| w[0] != w[1]).count() as f64;
    let count = |g: usize| groups.iter().filter(|&&x| x == g).count() as f64;
    let squares: f64 = (0..groups.len()).map(|g| count(g).powi(2)).sum();
    runs >= 1.0 + n - squares / n
}

/// A division of most captures into looks.
struct Looks {
    members: Vec<Vec<usize>>,
    silhouette: f64,
}

/// Squared distances between captures, dB².
struct Distances {
    n: usize,
    squared: Vec<f64>,
}

impl Distances {
    fn between(strips: &[&Strip]) -> Self {
        let samples: Vec<Array2<f64>> = strips.iter().map(|s| filtered_samples(s)).collect();
        let n = strips.len();
        let mut squared = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let d = typical_difference(&samples[i], &samples[j]);
                squared[i * n + j] = d;
                squared[j * n + i] = d;
            }
        }
        let known: Vec<f64> = squared.iter().copied().filter(|d| *d > 0.0).collect();
        let typical = median(&known).unwrap_or(0.0);
        for d in squared.iter_mut().filter(|d| d.is_nan()) {
            *d = typical;
        }
        Self { n, squared }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.squared[i * self.n + j]
    }

    /// Mean distance of one capture to others (itself left out).
    fn to_all(&self, i: usize, others: &[usize]) -> f64 {
        let (sum, count) = others
            .iter()
            .filter(|&&j| j != i)
            .fold((0.0, 0.0), |(s, c), &j| (s + self.at(i, j), c + 1.0));
        if count > 0.0 {
            sum / count
        } else {
            f64::INFINITY
        }
    }

    /// The clusters that are large enough to be looks, if there are two or more
    /// and they hold nearly everything.
    fn looks(&self, clusters: &[Vec<usize>]) -> Option<Looks> {
        let members: Vec<Vec<usize>> = clusters
            .iter()
            .filter(|c| c.len() >= LEAST_GROUP)
            .cloned()
            .collect();
        let held: usize = members.iter().map(Vec::len).sum();
        if members.len() < 2 || (held as f64) < LEAST_SHARE * self.n as f64 {
            return None;
        }
        let mut sum = 0.0;
        for (k, own) in members.iter().enumerate() {
            for &i in own {
                let within = self.to_all(i, own);
                let nearest = members
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != k)
                    .map(|(_, other)| self.to_all(i, other))
                    .fold(f64::INFINITY, f64::min);
                sum += (nearest - within) / nearest.max(within).max(f64::MIN_POSITIVE);
            }
        }
        Some(Looks {
            members,
            silhouette: sum / held as f64,
        })
    }

    /// Every capture to its nearest look; looks numbered by first appearance.
    fn assign(&self, members: &[Vec<usize>]) -> Vec<usize> {
        let nearest: Vec<usize> = (0..self.n)
            .map(|i| {
                let own = members.iter().position(|m| m.contains(&i));
                own.unwrap_or_else(|| {
                    (0..members.len())
                        .min_by(|&a, &b| {
                            self.to_all(i, &members[a])
                                .total_cmp(&self.to_all(i, &members[b]))
                        })
                        .unwrap_or(0)
                })
            })
            .collect();
        let mut seen: Vec<usize> = Vec::new();
        nearest
            .iter()
            .map(|look| {
                seen.iter().position(|s| s == look).unwrap_or_else(|| {
                    seen.push(*look);
                    seen.len() - 1
                })
            })
            .collect()
    }
}

/// Means over 3 × 3 cells in dB, (row, column) at every so many cells, NaN where
/// not usable: a plain speckle filter that costs little.
fn filtered_samples(strip: &Strip) -> Array2<f64> {
    let (rows, columns) = strip.clear.dim();
    let stride = (rows * columns / ROW_STRIDE).div_ceil(MOST_SAMPLES).max(1);
    let shape = (rows.div_ceil(ROW_STRIDE), columns.div_ceil(stride));
    Array2::from_shape_fn(shape, |(i, j)| {
        let (row, column) = (i * ROW_STRIDE, j * stride);
        if !strip.clear[[row, column]] {
            return f64::NAN;
        }
        let mut sum = 0.0;
        let mut count = 0.0;
        for r in row.saturating_sub(1)..(row + 2).min(rows) {
            for c in column.saturating_sub(1)..(column + 2).min(columns) {
                if strip.clear[[r, c]] {
                    sum += f64::from(strip.values[[0, r, c]]);
                    count += 1.0;
                }
            }
        }
        sum / count
    })
}

/// Squared deviation of two captures in the calmer blocks, dB², each about its
/// own median, so that neither gain nor a wet field counts, only texture. NaN
/// where no block is seen in both.
fn typical_difference(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let difference = a - b;
    let mut blocks = Vec::new();
    for rows in difference.axis_chunks_iter(Axis(0), BLOCK.0) {
        for block in rows.axis_chunks_iter(Axis(1), BLOCK.1) {
            let seen: Vec<f64> = block.iter().copied().filter(|d| d.is_finite()).collect();
            if seen.len() >= LEAST_SAMPLES {
                blocks.extend(mad_sigma(&seen));
            }
        }
    }
    quantile(&blocks, BLOCK_QUANTILE).map_or(f64::NAN, |d| d * d)
}

/// Merges of clusters in order, by the smallest mean distance; the second is
/// merged into the first. Ties go to the earlier pair.
fn average_linkage(distance: &Distances) -> Vec<(usize, usize)> {
    let n = distance.n;
    let mut between = distance.squared.clone();
    let mut size = vec![1.0; n];
    let mut alive: Vec<usize> = (0..n).collect();
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    while alive.len() > 1 {
        let mut best = (f64::INFINITY, alive[0], alive[1]);
        for (at, &i) in alive.iter().enumerate() {
            for &j in &alive[at + 1..] {
                if between[i * n + j] < best.0 {
                    best = (between[i * n + j], i, j);
                }
            }
        }
        let (_, i, j) = best;
        for &k in alive.iter().filter(|&&k| k != i && k != j) {
            let mean =
                (size[i] * between[i * n + k] + size[j] * between[j * n + k]) / (size[i] + size[j]);
            between[i * n + k] = mean;
            between[k * n + i] = mean;
        }
        size[i] += size[j];
        alive.retain(|&k| k != j);
        merges.push((i, j));
    }
    merges
}

/// The clusters that are left when merging stops at `clusters` of them.
fn cut(n: usize, merges: &[(usize, usize)], clusters: usize) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
    for &(i, j) in merges.iter().take(n.saturating_sub(clusters)) {
        let moved = std::mem::take(&mut members[j]);
        members[i].extend(moved);
    }
    members.retain(|m| !m.is_empty());
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip::Axis as Cells;
    use ndarray::Array3;

    /// A strip of 24 × 80 cells from a texture per look and noise per capture.
    fn strip(look: u64, capture: u64, train: bool) -> Strip {
        let (rows, columns) = (24, 80);
        let values = Array3::from_shape_fn((1, rows, columns), |(_, r, c)| {
            let cell = (r * columns + c) as u64;
            let bed = 4.0 * scramble(look * 7919 + cell / 3);
            let speckle = 2.0 * scramble(1_000_000 * (capture + 1) + cell);
            let bar = if train && (8..15).contains(&r) && c > 10 {
                12.0
            } else {
                0.0
            };
            (bed + speckle + bar) as f32
        });
        let axis = |len| Cells {
            first_m: 0.0,
            step_m: 5.0,
            len,
        };
        Strip {
            chainage: axis(columns),
            offset: axis(rows),
            values,
            covered: Array2::from_elem((rows, columns), true),
            clear: Array2::from_elem((rows, columns), true),
        }
    }

    /// A fixed number in −1..1 (the finaliser of `SplitMix64`).
    fn scramble(seed: u64) -> f64 {
        let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn groups(strips: &[Strip]) -> Vec<usize> {
        look_alike_groups(&strips.iter().collect::<Vec<_>>())
    }

    #[test]
    fn two_looks_in_turn_are_parted() {
        let strips: Vec<Strip> = (0..20).map(|i| strip(i % 2, i, i % 5 == 0)).collect();
        let expected: Vec<usize> = (0..20).map(|i| i % 2).collect();
        assert_eq!(groups(&strips), expected);
    }

    #[test]
    fn one_look_stays_one_whatever_stands_on_it() {
        let strips: Vec<Strip> = (0..20).map(|i| strip(0, i, i % 3 == 0)).collect();
        assert_eq!(groups(&strips), vec![0; 20]);
    }

    #[test]
    fn few_captures_are_one_group() {
        let strips: Vec<Strip> = (0..5).map(|i| strip(i % 2, i, false)).collect();
        assert_eq!(groups(&strips), vec![0; 5]);
        assert!(groups(&[]).is_empty());
    }

    #[test]
    fn a_gain_parts_nothing() {
        let mut strips: Vec<Strip> = (0..12).map(|i| strip(0, i, false)).collect();
        for (i, s) in strips.iter_mut().enumerate() {
            s.values += (i % 2) as f32 * 5.0;
        }
        assert_eq!(groups(&strips), vec![0; 12]);
    }

    #[test]
    fn runs_tell_turns_from_seasons() {
        let in_turn: Vec<usize> = (0..30).map(|i| i % 2).collect();
        let seasons: Vec<usize> = (0..30).map(|i| usize::from(i > 14)).collect();
        assert!(take_turns(&in_turn) && !take_turns(&seasons));
    }
}
