//! The only room that names the raster library: headers, planned window reads,
//! coordinate transforms, corridor files and the table file.
//!
//! A `Dataset` of the library may move between threads but not be shared, so
//! every call here opens its own handles and closes them before it returns.

mod corridor;
mod corridor_file;
mod header;
mod lattice;
mod mask;
mod read;
mod samples;
mod settings;
mod table_file;
mod transform;
mod window;
mod write;

pub use corridor::{Corridor, CorridorLabel, CorridorOrigin, Provenance};
pub use corridor_file::{
    CORRIDOR_FORMAT, check_corridor_file, read_corridor_file, read_corridor_label, write_corridor,
};
pub use header::{HeaderReader, scene_grid};
pub use read::read_corridor;
pub use table_file::{Access, Cell, ColumnKind, Edit, Row, Table, TableFile};
pub use transform::{Extent, LARGEST_RESIDUAL_PX, fit};
pub use window::{
    COARSEST_MEAN_M, FINE_GSD_M, FINE_MARGIN_M, MARGIN_M, Placement, Target, WARP_FIRST,
    covered_share, margin_m, mean_of, place, place_scenes,
};
pub use write::{RasterFile, RasterLayout, RasterSamples, project_places, unproject_points};
