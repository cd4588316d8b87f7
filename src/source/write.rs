//! Rasters written whole: `GeoTIFF` and its cloud-optimised form.

use std::path::Path;

use gdal::raster::{Buffer, ColorInterpretation, GdalType, RasterCreationOptions};
use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, SpatialRef};
use gdal::{Dataset, DriverManager, Metadata};
use ndarray::Array3;

use super::settings;
use crate::error::{Error, Result};
use crate::geo::{Grid, LonLat, Point};

/// Samples of a raster, (band, row, column).
#[derive(Debug, Clone, PartialEq)]
pub enum RasterSamples {
    /// Masks and classes.
    Byte(Array3<u8>),
    /// Scaled reflectance.
    UInt16(Array3<u16>),
    /// Backscatter.
    Float32(Array3<f32>),
}

/// How the file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RasterLayout {
    /// Tiles of 256 pixels, bands of a pixel together.
    Tiled,
    /// Cloud-optimised: tiles, overviews, header first.
    CloudOptimised,
    /// Whole rows, as small classifications come.
    Rows,
}

/// What a raster file is to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct RasterFile<'a> {
    /// Where its pixels lie.
    pub grid: &'a Grid,
    /// Its samples; shape (bands, grid height, grid width).
    pub samples: &'a RasterSamples,
    /// The value that means "no data".
    pub nodata: Option<f64>,
    /// What each band shows, such as `red` or `VV`; may be fewer than bands.
    pub descriptions: &'a [&'a str],
    /// Tags of the file.
    pub tags: &'a [(&'a str, String)],
    /// How it is laid out.
    pub layout: RasterLayout,
}

impl RasterFile<'_> {
    /// Writes the file, replacing one of the same name only when it is whole.
    ///
    /// # Errors
    /// The folder cannot be written, or the grid's CRS is unknown.
    pub fn write(&self, path: &Path) -> Result<()> {
        settings::prepare();
        let part = path.with_extension("part");
        let name = path.to_string_lossy().into_owned();
        self.write_as(&part)
            .map_err(|e| settings::failure(&name, "could not be written", &e))?;
        std::fs::rename(&part, path).map_err(Error::io(path))
    }

    fn write_as(&self, path: &Path) -> gdal::errors::Result<()> {
        let memory = match self.samples {
            RasterSamples::Byte(values) => self.in_memory(values),
            RasterSamples::UInt16(values) => self.in_memory(values),
            RasterSamples::Float32(values) => self.in_memory(values),
        }?;
        let (driver, options) = match self.layout {
            RasterLayout::Tiled => (
                "GTiff",
                vec![
                    "TILED=YES",
                    "BLOCKXSIZE=256",
                    "BLOCKYSIZE=256",
                    self.predictor(),
                ],
            ),
            RasterLayout::CloudOptimised => ("COG", vec!["BLOCKSIZE=512", "RESAMPLING=AVERAGE"]),
            RasterLayout::Rows => ("GTiff", vec![]),
        };
        let options: RasterCreationOptions = options
            .into_iter()
            .chain(["COMPRESS=DEFLATE", "NUM_THREADS=1"])
            .collect();
        let driver = DriverManager::get_driver_by_name(driver)?;
        memory.create_copy(&driver, path, &options)?.close()
    }

    fn predictor(&self) -> &'static str {
        match self.samples {
            RasterSamples::Byte(_) => "PREDICTOR=1",
            RasterSamples::UInt16(_) => "PREDICTOR=2",
            RasterSamples::Float32(_) => "PREDICTOR=3",
        }
    }

    fn in_memory<T: GdalType + Copy>(&self, values: &Array3<T>) -> gdal::errors::Result<Dataset> {
        let (bands, height, width) = values.dim();
        let mut dataset = DriverManager::get_driver_by_name("MEM")?
            .create_with_band_type::<T, _>("", width, height, bands)?;
        dataset.set_geo_transform(&self.grid.origin)?;
        dataset.set_spatial_ref(&SpatialRef::from_definition(&self.grid.crs)?)?;
        for (key, value) in self.tags {
            dataset.set_metadata_item(key, value, "")?;
        }
        for (i, plane) in values.outer_iter().enumerate() {
            let mut band = dataset.rasterband(i + 1)?;
            let data = plane.iter().copied().collect();
            band.write(
                (0, 0),
                (width, height),
                &mut Buffer::new((width, height), data),
            )?;
            band.set_no_data_value(self.nodata)?;
            if let Some(description) = self.descriptions.get(i) {
                band.set_description(description)?;
                band.set_color_interpretation(colour(description))?;
            }
        }
        Ok(dataset)
    }
}

fn colour(description: &str) -> ColorInterpretation {
    match description {
        "red" => ColorInterpretation::RedBand,
        "green" => ColorInterpretation::GreenBand,
        "blue" => ColorInterpretation::BlueBand,
        _ => ColorInterpretation::Undefined,
    }
}

/// Places on the ellipsoid as map coordinates of a CRS.
///
/// # Errors
/// The CRS is unknown, or a place lies where it is not defined.
pub fn project_places(places: &[LonLat], crs: &str) -> Result<Vec<Point>> {
    let pairs: Vec<(f64, f64)> = places.iter().map(|p| (p.lon_deg, p.lat_deg)).collect();
    let map = transformed(&pairs, WGS84, crs)?;
    Ok(map
        .into_iter()
        .map(|(east_m, north_m)| Point { east_m, north_m })
        .collect())
}

/// Map coordinates of a CRS, (x, y), as places on the ellipsoid.
///
/// # Errors
/// The CRS is unknown, or a point lies where it is not defined.
pub fn unproject_points(points: &[(f64, f64)], crs: &str) -> Result<Vec<LonLat>> {
    let places = transformed(points, crs, WGS84)?;
    Ok(places
        .into_iter()
        .map(|(lon_deg, lat_deg)| LonLat { lon_deg, lat_deg })
        .collect())
}

const WGS84: &str = "EPSG:4326";

fn transformed(points: &[(f64, f64)], from: &str, to: &str) -> Result<Vec<(f64, f64)>> {
    settings::prepare();
    let reference = |crs: &str| -> gdal::errors::Result<SpatialRef> {
        let mut reference = SpatialRef::from_definition(crs)?;
        reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        Ok(reference)
    };
    let transform = || -> gdal::errors::Result<Vec<(f64, f64)>> {
        let (mut x, mut y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        CoordTransform::new(&reference(from)?, &reference(to)?)?.transform_coords(
            &mut x,
            &mut y,
            &mut [],
        )?;
        Ok(x.into_iter().zip(y).collect())
    };
    transform().map_err(|e| {
        let crs = if from == WGS84 { to } else { from };
        Error::value("CRS", crs, format!("one that holds the places ({e})"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let grid = Grid {
            width: 3,
            height: 2,
            origin: [600_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0],
            crs: "EPSG:32652".into(),
        };
        let values = Array3::from_shape_fn((2, 2, 3), |(b, r, c)| (100 * b + 10 * r + c) as u16);
        let path = folder.path().join("a.tif");
        for layout in [
            RasterLayout::Tiled,
            RasterLayout::CloudOptimised,
            RasterLayout::Rows,
        ] {
            let file = RasterFile {
                grid: &grid,
                samples: &RasterSamples::UInt16(values.clone()),
                nodata: Some(0.0),
                descriptions: &["red", "nir"],
                tags: &[("ACQUISITION_DATE", "2022-01-05".to_owned())],
                layout,
            };
            file.write(&path).unwrap();
            let dataset = Dataset::open(&path).unwrap();
            assert_eq!(dataset.geo_transform().unwrap(), grid.origin);
            let band = dataset.rasterband(2).unwrap();
            assert_eq!(band.no_data_value(), Some(0.0));
            assert_eq!(band.description().unwrap(), "nir");
            let read = band.read_as::<u16>((0, 0), (3, 2), (3, 2), None).unwrap();
            assert_eq!(read.data(), [100, 101, 102, 110, 111, 112]);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_central_meridian_is_at_half_a_million() {
        let place = LonLat {
            lon_deg: 129.0,
            lat_deg: 0.0,
        };
        let points = project_places(&[place], "EPSG:32652").unwrap();
        assert!((points[0].east_m - 500_000.0).abs() < 1e-6 && points[0].north_m.abs() < 1e-6);
        assert!(project_places(&[place], "EPSG:99999999").is_err());
    }
}
