//! Start, end and length of a train.

use serde::{Deserialize, Serialize};

use super::calm::calmed;
use super::colour::colour;
use super::ends::{EndPosterior, posterior};
use super::likelihood::{Reach, Side, Window};
use super::noise::NoiseShape;
use crate::strip::Profile;

/// Speeds tried and the spread of speeds expected, m/s: border crossings are
/// passed at 10 to 18 km/h, rarely at 50.
const FASTEST_MPS: f64 = 16.0;
const SPEEDS: usize = 9;
const SPEED_SIGMA_MPS: f64 = 7.0;
/// The window is set anew about the result so often.
const ROUNDS: usize = 2;

/// What moves between the bands of a capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    /// Per band: seconds after the time of the capture.
    pub delays_s: Vec<f64>,
}

/// Which ends of a train were not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Censored {
    /// Both ends were seen.
    None,
    /// It runs out of view at its start.
    Start,
    /// It runs out of view at its end.
    End,
    /// It runs out of view on both sides.
    Both,
}

/// A measured train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Chainage of its start, m.
    pub start_m: f64,
    /// Chainage of its end, m.
    pub end_m: f64,
    /// 1 sigma of the start, m.
    pub start_sigma_m: f64,
    /// 1 sigma of the end, m.
    pub end_sigma_m: f64,
    /// 1 sigma of the length, m.
    pub length_sigma_m: f64,
    /// Ends that were not seen; the length is then a lower bound.
    pub censored: Censored,
}

/// What a train is measured with.
#[derive(Debug, Clone, Copy)]
pub struct Ruler<'a> {
    /// Typical contrast of a train in the units of the profile.
    pub contrast_scale: f64,
    /// Delays between the bands, where they are known.
    pub motion: Option<&'a Motion>,
    /// How the noise hangs together.
    pub noise: &'a NoiseShape,
}

/// Fits the ends of a train that was found between two chainages, m.
///
/// In band `b` a train of speed `v` is `v · delays_s[b]` up-chainage of where
/// it is at the time of the capture. `None` where too few samples are usable.
#[must_use]
pub fn fit(profile: &Profile, found_m: (f64, f64), ruler: &Ruler<'_>) -> Option<Fit> {
    let bands = profile.track.nrows();
    let (speeds, delays) = match ruler.motion {
        Some(m) if m.delays_s.len() == bands => (speeds(), m.delays_s.clone()),
        _ => (vec![0.0], vec![0.0; bands]),
    };
    let shift = |v: &f64| delays.iter().map(|d| v * d).collect();
    let shifts_m: Vec<Vec<f64>> = speeds.iter().map(shift).collect();
    let half_m = 6.0 * profile.psf_m + 20.0;
    let margin_m = 1.3 * profile.psf_m + 5.0;
    let mut ends = found_m;
    let mut result = None;
    for _ in 0..ROUNDS {
        let colour = colour(profile, ends, margin_m, ruler.contrast_scale)?;
        let end = |side: Side, guess_m: f64, far_m: f64| {
            let reach = Reach {
                guess_m,
                half_m,
                far_m,
            };
            let calm = calmed(profile, (side, guess_m), half_m);
            let window = Window::new(&calm, (side, reach), &colour, ruler.noise, &shifts_m)?;
            Some(posterior(&window))
        };
        let start = end(Side::Start, ends.0, ends.1)?;
        let end = end(Side::End, ends.1, ends.0)?;
        let joined = join(&start, &end, &speeds);
        let moved_m = (joined.start_m - ends.0)
            .abs()
            .max((joined.end_m - ends.1).abs());
        ends = (joined.start_m, joined.end_m);
        result = Some(joined);
        if moved_m < 0.5 * profile.psf_m {
            break;
        }
    }
    let mut result = result?;
    result.censored = censored(profile, ends);
    Some(result)
}

fn speeds() -> Vec<f64> {
    (0..SPEEDS)
        .map(|i| FASTEST_MPS * (2.0 * i as f64 / (SPEEDS - 1) as f64 - 1.0))
        .collect()
}

/// Both ends have one speed: weighs speeds by what both say of them.
fn join(start: &EndPosterior, end: &EndPosterior, speeds: &[f64]) -> Fit {
    let log: Vec<f64> = speeds
        .iter()
        .enumerate()
        .map(|(i, v)| start.evidence[i] + end.evidence[i] - 0.5 * (v / SPEED_SIGMA_MPS).powi(2))
        .collect();
    let high = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = log.iter().map(|l| (l - high).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let weights: Vec<f64> = weights.iter().map(|w| w / sum).collect();
    let (starts, ends) = (start.at_speeds(&weights), end.at_speeds(&weights));
    let (start_m, end_m) = (starts.median_m(), ends.median_m());
    Fit {
        start_m,
        end_m,
        start_sigma_m: starts.sigma_m(start_m),
        end_sigma_m: ends.sigma_m(end_m),
        length_sigma_m: end.length(start, &weights).sigma_m(end_m - start_m),
        censored: Censored::None,
    }
}

/// An end within a pixel of what is hidden or beyond the strip was not seen.
fn censored(profile: &Profile, (start_m, end_m): (f64, f64)) -> Censored {
    let near = |at_m: f64| {
        let axis = profile.chainage;
        let reach = profile.gsd_m;
        let last = axis.at_m(axis.len.saturating_sub(1));
        at_m - reach < axis.first_m
            || at_m + reach > last
            || (0..axis.len).any(|j| !profile.measurable[j] && (axis.at_m(j) - at_m).abs() <= reach)
    };
    match (near(start_m), near(end_m)) {
        (false, false) => Censored::None,
        (true, false) => Censored::Start,
        (false, true) => Censored::End,
        (true, true) => Censored::Both,
    }
}
