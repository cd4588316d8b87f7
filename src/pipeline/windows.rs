//! A long series, looked through window by window.
//!
//! A capture is compared with those near it in time and, of them, with those
//! most alike. What lies years away adds nothing but cost: sums over all pairs
//! of captures grow with the square of a series. Beyond one window the cost
//! grows with its length.

use std::ops::Range;

/// Most captures looked through at once: more than a year of captures in which
/// the track can be seen, so that every season has its like.
pub(super) const MOST_AT_ONCE: usize = 240;
/// Captures that two windows share: half of them on each side of where one
/// takes over from the other, which is longer than the longest stay that is
/// looked for.
const SHARED: usize = 60;

/// Captures that are looked through together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// All of them.
    pub(super) captures: Range<usize>,
    /// Those that this window decides; the others are decided by its neighbours.
    pub(super) own: Range<usize>,
}

/// Windows of equal length, spread evenly; one for a short series.
pub(super) fn windows(captures: usize) -> Vec<Window> {
    let len = captures.min(MOST_AT_ONCE);
    let further = (captures - len).div_ceil(MOST_AT_ONCE - SHARED);
    let first = |i: usize| i * (captures - len) / further.max(1);
    let border = |i: usize| (first(i) + first(i + 1) + len) / 2;
    (0..=further)
        .map(|i| Window {
            captures: first(i)..first(i) + len,
            own: Range {
                start: i.checked_sub(1).map_or(0, border),
                end: if i == further { captures } else { border(i) },
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_series_is_one_window() {
        for captures in [0, 1, MOST_AT_ONCE] {
            let whole = Window {
                captures: 0..captures,
                own: 0..captures,
            };
            assert_eq!(windows(captures), [whole]);
        }
    }

    #[test]
    fn every_capture_is_decided_once_and_away_from_the_rim_of_its_window() {
        for captures in [MOST_AT_ONCE + 1, 500, 2000, 2027] {
            let windows = windows(captures);
            let decided: Vec<usize> = windows.iter().flat_map(|w| w.own.clone()).collect();
            assert_eq!(decided, (0..captures).collect::<Vec<usize>>());
            for w in &windows {
                assert_eq!(w.captures.len(), MOST_AT_ONCE);
                let before = w.own.start - w.captures.start;
                let behind = w.captures.end - w.own.end;
                assert!(w.own.start == 0 || before >= SHARED / 2 - 1, "{w:?}");
                assert!(w.own.end == captures || behind >= SHARED / 2 - 1, "{w:?}");
            }
        }
    }

    #[test]
    fn the_number_of_windows_grows_with_the_series() {
        assert_eq!(windows(500).len(), 3);
        assert_eq!(windows(10_000).len(), 56);
    }
}
