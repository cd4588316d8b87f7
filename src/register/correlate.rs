//! Masked normalised cross-correlation (Padfield 2012) at whole-pixel
//! displacements, kept block by block.

/// Blocks a side into which the image is divided.
const BLOCKS: usize = 4;

/// Fewer common pixels than this say nothing.
const LEAST_PIXELS: f64 = 200.0;

/// An image and which of its pixels count; values are zero where they do not.
#[derive(Debug, Clone)]
pub(super) struct Masked {
    pub(super) width: usize,
    pub(super) height: usize,
    values: Vec<f32>,
    weights: Vec<f32>,
}

impl Masked {
    pub(super) fn empty(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
            weights: vec![0.0; width * height],
        }
    }

    pub(super) fn row(&self, row: usize) -> (&[f32], &[f32]) {
        let span = row * self.width..(row + 1) * self.width;
        (&self.values[span.clone()], &self.weights[span])
    }

    pub(super) fn row_mut(&mut self, row: usize) -> (&mut [f32], &mut [f32]) {
        let span = row * self.width..(row + 1) * self.width;
        (&mut self.values[span.clone()], &mut self.weights[span])
    }

    /// Means of 2 × 2 pixels that all count.
    pub(super) fn halved(&self) -> Self {
        let mut out = Self::empty(self.width / 2, self.height / 2);
        for row in 0..out.height {
            let (upper, upper_w) = self.row(2 * row);
            let (lower, lower_w) = self.row(2 * row + 1);
            let (values, weights) = out.row_mut(row);
            for col in 0..values.len() {
                let pair = 2 * col..2 * col + 2;
                let count = upper_w[2 * col]
                    + upper_w[2 * col + 1]
                    + lower_w[2 * col]
                    + lower_w[2 * col + 1];
                if count > 3.5 {
                    let sum: f32 = upper[pair.clone()].iter().chain(&lower[pair]).sum();
                    values[col] = 0.25 * sum;
                    weights[col] = 1.0;
                }
            }
        }
        out
    }
}

/// Sums over the pixels that two images share, from which their correlation follows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moments {
    count: f64,
    a: f64,
    b: f64,
    aa: f64,
    bb: f64,
    ab: f64,
}

impl Moments {
    pub(super) fn without(&self, other: &Self) -> Self {
        self.plus(other, -1.0)
    }

    /// Whether any pixels are shared.
    pub(super) fn holds_any(&self) -> bool {
        self.count > 0.0
    }

    fn plus(&self, other: &Self, sign: f64) -> Self {
        Self {
            count: self.count + sign * other.count,
            a: self.a + sign * other.a,
            b: self.b + sign * other.b,
            aa: self.aa + sign * other.aa,
            bb: self.bb + sign * other.bb,
            ab: self.ab + sign * other.ab,
        }
    }

    /// Pearson's correlation; −1 where too few pixels are shared or one image is flat.
    pub(super) fn correlation(&self) -> f64 {
        if self.count < LEAST_PIXELS {
            return -1.0;
        }
        let n = self.count;
        let cov = self.ab - self.a * self.b / n;
        let (va, vb) = (self.aa - self.a * self.a / n, self.bb - self.b * self.b / n);
        if va <= 0.0 || vb <= 0.0 {
            return -1.0;
        }
        cov / (va * vb).sqrt()
    }
}

/// Moments of each block at one displacement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks([Moments; BLOCKS * BLOCKS]);

impl Blocks {
    pub(super) fn total(&self) -> Moments {
        self.0
            .iter()
            .fold(Moments::default(), |sum, block| sum.plus(block, 1.0))
    }

    /// The sixteen blocks as groups of `side` by `side`.
    pub(super) fn grouped(&self, side: usize) -> Vec<Moments> {
        let groups = BLOCKS / side;
        let mut out = vec![Moments::default(); groups * groups];
        for (i, block) in self.0.iter().enumerate() {
            let (row, col) = (i / BLOCKS / side, i % BLOCKS / side);
            let sum = &mut out[row * groups + col];
            *sum = sum.plus(block, 1.0);
        }
        out
    }
}

/// One row in how many has to be compared so that `enough` pixels are; at most
/// every fourth, so that no part of the image goes unseen.
pub(super) fn row_stride(image: &Masked, enough: usize) -> usize {
    (image.width * image.height / enough).clamp(1, 4)
}

/// Compares `a` at each pixel p with `b` at p + (rows, cols), for one row of
/// `a` in `stride`.
pub(super) fn moments(
    a: &Masked,
    b: &Masked,
    (rows, cols): (isize, isize),
    stride: usize,
) -> Blocks {
    let mut blocks = [Moments::default(); BLOCKS * BLOCKS];
    for row in (0..a.height).step_by(stride) {
        let Some(other) = row.checked_add_signed(rows).filter(|&r| r < b.height) else {
            continue;
        };
        let band = row * BLOCKS / a.height;
        for block in 0..BLOCKS {
            let edge = |k: usize| (k * a.width / BLOCKS).cast_signed();
            let from = edge(block).max(-cols);
            let to = edge(block + 1).min(b.width.cast_signed() - cols);
            if from >= to {
                continue;
            }
            let here = from as usize..to as usize;
            let there = (from + cols) as usize..(to + cols) as usize;
            let ((av, aw), (bv, bw)) = (a.row(row), b.row(other));
            let line = line_moments(
                (&av[here.clone()], &aw[here]),
                (&bv[there.clone()], &bw[there]),
            );
            let sum = &mut blocks[band * BLOCKS + block];
            *sum = sum.plus(&line, 1.0);
        }
    }
    Blocks(blocks)
}

/// Sums side by side, so that they stay in vector registers.
const LANES: usize = 8;

/// Values and weights of a few pixels.
type Chunk<'a> = (&'a [f32; LANES], &'a [f32; LANES]);

fn line_moments((av, aw): (&[f32], &[f32]), (bv, bw): (&[f32], &[f32])) -> Moments {
    let mut sums = [[0.0; LANES]; 6];
    let lines = [av, aw, bv, bw].map(<[f32]>::as_chunks);
    let [(av, ra), (aw, raw), (bv, rb), (bw, rbw)] = lines;
    for (((a, aw), b), bw) in av.iter().zip(aw).zip(bv).zip(bw) {
        add_chunk(&mut sums, (a, aw), (b, bw));
    }
    // What is left over is filled up with pixels of no weight.
    let [a, aw, b, bw] = [ra, raw, rb, rbw].map(|rest| {
        let mut chunk = [0.0; LANES];
        chunk[..rest.len()].copy_from_slice(rest);
        chunk
    });
    add_chunk(&mut sums, (&a, &aw), (&b, &bw));
    let [count, a, b, aa, bb, ab] = sums.map(|s| f64::from(s.iter().sum::<f32>()));
    Moments {
        count,
        a,
        b,
        aa,
        bb,
        ab,
    }
}

#[inline]
fn add_chunk(sums: &mut [[f32; LANES]; 6], (av, aw): Chunk, (bv, bw): Chunk) {
    for lane in 0..LANES {
        // Values are zero where their own weight is.
        let (a, b) = (av[lane] * bw[lane], bv[lane] * aw[lane]);
        sums[0][lane] += aw[lane] * bw[lane];
        sums[1][lane] += a;
        sums[2][lane] += b;
        sums[3][lane] += a * av[lane];
        sums[4][lane] += b * bv[lane];
        sums[5][lane] += av[lane] * bv[lane];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked image whose pixels are given by a formula.
    fn image(side: usize, at: impl Fn(usize, usize) -> Option<f32>) -> Masked {
        let mut out = Masked::empty(side, side);
        for row in 0..side {
            let (values, weights) = out.row_mut(row);
            for col in 0..side {
                if let Some(v) = at(row, col) {
                    (values[col], weights[col]) = (v, 1.0);
                }
            }
        }
        out
    }

    fn texture(row: usize, col: usize) -> f32 {
        ((row * row * 7 + col * col * 13 + row * col * 3) % 31) as f32
    }

    #[test]
    fn the_displaced_image_correlates_where_it_is() {
        let a = image(40, |r, c| Some(texture(r + 3, c)));
        let b = image(40, |r, c| Some(5.0 + 2.0 * texture(r + 1, c + 2)));
        // Content of b lies 2 rows lower and 2 columns to the left of a's.
        let here = moments(&a, &b, (2, -2), 1).total();
        assert!((here.correlation() - 1.0).abs() < 1e-9);
        assert!((here.count - 38.0 * 38.0).abs() < 1e-9);
        assert!(moments(&a, &b, (0, 0), 1).total().correlation() < 0.5);
    }

    #[test]
    fn masked_pixels_have_no_say() {
        let a = image(40, |r, c| Some(texture(r, c)));
        let hidden = |r: usize, c: usize| r < 9 && c > 20;
        let b = image(40, |r, c| (!hidden(r, c)).then(|| texture(r, c)));
        let all = moments(&a, &b, (0, 0), 1);
        assert!((all.total().correlation() - 1.0).abs() < 1e-9);
        assert!((all.total().count - f64::from(1600 - 9 * 19)).abs() < 1e-9);
        let parts: f64 = all.grouped(2).iter().map(|m| m.count).sum();
        assert!((parts - all.total().count).abs() < 1e-9);
    }

    #[test]
    fn nothing_shared_and_flat_images_do_not_correlate() {
        let flat = image(40, |_, _| Some(1.0));
        let none = image(40, |_, _| None);
        let some = image(40, |r, c| Some(texture(r, c)));
        for other in [&flat, &none] {
            let got = moments(&some, other, (0, 0), 1).total().correlation();
            assert!((got + 1.0).abs() < 1e-12);
        }
    }
}
