//! Captures in the folders and files that providers deliver.

use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use ndarray::{Array2, Array3, Axis};
use rand::RngExt;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::geo::Grid;
use crate::source::{RasterFile, RasterLayout, RasterSamples};

use super::circumstances::Circumstances;
use super::masks::Verdict;
use super::places::{mgrs_square, outline};
use super::random::stream;
use super::render::Picture;
use super::scenario::Sensor;

/// One product to be written.
pub(super) struct Product<'a> {
    pub sensor: Sensor,
    /// Folder that all products of the series go to.
    pub folder: &'a Path,
    /// Short name of the place.
    pub place: &'a str,
    pub grid: &'a Grid,
    pub seed: u64,
    pub capture: &'a Circumstances,
    pub picture: &'a Picture,
}

/// Counts for a reflectance of one.
const QUANTIFICATION: f32 = 10_000.0;

/// What Sentinel-2 adds to its counts from processing baseline 04.00 on, so
/// that dark pixels keep their noise.
const BOA_OFFSET: f32 = 1000.0;

impl Product<'_> {
    /// Writes the product and returns its id.
    pub(super) fn write(&self) -> Result<String> {
        match self.sensor {
            Sensor::Sentinel2 => self.stac_item(),
            Sensor::PlanetScope => self.ps_scene(),
            Sensor::Vhr => self.ortho(),
            Sensor::Sentinel1 => self.backscatter(),
        }
    }

    fn time(&self, format: &str) -> String {
        let utc = TimeZone::UTC.to_datetime(self.capture.acquired);
        utc.strftime(format).to_string()
    }

    /// Reflectance as counts, 0 outside the footprint.
    fn counts(&self, offset: f32) -> Array3<u16> {
        let mut counts = self.picture.values.mapv(|v| {
            let count = (v * QUANTIFICATION + offset).round();
            count.clamp(1.0, f32::from(u16::MAX)) as u16
        });
        for mut band in counts.outer_iter_mut() {
            band.zip_mut_with(&self.picture.covered, |count, &covered| {
                if !covered {
                    *count = 0;
                }
            });
        }
        counts
    }

    fn raster<'a>(&'a self, samples: &'a RasterSamples, layout: RasterLayout) -> RasterFile<'a> {
        RasterFile {
            grid: self.grid,
            samples,
            nodata: Some(0.0),
            descriptions: &[],
            tags: &[],
            layout,
        }
    }

    /// Sentinel-2 as an item of Earth Search: one folder, one COG a band.
    fn stac_item(&self) -> Result<String> {
        let tile = mgrs_square(self.grid);
        let id = format!("S2B_{tile}_{}_0_L2A", self.time("%Y%m%d"));
        let folder = self.folder.join(&id);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let counts = self.counts(BOA_OFFSET);
        for (band, name) in ["B02", "B03", "B04", "B08"].into_iter().enumerate() {
            let plane = counts.index_axis(Axis(0), band).to_owned();
            let samples = RasterSamples::UInt16(plane.insert_axis(Axis(0)));
            self.raster(&samples, RasterLayout::CloudOptimised)
                .write(&folder.join(format!("{name}.tif")))?;
        }
        let (grid, classes) = self.scene_classification();
        let samples = RasterSamples::Byte(classes.insert_axis(Axis(0)));
        let file = RasterFile {
            grid: &grid,
            ..self.raster(&samples, RasterLayout::Rows)
        };
        file.write(&folder.join("SCL.tif"))?;
        write_json(&folder.join(format!("{id}.json")), &self.item(&id, &tile)?)?;
        Ok(id)
    }

    /// Classes of `Sen2Cor` at 20 m: the worst of the four pixels below.
    fn scene_classification(&self) -> (Grid, Array2<u8>) {
        let (height, width) = self.picture.covered.dim();
        let mut grid = self.grid.clone();
        (grid.width, grid.height) = (width.div_ceil(2), height.div_ceil(2));
        (grid.origin[1], grid.origin[5]) = (2.0 * grid.origin[1], 2.0 * grid.origin[5]);
        let classes = Array2::from_shape_fn((grid.height, grid.width), |(row, col)| {
            let rows = 2 * row..(2 * row + 2).min(height);
            let four: Vec<(usize, usize)> = rows
                .flat_map(|r| (2 * col..(2 * col + 2).min(width)).map(move |c| (r, c)))
                .collect();
            if four.iter().any(|&at| !self.picture.covered[at]) {
                return NO_DATA;
            }
            let Some(verdicts) = &self.picture.verdicts else {
                return UNCLASSIFIED;
            };
            four.iter()
                .map(|&at| scl(verdicts[at]))
                .max_by_key(|&class| severity(class))
                .unwrap_or(UNCLASSIFIED)
        });
        (grid, classes)
    }

    fn item(&self, id: &str, tile: &str) -> Result<Value> {
        let asset = |file: &str, name: &str| {
            json!({
                "href": format!("./{file}.tif"),
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "roles": ["data", "reflectance"],
                "gsd": 10,
                "eo:bands": [{"name": name, "common_name": name}],
                "raster:bands": [{
                    "nodata": 0, "data_type": "uint16", "spatial_resolution": 10,
                    "scale": 0.0001, "offset": -0.1,
                }],
            })
        };
        let (geometry, bbox) = outline(self.grid)?;
        Ok(json!({
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": id,
            "collection": "sentinel-2-l2a",
            "geometry": geometry,
            "bbox": bbox,
            "links": [],
            "properties": {
                "datetime": self.time("%Y-%m-%dT%H:%M:%S.000000Z"),
                "platform": "sentinel-2b",
                "constellation": "sentinel-2",
                "instruments": ["msi"],
                "gsd": 10,
                "grid:code": format!("MGRS-{tile}"),
                "s2:processing_baseline": "05.09",
                "earthsearch:boa_offset_applied": false,
                "eo:cloud_cover": 100.0 * self.capture.cloud,
                "description": "Simulated by railspan; shows no real place or time.",
            },
            "assets": {
                "blue": asset("B02", "blue"),
                "green": asset("B03", "green"),
                "red": asset("B04", "red"),
                "nir": asset("B08", "nir"),
                "scl": {
                    "href": "./SCL.tif",
                    "type": "image/tiff; application=geotiff",
                    "roles": ["data"],
                },
            },
        }))
    }

    /// `PlanetScope` as an order of clipped scenes: three files side by side.
    fn ps_scene(&self) -> Result<String> {
        let mut rng = stream(self.seed, "satellite", self.capture.index);
        let satellite = format!("24{:02x}", rng.random_range(0..=255u8));
        let id = format!(
            "{}_{:02}_{satellite}",
            self.time("%Y%m%d_%H%M%S"),
            rng.random_range(10..100u8)
        );
        let samples = RasterSamples::UInt16(self.counts(0.0));
        self.raster(&samples, RasterLayout::Tiled)
            .write(&self.folder.join(format!("{id}_3B_AnalyticMS_SR_clip.tif")))?;
        let samples = RasterSamples::Byte(self.usable_data_mask());
        let mask = RasterFile {
            nodata: None,
            ..self.raster(&samples, RasterLayout::Tiled)
        };
        mask.write(&self.folder.join(format!("{id}_3B_udm2_clip.tif")))?;
        let (geometry, _) = outline(self.grid)?;
        let metadata = json!({
            "type": "Feature",
            "id": id,
            "geometry": geometry,
            "properties": {
                "acquired": self.time("%Y-%m-%dT%H:%M:%S.000000Z"),
                "item_type": "PSScene",
                "instrument": "PS2.SD",
                "satellite_id": satellite,
                "provider": "planetscope",
                "gsd": 3.9,
                "pixel_resolution": 3,
                "cloud_cover": self.capture.cloud,
                "quality_category": "standard",
                "strip_id": format!("{}", 6_200_000 + self.capture.index),
                "publishing_stage": "finalized",
            },
        });
        write_json(&self.folder.join(format!("{id}_metadata.json")), &metadata)?;
        Ok(id)
    }

    /// The eight bands of UDM2: clear, snow, shadow, light haze, heavy haze,
    /// cloud, confidence, unusable.
    fn usable_data_mask(&self) -> Array3<u8> {
        let (height, width) = self.picture.covered.dim();
        let mut mask = Array3::zeros((8, height, width));
        for ((row, col), &covered) in self.picture.covered.indexed_iter() {
            let verdict = self.picture.verdicts.as_ref().map(|v| v[[row, col]]);
            let band = match verdict {
                _ if !covered => 7,
                Some(Verdict::Snow) => 1,
                Some(Verdict::Shadow) => 2,
                Some(Verdict::Haze) => 3,
                Some(Verdict::Cloud) => 5,
                _ => 0,
            };
            mask[[band, row, col]] = 1;
            if covered {
                mask[[6, row, col]] = if band == 0 { 94 } else { 78 };
            }
        }
        mask
    }

    /// A plain ortho-image, red first, without a mask.
    fn ortho(&self) -> Result<String> {
        let id = format!("{}_ortho_rgbn", self.time("%Y%m%dT%H%M%SZ"));
        let counts = self.counts(0.0).select(Axis(0), &[2, 1, 0, 3]);
        let samples = RasterSamples::UInt16(counts);
        let file = RasterFile {
            descriptions: &["red", "green", "blue", "nir"],
            ..self.raster(&samples, RasterLayout::Tiled)
        };
        file.write(&self.folder.join(format!("{id}.tif")))?;
        Ok(id)
    }

    /// Plain backscatter, linear power.
    fn backscatter(&self) -> Result<String> {
        let id = format!("S1_{}_{}", self.place, self.time("%Y%m%d"));
        let samples = RasterSamples::Float32(self.picture.values.clone());
        let file = RasterFile {
            nodata: Some(f64::NAN),
            descriptions: &["backscatter_linear"],
            tags: &[
                ("ACQUISITION_DATE", self.time("%Y-%m-%dT%H:%M:%SZ")),
                ("TIFFTAG_DATETIME", self.time("%Y:%m:%d %H:%M:%S")),
                ("POLARISATION", "VV".to_owned()),
            ],
            ..self.raster(&samples, RasterLayout::Tiled)
        };
        file.write(&self.folder.join(format!("{id}.tif")))?;
        Ok(id)
    }
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    fs::write(path, format!("{value:#}\n")).map_err(Error::io(path))
}

/// Classes of `Sen2Cor` without a verdict.
const NO_DATA: u8 = 0;
const UNCLASSIFIED: u8 = 7;

/// Class of `Sen2Cor`'s scene classification for a verdict.
fn scl(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Shadow => 3,
        Verdict::Green => 4,
        Verdict::Clear => 5,
        Verdict::Water => 6,
        Verdict::Cloud => 9,
        Verdict::Haze => 10,
        Verdict::Snow => 11,
    }
}

/// Which class a coarser pixel takes: what hides goes before what is seen.
fn severity(class: u8) -> u8 {
    match class {
        9 => 4,
        10 => 3,
        3 => 2,
        11 => 1,
        _ => 0,
    }
}
