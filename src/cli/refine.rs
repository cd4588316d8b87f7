//! `railspan crossings refine`: a line known to tens of metres, fitted to imagery.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use indicatif::MultiProgress;
use serde_json::{Value, json};

use super::Finish;
use super::batch::Batch;
use super::crossings::find;
use super::imagery::{Imagery, Plain};
use super::progress::Bars;
use crate::error::{Error, Result};
use crate::locate::{Basis, Candidate, Located};
use crate::pipeline::{
    Cache, DEFAULT_CACHE_BYTES, Filed, Memo, Refinement, Workers, moves, refine, workers,
};
use crate::series::write_whole;
use crate::site::{Crossing, Track, to_geojson_with};

/// Fit the line of a crossing to imagery, where it is known to tens of metres only
///
/// Looks up to 60 m to both sides and 8° askew for what is always there, and for
/// where trains come and go. Refuses where nothing looks like a line.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan crossings refine tumen --from sentinel-2 --out tumen.geojson
  railspan crossings refine yard --crossings yard.geojson --from radar --radar power \\
      --out refined.geojson
  railspan run sentinel-2 --crossings tumen.geojson")]
pub(super) struct RefineArgs {
    /// The crossing's id.
    id: String,
    /// Folders with imagery of it; six captures or more tell most.
    #[arg(long, required = true, num_args = 1.., value_name = "FOLDER")]
    from: Vec<PathBuf>,
    /// Where to write the crossing with its refined line, as GeoJSON.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Only this track; all tracks of the crossing where not given.
    #[arg(long, value_name = "ID")]
    track: Option<String>,
    #[command(flatten)]
    plain: Plain,
    /// Folder for what was cut out of the imagery, kept for later runs of the
    /// same line; a temporary one where not given.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Threads; 0 for all cores
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    jobs: usize,
}

impl RefineArgs {
    pub(super) fn run(&self, crossings: &[Crossing], bars: &MultiProgress) -> Result<Finish> {
        let crossing = find(crossings, &self.id)?;
        let asked = self.tracks(crossing)?;
        let workers = workers(self.jobs)?;
        let bars = Bars::new(bars.clone());
        let scratch = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
        let folder: &Path = self.cache.as_deref().unwrap_or(scratch.path());
        let (finish, corridors) = self.corridors(crossing, folder, (&workers, &bars))?;
        let mut refined = crossing.clone();
        let mut remarks = BTreeMap::new();
        let mut refusal = None;
        let chosen = refined.tracks.iter_mut();
        for track in chosen.filter(|track| asked.contains(track.id.as_str())) {
            match refined_track(track, corridors.clone(), &workers, &bars) {
                Ok((moved, remark)) => {
                    remarks.insert(track.id.clone(), remark);
                    *track = moved;
                }
                Err(error) => {
                    let note = format!("track {} stays as given: {error}", track.id);
                    refusal = Some(Error::unsupported(note));
                }
            }
        }
        match refusal {
            Some(refusal) if remarks.is_empty() => return Err(refusal),
            Some(refusal) => log::warn!("{refusal}"),
            None => {}
        }
        let text = to_geojson_with(&[refined], &remarks);
        write_whole(&self.out, text.as_bytes())?;
        let out = self.out.display();
        println!("\nwritten to {out}; look with: railspan run FOLDER --crossings {out}");
        Ok(if remarks.len() < asked.len() {
            Finish::SomeFailed
        } else {
            finish
        })
    }

    /// Ids of the tracks to refine.
    fn tracks<'a>(&self, crossing: &'a Crossing) -> Result<BTreeSet<&'a str>> {
        let known: BTreeSet<&str> = crossing.tracks.iter().map(|t| t.id.as_str()).collect();
        let Some(id) = &self.track else {
            return Ok(known);
        };
        match known.get(id.as_str()) {
            Some(track) => Ok(BTreeSet::from([*track])),
            None => Err(Error::Usage {
                problem: format!("{} has no track {id:?}", crossing.id),
                remedy: format!("take one of {}", Vec::from_iter(known).join(", ")),
            }),
        }
    }

    /// Cuts out the corridors of the crossing.
    fn corridors(
        &self,
        crossing: &Crossing,
        folder: &Path,
        (workers, bars): (&Workers, &Bars),
    ) -> Result<(Finish, Vec<Filed>)> {
        let own = [crossing.clone()];
        let batch = Batch {
            crossings: &own,
            cache: &Cache::at(folder, DEFAULT_CACHE_BYTES),
            memo: &Memo::default(),
            anew: false,
            false_alarms: 0.0,
            workers,
            watch: bars,
            stop: &AtomicBool::new(false),
        };
        let imagery = Imagery::in_folders(&self.from, &self.plain);
        let extracted = batch.extract(&imagery)?;
        if extracted.kept.is_empty() {
            return Err(Error::content(
                imagery.names(),
                format!("no capture shows {}", crossing.id),
                "`railspan captures` shows what a folder holds",
            ));
        }
        Ok((extracted.finish(), batch.corridors(&extracted)?))
    }
}

/// A track moved to where the imagery shows it, and what is remembered of that;
/// says on standard output what was found.
fn refined_track(
    track: &Track,
    corridors: Vec<Filed>,
    workers: &Workers,
    bars: &Bars,
) -> Result<(Track, Value)> {
    let mut all = refine(track, corridors, workers, bars)?;
    for found in &all {
        print!("{}", told(track, found));
    }
    let best = all.remove(0);
    let located = best.located?;
    let places = moves(track, &located.curve);
    let mut moved = track.moved_across(&places)?;
    let sigmas: Vec<f64> = places
        .iter()
        .map(|p| rounded(located.curve.sigma_at(p.chainage_m)))
        .collect();
    moved.uncertainty_across_m = sigmas.iter().copied().fold(0.0, f64::max);
    let from = format!(
        "{} captures by {} at {} m",
        located.captures, best.sensor, best.gsd_m
    );
    let known = track.source.trim_end_matches(['.', ' ']);
    moved.source = if known.is_empty() {
        format!("refined by {from}")
    } else {
        format!("{known}; refined by {from}")
    };
    let given: Vec<[f64; 2]> = track
        .vertices
        .iter()
        .map(|v| [v.lon_deg, v.lat_deg])
        .collect();
    let remark = json!({
        "from": from,
        "by": basis(located.basis),
        "captures": located.captures,
        "supporting": located.supporting,
        "chainage_m": places.iter().map(|p| rounded(p.chainage_m)).collect::<Vec<_>>(),
        "offset_m": places.iter().map(|p| rounded(p.offset_m)).collect::<Vec<_>>(),
        "sigma_m": sigmas,
        "given_line": given,
    });
    Ok((moved, remark))
}

/// To centimetres.
fn rounded(metres: f64) -> f64 {
    (metres * 100.0).round() / 100.0
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Trains => "trains that come and go",
        Basis::Line => "the line that looks most like a track",
    }
}

/// What a series says, for people.
fn told(track: &Track, found: &Refinement) -> String {
    let heading = format!("{}, {} at {} m\n", track.id, found.sensor, found.gsd_m);
    let located = match &found.located {
        Ok(located) => located,
        Err(error) => return format!("{heading}  refused       {error}\n"),
    };
    let curve = &located.curve;
    let (first_m, last_m) = (0.0, track.alignment.length_m());
    let turn = ((curve.at(last_m) - curve.at(first_m)) / (last_m - first_m)).atan();
    let middle_m = 0.5 * last_m;
    let mut text = heading;
    text += &format!(
        "  the track     {}, turned by {:.1}°{}\n",
        beside(curve.at(middle_m)),
        turn.to_degrees(),
        if located.chosen.path.bent {
            ", bent"
        } else {
            ""
        }
    );
    text += &format!("  decided by    {}\n", basis(located.basis));
    text += &format!(
        "  evidence      {}, {:.0} sigma above chance\n",
        evidence(&located.chosen),
        located.chosen.excess
    );
    text += &format!("  as given      {}\n", evidence(&located.given));
    text += &format!(
        "  supported by  {} of {} captures\n",
        located.supporting, located.captures
    );
    for place in moves(track, curve) {
        text += &format!(
            "  at {:>6.0} m   {} ± {:.1} m\n",
            place.chainage_m,
            beside(place.offset_m),
            curve.sigma_at(place.chainage_m)
        );
    }
    text + &others(located)
}

fn others(located: &Located) -> String {
    let line = |other: &Candidate| {
        let middle_m = other.path.offset_m[other.path.offset_m.len() / 2];
        format!(
            "  another line  {}, {}\n",
            beside(middle_m),
            evidence(other)
        )
    };
    located.others.iter().map(line).collect()
}

fn evidence(candidate: &Candidate) -> String {
    let trains = candidate
        .trains
        .map_or_else(String::new, |t| format!(", trains {:.1}", t.exp()));
    format!("line {:.1}{trains}", candidate.line)
}

fn beside(offset_m: f64) -> String {
    let side = if offset_m > 0.0 { "right" } else { "left" };
    format!("{:.1} m to the {side}", offset_m.abs())
}
