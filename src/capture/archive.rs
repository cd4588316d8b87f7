//! Small text files, on disk or inside a zip archive (`/vsizip/archive.zip/inside`).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::Problem;

/// The prefix under which the raster library reads inside zip archives.
const PREFIX: &str = "/vsizip/";

/// Metadata files are far smaller (the largest, a Sentinel-2 data strip, has
/// 10 MB); a greater file is not what its name says.
const MOST_BYTES: u64 = 64 << 20;

/// The path by which both the raster library and [`read_text`] know a member.
pub(super) fn member_path(archive: &Path, inside: &str) -> PathBuf {
    PathBuf::from(format!("{PREFIX}{}/{inside}", archive.display()))
}

/// Names and sizes of the files in an archive, in the archive's order.
///
/// Members that would leave the archive (`../x`) are left out.
pub(super) fn members(archive: &Path) -> Result<Vec<(String, u64)>, Problem> {
    let mut zip = open(archive)?;
    let mut found = Vec::new();
    for i in 0..zip.len() {
        let entry = zip.by_index_raw(i).map_err(|e| damaged(archive, &e))?;
        if entry.is_file()
            && let Some(name) = entry.enclosed_name()
            && let Some(name) = name.to_str()
        {
            found.push((name.to_owned(), entry.size()));
        }
    }
    Ok(found)
}

/// The archive that a `/vsizip/` path goes into, and the member's name.
fn split(path: &Path) -> Option<(PathBuf, String)> {
    let plain = Path::new(path.to_str()?.strip_prefix(PREFIX)?);
    let archive = plain
        .ancestors()
        .filter(|a| is_zip(a))
        .find(|a| a.is_file())?;
    let inside = plain.strip_prefix(archive).ok()?.to_str()?;
    Some((archive.to_path_buf(), inside.to_owned()))
}

/// The archive that a `/vsizip/` path goes into.
pub(super) fn archive_of(path: &Path) -> Option<PathBuf> {
    split(path).map(|(archive, _)| archive)
}

/// Whether a name ends in `.zip`.
pub(super) fn is_zip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("zip"))
}

/// The text of a small file; a byte-order mark is left out.
pub(super) fn read_text(path: &Path) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    match split(path) {
        Some((archive, inside)) => {
            let mut zip = open(&archive)?;
            let member = zip.by_name(&inside).map_err(|e| damaged(path, &e))?;
            member.take(MOST_BYTES + 1).read_to_end(&mut bytes)
        }
        None => File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)),
    }
    .map_err(|e| unreadable(path, &e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Problem::new(
            path,
            "too long for a metadata file",
            "take it out of the folder",
        ));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Problem::new(path, "not UTF-8 text", "download the product again"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn open(archive: &Path) -> Result<ZipArchive<File>, Problem> {
    let file = File::open(archive).map_err(|e| unreadable(archive, &e))?;
    ZipArchive::new(file).map_err(|e| damaged(archive, &e))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        path,
        format!("cannot be read: {error}"),
        "check that it is there and that you may read it",
    )
}

fn damaged(path: &Path, error: &zip::result::ZipError) -> Problem {
    Problem::new(
        path,
        format!("not a whole zip archive: {error}"),
        "download it again",
    )
}
