//! What all deliveries of Sentinel-2 have in common: names of bands and
//! products, the scene classification, the radiometric offset.

use jiff::Timestamp;

use super::{BandRole, MaskLayer, MaskRule};

/// The bands of 10 m with their role, in the order of [`BandRole`].
pub(super) const BANDS: [(&str, BandRole); 4] = [
    ("B02", BandRole::Blue),
    ("B03", BandRole::Green),
    ("B04", BandRole::Red),
    ("B08", BandRole::Nir),
];

/// Ground sample distance of these bands, m.
pub(super) const GSD_M: f64 = 10.0;

/// The DN that means "no data"; tested before the offset is added.
pub(super) const NODATA: f64 = 0.0;

/// DN per unit of reflectance, where the metadata do not say otherwise.
pub(super) const QUANTIFICATION: f64 = 10_000.0;

/// What is added to a DN since processing baseline 04.00, where the metadata
/// give a baseline and no offset (Sentinel-2 Products Specification 14.9:
/// `RADIO_ADD_OFFSET`, `BOA_ADD_OFFSET`).
pub(super) const OFFSET_DN: f64 = -1000.0;

/// The first processing baseline with an offset.
pub(super) const FIRST_BASELINE_WITH_OFFSET: f64 = 4.0;

/// Classes of the scene classification that hide the ground: 0 no data,
/// 1 saturated or defective, 3 cloud shadow, 8 and 9 cloud of medium and high
/// probability, 10 thin cirrus. Dark areas (2), snow (11) and unclassified (7)
/// stay usable: trains make dark pixels themselves.
const UNUSABLE_CLASSES: [u16; 6] = [0, 1, 3, 8, 9, 10];

/// The scene classification as a mask.
pub(super) fn scene_classification(path: String) -> MaskLayer {
    MaskLayer {
        name: "SCL".into(),
        path,
        index: 1,
        rule: MaskRule::NotIn(UNUSABLE_CLASSES.to_vec()),
    }
}

/// What a product's name tells, such as
/// `S2A_MSIL2A_20220109T021504_N0509_R003_T52TDM_20220109T021504`; some
/// archives leave out the baseline (`N0509`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ProductName {
    /// `L1C` or `L2A`.
    pub(super) level: String,
    /// Processing baseline as `05.09`.
    pub(super) baseline: Option<String>,
    /// Relative orbit.
    pub(super) orbit: Option<u16>,
    /// MGRS tile as `52TDM`.
    pub(super) tile: Option<String>,
    /// The last part, which tells apart products of one datatake and baseline.
    pub(super) discriminator: String,
}

impl ProductName {
    /// Takes a name apart, with or without `.SAFE`; `None` where it is no name
    /// of a Sentinel-2 product.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".SAFE").unwrap_or(name);
        let mut parts = stem.split('_');
        let mission = parts.next()?;
        let level = parts.next()?.strip_prefix("MSI")?;
        if !mission.starts_with("S2") || !matches!(level, "L1C" | "L2A") {
            return None;
        }
        let mut found = Self {
            level: level.to_owned(),
            ..Self::default()
        };
        for part in parts {
            if let Some(digits) = numbered(part, 'N', 4) {
                found.baseline = Some(format!("{}.{}", &digits[..2], &digits[2..]));
            } else if let Some(digits) = numbered(part, 'R', 3) {
                found.orbit = digits.parse().ok();
            } else if let Some(tile) = tile_of(part) {
                found.tile = Some(tile);
            } else {
                part.clone_into(&mut found.discriminator);
            }
        }
        Some(found)
    }
}

/// The digits of a part such as `N0509`.
fn numbered(part: &str, letter: char, digits: usize) -> Option<&str> {
    let rest = part.strip_prefix(letter)?;
    let fits = rest.len() == digits && rest.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(rest)
}

/// The MGRS tile in a part such as `T52TDM` or `52TDM`.
pub(super) fn tile_of(part: &str) -> Option<String> {
    let tile = if part.len() == 6 {
        part.strip_prefix('T')?
    } else {
        part
    };
    let bytes = tile.as_bytes();
    let fits = bytes.len() == 5
        && bytes[..2].iter().all(u8::is_ascii_digit)
        && bytes[2..].iter().all(u8::is_ascii_uppercase);
    fits.then(|| tile.to_owned())
}

/// The MGRS tile somewhere in a name of parts.
pub(super) fn tile_in(name: &str) -> Option<String> {
    name.split(['_', '.', '-']).find_map(tile_of)
}

/// `sentinel-2a` for any way to write it.
pub(super) fn platform(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '_'], "-")
}

/// Order of preference among copies: surface before top-of-atmosphere
/// reflectance, then the baseline, then the later processing.
pub(super) fn version(level: &str, baseline: &str, processed: &str) -> String {
    format!("{level} {baseline} {processed}")
}

/// A time as metadata write it: RFC 3339, or without a zone and then UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_product_name_comes_apart_with_and_without_its_baseline() {
        let name = "S2A_MSIL2A_20220109T021504_N0509_R003_T52TDM_20220110T021505.SAFE";
        let found = ProductName::parse(name).unwrap();
        assert_eq!(found.level, "L2A");
        assert_eq!(found.baseline.as_deref(), Some("05.09"));
        assert_eq!(found.orbit, Some(3));
        assert_eq!(found.tile.as_deref(), Some("52TDM"));
        assert_eq!(found.discriminator, "20220110T021505");
        let archive = ProductName::parse("S2B_MSIL1C_20190629T212529_R043_T06VVN_20201006T080531");
        assert_eq!(archive.unwrap().baseline, None);
    }

    #[test]
    fn other_names_are_not_taken_for_products() {
        for name in ["", "S2A", "S1A_IW_GRDH_1SDV", "S2B_52TDM_20220109_0_L2A"] {
            assert_eq!(ProductName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn tiles_are_five_characters_with_or_without_a_t() {
        assert_eq!(
            tile_in("S2B_52TDM_20220109_0_L2A").as_deref(),
            Some("52TDM")
        );
        assert_eq!(
            tile_in("T52TDM_20220109_B02_10m.jp2").as_deref(),
            Some("52TDM")
        );
        assert_eq!(tile_in("한글_B02"), None);
    }

    #[test]
    fn versions_sort_by_level_then_baseline_then_processing() {
        let a = version("L1C", "05.09", "20230101T000000");
        let b = version("L2A", "02.14", "20230101T000000");
        let c = version("L2A", "05.09", "20220101T000000");
        let d = version("L2A", "05.09", "20230101T000000");
        assert!(a < b && b < c && c < d);
    }
}
