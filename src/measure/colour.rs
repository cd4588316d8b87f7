//! What a train looks like inside: mean contrast and its variation, by band.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::strip::Profile;

/// Wagons vary in contrast by at least this share of the noise-free contrast scale.
const LEAST_SPREAD: f64 = 0.2;
/// The covariance from a short interior is too small by about this factor.
const GROWTH: f64 = 1.2;

/// Contrast of a car that looks much like the track, as a share of the typical
/// one: a dark locomotive on a dark deck.
const FAINT: f64 = 0.4;
/// Share of its variance that is common to all bands.
const FAINT_COMMON: f64 = 0.7;

/// Mean and covariance of a train's contrast.
pub(super) struct Colour {
    pub(super) mean: DVector<f64>,
    pub(super) covariance: DMatrix<f64>,
    /// Covariance of the contrast of a car that looks much like the track; its
    /// mean is zero.
    pub(super) faint: DMatrix<f64>,
}

/// From the usable samples between two chainages, m, `margin_m` away from both
/// where the train is long enough for that.
///
/// `scale`: typical contrast of trains; bounds the variation from below.
pub(super) fn colour(
    profile: &Profile,
    (start_m, end_m): (f64, f64),
    margin_m: f64,
    scale: f64,
) -> Option<Colour> {
    let inside = |margin: f64| -> Vec<usize> {
        (0..profile.chainage.len)
            .filter(|j| {
                let at = profile.chainage.at_m(*j);
                profile.usable[*j] && at > start_m + margin && at < end_m - margin
            })
            .collect()
    };
    let mut cells = inside(margin_m);
    if cells.len() < 3 {
        cells = inside(0.0);
    }
    if cells.len() < 3 {
        return None;
    }
    let (bands, n) = (profile.track.nrows(), cells.len() as f64);
    let value = |b: usize, j: usize| f64::from(profile.track[(b, j)]);
    let mean = DVector::from_fn(bands, |b, _| {
        cells.iter().map(|j| value(b, *j)).sum::<f64>() / n
    });
    let mut covariance = DMatrix::from_fn(bands, bands, |a, b| {
        let product = |j: &usize| (value(a, *j) - mean[a]) * (value(b, *j) - mean[b]);
        cells.iter().map(product).sum::<f64>() / (n - 1.0)
    });
    for b in 0..bands {
        let noise = |j: &usize| f64::from(profile.track_sigma[(b, *j)]).powi(2);
        covariance[(b, b)] -= cells.iter().map(noise).sum::<f64>() / n;
    }
    let floor = (LEAST_SPREAD * scale).powi(2);
    let eigen = SymmetricEigen::new(covariance);
    let values = eigen.eigenvalues.map(|v| v.max(floor) * GROWTH);
    let covariance =
        &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose();
    let faint = DMatrix::from_fn(bands, bands, |a, b| {
        let share = if a == b { 1.0 } else { FAINT_COMMON };
        share * (FAINT * scale).powi(2)
    });
    Some(Colour {
        mean,
        covariance,
        faint,
    })
}
