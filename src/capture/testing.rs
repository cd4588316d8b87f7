//! What tests of decoders share: a probe without files and listings by name.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{BandHeader, Context, Find, Hints, Listing, Probe, Problem, RasterHeader, Scene};
use crate::error::{Error, Result};
use crate::geo::Grid;

/// Knows headers by file name; any other file is "not a raster".
#[derive(Default)]
pub(super) struct FakeProbe {
    pub(super) headers: BTreeMap<String, RasterHeader>,
    pub(super) hints: Hints,
}

impl Probe for FakeProbe {
    fn header(&self, path: &str) -> Result<RasterHeader> {
        let name = path.rsplit('/').next().unwrap();
        self.headers
            .get(name)
            .cloned()
            .ok_or_else(|| Error::content(path, "not a raster", "download it again"))
    }
}

impl FakeProbe {
    /// Knows one raster.
    pub(super) fn of(name: &str, header: RasterHeader) -> Self {
        Self {
            headers: BTreeMap::from([(name.to_owned(), header)]),
            hints: Hints::default(),
        }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            probe: self,
            hints: &self.hints,
        }
    }
}

/// A georeferenced raster of bands of one sample type without any description.
pub(super) fn raster(sample_type: &str, bands: usize) -> RasterHeader {
    let band = BandHeader {
        sample_type: sample_type.into(),
        colour: "Undefined".into(),
        ..BandHeader::default()
    };
    RasterHeader {
        grid: Grid {
            width: 100,
            height: 80,
            origin: [300_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0],
            crs: "EPSG:32652".into(),
        },
        georeferenced: true,
        control_points: 0,
        format: "GTiff".into(),
        bands: vec![band; bands],
        tags: BTreeMap::new(),
    }
}

/// What a decoder claims of files in a folder, which need not exist.
pub(super) fn claimed(
    claim: fn(&mut Listing) -> Vec<Find>,
    folder: &Path,
    names: &[&str],
) -> Vec<Find> {
    let mut listing = Listing::default();
    for name in names {
        listing.add(folder, &folder.join(name), 1);
    }
    claim(&mut listing)
}

/// The scenes and problems of one decoder for all files below a real folder.
pub(super) fn decode_folder(
    claim: fn(&mut Listing) -> Vec<Find>,
    decode: fn(&Find, &Context<'_>) -> std::result::Result<Scene, Problem>,
    folder: &Path,
    probe: &FakeProbe,
) -> Vec<std::result::Result<Scene, Problem>> {
    let mut listing = Listing::default();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            listing.add(folder, entry.path(), 1);
        }
    }
    claim(&mut listing)
        .iter()
        .map(|find| decode(find, &probe.context()))
        .collect()
}

/// Our own fixtures.
pub(super) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/metadata")
        .join(name)
}

/// Data beside the checkout; `None`, and a message, where it is absent.
pub(super) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
