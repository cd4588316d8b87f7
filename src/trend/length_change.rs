//! Where the lengths changed (Pettitt 1979), lower bounds included.

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::change::{Located, Profile, locate};
use super::survival::Bounded;

/// Seed of all draws: equal series give equal answers.
const SEED: u64 = 0x7065_7474_6974_7431;

/// A length and the number of its group; lengths are compared in groups.
pub(super) type Grouped = (Bounded, usize);

/// The change of lengths in order of time.
pub(super) fn length_change(lengths: &[Grouped]) -> Option<Located> {
    let mut without = ChaCha8Rng::seed_from_u64(SEED);
    let mut with = ChaCha8Rng::seed_from_u64(SEED + 1);
    let members = members(lengths, 0..lengths.len());
    let unchanged = || {
        let mut drawn = lengths.to_vec();
        for places in &members {
            let mut shuffled = places.clone();
            shuffled.shuffle(&mut without);
            for (to, from) in places.iter().zip(&shuffled) {
                drawn[*to] = lengths[*from];
            }
        }
        pettitt(&drawn)
    };
    locate(&pettitt(lengths), unchanged, |split| {
        pettitt(&resampled(lengths, split, &mut with))
    })
}

/// |U| behind each member: how far the lengths up to there lie above or below
/// the others, in pairs. Scores are those of Gehan (1965), which without lower
/// bounds are twice the ranks less their mean, and U is Pettitt's.
pub(super) fn pettitt(lengths: &[Grouped]) -> Profile {
    let mut u = 0.0;
    scores(lengths)
        .into_iter()
        .map(|score| {
            u += score;
            f64::abs(u)
        })
        .collect()
}

/// For each length, those of its group surely below less those surely above.
fn scores(lengths: &[Grouped]) -> Vec<f64> {
    let mut scores = vec![0.0; lengths.len()];
    for places in members(lengths, 0..lengths.len()) {
        let sorted = |at_least: bool| {
            let of_kind = places.iter().map(|i| lengths[*i].0);
            let mut values: Vec<f64> = of_kind.filter(|l| l.1 == at_least).map(|l| l.0).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (whole, cut) = (sorted(false), sorted(true));
        for i in places {
            let (length, at_least) = lengths[i].0;
            let through = whole.partition_point(|w| *w <= length) as f64;
            scores[i] = if at_least {
                through
            } else {
                let below = whole.partition_point(|w| *w < length) as f64;
                let above = whole.len() as f64 - through;
                let cut_above = (cut.len() - cut.partition_point(|c| *c < length)) as f64;
                below - above - cut_above
            };
        }
    }
    scores
}

/// Places of the members of each group within a range.
fn members(lengths: &[Grouped], range: std::ops::Range<usize>) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = range.collect();
    places.sort_by_key(|i| lengths[*i].1);
    places
        .chunk_by(|a, b| lengths[*a].1 == lengths[*b].1)
        .map(<[usize]>::to_vec)
        .collect()
}

/// Lengths drawn with replacement from those of their group on their side.
fn resampled(lengths: &[Grouped], split: usize, random: &mut ChaCha8Rng) -> Vec<Grouped> {
    let mut drawn = lengths.to_vec();
    for side in [0..split, split..lengths.len()] {
        for places in members(lengths, side) {
            for to in &places {
                drawn[*to] = lengths[places[random.random_range(0..places.len())]];
            }
        }
    }
    drawn
}
