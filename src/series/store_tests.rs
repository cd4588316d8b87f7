#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::series::columns::META;
use crate::series::fixture;
use crate::series::model::{RunStamp, Status};
use crate::series::schema::meta_row;
use crate::series::style::STYLES;
use crate::source::{Cell, ColumnKind};

fn workshop() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    (folder, path)
}

fn sorted(rows: &[fixture::Row]) -> Series {
    let mut series = Series::default();
    for (observation, trains) in rows {
        series.observations.push(observation.clone());
        series.trains.extend(trains.iter().cloned());
    }
    series.sort();
    series
}

#[test]
fn every_column_and_hostile_name_survives() {
    let (folder, path) = workshop();
    let mut rows = fixture::hostile();
    rows.extend(fixture::dandong());
    let mut bare = fixture::observation("x", "bare", "2020-01-01T00:00:00Z");
    bare.gsd_m = None;
    bare.covered_fraction = None;
    rows.push(fixture::unusable(bare, Status::Failed, "no file"));
    let mut store = Store::open_or_create(&path).unwrap();
    store.write(&rows).unwrap();
    assert_eq!(store.read().unwrap(), sorted(&rows));
    drop(store);
    assert_eq!(load(&path).unwrap(), sorted(&rows));
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["s.gpkg"], "nothing is left beside the store");
}

#[test]
fn writing_again_replaces_and_removing_removes() {
    let (_folder, path) = workshop();
    let base = |id: &str| fixture::observation("dandong", id, "2023-05-01T02:00:00Z");
    let mut store = Store::open_or_create(&path).unwrap();
    let two = fixture::with_trains(base("a"), &[300.0, 80.0]);
    let other = fixture::with_trains(base("b"), &[500.0]);
    store.write(&[two, other.clone()]).unwrap();
    let one = fixture::with_trains(base("a"), &[310.0]);
    store.write(std::slice::from_ref(&one)).unwrap();
    assert_eq!(store.read().unwrap(), sorted(&[one.clone(), other.clone()]));
    store.remove(&[one.0.key]).unwrap();
    assert_eq!(store.read().unwrap(), sorted(&[other]));
}

#[test]
fn an_edit_that_is_dropped_leaves_the_file_as_it_was() {
    let (_folder, path) = workshop();
    let row = fixture::with_trains(
        fixture::observation("dandong", "a", "2023-05-01T02:00:00Z"),
        &[300.0],
    );
    let mut store = Store::open_or_create(&path).unwrap();
    store.write(std::slice::from_ref(&row)).unwrap();
    let mut edit = store.tables.edit().unwrap();
    delete(&mut edit, &row.0.key).unwrap();
    drop(edit);
    assert_eq!(store.read().unwrap(), sorted(std::slice::from_ref(&row)));

    // A key that occurs twice fails in the middle; what came before is undone.
    let mut edit = store.tables.edit().unwrap();
    delete(&mut edit, &row.0.key).unwrap();
    let cells = observation_row(&row.0);
    edit.insert(&OBSERVATIONS, std::slice::from_ref(&cells))
        .unwrap();
    assert!(edit.insert(&OBSERVATIONS, &[cells]).is_err());
    drop(edit);
    assert_eq!(store.read().unwrap(), sorted(&[row]));
}

#[test]
fn rows_that_break_the_contract_are_refused_before_anything_is_written() {
    let (_folder, path) = workshop();
    let mut store = Store::open_or_create(&path).unwrap();
    let good = || fixture::observation("dandong", "a", "2023-05-01T02:00:00Z");
    let refuse = |store: &mut Store, change: &dyn Fn(&mut Observation, &mut Vec<Train>)| {
        let (mut o, mut trains) = fixture::with_trains(good(), &[300.0]);
        change(&mut o, &mut trains);
        let fine =
            fixture::with_trains(fixture::observation("x", "b", "2023-05-02T02:00:00Z"), &[]);
        assert!(store.write(&[fine, (o, trains)]).is_err());
    };
    refuse(&mut store, &|o, _| o.train_count = Some(0));
    refuse(&mut store, &|o, _| o.status = Status::Obscured);
    refuse(&mut store, &|o, _| o.clear_fraction = Some(1.2));
    refuse(&mut store, &|o, _| o.clear_fraction = Some(f64::NAN));
    refuse(&mut store, &|o, _| o.key.track.clear());
    refuse(&mut store, &|_, t| t[0].train = 2);
    refuse(&mut store, &|_, t| t[0].end_m = t[0].start_m);
    refuse(&mut store, &|_, t| t[0].length_m = f64::NAN);
    refuse(&mut store, &|_, t| t[0].geometry.truncate(1));
    refuse(&mut store, &|_, t| t[0].key.capture = "b".into());
    let (mut zero, _) = fixture::unusable(good(), Status::Obscured, "cloud");
    zero.train_count = Some(0);
    assert!(
        store.write(&[(zero, Vec::new())]).is_err(),
        "not observed is never a zero"
    );
    assert_eq!(store.read().unwrap(), Series::default());
}

#[test]
fn a_second_writer_is_told_who_holds_the_store() {
    let (_folder, path) = workshop();
    let first = Store::open_or_create(&path).unwrap();
    let refused = Store::open_or_create(&path).err().unwrap().to_string();
    let me = format!("is being written by process {} since", std::process::id());
    assert!(refused.contains(&me), "{refused}");
    assert!(load(&path).is_ok(), "readers are not kept out");
    drop(first);
    assert!(Store::open_or_create(&path).is_ok());
}

#[test]
fn a_lock_left_behind_is_taken_over() {
    let (_folder, path) = workshop();
    std::fs::write(path.with_extension("gpkg.lock"), "process 1 since ever").unwrap();
    assert!(Store::open_or_create(&path).is_ok());
}

#[test]
fn files_that_are_no_store_are_refused_and_left_alone() {
    let (folder, path) = workshop();
    let read = |path: &Path| load(path).err().unwrap().to_string();
    assert!(read(&path).contains("there is no such store"));
    assert!(read(&folder.path().join("s.csv")).contains("ends in .gpkg"));

    std::fs::write(&path, "not a database, and long enough to be looked at").unwrap();
    assert!(read(&path).contains("is not a readable GeoPackage"));
    assert!(Store::open_or_create(&path).is_err());
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("not a"));

    let foreign = folder.path().join("foreign.gpkg");
    TableSet::create_file(&foreign, &[RUNS]).unwrap();
    assert!(read(&foreign).contains("no store of railspan's"));
    assert!(Store::open_or_create(&foreign).is_err());
}

#[test]
fn damage_inside_the_file_is_noticed() {
    let (_folder, path) = workshop();
    let mut store = Store::open_or_create(&path).unwrap();
    store.write(&fixture::dandong()).unwrap();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(load(&path).is_err());
    let mut scribbled = whole.clone();
    let end = scribbled.len() - 9000;
    scribbled[end..end + 4096].fill(0xa5);
    std::fs::write(&path, &scribbled).unwrap();
    assert!(load(&path).is_err());
}

#[test]
fn a_newer_store_is_refused() {
    let (_folder, path) = workshop();
    let mut store = Store::open_or_create(&path).unwrap();
    let mut edit = store.tables.edit().unwrap();
    edit.delete(&META, &[("name", "schema")]).unwrap();
    edit.insert(&META, &[meta_row("schema", "99")]).unwrap();
    edit.commit().unwrap();
    drop(store);
    let refused = load(&path).err().unwrap().to_string();
    assert!(
        refused.contains("newer railspan (tables of version 99"),
        "{refused}"
    );
    assert!(Store::open_or_create(&path).is_err());
}

#[test]
fn runs_are_noted_once() {
    let (_folder, path) = workshop();
    let mut run = Run {
        stamp: RunStamp {
            run_id: "r'1".into(),
            config_hash: "c".into(),
            version: "0.1.0".into(),
        },
        crossing: "dandong".into(),
        track: "main".into(),
        started: "2024-01-01T00:00:00.5Z".parse().unwrap(),
        finished: None,
        settings: serde_json::json!({"false_alarm_rate": 0.01}),
        command: "run".into(),
        folders: vec!["a b".into(), "역/\"q\"".into()],
    };
    let mut store = Store::open_or_create(&path).unwrap();
    store.record_run(&run).unwrap();
    run.finished = Some("2024-01-01T00:10:00Z".parse().unwrap());
    store.record_run(&run).unwrap();
    assert_eq!(store.runs().unwrap(), [run]);
}

/// A store as version 1 made it: its runs were not of one track.
fn store_of_version_1(path: &Path) {
    const RUNS_1: Table = Table {
        columns: &[
            ("run_id", ColumnKind::Text),
            ("started", ColumnKind::Time),
            ("finished", ColumnKind::Time),
            ("version", ColumnKind::Text),
            ("config_hash", ColumnKind::Text),
            ("settings", ColumnKind::Text),
            ("command", ColumnKind::Text),
            ("folders", ColumnKind::Text),
        ],
        ..RUNS
    };
    TableSet::create_file(path, &[OBSERVATIONS, TRAINS, RUNS_1, META]).unwrap();
    let mut tables = TableSet::open(path, Access::Update).unwrap();
    let mut edit = tables.edit().unwrap();
    edit.insert(&META, &[meta_row("schema", "1")]).unwrap();
    let text = |text: &str| Cell::Text(text.into());
    let time = Cell::Time("2024-01-01T00:00:00Z".parse().unwrap());
    let run = Row {
        cells: vec![
            text("r1"),
            time.clone(),
            time,
            text("0.1.0"),
            text("c"),
            text("{}"),
            text("run"),
            text("[]"),
        ],
        line: Vec::new(),
    };
    edit.insert(&RUNS_1, &[run]).unwrap();
    replace(&mut edit, &fixture::dandong()).unwrap();
    edit.commit().unwrap();
}

#[test]
fn an_older_store_is_brought_up_to_date_and_a_copy_kept() {
    let (folder, path) = workshop();
    store_of_version_1(&path);
    let before = std::fs::read(&path).unwrap();
    let whole = sorted(&fixture::dandong());
    assert_eq!(load(&path).unwrap(), whole, "it can be read as it is");
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let mut store = Store::open_or_create(&path).unwrap();
    assert_eq!(store.read().unwrap(), whole);
    let runs = store.runs().unwrap();
    assert_eq!((runs[0].track.as_str(), runs.len()), ("", 1));
    let mut run = runs[0].clone();
    run.stamp.run_id = "r2".into();
    run.track = "main".into();
    store.write_run(&run, None, &[]).unwrap();
    assert_eq!(store.runs().unwrap()[1], run);
    drop(store);
    let copy = folder.path().join("s.v1.gpkg");
    assert_eq!(std::fs::read(&copy).unwrap(), before);

    // The copy is made once; what is of this version is not copied.
    drop(Store::open_or_create(&path).unwrap());
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2);
}

#[test]
fn the_style_is_there_once_and_a_style_of_the_user_stays() {
    let (_folder, path) = workshop();
    drop(Store::open_or_create(&path).unwrap());
    let mut store = Store::open_or_create(&path).unwrap();
    let rows = store.tables.read(&STYLES).unwrap();
    assert_eq!(rows.len(), 1);
    let Cell::Text(qml) = &rows[0].cells[5] else {
        unreachable!("{rows:?}");
    };
    // The document type is what QGIS writes; it is not read.
    let qml = qml.split_once('\n').unwrap().1;
    let qml = roxmltree::Document::parse(qml).unwrap();
    let find = |name| qml.descendants().find(|n| n.has_tag_name(name)).unwrap();
    assert_eq!(find("renderer-v2").attribute("attr"), Some("length_m"));
    assert_eq!(find("temporal").attribute("startField"), Some("acquired"));
    let named: Vec<_> = qml
        .descendants()
        .filter(|n| n.has_tag_name("symbol"))
        .collect();
    let used = qml.descendants().filter(|n| n.has_tag_name("range"));
    assert!(
        used.map(|n| n.attribute("symbol"))
            .eq(named.iter().map(|n| n.attribute("name")))
    );

    let mut own = rows[0].clone();
    own.cells[4] = Cell::Text("mine".into());
    let mut edit = store.tables.edit().unwrap();
    edit.delete(&STYLES, &[("f_table_name", "trains")]).unwrap();
    edit.insert(&STYLES, &[own.clone()]).unwrap();
    edit.commit().unwrap();
    drop(store);
    let store = Store::open_or_create(&path).unwrap();
    assert_eq!(store.tables.read(&STYLES).unwrap(), [own]);
}

/// A database of its own on the server that `RAILSPAN_TEST_POSTGRES` names;
/// `None`, with a message, where there is none.
fn database(name: &str) -> Option<PathBuf> {
    let Ok(server) = std::env::var("RAILSPAN_TEST_POSTGRES") else {
        eprintln!(
            "skipped: RAILSPAN_TEST_POSTGRES names no PostgreSQL server; scripts/test starts one"
        );
        return None;
    };
    let server = server.trim_end_matches('/');
    let admin = TableSet::open(Path::new(&format!("{server}/postgres")), Access::Update).unwrap();
    let name = format!("{name}_{}", std::process::id());
    admin.make_database(&name).unwrap();
    Some(PathBuf::from(format!("{server}/{name}")))
}

#[test]
fn a_database_keeps_every_column_and_hostile_name() {
    let Some(name) = database("columns") else {
        return;
    };
    let missing = load(&name).err().unwrap().to_string();
    assert!(missing.contains("there is no such store"), "{missing}");
    let mut rows = fixture::hostile();
    rows.extend(fixture::dandong());
    let mut store = Store::open_or_create(&name).unwrap();
    store.write(&rows).unwrap();
    assert_eq!(store.read().unwrap(), sorted(&rows));
    store.write(&rows[5..20]).unwrap();
    assert_eq!(load(&name).unwrap(), sorted(&rows));
    store.remove(&[rows[0].0.key.clone()]).unwrap();
    assert_eq!(load(&name).unwrap(), sorted(&rows[1..]));

    let mut edit = store.tables.edit().unwrap();
    edit.delete(&META, &[("name", "schema")]).unwrap();
    edit.insert(&META, &[meta_row("schema", "99")]).unwrap();
    edit.commit().unwrap();
    let newer = load(&name).err().unwrap().to_string();
    assert!(newer.contains("newer railspan"), "{newer}");
}

#[test]
fn several_machines_write_to_one_database_at_once() {
    let Some(name) = database("machines") else {
        return;
    };
    let rows = fixture::dandong();
    std::thread::scope(|scope| {
        for machine in 0..4 {
            let (name, rows) = (&name, &rows);
            scope.spawn(move || {
                let mut store = Store::open_or_create(name).unwrap();
                // Every machine writes some that others write too.
                for part in rows[5 * machine..].chunks(15) {
                    store.write(part).unwrap();
                }
            });
        }
    });
    assert_eq!(load(&name).unwrap(), sorted(&rows));
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let name = Path::new("postgresql://me:se-cret@127.0.0.1:1/none");
    for message in [load(name).err(), Store::open_or_create(name).err()] {
        let message = message.unwrap().to_string();
        assert!(
            message.contains("postgresql://127.0.0.1:1/none"),
            "{message}"
        );
        assert!(!message.contains("se-cret"), "{message}");
    }
}

/// Writes the made-up series in two transactions and dies in the third.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn die_while_writing() {
    let path = PathBuf::from(std::env::var_os("RAILSPAN_MADE_UP").unwrap());
    let rows = fixture::dandong();
    let mut store = Store::open_or_create(&path).unwrap();
    store.write(&rows[..30]).unwrap();
    store.write(&rows[10..]).unwrap();
    let mut edit = store.tables.edit().unwrap();
    for (observation, _) in &rows {
        delete(&mut edit, &observation.key).unwrap();
    }
    // Larger than the page cache: uncommitted pages reach the file.
    let filler = vec![meta_row("x", &"x".repeat(8 << 20)), meta_row("y", "")];
    edit.insert(&META, &filler).unwrap();
    std::process::abort();
}

#[test]
fn a_killed_writer_leaves_the_last_whole_state() {
    let (folder, path) = workshop();
    let died = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "series::store::tests::die_while_writing",
        ])
        .env("RAILSPAN_MADE_UP", &path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!died.success());
    let journal = folder.path().join("s.gpkg-journal");
    assert!(journal.exists(), "the writer died with pages in flight");
    let whole = sorted(&fixture::dandong());
    assert_eq!(load(&path).unwrap(), whole);
    let store = Store::open_or_create(&path).unwrap();
    assert_eq!(store.read().unwrap(), whole);
    drop(store);
    assert!(!journal.exists());
}

#[test]
#[ignore = "writes the file that RAILSPAN_MADE_UP names, to look at"]
fn made_up_store() {
    let path = PathBuf::from(std::env::var_os("RAILSPAN_MADE_UP").unwrap());
    let mut store = Store::open_or_create(&path).unwrap();
    store.write(&fixture::dandong()).unwrap();
}
