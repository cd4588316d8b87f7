//! What the walk found: folders and the names and sizes of their files.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::decode::{Find, Vendor, file_name};

/// Endings of files that may hold imagery.
const RASTERS: [&str; 3] = ["tif", "tiff", "jp2"];

/// Files by folder, in order of name; the inside of a zip archive is a folder
/// too, named `/vsizip/…`. Decoders take files out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    folders: BTreeMap<PathBuf, Folder>,
    taken: HashSet<PathBuf>,
}

/// One folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Folder {
    /// The folder that the user named and that this one lies in.
    root: PathBuf,
    /// Bytes by file name; 0 of rasters.
    files: BTreeMap<String, u64>,
}

impl Listing {
    /// Adds a file that was found below `root`; the size of a raster is not asked for.
    pub fn add(&mut self, root: &Path, file: &Path, bytes: u64) {
        let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
        let entry = self.folders.entry(folder).or_insert_with(|| Folder {
            root: root.to_path_buf(),
            files: BTreeMap::new(),
        });
        entry.files.insert(file_name(file).to_owned(), bytes);
    }

    /// All files that nobody has taken yet and whose name fulfils a condition,
    /// in order of folder and name.
    #[must_use]
    pub fn named(&self, condition: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        self.folders
            .iter()
            .flat_map(|(path, folder)| folder.files.keys().map(move |name| (path, name)))
            .filter(|(_, name)| condition(name))
            .map(|(path, name)| path.join(name))
            .collect()
    }

    /// Names of the files of one folder that nobody has taken yet, in order.
    pub fn names_in(&self, folder: &Path) -> impl Iterator<Item = &str> {
        self.folders
            .get(folder)
            .into_iter()
            .flat_map(|f| f.files.keys().map(String::as_str))
    }

    /// Files in a folder and below it that nobody has taken yet, in order.
    #[must_use]
    pub fn below(&self, folder: &Path) -> Vec<PathBuf> {
        self.folders
            .range(folder.to_path_buf()..)
            .take_while(|(path, _)| path.starts_with(folder))
            .flat_map(|(path, f)| f.files.keys().map(move |name| path.join(name)))
            .collect()
    }

    /// The size of a file that nobody has taken yet; 0 of a raster.
    #[must_use]
    pub fn bytes(&self, file: &Path) -> Option<u64> {
        let folder = self.folders.get(file.parent()?)?;
        folder.files.get(file_name(file)).copied()
    }

    /// Whether a file was found and some decoder has taken it.
    #[must_use]
    pub fn is_taken(&self, file: &Path) -> bool {
        self.taken.contains(file)
    }

    /// The folder that the user named and that a file lies in.
    #[must_use]
    pub fn root_of(&self, file: &Path) -> Option<&Path> {
        let folder = self.folders.get(file.parent()?)?;
        Some(&folder.root)
    }

    /// Takes the files of a product, so that no other decoder gets them, and
    /// makes a find of them. Files that are not there any more stay part of
    /// the find: two products may share a mask.
    pub fn take(
        &mut self,
        vendor: Vendor,
        product: &Path,
        entry: &Path,
        mut files: Vec<PathBuf>,
    ) -> Find {
        let root = self
            .root_of(entry)
            .or_else(|| entry.parent())
            .unwrap_or(Path::new(""))
            .to_path_buf();
        files.sort();
        files.dedup();
        self.drop_files(&files);
        Find {
            vendor,
            product: product.to_path_buf(),
            entry: entry.to_path_buf(),
            files,
            root,
        }
    }

    /// Takes files without making a find of them: they are of no use to anybody.
    pub fn drop_files(&mut self, files: &[PathBuf]) {
        for file in files {
            let folder = file.parent().and_then(|f| self.folders.get_mut(f));
            if folder.is_some_and(|f| f.files.remove(file_name(file)).is_some()) {
                self.taken.insert(file.clone());
            }
        }
    }
}

/// Whether a file name is one of a raster: `.tif`, `.tiff` or `.jp2`.
pub(super) fn is_raster(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|e| RASTERS.iter().any(|r| e.eq_ignore_ascii_case(r)))
}
