//! Decoders against the headers of real and simulated files, read with the
//! raster library. Skipped where the data beside the checkout are absent.

use std::path::{Path, PathBuf};

use railspan::capture::{BandRole, Context, Hints, Inventory, Modality, Unit, scan};
use railspan::source::HeaderReader;

/// What a folder beside the checkout holds; `None` where it is absent.
fn scanned(folder: &str) -> Option<Inventory> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(folder);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    let context = Context {
        probe: &HeaderReader,
        hints: &Hints::default(),
    };
    let inventory = scan(&[path], &context);
    assert_eq!(inventory.problems, [], "{folder}");
    Some(inventory)
}

#[test]
fn plain_radar_series_need_no_flag() {
    for (folder, count) in [
        ("real/s1-nuernberg", 31),
        ("real/s1-rummelsburg", 61),
        ("real/s1-kiel", 61),
    ] {
        let Some(inventory) = scanned(folder) else {
            continue;
        };
        assert_eq!(inventory.captures.len(), count, "{folder}");
        for capture in &inventory.captures {
            let scene = capture.first();
            assert_eq!((scene.modality, scene.unit), (Modality::Sar, Unit::Power));
            assert_eq!(scene.sensor, "sentinel-1");
        }
    }
}

#[test]
fn plain_pictures_need_no_flag() {
    let rgb = [BandRole::Blue, BandRole::Green, BandRole::Red];
    let with_nir = [&rgb[..], &[BandRole::Nir]].concat();
    for (folder, count, roles) in [
        ("real/s2-venice", 8, &rgb[..]),
        ("real/s2-brandenburg", 2, &[BandRole::Pan]),
        ("dev/vhr-manpo", 6, &with_nir),
    ] {
        let Some(inventory) = scanned(folder) else {
            continue;
        };
        assert_eq!(inventory.captures.len(), count, "{folder}");
        for capture in &inventory.captures {
            let scene = capture.first();
            let found: Vec<BandRole> = scene.bands.iter().map(|b| b.role).collect();
            assert_eq!(found, roles, "{folder}");
            assert_eq!(scene.modality, Modality::Optical);
        }
    }
}

#[test]
fn planet_downloads_are_one_capture_a_scene() {
    for (folder, count) in [
        ("dev/planetscope-dandong", 36),
        ("dev/hard-planetscope-manpo", 40),
    ] {
        let Some(inventory) = scanned(folder) else {
            continue;
        };
        assert_eq!(inventory.captures.len(), count, "{folder}");
        for capture in &inventory.captures {
            let scene = capture.first();
            assert_eq!((scene.bands.len(), scene.unit), (4, Unit::Reflectance));
            assert!(!scene.masks.is_empty());
        }
    }
}
