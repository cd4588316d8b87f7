//! From a find to a scene: which decoder reads what.

use std::path::{Path, PathBuf};

use super::{BandRole, JsonReader, Listing, Probe, Problem, Scene, Unit};
use super::{generic, landsat, planet, safe, sar, stac};

/// Whose format a find is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    /// Sentinel-2 as delivered by ESA (SAFE) or in the tile layout of the open archives.
    Safe,
    /// Landsat Collection 2 level 2, with its MTL file.
    Landsat,
    /// `PlanetScope` and `SkySat` downloads.
    Planet,
    /// A STAC item beside its assets.
    Stac,
    /// Radar backscatter whose name says so.
    Sar,
    /// A raster that nobody else claims.
    Generic,
}

/// A product that the walk found: the files of one scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// Who decodes it.
    pub vendor: Vendor,
    /// The file or folder a person would call this product; for errors and tables.
    pub product: PathBuf,
    /// The file that the decoder starts from: metadata where there is some,
    /// else the raster.
    pub entry: PathBuf,
    /// All files of the product, sorted; those in an archive as `/vsizip/…`.
    pub files: Vec<PathBuf>,
    /// The folder that was scanned; nothing outside it may be read.
    pub root: PathBuf,
}

impl Find {
    /// The files of the find whose name (not path) fulfils a condition.
    pub fn named<'a>(
        &'a self,
        condition: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Path> + 'a {
        self.files
            .iter()
            .map(PathBuf::as_path)
            .filter(move |path| condition(file_name(path)))
    }

    /// A problem with this product.
    #[must_use]
    pub fn problem(&self, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem::new(&self.product, what, remedy)
    }
}

/// The last part of a path; the walk leaves out names that are not UTF-8.
pub(super) fn file_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}

/// What the user says about plain rasters that do not say it themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Roles of the bands of plain rasters, in order; `None` skips a band.
    pub bands: Option<Vec<Option<BandRole>>>,
    /// That plain single-band rasters are radar backscatter, and in what unit.
    pub radar: Option<Unit>,
}

/// What every decoder may ask.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Opens rasters, header only.
    pub probe: &'a dyn Probe,
    /// What the user said.
    pub hints: &'a Hints,
}

/// Lets every decoder take its files from the listing, the more particular
/// ones first; what stays and is a raster goes to the generic decoder.
pub(super) fn claim_all(listing: &mut Listing, json: &dyn JsonReader) -> Vec<Find> {
    let mut finds = safe::claim(listing);
    finds.extend(landsat::claim(listing));
    finds.extend(planet::claim(listing));
    finds.extend(stac::claim(listing, json));
    finds.extend(sar::claim(listing));
    finds.extend(generic::claim(listing));
    finds
}

/// Reads the metadata of one find. Pure but for reading: finds may be decoded
/// in any order and in parallel.
///
/// # Errors
/// The product cannot be used; the problem says why and what to do.
pub fn decode(find: &Find, context: &Context<'_>) -> Result<Scene, Problem> {
    match find.vendor {
        Vendor::Safe => safe::decode(find, context),
        Vendor::Landsat => landsat::decode(find, context),
        Vendor::Planet => planet::decode(find, context),
        Vendor::Stac => stac::decode(find, context),
        Vendor::Sar => sar::decode(find, context),
        Vendor::Generic => generic::decode(find, context),
    }
}
