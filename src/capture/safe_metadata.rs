//! The product metadata of a Sentinel-2 SAFE: `MTD_MSIL1C.xml`, `MTD_MSIL2A.xml`.

use std::path::Path;

use jiff::Timestamp;
use roxmltree::{Document, Node};

use super::Problem;
use super::archive::read_text;
use super::sentinel2::{self, FIRST_BASELINE_WITH_OFFSET, QUANTIFICATION};

/// What the product metadata say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SafeMetadata {
    /// The product's name without `.SAFE`, where it is given.
    pub(super) product: Option<String>,
    /// Start of the product's acquisition.
    pub(super) start: Timestamp,
    /// `L1C` or `L2A`.
    pub(super) level: String,
    /// Processing baseline, as `05.09`.
    pub(super) baseline: String,
    /// When the product was made, as text; empty where not given.
    pub(super) generated: String,
    /// `sentinel-2a`.
    pub(super) platform: String,
    /// Relative orbit.
    pub(super) relative_orbit: Option<u16>,
    /// DN per unit of reflectance.
    pub(super) quantification: f64,
    /// What is added to a DN, by the metadata's `band_id`; empty before
    /// baseline 04.00.
    offsets: Vec<(u8, f64)>,
}

/// The metadata's `band_id` of the bands of [`sentinel2::BANDS`], in that order.
const BAND_IDS: [(&str, u8); 4] = [("B02", 1), ("B03", 2), ("B04", 3), ("B08", 7)];

impl SafeMetadata {
    /// Reads and checks the metadata.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let text = read_text(path)?;
        let broken = |what: String| Problem::new(path, what, "download the product again");
        let document = Document::parse(&text).map_err(|e| broken(format!("not XML: {e}")))?;
        let metadata = Self::from_document(&document).map_err(broken)?;
        metadata.check(path)?;
        Ok(metadata)
    }

    fn from_document(document: &Document<'_>) -> Result<Self, String> {
        let needed = |name: &str| {
            text_of(document, &[name]).ok_or_else(|| format!("the element {name} is missing"))
        };
        let start = needed("PRODUCT_START_TIME")?;
        let names = [
            "BOA_QUANTIFICATION_VALUE",
            "L2A_BOA_QUANTIFICATION_VALUE",
            "QUANTIFICATION_VALUE",
        ];
        let quantification = match text_of(document, &names) {
            Some(text) => positive(&text).ok_or(format!("the quantification value is {text}"))?,
            None => QUANTIFICATION,
        };
        let level = needed("PROCESSING_LEVEL")?;
        Ok(Self {
            product: text_of(
                document,
                &["PRODUCT_URI", "PRODUCT_URI_2A", "PRODUCT_URI_1C"],
            )
            .map(|uri| uri.trim_end_matches(".SAFE").to_owned()),
            start: sentinel2::time(&start).ok_or(format!("PRODUCT_START_TIME is {start}"))?,
            level: if level.contains("2A") { "L2A" } else { "L1C" }.to_owned(),
            baseline: needed("PROCESSING_BASELINE")?,
            generated: text_of(document, &["GENERATION_TIME"]).unwrap_or_default(),
            platform: sentinel2::platform(&needed("SPACECRAFT_NAME")?),
            relative_orbit: text_of(document, &["SENSING_ORBIT_NUMBER"])
                .and_then(|orbit| orbit.parse().ok()),
            quantification,
            offsets: offsets(document)?,
        })
    }

    /// A baseline that has an offset and metadata that give none contradict
    /// each other: half the reflectance of dark water hangs on it.
    fn check(&self, path: &Path) -> Result<(), Problem> {
        let baseline: f64 = self.baseline.parse().map_err(|_| {
            Problem::new(
                path,
                format!("the processing baseline is {:?}", self.baseline),
                "download the product again",
            )
        })?;
        if baseline >= FIRST_BASELINE_WITH_OFFSET && self.offsets.is_empty() {
            return Err(Problem::new(
                path,
                format!(
                    "baseline {} has an offset, but none is given",
                    self.baseline
                ),
                "download the product again",
            ));
        }
        Ok(())
    }

    /// What is added to the DN of a band such as `B02`.
    pub(super) fn offset_dn(&self, band: &str) -> Option<f64> {
        if self.offsets.is_empty() {
            return Some(0.0);
        }
        let (_, id) = BAND_IDS.iter().find(|(name, _)| *name == band)?;
        let (_, offset) = self.offsets.iter().find(|(band_id, _)| band_id == id)?;
        Some(*offset)
    }
}

/// `BOA_ADD_OFFSET` (L2A) or `RADIO_ADD_OFFSET` (L1C) by `band_id`.
fn offsets(document: &Document<'_>) -> Result<Vec<(u8, f64)>, String> {
    document
        .descendants()
        .filter(|n| matches!(n.tag_name().name(), "BOA_ADD_OFFSET" | "RADIO_ADD_OFFSET"))
        .map(|node| {
            let id = node.attribute("band_id").and_then(|id| id.parse().ok());
            let value = node.text().and_then(|t| t.trim().parse::<f64>().ok());
            match (id, value.filter(|v| v.is_finite())) {
                (Some(id), Some(value)) => Ok((id, value)),
                _ => Err(format!(
                    "the {} is not a number of a band",
                    node.tag_name().name()
                )),
            }
        })
        .collect()
}

/// The text of the first element that has one of these names, in the order of
/// the names.
fn text_of(document: &Document<'_>, names: &[&str]) -> Option<String> {
    let named = |name: &str| {
        document
            .descendants()
            .find(|node| node.tag_name().name() == name)
            .and_then(|node: Node<'_, '_>| node.text())
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    names.iter().find_map(|name| named(name))
}

fn positive(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && value > 0.0).then_some(value)
}
