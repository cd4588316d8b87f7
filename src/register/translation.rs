//! One capture against the consensus.

use super::consensus::Consensus;
use super::correlate::Masked;
use super::features::Features;
use super::neighbourhood::Neighbourhood;
use super::peak::Top;
use super::search::searched;
use crate::error::{Error, Result};
use crate::strip::Shift;

/// A correlation below this is what unrelated images of this size reach.
const LEAST_PEAK: f64 = 0.08;

/// Looks at full resolution: the first lands within a tenth of a pixel, the
/// second, resampled there, has no bias left from the shape of the peak.
const LEAST_LOOKS: usize = 2;

/// A shift that still moves by half a pixel after so many looks is none.
const MOST_LOOKS: usize = 4;

/// Where a capture lies in the consensus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Registration {
    /// What is added to the capture's coordinates to match the consensus.
    pub shift: Shift,
    /// Standard deviation of the shift towards east, m: what parts of the
    /// image disagree by (noise, local distortion, seasons) and what bands are
    /// misregistered by, in quadrature.
    pub sigma_east_m: f64,
    /// The same towards north, m.
    pub sigma_north_m: f64,
    /// Correlation at the shift.
    pub peak: f64,
    /// Greatest correlation elsewhere in the range of the search, at half
    /// resolution; −1 where there is no second top.
    pub second_peak: f64,
}

/// The translation of a capture against the consensus, searched around `start`
/// to six pixels (eight where they are about 1 m).
///
/// # Errors
/// [`Error::Unsupported`] with the reason where the shift would be a guess:
/// the peak is weak, no better than another, or on the border of the search.
/// [`Error::Value`] where the features lie on another grid than the consensus.
pub fn register(features: &Features, consensus: &Consensus, start: Shift) -> Result<Registration> {
    let grid = &consensus.grid;
    if features.grid() != grid {
        return Err(Error::value(
            "features",
            "on another grid than the consensus",
            "features of a plan view of the same grid",
        ));
    }
    let found = searched(&moved(features, start), consensus, start)?;
    let mut shift = found.shift;
    for look in 1..=MOST_LOOKS {
        let (near, top) = looked(features, consensus, &mut shift)?;
        if look >= LEAST_LOOKS && top.col.abs().max(top.row.abs()) < 0.5 {
            strong(top.value)?;
            let (sigma_col, sigma_row) = near.sigma_px(features.bands());
            return Ok(Registration {
                shift,
                sigma_east_m: sigma_col * grid.pixel_m,
                sigma_north_m: sigma_row * grid.pixel_m,
                peak: top.value,
                second_peak: found.second,
            });
        }
    }
    Err(no_peak())
}

/// The shift after one more look around it, at most a pixel away: enough for a
/// capture that was registered against nearly the same consensus before.
///
/// # Errors
/// No peak there.
pub(super) fn followed(features: &Features, consensus: &Consensus, from: Shift) -> Result<Shift> {
    let mut shift = from;
    looked(features, consensus, &mut shift)?;
    Ok(shift)
}

/// Compares at full resolution around `shift` and moves it to the top.
fn looked(
    features: &Features,
    consensus: &Consensus,
    shift: &mut Shift,
) -> Result<(Neighbourhood, Top)> {
    let near = Neighbourhood::of(&consensus.fine, &moved(features, *shift));
    let top = near.top().ok_or_else(no_peak)?;
    let step_m = |d: f64| d.clamp(-1.0, 1.0) * consensus.grid.pixel_m;
    shift.east_m -= step_m(top.col);
    shift.north_m += step_m(top.row);
    Ok((near, top))
}

/// The features as an image once moved by `shift`.
fn moved(features: &Features, shift: Shift) -> Masked {
    let grid = features.grid();
    let mut out = Masked::empty(grid.width, grid.height);
    for row in 0..grid.height {
        features.row_at(row, shift, out.row_mut(row));
    }
    out
}

/// Refuses a correlation that means nothing.
pub(super) fn strong(peak: f64) -> Result<()> {
    if peak >= LEAST_PEAK {
        return Ok(());
    }
    if peak <= -1.0 {
        return Err(Error::unsupported(
            "not registered: too little of it can be seen where other captures see, too",
        ));
    }
    Err(Error::unsupported(format!(
        "not registered: agrees with the other captures to {peak:.2} only, less than {LEAST_PEAK}"
    )))
}

pub(super) fn no_peak() -> Error {
    Error::unsupported("not registered: no shift fits better than its neighbours")
}
