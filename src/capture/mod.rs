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
mod decode;
mod generic;
mod landsat;
mod listing;
mod merge;
mod model;
mod planet;
mod probe;
mod safe;
mod safe_metadata;
mod sar;
mod scan;
mod sentinel2;
mod stac;
mod stac_item;
mod stac_offset;
mod stac_scene;

pub use decode::{Context, Find, Hints, Vendor, decode};
pub use listing::Listing;
pub use merge::gather;
pub use model::{
    BandRole, BandSource, Capture, Inventory, MaskLayer, MaskRule, Modality, Problem, Scene, Unit,
};
pub use probe::{BandHeader, Probe, RasterHeader};
pub use scan::{find, scan};
