//! The wall time of `railspan run` against that of a program which only reads
//! the same windows, on forty scenes of 4096² pixels and two threads, and the
//! most memory that the run held. One run of this program measures both, in
//! turn, and prints their ratio.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use gdal::Dataset;
use gdal::raster::GdalType;
use ndarray::Array3;
use railspan::geo::Grid;
use railspan::pipeline::{Memo, plan, workers};
use railspan::simulate::{Delivery, Scenario, Sensor, simulate};
use railspan::source::{RasterFile, RasterLayout, RasterSamples};

mod fixture;

/// Side of a scene, px.
const SIDE: usize = 4096;

/// Threads of both programs.
const THREADS: usize = 2;

/// Both programs take turns this often; the fastest of each counts.
const ROUNDS: usize = 3;

fn main() {
    let folder = fixture::made(&format!("planetscope-{SIDE}"), make_scenes);
    let workers = workers(THREADS).unwrap();
    let captures = fixture::captures(&folder, &workers);
    let jobs = plan(&captures, &[fixture::tumen()], &workers, &Memo::default()).jobs;
    assert_eq!(jobs.len(), fixture::CAPTURES, "one corridor a scene");
    let (mut reading, mut extracting) = (Duration::MAX, Duration::MAX);
    let (mut running, mut peak_kb) = (Duration::MAX, 0);
    for _ in 0..ROUNDS {
        reading = reading.min(fixture::read_only(&captures, &jobs, THREADS));
        extracting = extracting.min(run("extract", &folder).0);
        let (time, kb) = run("run", &folder);
        running = running.min(time);
        peak_kb = peak_kb.max(kb);
    }
    println!(
        "{} scenes of {SIDE}² px, {THREADS} threads, fastest of {ROUNDS}:",
        fixture::CAPTURES
    );
    let told = |what: &str, time: Duration| {
        let ratio = time.as_secs_f64() / reading.as_secs_f64();
        println!("  {what:<18}{:7.3} s {ratio:7.2}", time.as_secs_f64());
    };
    told("reading only", reading);
    told("railspan extract", extracting);
    told("railspan run", running);
    println!("  peak memory of the run {:.0} MB", peak_kb as f64 / 1024.0);
}

/// Time and peak memory, kB, of the program on a fresh store.
fn run(command: &str, folder: &Path) -> (Duration, usize) {
    let place = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_railspan"))
        .arg(command)
        .arg(folder)
        .args(["--quiet", "--jobs", &THREADS.to_string(), "--store"])
        .arg(place.path().join("series.gpkg"))
        .spawn()
        .unwrap();
    let mut peak_kb = 0;
    loop {
        peak_kb = peak_kb.max(high_water_kb(&child));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return (started.elapsed(), peak_kb);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The most memory a process held so far, as Linux tells; 0 elsewhere.
fn high_water_kb(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// Simulated scenes, laid into larger ones: about the track as they are,
/// mirrored again and again beyond.
fn make_scenes(folder: &Path) {
    eprintln!("making {} scenes of {SIDE}² px, once", fixture::CAPTURES);
    let crossing = fixture::tumen();
    let small = folder.join("small");
    let delivery = Delivery {
        crossing: &crossing.id,
        folder: &small,
    };
    let scenario = Scenario::new(Sensor::PlanetScope, fixture::CAPTURES, 7);
    simulate(&crossing.tracks[0], &scenario, &delivery, |_| Ok(())).unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(&small)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let large = folder.join(file.file_name().unwrap());
        let name = file.to_string_lossy();
        if name.ends_with("SR_clip.tif") {
            enlarge::<u16>(&file, &large, RasterSamples::UInt16);
        } else if name.ends_with("udm2_clip.tif") {
            enlarge::<u8>(&file, &large, RasterSamples::Byte);
        } else {
            fs::copy(&file, &large).unwrap();
        }
    }
    fs::remove_dir_all(&small).unwrap();
    fs::remove_file(folder.join("small.truth.csv")).unwrap();
}

fn enlarge<T: GdalType + Copy>(from: &Path, to: &Path, wrap: fn(Array3<T>) -> RasterSamples) {
    let dataset = Dataset::open(from).unwrap();
    let (width, height) = dataset.raster_size();
    let bands: Vec<Vec<T>> = (1..=dataset.raster_count())
        .map(|index| {
            let band = dataset.rasterband(index).unwrap();
            let all = band.read_as::<T>((0, 0), (width, height), (width, height), None);
            all.unwrap().data().to_vec()
        })
        .collect();
    let (west, north) = ((SIDE - width) / 2, (SIDE - height) / 2);
    let mirrored = |at: usize, start: usize, length: usize| {
        let into = (at as isize - start as isize).rem_euclid(2 * length as isize) as usize;
        if into < length {
            into
        } else {
            2 * length - 1 - into
        }
    };
    let values = Array3::from_shape_fn((bands.len(), SIDE, SIDE), |(band, row, col)| {
        bands[band][mirrored(row, north, height) * width + mirrored(col, west, width)]
    });
    let mut origin = dataset.geo_transform().unwrap();
    origin[0] -= west as f64 * origin[1];
    origin[3] -= north as f64 * origin[5];
    let srs = dataset.spatial_ref().unwrap();
    let grid = Grid {
        width: SIDE,
        height: SIDE,
        origin,
        crs: format!("EPSG:{}", srs.auth_code().unwrap()),
    };
    let file = RasterFile {
        grid: &grid,
        samples: &wrap(values),
        nodata: dataset.rasterband(1).unwrap().no_data_value(),
        descriptions: &[],
        tags: &[],
        layout: RasterLayout::Tiled,
    };
    file.write(to).unwrap();
}
