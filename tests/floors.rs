//! Guards the house: imports run one way, rooms keep their secrets, files and
//! functions keep their size.

#![allow(clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor, left to right; a room may import only from floors to its left.
const FLOORS: &[&[&str]] = &[
    &["error"],
    &["geo", "stats"],
    &["site", "capture"],
    &["source"],
    &["strip"],
    &[
        "register",
        "normalize",
        "background",
        "difference",
        "detect",
        "measure",
        "locate",
    ],
    &["simulate"],
    &["pipeline"],
    &["series"],
    &["trend"],
    &["report"],
    &["cli"],
];

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// The room that a file belongs to: its first folder or file name under `src`.
fn room_of(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = path.strip_prefix(root).expect("a file under src");
    let first = inside.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn floors() -> BTreeMap<&'static str, usize> {
    FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (*room, floor)))
        .collect()
}

/// Code lines only: comments say what they like.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(i, line)| (i + 1, line))
}

fn imported_rooms(line: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for part in line.split("crate::").skip(1) {
        let names = part.strip_prefix('{').unwrap_or(part);
        let name: String = names
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        rooms.push(name);
    }
    rooms
}

#[test]
fn imports_run_from_left_to_right() {
    let floors = floors();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if room == "lib" || room == "main" {
            continue;
        }
        let Some(&floor) = floors.get(room.as_str()) else {
            wrong.push(format!("{}: the room {room} has no floor", path.display()));
            continue;
        };
        for (number, line) in code_lines(&text) {
            for other in imported_rooms(line) {
                let allowed =
                    other == room || floors.get(other.as_str()).is_some_and(|&f| f < floor);
                if !allowed {
                    wrong.push(format!(
                        "{}:{number}: {room} imports {other}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn libraries_stay_in_their_rooms() {
    let secrets: &[(&str, &[&str])] = &[
        ("gdal::", &["source"]),
        ("rayon::", &["pipeline"]),
        ("clap::", &["cli"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        for (number, line) in code_lines(&text) {
            for (library, rooms) in secrets {
                let named = line.contains(library) && !line.contains(&format!("_{library}"));
                if named && !rooms.contains(&room.as_str()) {
                    wrong.push(format!(
                        "{}:{number}: {room} names {library}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > LONGEST_FILE)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Functions as rustfmt writes them: from the line with `fn` to the first
/// line that is a closing brace at the same indentation.
fn functions(text: &str) -> Vec<(usize, usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(super) fn ",
            "pub(crate) fn ",
            "const fn ",
        ]
        .iter()
        .any(|start| body.starts_with(start));
        if !is_function {
            continue;
        }
        let indent = line.len() - body.len();
        let end = format!("{}}}", " ".repeat(indent));
        if let Some(length) = lines[i..].iter().position(|l| *l == end) {
            found.push((i + 1, length + 1, body.to_owned()));
        }
    }
    found
}

#[test]
fn functions_stay_short() {
    let mut long = Vec::new();
    for (path, text) in sources() {
        for (number, length, name) in functions(&text) {
            if length > LONGEST_FUNCTION {
                long.push(format!(
                    "{}:{number}: {length} lines: {name}",
                    path.display()
                ));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_guard_sees_what_it_should() {
    assert_eq!(imported_rooms("use crate::geo::Frame;"), ["geo"]);
    assert_eq!(imported_rooms("let x: crate::site::Track = y;"), ["site"]);
    let text = "fn a() {\n    b();\n}\n";
    assert_eq!(functions(text), [(1, 3, "fn a() {".to_owned())]);
}
