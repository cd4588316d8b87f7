//! The same series in a PostGIS database as in a file. `scripts/test` starts a
//! server and names it in `RAILSPAN_TEST_POSTGRES`; without it this is skipped.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;

use std::path::Path;

use gdal::vector::sql::Dialect;
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use program::{simulated, succeeds};

/// Makes a database on the server and returns its address.
fn database(server: &str) -> String {
    let name = format!("program_{}", std::process::id());
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_UPDATE | GdalOpenFlags::GDAL_OF_VECTOR,
        ..DatasetOptions::default()
    };
    let admin = Dataset::open_ex(Path::new(&format!("{server}/postgres")), options).unwrap();
    let sql = format!("CREATE DATABASE {name}");
    admin.execute_sql(sql, None, Dialect::DEFAULT).unwrap();
    format!("{server}/{name}")
}

#[test]
fn a_database_holds_what_a_file_holds() {
    let Ok(server) = std::env::var("RAILSPAN_TEST_POSTGRES") else {
        eprintln!("skipped: RAILSPAN_TEST_POSTGRES names no PostgreSQL server");
        return;
    };
    let desk = tempfile::tempdir().unwrap();
    let at = |name: &str| desk.path().join(name).to_str().unwrap().to_owned();
    let imagery = at("imagery");
    simulated(Path::new(&imagery), "sentinel-2", 8);
    let (file, address) = (at("s.gpkg"), database(&server));
    let cache = at("cache");
    for store in [&file, &address] {
        succeeds(["run", &imagery, "--store", store, "--cache", &cache]);
    }
    for (command, format) in [("summary", "json"), ("status", "json"), ("status", "table")] {
        let said = |store| succeeds([command, "--store", store, "--format", format]).out;
        assert_eq!(said(&file), said(&address), "{command}");
    }
    for format in ["csv", "geojson", "parquet"] {
        let exported = [&file, &address].map(|store| {
            let out = at("out");
            succeeds([
                "export", "--store", store, "--out", &out, "--format", format,
            ]);
            let read = |table| std::fs::read(format!("{out}/{table}.{format}")).unwrap();
            (read("observations"), read("trains"))
        });
        assert!(exported[0] == exported[1], "{format}");
    }
    let again = succeeds(["run", &imagery, "--store", &address, "--cache", &cache]);
    assert!(again.err.contains("8 were known before"), "{}", again.err);
}
