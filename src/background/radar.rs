//! The empty scene of a radar capture, from the other captures of its group.
//!
//! Speckle is multiplicative, so everything is done in decibels, where it adds
//! with one scatter. A cell's background is where most of the other captures
//! lie (the shortest half, sharpened by a clipped mean): wagons that stand in a
//! third of them do not raise it, as they would a median. What a whole capture
//! or a stretch of it has gained or lost (moisture, frost, calibration) is taken
//! out by a running median; where the surroundings have lost, the track is not
//! taken to have gained. Only the background is averaged over time, never the
//! capture itself (Quegan and Yu 2001).

use ndarray::Array2;

use crate::stats::{median, quantile, shortest_half};
use crate::strip::Strip;

/// Values farther than this many sigma above the location are trains or
/// flicker, and are left out of a cell's mean; below, speckle in dB has the longer tail.
const CLIP_ABOVE: f64 = 2.5;
/// See [`CLIP_ABOVE`].
const CLIP_BELOW: f64 = 3.0;

/// Least scatter of a cell over time, dB: that of a mean of 100 looks,
/// 4.34/√100; nothing in the field is steadier.
const LEAST_SCATTER_DB: f64 = 0.45;

/// Weight of the strip's typical scatter against that of a single cell, in captures.
const PRIOR_CAPTURES: f64 = 8.0;

/// Half length of the stretch over which a local gain is taken, m: several
/// times longer than the response, and than what most trains cover.
const GAIN_REACH_M: f64 = 200.0;

/// How the background is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadarBackgroundSettings {
    /// Captures used for one background: the nearest in order. Bounds the
    /// cost, and follows slow change of the place.
    pub most_predictors: usize,
}

impl Default for RadarBackgroundSettings {
    fn default() -> Self {
        Self {
            most_predictors: 40,
        }
    }
}

/// What a capture shows over its background.
#[derive(Debug, Clone, PartialEq)]
pub struct RadarResidual {
    /// Log-ratio to the background, dB, (offset, chainage); 0 where not usable.
    pub residual_db: Array2<f32>,
    /// Scatter that an empty capture shows there, dB, (offset, chainage).
    pub scatter_db: Array2<f32>,
    /// Clear here and in at least one other capture, (offset, chainage).
    pub usable: Array2<bool>,
    /// How many times more than its scatter the capture's darker side deviates,
    /// at least 1. Trains brighten and so do not enter it.
    pub dispersion: f64,
    /// Captures that the background was made from.
    pub predictors: usize,
}

/// The residual of every capture of a group.
///
/// `strips`: one band in dB, one grid, one look, in order of time.
/// `occupied`: per capture, cells (offset, chainage) that are known to hold a
/// train and must not enter the background of others nor the gain.
#[must_use]
pub fn radar_residuals(
    strips: &[&Strip],
    occupied: &[Array2<bool>],
    settings: &RadarBackgroundSettings,
) -> Vec<RadarResidual> {
    let gains_db = capture_gains(strips, occupied);
    (0..strips.len())
        .map(|target| {
            let predictors = nearest(target, strips.len(), settings.most_predictors);
            let group = Group {
                strips,
                occupied,
                gains_db: &gains_db,
            };
            group.residual(target, &predictors)
        })
        .collect()
}

/// A series whose captures have been brought to one level.
struct Group<'a> {
    strips: &'a [&'a Strip],
    occupied: &'a [Array2<bool>],
    gains_db: &'a [f64],
}

impl Group<'_> {
    /// Value of a capture in a cell, dB, if it may speak for the background.
    fn background_value(&self, capture: usize, cell: (usize, usize)) -> Option<f64> {
        let strip = self.strips[capture];
        let speaks = strip.clear[cell] && !self.occupied[capture][cell];
        speaks.then(|| f64::from(strip.values[[0, cell.0, cell.1]]) - self.gains_db[capture])
    }

    /// What every capture shows over a cell's location, for cells that have one.
    fn located(&self, cells: &[(usize, usize)]) -> Vec<(Vec<Option<f64>>, Location)> {
        (cells.iter())
            .filter_map(|&cell| {
                let values: Vec<Option<f64>> = (0..self.strips.len())
                    .map(|i| self.background_value(i, cell))
                    .collect();
                let mut known: Vec<f64> = values.iter().flatten().copied().collect();
                let empty = clipped_location(&mut known)?;
                let over = |v: Option<f64>| v.map(|v| v - empty.location);
                Some((values.into_iter().map(over).collect(), empty))
            })
            .collect()
    }

    fn residual(&self, target: usize, predictors: &[usize]) -> RadarResidual {
        let strip = self.strips[target];
        let dim = strip.clear.dim();
        let mut residual = Array2::<f32>::zeros(dim);
        let mut variance = Array2::<f32>::from_elem(dim, f32::NAN);
        let mut count = Array2::<f32>::zeros(dim);
        let mut usable = Array2::from_elem(dim, false);
        let mut values = Vec::with_capacity(predictors.len());
        for cell in ndarray::indices(dim) {
            values.clear();
            values.extend(
                predictors
                    .iter()
                    .filter_map(|&p| self.background_value(p, cell)),
            );
            let Some(empty) = clipped_location(&mut values) else {
                continue;
            };
            if empty.count > 2.0 {
                variance[cell] = (empty.sigma * empty.sigma) as f32;
            }
            count[cell] = empty.count as f32;
            if strip.clear[cell] {
                usable[cell] = true;
                let level = f64::from(strip.values[[0, cell.0, cell.1]]) - self.gains_db[target];
                residual[cell] = (level - empty.location) as f32;
            }
        }
        let speaks = |cell| usable[cell] && !self.occupied[target][cell];
        let gain = local_gain(&residual, speaks, strip);
        add_by_column(&mut residual, &usable, |column| -gain[column]);
        let scatter = steadied_scatter(&variance, &count, &residual, &usable);
        let dispersion = dark_dispersion(&residual, &scatter, &usable);
        // What surrounds the track may lose power without it: calm water, snow.
        add_by_column(&mut residual, &usable, |column| gain[column].min(0.0));
        RadarResidual {
            dispersion,
            residual_db: residual,
            scatter_db: scatter,
            usable,
            predictors: predictors.len(),
        }
    }
}

/// The captures nearest to `target` in order, without itself.
fn nearest(target: usize, captures: usize, most: usize) -> Vec<usize> {
    let mut others: Vec<usize> = (0..captures).filter(|&i| i != target).collect();
    others.sort_by_key(|&i| (i.abs_diff(target), i));
    others.truncate(most);
    others.sort_unstable();
    others
}

struct Location {
    location: f64,
    sigma: f64,
    count: f64,
}

/// Shortest half, then the mean of what lies near it.
fn clipped_location(values: &mut [f64]) -> Option<Location> {
    values.sort_unstable_by(f64::total_cmp);
    let half = shortest_half(values)?;
    let sigma = half.sigma.max(LEAST_SCATTER_DB);
    let near = |v: &&f64| {
        **v < half.location + CLIP_ABOVE * sigma && **v > half.location - CLIP_BELOW * sigma
    };
    let count = values.iter().filter(near).count() as f64;
    let location = values.iter().filter(near).sum::<f64>() / count;
    let squares: f64 = values
        .iter()
        .filter(near)
        .map(|v| (v - location).powi(2))
        .sum();
    Some(Location {
        location,
        sigma: (squares / (count - 1.0).max(1.0)).sqrt(),
        count,
    })
}

/// The scatter, dB, that the steadier half of some cells keeps to.
fn steady_limit(scatter_db: impl Iterator<Item = f64>) -> f64 {
    let known: Vec<f64> = scatter_db.collect();
    median(&known).unwrap_or(f64::INFINITY)
}

/// Gain of every capture against the common level, dB: three rounds of cell
/// location and median difference, on every third cell. Only the steadier half
/// of the cells counts: wind and ice on a river are no gain of the track.
fn capture_gains(strips: &[&Strip], occupied: &[Array2<bool>]) -> Vec<f64> {
    let mut gains_db = vec![0.0; strips.len()];
    let Some(first) = strips.first() else {
        return gains_db;
    };
    let cells: Vec<(usize, usize)> = ndarray::indices(first.clear.dim())
        .into_iter()
        .step_by(3)
        .collect();
    for _ in 0..3 {
        let group = Group {
            strips,
            occupied,
            gains_db: &gains_db,
        };
        let mut differences = vec![Vec::with_capacity(cells.len()); strips.len()];
        let located = group.located(&cells);
        let steady_db = steady_limit(located.iter().map(|(_, empty)| empty.sigma));
        for (values, _) in located.iter().filter(|(_, e)| e.sigma <= steady_db) {
            for (list, value) in differences.iter_mut().zip(values) {
                list.extend(value);
            }
        }
        for (gain, list) in gains_db.iter_mut().zip(&differences) {
            *gain += median(list).unwrap_or(0.0);
        }
    }
    gains_db
}

/// Median of the residual over all offsets of a stretch, for every column, dB.
fn local_gain(
    residual: &Array2<f32>,
    speaks: impl Fn((usize, usize)) -> bool,
    strip: &Strip,
) -> Vec<f64> {
    let columns = strip.chainage.len;
    let reach = (GAIN_REACH_M / strip.chainage.step_m).round().max(1.0) as usize;
    let step = (reach / 8).max(1);
    let mut gains = Vec::with_capacity(columns / step + 1);
    for centre in (0..columns).step_by(step) {
        let near = (centre.saturating_sub(reach)..(centre + reach + 1).min(columns)).step_by(2);
        let values: Vec<f64> = near
            .flat_map(|column| (0..strip.offset.len).map(move |row| (row, column)))
            .filter(|&cell| speaks(cell))
            .map(|cell| f64::from(residual[cell]))
            .collect();
        gains.push(median(&values).unwrap_or(0.0));
    }
    (0..columns)
        .map(|column| interpolated(&gains, column as f64 / step as f64))
        .collect()
}

/// Adds to every usable cell what its column says; the others become 0.
fn add_by_column(
    residual: &mut Array2<f32>,
    usable: &Array2<bool>,
    more_db: impl Fn(usize) -> f64,
) {
    for (cell, value) in residual.indexed_iter_mut() {
        *value = if usable[cell] {
            *value + more_db(cell.1) as f32
        } else {
            0.0
        };
    }
}

/// Linear interpolation at a fractional index, constant beyond the ends.
fn interpolated(values: &[f64], at: f64) -> f64 {
    let last = values.len().saturating_sub(1);
    let low = (at.floor() as usize).min(last);
    let high = (low + 1).min(last);
    let share = (at - low as f64).clamp(0.0, 1.0);
    values[low] * (1.0 - share) + values[high] * share
}

/// Scatter per cell: over 3 × 3 cells, drawn towards the strip's typical one as
/// far as few captures demand, and widened for the error of the background.
fn steadied_scatter(
    variance: &Array2<f32>,
    count: &Array2<f32>,
    residual: &Array2<f32>,
    usable: &Array2<bool>,
) -> Array2<f32> {
    let known: Vec<f64> = variance.iter().map(|&v| f64::from(v)).collect();
    let typical = median(&known).unwrap_or_else(|| dark_sigma(residual, usable).powi(2));
    let typical = typical.max(LEAST_SCATTER_DB * LEAST_SCATTER_DB);
    let (rows, columns) = variance.dim();
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let mut sum = 0.0;
        let mut cells = 0.0;
        for r in row.saturating_sub(1)..(row + 2).min(rows) {
            for c in column.saturating_sub(1)..(column + 2).min(columns) {
                if variance[[r, c]].is_finite() {
                    sum += f64::from(variance[[r, c]]);
                    cells += 1.0;
                }
            }
        }
        let n = f64::from(count[[row, column]]);
        let own = if cells > 0.0 { sum / cells } else { typical };
        let steadied = (PRIOR_CAPTURES * typical + n * own) / (PRIOR_CAPTURES + n);
        let widened = steadied * (1.0 + 1.0 / n.max(1.0));
        widened.sqrt().max(LEAST_SCATTER_DB) as f32
    })
}

/// Standard deviation by the darker half: median minus the 16 % quantile, dB.
fn dark_sigma(residual: &Array2<f32>, usable: &Array2<bool>) -> f64 {
    let values: Vec<f64> = residual
        .iter()
        .zip(usable)
        .filter(|(_, u)| **u)
        .map(|(&r, _)| f64::from(r))
        .collect();
    let middle = median(&values).unwrap_or(0.0);
    middle - quantile(&values, 0.158_655).unwrap_or(middle)
}

/// The darker half in units of the scatter, at least 1.
fn dark_dispersion(residual: &Array2<f32>, scatter: &Array2<f32>, usable: &Array2<bool>) -> f64 {
    dark_sigma(&(residual / scatter), usable).max(1.0)
}
