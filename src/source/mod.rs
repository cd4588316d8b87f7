//! The only room that names the raster library: headers, planned window reads,
//! coordinate transforms, corridor files and the table file.

mod corridor;
mod table_file;

pub use corridor::{Corridor, CorridorOrigin, Provenance};
pub use table_file::{Access, Cell, ColumnKind, Edit, Row, Table, TableFile};
