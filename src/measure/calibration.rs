//! What the fit of ends is worth on trains whose ends are known.

use super::Fit;
use crate::stats::{median, quantile};

/// Fewer measured trains than this change nothing.
const LEAST_TRIALS: usize = 12;
/// Share of the errors that two sigma are to hold.
const COVERED: f64 = 0.95;
/// The sigma of a fit is not scaled by less and not by more than this: what is
/// put into a profile leaves out what a real train does to registration and
/// prediction, and few trials must not spoil a fit.
const SCALED: (f64, f64) = (1.0, 3.0);
/// Errors of more than this many sigma say nothing of the bias.
const STRAY: f64 = 4.0;

/// A train of known ends, as it was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Its ends, m.
    pub truth_m: (f64, f64),
    /// What was found of it; `None` where it was not.
    pub fit: Option<Fit>,
}

/// Correction of fits, learnt from trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// How far inside the train its fitted ends lie, m.
    pub inset_m: f64,
    /// Factor on the sigma of an end.
    pub end: f64,
    /// Factor on the sigma of a length.
    pub length: f64,
}

impl Calibration {
    /// Leaves a fit as it is.
    pub const NONE: Self = Self {
        inset_m: 0.0,
        end: 1.0,
        length: 1.0,
    };

    /// From the trials of a series.
    #[must_use]
    pub fn of(trials: &[Trial]) -> Self {
        let measured: Vec<(&Trial, Fit)> =
            trials.iter().filter_map(|t| Some((t, t.fit?))).collect();
        if measured.len() < LEAST_TRIALS {
            return Self::NONE;
        }
        let ends: Vec<(f64, f64)> = measured
            .iter()
            .flat_map(|(t, f)| {
                [
                    (f.start_m - t.truth_m.0, f.start_sigma_m),
                    (t.truth_m.1 - f.end_m, f.end_sigma_m),
                ]
            })
            .collect();
        let near: Vec<f64> = ends
            .iter()
            .filter(|(error, sigma)| error.abs() < STRAY * sigma)
            .map(|(error, _)| *error)
            .collect();
        let inset_m = median(&near).unwrap_or(0.0);
        let of_end = ends.iter().map(|(e, s)| (e - inset_m).abs() / s);
        let of_length = measured.iter().map(|(t, f)| {
            let short = (t.truth_m.1 - t.truth_m.0) - (f.end_m - f.start_m);
            (short - 2.0 * inset_m).abs() / f.length_sigma_m
        });
        Self {
            inset_m,
            end: factor(&of_end.collect::<Vec<_>>()),
            length: factor(&of_length.collect::<Vec<_>>()),
        }
    }

    /// The fit with its ends put right and its sigma as large as its errors are.
    #[must_use]
    pub fn apply(&self, fit: Fit) -> Fit {
        Fit {
            start_m: fit.start_m - self.inset_m,
            end_m: fit.end_m + self.inset_m,
            start_sigma_m: fit.start_sigma_m * self.end,
            end_sigma_m: fit.end_sigma_m * self.end,
            length_sigma_m: fit.length_sigma_m * self.length,
            ..fit
        }
    }
}

/// What makes two sigma hold their share of errors, given in sigma.
fn factor(sizes: &[f64]) -> f64 {
    let held = quantile(sizes, COVERED).unwrap_or(2.0);
    (held / 2.0).clamp(SCALED.0, SCALED.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Censored;

    fn fit(start_m: f64, end_m: f64) -> Fit {
        Fit {
            start_m,
            end_m,
            start_sigma_m: 1.0,
            end_sigma_m: 1.0,
            length_sigma_m: 1.5,
            censored: Censored::None,
        }
    }

    #[test]
    fn what_is_always_too_short_is_made_longer() {
        let trials: Vec<Trial> = (0..40)
            .map(|i| Trial {
                truth_m: (100.0, 300.0),
                fit: (i % 4 > 0).then(|| fit(100.5, 299.5)),
            })
            .collect();
        let learnt = Calibration::of(&trials);
        assert_eq!(learnt.inset_m, 0.5);
        assert_eq!((learnt.end, learnt.length), (1.0, 1.0));
        let put_right = learnt.apply(fit(100.5, 299.5));
        assert_eq!((put_right.start_m, put_right.end_m), (100.0, 300.0));
    }

    #[test]
    fn two_sigma_come_to_hold_nineteen_errors_of_twenty() {
        // Lengths wrong by -6 to 6 m where sigma is 1.5: 95 % lie within 5.7 m.
        let trials: Vec<Trial> = (0..=400)
            .map(|i| Trial {
                truth_m: (100.0, 300.0),
                fit: Some(fit(100.0, 294.0 + 0.03 * f64::from(i))),
            })
            .collect();
        let learnt = Calibration::of(&trials);
        assert!((learnt.length - 5.7 / 3.0).abs() < 0.05, "{learnt:?}");
        assert_eq!(Calibration::of(&trials[..5]), Calibration::NONE);
    }
}
