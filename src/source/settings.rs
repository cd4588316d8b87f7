//! How the raster library is set up, and the one door through which rasters
//! are opened: local files only, errors returned and never printed.

use std::cell::Cell;
use std::path::Path;
use std::sync::Once;

use gdal::errors::{CplErrType, GdalError};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use crate::error::{Error, Result};

/// Formats that products come in. A short list keeps out drivers that reach
/// over the network or into other files (VRT, WMS, …).
const DRIVERS: &[&str] = &["GTiff", "JP2OpenJPEG"];

/// Settings for the life of the program, with their reasons.
const OPTIONS: &[(&str, &str)] = &[
    // Blocks kept by the library, MB, over all threads. Each block under a
    // corridor is read once, so that a larger cache buys nothing.
    ("GDAL_CACHEMAX", "64"),
    // Threads are the business of the pipeline.
    ("GDAL_NUM_THREADS", "1"),
    // No `.aux.xml` beside the user's imagery, neither written nor read.
    ("GDAL_PAM_ENABLED", "NO"),
    // Opening one file of 10,000 shall not list the other 9,999.
    ("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR"),
    // No raster is fetched from anywhere: no file name ends in this.
    ("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none-is-allowed"),
];

thread_local! {
    static FAILURES: Cell<u64> = const { Cell::new(0) };
}

/// Sets the raster library up; further calls do nothing.
pub(super) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (key, value) in OPTIONS {
            if let Err(error) = gdal::config::set_config_option(key, value) {
                log::debug!("{key} could not be set: {error}");
            }
        }
        gdal::config::set_error_handler(|kind, _, message| {
            if matches!(kind, CplErrType::Failure | CplErrType::Fatal) {
                FAILURES.with(|count| count.set(count.get() + 1));
            }
            log::trace!("{message}");
        });
    });
}

/// How often the library has reported a failure on this thread. What fails
/// while a file is closed, such as on a full disk, it reports in no other way
/// (`GDALClose` before GDAL 3.7).
pub(super) fn failures() -> u64 {
    FAILURES.with(Cell::get)
}

/// Opens a raster for reading.
///
/// # Errors
/// The file is missing, empty, a folder, not local or not a raster of a known
/// format.
pub(super) fn open(path: &str) -> Result<Dataset> {
    prepare();
    let name = local_name(path)?;
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_READONLY
            | GdalOpenFlags::GDAL_OF_RASTER
            | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(DRIVERS),
        ..DatasetOptions::default()
    };
    Dataset::open_ex(&name, options).map_err(|error| failure(path, "cannot be opened", &error))
}

/// An error of the raster library, with the file named.
pub(super) fn failure(path: &str, what: &str, error: &GdalError) -> Error {
    let said = match error {
        GdalError::CplError { msg, .. } | GdalError::NullPointer { msg, .. } => {
            // The library repeats the file's name; once is enough.
            let absolute = std::path::absolute(path).unwrap_or_default();
            msg.replace(&*absolute.to_string_lossy(), "it")
                .replace(path, "it")
                .replace('`', "'")
        }
        other => other.to_string(),
    };
    let said = said
        .trim_start_matches("it: ")
        .trim_end_matches(['.', '\n']);
    Error::content(
        path,
        format!("{what} as a raster: {said}"),
        "download it again or remove it",
    )
}

/// The name under which the library opens a local file: absolute, so that no
/// prefix of the library's own can be read into it, or inside a zip archive.
fn local_name(path: &str) -> Result<String> {
    if let Some(inside) = path.strip_prefix("/vsizip/") {
        let first = inside.trim_start_matches(['/', '{']);
        if first.starts_with("vsi") {
            return Err(not_local(path));
        }
        return Ok(path.to_owned());
    }
    if path.starts_with("/vsi") {
        return Err(not_local(path));
    }
    let file = std::fs::metadata(path).map_err(Error::io(path))?;
    let complaint = if file.is_dir() {
        "is a folder, not a raster"
    } else if file.len() == 0 {
        "is empty"
    } else {
        let name = std::path::absolute(Path::new(path)).map_err(Error::io(path))?;
        return Ok(name.to_string_lossy().into_owned());
    };
    Err(Error::content(
        path,
        complaint,
        "download it again or remove it",
    ))
}

fn not_local(path: &str) -> Error {
    Error::content(
        path,
        "is not a local file",
        "download the imagery first; nothing is read over the network",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_is_read_over_the_network() {
        for path in [
            "/vsicurl/http://127.0.0.1/x.tif",
            "/vsizip//vsicurl/http://127.0.0.1/x.zip/x.tif",
            "/vsizip/vsicurl/http://127.0.0.1/x.zip/x.tif",
            "/vsizip/{/vsicurl/http://127.0.0.1/x.zip}/x.tif",
            "/vsis3/bucket/x.tif",
        ] {
            let message = open(path).unwrap_err().to_string();
            assert!(message.contains("not a local file"), "{message}");
        }
        assert!(open("http://127.0.0.1/x.tif").is_err());
    }

    #[test]
    fn what_is_no_raster_is_named_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let as_text = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::create_dir(as_text("x.tif")).unwrap();
        std::fs::write(as_text("empty.tif"), "").unwrap();
        std::fs::write(as_text("text.tif"), "not a raster").unwrap();
        for (name, reason) in [
            ("x.tif", "is a folder"),
            ("empty.tif", "is empty"),
            ("text.tif", "cannot be opened"),
            ("missing.tif", "No such file"),
        ] {
            let message = open(&as_text(name)).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
            assert!(message.contains(reason), "{message}");
        }
    }
}
