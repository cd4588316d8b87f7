//! Names and outlines of windows, as product metadata give them.

use serde_json::{Value, json};

use crate::error::Result;
use crate::geo::{Grid, PixelPoint};
use crate::source::unproject_points;

/// The MGRS square of the middle of a UTM window, such as `52TFN` (NGA,
/// TM 8358.1: letters of columns repeat every third zone, those of rows every
/// second).
pub(super) fn mgrs_square(grid: &Grid) -> String {
    const ROWS: &[u8] = b"ABCDEFGHJKLMNPQRSTUV";
    const COLUMNS: [&[u8]; 3] = [b"STUVWXYZ", b"ABCDEFGH", b"JKLMNPQR"];
    const BANDS: &[u8] = b"CDEFGHJKLMNPQRSTUVWX";
    let (x, y) = grid.map_at(middle(grid));
    let code: u32 = grid
        .crs
        .trim_start_matches("EPSG:")
        .parse()
        .unwrap_or(32_601);
    let zone = code % 100;
    let south = code / 100 == 327;
    // Degrees of latitude from metres along the meridian: right to a twentieth of a degree.
    let latitude_deg = if south { y - 1e7 } else { y } / 110_750.0;
    let band = ((latitude_deg + 80.0) / 8.0).clamp(0.0, 19.0) as usize;
    let column = ((x / 1e5) as usize).clamp(1, 8) - 1;
    let row = (y / 1e5) as usize + if zone.is_multiple_of(2) { 5 } else { 0 };
    format!(
        "{zone:02}{}{}{}",
        char::from(BANDS[band]),
        char::from(COLUMNS[(zone % 3) as usize][column]),
        char::from(ROWS[row % 20])
    )
}

fn middle(grid: &Grid) -> PixelPoint {
    PixelPoint {
        col: 0.5 * grid.width as f64,
        row: 0.5 * grid.height as f64,
    }
}

/// Outline of a window as a GeoJSON polygon, and its box, WGS 84.
///
/// # Errors
/// The grid's CRS is unknown.
pub(super) fn outline(grid: &Grid) -> Result<(Value, Value)> {
    let (width, height) = (grid.width as f64, grid.height as f64);
    let corners: Vec<(f64, f64)> = [(0.0, 0.0), (0.0, height), (width, height), (width, 0.0)]
        .into_iter()
        .map(|(col, row)| grid.map_at(PixelPoint { col, row }))
        .collect();
    let places = unproject_points(&corners, &grid.crs)?;
    let ring: Vec<[f64; 2]> = places
        .iter()
        .chain(places.first())
        .map(|p| [p.lon_deg, p.lat_deg])
        .collect();
    let bound = |axis: usize, better: fn(f64, f64) -> f64| {
        ring.iter().map(|c| c[axis]).reduce(better).unwrap_or(0.0)
    };
    let bbox = json!([
        bound(0, f64::min),
        bound(1, f64::min),
        bound(0, f64::max),
        bound(1, f64::max)
    ]);
    Ok((json!({"type": "Polygon", "coordinates": [ring]}), bbox))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_carry_their_known_names() {
        let square = |epsg: u32, x: f64, y: f64| {
            mgrs_square(&Grid {
                width: 2,
                height: 2,
                origin: [x - 10.0, 10.0, 0.0, y + 10.0, 0.0, -10.0],
                crs: format!("EPSG:{epsg}"),
            })
        };
        // The bridges' Sentinel-2 tiles: 52TFM at Tumangang, 51TXE at Dandong;
        // and Canberra in the south.
        assert_eq!(square(32_652, 635_000.0, 4_697_000.0), "52TFM");
        assert_eq!(square(32_651, 618_700.0, 4_441_400.0), "51TXE");
        assert_eq!(square(32_755, 694_000.0, 6_092_000.0), "55HFA");
    }
}
