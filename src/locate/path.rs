//! The smooth line that collects most evidence.

use super::evidence::Evidence;

/// Steepest line that is looked for, as a slope against the given one: 8°.
const STEEPEST: f64 = 0.1405;
/// What a change of slope costs, in evidence per radian: a bend by 1° costs as
/// much as a block with clear evidence gives.
const BEND_COST: f64 = 150.0;
/// A line with a steady curve has to collect so many times what a straight one
/// does, and one that bends anyhow so many times again: between lines beside
/// each other a bent one finds a little more by changing over.
const GAIN: (f64, f64) = (1.15, 1.3);
/// Largest sag of a steady curve against the given line, m.
const MOST_SAG_M: f64 = 30.0;
/// Steady curves are tried in steps of half a pixel, and not finer than this, m:
/// the fit that follows is finer.
const CURVE_STEP_M: f64 = 1.5;
/// Most steps of slope between blocks.
const MOST_TURN: usize = 2;

/// Where a line may run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Offset at the middle of the track (of a bent line: its middle third), m.
    pub middle_m: f64,
    /// Offset anywhere, m.
    pub anywhere_m: f64,
    /// Resolution across, m.
    pub step_m: f64,
    /// A line that departs by less than this from a straight one is straight, m.
    pub least_sag_m: f64,
}

/// A line by its offset in every block.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Per block, m, positive to the right.
    pub offset_m: Vec<f64>,
    /// Evidence collected less the cost of bends, per block.
    pub score: f64,
    /// Whether it turns against the line that offsets are counted from; else it
    /// is displaced and rotated only.
    pub bent: bool,
}

impl Path {
    /// Largest departure from the straight line between its ends, m.
    #[must_use]
    pub fn sag_m(&self) -> f64 {
        let (Some(first), Some(last)) = (self.offset_m.first(), self.offset_m.last()) else {
            return 0.0;
        };
        let pieces = (self.offset_m.len() - 1).max(1) as f64;
        let chord = |k: usize| first + (last - first) * k as f64 / pieces;
        let departures = self.offset_m.iter().enumerate();
        departures
            .map(|(k, o)| (o - chord(k)).abs())
            .fold(0.0, f64::max)
    }
}

/// The straight path of the highest score, or a curved or bent one where that
/// collects clearly more. Slopes are up to 8° against the line that offsets are
/// counted from.
#[must_use]
pub fn best_path(evidence: &Evidence, reach: Reach) -> Path {
    let step_m = (10.0 * reach.step_m).max(CURVE_STEP_M);
    let straight = best_steady(evidence, reach, (0.5 * evidence.offset.step_m, 0.0));
    let curved = best_steady(evidence, reach, (step_m, MOST_SAG_M));
    let steady = better(straight, curved, GAIN.0, reach);
    better(steady, best_bent(evidence, reach), GAIN.1, reach)
}

/// The path with more bends where it bends for something.
fn better(plain: Path, bent: Path, gain: f64, reach: Reach) -> Path {
    if bent.score > gain * plain.score && bent.sag_m() >= reach.least_sag_m {
        bent
    } else {
        plain
    }
}

/// As [`best_path`], without steady curves: enough to tell what chance does.
pub(super) fn quick_path(evidence: &Evidence, reach: Reach) -> Path {
    let straight = best_steady(evidence, reach, (0.5 * evidence.offset.step_m, 0.0));
    better(straight, best_bent(evidence, reach), GAIN.1, reach)
}

/// Numbers up to `most` either way in equal steps.
fn ticks(most: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = (most / step).floor() as i32;
    (-count..=count).map(move |i| f64::from(i) * step)
}

/// The best displacement, rotation and sag, by trying them all (Hough 1962).
fn best_steady(evidence: &Evidence, reach: Reach, (step_m, most_sag_m): (f64, f64)) -> Path {
    let n = evidence.along.len;
    let half = 0.5 * (n.max(2) - 1) as f64;
    // By the offset of the middle, what turn adds at the end, and the sag.
    let at = |k: usize, (middle_m, turn_m, sag_m): (f64, f64, f64)| {
        let x = (k as f64 - half) / half;
        middle_m + x * turn_m - sag_m * x * x
    };
    let most_turn_m = (STEEPEST * evidence.along.step_m * half).min(reach.anywhere_m);
    let mut best = (f64::NEG_INFINITY, (0.0, 0.0, 0.0));
    for sag_m in ticks(most_sag_m, step_m) {
        for middle_m in ticks(reach.middle_m, step_m) {
            for turn_m in ticks(most_turn_m, step_m) {
                let course = (middle_m, turn_m, sag_m);
                let sum: f64 = (0..n)
                    .map(|k| (k, at(k, course)))
                    .filter(|(_, at_m)| at_m.abs() <= reach.anywhere_m)
                    .map(|(k, at_m)| evidence.at(at_m, k))
                    .sum();
                if sum > best.0 {
                    best = (sum, course);
                }
            }
        }
    }
    Path {
        offset_m: (0..n).map(|k| at(k, best.1)).collect(),
        score: best.0 / n.max(1) as f64,
        bent: most_sag_m > 0.0,
    }
}

/// States of the search: offsets by slopes, both in steps.
struct States {
    offsets: isize,
    slopes: isize,
    step_m: f64,
    bend_cost: f64,
}

impl States {
    fn of(reach: Reach, block_m: f64) -> Self {
        Self {
            offsets: (reach.anywhere_m / reach.step_m).round() as isize,
            slopes: (STEEPEST * block_m / reach.step_m).round().max(1.0) as isize,
            step_m: reach.step_m,
            bend_cost: BEND_COST * reach.step_m / block_m,
        }
    }

    fn rows(&self) -> usize {
        2 * self.offsets as usize + 1
    }

    fn columns(&self) -> usize {
        2 * self.slopes as usize + 1
    }

    fn offset_m(&self, row: usize) -> f64 {
        (row as isize - self.offsets) as f64 * self.step_m
    }
}

/// The path of the highest score, by dynamic programming over offset and slope
/// (Viterbi 1967): a path goes on at its slope, and pays for changing it.
fn best_bent(evidence: &Evidence, reach: Reach) -> Path {
    let states = States::of(reach, evidence.along.step_m);
    let (rows, columns) = (states.rows(), states.columns());
    let blocks = evidence.along.len;
    let middle = blocks / 3..blocks - blocks / 3;
    let gain = |k: usize| -> Vec<f64> {
        (0..rows)
            .map(|row| {
                let offset_m = states.offset_m(row);
                if middle.contains(&k) && offset_m.abs() > reach.middle_m + 1e-9 {
                    f64::NEG_INFINITY
                } else {
                    evidence.at(offset_m, k)
                }
            })
            .collect()
    };
    let mut score: Vec<f64> = gain(0)
        .iter()
        .flat_map(|g| std::iter::repeat_n(*g, columns))
        .collect();
    let mut turns: Vec<Vec<i8>> = Vec::with_capacity(blocks);
    for k in 1..blocks {
        let (next, turn) = advance(&states, &score, &gain(k));
        score = next;
        turns.push(turn);
    }
    let best = (0..score.len())
        .max_by(|&a, &b| score[a].total_cmp(&score[b]).then(b.cmp(&a)))
        .unwrap_or(0);
    Path {
        offset_m: traced(&states, &turns, best),
        score: score.get(best).copied().unwrap_or(0.0) / blocks.max(1) as f64,
        bent: true,
    }
}

/// One block on: best scores, and by how many steps of slope each state was reached.
fn advance(states: &States, score: &[f64], gain: &[f64]) -> (Vec<f64>, Vec<i8>) {
    let (rows, columns) = (states.rows() as isize, states.columns() as isize);
    let mut next = vec![f64::NEG_INFINITY; score.len()];
    let mut turn = vec![0i8; score.len()];
    let most = MOST_TURN as isize;
    for row in 0..rows {
        for column in 0..columns {
            // The slope of arrival leads from the row before.
            let from = row - (column - states.slopes);
            if from < 0 || from >= rows {
                continue;
            }
            let to = (row * columns + column) as usize;
            for by in -most..=most {
                let before = column - by;
                if before < 0 || before >= columns {
                    continue;
                }
                let total = score[(from * columns + before) as usize]
                    - states.bend_cost * by.unsigned_abs() as f64;
                if total > next[to] {
                    next[to] = total;
                    turn[to] = by as i8;
                }
            }
            next[to] += gain[row as usize];
        }
    }
    (next, turn)
}

fn traced(states: &States, turns: &[Vec<i8>], last: usize) -> Vec<f64> {
    let columns = states.columns();
    let (mut row, mut column) = (last / columns, last % columns);
    let mut path = vec![states.offset_m(row)];
    for turn in turns.iter().rev() {
        let by = isize::from(turn[row * columns + column]);
        row = (row as isize - (column as isize - states.slopes)) as usize;
        column = (column as isize - by) as usize;
        path.push(states.offset_m(row));
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip::Axis;
    use ndarray::Array2;

    const REACH: Reach = Reach {
        middle_m: 60.0,
        anywhere_m: 120.0,
        step_m: 0.5,
        least_sag_m: 8.0,
    };

    /// Evidence of 3 within 5 m of a course of 30 blocks, and clutter of up to 1.
    fn evidence(course: impl Fn(f64) -> f64) -> Evidence {
        let offset = Axis {
            first_m: -150.0,
            step_m: 5.0,
            len: 61,
        };
        let along = Axis {
            first_m: 15.0,
            step_m: 30.0,
            len: 30,
        };
        let values = Array2::from_shape_fn((61, 30), |(i, k)| {
            let off_m = (offset.at_m(i) - course(along.at_m(k))).abs();
            let clutter = ((i * 7 + k * 13) % 11) as f64 / 11.0;
            clutter + 3.0 * (1.0 - off_m / 10.0).max(0.0)
        });
        Evidence {
            offset,
            along,
            values,
        }
    }

    fn most_off_m(path: &Path, along: Axis, course: impl Fn(f64) -> f64) -> f64 {
        let off = |(k, o): (usize, &f64)| (o - course(along.at_m(k))).abs();
        path.offset_m
            .iter()
            .enumerate()
            .map(off)
            .fold(0.0, f64::max)
    }

    #[test]
    fn a_displaced_and_turned_line_is_found_straight() {
        let course = |s: f64| -35.0 + 0.07 * (s - 450.0);
        let found = evidence(course);
        let path = best_path(&found, REACH);
        assert!(!path.bent);
        assert!(most_off_m(&path, found.along, course) < 3.0);
    }

    #[test]
    fn a_sagging_line_is_found_curved() {
        let course = |s: f64| 20.0 + 25.0 * (1.0 - (s / 450.0 - 1.0).powi(2));
        let found = evidence(course);
        let path = best_path(&found, REACH);
        assert!(path.bent);
        assert!(most_off_m(&path, found.along, course) < 5.0);
    }

    #[test]
    fn the_middle_stays_in_reach() {
        let path = best_path(&evidence(|_| 90.0), REACH);
        let middle_m = 0.5 * (path.offset_m[14] + path.offset_m[15]);
        assert!(middle_m.abs() <= 60.0 + 1e-9, "{path:?}");
    }

    #[test]
    fn sag_is_measured_from_the_chord() {
        let path = Path {
            offset_m: vec![0.0, 6.0, 4.0],
            score: 0.0,
            bent: true,
        };
        assert!((path.sag_m() - 4.0).abs() < 1e-12);
    }
}
