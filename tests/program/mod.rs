//! The program as its users call it, and folders for it to work on.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assert_cmd::Command;

/// How a call ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Calls the program; whatever happens, it must not panic.
pub(crate) fn railspan<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    let mut command = Command::cargo_bin("railspan").unwrap();
    // What a call leaves behind by mistake shall not lie among the sources.
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    let output = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran = Ran {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

/// Calls the program and expects exit code 0.
pub(crate) fn succeeds<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    let ran = railspan(arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran
}

/// `run` on folders into a store.
pub(crate) fn run(folders: &[&Path], store: &Path) -> Ran {
    let mut arguments: Vec<&OsStr> = vec!["run".as_ref()];
    arguments.extend(folders.iter().map(|f| f.as_os_str()));
    arguments.extend(["--store".as_ref(), store.as_os_str()]);
    railspan(arguments)
}

/// A small series of the Tumen crossing without clouds, all trains 300 m long.
pub(crate) fn simulated(folder: &Path, sensor: &str, captures: usize) {
    let captures = captures.to_string();
    let mut arguments: Vec<&OsStr> = ["simulate", "--crossing", "tumen", "--plain"]
        .map(OsStr::new)
        .to_vec();
    arguments.extend(["--sensor", sensor, "--captures", &captures].map(OsStr::new));
    arguments.extend(["--train-length", "300", "--occupied", "0.3"].map(OsStr::new));
    arguments.extend(["--margin", "200", "--out"].map(OsStr::new));
    arguments.push(folder.as_os_str());
    succeeds(arguments);
}

/// One row of a table by column.
pub(crate) type Row = BTreeMap<String, String>;

/// The two tables of a store, as `export` writes them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) observations: Vec<u8>,
    pub(crate) trains: Vec<u8>,
}

impl Tables {
    /// Exports a store to a folder beside it.
    pub(crate) fn of(store: &Path) -> Self {
        let out = store.with_extension("export");
        let arguments = ["export".as_ref(), "--store".as_ref(), store.as_os_str()];
        succeeds(
            arguments
                .into_iter()
                .chain(["--out".as_ref(), out.as_os_str()]),
        );
        Self {
            observations: fs::read(out.join("observations.csv")).unwrap(),
            trains: fs::read(out.join("trains.csv")).unwrap(),
        }
    }

    pub(crate) fn observations(&self) -> Vec<Row> {
        rows(&self.observations)
    }

    pub(crate) fn trains(&self) -> Vec<Row> {
        rows(&self.trains)
    }

    /// The observation of a capture, by a part of its id.
    pub(crate) fn observation(&self, capture: &str) -> Option<Row> {
        let mut all = self.observations().into_iter();
        all.find(|row| row["capture"].contains(capture))
    }
}

/// The rows of a table.
pub(crate) fn rows(table: &[u8]) -> Vec<Row> {
    csv::Reader::from_reader(table)
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

/// Everything in a folder: links, sizes and times of modification.
pub(crate) fn listing(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let entries = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap);
    entries
        .map(|entry| {
            let meta = entry.path().symlink_metadata().unwrap();
            let stamp = (meta.len(), meta.modified().unwrap());
            (entry.into_path(), stamp)
        })
        .collect()
}

/// The folders of the captures in a simulated series, in order of time.
pub(crate) fn products(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}
