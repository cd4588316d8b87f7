//! Evidence from what is always there: a deck or a track bed, brighter or darker
//! than the ground on both of its sides.

use ndarray::{Array2, Array3, Axis as Dim};

use super::blocks::Blocks;
use super::evidence::Evidence;
use crate::stats::{mad_sigma, median};

/// Widths of lines that are looked for: in pixels, and not less than so many
/// metres. A single track, and a deck of two lanes.
const WIDTHS: [(f64, f64); 2] = [(1.0, 4.0), (2.0, 9.0)];
/// Evidence of one place is limited, so that a line is what is long, not what
/// is bright.
const MOST: f64 = 5.0;
/// Captures that look less alike than this (correlation with the median of all)
/// are another season: snow reverses the contrast of a deck.
const LEAST_ALIKE: f64 = 0.3;
/// Captures that make a season of their own.
const LEAST_SEASON: usize = 3;

/// Evidence for lines in the typical image of each season.
///
/// At every place the mean over the width of a line is compared with the means
/// beside it; what counts is the smaller difference of the two, where both have
/// one sign (the line detector D1 of Tupin et al. 1998, with differences in
/// place of ratios): a river bank is no line. In units of what is usual in the
/// strip, at most 5.
///
/// `members`: the captures that take part. `pixel_m`: a working pixel.
#[must_use]
pub fn line_evidence(blocks: &Blocks, members: &[usize], pixel_m: f64) -> Evidence {
    let images: Vec<Array3<f32>> = members
        .iter()
        .map(|&t| normalised(&blocks.captures[t]))
        .collect();
    let mut out = Evidence {
        offset: blocks.offset,
        along: blocks.along,
        values: Array2::zeros((blocks.offset.len, blocks.along.len)),
    };
    let seasons = seasons(&images);
    let all: usize = seasons.iter().map(Vec::len).sum();
    for season in &seasons {
        let image = typical(season.iter().map(|&i| &images[i]));
        let bands = image.len_of(Dim(0));
        let weight = season.len() as f64 / (all * bands * WIDTHS.len()).max(1) as f64;
        for band in image.outer_iter() {
            for (least_px, least_m) in WIDTHS {
                let width = (least_px * pixel_m).max(least_m) / blocks.offset.step_m;
                let response = two_sided(&band.to_owned(), width.round().max(1.0) as usize);
                out.values.scaled_add(weight, &in_usual_units(response));
            }
        }
    }
    out
}

/// A capture about its median and in units of its spread, band by band.
fn normalised(capture: &Array3<f32>) -> Array3<f32> {
    let mut out = capture.clone();
    for mut band in out.outer_iter_mut() {
        let values: Vec<f64> = band.iter().map(|v| f64::from(*v)).collect();
        let level = median(&values).unwrap_or(0.0);
        let scale = mad_sigma(&values).unwrap_or(1.0).max(f64::MIN_POSITIVE);
        band.mapv_inplace(|v| ((f64::from(v) - level) / scale) as f32);
    }
    out
}

/// The captures of each season: those like the median of all, and the others if
/// they are enough.
fn seasons(images: &[Array3<f32>]) -> Vec<Vec<usize>> {
    let whole = typical(images.iter());
    let (like, other): (Vec<usize>, Vec<usize>) =
        (0..images.len()).partition(|&i| correlation(&images[i], &whole) >= LEAST_ALIKE);
    [like, other]
        .into_iter()
        .filter(|season| season.len() >= LEAST_SEASON.min(images.len()))
        .collect()
}

fn correlation(a: &Array3<f32>, b: &Array3<f32>) -> f64 {
    let (mut ab, mut aa, mut bb) = (0.0f64, 0.0f64, 0.0f64);
    for (x, y) in a.iter().zip(b).filter(|(x, y)| (*x + *y).is_finite()) {
        // Bright roofs and clouds that no mask knows have a limited say.
        let (x, y) = (f64::from(x.clamp(-5.0, 5.0)), f64::from(y.clamp(-5.0, 5.0)));
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab / (aa * bb).sqrt().max(f64::MIN_POSITIVE)
}

/// Median over captures; NaN where none is known.
fn typical<'a>(images: impl Iterator<Item = &'a Array3<f32>>) -> Array3<f32> {
    let images: Vec<&Array3<f32>> = images.collect();
    let shape = images.first().map_or((0, 0, 0), |i| i.dim());
    let mut values = Vec::with_capacity(images.len());
    Array3::from_shape_fn(shape, |cell| {
        values.clear();
        values.extend(images.iter().map(|i| i[cell]).filter(|v| v.is_finite()));
        if values.is_empty() {
            return f32::NAN;
        }
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    })
}

/// The smaller of the differences to both sides, 0 where they differ in sign
/// or a side is not known.
fn two_sided(image: &Array2<f32>, width: usize) -> Array2<f64> {
    let (rows, columns) = image.dim();
    let mean = |first: isize, column: usize| -> f64 {
        let last = first + width as isize;
        if first < 0 || last > rows as isize {
            return f64::NAN;
        }
        let sum: f32 = (first..last).map(|i| image[(i as usize, column)]).sum();
        f64::from(sum) / width as f64
    };
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let first = row as isize - (width / 2) as isize;
        let here = mean(first, column);
        // Even widths lie half a cell off the row; the mean of both choices does not.
        let sides = [
            here - mean(first - width as isize, column),
            here - mean(first + width as isize, column),
        ];
        if sides[0] * sides[1] > 0.0 {
            sides[0].abs().min(sides[1].abs())
        } else {
            0.0
        }
    })
}

/// Responses over what is usual: half of it in the block, half in the strip.
fn in_usual_units(mut response: Array2<f64>) -> Array2<f64> {
    let mean = |values: &mut dyn Iterator<Item = &f64>| {
        let (sum, n) = values.fold((0.0, 0usize), |(s, n), v| (s + v, n + 1));
        sum / n.max(1) as f64
    };
    let overall = mean(&mut response.iter());
    for mut column in response.columns_mut() {
        let usual = 0.5 * (overall + mean(&mut column.iter()));
        column.mapv_inplace(|v| (v / usual.max(f64::MIN_POSITIVE)).min(MOST));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip::Axis;

    #[test]
    fn a_line_counts_by_its_weaker_side_and_a_bank_not_at_all() {
        let column = |values: [f32; 7]| Array2::from_shape_fn((7, 1), |(i, _)| values[i]);
        let line = two_sided(&column([1.0, 1.0, 1.0, 4.0, 2.0, 2.0, 2.0]), 1);
        assert!((line[(3, 0)] - 2.0).abs() < 1e-9);
        let dark = two_sided(&column([5.0, 5.0, 5.0, 1.0, 2.0, 2.0, 2.0]), 1);
        assert!((dark[(3, 0)] - 1.0).abs() < 1e-9);
        let bank = two_sided(&column([1.0, 1.0, 1.0, 3.0, 5.0, 5.0, 5.0]), 1);
        assert!(bank.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn what_is_not_known_beside_a_place_is_no_line() {
        let mut image = Array2::from_elem((7, 1), 1.0f32);
        image[(3, 0)] = 4.0;
        image[(2, 0)] = f32::NAN;
        assert!(two_sided(&image, 1).iter().all(|v| *v == 0.0));
    }

    /// Captures of 20 offsets by 10 blocks with a line of one cell at row 12,
    /// bright in summer and dark in winter, over a texture of their own.
    fn series(winters: usize, summers: usize) -> Blocks {
        let capture = |t: usize| {
            let sign = if t < winters { -1.0 } else { 1.0 };
            Array3::from_shape_fn((1, 20, 10), |(_, i, k)| {
                let texture = ((i * 5 + k * 3 + t) % 7) as f32 / 7.0;
                let ground = ((i * 3 + k * 5) % 11) as f32 / 3.0;
                sign * ((if i == 12 { 6.0 } else { 0.0 }) + ground) + texture
            })
        };
        let axis = |step_m: f64, len| Axis {
            first_m: 0.0,
            step_m,
            len,
        };
        Blocks {
            offset: axis(5.0, 20),
            along: axis(30.0, 10),
            captures: (0..winters + summers).map(capture).collect(),
        }
    }

    #[test]
    fn seasons_of_opposite_contrast_do_not_cancel() {
        let blocks = series(5, 6);
        let members: Vec<usize> = (0..11).collect();
        let evidence = line_evidence(&blocks, &members, 5.0);
        let of_row = |i: usize| evidence.values.row(i).sum();
        let best = (0..20).max_by(|&a, &b| of_row(a).total_cmp(&of_row(b)));
        assert_eq!(best, Some(12));
        assert!(evidence.values.iter().all(|v| (0.0..=MOST).contains(v)));
    }
}
