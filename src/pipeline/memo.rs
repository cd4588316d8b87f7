//! What earlier runs read from files that have not changed since: what a JSON
//! file is, the scene a product decodes to, the corridors planned for a capture, headers and labels.
//! With it ten thousand known captures are looked at in a second or two,
//! without opening one of them.
//!
//! Every entry is found by a digest of all it depends on: names, sizes and
//! times of modification of files, and the [`METHOD`] that read them. The file
//! lies in the cache folder and may be deleted with it at any time.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::fingerprint::{FileStamp, digest};
use super::plan::KnownPlan;
use crate::capture::{JsonKind, JsonReader, Probe, RasterHeader, Scene};
use crate::error::{Error, Result};
use crate::source::CorridorLabel;

/// Names all of the source that reads, finds and measures: what one build
/// found out is taken over by another only where nothing of it differs.
pub const METHOD: &str = env!("RAILSPAN_METHOD");

/// Runs that learnt something after which an entry that none of them used is
/// forgotten.
const LONGEST_UNUSED: u8 = 50;

/// One kind of entry, with the number of runs since it was last used.
type Kind<T> = BTreeMap<String, (u8, T)>;

#[derive(Default, Serialize, Deserialize)]
struct Entries {
    method: String,
    json: Kind<JsonKind>,
    scenes: Kind<Scene>,
    headers: Kind<RasterHeader>,
    plans: Kind<KnownPlan>,
    labels: Kind<CorridorLabel>,
}

/// What is remembered from run to run; empty by default.
#[derive(Default)]
pub struct Memo {
    file: Option<PathBuf>,
    entries: Mutex<Entries>,
    /// Whether there is something that the file does not say.
    learnt: AtomicBool,
}

impl Memo {
    /// What is remembered in a folder. A file that is missing or cannot be
    /// used is an empty one.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let file = folder.join("known.memo");
        let entries = fs::read(&file)
            .ok()
            .and_then(|bytes| postcard::from_bytes::<Entries>(&bytes).ok())
            .filter(|entries| entries.method == METHOD)
            .unwrap_or_default();
        Self {
            file: Some(file),
            entries: Mutex::new(entries),
            learnt: AtomicBool::new(false),
        }
    }

    /// The same place, with nothing remembered.
    #[must_use]
    pub fn forget(folder: &Path) -> Self {
        Self {
            file: Some(folder.join("known.memo")),
            ..Self::default()
        }
    }

    /// Writes what is remembered to its file, if its folder is there; entries
    /// that were not used for long are left out.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn save(&self) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        if !folder.is_dir() || !self.learnt.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let bytes = {
            let mut entries = self.entries();
            METHOD.clone_into(&mut entries.method);
            let Entries {
                json,
                scenes,
                headers,
                plans,
                labels,
                ..
            } = &mut *entries;
            age(json);
            age(scenes);
            age(headers);
            age(plans);
            age(labels);
            postcard::to_stdvec(&*entries)
                .map_err(|e| Error::content(file, e.to_string(), "report this"))?
        };
        let mut draft = tempfile::Builder::new()
            .prefix(".corridor-known-")
            .tempfile_in(folder)
            .map_err(Error::io(folder))?;
        draft.write_all(&bytes).map_err(Error::io(file))?;
        draft.persist(file).map_err(|e| Error::io(file)(e.error))?;
        Ok(())
    }

    /// The scene of a product by the digest of its files. What is wrong with a
    /// product is not remembered: it may be put right without a trace, such as
    /// by a change of permissions.
    pub(super) fn scene(&self, digest: &str) -> Option<Scene> {
        used(&mut self.entries().scenes, digest)
    }

    pub(super) fn learn_scene(&self, digest: String, scene: &Scene) {
        self.learning().scenes.insert(digest, (0, scene.clone()));
    }

    pub(super) fn plan(&self, digest: &str) -> Option<KnownPlan> {
        used(&mut self.entries().plans, digest)
    }

    pub(super) fn learn_plan(&self, digest: String, plan: KnownPlan) {
        self.learning().plans.insert(digest, (0, plan));
    }

    /// The label of a corridor file that was found usable, if the file is the same still.
    pub(super) fn label(&self, corridor: &Path) -> Option<CorridorLabel> {
        let key = stamp_digest(corridor).ok()?;
        used(&mut self.entries().labels, &key)
    }

    pub(super) fn learn_label(&self, corridor: &Path, label: &CorridorLabel) {
        if let Ok(key) = stamp_digest(corridor) {
            self.learning().labels.insert(key, (0, label.clone()));
        }
    }

    /// The entries, to be added to.
    fn learning(&self) -> MutexGuard<'_, Entries> {
        self.learnt.store(true, Ordering::Relaxed);
        self.entries()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A poisoned lock only means that another thread died; entries are whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A probe that opens only rasters it does not remember.
pub(super) struct RememberingProbe<'a> {
    pub(super) memo: &'a Memo,
    pub(super) probe: &'a dyn Probe,
}

impl Probe for RememberingProbe<'_> {
    fn header(&self, path: &str) -> Result<RasterHeader> {
        let key = stamp_digest(Path::new(path))?;
        if let Some(header) = used(&mut self.memo.entries().headers, &key) {
            return Ok(header);
        }
        let header = self.probe.header(path)?;
        let learnt = (0, header.clone());
        self.memo.learning().headers.insert(key, learnt);
        Ok(header)
    }
}

/// A reader that reads only JSON files it does not remember. What is broken is
/// not remembered: it may be put right without a trace.
pub(super) struct RememberingReader<'a> {
    pub(super) memo: &'a Memo,
}

impl JsonReader for RememberingReader<'_> {
    fn kind(&self, path: &Path, read: &dyn Fn() -> JsonKind) -> JsonKind {
        let Ok(key) = stamp_digest(path) else {
            return read();
        };
        if let Some(known) = used(&mut self.memo.entries().json, &key) {
            return known;
        }
        let kind = read();
        if kind != JsonKind::Broken {
            self.memo.learning().json.insert(key, (0, kind.clone()));
        }
        kind
    }
}

fn stamp_digest(path: &Path) -> Result<String> {
    let name = path.to_string_lossy();
    digest(&(&name, FileStamp::of(&name)?))
}

fn used<T: Clone>(kind: &mut Kind<T>, key: &str) -> Option<T> {
    let (unused, value) = kind.get_mut(key)?;
    *unused = 0;
    Some(value.clone())
}

fn age<T>(kind: &mut Kind<T>) {
    kind.retain(|_, (unused, _)| *unused < LONGEST_UNUSED);
    for (unused, _) in kind.values_mut() {
        *unused += 1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Counting(std::sync::atomic::AtomicUsize);

    impl Probe for Counting {
        fn header(&self, path: &str) -> Result<RasterHeader> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(crate::capture::RasterHeader {
                grid: crate::geo::Grid {
                    width: 3,
                    height: 2,
                    origin: [0.1, 1.0, 0.0, -0.7, 0.0, -1.0],
                    crs: path.len().to_string(),
                },
                georeferenced: true,
                control_points: 0,
                format: "GTiff".into(),
                bands: Vec::new(),
                tags: BTreeMap::new(),
            })
        }
    }

    /// Asks for the header of a file through a memo, and saves the memo.
    fn ask(memo: &Memo, probe: &Counting, path: &Path) -> RasterHeader {
        let remembering = RememberingProbe { memo, probe };
        let header = remembering.header(&path.to_string_lossy()).unwrap();
        memo.save().unwrap();
        header
    }

    #[test]
    fn a_file_is_opened_once_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.tif");
        fs::write(&file, "one").unwrap();
        let probe = Counting(std::sync::atomic::AtomicUsize::new(0));
        let times = || probe.0.load(Ordering::Relaxed);
        let first = ask(&Memo::open(folder.path()), &probe, &file);
        assert_eq!(ask(&Memo::open(folder.path()), &probe, &file), first);
        assert_eq!(times(), 1);
        fs::write(&file, "three").unwrap();
        ask(&Memo::open(folder.path()), &probe, &file);
        assert_eq!(times(), 2);
        ask(&Memo::forget(folder.path()), &probe, &file);
        ask(&Memo::default(), &probe, &file);
        assert_eq!(times(), 4);
    }

    #[test]
    fn a_json_file_is_read_once_until_it_changes_but_broken_ones_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        fs::write(&file, "{}").unwrap();
        let reads = std::cell::Cell::new(0);
        let ask = |kind: JsonKind| {
            let memo = Memo::open(folder.path());
            let reader = RememberingReader { memo: &memo };
            let told = reader.kind(&file, &|| {
                reads.set(reads.get() + 1);
                kind.clone()
            });
            memo.save().unwrap();
            (told, reads.get())
        };
        let item = JsonKind::Item(vec!["./B04.tif".into()]);
        assert_eq!(ask(JsonKind::Broken), (JsonKind::Broken, 1));
        assert_eq!(ask(item.clone()), (item.clone(), 2));
        assert_eq!(ask(JsonKind::Other), (item, 2), "remembered");
        fs::write(&file, "[1, 2]").unwrap();
        assert_eq!(ask(JsonKind::Other), (JsonKind::Other, 3));
    }

    #[test]
    fn what_is_not_used_for_long_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["old", "new"].map(|name| folder.path().join(name));
        let probe = Counting(std::sync::atomic::AtomicUsize::new(0));
        fs::write(&files[0], "").unwrap();
        ask(&Memo::open(folder.path()), &probe, &files[0]);
        let mut size = 0;
        let mut another = || {
            size += 1;
            fs::write(&files[1], "x".repeat(size)).unwrap();
            ask(&Memo::open(folder.path()), &probe, &files[1]);
            Memo::open(folder.path()).entries().headers.len()
        };
        let longest = usize::from(LONGEST_UNUSED);
        for others in 1..longest {
            assert_eq!(another(), 1 + others);
        }
        assert_eq!(another(), longest, "the oldest is gone");
    }
}
