//! From a STAC item to a scene: which assets hold which bands and what their
//! numbers mean, for the archives that are in use.

use super::sentinel2::{self, ProductName};
use super::stac::asset_file;
use super::stac_item::{Asset, Band, Item};
use super::stac_offset::{Stated, calibration};
use super::{BandRole, BandSource, Find, MaskLayer, MaskRule, Modality, Problem, Scene, Unit};

/// A role and the keys of the assets that may hold it, the preferred one first.
type Keys = (BandRole, &'static [&'static str]);

/// Earth Search v1 and stactools, Earth Search v0 and the Planetary Computer,
/// Copernicus Data Space, Earth Search v1 in JPEG 2000.
const SENTINEL2: [Keys; 4] = [
    (BandRole::Blue, &["blue", "B02", "B02_10m", "blue-jp2"]),
    (BandRole::Green, &["green", "B03", "B03_10m", "green-jp2"]),
    (BandRole::Red, &["red", "B04", "B04_10m", "red-jp2"]),
    (BandRole::Nir, &["nir", "B08", "B08_10m", "nir-jp2"]),
];

const SCENE_CLASSIFICATION: [&str; 4] = ["scl", "SCL", "SCL_20m", "scl-jp2"];

/// USGS and the Planetary Computer, USGS before 2021 (Landsat 8 and 9),
/// Digital Earth Australia.
const LANDSAT: [Keys; 4] = [
    (BandRole::Blue, &["blue", "SR_B2.TIF", "nbart_blue"]),
    (BandRole::Green, &["green", "SR_B3.TIF", "nbart_green"]),
    (BandRole::Red, &["red", "SR_B4.TIF", "nbart_red"]),
    (BandRole::Nir, &["nir08", "SR_B5.TIF", "nbart_nir"]),
];

const RADAR: [Keys; 4] = [
    (BandRole::Vv, &["vv", "VV"]),
    (BandRole::Vh, &["vh", "VH"]),
    (BandRole::Hh, &["hh", "HH"]),
    (BandRole::Hv, &["hv", "HV"]),
];

/// Landsat Collection 2 level 2, value = DN × 0.0000275 − 0.2 (USGS Landsat
/// 8-9 Collection 2 Level 2 Science Product Guide, 6.1).
const LANDSAT_C2_L2: Band = Band {
    common_name: String::new(),
    scale: Some(0.000_027_5),
    offset: Some(-0.2),
    nodata: Some(0.0),
};

/// Digital Earth Australia's NBART: reflectance × 10,000, no data −999.
const NBART: Band = Band {
    common_name: String::new(),
    scale: Some(0.0001),
    offset: Some(0.0),
    nodata: Some(-999.0),
};

/// Bits 0 to 4 of `QA_PIXEL`: fill, dilated cloud, cirrus, cloud, cloud shadow.
const QA_PIXEL_BITS: u16 = 0b1_1111;

/// Classes of `fmask` that show the ground: 1 clear, 4 snow, 5 water.
const FMASK_USABLE: [u16; 3] = [1, 4, 5];

/// No data in the Planetary Computer's radar backscatter.
const RTC_NODATA: f64 = -32768.0;

/// Makes a scene of an item.
pub(super) fn scene(find: &Find, item: &Item) -> Result<Scene, Problem> {
    if item.id.is_empty() {
        return Err(find.problem("the item has no id", "correct the item"));
    }
    let platform = platform(item);
    let family = |name: &str| platform.starts_with(name) || item.collection.starts_with(name);
    let base = base(find, item, &platform)?;
    if family("sentinel-2") || family("sentinel-s2") {
        sentinel2(find, item, base)
    } else if family("sentinel-1") {
        sentinel1(find, item, base)
    } else if family("landsat") || item.assets.contains_key("nbart_red") {
        landsat(find, item, base)
    } else {
        named_bands(find, item, base)
    }
}

/// What all items have in common; the rest is filled in by the family.
fn base(find: &Find, item: &Item, platform: &str) -> Result<Scene, Problem> {
    let text = item
        .property(&["datetime", "start_datetime"])
        .unwrap_or_default();
    let datetime = sentinel2::time(&text).ok_or_else(|| {
        find.problem(
            format!("the datetime {text:?} is not a time"),
            "correct the item: RFC 3339, as 2022-01-09T02:16:27Z",
        )
    })?;
    let constellation = item.property(&["constellation"]);
    let sensor = constellation.map_or_else(|| platform.to_owned(), |c| sentinel2::platform(&c));
    Ok(Scene {
        id: item.id.clone(),
        product: find.product.clone(),
        datetime,
        sensor: if sensor.is_empty() {
            "generic".into()
        } else {
            sensor
        },
        platform: platform.to_owned(),
        modality: Modality::Optical,
        gsd_m: item
            .property(&["gsd", "eo:gsd"])
            .and_then(|g| g.parse().ok()),
        unit: Unit::Reflectance,
        bands: Vec::new(),
        masks: Vec::new(),
        relative_orbit: item
            .property(&["sat:relative_orbit"])
            .and_then(|orbit| orbit.parse().ok()),
        version: item.property(&["updated", "created"]).unwrap_or_default(),
        pass: String::new(),
        tile: String::new(),
    })
}

/// The satellite: as the item says, else from the id.
fn platform(item: &Item) -> String {
    let stated = item.property(&["platform", "eo:platform"]);
    stated.map_or_else(
        || match item.id.get(..3) {
            Some("S2A") => "sentinel-2a".into(),
            Some("S2B") => "sentinel-2b".into(),
            Some("S2C") => "sentinel-2c".into(),
            _ => String::new(),
        },
        |name| sentinel2::platform(&name),
    )
}

fn sentinel2(find: &Find, item: &Item, base: Scene) -> Result<Scene, Problem> {
    let names = ["s2:product_uri", "sentinel:product_id"];
    let product = item.property(&names).unwrap_or_else(|| item.id.clone());
    let name = ProductName::parse(&product).unwrap_or_default();
    let baseline = item
        .property(&["s2:processing_baseline", "sentinel:processing_baseline"])
        .or(name.baseline);
    let kind = item.property(&["s2:product_type"]).unwrap_or_default();
    let is_l1c = kind == "S2MSI1C"
        || [&name.level, &item.collection, &item.id]
            .iter()
            .any(|text| text.to_uppercase().contains("L1C"));
    let applied = item.flag(&[
        "earthsearch:boa_offset_applied",
        "sentinel:boa_offset_applied",
    ]);
    let calibrate = |band: &Band| {
        let (scale, offset) = calibration(Stated {
            baseline: baseline.as_deref().and_then(|b| b.parse().ok()),
            applied,
            scale: band.scale,
            offset: band.offset,
        })?;
        Ok((scale, offset, band.nodata.or(Some(sentinel2::NODATA))))
    };
    let processed = match name.discriminator.as_str() {
        "" => item.property(&["s2:generation_time", "s2:sequence", "sentinel:sequence"]),
        discriminator => Some(discriminator.to_owned()),
    };
    let masks = mask(find, item, &SCENE_CLASSIFICATION)?;
    Ok(Scene {
        sensor: "sentinel-2".into(),
        gsd_m: Some(sentinel2::GSD_M),
        bands: bands(find, item, &SENTINEL2, calibrate)?,
        masks: masks
            .map(sentinel2::scene_classification)
            .into_iter()
            .collect(),
        relative_orbit: base.relative_orbit.or(name.orbit),
        version: sentinel2::version(
            if is_l1c { "L1C" } else { "L2A" },
            &baseline.unwrap_or_default(),
            &processed.unwrap_or_default(),
        ),
        pass: base.platform.clone(),
        tile: tile(item).or(name.tile).unwrap_or_default(),
        ..base
    })
}

/// The MGRS tile, from the properties or the id.
fn tile(item: &Item) -> Option<String> {
    let code = item.property(&["s2:mgrs_tile", "grid:code"]);
    code.and_then(|code| sentinel2::tile_in(&code))
        .or_else(|| sentinel2::tile_in(&item.id))
}

fn landsat(find: &Find, item: &Item, base: Scene) -> Result<Scene, Problem> {
    let is_nbart = item.assets.contains_key("nbart_red");
    let is_c2_l2 = item.id.contains("_L2S") || item.collection.contains("c2-l2");
    let calibrate = |band: &Band| {
        let known = match (band.scale, is_nbart, is_c2_l2) {
            (Some(_), _, _) => band,
            (None, true, _) => &NBART,
            (None, false, true) => &LANDSAT_C2_L2,
            (None, false, false) => {
                return Err("it gives no scale and is not of Collection 2 level 2".to_owned());
            }
        };
        let (scale, offset) = (known.scale.unwrap_or(1.0), known.offset.unwrap_or(0.0));
        Ok((scale, offset, band.nodata.or(known.nodata).or(Some(0.0))))
    };
    let quality = mask(find, item, &["qa_pixel", "QA_PIXEL.TIF"])?.map(|path| MaskLayer {
        name: "QA_PIXEL".into(),
        path,
        index: 1,
        rule: MaskRule::NoBitOf(QA_PIXEL_BITS),
    });
    let fmask = mask(find, item, &["oa_fmask", "fmask"])?.map(|path| MaskLayer {
        name: "FMASK".into(),
        path,
        index: 1,
        rule: MaskRule::OnlyIn(FMASK_USABLE.to_vec()),
    });
    let wrs = |name: &str| item.property(&[name]).and_then(|n| n.parse::<u16>().ok());
    let (path, row) = (wrs("landsat:wrs_path"), wrs("landsat:wrs_row"));
    Ok(Scene {
        id: item.id.trim_end_matches("_SR").to_owned(),
        sensor: "landsat".into(),
        gsd_m: Some(30.0),
        bands: bands(find, item, &LANDSAT, calibrate)?,
        masks: quality.into_iter().chain(fmask).collect(),
        pass: landsat_pass(&base, path),
        tile: row.map_or(String::new(), |row| row.to_string()),
        relative_orbit: path.or(base.relative_orbit),
        // The day of processing, as in the MTL file's product id.
        version: item.id.split('_').nth(4).unwrap_or_default().to_owned(),
        ..base
    })
}

/// The key of the rows that Landsat saw on one path in one day, the same as
/// for products with an MTL file.
fn landsat_pass(base: &Scene, path: Option<u16>) -> String {
    let day = base.datetime.strftime("%Y-%m-%d");
    let path = path.map_or(String::new(), |path| path.to_string());
    format!("landsat/{}/{path}/{day}", base.platform.replace('-', "_"))
}

fn sentinel1(find: &Find, item: &Item, base: Scene) -> Result<Scene, Problem> {
    if !item.collection.contains("rtc") && !item.id.to_lowercase().ends_with("_rtc") {
        return Err(find.problem(
            "radar imagery that is not terrain-corrected",
            "download the RTC product of the same scene",
        ));
    }
    let calibrate = |band: &Band| {
        let (scale, offset) = (band.scale.unwrap_or(1.0), band.offset.unwrap_or(0.0));
        Ok((scale, offset, band.nodata.or(Some(RTC_NODATA))))
    };
    Ok(Scene {
        id: item.id.trim_end_matches("_rtc").to_owned(),
        sensor: "sentinel-1".into(),
        modality: Modality::Sar,
        unit: Unit::Power,
        gsd_m: Some(10.0),
        bands: bands(find, item, &RADAR, calibrate)?,
        pass: base.platform.clone(),
        ..base
    })
}

/// Items of other sensors, by the common names of their bands: single bands
/// if there are some, else the asset with most of them.
fn named_bands(find: &Find, item: &Item, base: Scene) -> Result<Scene, Problem> {
    let is_picture = |asset: &Asset| {
        let pictures = ["thumbnail", "overview", "visual"];
        asset.roles.iter().any(|r| pictures.contains(&r.as_str()))
    };
    let mut singles = Vec::new();
    let mut fullest = Vec::new();
    for asset in item.assets.values().filter(|a| !is_picture(a)) {
        let roles: Vec<(usize, BandRole, &Band)> = (1..)
            .zip(&asset.bands)
            .filter_map(|(i, band)| Some((i, role_of(&band.common_name)?, band)))
            .collect();
        let sources = || -> Result<Vec<BandSource>, Problem> {
            let path = asset_file(find, asset)?;
            let source = |&(index, role, band): &(usize, BandRole, &Band)| BandSource {
                role,
                path: path.clone(),
                index,
                scale: band.scale.unwrap_or(1.0),
                offset: band.offset.unwrap_or(0.0),
                nodata: band.nodata,
            };
            Ok(roles.iter().map(source).collect())
        };
        if asset.bands.len() == 1 && roles.len() == 1 {
            singles.extend(sources()?);
        } else if roles.len() > fullest.len() {
            fullest = sources()?;
        }
    }
    let mut bands = if singles.is_empty() { fullest } else { singles };
    bands.sort_by_key(|b| b.role);
    bands.dedup_by_key(|b| b.role);
    if bands.is_empty() {
        return Err(find.problem(
            "no asset has bands with the common names blue, green, red, nir or pan",
            "add them to the item (eo:bands), or take the item away and give --bands",
        ));
    }
    let is_calibrated = bands.iter().all(|b| b.scale < 1.0);
    Ok(Scene {
        unit: if is_calibrated {
            Unit::Reflectance
        } else {
            Unit::Counts
        },
        bands,
        ..base
    })
}

fn role_of(common_name: &str) -> Option<BandRole> {
    Some(match common_name {
        "blue" => BandRole::Blue,
        "green" => BandRole::Green,
        "red" => BandRole::Red,
        "nir" | "nir08" => BandRole::Nir,
        "pan" => BandRole::Pan,
        _ => return None,
    })
}

/// The bands of a family: scale, offset and no data by `calibrate`.
fn bands(
    find: &Find,
    item: &Item,
    keys: &[Keys],
    calibrate: impl Fn(&Band) -> Result<(f64, f64, Option<f64>), String>,
) -> Result<Vec<BandSource>, Problem> {
    let mut found = Vec::new();
    for (role, names) in keys {
        let Some((asset, path)) = local_asset(find, item, names)? else {
            continue;
        };
        let stated = asset.bands.first().cloned().unwrap_or_default();
        let (scale, offset, nodata) = calibrate(&stated).map_err(|what| {
            find.problem(
                format!("what the item says of its values does not fit: {what}"),
                "correct the item, or use the product's SAFE folder or MTL file",
            )
        })?;
        found.push(BandSource {
            role: *role,
            path,
            index: 1,
            scale,
            offset,
            nodata,
        });
    }
    if found.is_empty() {
        let names: Vec<&str> = keys
            .iter()
            .filter_map(|(_, k)| k.first().copied())
            .collect();
        return Err(find.problem(
            format!("the item has none of the assets {}", names.join(", ")),
            "download the item again with its bands",
        ));
    }
    Ok(found)
}

/// The file of a mask; `None` where the item names none.
fn mask(find: &Find, item: &Item, names: &[&str]) -> Result<Option<String>, Problem> {
    Ok(local_asset(find, item, names)?.map(|(_, path)| path))
}

/// The first of some assets whose file is here; an error where the item has
/// such assets and none of their files is here.
fn local_asset<'a>(
    find: &Find,
    item: &'a Item,
    names: &[&str],
) -> Result<Option<(&'a Asset, String)>, Problem> {
    let mut refused = None;
    for asset in names.iter().filter_map(|name| item.assets.get(*name)) {
        match asset_file(find, asset) {
            Ok(path) => return Ok(Some((asset, path))),
            Err(problem) => refused = refused.or(Some(problem)),
        }
    }
    refused.map_or(Ok(None), Err)
}
