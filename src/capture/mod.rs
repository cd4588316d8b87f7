//! What a delivered product is: one decoder a vendor, the folder scan, the
//! merging of scenes into captures.
//!
//! Only the decoders know a vendor's format. They read small metadata files
//! themselves; where a raster's own header has to tell, they ask a [`Probe`].

mod model;
mod probe;

pub use model::{
    BandRole, BandSource, Capture, Inventory, MaskLayer, MaskRule, Modality, Problem, Scene, Unit,
};
pub use probe::{BandHeader, Probe, RasterHeader};
