//! What a delivered product is: one decoder a vendor, the folder scan, the
//! merging of scenes into captures.
//!
//! Only the decoders know a vendor's format. They read small metadata files
//! themselves; where a raster's own header has to tell, they ask a [`Probe`].
//!
//! A scan has three steps: [`find`] walks the folders and lets each decoder
//! claim the files of its products; [`decode`] turns one find into a [`Scene`]
//! or a [`Problem`], and may run on as many threads as the caller likes;
//! [`gather`] merges the scenes into captures. [`scan`] does all three in order.

mod archive;
mod band_role;
mod date;
mod decode;
mod generic;
mod landsat;
mod landsat_mtl;
mod listing;
mod merge;
mod model;
mod plain;
mod planet;
mod planet_name;
mod probe;
mod safe;
mod safe_layers;
mod safe_metadata;
#[cfg(test)]
mod safe_tests;
mod safe_tile;
mod sar;
mod sar_name;
mod sar_vendor;
mod scan;
#[cfg(test)]
mod scan_tests;
mod sentinel2;
mod sidecar;
mod stac;
mod stac_item;
mod stac_offset;
mod stac_scene;
#[cfg(test)]
mod stac_tests;
#[cfg(test)]
mod testing;
mod vhr_sidecar;

pub use decode::{Context, Find, Hints, Vendor, decode};
pub use listing::Listing;
pub use merge::gather;
pub use model::{
    BandRole, BandSource, Capture, Inventory, MaskLayer, MaskRule, Modality, Problem, Scene, Unit,
};
pub use probe::{BandHeader, JsonKind, JsonReader, Probe, RasterHeader, ReadEach};
pub use scan::{find, scan};
