//! The radiometric offset of Sentinel-2 in STAC items.
//!
//! Since baseline 04.00 a DN is 10,000 × reflectance + 1000. Some archives
//! deliver the files as they are, some take the 1000 off, and they say so in
//! different ways:
//! - `raster:bands` gives scale and offset;
//! - Earth Search's `boa_offset_applied` says whether the offset is already in
//!   the files. Its items with the flag set go on giving the offset of the
//!   original product (-0.1) in `raster:bands`, so the flag is the word that
//!   counts, and no contradiction;
//! - the Planetary Computer says nothing but the processing baseline, and its
//!   files are as ESA made them.

use super::sentinel2::{FIRST_BASELINE_WITH_OFFSET, OFFSET_DN, QUANTIFICATION};

/// What an item says about one band.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Stated {
    /// Processing baseline.
    pub(super) baseline: Option<f64>,
    /// Whether the files already have the offset.
    pub(super) applied: Option<bool>,
    /// value = DN × scale + offset.
    pub(super) scale: Option<f64>,
    /// value = DN × scale + offset.
    pub(super) offset: Option<f64>,
}

/// Scale and offset from DN to reflectance.
///
/// # Errors
/// What is stated contradicts itself or does not suffice; the text says how.
pub(super) fn calibration(stated: Stated) -> Result<(f64, f64), String> {
    let scale = stated.scale.unwrap_or(QUANTIFICATION.recip());
    if !scale.is_finite() || scale <= 0.0 {
        return Err(format!("the scale {scale} is not a positive number"));
    }
    let shifted = stated.baseline.map(|b| b >= FIRST_BASELINE_WITH_OFFSET);
    let baseline = stated.baseline.unwrap_or(f64::NAN);
    let offset = match (stated.applied, stated.offset, shifted) {
        (_, Some(offset), _) if !offset.is_finite() || offset.abs() >= 1.0 => {
            return Err(format!("the offset {offset} is not one of reflectance"));
        }
        (Some(true), _, Some(false)) => {
            return Err(format!(
                "it says that the offset was applied, but baseline {baseline:05.2} has none"
            ));
        }
        (Some(true), _, _) | (_, None, Some(false)) => 0.0,
        (_, Some(offset), Some(false)) if offset != 0.0 => {
            return Err(format!(
                "it gives the offset {offset}, but baseline {baseline:05.2} has none"
            ));
        }
        (Some(false), Some(0.0), Some(true)) => {
            return Err(format!(
                "it says that the offset of baseline {baseline:05.2} was not applied, \
                 and gives it as 0"
            ));
        }
        (_, Some(offset), _) => offset,
        (_, None, Some(true)) => OFFSET_DN * scale,
        (_, None, None) => {
            return Err("it gives neither an offset nor a processing baseline".into());
        }
    };
    Ok((scale, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(
        baseline: Option<f64>,
        applied: Option<bool>,
        offset: Option<f64>,
    ) -> Result<f64, String> {
        let scale = None;
        calibration(Stated {
            baseline,
            applied,
            scale,
            offset,
        })
        .map(|(_, offset)| offset)
    }

    #[test]
    fn what_the_archives_really_write_is_understood() {
        // As delivered, with the offset in raster:bands.
        assert_eq!(offset(Some(5.09), None, Some(-0.1)), Ok(-0.1));
        assert_eq!(offset(Some(5.09), Some(false), Some(-0.1)), Ok(-0.1));
        // Earth Search: taken off, and still in raster:bands.
        assert_eq!(offset(Some(5.09), Some(true), Some(-0.1)), Ok(0.0));
        assert_eq!(offset(None, Some(true), None), Ok(0.0));
        // Planetary Computer: the baseline alone.
        assert_eq!(offset(Some(4.0), None, None), Ok(-0.1));
        assert_eq!(offset(Some(2.12), None, None), Ok(0.0));
        // Before baseline 04.00 there is none.
        assert_eq!(offset(Some(2.14), Some(false), Some(0.0)), Ok(0.0));
    }

    #[test]
    fn contradictions_are_refused() {
        for (baseline, applied, stated) in [
            (Some(2.14), Some(true), None),
            (Some(2.14), None, Some(-0.1)),
            (Some(5.09), Some(false), Some(0.0)),
            (None, None, None),
            (None, Some(false), None),
            (Some(5.09), None, Some(-1000.0)),
            (Some(5.09), None, Some(f64::NAN)),
        ] {
            let refused = offset(baseline, applied, stated);
            assert!(refused.is_err(), "{baseline:?} {applied:?} {stated:?}");
        }
    }

    #[test]
    fn the_scale_is_taken_from_the_item() {
        let stated = Stated {
            baseline: Some(5.0),
            scale: Some(0.001),
            ..Stated::default()
        };
        assert_eq!(calibration(stated), Ok((0.001, -1.0)));
        let zero = Stated {
            scale: Some(0.0),
            ..stated
        };
        assert!(calibration(zero).is_err());
    }
}
