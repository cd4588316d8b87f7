//! The lines that a store was made along: every track with all that is known of
//! it, so that the next run and the report go on with the same.
//!
//! Chainages of another line mean other places. A store therefore holds one
//! line a track, and what is looked at along another one is another series.

use std::path::Path;

use super::columns::{RowProblem, text};
use super::schema;
use super::store::{Store, check_name, open, read_table};
use crate::error::Result;
use crate::site::{Crossing, Track, parse_crossings, to_geojson};
use crate::source::ColumnKind::{Integer, Real, Text};
use crate::source::{Access, Cell, Edit, Home, Row, Table, TableSet};

pub(super) const TRACKS: Table = Table {
    name: "tracks",
    columns: &[
        ("crossing", Text),
        ("track", Text),
        ("name", Text),
        ("length_m", Real),
        // Its place in the crossings file.
        ("position", Integer),
        // The crossings file with this track alone.
        ("definition", Text),
    ],
    key: &["crossing", "track"],
    lines: true,
};

/// A track in the place it has among the crossings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// Its crossing.
    pub crossing: &'a Crossing,
    /// The track.
    pub track: &'a Track,
    position: usize,
}

/// All tracks of some crossings.
pub fn lines(crossings: &[Crossing]) -> impl Iterator<Item = Line<'_>> {
    let tracks = crossings
        .iter()
        .flat_map(|crossing| crossing.tracks.iter().map(move |track| (crossing, track)));
    tracks.zip(0..).map(|((crossing, track), position)| Line {
        crossing,
        track,
        position,
    })
}

/// A track that is given along another line than it is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved<'a> {
    /// Its crossing, as given.
    pub crossing: &'a Crossing,
    /// As given.
    pub given: &'a Track,
    /// As held.
    pub held: &'a Track,
}

impl Moved<'_> {
    /// How far a vertex of one of the lines lies from the other, m, at most.
    #[must_use]
    pub fn apart_m(&self) -> f64 {
        let farthest_m = |of: &Track, from: &Track| {
            let points = of.vertices.iter().map(|v| from.frame.to_point(*v));
            points
                .map(|p| from.alignment.project(p).1.abs())
                .fold(0.0, f64::max)
        };
        farthest_m(self.given, self.held).max(farthest_m(self.held, self.given))
    }
}

/// The tracks of `given` that are in `held` along another line.
#[must_use]
pub fn moved<'a>(held: &'a [Crossing], given: &'a [Crossing]) -> Vec<Moved<'a>> {
    let all = lines(given).filter_map(|line| {
        let track = held_track(held, &line)?;
        (track.vertices != line.track.vertices).then_some(Moved {
            crossing: line.crossing,
            given: line.track,
            held: track,
        })
    });
    all.collect()
}

fn held_track<'a>(held: &'a [Crossing], line: &Line<'_>) -> Option<&'a Track> {
    let own = held.iter().filter(|c| c.id == line.crossing.id);
    own.flat_map(|c| &c.tracks).find(|t| t.id == line.track.id)
}

/// The crossings along whose lines a store was made, in their order; none where
/// there is no store yet, or one from before lines were kept.
///
/// # Errors
/// Where the name is none of a store, or what it names cannot be read.
pub fn load_crossings(name: &Path) -> Result<Vec<Crossing>> {
    check_name(name)?;
    let missing = match Home::of(name) {
        Home::File => !name.exists(),
        Home::Server => !schema::is_store(&TableSet::open(name, Access::Read)?),
    };
    if missing {
        return Ok(Vec::new());
    }
    read_crossings(&open(name)?)
}

impl Store {
    /// As [`load_crossings`], of an open store.
    ///
    /// # Errors
    /// Where a row cannot be read.
    pub fn crossings(&self) -> Result<Vec<Crossing>> {
        read_crossings(&self.tables)
    }

    /// Keeps lines, in place of those of the same tracks.
    ///
    /// # Errors
    /// Where the store cannot be written to.
    pub fn keep_lines(&mut self, lines: &[Line<'_>]) -> Result<()> {
        let mut edit = self.tables.edit()?;
        for line in lines {
            keep_line(&mut edit, line)?;
        }
        edit.commit()
    }
}

pub(super) fn keep_line(edit: &mut Edit<'_>, line: &Line<'_>) -> Result<()> {
    let key = [
        ("crossing", line.crossing.id.as_str()),
        ("track", line.track.id.as_str()),
    ];
    edit.delete(&TRACKS, &key)?;
    edit.insert(&TRACKS, &[row(line)])
}

fn row(line: &Line<'_>) -> Row {
    let Line {
        crossing, track, ..
    } = line;
    let alone = Crossing {
        tracks: vec![Track::clone(track)],
        ..Crossing::clone(crossing)
    };
    Row {
        cells: vec![
            text(&crossing.id),
            text(&track.id),
            text(&track.name),
            Cell::Real(track.alignment.length_m()),
            Cell::Integer(line.position as i64),
            Cell::Text(to_geojson(&[alone])),
        ],
        line: track.vertices.clone(),
    }
}

/// The place of a track and its definition.
fn from_row(row: Row) -> std::result::Result<(i64, String), RowProblem> {
    match row.cells.as_slice() {
        [.., Cell::Integer(position), Cell::Text(definition)] => {
            Ok((*position, definition.clone()))
        }
        _ => Err("a row does not say where its line runs".to_owned()),
    }
}

fn read_crossings(tables: &TableSet) -> Result<Vec<Crossing>> {
    if !tables.has(&TRACKS) {
        return Ok(Vec::new());
    }
    let mut rows = read_table(tables, &TRACKS, from_row)?;
    rows.sort_by_key(|row| row.0);
    let mut crossings: Vec<Crossing> = Vec::new();
    for (_, definition) in rows {
        for own in parse_crossings(&definition, tables.name())? {
            match crossings.iter_mut().find(|c| c.id == own.id) {
                Some(known) => known.tracks.extend(own.tracks),
                None => crossings.push(own),
            }
        }
    }
    Ok(crossings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::site::built_in;

    #[test]
    fn crossings_come_back_as_they_were_kept_and_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.gpkg");
        assert_eq!(load_crossings(&path).unwrap(), []);
        let mut store = Store::open_or_create(&path).unwrap();
        assert_eq!(store.crossings().unwrap(), []);
        let mut crossings = built_in().unwrap();
        let mut siding = crossings[0].tracks[0].clone();
        siding.id = "siding \u{202e}'; --".into();
        crossings[0].tracks.insert(0, siding);
        store
            .keep_lines(&lines(&crossings).collect::<Vec<_>>())
            .unwrap();
        assert_eq!(store.crossings().unwrap(), crossings);
        drop(store);
        assert_eq!(load_crossings(&path).unwrap(), crossings);
        assert_eq!(moved(&crossings, &crossings), []);
    }

    #[test]
    fn a_line_replaces_that_of_its_track_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.gpkg");
        let mut store = Store::open_or_create(&path).unwrap();
        let held = built_in().unwrap();
        store.keep_lines(&lines(&held).collect::<Vec<_>>()).unwrap();
        let mut given = built_in().unwrap();
        let track = &mut given[1].tracks[0];
        // A millionth of a degree of latitude is 0.11 m.
        for vertex in &mut track.vertices {
            vertex.lat_deg += 1e-4;
        }
        {
            let moved = moved(&held, &given);
            let [only] = moved.as_slice() else {
                panic!("one line differs")
            };
            assert_eq!(only.crossing.id, held[1].id);
            assert!((5.0..11.2).contains(&only.apart_m()), "{}", only.apart_m());
        }
        let line = lines(&given).nth(1).unwrap();
        store.keep_lines(&[line]).unwrap();
        let kept = store.crossings().unwrap();
        assert_eq!(kept[1].tracks[0].vertices, given[1].tracks[0].vertices);
        assert_eq!((&kept[0], kept.len()), (&held[0], held.len()));
    }

    #[test]
    fn a_file_that_is_no_store_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.gpkg");
        TableSet::create_file(&path, &[TRACKS]).unwrap();
        let said = load_crossings(&path).unwrap_err().to_string();
        assert!(said.contains("no store of railspan's"), "{said}");
        assert!(load_crossings(Path::new("x.csv")).is_err());
    }
}
