//! From the fine scene to the product's pixels: point spread, displacement
//! and sampling in one step, so that the scene is interpolated once.

use ndarray::Array2;

use super::canvas::Canvas;

/// How far content lies from its place: a shift and its change with place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Displacement {
    /// Metres east at the middle of the window.
    pub east_m: f64,
    /// Metres north at the middle of the window.
    pub north_m: f64,
    /// Change per metre: `[east by x, east by y, north by x, north by y]`.
    pub slope: [f64; 4],
}

impl Displacement {
    /// Metres east and north at a place, m from the middle of the window.
    pub(super) fn at(&self, x_m: f64, y_m: f64) -> (f64, f64) {
        (
            self.east_m + self.slope[0] * x_m + self.slope[1] * y_m,
            self.north_m + self.slope[2] * x_m + self.slope[3] * y_m,
        )
    }
}

/// A Gaussian point spread, its taps tabulated at fractions of a cell.
///
/// Weights of one pixel sum to one, so a uniform scene keeps its value, and
/// the light of a small thing is spread over the pixels about it.
#[derive(Debug, Clone)]
pub(super) struct Psf {
    half: isize,
    taps: Vec<Vec<f32>>,
}

/// Taps are tabulated at this many places within a cell; the place is then
/// right to 1/64 of a quarter pixel.
const PHASES: usize = 64;

/// The point spread is cut where it has fallen to 1/3000.
const CUT_SIGMAS: f64 = 4.0;

impl Psf {
    /// A Gaussian of `sigma` cells.
    pub(super) fn gaussian(sigma: f64) -> Self {
        Self::of(sigma, CUT_SIGMAS * sigma, |d| (-0.5 * d * d).exp())
    }

    /// A kernel that depends on distance in units of `scale` cells, cut at `reach` cells.
    pub(super) fn of(scale: f64, reach: f64, kernel: impl Fn(f64) -> f64) -> Self {
        let half = reach.ceil() as isize + 1;
        let taps = (0..=PHASES)
            .map(|phase| {
                let at = phase as f64 / PHASES as f64;
                let raw: Vec<f64> = (-half..=half)
                    .map(|k| kernel((k as f64 - at) / scale))
                    .collect();
                let sum: f64 = raw.iter().sum();
                raw.iter().map(|w| (w / sum) as f32).collect()
            })
            .collect();
        Self { half, taps }
    }

    /// Sum of the squared weights over both axes: what is left of the power of
    /// independent cells.
    pub(super) fn energy(&self) -> f32 {
        self.taps[0].iter().map(|w| w * w).sum::<f32>().powi(2)
    }

    /// First cell and weights for a place in cells, 0 at a cell's centre.
    fn taps_at(&self, place: f64) -> (isize, &[f32]) {
        let cell = place.floor();
        let phase = ((place - cell) * PHASES as f64).round() as usize;
        (cell as isize - self.half, &self.taps[phase])
    }
}

/// Samples one plane of the scene at the product's pixels.
///
/// Two passes, columns first: displacement changes so slowly that the order
/// matters less than a thousandth of a pixel (Catmull and Smith 1980).
pub(super) fn sample(
    canvas: &Canvas,
    plane: &[f32],
    psf: &Psf,
    displacement: &Displacement,
) -> Array2<f32> {
    let narrow = sample_columns(canvas, plane, psf, displacement);
    sample_rows(canvas, &narrow, psf, displacement)
}

/// Place of the middle of pixel `i` among cells, 0 at a cell's centre.
fn cell_of_pixel(canvas: &Canvas, i: usize) -> f64 {
    let cells = canvas.oversampling as f64;
    ((i + canvas.reach_px) as f64 + 0.5) * cells - 0.5
}

fn sample_columns(
    canvas: &Canvas,
    plane: &[f32],
    psf: &Psf,
    displacement: &Displacement,
) -> Array2<f32> {
    let mut narrow = Array2::zeros((canvas.height, canvas.product.width));
    for row in 0..canvas.height {
        let cells = &plane[row * canvas.width..(row + 1) * canvas.width];
        let y_m = canvas.cell(0, row).north_m - canvas.middle.north_m;
        for col in 0..canvas.product.width {
            let x_m = canvas.pixel(col, 0).east_m - canvas.middle.east_m;
            let (east_m, _) = displacement.at(x_m, y_m);
            let place = cell_of_pixel(canvas, col) - east_m / canvas.cell_m;
            let (first, taps) = psf.taps_at(place);
            narrow[[row, col]] = weighted(cells, first, taps);
        }
    }
    narrow
}

fn sample_rows(
    canvas: &Canvas,
    narrow: &Array2<f32>,
    psf: &Psf,
    displacement: &Displacement,
) -> Array2<f32> {
    let (height, width) = (canvas.product.height, canvas.product.width);
    let columns = narrow.t();
    let columns = columns.as_standard_layout();
    let mut pixels = Array2::zeros((height, width));
    for (col, cells) in columns.outer_iter().enumerate() {
        let x_m = canvas.pixel(col, 0).east_m - canvas.middle.east_m;
        let cells = cells.to_slice().unwrap_or_default();
        for row in 0..height {
            let y_m = canvas.pixel(0, row).north_m - canvas.middle.north_m;
            let (_, north_m) = displacement.at(x_m, y_m);
            let place = cell_of_pixel(canvas, row) + north_m / canvas.cell_m;
            let (first, taps) = psf.taps_at(place);
            pixels[[row, col]] = weighted(cells, first, taps);
        }
    }
    pixels
}

/// Weighted sum of cells; beyond the scene its outermost cell goes on.
fn weighted(cells: &[f32], first: isize, taps: &[f32]) -> f32 {
    if let Ok(first) = usize::try_from(first)
        && let Some(cells) = cells.get(first..first + taps.len())
    {
        return cells.iter().zip(taps).map(|(c, w)| c * w).sum();
    }
    let end = cells.len().saturating_sub(1).cast_signed();
    let cell = |k: usize| cells[(first + k.cast_signed()).clamp(0, end).cast_unsigned()];
    taps.iter().enumerate().map(|(k, w)| w * cell(k)).sum()
}
