//! `railspan crossings`: what is watched, and how well it is known.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::MultiProgress;

use super::Finish;
use super::output::wrapped;
use super::refine::RefineArgs;
use crate::error::{Error, Result};
use crate::geo::LonLat;
use crate::series::write_whole;
use crate::site::{Crossing, SectionKind, Track, built_in, read_crossings, to_geojson};

/// Which crossings a command works on.
#[derive(Debug, Clone, Args)]
pub(super) struct CrossingsFile {
    /// A GeoJSON file of your own crossings, in place of the built-in ones.
    #[arg(long = "crossings", value_name = "FILE", global = true)]
    file: Option<PathBuf>,
}

impl CrossingsFile {
    /// The crossings of the file, where one was given.
    pub(super) fn given(&self) -> Result<Option<Vec<Crossing>>> {
        self.file.as_deref().map(read_crossings).transpose()
    }

    /// The crossings of the file, or the built-in ones.
    pub(super) fn read(&self) -> Result<Vec<Crossing>> {
        self.file.as_deref().map_or_else(built_in, read_crossings)
    }
}

/// List the crossings, show one, export them as GeoJSON, or fit a line to imagery
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  railspan crossings
  railspan crossings show tumen
  railspan crossings export dandong manpo > mine.geojson
  railspan crossings refine tumen --from downloads --out tumen.geojson
  railspan run imagery --crossings mine.geojson")]
pub(super) struct CrossingsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    crossings: CrossingsFile,
}

const SHOW_EXAMPLES: &str = "Examples:
  railspan crossings show tumen
  railspan crossings show yard --crossings mine.geojson";

const EXPORT_EXAMPLES: &str = "Examples:
  railspan crossings export > crossings.geojson
  railspan crossings export dandong manpo --out mine.geojson
  railspan run downloads --crossings mine.geojson";

#[derive(Debug, Subcommand)]
enum Action {
    /// Lengths, sections, UTM zone, uncertainty and sources of one crossing
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The crossing's id.
        id: String,
    },
    /// Write crossings as a GeoJSON file that --crossings takes back
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// Ids of crossings; all of them where none is given.
        ids: Vec<String>,
        /// Where to write, in a folder that is made where it is missing;
        /// standard output where not given.
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    Refine(RefineArgs),
}

impl CrossingsArgs {
    pub(super) fn run(&self, bars: &MultiProgress) -> Result<Finish> {
        let crossings = self.crossings.read()?;
        match &self.action {
            None => print!("{}", list(&crossings)),
            Some(Action::Show { id }) => print!("{}", show(find(&crossings, id)?)),
            Some(Action::Export { ids, out }) => export(&crossings, ids, out.as_deref())?,
            Some(Action::Refine(args)) => return args.run(&crossings, bars),
        }
        Ok(Finish::Complete)
    }
}

pub(super) fn find<'a>(crossings: &'a [Crossing], id: &str) -> Result<&'a Crossing> {
    crossings.iter().find(|c| c.id == id).ok_or_else(|| {
        let known: Vec<&str> = crossings.iter().map(|c| c.id.as_str()).collect();
        Error::Usage {
            problem: format!("there is no crossing {id:?}"),
            remedy: format!("take one of {}", known.join(", ")),
        }
    })
}

fn export(crossings: &[Crossing], ids: &[String], out: Option<&Path>) -> Result<()> {
    let chosen = if ids.is_empty() {
        crossings.to_vec()
    } else {
        ids.iter()
            .map(|id| find(crossings, id).cloned())
            .collect::<Result<Vec<_>>>()?
    };
    let text = to_geojson(&chosen);
    if let Some(path) = out {
        return write_whole(path, text.as_bytes());
    }
    print!("{text}");
    Ok(())
}

fn list(crossings: &[Crossing]) -> String {
    let width = crossings
        .iter()
        .map(|c| c.id.chars().count())
        .max()
        .unwrap_or(0)
        .max(8);
    let mut text = format!("{:<width$}  tracks  length  name\n", "crossing");
    for crossing in crossings {
        let length_m: f64 = crossing.tracks.iter().map(|t| t.alignment.length_m()).sum();
        text += &format!(
            "{:<width$}  {:>6}  {:>4.0} m  {}\n",
            crossing.id,
            crossing.tracks.len(),
            length_m,
            crossing.name
        );
    }
    text
}

fn show(crossing: &Crossing) -> String {
    let mut text = format!("{} – {}\n", crossing.id, crossing.name);
    text += &format!("time zone    {}\n", crossing.time_zone);
    if !crossing.attribution.is_empty() {
        text += &format!("attribution  {}\n", crossing.attribution);
    }
    for track in &crossing.tracks {
        text += &show_track(track);
    }
    text
}

fn show_track(track: &Track) -> String {
    let centre = track.frame.origin();
    let mut text = format!("\ntrack {} – {}\n", track.id, track.name);
    text += &format!("  length       {:.1} m\n", track.alignment.length_m());
    text += &format!(
        "  centre       {:.6}, {:.6} (UTM zone {})\n",
        centre.lon_deg,
        centre.lat_deg,
        utm_zone(centre)
    );
    text += &format!(
        "  uncertainty  {:.0} m across, {:.0} m along\n",
        track.uncertainty_across_m, track.uncertainty_along_m
    );
    for section in &track.sections {
        let across = section
            .uncertainty_across_m
            .map_or_else(String::new, |u| format!(", known to {u:.0} m across"));
        text += &format!(
            "  {:<12} {:.0} to {:.0} m{across}\n",
            section_name(section.kind),
            section.start_m,
            section.end_m
        );
    }
    if let Some(offset_m) = track.road_lane_offset_m {
        text += &format!("  road lane    {} of the track\n", beside(offset_m));
    }
    for confuser in &track.confusers {
        text += &wrapped("  beware of    ", &beware(confuser));
    }
    for stock in &track.stock {
        text += &format!("  stock        {}, {} m\n", stock.name, stock.length_m);
    }
    if !track.source.is_empty() {
        text += &wrapped("  source       ", &track.source);
    }
    text
}

fn beware(confuser: &crate::site::Confuser) -> String {
    let place = match confuser.offset_m {
        Some(offset_m) if offset_m != 0.0 => format!(", {}", beside(offset_m)),
        Some(_) => ", on the track".to_owned(),
        None => String::new(),
    };
    let since = confuser
        .since
        .as_deref()
        .map_or_else(String::new, |date| format!(", since {date}"));
    format!("{}{place}{since} ({})", confuser.name, confuser.source)
}

fn beside(offset_m: f64) -> String {
    let side = if offset_m > 0.0 { "right" } else { "left" };
    format!("{:.0} m to the {side}", offset_m.abs())
}

fn section_name(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Bridge => "bridge",
        SectionKind::Approach => "approach",
        SectionKind::YardThroat => "yard throat",
        SectionKind::Track => "track",
    }
}

/// The UTM zone of a place, such as `51N`, without the exceptions of Norway and Svalbard.
fn utm_zone(place: LonLat) -> String {
    let zone = ((place.lon_deg + 180.0) / 6.0).floor() as i32 % 60 + 1;
    format!("{zone}{}", if place.lat_deg < 0.0 { 'S' } else { 'N' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_follow_the_meridians() {
        let at = |lon_deg| {
            utm_zone(LonLat {
                lon_deg,
                lat_deg: 42.0,
            })
        };
        assert_eq!(
            (at(124.39).as_str(), at(130.64).as_str(), at(180.0).as_str()),
            ("51N", "52N", "1N")
        );
    }
}
