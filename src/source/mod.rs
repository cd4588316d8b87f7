//! The only room that names the raster library: headers, planned window reads,
//! coordinate transforms, corridor files, and tables in files and databases.
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
mod stored_project;
mod table;
mod table_file;
mod table_rows;
mod table_server;
mod table_set;
mod transform;
mod window;
mod write;

pub use corridor::{Corridor, CorridorLabel, CorridorOrigin, Provenance};
pub use corridor_file::{
    CORRIDOR_FORMAT, check_corridor_file, read_corridor_file, read_corridor_label, write_corridor,
};
pub use header::{HeaderReader, scene_grid};
pub use read::read_corridor;
pub use stored_project::StoredProject;
pub use table::{Cell, ColumnKind, Row, Table};
pub use table_set::{Access, Edit, Home, TableSet};
pub use transform::{Extent, LARGEST_RESIDUAL_PX, fit};
pub use window::{
    COARSEST_MEAN_M, FINE_GSD_M, FINE_MARGIN_M, MARGIN_M, Placement, Target, WARP_FIRST,
    covered_share, margin_m, mean_of, place, place_scenes,
};
pub use write::{RasterFile, RasterLayout, RasterSamples, project_places, unproject_points};
