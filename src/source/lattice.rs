//! How the pixels of two grids on one CRS lie to each other.

use crate::geo::{Grid, PixelPoint, Window};

/// Largest difference of two grids that are called one, px.
const SAME_GRID_PX: f64 = 0.01;

/// From the pixels of one grid to those of another on the same CRS.
#[derive(Clone, Copy)]
pub(super) struct Way {
    first: PixelPoint,
    along_col: (f64, f64),
    along_row: (f64, f64),
}

impl Way {
    /// `None` where the other geotransform cannot be inverted.
    pub(super) fn between(from: &Grid, to: &Grid) -> Option<Self> {
        let place = |col, row| {
            let (x, y) = from.map_at(PixelPoint { col, row });
            to.pixel_at(x, y)
        };
        let (first, right, below) = (place(0.0, 0.0)?, place(1.0, 0.0)?, place(0.0, 1.0)?);
        Some(Self {
            first,
            along_col: (right.col - first.col, right.row - first.row),
            along_row: (below.col - first.col, below.row - first.row),
        })
    }

    /// The place on the other grid.
    pub(super) fn apply(&self, col: f64, row: f64) -> PixelPoint {
        PixelPoint {
            col: self.first.col + col * self.along_col.0 + row * self.along_row.0,
            row: self.first.row + col * self.along_col.1 + row * self.along_row.1,
        }
    }

    /// The part of `to` that lies under all of `from`; `None` if none does.
    pub(super) fn window_under(&self, from: &Grid, to: &Grid) -> Option<Window> {
        let (width, height) = (from.width as f64, from.height as f64);
        let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]
            .map(|(col, row)| self.apply(col, row));
        let (col, width) = clip(corners.map(|p| p.col), to.width)?;
        let (row, height) = clip(corners.map(|p| p.row), to.height)?;
        Some(Window {
            col,
            row,
            width,
            height,
        })
    }
}

/// First and number of whole pixels between the least and the greatest of
/// `at`, clipped to `0..len`.
fn clip(at: [f64; 4], len: usize) -> Option<(usize, usize)> {
    let low = at.into_iter().fold(f64::INFINITY, f64::min);
    let high = at.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let first = low.floor().clamp(0.0, len as f64) as usize;
    let end = high.ceil().clamp(0.0, len as f64) as usize;
    (end > first).then_some((first, end - first))
}

/// Whole pixels (columns, rows) from the first pixel of `grid` to the first
/// pixel of `other`; `None` unless the two are parts of one lattice: same CRS,
/// same steps, same phase within a hundredth of a pixel over the whole raster.
pub(super) fn lattice_offset(grid: &Grid, other: &Grid) -> Option<(isize, isize)> {
    if grid.crs != other.crs {
        return None;
    }
    let way = Way::between(other, grid)?;
    let first = way.apply(0.0, 0.0);
    let (cols, rows) = (first.col.round(), first.row.round());
    let (width, height) = (other.width as f64, other.height as f64);
    let agree = [(0.0, 0.0), (width, 0.0), (0.0, height)]
        .iter()
        .all(|&(col, row)| {
            let p = way.apply(col, row);
            (p.col - cols - col).abs() <= SAME_GRID_PX && (p.row - rows - row).abs() <= SAME_GRID_PX
        });
    agree.then_some((cols as isize, rows as isize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(x: f64, y: f64, step: f64, size: usize) -> Grid {
        Grid {
            width: size,
            height: size,
            origin: [x, step, 0.0, y, 0.0, -step],
            crs: "EPSG:32652".into(),
        }
    }

    #[test]
    fn a_neighbour_on_the_lattice_is_whole_pixels_away() {
        let here = grid(600_000.0, 4_700_040.0, 10.0, 10_980);
        let south = grid(600_000.0, 4_590_240.0, 10.0, 10_980);
        assert_eq!(lattice_offset(&here, &south), Some((0, 10_980)));
        assert_eq!(lattice_offset(&south, &here), Some((0, -10_980)));
    }

    #[test]
    fn another_phase_step_or_zone_is_another_lattice() {
        let here = grid(600_000.0, 4_700_040.0, 10.0, 1_000);
        let phase = grid(600_000.2, 4_700_040.0, 10.0, 1_000);
        // Over 1,000 pixels a step of 10.001 m drifts by a tenth of a pixel.
        let step = grid(600_000.0, 4_700_040.0, 10.001, 1_000);
        let mut zone = here.clone();
        zone.crs = "EPSG:32651".into();
        for other in [phase, step, zone] {
            assert_eq!(lattice_offset(&here, &other), None);
        }
    }

    #[test]
    fn only_what_lies_under_is_in_the_window() {
        let pixels = grid(1_000.0, 1_000.0, 10.0, 5);
        let coarse = grid(990.0, 1_000.0, 20.0, 100);
        let window = Way::between(&pixels, &coarse).and_then(|w| w.window_under(&pixels, &coarse));
        // 1,000 to 1,050 m lie in the coarse columns 0 to 2, and rows 0 to 2.
        let expected = Window {
            col: 0,
            row: 0,
            width: 3,
            height: 3,
        };
        assert_eq!(window, Some(expected));
        let far = grid(5_000.0, 1_000.0, 10.0, 5);
        assert_eq!(
            Way::between(&far, &coarse).and_then(|w| w.window_under(&far, &coarse)),
            None
        );
    }
}
