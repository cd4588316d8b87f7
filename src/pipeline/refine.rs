//! The stage *refine*: corridor files → where a track lies.

use ndarray::{Array2, Array3, Axis as Dim};

use super::align::Placed;
use super::group::{Filed, FiledCapture, SeriesKey, group};
use super::look::SeriesLook;
use super::predictions::predict_all;
use super::{Watch, Workers};
use crate::background::{Panel, PanelSettings, RadarBackgroundSettings, radar_residuals};
use crate::capture::Modality;
use crate::error::{Error, Result};
use crate::locate::{Basis, Cells, Curve, Located, Scene, beside, locate};
use crate::normalize::look_alike_groups;
use crate::site::{Move, Track};
use crate::strip::{Axis, Strip, StripSpec, coarsening_factor};

/// Half width of the strips in which the track is sought, m: 120 m where it may
/// lie, and what is beside it there.
const HALF_WIDTH_M: f64 = 150.0;
/// Finest steps along and across, m: lines are averaged over 30 m anyway.
const FINEST_M: (f64, f64) = (1.5, 0.75);
/// The axis of no strips.
const NO_CELLS: Axis = Axis {
    first_m: 0.0,
    step_m: 1.0,
    len: 0,
};
/// Fewer captures than this warn of nothing.
const LEAST_TO_WARN: usize = 6;
/// Captures looked at before a warning: a tenth of the cost of looking for trains.
const MOST_TO_WARN: usize = 9;
/// A line that is to be refined is taken to be known no better than this, 1 sigma,
/// m, whatever its figure says: that it may be wrong is why it is refined.
const LEAST_KNOWN_TO_M: f64 = 40.0;
/// Captures looked at; more tell little more.
const MOST_CAPTURES: usize = 60;

/// What one series says of the line of a track.
#[derive(Debug)]
pub struct Refinement {
    /// The sensor.
    pub sensor: String,
    /// Ground sample distance, m.
    pub gsd_m: f64,
    /// Where the track lies; why it could not be found.
    pub located: Result<Located>,
}

/// A refined line departs from the measured curve by so much at most, m.
const TOLERANCE_M: f64 = 0.3;

/// The places that the line of a track is moved by: its vertices, and between
/// them as many as the curve needs.
#[must_use]
pub fn moves(track: &Track, curve: &Curve) -> Vec<Move> {
    let corners = track.alignment.vertex_chainage_m();
    let mut places: Vec<f64> = corners.to_vec();
    for pair in corners.windows(2) {
        bends(curve, (pair[0], pair[1]), &mut places);
    }
    places.sort_by(f64::total_cmp);
    places
        .into_iter()
        .map(|chainage_m| Move {
            chainage_m,
            offset_m: curve.at(chainage_m),
        })
        .collect()
}

/// Adds places between two until straight pieces follow the curve (Ramer 1972).
fn bends(curve: &Curve, (from_m, to_m): (f64, f64), places: &mut Vec<f64>) {
    let chord = |at_m: f64| {
        let share = (at_m - from_m) / (to_m - from_m);
        curve.at(from_m) + share * (curve.at(to_m) - curve.at(from_m))
    };
    let inside = curve.along.centres_m().into_iter();
    let farthest = inside
        .filter(|at_m| *at_m > from_m + 1.0 && *at_m < to_m - 1.0)
        .map(|at_m| ((curve.at(at_m) - chord(at_m)).abs(), at_m))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((off_m, at_m)) = farthest.filter(|f| f.0 > TOLERANCE_M) {
        log::debug!("a vertex at {at_m:.0} m, {off_m:.1} m off");
        places.push(at_m);
        bends(curve, (from_m, at_m), places);
        bends(curve, (at_m, to_m), places);
    }
}

impl Refinement {
    /// Whether this says more than another: trains over looks, then the smaller sigma.
    fn better_than(&self, other: &Self) -> bool {
        match (&self.located, &other.located) {
            (Ok(a), Ok(b)) => {
                let rank = |l: &Located| (l.basis == Basis::Line, mean(&l.curve.sigma_m));
                let (a, b) = (rank(a), rank(b));
                (a.0, a.1) < (b.0, b.1)
            }
            (a, b) => a.is_ok() && b.is_err(),
        }
    }
}

/// Where a track lies, by every series of its corridors; the one to trust first.
///
/// # Errors
/// No corridor is of this track. What goes wrong with a series is its own.
pub fn refine(
    track: &Track,
    corridors: Vec<Filed>,
    workers: &Workers,
    watch: &dyn Watch,
) -> Result<Vec<Refinement>> {
    let series = group(corridors);
    let own: Vec<(&SeriesKey, &Vec<FiledCapture>)> =
        series.iter().filter(|(k, _)| k.track == track.id).collect();
    if own.is_empty() {
        return Err(Error::unsupported(format!(
            "no capture shows the track {}",
            track.id
        )));
    }
    watch.begins("refine", own.len());
    let mut all: Vec<Refinement> = Vec::new();
    for (key, captures) in own {
        let found = Refinement {
            sensor: key.sensor.clone(),
            gsd_m: captures[0].origin().gsd_m,
            located: workers.install(|| series_line(track, captures)),
        };
        let at = all.iter().position(|other| found.better_than(other));
        all.insert(at.unwrap_or(all.len()), found);
        watch.advanced();
    }
    Ok(all)
}

fn series_line(track: &Track, captures: &[FiledCapture]) -> Result<Located> {
    let chosen: Vec<FiledCapture> = (clearest(captures, MOST_CAPTURES).into_iter())
        .map(|i| captures[i].clone())
        .collect();
    let origin = chosen[0].origin();
    let spec = wide_spec(track, origin.gsd_m)?;
    let strips = SeriesLook::on_cells(track, &chosen, spec)?.strips()?;
    let residuals = match origin.modality {
        Modality::Optical => optical_residuals(&strips, origin.gsd_m),
        Modality::Sar => radar_differences(&strips, origin.relative_orbit.is_some()),
    };
    locate(&scene(track, &strips, &residuals, origin.gsd_m))
}

fn scene<'a>(
    track: &Track,
    strips: &'a [Strip],
    residuals: &'a [(Array3<f32>, Array2<bool>)],
    gsd_m: f64,
) -> Scene<'a> {
    let axis = |of: fn(&Strip) -> Axis| strips.first().map_or(NO_CELLS, of);
    Scene {
        offset: axis(|s| s.offset),
        chainage: axis(|s| s.chainage),
        images: strips
            .iter()
            .map(|strip| Cells {
                values: strip.values.view(),
                clear: &strip.clear,
            })
            .collect(),
        residuals: residuals
            .iter()
            .map(|(values, clear)| Cells {
                values: values.view(),
                clear,
            })
            .collect(),
        pixel_m: gsd_m * coarsening_factor(gsd_m) as f64,
        length_m: track.alignment.length_m(),
        known_to_m: track.uncertainty_across_m.max(LEAST_KNOWN_TO_M),
    }
}

/// Warns where a few captures of a series, which lie at these `places`, show a line beside
/// the one given, and none on it. Looks wider than trains are looked for, and at what is
/// always there alone; that nothing can be said is no matter.
pub(super) fn warn_if_beside(
    track: &Track,
    captures: &[FiledCapture],
    places: &[Result<Vec<Placed>>],
) {
    let (chosen, places): (Vec<FiledCapture>, Vec<Vec<Placed>>) =
        (clearest(captures, MOST_TO_WARN).into_iter())
            .filter_map(|i| Some((captures[i].clone(), places[i].as_ref().ok()?.clone())))
            .unzip();
    if chosen.len() < LEAST_TO_WARN {
        return;
    }
    let origin = chosen[0].origin();
    let strips = wide_spec(track, origin.gsd_m)
        .and_then(|spec| Ok(SeriesLook::on_cells(track, &chosen, spec)?.strips_at(places)));
    let Ok(strips) = strips else { return };
    let Some((found, given)) = beside(&scene(track, &strips, &[], origin.gsd_m)) else {
        return;
    };
    let path = &found.path.offset_m;
    let middle_m = path[path.len() / 2];
    let ends_m = path[path.len() - 1] - path[0];
    log::warn!(
        "track {}: the imagery of {} shows a line {:.0} m to the {} of the one given, turned by \
         {:.1}°, and little on it (evidence {:.1} against {:.1}); fit it with \
         `railspan crossings refine {} --from FOLDER --out FILE`",
        track.id,
        origin.sensor,
        middle_m.abs(),
        if middle_m > 0.0 { "right" } else { "left" },
        (ends_m / track.alignment.length_m()).atan().to_degrees(),
        found.line,
        given.line,
        origin.crossing
    );
}

/// The captures that show most, in order of time.
fn clearest(captures: &[FiledCapture], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..captures.len()).collect();
    let clear = |i: usize| captures[i].origin().clear_share;
    order.sort_by(|&a, &b| clear(b).total_cmp(&clear(a)).then(a.cmp(&b)));
    order.truncate(most);
    order.sort_unstable();
    order
}

/// Cells as for looking for trains, but wider, and none finer than they need be.
fn wide_spec(track: &Track, gsd_m: f64) -> Result<StripSpec> {
    let usual = StripSpec::for_track(track.alignment.length_m(), gsd_m)?;
    let coarser = |axis: Axis, least_m: f64| {
        let factor = (least_m / axis.step_m).round().max(1.0);
        (axis.step_m * factor, factor as usize)
    };
    let (along_m, factor) = coarser(usual.chainage, FINEST_M.0);
    let (across_m, _) = coarser(usual.offset, FINEST_M.1);
    let half_cells = (HALF_WIDTH_M / across_m).round();
    Ok(StripSpec {
        chainage: Axis {
            step_m: along_m,
            len: usual.chainage.len.div_ceil(factor),
            ..usual.chainage
        },
        offset: Axis {
            first_m: -half_cells * across_m,
            step_m: across_m,
            len: 2 * half_cells as usize + 1,
        },
    })
}

/// What predictions from each other leave of captures, and where they are
/// clear; nothing where they are too few.
fn optical_residuals(strips: &[Strip], gsd_m: f64) -> Vec<(Array3<f32>, Array2<bool>)> {
    let settings = PanelSettings {
        half_width_m: HALF_WIDTH_M,
        // Where the bed lies is what is sought.
        zones_m: &[f64::INFINITY],
        ..PanelSettings::for_gsd(gsd_m)
    };
    let panel = match Panel::new(strips, settings, None, None) {
        Ok(panel) => panel,
        Err(error) => {
            log::debug!("{error}");
            return Vec::new();
        }
    };
    let all: Vec<_> = (0..strips.len()).map(|t| (t, None)).collect();
    let predicted = predict_all(&panel, &all).into_iter().zip(strips);
    predicted
        .filter_map(|(predicted, strip)| {
            Some((predicted?.residual(&strip.values), strip.clear.clone()))
        })
        .collect()
}

/// The same for radar, look by look.
fn radar_differences(strips: &[Strip], one_look: bool) -> Vec<(Array3<f32>, Array2<bool>)> {
    let all: Vec<&Strip> = strips.iter().collect();
    let looks = if one_look {
        vec![0; all.len()]
    } else {
        look_alike_groups(&all)
    };
    let last = looks.iter().copied().max().unwrap_or(0);
    let mut found = Vec::new();
    for look in 0..=last {
        let own: Vec<&Strip> = (0..all.len())
            .filter(|&t| looks[t] == look)
            .map(|t| all[t])
            .collect();
        let empty: Vec<Array2<bool>> = own
            .iter()
            .map(|s| Array2::from_elem(s.clear.dim(), false))
            .collect();
        let residuals = radar_residuals(&own, &empty, &RadarBackgroundSettings::default());
        found.extend(
            residuals
                .into_iter()
                .map(|r| (r.residual_db.insert_axis(Dim(0)), r.usable)),
        );
    }
    found
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
