//! Gradient magnitude with Gaussian derivatives.

/// Standard deviation of the Gaussian, px: the scale of edges that a blurred
/// pixel grid can show at all.
const SIGMA_PX: f32 = 1.0;

/// Reach of the kernels, px; 0.3 % of a Gaussian lies beyond three sigma.
const REACH: usize = 3;
const TAPS: usize = 2 * REACH + 1;

/// Gaussian weights that sum to 1.
pub(super) fn gaussian() -> [f32; TAPS] {
    let raw: [f32; TAPS] = std::array::from_fn(|i| {
        let x = (i as f32 - REACH as f32) / SIGMA_PX;
        (-0.5 * x * x).exp()
    });
    let sum: f32 = raw.iter().sum();
    raw.map(|w| w / sum)
}

/// Derivative weights that give 1 on a ramp of slope 1.
fn derivative() -> [f32; TAPS] {
    let smooth = gaussian();
    let raw: [f32; TAPS] = std::array::from_fn(|i| (i as f32 - REACH as f32) * smooth[i]);
    let gain: f32 = raw
        .iter()
        .enumerate()
        .map(|(i, w)| (i as f32 - REACH as f32) * w)
        .sum();
    raw.map(|w| w / gain)
}

/// Gradient magnitude of an image (rows of `width`), per pixel; the edge row
/// and column are repeated outwards.
pub(super) fn gradient_magnitude(image: &[f32], width: usize) -> Vec<f32> {
    let (smooth, slope) = (gaussian(), derivative());
    let height = image.len().checked_div(width).unwrap_or(0);
    let mut out = vec![0.0; image.len()];
    let mut smoothed = vec![0.0; width + 2 * REACH];
    let mut sloped = vec![0.0; width + 2 * REACH];
    for row in 0..height {
        down(image, row, &smooth, &mut smoothed[REACH..REACH + width]);
        down(image, row, &slope, &mut sloped[REACH..REACH + width]);
        repeat_edges(&mut smoothed);
        repeat_edges(&mut sloped);
        for (col, magnitude) in out[row * width..][..width].iter_mut().enumerate() {
            let across = dot(&smoothed[col..col + TAPS], &slope);
            let along = dot(&sloped[col..col + TAPS], &smooth);
            *magnitude = (across * across + along * along).sqrt();
        }
    }
    out
}

/// The image smoothed by the same Gaussian.
pub(super) fn smoothed(image: &[f32], width: usize) -> Vec<f32> {
    let weights = gaussian();
    let height = image.len().checked_div(width).unwrap_or(0);
    let mut out = vec![0.0; image.len()];
    let mut line = vec![0.0; width + 2 * REACH];
    for row in 0..height {
        down(image, row, &weights, &mut line[REACH..REACH + width]);
        repeat_edges(&mut line);
        for (col, value) in out[row * width..][..width].iter_mut().enumerate() {
            *value = dot(&line[col..col + TAPS], &weights);
        }
    }
    out
}

/// Mean of the usable pixels in the square of `reach` to all sides of each pixel.
pub(super) fn local_mean(image: &[f32], usable: &[bool], width: usize, reach: usize) -> Vec<f32> {
    let height = image.len().checked_div(width).unwrap_or(0);
    // Running sums over the rows of the square, then along it.
    let mut column = vec![(0.0_f32, 0.0_f32); width];
    let mut out = vec![0.0; image.len()];
    let add = |column: &mut [(f32, f32)], row: usize, sign: f32| {
        let span = row * width..(row + 1) * width;
        for ((sum, &v), &u) in column
            .iter_mut()
            .zip(&image[span.clone()])
            .zip(&usable[span])
        {
            if u {
                sum.0 += sign * v;
                sum.1 += sign;
            }
        }
    };
    for row in 0..reach.min(height) {
        add(&mut column, row, 1.0);
    }
    for row in 0..height {
        if row + reach < height {
            add(&mut column, row + reach, 1.0);
        }
        if row > reach {
            add(&mut column, row - reach - 1, -1.0);
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for c in &column[..reach.min(width)] {
            sum += c.0;
            count += c.1;
        }
        for col in 0..width {
            if let Some(c) = column.get(col + reach) {
                sum += c.0;
                count += c.1;
            }
            if col > reach {
                sum -= column[col - reach - 1].0;
                count -= column[col - reach - 1].1;
            }
            out[row * width + col] = if count > 0.5 { sum / count } else { 0.0 };
        }
    }
    out
}

#[inline]
fn dot(values: &[f32], weights: &[f32; TAPS]) -> f32 {
    values.iter().zip(weights).map(|(v, w)| v * w).sum()
}

/// Weighted sum of the rows around `row`.
fn down(image: &[f32], row: usize, weights: &[f32; TAPS], out: &mut [f32]) {
    let width = out.len();
    let last = image.len() / width - 1;
    out.fill(0.0);
    for (tap, w) in weights.iter().enumerate() {
        let source = (row + tap).saturating_sub(REACH).min(last);
        for (sum, v) in out.iter_mut().zip(&image[source * width..][..width]) {
            *sum += w * v;
        }
    }
}

fn repeat_edges(line: &mut [f32]) {
    let end = line.len() - REACH;
    let (first, last) = (line[REACH], line[end - 1]);
    line[..REACH].fill(first);
    line[end..].fill(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilted_plane_has_its_slope_everywhere_inside() {
        let (width, height) = (12, 10);
        let image: Vec<f32> = (0..width * height)
            .map(|i| 3.0 * (i % width) as f32 - 4.0 * (i / width) as f32)
            .collect();
        let got = gradient_magnitude(&image, width);
        for row in 3..7 {
            for col in 3..9 {
                assert!((got[row * width + col] - 5.0).abs() < 1e-4);
            }
        }
        let all = vec![true; image.len()];
        let local = local_mean(&image, &all, width, 2);
        assert!((local[5 * width + 5] - (15.0 - 20.0)).abs() < 1e-4);
        // In the corner the square holds the pixels 0..=2 of 0..=2 only.
        assert!((local[0] - (3.0 - 4.0)).abs() < 1e-4);
        let mean = smoothed(&image, width)[5 * width + 5];
        assert!((mean - (15.0 - 20.0)).abs() < 1e-4);
    }
}
