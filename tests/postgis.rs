//! The same series in a PostGIS database as in a file. `scripts/test` starts a
//! server and names it in `RAILSPAN_TEST_POSTGRES`; without it this is skipped.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::Path;

use gdal::vector::LayerAccess;
use gdal::vector::sql::Dialect;
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use program::{Ran, simulated, succeeds};
use tempfile::TempDir;

fn open(address: &str) -> Dataset {
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_UPDATE | GdalOpenFlags::GDAL_OF_VECTOR,
        ..DatasetOptions::default()
    };
    Dataset::open_ex(Path::new(address), options).unwrap()
}

/// Does something in the database of this address.
fn execute(address: &str, sql: &str) {
    open(address)
        .execute_sql(sql, None, Dialect::DEFAULT)
        .unwrap();
}

/// One series in a file and in a database of its own.
struct Twins {
    desk: TempDir,
    address: String,
}

impl Twins {
    /// `None`, with a message, where there is no server.
    fn born(name: &str) -> Option<Self> {
        let Ok(server) = std::env::var("RAILSPAN_TEST_POSTGRES") else {
            eprintln!("skipped: RAILSPAN_TEST_POSTGRES names no PostgreSQL server");
            return None;
        };
        let name = format!("{name}_{}", std::process::id());
        execute(
            &format!("{server}/postgres"),
            &format!("CREATE DATABASE {name}"),
        );
        let twins = Self {
            desk: tempfile::tempdir().unwrap(),
            address: format!("{server}/{name}"),
        };
        simulated(Path::new(&twins.at("imagery")), "sentinel-2", 8);
        for store in twins.stores() {
            twins.run(&store);
        }
        Some(twins)
    }

    fn at(&self, name: &str) -> String {
        self.desk.path().join(name).to_str().unwrap().to_owned()
    }

    fn stores(&self) -> [String; 2] {
        [self.at("s.gpkg"), self.address.clone()]
    }

    fn run(&self, store: &str) -> Ran {
        let (imagery, cache) = (self.at("imagery"), self.at("cache"));
        succeeds(["run", &imagery, "--store", store, "--cache", &cache])
    }

    /// What a command prints of both, which is the same.
    fn said(&self, command: &[&str]) -> String {
        let [file, database] = self
            .stores()
            .map(|store| succeeds(command.iter().copied().chain(["--store", &store])).out);
        assert_eq!(file, database, "{command:?}");
        file
    }

    /// What a command writes of both under the name that `--out` gives: files
    /// of a folder, or one file where none is named.
    fn written(&self, command: &[&str], files: &[&str]) -> [Vec<Vec<u8>>; 2] {
        self.stores().map(|store| {
            let out = tempfile::tempdir_in(self.desk.path()).unwrap();
            let out = out.path().join("out");
            let to = ["--store", &store, "--out", out.to_str().unwrap()];
            succeeds(command.iter().copied().chain(to));
            if files.is_empty() {
                return vec![fs::read(&out).unwrap()];
            }
            let read = |file: &&str| fs::read(out.join(file)).unwrap();
            files.iter().map(read).collect()
        })
    }
}

#[test]
fn a_database_holds_what_a_file_holds() {
    let Some(twins) = Twins::born("same") else {
        return;
    };
    for command in ["summary", "status"] {
        for format in ["json", "table"] {
            twins.said(&[command, "--format", format]);
        }
    }
    for format in ["csv", "geojson", "parquet"] {
        let names = ["observations", "trains"].map(|table| format!("{table}.{format}"));
        let names = names.each_ref().map(String::as_str);
        let [file, database] = twins.written(&["export", "--format", format], &names);
        assert!(file == database, "{format}");
    }
    let counts = twins.at("counts.csv");
    let count = "date,site,quantity,value,unit\n2022,tumen,train_length,300,m\n";
    fs::write(&counts, count).unwrap();
    let compared = twins.said(&["compare", "--counts", &counts, "--format", "csv"]);
    assert!(compared.contains("tumen"), "{compared}");
    let again = twins.run(&twins.address);
    assert!(
        again.err.contains("8 known before and unchanged"),
        "{}",
        again.err
    );
}

#[test]
fn a_database_is_reviewed_and_reported() {
    let Some(twins) = Twins::born("review") else {
        return;
    };
    let [file, database] = twins.written(&["review"], &["review.csv"]);
    assert!(file == database);
    let table = String::from_utf8(file[0].clone()).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let names = reader.headers().unwrap().clone();
    let decision = names.iter().position(|name| name == "decision").unwrap();
    let filled = twins.at("review.csv");
    let mut writer = csv::Writer::from_path(&filled).unwrap();
    writer.write_record(&names).unwrap();
    for (number, record) in reader.records().map(Result::unwrap).enumerate() {
        let word = if number == 0 { "reject" } else { "accept" };
        let cells = record.iter().enumerate();
        let cells = cells.map(|(i, cell)| if i == decision { word } else { cell });
        writer.write_record(cells).unwrap();
    }
    writer.flush().unwrap();
    for store in twins.stores() {
        succeeds(["review", "--merge", &filled, "--store", &store]);
    }
    let all = twins.said(&["summary", "--format", "csv"]);
    let kept = twins.said(&["summary", "--format", "csv", "--decisions", "not-rejected"]);
    assert_ne!(all, kept);
    twins.said(&["summary", "--format", "csv", "--decisions", "accepted"]);
    let recomputed = succeeds([
        "run",
        &twins.at("imagery"),
        "--store",
        &twins.address,
        "--cache",
        &twins.at("cache"),
        "--recompute",
    ]);
    assert!(!recomputed.err.contains("known"), "{}", recomputed.err);
    let still = twins.said(&["summary", "--format", "csv", "--decisions", "not-rejected"]);
    assert_eq!(kept, still);

    let [file, database] = twins.written(&["report"], &[]);
    let name = twins.address.rsplit('/').next().unwrap();
    same_page(&page(&file, "s.gpkg"), &page(&database, name));
}

/// The page without the name of its store, which it has to have once.
fn page(written: &[Vec<u8>], store: &str) -> String {
    let page = String::from_utf8(written[0].clone()).unwrap();
    assert!(page.contains("class=\"chip\"") && page.contains("reject"));
    let name = format!("<bdi>{store}</bdi>");
    assert_eq!(page.matches(&name).count(), 1, "{store}");
    page.replace(&name, "")
}

/// Compares two pages tag by tag, and shows where they part.
fn same_page(file: &str, database: &str) {
    let tags = file.split('<').zip(database.split('<'));
    for (number, (of_file, of_database)) in tags.enumerate() {
        assert_eq!(of_file, of_database, "tag {number} of the page");
    }
    assert_eq!(file.len(), database.len(), "one page ends before the other");
}

#[test]
fn a_database_of_an_older_version_is_brought_up_to_date_with_a_copy_kept() {
    let Some(twins) = Twins::born("older") else {
        return;
    };
    let before = twins.said(&["summary", "--format", "json"]);
    // As version 1 had them: runs were of all tracks, and nobody reviewed.
    for sql in [
        "UPDATE railspan_meta SET value = '1' WHERE name = 'schema'",
        "ALTER TABLE runs DROP COLUMN track",
        "DROP TABLE reviews",
    ] {
        execute(&twins.address, sql);
    }
    let ran = twins.run(&twins.address);
    let kept = "brought from version 1 to 2; what it was is kept in tables that end in _v1";
    assert!(ran.err.contains(kept), "{}", ran.err);
    assert!(
        ran.err.contains("8 known before and unchanged"),
        "{}",
        ran.err
    );
    assert_eq!(twins.said(&["summary", "--format", "json"]), before);
    let copy = open(&twins.address);
    let copied = copy
        .execute_sql("SELECT fid FROM observations_v1", None, Dialect::DEFAULT)
        .unwrap();
    assert_eq!(copied.unwrap().feature_count(), 8);
    execute(
        &twins.address,
        "UPDATE railspan_meta SET value = '99' WHERE name = 'schema'",
    );
    let refused = program::railspan(["summary", "--store", &twins.address]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("newer railspan"), "{}", refused.err);
}
