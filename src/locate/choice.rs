//! Which of the lines that stand out is the track, and whether that can be told.

use super::chance::chance;
use super::path::{Path, best_path};
use super::search::{Basis, Candidate, Search};
use crate::error::{Error, Result};

/// By how many standard deviations evidence has to exceed chance.
const LEAST_EXCESS: f64 = 4.0;
/// A line is called one, where trains do not tell, from this product of its
/// excess over chance and over what is usual (1). Decks and track beds have 8 and
/// more; field edges and streets that happen to line up have up to 5.
const LEAST_STRENGTH: f64 = 6.0;
/// Lines looked at besides the best.
const OTHERS: usize = 3;
/// Trains decide from this evidence on: half as many captures again as beside it.
const LEAST_TRAINS: f64 = 0.4;
/// A second line with this share of the evidence of the best may be the track as
/// well: by trains, and by likeness to a line alone. Of 54 fits to simulated
/// series, trains have the track first but for three, none below this share.
const AS_GOOD: (f64, f64) = (0.75, 0.65);
/// The same for the line given, where the best lies on the same deck.
const GIVEN_AS_GOOD: f64 = 0.8;

impl Search<'_, '_> {
    /// The line of the track and the others: the one with most evidence, nearness
    /// to the given one considered.
    pub(super) fn choose(&self) -> Result<(Basis, Candidate, Vec<Candidate>)> {
        let mut lines = self.lines();
        lines.retain(|l| basis(l) == Basis::Trains || is_line(l));
        let known_to_m = self.scene.known_to_m;
        let nearness = |c: &Candidate| {
            let middle = c.path.offset_m[self.along.len / 2];
            c.strength * (-0.5 * (middle / known_to_m).powi(2)).exp()
        };
        lines.sort_by(|a, b| nearness(b).total_cmp(&nearness(a)));
        if lines.is_empty() {
            return Err(Error::unsupported(
                "nothing in reach of the given line looks like a track: \
                 no line stands out against chance",
            ));
        }
        let best = lines.remove(0);
        Ok((basis(&best), best, lines))
    }

    /// That no other line has nearly as much evidence as the one chosen.
    pub(super) fn alone(
        &self,
        basis: Basis,
        chosen: &Candidate,
        others: &[Candidate],
    ) -> Result<()> {
        let share = as_good(basis);
        let rival = others
            .iter()
            .filter(|other| self.apart(&other.path, &chosen.path))
            .max_by(|a, b| a.strength.total_cmp(&b.strength))
            .filter(|rival| rival.strength > share * chosen.strength);
        let Some(rival) = rival else { return Ok(()) };
        Err(Error::unsupported(format!(
            "two lines stand out, one {} (evidence {:.1}) and one {} ({:.1}); which of them is the \
             track cannot be told",
            side(&chosen.path),
            chosen.strength,
            side(&rival.path),
            rival.strength
        )))
    }

    /// That the line found is much better than the given one, where it is another.
    pub(super) fn beats_given(
        &self,
        (basis, chosen): (Basis, &Candidate),
        path: &Path,
        given: &Candidate,
    ) -> Result<()> {
        let (found, there) = (chosen.strength, given.strength);
        let share = if self.apart(path, &given.path) {
            as_good(basis)
        } else {
            GIVEN_AS_GOOD
        };
        let off_m = path.offset_m.iter().map(|o| o.abs()).sum::<f64>() / self.along.len as f64;
        if off_m <= self.near_m() || there <= share * found {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "the line given looks as much like a track (evidence {there:.1}) as the best one \
             elsewhere ({found:.1}, {})",
            side(path)
        )))
    }

    /// Lines beside each other that exceed chance, the strongest first.
    fn lines(&self) -> Vec<Candidate> {
        let chance = chance(&self.both, self.reach);
        self.strongest()
            .map(|path| (chance.excess(path.score), path))
            .take_while(|(excess, _)| *excess >= LEAST_EXCESS)
            .map(|(excess, path)| self.candidate(path, excess))
            .collect()
    }

    /// Lines beside each other, the strongest first, whatever chance may do.
    pub(super) fn strongest(&self) -> impl Iterator<Item = Path> {
        let mut rest = self.both.clone();
        (0..=OTHERS).map(move |_| {
            let path = best_path(&rest, self.reach);
            rest = rest.without(&path, self.apart_m());
            path
        })
    }
}

/// The share of its evidence with which another line may be the track as well.
fn as_good(basis: Basis) -> f64 {
    match basis {
        Basis::Trains => AS_GOOD.0,
        Basis::Line => AS_GOOD.1,
    }
}

/// What speaks for a line.
fn basis(line: &Candidate) -> Basis {
    match line.trains {
        Some(trains) if trains >= LEAST_TRAINS => Basis::Trains,
        _ => Basis::Line,
    }
}

/// Whether something looks like a line that was built.
fn is_line(line: &Candidate) -> bool {
    line.excess * (line.line - 1.0) >= LEAST_STRENGTH
}

/// Where the middle of a line lies, for people.
fn side(path: &Path) -> String {
    let middle_m = path.offset_m[path.offset_m.len() / 2];
    let side = if middle_m > 0.0 { "right" } else { "left" };
    format!("{:.0} m to the {side}", middle_m.abs())
}
