//! Which captures make the consensus, and how they find it together.

use super::consensus::Consensus;
use super::features::Features;
use super::translation::{followed, register};
use crate::error::Result;
use crate::stats::median;
use crate::strip::Shift;

/// Captures that make the consensus at most. Their median is as quiet as it
/// needs to be, and time and memory stay bounded.
pub const MOST_ANCHORS: usize = 24;

/// Rounds after which shifts no longer move.
const ROUNDS: usize = 3;

/// Indices of the captures that make the consensus: those with most to see,
/// one from each of at most [`MOST_ANCHORS`] equal parts of the series.
///
/// `usable_shares` is in order of time; captures with none are never chosen.
///
/// ```
/// use railspan::register::anchors;
/// assert_eq!(anchors(&[0.0, 0.5, 0.9]), [1, 2]);
/// assert_eq!(anchors(&[0.5; 240]).len(), 24);
/// ```
#[must_use]
pub fn anchors(usable_shares: &[f64]) -> Vec<usize> {
    let usable: Vec<usize> = (0..usable_shares.len())
        .filter(|&i| usable_shares[i] > 0.0)
        .collect();
    let parts = usable.len().min(MOST_ANCHORS);
    (0..parts)
        .filter_map(|k| {
            let part = &usable[k * usable.len() / parts..(k + 1) * usable.len() / parts];
            // The first of equals, so that the choice does not depend on sorting.
            part.iter().copied().reduce(|best, i| {
                if usable_shares[i] > usable_shares[best] {
                    i
                } else {
                    best
                }
            })
        })
        .collect()
}

/// The shifts less their median per axis: the frame is the consensus of the
/// series, and no translation of all captures together can be observed.
#[must_use]
pub fn centred(shifts: &[Shift]) -> Vec<Shift> {
    let east: Vec<f64> = shifts.iter().map(|s| s.east_m).collect();
    let north: Vec<f64> = shifts.iter().map(|s| s.north_m).collect();
    let (east_m, north_m) = (
        median(&east).unwrap_or_default(),
        median(&north).unwrap_or_default(),
    );
    shifts
        .iter()
        .map(|s| Shift {
            east_m: s.east_m - east_m,
            north_m: s.north_m - north_m,
        })
        .collect()
}

/// The consensus of the anchors of a series after three rounds.
///
/// The first searches, the others follow. An anchor whose registration is
/// refused in a round takes no part in the next.
///
/// # Errors
/// As [`Consensus::of`].
pub fn settled(anchors: &[&Features]) -> Result<Consensus> {
    let mut members: Vec<(&Features, Shift)> =
        anchors.iter().map(|f| (*f, Shift::default())).collect();
    let mut consensus = Consensus::of(&members)?;
    for round in 0..ROUNDS {
        let moved: Vec<(&Features, Shift)> = members
            .iter()
            .filter_map(|(f, shift)| {
                let found = if round == 0 {
                    register(f, &consensus, *shift).map(|found| found.shift)
                } else {
                    followed(f, &consensus, *shift)
                };
                Some((*f, found.ok()?))
            })
            .collect();
        if moved.is_empty() {
            break;
        }
        let shifts: Vec<Shift> = moved.iter().map(|m| m.1).collect();
        members = moved.iter().map(|m| m.0).zip(centred(&shifts)).collect();
        consensus = Consensus::of(&members)?;
    }
    Ok(consensus)
}
