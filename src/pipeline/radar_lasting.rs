//! What comes to stay beside the track, and so is no train.
//!
//! Trains are looked for as far beside the line as layover and the line's own
//! error demand. Within that reach bridges and platforms are built, too. What
//! stands off the line on every capture from some date to the last, or from the
//! first to some date, is such a thing; on the line itself it may be wagons.

/// So many captures on either side of the change tell a thing from wagons that
/// stand long.
const LEAST_CAPTURES: usize = 6;

/// A thing stands on a capture that shows this share of its contrast, in dB:
/// half way to none.
const LEAST_SHARE: f64 = 0.5;

/// Whether what one capture shows stands there on all captures to one end of
/// the series, and on none at the other.
///
/// `levels_db`: contrast of the place in every capture, in order of time, NaN
/// where not seen; `capture`: the one in question.
pub(super) fn came_to_stay(levels_db: &[f64], capture: usize) -> bool {
    let least_db = LEAST_SHARE * levels_db[capture];
    let stands: Vec<bool> = (levels_db.iter())
        .filter(|db| db.is_finite())
        .map(|&db| db >= least_db)
        .collect();
    let changes = stands.windows(2).filter(|w| w[0] != w[1]).count();
    let with = stands.iter().filter(|s| **s).count();
    changes == 1 && with >= LEAST_CAPTURES && stands.len() - with >= LEAST_CAPTURES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(of: &[(usize, f64)]) -> Vec<f64> {
        (of.iter())
            .flat_map(|&(n, db)| std::iter::repeat_n(db, n))
            .collect()
    }

    #[test]
    fn a_bridge_from_some_date_on_has_come_to_stay() {
        let built = levels(&[(12, 0.3), (7, 8.0)]);
        assert!(came_to_stay(&built, 12) && came_to_stay(&built, 18));
        let removed = levels(&[(7, 8.0), (2, f64::NAN), (12, -0.3)]);
        assert!(came_to_stay(&removed, 3));
    }

    #[test]
    fn what_leaves_again_or_is_new_has_not() {
        assert!(!came_to_stay(&levels(&[(9, 0.0), (7, 8.0), (3, 0.0)]), 10));
        assert!(!came_to_stay(&levels(&[(12, 0.0), (5, 8.0)]), 13));
        assert!(!came_to_stay(&levels(&[(4, 0.0), (12, 8.0)]), 5));
        assert!(!came_to_stay(&levels(&[(20, 8.0)]), 5));
    }
}
