//! The walk over the user's folders.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::archive::{is_zip, member_path, members};
use super::decode::{claim_all, file_name};
use super::listing::is_raster;
use super::{Context, Find, Inventory, JsonReader, Listing, Problem, ReadEach, decode, gather};

/// A folder with this file holds something that can be made again
/// (<https://bford.info/cachedir/>); so does the folder of corridor files.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Folders that systems put beside the user's own.
const SYSTEM_FOLDERS: [&str; 2] = ["__MACOSX", "@eaDir"];

/// Endings of files that go with a raster and are none themselves.
const COMPANIONS: [&str; 3] = [".aux.xml", ".ovr", ".msk"];

/// Last words in the names of small pictures of a product.
const PREVIEWS: [&str; 5] = ["browse", "preview", "pvi", "quicklook", "thumbnail"];

/// Walks folders and says which products are in them, in a fixed order.
///
/// Directory entries and, by way of `json`, small metadata files are read, no
/// raster. Symbolic
/// links are not followed: what a link inside the folder points to is found in
/// its own place, and what lies outside is not the user's choice. A folder
/// given twice, or together with one that holds it, is walked once.
#[must_use]
pub fn find(folders: &[PathBuf], json: &dyn JsonReader) -> (Vec<Find>, Vec<Problem>) {
    let mut listing = Listing::default();
    let mut problems = Vec::new();
    for root in distinct(folders) {
        walk(&root, &mut listing, &mut problems);
    }
    (claim_all(&mut listing, json), problems)
}

/// Finds, decodes one after the other and gathers.
#[must_use]
pub fn scan(folders: &[PathBuf], context: &Context<'_>) -> Inventory {
    let (finds, problems) = find(folders, &ReadEach);
    let decoded = finds.iter().map(|f| decode(f, context)).collect();
    gather(decoded, problems, context.probe)
}

/// The folders as the user wrote them, without those inside another one.
fn distinct(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut resolved: Vec<(PathBuf, &PathBuf)> = folders
        .iter()
        .map(|f| (fs::canonicalize(f).unwrap_or_else(|_| f.clone()), f))
        .collect();
    resolved.sort();
    let mut kept: Vec<(PathBuf, &PathBuf)> = Vec::new();
    for (real, given) in resolved {
        if !kept.iter().any(|(outer, _)| real.starts_with(outer)) {
            kept.push((real, given));
        }
    }
    kept.into_iter().map(|(_, given)| given.clone()).collect()
}

fn walk(root: &Path, listing: &mut Listing, problems: &mut Vec<Problem>) {
    let entries = WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || is_wanted(entry));
    for entry in entries {
        let found = match entry {
            Ok(entry) => add(root, &entry, listing),
            Err(error) => Err(unreadable(root, &error)),
        };
        problems.extend(found.err());
    }
}

/// Neither hidden nor somebody's cache.
fn is_wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let skipped = name.starts_with('.')
        || SYSTEM_FOLDERS.contains(&name.as_ref())
        || (entry.file_type().is_dir() && entry.path().join(CACHE_TAG).exists());
    !skipped
}

fn add(root: &Path, entry: &DirEntry, listing: &mut Listing) -> Result<(), Problem> {
    let path = entry.path();
    let kind = entry.file_type();
    if kind.is_symlink() {
        return check_link(root, path);
    }
    if path.to_str().is_none() {
        return Err(Problem::new(
            path,
            "the name is not UTF-8 text",
            "rename it",
        ));
    }
    if kind.is_dir() && entry.depth() > 0 && is_raster(file_name(path)) {
        return Err(Problem::new(
            path,
            "a folder with the name of a raster",
            "rename it, if it should be one",
        ));
    }
    if !kind.is_file() || is_ignored(file_name(path)) {
        return Ok(());
    }
    if is_zip(path) {
        return add_members(root, path, listing);
    }
    // Of ten thousand captures, to look at every raster would take longer than
    // all the rest of the scan, and nobody asks for their sizes.
    let bytes = if is_raster(file_name(path)) {
        0
    } else {
        entry.metadata().map_err(|e| unreadable(path, &e))?.len()
    };
    listing.add(root, path, bytes);
    Ok(())
}

fn add_members(root: &Path, archive: &Path, listing: &mut Listing) -> Result<(), Problem> {
    for (inside, bytes) in members(archive)? {
        let hidden = inside
            .split('/')
            .any(|part| part.starts_with('.') || SYSTEM_FOLDERS.contains(&part));
        let path = member_path(archive, &inside);
        if !hidden && !is_ignored(file_name(&path)) {
            listing.add(root, &path, bytes);
        }
    }
    Ok(())
}

/// Says which links are not followed and lose something by it.
fn check_link(root: &Path, link: &Path) -> Result<(), Problem> {
    let problem = |what: String| Err(Problem::new(link, what, "put the files themselves here"));
    let (Ok(target), Ok(root)) = (fs::canonicalize(link), fs::canonicalize(root)) else {
        return problem("a link that leads nowhere".into());
    };
    let here = link.parent().and_then(|f| fs::canonicalize(f).ok());
    if here.is_some_and(|here| here.starts_with(&target)) {
        return problem("a link to a folder that it lies in, not followed".into());
    }
    if !target.starts_with(&root) {
        return problem("a link out of the folder, not followed".into());
    }
    Ok(())
}

fn is_ignored(name: &str) -> bool {
    let name = name.to_lowercase();
    let stem = Path::new(&name).file_stem().and_then(OsStr::to_str);
    let preview = stem.is_some_and(|stem| PREVIEWS.iter().any(|word| stem.ends_with(word)));
    COMPANIONS.iter().any(|end| name.ends_with(end)) || (is_raster(&name) && preview)
}

fn unreadable(path: &Path, error: &walkdir::Error) -> Problem {
    let path = error.path().unwrap_or(path);
    let what = error
        .io_error()
        .map_or_else(|| error.to_string(), ToString::to_string);
    Problem::new(
        path,
        format!("cannot be read: {what}"),
        "check that it is there and that you may read it",
    )
}
