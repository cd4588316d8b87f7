//! One series of a track: its captures registered, straightened and looked through.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, Axis as Dim, Slice};
use rayon::prelude::*;

use super::align::{Place, Placed, Tile};
use super::cutout::Film;
use super::group::{Filed, FiledCapture};
use super::refine::warn_if_beside;
use super::seen::{HIDDEN, Outcome, Seen, shows_track};
use super::shadow::shadow_m;
use super::windows::MOST_AT_ONCE;
use super::working::Working;
use super::{PassSettings, RadarSettings, analyse, analyse_radar};
use crate::capture::Modality;
use crate::detect::{DEFAULT_PSF_PX, Detector, told_apart};
use crate::error::{Error, Result};
use crate::geo::Alignment;
use crate::register::sideways;
use crate::site::Track;
use crate::strip::{Axis, Strip, StripSpec};

/// Coarsest pixels, m, that show a deck beside its ground: it moves by a few metres.
const COARSEST_ASIDE_M: f64 = 5.0;

/// The captures of one series over one track.
pub(super) struct SeriesLook<'a> {
    track: &'a Track,
    captures: &'a [FiledCapture],
    working: Working,
    spec: StripSpec,
    /// Offsets of other tracks that run beside this one, m.
    beside_m: Vec<f64>,
    /// Tiles by order of chainage: alignment, cells of the strip, and for each
    /// of its corridors the index of the capture.
    tiles: Vec<TileOfTrack>,
}

struct TileOfTrack {
    alignment: Alignment,
    cells: std::ops::Range<usize>,
    members: Vec<usize>,
    corridors: Vec<Filed>,
}

/// One capture of the series after straightening.
struct Straightened {
    /// One registration a tile.
    placed: Vec<Placed>,
    /// By how much the track lies to the right of that of the others, m, per chainage
    /// cell; empty where it does not.
    aside_m: Vec<f64>,
    /// The strip of the whole track.
    strip: Strip,
}

/// The strips of a series by whether trains are looked for in them.
struct Sorted {
    /// Per capture with a strip.
    shows: Vec<bool>,
    strips: Vec<Strip>,
    hidden: Vec<Strip>,
}

impl<'a> SeriesLook<'a> {
    /// Plans the strips of a series.
    ///
    /// # Errors
    /// The track is too long for its pixels, or a few corridors needed to know
    /// the brightness of the series cannot be read.
    pub(super) fn new(track: &'a Track, captures: &'a [FiledCapture]) -> Result<Self> {
        let working = Working::of(captures)?;
        let spec = StripSpec::for_track(track.alignment.length_m(), working.gsd_m())?;
        Self::working_on(track, captures, (working, spec))
    }

    /// The same on cells of one's own choice.
    ///
    /// # Errors
    /// As [`SeriesLook::new`].
    pub(super) fn on_cells(
        track: &'a Track,
        captures: &'a [FiledCapture],
        spec: StripSpec,
    ) -> Result<Self> {
        Self::working_on(track, captures, (Working::of(captures)?, spec))
    }

    fn working_on(
        track: &'a Track,
        captures: &'a [FiledCapture],
        (working, spec): (Working, StripSpec),
    ) -> Result<Self> {
        Ok(Self {
            tiles: tiles_of(track, captures, spec.chainage)?,
            track,
            captures,
            working,
            spec,
            beside_m: Vec::new(),
        })
    }

    /// The same with other tracks of the crossing at these offsets, m.
    pub(super) fn beside(self, beside_m: Vec<f64>) -> Self {
        Self { beside_m, ..self }
    }

    /// What is to be said of trains on a track that has others so near that
    /// the pixels do not tell them apart.
    fn blurred_with(&self) -> Option<String> {
        let blur_m = DEFAULT_PSF_PX * self.working.pixel_m();
        let near = |m: &&f64| !told_apart(**m, blur_m);
        let offset_m = self.beside_m.iter().find(near)?;
        let side = if *offset_m > 0.0 { "right" } else { "left" };
        Some(format!(
            "pixels of {:.0} m do not tell this track from the one {:.1} m to its {side}: trains \
             are on the one or the other",
            self.working.pixel_m(),
            offset_m.abs()
        ))
    }

    /// Looks through the series; one entry a capture, in their order.
    ///
    /// # Errors
    /// Nothing of the series lies on the track.
    pub(super) fn look(&self, false_alarms: f64) -> Result<Vec<Result<Seen>>> {
        let mut captures = self.straightened()?;
        if self.working.modality() == Modality::Optical
            && self.working.pixel_m() <= COARSEST_ASIDE_M
        {
            self.move_aside(&mut captures);
        }
        let (placed, strips) = apart(captures);
        warn_if_beside(self.track, self.captures, &placed);
        let Sorted {
            shows,
            strips,
            hidden,
        } = self.sorted(strips);
        let outcomes = match self.working.modality() {
            Modality::Optical => self.look_optically(&strips, false_alarms),
            Modality::Sar => self.look_by_radar(&strips, false_alarms),
        };
        let outcomes: Vec<Result<Outcome, String>> = match outcomes {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) => strips.iter().map(|_| Err(error.to_string())).collect(),
        };
        let members = self.captures.iter().zip(&placed);
        let straight = members.filter(|(_, placed)| placed.is_ok()).zip(&shows);
        let shown = straight.filter(|(_, shows)| **shows);
        let film = Film::new(&strips, shown.map(|((capture, _), _)| capture.origin()));
        let mut looks = strips.iter().zip(outcomes).enumerate();
        let (mut hidden, mut shows) = (hidden.iter(), shows.iter());
        Ok(placed
            .into_iter()
            .map(|placed| {
                let placed = placed?;
                let missing = || Error::unsupported("it was not looked at");
                if shows.next() == Some(&false) {
                    let strip = hidden.next().ok_or_else(missing)?;
                    return Ok(Seen::of(self.track, &placed, strip, Err(HIDDEN.to_owned())));
                }
                let (t, (strip, mut outcome)) = looks.next().ok_or_else(missing)?;
                let background = outcome.as_mut().ok().and_then(|o| o.background.take());
                let mut seen = Seen::of(self.track, &placed, strip, outcome);
                if seen.look.trains.as_ref().is_ok_and(|t| !t.is_empty()) {
                    seen.look.remarks.extend(self.blurred_with());
                }
                film.cut(t, background.as_ref(), &mut seen.look);
                Ok(seen)
            })
            .collect())
    }

    /// Sets those aside that do not show the track, where a series is long: what
    /// can be seen beside it is not worth what it costs to compare.
    fn sorted(&self, strips: Vec<Strip>) -> Sorted {
        let length_m = self.track.alignment.length_m();
        let long = strips.len() > MOST_AT_ONCE;
        let shows: Vec<bool> = (strips.par_iter())
            .map(|strip| !long || shows_track(strip, length_m))
            .collect();
        let (strips, hidden): (Vec<_>, Vec<_>) =
            (strips.into_iter().zip(&shows)).partition(|(_, shows)| **shows);
        Sorted {
            strips: strips.into_iter().map(|(strip, _)| strip).collect(),
            hidden: hidden.into_iter().map(|(strip, _)| strip).collect(),
            shows,
        }
    }

    /// The strips of the captures that have one.
    ///
    /// # Errors
    /// Nothing of the series lies on the track.
    pub(super) fn strips(&self) -> Result<Vec<Strip>> {
        Ok(apart(self.straightened()?).1)
    }

    /// The strips of captures that are known to lie at these places, one for each tile that
    /// a capture has.
    pub(super) fn strips_at(&self, places: Vec<Vec<Placed>>) -> Vec<Strip> {
        let at = |placed| {
            Ok(Straightened {
                placed,
                ..self.blank()
            })
        };
        let mut captures: Vec<Result<Straightened>> = places.into_iter().map(at).collect();
        self.sample(&mut captures, |_| true);
        apart(captures).1
    }

    fn look_optically(&self, strips: &[Strip], false_alarms: f64) -> Result<Vec<Outcome>> {
        let settings = PassSettings {
            gsd_m: self.working.pixel_m(),
            road_lane_m: self.track.road_lane_offset_m,
            beside_m: self.beside_m.clone(),
            shadow_m: shadow_m(
                self.track,
                self.captures.iter().map(|c| c.origin().acquired),
            ),
            detector: Detector::OPTICAL.at_rate(false_alarms),
            motion: super::delays::motion(self.captures[0].origin()),
        };
        let outcomes = analyse(strips, &settings)?;
        let stock_m: Vec<f64> = self.track.stock.iter().map(|s| s.length_m).collect();
        Ok(outcomes
            .into_par_iter()
            .map(|outcome| Outcome::of_strip(outcome, &stock_m))
            .collect())
    }

    fn look_by_radar(&self, strips: &[Strip], false_alarms: f64) -> Result<Vec<Outcome>> {
        let track = (0.0, self.track.alignment.length_m());
        let settings = RadarSettings {
            false_alarms,
            ..RadarSettings::of(self.working.gsd_m(), track)
        };
        let strips: Vec<&Strip> = strips.iter().collect();
        let known_orbit = self.captures[0].origin().relative_orbit.is_some();
        let one_look = vec![0; strips.len()];
        let looks = known_orbit.then_some(one_look.as_slice());
        let outcomes = analyse_radar(&strips, looks, &settings)?;
        Ok(outcomes.into_iter().map(Outcome::from).collect())
    }

    /// Registers all captures tile by tile and straightens them.
    fn straightened(&self) -> Result<Vec<Result<Straightened>>> {
        let mut all: Vec<Result<Straightened>> =
            self.captures.iter().map(|_| Ok(self.blank())).collect();
        for tile in &self.tiles {
            let placed = self.view(tile).place()?;
            for (&capture, placed) in tile.members.iter().zip(placed) {
                match (placed, &mut all[capture]) {
                    (Ok(placed), Ok(blank)) => blank.placed.push(placed),
                    (Err(error), state) => *state = Err(error),
                    (Ok(_), Err(_)) => {}
                }
            }
        }
        self.sample(&mut all, |_| true);
        Ok(all)
    }

    /// Samples those captures again whose track lies beside that of the others.
    fn move_aside(&self, all: &mut [Result<Straightened>]) {
        let strips: Vec<&Strip> = (all.iter().flatten()).map(|c| &c.strip).collect();
        let moved = sideways(&strips, self.working.pixel_m());
        let straight = all.iter_mut().zip(self.captures);
        let straight = straight.filter_map(|(state, filed)| Some((state.as_mut().ok()?, filed)));
        for ((capture, filed), aside_m) in straight.zip(moved) {
            let Some(aside_m) = aside_m else { continue };
            let farthest_m = aside_m.iter().fold(0.0, |a: f64, m| a.max(m.abs()));
            log::debug!(
                "{}: seen at an angle, its track lies up to {farthest_m:.1} m beside that of \
                 the others",
                filed.origin().capture
            );
            capture.strip = self.blank().strip;
            capture.aside_m = aside_m;
        }
        self.sample(all, |capture| !capture.aside_m.is_empty());
    }

    /// Samples the strips of those captures at their present places that `which` names.
    fn sample(&self, all: &mut [Result<Straightened>], which: impl Fn(&Straightened) -> bool) {
        for (number, tile) in self.tiles.iter().enumerate() {
            let places: Vec<Option<Place>> = tile
                .members
                .iter()
                .map(|&member| {
                    let capture = all[member].as_ref().ok().filter(|c| which(c))?;
                    let placed = capture.placed.get(self.nth_tile(member, number))?;
                    Some(Place {
                        shift: placed.shift,
                        aside_m: capture.aside_m.get(tile.cells.clone()).unwrap_or_default(),
                    })
                })
                .collect();
            let part = StripSpec {
                chainage: Axis {
                    first_m: self.spec.chainage.at_m(tile.cells.start),
                    len: tile.cells.len(),
                    ..self.spec.chainage
                },
                offset: self.spec.offset,
            };
            let strips = self
                .view(tile)
                .straighten(&self.track.alignment, &part, &places);
            for (&capture, strip) in tile.members.iter().zip(strips) {
                if let (Ok(whole), Some(strip)) = (&mut all[capture], strip) {
                    insert(&mut whole.strip, &strip, tile.cells.start);
                }
            }
        }
    }

    fn view<'t>(&'t self, tile: &'t TileOfTrack) -> Tile<'t> {
        Tile {
            alignment: &tile.alignment,
            corridors: &tile.corridors,
            working: &self.working,
        }
    }

    /// Which of a capture's own tiles is tile `number` of the track.
    fn nth_tile(&self, capture: usize, number: usize) -> usize {
        self.tiles[..number]
            .iter()
            .filter(|tile| tile.members.contains(&capture))
            .count()
    }

    fn blank(&self) -> Straightened {
        let bands = self.captures[0].origin().bands.len();
        let shape = (self.spec.offset.len, self.spec.chainage.len);
        Straightened {
            placed: Vec::new(),
            aside_m: Vec::new(),
            strip: Strip {
                chainage: self.spec.chainage,
                offset: self.spec.offset,
                values: Array3::zeros((bands, shape.0, shape.1)),
                covered: Array2::from_elem(shape, false),
                clear: Array2::from_elem(shape, false),
            },
        }
    }
}

/// Where each capture lies, and the strips of those that have one.
fn apart(captures: Vec<Result<Straightened>>) -> (Vec<Result<Vec<Placed>>>, Vec<Strip>) {
    let mut strips = Vec::with_capacity(captures.len());
    let placed = captures
        .into_iter()
        .map(|capture| {
            let capture = capture?;
            strips.push(capture.strip);
            Ok(capture.placed)
        })
        .collect();
    (placed, strips)
}

/// Copies a part of the track; only its cover where nothing is clear: zeros
/// that were never written take no memory, and most captures may be clouded.
fn insert(whole: &mut Strip, part: &Strip, from: usize) {
    let cells = Slice::from(from..from + part.chainage.len);
    let along = Dim(1);
    whole
        .covered
        .slice_axis_mut(along, cells)
        .assign(&part.covered);
    if !part.clear.iter().any(|clear| *clear) {
        return;
    }
    whole.clear.slice_axis_mut(along, cells).assign(&part.clear);
    whole
        .values
        .slice_axis_mut(Dim(2), cells)
        .assign(&part.values);
}

/// The tiles that the corridors of a series were cut by.
fn tiles_of(track: &Track, captures: &[FiledCapture], chainage: Axis) -> Result<Vec<TileOfTrack>> {
    let mut by_start: BTreeMap<u64, TileOfTrack> = BTreeMap::new();
    for (index, capture) in captures.iter().enumerate() {
        for filed in &capture.tiles {
            let (start_m, end_m) = (filed.label.origin.start_m, filed.label.origin.end_m);
            // Chainages are not negative, so their bits sort as they do.
            let tile = match by_start.entry(start_m.to_bits()) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => free.insert(TileOfTrack {
                    alignment: track.alignment.between(start_m, end_m)?,
                    cells: cells_between(track, chainage, (start_m, end_m)),
                    members: Vec::new(),
                    corridors: Vec::new(),
                }),
            };
            tile.members.push(index);
            tile.corridors.push(filed.clone());
        }
    }
    if by_start.is_empty() {
        return Err(Error::unsupported("no capture lies on the track"));
    }
    Ok(by_start.into_values().collect())
}

/// Cells of a strip that belong to a tile; the first and the last tile have
/// the cells beyond the ends of the track too.
fn cells_between(
    track: &Track,
    chainage: Axis,
    (start_m, end_m): (f64, f64),
) -> std::ops::Range<usize> {
    let before = |at_m: f64| {
        (0..chainage.len)
            .filter(|&i| chainage.at_m(i) < at_m)
            .count()
    };
    let first = if start_m > 0.0 { before(start_m) } else { 0 };
    let last = if end_m < track.alignment.length_m() - 1e-6 {
        before(end_m)
    } else {
        chainage.len
    };
    first..last
}
