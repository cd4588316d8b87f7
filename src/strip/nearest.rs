//! Filling what is unknown from the nearest known pixel.

use std::collections::VecDeque;

use ndarray::Array2;

/// Gives every pixel that is not `known` (row, column) the value of a nearest
/// known one, counting steps along rows and columns; zero where none is known.
///
/// A flood from the edge of the known, so that every pixel is visited once.
pub(super) fn fill_from_nearest<P: Copy + Default>(pixels: &mut [P], known: &Array2<bool>) {
    let (height, width) = known.dim();
    let mut filled: Vec<bool> = known.iter().copied().collect();
    if filled.iter().all(|&k| k) {
        return;
    }
    if !filled.iter().any(|&k| k) {
        pixels.fill(P::default());
        return;
    }
    let mut edge: VecDeque<usize> = (0..filled.len())
        .filter(|&i| filled[i] && neighbours(i, width, height).any(|n| !filled[n]))
        .collect();
    while let Some(i) = edge.pop_front() {
        for n in neighbours(i, width, height) {
            if !filled[n] {
                filled[n] = true;
                pixels[n] = pixels[i];
                edge.push_back(n);
            }
        }
    }
}

/// The pixels above, left, right and below.
fn neighbours(i: usize, width: usize, height: usize) -> impl Iterator<Item = usize> {
    let (row, col) = (i / width, i % width);
    [
        (row > 0).then(|| i - width),
        (col > 0).then(|| i - 1),
        (col + 1 < width).then(|| i + 1),
        (row + 1 < height).then(|| i + width),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn takes_the_nearest_value() {
        let known = array![
            [true, false, false, false, true],
            [false, false, false, false, false]
        ];
        let mut pixels = [1, 0, 0, 0, 2, 0, 0, 0, 0, 0];
        fill_from_nearest(&mut pixels, &known);
        assert_eq!(pixels[..2], [1, 1]);
        assert_eq!(pixels[3..6], [2, 2, 1]);
        assert_eq!(pixels[8..], [2, 2]);
    }

    #[test]
    fn nothing_known_becomes_zero() {
        let mut pixels = [f32::NAN; 2];
        fill_from_nearest(&mut pixels, &array![[false, false]]);
        assert_eq!(pixels.map(f32::to_bits), [0, 0]);
    }
}
