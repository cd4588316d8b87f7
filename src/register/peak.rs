//! The top of a correlation surface between whole pixels.

/// A place on a surface relative to the middle of its 3 × 3 samples, px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Top {
    /// Downwards.
    pub(super) row: f64,
    /// To the right.
    pub(super) col: f64,
    /// Height there.
    pub(super) value: f64,
}

/// The top of the paraboloid that fits 3 × 3 samples best (least squares);
/// `None` where they do not bend down in every direction.
///
/// With z = c + gx·x + gy·y + ½·hxx·x² + hxy·x·y + ½·hyy·y² on x, y ∈ {−1, 0, 1},
/// the normal equations are solved once and for all.
pub(super) fn paraboloid_top(z: &[[f64; 3]; 3]) -> Option<Top> {
    let row = |i: usize| z[i].iter().sum::<f64>();
    let col = |j: usize| z.iter().map(|r| r[j]).sum::<f64>();
    let gx = (col(2) - col(0)) / 6.0;
    let gy = (row(2) - row(0)) / 6.0;
    let hxx = (col(0) - 2.0 * col(1) + col(2)) / 3.0;
    let hyy = (row(0) - 2.0 * row(1) + row(2)) / 3.0;
    let hxy = (z[2][2] - z[2][0] - z[0][2] + z[0][0]) / 4.0;
    let determinant = hxx * hyy - hxy * hxy;
    if hxx >= 0.0 || determinant <= 0.0 {
        return None;
    }
    let x = (hxy * gy - hyy * gx) / determinant;
    let y = (hxy * gx - hxx * gy) / determinant;
    // The fit at (0, 0): mean of the samples less the mean of the quadratics.
    let mean = (row(0) + row(1) + row(2)) / 9.0;
    let centre = mean - (hxx + hyy) / 3.0;
    Some(Top {
        row: y,
        col: x,
        value: centre + 0.5 * (gx * x + gy * y),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_top_of_a_paraboloid_exactly() {
        let at = |x: f64, y: f64| {
            let (dx, dy) = (x - 0.3, y + 0.2);
            0.8 - 0.2 * dx * dx - 0.1 * dy * dy + 0.05 * dx * dy
        };
        let z = [-1.0, 0.0, 1.0].map(|y| [-1.0, 0.0, 1.0].map(|x| at(x, y)));
        let top = paraboloid_top(&z).expect("bends down");
        assert!((top.col - 0.3).abs() < 1e-12 && (top.row + 0.2).abs() < 1e-12);
        assert!((top.value - 0.8).abs() < 1e-12);
    }

    #[test]
    fn a_saddle_and_a_plain_have_no_top() {
        assert!(paraboloid_top(&[[0.0; 3]; 3]).is_none());
        assert!(paraboloid_top(&[[0.0, -1.0, 0.0], [1.0, 0.0, 1.0], [0.0, -1.0, 0.0]]).is_none());
    }
}
