//! A folder with everything that goes wrong in folders, through the program.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;
mod rasters;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use gdal::cpl::CslStringList;
use gdal::raster::GdalType;
use gdal::{Dataset, DriverManager};
use ndarray::Array2;
use program::{Tables, listing, products, railspan, run, simulated};
use rasters::{Sheet, describe, ramp, write};

const GOOD: usize = 6;

/// A folder of good captures and others.
struct Hostile {
    home: tempfile::TempDir,
    /// Whether permissions mean anything to the user who runs the tests.
    permissions: bool,
}

impl Hostile {
    fn folder(&self) -> PathBuf {
        self.home.path().join("imagery")
    }

    fn store(&self) -> PathBuf {
        self.home.path().join("결과 \"it's\".gpkg")
    }
}

/// The geotransform and size of a good raster.
fn frame_of(product: &Path) -> ([f64; 6], (usize, usize)) {
    let dataset = Dataset::open(product.join("B02.tif")).unwrap();
    let (width, height) = dataset.raster_size();
    (dataset.geo_transform().unwrap(), (height, width))
}

/// A plain raster of four bands, the same numbers everywhere or a ramp.
fn sheet(folder: &Path, name: &str, crs: &str, size: (usize, usize), origin: [f64; 6]) -> PathBuf {
    let path = folder.join(format!("{name}.tif"));
    let bands: Vec<_> = (0..4).map(|b| ramp(b, size.0, size.1)).collect();
    four_bands(&path, crs, origin, &bands);
    path
}

fn four_bands<T: GdalType + Copy>(path: &Path, crs: &str, origin: [f64; 6], bands: &[Array2<T>]) {
    let sheet = Sheet {
        crs,
        origin,
        nodata: Some(0.0),
    };
    describe(&write(path, &sheet, bands));
}

/// Puts a JP2 in the place of a band, whose header is well and whose
/// codestream is not.
fn break_codestream(product: &Path) {
    let good = product.join("B03.tif");
    let jp2 = product.join("B03.jp2");
    let driver = DriverManager::get_driver_by_name("JP2OpenJPEG").unwrap();
    let dataset = Dataset::open(&good).unwrap();
    drop(
        dataset
            .create_copy(&driver, &jp2, &CslStringList::default())
            .unwrap(),
    );
    fs::remove_file(good).unwrap();
    let _ = fs::remove_file(product.join("B03.jp2.aux.xml"));
    let mut bytes = fs::read(&jp2).unwrap();
    // Start of the first tile part (ISO/IEC 15444-1, A.4.2).
    let tile = bytes.windows(2).position(|w| w == [0xff, 0x90]).unwrap();
    bytes[tile..].fill(0x5a);
    fs::write(&jp2, bytes).unwrap();
    let items = products(product).into_iter();
    let item = items.filter(|p| p.extension().is_some_and(|e| e == "json"));
    for item in item {
        let text = fs::read_to_string(&item).unwrap();
        fs::write(&item, text.replace("B03.tif", "B03.jp2")).unwrap();
    }
}

/// A download that broke off: one part in `parts` of the file.
fn cut(path: &Path, parts: usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / parts]).unwrap();
}

fn hostile() -> Hostile {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("imagery");
    simulated(&folder, "sentinel-2", GOOD + 2);
    let delivered = products(&folder);
    let (origin, size) = frame_of(&delivered[0]);
    let utm = "EPSG:32652";
    break_codestream(&delivered[GOOD]);
    cut(&delivered[GOOD + 1].join("B04.tif"), 2);
    fs::rename(&delivered[0], folder.join("it's \"두만강\" 1")).unwrap();

    let whole = sheet(&folder, "truncated_20220302T020000", utm, size, origin);
    cut(&whole, 2);
    fs::write(folder.join("zero.json"), "").unwrap();
    sheet(&folder, "pixel_20220303T020000", utm, (1, 1), origin);
    let nodata = sheet(&folder, "nodata_20220304T020000", utm, size, origin);
    four_bands(&nodata, utm, origin, &vec![Array2::<u16>::zeros(size); 4]);
    let nan = sheet(&folder, "nan_20220305T020000", utm, size, origin);
    four_bands(
        &nan,
        utm,
        origin,
        &vec![Array2::from_elem(size, f32::NAN); 4],
    );
    // Another zone is far away; a grid of an engineer's is nowhere.
    sheet(
        &folder,
        "california_20220306T020000",
        "EPSG:32610",
        size,
        origin,
    );
    let local = r#"LOCAL_CS["site grid",UNIT["metre",1]]"#;
    sheet(&folder, "nowhere_20220306T030000", local, size, origin);
    sheet(&folder, "unplaced_20220306T040000", "", size, origin);
    fs::create_dir(folder.join("x.tif")).unwrap();
    symlink("..", folder.join("x.tif/loop")).unwrap();
    symlink("itself", folder.join("itself")).unwrap();
    let locked = sheet(&folder, "locked_20220307T020000", utm, size, origin);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let permissions = fs::File::open(&locked).is_err();
    if !permissions {
        eprintln!("skipped: no file is unreadable to this user");
    }
    Hostile { home, permissions }
}

/// Files that are no products, and a word of the reason.
const REFUSED: [(&str, &str); 5] = [
    ("zero.json", "empty"),
    ("unplaced_20220306T040000", "no georeference"),
    ("x.tif", "a folder with the name of a raster"),
    ("x.tif/loop", "a link to a folder that it lies in"),
    ("itself", "a link that leads nowhere"),
];

#[test]
fn everything_bad_is_listed_with_its_reason_and_the_rest_is_processed() {
    let hostile = hostile();
    let before = listing(&hostile.folder());
    let captures = railspan(["captures".as_ref(), hostile.folder().as_os_str()]);
    let ran = run(&[&hostile.folder()], &hostile.store());
    assert_eq!(
        listing(&hostile.folder()),
        before,
        "the imagery was touched"
    );
    assert_eq!((captures.code, ran.code), (3, 3), "{}", ran.err);
    for (name, reason) in REFUSED {
        let told = |line: &&str| line.contains(name) && line.contains(reason);
        assert!(ran.err.lines().any(|l| told(&l)), "{name}: {}", ran.err);
        let mut listed = captures.out.split(name).skip(1);
        let soon = |after: &str| after.lines().take(2).any(|l| l.contains(reason));
        assert!(listed.any(soon), "{name}: {}", captures.out);
    }
    for (name, reason) in [
        ("california_20220306T020000", "on no crossing"),
        ("nowhere_20220306T030000", "is not a map of the Earth"),
        ("truncated_20220302T020000", "cannot be read as a raster"),
    ] {
        let told = |line: &str| line.contains(name) && line.contains(reason);
        assert!(ran.err.lines().any(told), "{name}: {}", ran.err);
    }
    if hostile.permissions {
        let told = |line: &str| line.contains("locked") && line.contains("ermission");
        assert!(ran.err.lines().any(told), "{}", ran.err);
    }
    check_rows(&hostile);
}

/// Every capture that lies on the crossing has its row, good or not.
fn check_rows(hostile: &Hostile) {
    let tables = Tables::of(&hostile.store());
    let expected = [
        ("pixel_", "uncovered", "0 % of the track"),
        ("nodata_", "uncovered", "0 % of the track"),
        ("nan_", "uncovered", "0 % of the track"),
        ("nowhere_", "failed", "is not a map of the Earth"),
        ("truncated_", "failed", "cannot be read as a raster"),
    ];
    for (capture, status, reason) in expected {
        let row = tables.observation(capture).unwrap();
        assert_eq!(row["status"], status, "{row:?}");
        assert!(row["reason"].contains(reason), "{row:?}");
        assert_eq!(row["train_count"], "", "{row:?}");
    }
    assert_eq!(tables.observation("california"), None);
    let sentinel: Vec<_> = tables
        .observations()
        .into_iter()
        .filter(|row| row["sensor"] == "sentinel-2")
        .collect();
    assert_eq!(sentinel.len(), GOOD + 2);
    for row in &sentinel[..GOOD] {
        assert_eq!(row["status"], "clear", "{row:?}");
        assert!(!row["train_count"].is_empty(), "{row:?}");
    }
    for (row, file) in sentinel[GOOD..].iter().zip(["B03.jp2", "B04.tif"]) {
        assert_eq!(row["status"], "failed", "{row:?}");
        assert!(row["reason"].contains(file), "{row:?}");
    }
}

#[test]
fn a_folder_of_nothing_but_broken_captures_ends_in_1_and_keeps_their_rows() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("imagery");
    simulated(&folder, "sentinel-2", 1);
    break_codestream(&products(&folder)[0]);
    let store = home.path().join("s.gpkg");
    let ran = run(&[&folder], &store);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("no capture could be read"), "{}", ran.err);
    let rows = Tables::of(&store).observations();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["status"], "failed");
}
