//! File names of Planet's `PlanetScope` and `SkySat` downloads and orders.
//!
//! `PlanetScope`: `ID_3B_AnalyticMS_SR_8b_harmonized_clip.tif`,
//! `ID_3B_udm2_clip.tif`, `ID_3B_AnalyticMS_DN_udm_clip.tif`,
//! `ID_3B_AnalyticMS_metadata_clip.xml`, `ID_metadata.json` with an ID such as
//! `20220109_023543_42_24d6`. `SkySat`: `ID_analytic_clip.tif`,
//! `ID_udm2_clip.tif` with an ID such as `20200814_162132_ssc4_u0001`.

/// Whose picture it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    PlanetScope,
    SkySat,
}

/// How far an image is corrected, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Three stretched bands for the eye.
    Visual,
    /// Counts that become reflectance with the coefficients of the metadata.
    Counts,
    /// Top-of-atmosphere reflectance times 10,000 (the tool "toar").
    TopOfAtmosphere,
    /// Surface reflectance times 10,000.
    Surface,
}

/// An orthorectified image. The order is the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Image {
    pub(super) level: Level,
    /// Harmonised to Sentinel-2, so that generations of satellites compare.
    pub(super) harmonized: bool,
    /// Not clipped to an area.
    pub(super) whole: bool,
    /// Four bands rather than eight: the same four are used, with fewer bytes.
    pub(super) four_bands: bool,
}

/// What a file of a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image(Image),
    /// An image in sensor geometry.
    Unrectified,
    /// Usable data mask, eight bands.
    Udm2,
    /// The older unusable data mask, bits in one band.
    Udm,
    /// The item's properties.
    Properties,
    /// The coefficients of an analytic image.
    Coefficients {
        four_bands: bool,
    },
}

/// One file of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asset {
    pub(super) id: String,
    pub(super) family: Family,
    pub(super) kind: Kind,
}

/// Where an ID ends and the description of the asset begins.
const FIRST_WORDS: [&str; 13] = [
    "1a",
    "1b",
    "3a",
    "3b",
    "metadata",
    "basic",
    "ortho",
    "analytic",
    "visual",
    "panchromatic",
    "pansharpened",
    "udm",
    "udm2",
];

/// What a file is by its name; `None` where it is not a file of Planet's, or
/// one that is of no use here (thumbnails, panchromatic bands).
pub(super) fn parse(name: &str) -> Option<Asset> {
    let (stem, extension) = name.rsplit_once('.')?;
    let words: Vec<&str> = stem.split('_').collect();
    let lower: Vec<String> = words.iter().map(|w| w.to_ascii_lowercase()).collect();
    let end = lower
        .iter()
        .position(|w| FIRST_WORDS.contains(&w.as_str()))?;
    let (id, what) = (words.get(..end)?, lower.get(end..)?);
    let family = family(id, what)?;
    Some(Asset {
        id: id.join("_"),
        family,
        kind: kind(what, &extension.to_ascii_lowercase())?,
    })
}

fn family(id: &[&str], what: &[String]) -> Option<Family> {
    let date = id.first()?;
    let dated = date.len() == 8 && date.bytes().all(|c| c.is_ascii_digit());
    if !dated || id.len() < 3 {
        return None;
    }
    if id.get(2).is_some_and(|w| is_skysat(w)) {
        return Some(Family::SkySat);
    }
    let first = what.first()?.as_str();
    let satellite = id.last()?;
    let named = satellite.len() == 4 && satellite.bytes().all(|c| c.is_ascii_alphanumeric());
    (named && ["3b", "1b", "1a", "metadata"].contains(&first)).then_some(Family::PlanetScope)
}

/// `ssc4`, `ssc1d1` with the detector, or `SS02` of the first two.
fn is_skysat(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let number = word.strip_prefix("ssc").or(word.strip_prefix("ss"));
    number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()))
}

fn kind(what: &[String], extension: &str) -> Option<Kind> {
    let has = |word: &str| what.iter().any(|w| w == word);
    match extension {
        "json" => (what.first()? == "metadata").then_some(Kind::Properties),
        "xml" => has("metadata").then(|| Kind::Coefficients {
            four_bands: !has("8b"),
        }),
        "tif" | "tiff" if has("udm2") => Some(Kind::Udm2),
        "tif" | "tiff" if has("udm") => Some(Kind::Udm),
        "tif" | "tiff" => image_kind(what),
        _ => None,
    }
}

fn image_kind(what: &[String]) -> Option<Kind> {
    let has = |word: &str| what.iter().any(|w| w == word);
    let level = if has("visual") {
        Level::Visual
    } else if !has("analyticms") && !has("analytic") {
        return None;
    } else if has("sr") {
        Level::Surface
    } else if has("toar") {
        Level::TopOfAtmosphere
    } else {
        Level::Counts
    };
    if has("basic") || has("1a") || has("1b") {
        return Some(Kind::Unrectified);
    }
    Some(Kind::Image(Image {
        level,
        harmonized: has("harmonized"),
        whole: !has("clip"),
        four_bands: !has("8b"),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SR_CLIP: Image = Image {
        level: Level::Surface,
        harmonized: false,
        whole: false,
        four_bands: true,
    };

    #[test]
    fn planetscope_names_are_told_apart() {
        let id = "20220109_023543_42_24d6";
        let cases = [
            ("3B_AnalyticMS_SR_clip.tif", Kind::Image(SR_CLIP)),
            (
                "3B_AnalyticMS_SR_8b_harmonized_clip.tif",
                Kind::Image(Image {
                    harmonized: true,
                    four_bands: false,
                    ..SR_CLIP
                }),
            ),
            (
                "3B_AnalyticMS.tif",
                Kind::Image(Image {
                    level: Level::Counts,
                    whole: true,
                    ..SR_CLIP
                }),
            ),
            (
                "3B_AnalyticMS_toar_clip.TIF",
                Kind::Image(Image {
                    level: Level::TopOfAtmosphere,
                    ..SR_CLIP
                }),
            ),
            ("3B_udm2_clip.tif", Kind::Udm2),
            ("3B_AnalyticMS_DN_udm_clip.tif", Kind::Udm),
            ("1B_AnalyticMS.tif", Kind::Unrectified),
            (
                "3B_AnalyticMS_metadata_clip.xml",
                Kind::Coefficients { four_bands: true },
            ),
            (
                "3B_AnalyticMS_8b_metadata.xml",
                Kind::Coefficients { four_bands: false },
            ),
            ("metadata.json", Kind::Properties),
        ];
        for (rest, kind) in cases {
            let asset = parse(&format!("{id}_{rest}")).unwrap();
            assert_eq!((asset.id.as_str(), asset.kind), (id, kind), "{rest}");
            assert_eq!(asset.family, Family::PlanetScope);
        }
    }

    #[test]
    fn skysat_names_are_told_apart() {
        let asset = parse("20200814_162132_ssc4_u0001_analytic_sr_clip.tif").unwrap();
        assert_eq!(asset.id, "20200814_162132_ssc4_u0001");
        assert_eq!(asset.family, Family::SkySat);
        assert_eq!(asset.kind, Kind::Image(SR_CLIP));
        let basic = parse("20170831_162740_ssc1d1_0005_basic_analytic.tif").unwrap();
        assert_eq!(basic.kind, Kind::Unrectified);
        assert!(parse("20200814_162132_ssc4_u0001_panchromatic.tif").is_none());
    }

    #[test]
    fn other_names_are_left_to_others() {
        for name in [
            "20230103_site_visual.tif",
            "20230103_101530_village_visual.tif",
            "20230103_101530_ssouth_visual.tif",
            "S1_kiel_20230103.tif",
            "metadata.json",
            "20220109_023543_42_24d6_3B_thumb.png",
            "20220106T021726Z_ortho_rgbn.tif",
            "_3B_",
            "",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn surface_reflectance_is_preferred_then_harmonised_then_whole() {
        let harmonized = Image {
            harmonized: true,
            ..SR_CLIP
        };
        let whole = Image {
            whole: true,
            ..SR_CLIP
        };
        let counts = Image {
            level: Level::Counts,
            harmonized: true,
            whole: true,
            four_bands: true,
        };
        assert!(harmonized > whole && whole > SR_CLIP && SR_CLIP > counts);
    }
}
