//! The folder of corridor files: bounded, and safe to delete at any time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::source::Home;

/// Default bound: 8 GiB hold some thousand captures at 3 m.
pub const DEFAULT_CACHE_BYTES: u64 = 8 << 30;

/// Unfinished files of a run that was killed are removed at this age: no
/// corridor takes a day to write.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// A corridor used so lately need not be noted as used again.
const TOUCH_AGAIN: Duration = Duration::from_secs(600);

/// Tells backup programs to leave the folder out (bford.info/cachedir).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # Corridor files of railspan; they can be extracted again at any time.\n";

/// A folder of corridor files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
    limit_bytes: u64,
}

impl Cache {
    /// The cache in `folder`, kept below `limit_bytes`.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>, limit_bytes: u64) -> Self {
        Self {
            folder: folder.into(),
            limit_bytes,
        }
    }

    /// The default place: `railspan.gpkg` has its cache in `railspan.cache`, and
    /// so has a database.
    ///
    /// ```
    /// use railspan::pipeline::Cache;
    /// let cache = Cache::beside("results/railspan.gpkg");
    /// assert_eq!(cache.folder(), std::path::Path::new("results/railspan.cache"));
    /// ```
    #[must_use]
    pub fn beside(store: impl AsRef<Path>) -> Self {
        Self::at(Home::beside(store.as_ref(), "cache"), DEFAULT_CACHE_BYTES)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the corridor of a fingerprint is kept.
    #[must_use]
    pub fn corridor(&self, fingerprint: &str) -> PathBuf {
        self.folder.join(format!("{fingerprint}.tif"))
    }

    /// Where the looks at a series of captures are kept.
    #[must_use]
    pub(super) fn looks(&self, series_digest: &str) -> PathBuf {
        self.folder.join(format!("{series_digest}.looks"))
    }

    /// Makes the folder.
    ///
    /// # Errors
    /// It cannot be made or written to.
    pub fn prepare(&self) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder))?;
        let tag = self.folder.join("CACHEDIR.TAG");
        fs::write(&tag, TAG).map_err(Error::io(&tag))
    }

    /// Notes that a corridor was used, so that others are deleted before it.
    /// When it was written stays known.
    pub fn touch(path: &Path) {
        let now = SystemTime::now();
        let lately = |meta: fs::Metadata| last_use(&meta) + TOUCH_AGAIN > now;
        if fs::metadata(path).is_ok_and(lately) {
            return;
        }
        let touched = File::open(path)
            .and_then(|file| file.set_times(fs::FileTimes::new().set_accessed(now)));
        if let Err(error) = touched {
            log::debug!("{}: {error}", path.display());
        }
    }

    /// Deletes the corridors used longest ago until the rest fits, but none of
    /// `keep`, nor any file that is not a corridor. Returns how many were deleted.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn sweep(&self, keep: &BTreeSet<PathBuf>) -> Result<usize> {
        let mut corridors = self.list()?;
        corridors.sort();
        let mut held: u64 = corridors.iter().map(|(_, _, size)| size).sum();
        let mut deleted = 0;
        for (_, path, size) in corridors {
            if held <= self.limit_bytes {
                break;
            }
            if !keep.contains(&path) && fs::remove_file(&path).is_ok() {
                held -= size;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Whether it is filled by less than a half, so that nothing is going to be
    /// deleted soon and last uses need not be noted.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn is_roomy(&self) -> Result<bool> {
        let held: u64 = self.list()?.iter().map(|(_, _, size)| size).sum();
        Ok(held < self.limit_bytes / 2)
    }

    /// The corridor files in the cache, by name.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn corridors(&self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(Error::io(&self.folder))? {
            let entry = entry.map_err(Error::io(&self.folder))?;
            let path = entry.path();
            let corridor = is_kept(&path) && path.extension().is_some_and(|e| e == "tif");
            if corridor && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                paths.push(path);
            }
        }
        paths.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        Ok(paths)
    }

    /// Last use, path and size of the corridors and looks; stale unfinished files are
    /// removed on the way.
    fn list(&self) -> Result<Vec<(SystemTime, PathBuf, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(Error::io(&self.folder))? {
            let path = entry.map_err(Error::io(&self.folder))?.path();
            // A file that vanished meanwhile is no concern of ours.
            let Ok(meta) = fs::symlink_metadata(&path) else {
                continue;
            };
            let used = last_use(&meta);
            if !meta.is_file() {
                continue;
            }
            if is_kept(&path) {
                found.push((used, path, meta.len()));
            } else if is_unfinished(&path) && used.elapsed().is_ok_and(|age| age > STALE) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(found)
    }
}

/// When a file was last read or written.
fn last_use(meta: &fs::Metadata) -> SystemTime {
    let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    meta.accessed().map_or(written, |read| read.max(written))
}

/// A corridor, or the looks at a series; their names are 64 hexadecimal digits.
fn is_kept(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.extension().is_some_and(|e| e == "tif" || e == "looks")
        && stem.len() == 64
        && stem.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(".corridor-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn used(at: SystemTime) -> fs::FileTimes {
        fs::FileTimes::new().set_accessed(at).set_modified(at)
    }

    fn corridor(cache: &Cache, digit: char, age_s: u64) -> PathBuf {
        let path = cache.corridor(&digit.to_string().repeat(64));
        fs::write(&path, [0; 100]).unwrap();
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_times(used(SystemTime::now() - Duration::from_secs(age_s)))
            .unwrap();
        path
    }

    #[test]
    fn the_longest_unused_go_first_but_never_those_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("c"), 250);
        cache.prepare().unwrap();
        let oldest_in_use = corridor(&cache, 'a', 4000);
        let old = corridor(&cache, 'b', 3000);
        let touched = corridor(&cache, 'c', 2000);
        let young = corridor(&cache, 'd', 1000);
        let foreign = cache.folder().join("notes.tif");
        fs::write(&foreign, [0; 1000]).unwrap();
        Cache::touch(&touched);
        let keep = BTreeSet::from([oldest_in_use.clone()]);
        assert_eq!(cache.sweep(&keep).unwrap(), 2);
        assert!(oldest_in_use.exists() && touched.exists() && foreign.exists());
        assert!(!old.exists() && !young.exists());
    }

    #[test]
    fn what_a_killed_run_left_is_removed_when_stale() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), 250);
        let stale = folder.path().join(".corridor-x1.tif");
        let fresh = folder.path().join(".corridor-x2.tif");
        for path in [&stale, &fresh] {
            fs::write(path, "").unwrap();
        }
        let file = File::options().append(true).open(&stale).unwrap();
        file.set_times(used(SystemTime::now() - 2 * STALE)).unwrap();
        assert_eq!(cache.sweep(&BTreeSet::new()).unwrap(), 0);
        assert!(!stale.exists() && fresh.exists());
    }
}
