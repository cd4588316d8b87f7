//! Predictions of all captures of a series, in parallel.

use rayon::prelude::*;

use crate::background::{Panel, Prediction, predict_together};

/// Captures that are predicted together at most: more save nothing.
const TOGETHER: usize = 12;

/// Predicts captures of a panel, see [`predict_together`]: each as it would be alone.
pub(super) fn predict_all(
    panel: &Panel,
    wanted: &[(usize, Option<&Prediction>)],
) -> Vec<Option<Prediction>> {
    // All threads have as much to do.
    let threads = rayon::current_num_threads();
    let rounds = wanted.len().div_ceil(TOGETHER * threads).max(1);
    let together = wanted.len().div_ceil(rounds * threads).max(1);
    (wanted.par_chunks(together))
        .flat_map(|some| predict_together(panel, some))
        .collect()
}

/// Predicts every capture of a panel, from `previous`, the predictions of the pass before.
/// Of those that are good `still` nothing is predicted anew.
pub(super) fn predictions(
    panel: &Panel,
    previous: Option<&[Option<Prediction>]>,
    still: &[bool],
) -> Vec<Option<Prediction>> {
    let of_pass_before = |t: usize| previous.and_then(|before| before.get(t)?.as_ref());
    let wanted: Vec<(usize, Option<&Prediction>)> = (0..panel.len())
        .filter(|t| !still[*t])
        .map(|t| (t, of_pass_before(t)))
        .collect();
    let mut anew = predict_all(panel, &wanted).into_iter();
    (still.iter().enumerate())
        .map(|(t, still)| {
            if *still {
                of_pass_before(t).cloned()
            } else {
                anew.next().flatten()
            }
        })
        .collect()
}
