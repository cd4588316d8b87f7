//! Which lines a command works along: those given, else those of the store,
//! else the built-in ones; and what may not be mixed.

use std::collections::BTreeSet;
use std::path::Path;

use super::crossings::CrossingsFile;
use crate::error::{Error, Result};
use crate::pipeline::Filed;
use crate::report::counted;
use crate::series::{Moved, Observation, Status, load, load_crossings, moved};
use crate::site::{Crossing, built_in};
use crate::source::Home;

/// What to do about another line than that of the store, for commands that
/// can look anew.
pub(super) const LOOK_ANEW: &str = "go on with the store's by giving no --crossings, \
     name another --store, or give --recompute to look at everything again along the new line";
/// The same for commands that only show what is in the store.
pub(super) const SHOW_ONLY: &str = "give no --crossings to draw the store's";

/// The crossings to work on. Another line than that along which the store was
/// made is refused, with what to do, unless all is done `anew`.
///
/// # Errors
/// The file or the store cannot be read; a line differs.
pub(super) fn lines_for(
    store: &Path,
    given: &CrossingsFile,
    anew: bool,
    remedy: &str,
) -> Result<Vec<Crossing>> {
    let held = load_crossings(store)?;
    let Some(given) = given.given()? else {
        return if held.is_empty() {
            built_in()
        } else {
            as_known_now(held)
        };
    };
    let moved = moved(&held, &given);
    if !anew && !moved.is_empty() {
        let observations = load(store)?.observations;
        refuse_moved(store, &moved, &observations, remedy)?;
    }
    Ok(given)
}

/// Crossings of which this version knows the same lines, as it knows them:
/// with rolling stock and what to beware of.
fn as_known_now(held: Vec<Crossing>) -> Result<Vec<Crossing>> {
    let built_in = built_in()?;
    let vertices = |c: &Crossing| -> Vec<_> {
        let tracks = c.tracks.iter();
        tracks.map(|t| (t.id.clone(), t.vertices.clone())).collect()
    };
    let known = |c: Crossing| {
        let same = |b: &&Crossing| b.id == c.id && vertices(b) == vertices(&c);
        built_in.iter().find(same).cloned().unwrap_or(c)
    };
    Ok(held.into_iter().map(known).collect())
}

/// Refuses lines that differ from those along which observations were made.
///
/// # Errors
/// Names the track, what the store has, what is given, and what to do.
pub(super) fn refuse_moved(
    store: &Path,
    moved: &[Moved<'_>],
    observations: &[Observation],
    remedy: &str,
) -> Result<()> {
    for m in moved {
        let seen = observations.iter().filter(|o| is_along(o, m)).count();
        if seen > 0 {
            let problem = format!(
                "holds {} of {}/{} along another line than the one given: {:.0} m long instead \
                 of {:.0} m, up to {:.0} m apart",
                counted(seen, "observation"),
                m.crossing.id,
                m.given.id,
                m.held.alignment.length_m(),
                m.given.alignment.length_m(),
                m.apart_m()
            );
            return Err(Error::content(Home::shown(store), problem, remedy));
        }
    }
    Ok(())
}

/// Whether an observation was made along the held line: what failed was not.
pub(super) fn is_along(o: &Observation, m: &Moved<'_>) -> bool {
    let own = o.key.crossing == m.crossing.id && o.key.track == m.given.id;
    own && o.status != Status::Failed
}

/// Refuses to put another line in the place of one along which captures were
/// looked at that take no part now: their rows would stay as they are.
///
/// # Errors
/// Says how many there are, and what to do.
pub(super) fn refuse_left_behind(
    store: &Path,
    m: &Moved<'_>,
    observations: &[Observation],
    corridors: &[Filed],
) -> Result<()> {
    let own = corridors.iter().map(|filed| &filed.label.origin);
    let again: BTreeSet<&str> = own
        .filter(|o| o.crossing == m.crossing.id && o.track == m.given.id)
        .map(|o| o.capture.as_str())
        .collect();
    let along = observations.iter().filter(|o| is_along(o, m));
    let left = along
        .filter(|o| !again.contains(o.key.capture.as_str()))
        .count();
    if left == 0 {
        return Ok(());
    }
    let problem = format!(
        "holds {} of {}/{} along another line that are in none of the folders",
        counted(left, "observation"),
        m.crossing.id,
        m.given.id
    );
    let remedy = "give their folders too, so that the whole series is along one line, or name \
                  another --store";
    Err(Error::content(Home::shown(store), problem, remedy))
}
