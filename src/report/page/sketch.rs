//! A sketch of a crossing: its tracks with their sections, north up, and where
//! trains stood.

use maud::{Markup, html};

use super::words::Text;
use crate::geo::{LonLat, Point};
use crate::report::chip::round_step_m;
use crate::series::Train;
use crate::site::{Crossing, SectionKind, Track};

/// Room of the sketch, and the blank about the line, px.
const ROOM: (f64, f64) = (420.0, 300.0);
const BLANK: f64 = 44.0;
/// Stretches of a track in which trains are counted.
const STRETCHES: usize = 40;
/// Height of the profile of occupation, px, and its distance from the line.
const PROFILE: (f64, f64) = (30.0, 7.0);

/// From metres in the frame of the first track to the page.
struct View {
    west_m: f64,
    north_m: f64,
    px_per_m: f64,
    margin: (f64, f64),
}

impl View {
    fn over(points: &[Point]) -> Self {
        let east = |f: fn(f64, f64) -> f64, from| points.iter().map(|p| p.east_m).fold(from, f);
        let north = |f: fn(f64, f64) -> f64, from| points.iter().map(|p| p.north_m).fold(from, f);
        let (west_m, east_m) = (east(f64::min, f64::MAX), east(f64::max, f64::MIN));
        let (south_m, north_m) = (north(f64::min, f64::MAX), north(f64::max, f64::MIN));
        let (width_m, height_m) = ((east_m - west_m).max(1.0), (north_m - south_m).max(1.0));
        let room = (ROOM.0 - 2.0 * BLANK, ROOM.1 - 2.0 * BLANK);
        let px_per_m = (room.0 / width_m).min(room.1 / height_m);
        Self {
            west_m,
            north_m,
            px_per_m,
            margin: (
                0.5 * (ROOM.0 - width_m * px_per_m),
                0.5 * (ROOM.1 - height_m * px_per_m),
            ),
        }
    }

    fn at(&self, point: Point) -> (f64, f64) {
        (
            self.margin.0 + (point.east_m - self.west_m) * self.px_per_m,
            self.margin.1 + (self.north_m - point.north_m) * self.px_per_m,
        )
    }

    fn path(&self, points: impl Iterator<Item = Point>) -> String {
        let mut path = String::new();
        for (point, command) in points.zip(std::iter::once('M').chain(std::iter::repeat('L'))) {
            let (x, y) = self.at(point);
            path += &format!("{command}{x:.1} {y:.1}");
        }
        path
    }
}

/// The sketch; `trains` are those of the crossing.
pub(super) fn sketch(crossing: &Crossing, trains: &[&Train]) -> Markup {
    let Some(first) = crossing.tracks.first() else {
        return html! {};
    };
    // Tracks have frames of their own; all are drawn in the first one's.
    let drawn: Vec<Drawn<'_>> = crossing
        .tracks
        .iter()
        .map(|track| Drawn { track, home: first })
        .collect();
    let all: Vec<Point> = drawn.iter().flat_map(Drawn::corners).collect();
    let view = View::over(&all);
    let mut kinds: Vec<SectionKind> = Vec::new();
    for section in crossing.tracks.iter().flat_map(|t| &t.sections) {
        if !kinds.contains(&section.kind) {
            kinds.push(section.kind);
        }
    }
    html! {
        figure.sketch {
            svg viewBox={ "0 0 " (ROOM.0) " " (ROOM.1) } role="img" aria-label="Sketch of the tracks, north up" {
                @for track in &drawn { (track.draw(&view, trains)) }
                (north())
                (scale(&view))
            }
            figcaption.legend {
                @for kind in &kinds { span.key { svg.long viewBox="0 0 22 14" aria-hidden="true" { path class={ "line " (class(*kind)) } d="M1 7h20" {} } (name(*kind)) } }
                span.key { svg.long viewBox="0 0 22 14" aria-hidden="true" { path.profile d="M1 13l5-8 5 3 5-6 5 11z" {} } "where trains stood" }
            }
            @if crossing.tracks.len() > 1 {
                p.note { "Tracks: " @for track in &crossing.tracks { (Text(&track.name)) " " } }
            }
        }
    }
}

/// A track in the frame of the first one.
struct Drawn<'a> {
    track: &'a Track,
    home: &'a Track,
}

impl Drawn<'_> {
    fn moved(&self, point: Point) -> Point {
        let place: LonLat = self.track.frame.to_lon_lat(point);
        self.home.frame.to_point(place)
    }

    fn corners(&self) -> Vec<Point> {
        let vertices = self.track.alignment.vertices().iter();
        vertices.map(|p| self.moved(*p)).collect()
    }

    fn at(&self, chainage_m: f64, offset_m: f64) -> Point {
        self.moved(self.track.alignment.point_at(chainage_m, offset_m))
    }

    fn draw(&self, view: &View, trains: &[&Train]) -> Markup {
        let length_m = self.track.alignment.length_m();
        let whole = view.path(self.corners().into_iter());
        html! {
            @if let Some(profile) = self.profile(view, trains) { path.profile d=(profile) {} }
            path.line.bed d=(whole) {}
            @for section in &self.track.sections {
                @if let Ok(part) = self.track.alignment.between(section.start_m.max(0.0), section.end_m.min(length_m)) {
                    path class={ "line " (class(section.kind)) } d=(view.path(part.vertices().iter().map(|p| self.moved(*p)))) {
                        title { (name(section.kind)) ", " (format!("{:.0} to {:.0} m", section.start_m, section.end_m)) }
                    }
                }
            }
            (self.chainages(view))
        }
    }

    fn chainages(&self, view: &View) -> Markup {
        let length_m = self.track.alignment.length_m();
        let step_m = round_step_m(70.0 / view.px_per_m);
        let count = (length_m / step_m) as usize;
        let out_m = |px: f64| -px / view.px_per_m;
        html! {
            @for k in 0..=count {
                @let at_m = k as f64 * step_m;
                path.tick d=(view.path([self.at(at_m, 0.0), self.at(at_m, out_m(9.0))].into_iter())) {}
                @let (x, y) = view.at(self.at(at_m, out_m(20.0)));
                text x=(format!("{x:.1}")) y=(format!("{:.1}", y + 4.0)) text-anchor="middle" { (format!("{at_m:.0}")) @if k == 0 { " m" } }
            }
        }
    }

    /// How many trains stood on each stretch, as an outline to the right of the line.
    fn profile(&self, view: &View, trains: &[&Train]) -> Option<String> {
        let length_m = self.track.alignment.length_m();
        let step_m = length_m / STRETCHES as f64;
        let own = |t: &&&Train| t.key.track == self.track.id;
        let counts: Vec<usize> = (0..STRETCHES)
            .map(|k| {
                let (from, to) = (k as f64 * step_m, (k + 1) as f64 * step_m);
                let here = |t: &&&Train| t.start_m < to && t.end_m > from;
                trains.iter().filter(own).filter(here).count()
            })
            .collect();
        let most = counts.iter().copied().max().filter(|n| *n > 0)?;
        let high_m = |n: usize| (PROFILE.1 + PROFILE.0 * n as f64 / most as f64) / view.px_per_m;
        let mut outline = vec![self.at(0.0, high_m(0))];
        for (k, n) in counts.iter().enumerate() {
            outline.push(self.at(k as f64 * step_m, high_m(*n)));
            outline.push(self.at((k + 1) as f64 * step_m, high_m(*n)));
        }
        outline.extend(
            (0..=STRETCHES)
                .rev()
                .map(|k| self.at(k as f64 * step_m, high_m(0))),
        );
        Some(view.path(outline.into_iter()) + "Z")
    }
}

fn class(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Bridge => "bridge",
        SectionKind::Approach => "approach",
        SectionKind::YardThroat => "yard",
        SectionKind::Track => "open",
    }
}

fn name(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Bridge => "bridge",
        SectionKind::Approach => "approach",
        SectionKind::YardThroat => "yard throat",
        SectionKind::Track => "track",
    }
}

fn north() -> Markup {
    html! {
        g.north {
            path d={ "M" (ROOM.0 - 20.0) " 34v-22m-5 8l5-9 5 9" } {}
            text x=(ROOM.0 - 20.0) y="46" text-anchor="middle" { "N" }
        }
    }
}

fn scale(view: &View) -> Markup {
    let length_m = round_step_m(60.0 / view.px_per_m);
    let width = length_m * view.px_per_m;
    let y = ROOM.1 - 12.0;
    html! {
        g.north {
            path d=(format!("M10 {:.1}v6h{width:.1}v-6", y - 6.0)) {}
            text x=(format!("{:.1}", 16.0 + width)) y=(y) { (format!("{length_m:.0} m")) }
        }
    }
}
