//! One look over the strips of a series: lanes, profiles, candidates, and which
//! of them are the ghosts of others.

use std::ops::Range;

use nalgebra::DMatrix;
use ndarray::{Array2, Array3};
use rayon::prelude::*;

use super::passes::PassSettings;
use crate::background::{Change, Occupied, Panel, Prediction};
use crate::detect::{
    Across, Candidate, Contrast, Lanes, Lasting, Level, SeriesNoise, Standing, TrackView,
    better_here, find_trains, find_trains_and_level, likeness, profile, told_apart,
};
use crate::strip::{Axis, Profile, Strip};

/// Evidence, natural log, that a capture shows what stands in those around it.
const LEAST_LIKENESS: f64 = 3.0;
/// Share of what lasts that a capture must show to say that it is there.
pub(super) const LEAST_VISIBLE: f64 = 0.5;

/// What one pass saw.
pub(super) struct Found {
    pub(super) lanes: Lanes,
    /// Whether these were those of a look before.
    on_known_lanes: bool,
    across: Option<Across>,
    pub(super) contrasts: Vec<Option<Contrast>>,
    pub(super) noise: Option<SeriesNoise>,
    /// Per capture, `None` where it shows too little.
    pub(super) profiles: Vec<Option<Profile>>,
    /// Per capture, by chainage.
    pub(super) candidates: Vec<Vec<Candidate>>,
    /// Per capture, by what its track looks otherwise from end to end: taken out of its
    /// profile.
    pub(super) levels: Vec<Option<Level>>,
}

/// Looks for trains in what the predictions leave; on the lanes of the look `before`, if one
/// is given. With it comes per capture whether its prediction is the same still. The second
/// look on the same lanes learns once more how rows vary; later ones keep that, and with it
/// the contrasts of captures whose predictions are the same.
pub(super) fn look(
    strips: &[Strip],
    predicted: &[Option<Prediction>],
    trains: Option<&Occupied>,
    before: Option<(&Found, &[bool])>,
    settings: &PassSettings,
) -> Found {
    let residuals: Vec<_> = predicted
        .par_iter()
        .zip(strips)
        .map(|(p, s)| Some(p.as_ref()?.residual(&s.values)))
        .collect();
    let held = trains.map_or(&[][..], |t| &t.cells);
    let lanes = before.map_or_else(
        || {
            let given = Lanes::given(settings.gsd_m, settings.road_lane_m)
                .beside(&settings.beside_m)
                .shaded(settings.shadow_m);
            Lanes::find(given, strips, &residuals, held)
        },
        |(before, _)| before.lanes,
    );
    log::debug!(
        "track at {:.1} m of its line, road lane {:?}",
        lanes.track_m,
        lanes.road_m
    );
    let mut found = Found::nothing(lanes, strips.len());
    let settled = before.filter(|(before, _)| before.on_known_lanes);
    let across = match settled {
        Some((before, _)) => before.across.clone(),
        None => across(lanes, strips, &residuals, held),
    };
    let Some(across) = across else {
        return found;
    };
    let still = |t: usize| {
        let (before, _) = settled.filter(|(_, still)| still[t])?;
        before.contrasts.get(t)?.clone()
    };
    let contrasts: Vec<Option<Contrast>> = (residuals.par_iter().zip(strips).enumerate())
        .map(|(t, (r, s))| still(t).or_else(|| Some(across.contrast(r.as_ref()?, s))))
        .collect();
    let Some(noise) = SeriesNoise::of(&contrasts, held) else {
        return found;
    };
    let profile_of = |t: usize| {
        let (c, p) = (contrasts[t].as_ref()?, predicted[t].as_ref()?);
        let mut profile = profile(&across, &noise, (t, c), &strips[t], &p.rho);
        Across::allow_for_other_tracks(c, &mut profile);
        Some(profile)
    };
    found.profiles = (0..strips.len()).into_par_iter().map(profile_of).collect();
    found.find_trains(&residuals, strips, before.is_some(), settings);
    found.on_known_lanes = before.is_some();
    found.across = Some(across);
    found.contrasts = contrasts;
    found.noise = Some(noise);
    found
}

/// Per band: contrasts on the pseudo-tracks, (pseudo-track, capture, cell).
fn beside(across: &Across, strips: &[Strip]) -> Vec<Array3<f32>> {
    let all: Vec<Vec<Array2<f32>>> = (strips.par_iter())
        .map(|s| across.beside(&s.values, s.clear.view()))
        .collect();
    let (bands, _, cells) = strips.first().map_or((0, 0, 0), |s| s.values.dim());
    let tracks = all.first().map_or(0, Vec::len);
    let dim = (tracks, strips.len(), cells);
    (0..bands)
        .map(|b| Array3::from_shape_fn(dim, |(p, t, j)| all[t][p][(b, j)]))
        .collect()
}

/// The lateral fits of a series, against the noise of its rows.
fn across(
    lanes: Lanes,
    strips: &[Strip],
    residuals: &[Option<Array3<f32>>],
    held: &[Vec<bool>],
) -> Option<Across> {
    let first = strips.first()?;
    let across = Across::new(first.offset, lanes)?;
    let rows = (0..first.values.dim().0)
        .into_par_iter()
        .map(|b| across.row_noise(b, residuals, strips, held))
        .collect();
    Some(across.with_row_noise(rows))
}

/// Whether a train stands on this track rather than on one beside it that the
/// strip does not tell apart.
fn stands_here(
    train: &Candidate,
    profile: &Profile,
    seen: (&Array3<f32>, &Strip),
    (lanes, settings): (Lanes, &PassSettings),
) -> bool {
    let ends_m = (train.start_m, train.end_m);
    settings
        .beside_m
        .iter()
        .filter(|m| !told_apart(**m, lanes.psf_m))
        .all(|m| better_here(seen, profile, (lanes.track_m, *m), ends_m) >= 0.0)
}

impl Found {
    /// Nothing seen in so many captures.
    pub(super) fn nothing(lanes: Lanes, captures: usize) -> Self {
        Self {
            lanes,
            on_known_lanes: false,
            across: None,
            contrasts: Vec::new(),
            noise: None,
            profiles: vec![None; captures],
            candidates: vec![Vec::new(); captures],
            levels: vec![None; captures],
        }
    }

    /// Finds the trains of each profile, once the noise is `settled` beyond its level,
    /// which is then taken away from it.
    fn find_trains(
        &mut self,
        residuals: &[Option<Array3<f32>>],
        strips: &[Strip],
        settled: bool,
        settings: &PassSettings,
    ) {
        let lanes = self.lanes;
        let looks = (self.profiles.par_iter().zip(residuals).zip(strips)).map(
            |((profile, residual), strip)| {
                let (Some(profile), Some(residual)) = (profile, residual) else {
                    return (Vec::new(), None);
                };
                let (mut trains, level) = if settled {
                    find_trains_and_level(profile, &settings.detector)
                } else {
                    (find_trains(profile, &settings.detector), None)
                };
                trains.retain(|t| stands_here(t, profile, (residual, strip), (lanes, settings)));
                (trains, level)
            },
        );
        (self.candidates, self.levels) = looks.unzip();
        for (profile, level) in self.profiles.iter_mut().zip(&self.levels) {
            if let (Some(profile), Some(level)) = (profile, level) {
                *profile = level.taken_from(profile);
            }
        }
    }

    /// Whether no capture shows a train.
    pub(super) fn is_empty(&self) -> bool {
        self.candidates.iter().all(Vec::is_empty)
    }

    /// The contrast of values on the track against its surroundings, (band,
    /// chainage), and where it can be used.
    pub(super) fn on_track(
        &self,
        strip: &Strip,
        values: &Array3<f32>,
    ) -> Option<(Array2<f32>, Vec<bool>)> {
        Some(self.across.as_ref()?.track(values, strip.clear.view()))
    }

    /// What the captures show on the track, not compared with anything.
    pub(super) fn track_view(&self, strips: &[Strip], panel: &Panel<'_>) -> Option<TrackView> {
        let (across, first) = (self.across.as_ref()?, strips.first()?);
        let tracks: Vec<(Array2<f32>, Vec<bool>)> = strips
            .par_iter()
            .map(|s| across.track(&s.values, s.clear.view()))
            .collect();
        let (captures, cells) = (strips.len(), first.chainage.len);
        let bands = 0..first.values.dim().0;
        let of_band =
            |b: usize| DMatrix::from_fn(captures, cells, |t, j| f64::from(tracks[t].0[(b, j)]));
        let unit = across.track_variance(first.offset);
        Some(TrackView {
            contrast: bands.clone().map(of_band).collect(),
            sigma: bands.clone().map(|b| self.track_sigma(b, cells)).collect(),
            seen: DMatrix::from_fn(captures, cells, |t, j| tracks[t].1[j]),
            beside: beside(across, strips),
            ground: bands.clone().map(|b| panel.covariance(b)).collect(),
            noise: bands.map(|b| unit * panel.noise(b).powi(2)).collect(),
            chainage: first.chainage,
            gsd_m: self.lanes.gsd_m,
        })
    }

    /// Noise of the track, (capture, cell); NaN where a capture cannot be used.
    fn track_sigma(&self, band: usize, cells: usize) -> DMatrix<f64> {
        DMatrix::from_fn(self.profiles.len(), cells, |t, j| match &self.profiles[t] {
            Some(profile) if profile.usable[j] => f64::from(profile.track_sigma[(band, j)]),
            _ => f64::NAN,
        })
    }

    /// Adds what a capture shows of wagons that stand there, where it is too
    /// faint to be found in that capture alone.
    pub(super) fn add_standing(&mut self, stays: &[Standing]) {
        for stay in stays {
            for t in stay.captures.clone() {
                let Some(profile) = &self.profiles[t] else {
                    continue;
                };
                let others: Vec<&Profile> = (stay.captures.clone().filter(|k| *k != t))
                    .filter_map(|k| self.profiles[k].as_ref())
                    .collect();
                let (start_m, end_m) = span_m(profile.chainage, &stay.cells);
                let known = |c: &Candidate| {
                    let common = c.end_m.min(end_m) - c.start_m.max(start_m);
                    2.0 * common > end_m - start_m
                };
                let visible = profile.visible_share(start_m, end_m);
                if self.candidates[t].iter().any(known)
                    || visible < LEAST_VISIBLE
                    || likeness(profile, &others, &stay.cells) < LEAST_LIKENESS
                {
                    continue;
                }
                // Pieces of it.
                self.candidates[t].retain(|c| c.start_m < start_m || c.end_m > end_m);
                self.candidates[t].push(Candidate {
                    start_m,
                    end_m,
                    score: stay.evidence,
                    visible,
                });
                self.candidates[t].sort_by(|a, b| a.start_m.total_cmp(&b.start_m));
            }
        }
    }

    /// What the next pass leaves out: these cells with trains, and what lasts.
    pub(super) fn occupied(&self, cells: &[Vec<bool>], lasting: &Lasting) -> Occupied {
        Occupied {
            centre_m: self.lanes.track_m,
            half_width_m: 2.2 * self.lanes.psf_m + 1.6,
            cells: lasting.held_with_stays(cells),
            changes: (lasting.changes.iter())
                .map(|change| Change {
                    first: change.first,
                    cells: change.cells.clone(),
                })
                .collect(),
        }
    }

    /// Drops what stands, for the greater part, where the series says that
    /// another capture's train shows.
    pub(super) fn drop_ghosts(&mut self, trains: Option<&Occupied>) {
        let Some(trains) = trains else { return };
        for ((candidates, profile), cells) in self
            .candidates
            .iter_mut()
            .zip(&self.profiles)
            .zip(&trains.cells)
        {
            let Some(profile) = profile else { continue };
            candidates.retain(|c| {
                let own = cells_of(c, profile.chainage);
                let held = cells[own.clone()].iter().filter(|h| **h).count();
                2 * held + 1 > own.len()
            });
        }
    }
}

/// The chainage cells of a candidate.
pub(super) fn cells_of(candidate: &Candidate, axis: Axis) -> Range<usize> {
    axis.cell_at(candidate.start_m)..axis.cell_at(candidate.end_m) + 1
}

/// Where chainage cells begin and end, m.
pub(super) fn span_m(axis: Axis, cells: &Range<usize>) -> (f64, f64) {
    let edge_m = |cell: usize| axis.at_m(cell) - 0.5 * axis.step_m;
    (edge_m(cells.start), edge_m(cells.end))
}
