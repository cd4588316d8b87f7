//! Geometry without pixels: the local metric frame of a track, its alignment
//! (chainage and offset), raster grids, and the sun.
//!
//! Conventions, stated once:
//! - **Pixel**: column 0, row 0 is the upper-left *corner* of the first pixel;
//!   its centre is at 0.5, 0.5.
//! - **Chainage**: distance along the alignment from its first vertex, m.
//! - **Offset**: distance across it, m, positive to the right looking
//!   up-chainage.

mod alignment;
mod frame;
mod grid;
mod sun;

pub use alignment::{Alignment, Direction};
pub use frame::{Frame, LonLat, Point};
pub use grid::{FrameToPixel, Grid, GridOrigin, PixelPoint, Window};
pub use sun::Sun;
