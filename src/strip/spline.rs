//! Cubic B-spline interpolation of a multi-band raster.
//!
//! Unser, Aldroubi and Eden (1993) and Unser (1999), "Splines: a perfect fit
//! for signal and image processing": a recursive prefilter turns pixels into
//! coefficients once, after which any fractional place costs 16 products a
//! band. Edges are mirrored about the centre of the outermost pixel.

use ndarray::{Array2, Array3, ArrayViewMut2, Axis};

use super::nearest::fill_from_nearest;
use crate::geo::PixelPoint;

/// Bands that are filtered and sampled side by side, as one vector.
pub(super) const LANES: usize = 4;

/// One pixel of up to four bands.
pub(super) type Quad = [f32; LANES];

/// Pole of the cubic B-spline prefilter, √3 − 2.
const POLE: f32 = -0.267_949_2;

/// Gain of the prefilter, (1 − z)(1 − 1/z) at that pole.
const GAIN: f32 = 6.0;

/// Terms of the infinite sum that starts the recursion; the first one left
/// out weighs |z|^16 = 7e-10, below `f32` precision.
const START_TERMS: usize = 16;

/// Coefficients that lie before and behind the raster in each direction, so
/// that the four taps of any place inside exist: one before, two behind.
const BORDER: usize = 3;

/// Interpolating cubic B-splines of all bands of a raster.
#[derive(Debug, Clone)]
pub struct Spline {
    width: usize,
    height: usize,
    bands: usize,
    /// One plane for every four bands, bordered by mirrored coefficients.
    planes: Vec<Vec<Quad>>,
}

impl Spline {
    /// The splines through `values` (band, row, column). Pixels that are not
    /// `known` (row, column) take the value of the nearest that is, so that
    /// edges of the footprint do not ring.
    ///
    /// ```
    /// use ndarray::{Array2, Array3, ArrayViewMut2, Axis};
    /// use railspan::geo::PixelPoint;
    /// use railspan::strip::Spline;
    /// let ramp = Array3::from_shape_fn((1, 8, 32), |(_, _, col)| col as f32);
    /// let spline = Spline::through(&ramp, &Array2::from_elem((8, 32), true));
    /// let mut value = [0.0];
    /// spline.sample(PixelPoint { col: 16.75, row: 3.5 }, &mut value);
    /// assert!((value[0] - 16.25).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn through(values: &Array3<f32>, known: &Array2<bool>) -> Self {
        let (bands, height, width) = values.dim();
        let planes = (0..bands)
            .step_by(LANES)
            .map(|first| {
                let mut plane = interleaved(values, first);
                fill_from_nearest(&mut plane, known);
                filter_rows(&mut plane, width);
                filter_columns(&mut plane, width);
                bordered(&plane, width)
            })
            .collect();
        Self {
            width,
            height,
            bands,
            planes,
        }
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The values of the bands at a place; beyond the raster, those of its
    /// edge. As many as `out` is long, at most all of them.
    pub fn sample(&self, at: PixelPoint, out: &mut [f32]) {
        for (plane, out) in self.planes.iter().zip(out.chunks_mut(LANES)) {
            let quad = self.quad_at(plane, at);
            out.copy_from_slice(&quad[..out.len()]);
        }
    }

    /// The values at many places, (band, place).
    pub(super) fn sample_line(&self, places: &[PixelPoint], mut out: ArrayViewMut2<f32>) {
        let mut line = Vec::with_capacity(places.len());
        for (plane, mut bands) in self
            .planes
            .iter()
            .zip(out.axis_chunks_iter_mut(Axis(0), LANES))
        {
            line.clear();
            line.extend(places.iter().map(|at| self.quad_at(plane, *at)));
            for (lane, mut band) in bands.outer_iter_mut().enumerate() {
                for (value, quad) in band.iter_mut().zip(&line) {
                    *value = quad[lane];
                }
            }
        }
    }

    fn quad_at(&self, plane: &[Quad], at: PixelPoint) -> Quad {
        let mut sum = [0.0; LANES];
        if plane.is_empty() {
            return sum;
        }
        let (col, across) = taps(at.col, self.width);
        let (row, down) = taps(at.row, self.height);
        let stride = self.width + BORDER;
        for (r, wr) in down.iter().enumerate() {
            let start = (row + r) * stride + col;
            let Some([q0, q1, q2, q3]) = plane[start..].first_chunk::<4>() else {
                continue;
            };
            let [w0, w1, w2, w3] = across.map(|w| w * wr);
            for lane in 0..LANES {
                sum[lane] += (w0 * q0[lane] + w1 * q1[lane]) + (w2 * q2[lane] + w3 * q3[lane]);
            }
        }
        sum
    }
}

/// The first of four neighbouring bordered coefficients and their weights.
fn taps(at_px: f64, len: usize) -> (usize, [f32; 4]) {
    let x = (at_px - 0.5).clamp(0.0, (len - 1) as f64);
    let first = x as usize;
    let t = (x - first as f64) as f32;
    let u = 1.0 - t;
    let weights = [
        u * u * u / 6.0,
        (4.0 - t * t * (6.0 - 3.0 * t)) / 6.0,
        (4.0 - u * u * (6.0 - 3.0 * u)) / 6.0,
        t * t * t / 6.0,
    ];
    (first, weights)
}

#[inline]
fn add_scaled(sum: &mut Quad, factor: f32, term: &Quad) {
    for (s, t) in sum.iter_mut().zip(term) {
        *s += factor * t;
    }
}

/// Up to four bands from `first` on, pixel by pixel.
fn interleaved(values: &Array3<f32>, first: usize) -> Vec<Quad> {
    let (bands, height, width) = values.dim();
    let mut plane = vec![[0.0; LANES]; height * width];
    for (lane, band) in (first..bands.min(first + LANES)).enumerate() {
        for (quad, value) in plane.iter_mut().zip(values.index_axis(Axis(0), band)) {
            quad[lane] = *value;
        }
    }
    plane
}

/// Index `k` of a line of `len`, mirrored about its first and last element.
fn mirrored(k: usize, len: usize) -> usize {
    if len == 1 {
        return 0;
    }
    let period = 2 * (len - 1);
    let k = k % period;
    k.min(period - k)
}

fn filter_rows(plane: &mut [Quad], width: usize) {
    if width < 2 {
        return;
    }
    for line in plane.chunks_exact_mut(width) {
        let mut start = [0.0; LANES];
        for k in (0..START_TERMS).rev() {
            let mut sum = line[mirrored(k, width)];
            add_scaled(&mut sum, POLE, &start);
            start = sum;
        }
        let mut last = start.map(|v| v * GAIN);
        line[0] = last;
        for quad in &mut line[1..] {
            let mut next = quad.map(|v| v * GAIN);
            add_scaled(&mut next, POLE, &last);
            *quad = next;
            last = next;
        }
        let mut next = end_of_recursion(&line[width - 1], &line[width - 2]);
        line[width - 1] = next;
        for quad in line[..width - 1].iter_mut().rev() {
            for (v, n) in quad.iter_mut().zip(&mut next) {
                *v = POLE * (*n - *v);
                *n = *v;
            }
        }
    }
}

/// Last coefficient of a mirrored line after the forward recursion.
fn end_of_recursion(last: &Quad, before: &Quad) -> Quad {
    let factor = POLE / (POLE * POLE - 1.0);
    let mut sum = *last;
    add_scaled(&mut sum, POLE, before);
    sum.map(|v| v * factor)
}

/// The same filter down the columns, a whole row at a time.
fn filter_columns(plane: &mut [Quad], width: usize) {
    let height = plane.len().checked_div(width).unwrap_or(0);
    if height < 2 {
        return;
    }
    let mut start = vec![[0.0; LANES]; width];
    for k in (0..START_TERMS).rev() {
        let row = mirrored(k, height) * width;
        for (sum, value) in start.iter_mut().zip(&plane[row..row + width]) {
            let mut next = *value;
            add_scaled(&mut next, POLE, sum);
            *sum = next;
        }
    }
    for (quad, sum) in plane.iter_mut().zip(&start) {
        *quad = sum.map(|v| v * GAIN);
    }
    for row in 1..height {
        let (above, below) = plane.split_at_mut(row * width);
        for (quad, last) in below[..width].iter_mut().zip(&above[(row - 1) * width..]) {
            *quad = quad.map(|v| v * GAIN);
            add_scaled(quad, POLE, last);
        }
    }
    let (above, last) = plane.split_at_mut((height - 1) * width);
    for (quad, before) in last.iter_mut().zip(&above[(height - 2) * width..]) {
        *quad = end_of_recursion(quad, before);
    }
    for row in (0..height - 1).rev() {
        let (above, below) = plane.split_at_mut((row + 1) * width);
        for (quad, next) in above[row * width..].iter_mut().zip(&below[..width]) {
            for (v, n) in quad.iter_mut().zip(next) {
                *v = POLE * (n - *v);
            }
        }
    }
}

/// The plane with one mirrored coefficient before and two behind each line.
fn bordered(plane: &[Quad], width: usize) -> Vec<Quad> {
    let height = plane.len().checked_div(width).unwrap_or(0);
    if height == 0 {
        return Vec::new();
    }
    let source = |i: usize, len: usize| match i.checked_sub(1) {
        Some(k) => mirrored(k, len),
        None => mirrored(1, len),
    };
    let mut out = Vec::with_capacity((height + BORDER) * (width + BORDER));
    for i in 0..height + BORDER {
        let row = source(i, height) * width;
        let line = &plane[row..row + width];
        out.push(line[source(0, width)]);
        out.extend_from_slice(line);
        out.push(line[source(width + 1, width)]);
        out.push(line[source(width + 2, width)]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(spline: &Spline, col: f64, row: f64) -> Vec<f32> {
        let mut out = vec![0.0; spline.bands()];
        spline.sample(PixelPoint { col, row }, &mut out);
        out
    }

    #[test]
    fn an_impulse_gives_the_cardinal_spline() {
        // Half way between the impulse and its neighbour the cardinal cubic
        // spline is Σ c_k β³(½ − k) with c_k = −6z/(1 − z²)·z^|k|:
        // (23·(c0 + c1) + (c1 + c2))/48 = 0.602…, by hand.
        let z = f64::from(POLE);
        let c = |k: i32| -6.0 * z / (1.0 - z * z) * z.powi(k);
        let expected = (23.0 * (c(0) + c(1)) + (c(1) + c(2))) / 48.0;
        let mut values = Array3::zeros((1, 41, 41));
        values[[0, 20, 20]] = 1.0;
        let spline = Spline::through(&values, &Array2::from_elem((41, 41), true));
        let got = at(&spline, 21.0, 20.5)[0];
        assert!((f64::from(got) - expected).abs() < 1e-5, "{got} {expected}");
    }

    #[test]
    fn unknown_pixels_do_not_ring() {
        let mut values = Array3::from_elem((1, 12, 12), 0.25);
        let mut known = Array2::from_elem((12, 12), true);
        for row in 0..12 {
            for col in 7..12 {
                values[[0, row, col]] = f32::NAN;
                known[[row, col]] = false;
            }
        }
        let spline = Spline::through(&values, &known);
        for col in [3.1, 6.9, 8.2, 11.9, 40.0, -5.0] {
            assert!((at(&spline, col, 5.3)[0] - 0.25).abs() < 1e-6);
        }
    }

    #[test]
    fn lines_of_one_or_two_pixels_and_nothing_known_are_sampled() {
        let one = Spline::through(
            &Array3::from_elem((1, 1, 1), 3.0),
            &Array2::from_elem((1, 1), true),
        );
        assert!((at(&one, 0.7, 9.0)[0] - 3.0).abs() < 1e-6);
        let two = Array3::from_shape_vec((1, 1, 2), vec![1.0, 2.0]).expect("two pixels");
        let two = Spline::through(&two, &Array2::from_elem((1, 2), true));
        assert!((at(&two, 1.5, 0.5)[0] - 2.0).abs() < 1e-5);
        let none = Spline::through(
            &Array3::from_elem((1, 3, 3), f32::NAN),
            &Array2::from_elem((3, 3), false),
        );
        assert_eq!(at(&none, 1.0, 1.0), [0.0]);
    }

    proptest! {
        #[test]
        fn passes_through_every_pixel(
            values in proptest::collection::vec(-1.0f32..1.0, 5 * 6 * 7),
            row in 0usize..6,
            col in 0usize..7,
        ) {
            let values = Array3::from_shape_vec((5, 6, 7), values).expect("the right number");
            let spline = Spline::through(&values, &Array2::from_elem((6, 7), true));
            let got = at(&spline, col as f64 + 0.5, row as f64 + 0.5);
            for (band, value) in got.iter().enumerate() {
                prop_assert!((value - values[[band, row, col]]).abs() < 1e-4);
            }
        }
    }
}
