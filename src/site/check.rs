//! What a track's line and sections must satisfy before anything is measured on them.

use super::model::Section;
use crate::error::{Error, Result};
use crate::geo::{Frame, LonLat, Point};

/// Longest line, m. The frame is true to 1 part in 100,000 up to 50 km from
/// its origin, and a crossing with its approaches and yards is a tenth of that.
const LONGEST_LINE_M: f64 = 100_000.0;

/// Sections may miss the line's ends by as much as a length printed in whole metres does, m.
const SECTION_SLACK_M: f64 = 1.0;

/// Cosine of 150°, the sharpest turn at a vertex that is not taken for folding back.
const COSINE_OF_SHARPEST_TURN: f64 = -0.866;

/// Checks the vertices of a line and gives the frame about its middle.
pub(super) fn check_line(vertices: &[LonLat]) -> Result<Frame> {
    if vertices.len() < 2 {
        return Err(Error::unsupported(format!(
            "its line has {} vertices, not two or more",
            vertices.len()
        )));
    }
    if let Some(v) = vertices.iter().find(|v| !on_earth(v)) {
        return Err(Error::unsupported(format!(
            "the position [{}, {}] is not longitude and latitude in WGS 84",
            v.lon_deg, v.lat_deg
        )));
    }
    if let Some(i) = vertices.windows(2).position(|pair| pair[0] == pair[1]) {
        return Err(Error::unsupported(format!(
            "its vertices {} and {} are equal",
            i + 1,
            i + 2
        )));
    }
    let frame = Frame::at(vertices[vertices.len() / 2]);
    let points: Vec<Point> = vertices.iter().map(|v| frame.to_point(*v)).collect();
    let length_m: f64 = points.windows(2).map(|p| p[0].distance_m(p[1])).sum();
    if length_m > LONGEST_LINE_M {
        return Err(Error::unsupported(format!(
            "its line is {:.0} km long; a track is at most {:.0} km",
            length_m / 1000.0,
            LONGEST_LINE_M / 1000.0
        )));
    }
    if let Some((i, j)) = first_self_crossing(&points) {
        return Err(Error::unsupported(format!(
            "its line meets itself: the pieces after vertices {} and {} touch",
            i + 1,
            j + 1
        )));
    }
    Ok(frame)
}

fn on_earth(v: &LonLat) -> bool {
    // Comparisons with NaN are false, so this refuses it too.
    v.lon_deg.abs() <= 180.0 && v.lat_deg.abs() < 90.0
}

/// The first two pieces of a polyline that share more than the vertex between
/// neighbours.
fn first_self_crossing(points: &[Point]) -> Option<(usize, usize)> {
    let pieces = points.len() - 1;
    (0..pieces)
        .flat_map(|i| (i + 1..pieces).map(move |j| (i, j)))
        .find(|&(i, j)| {
            let (a, b, c, d) = (points[i], points[i + 1], points[j], points[j + 1]);
            if j == i + 1 {
                folds_back(a, b, d)
            } else {
                segments_touch((a, b), (c, d))
            }
        })
}

/// Whether the line turns back on itself at `b`: by more than any rail curve could.
fn folds_back(a: Point, b: Point, d: Point) -> bool {
    let along = (b.east_m - a.east_m) * (d.east_m - b.east_m)
        + (b.north_m - a.north_m) * (d.north_m - b.north_m);
    along < COSINE_OF_SHARPEST_TURN * a.distance_m(b) * b.distance_m(d)
}

/// Twice the signed area of the triangle abc, m².
fn side(a: Point, b: Point, c: Point) -> f64 {
    (b.east_m - a.east_m) * (c.north_m - a.north_m)
        - (b.north_m - a.north_m) * (c.east_m - a.east_m)
}

fn segments_touch((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let apart = |p: f64, q: f64| (p > 0.0 && q > 0.0) || (p < 0.0 && q < 0.0);
    let boxes_meet = |f: fn(&Point) -> f64| {
        f(&a).max(f(&b)) >= f(&c).min(f(&d)) && f(&c).max(f(&d)) >= f(&a).min(f(&b))
    };
    boxes_meet(|p| p.east_m)
        && boxes_meet(|p| p.north_m)
        && !apart(side(a, b, c), side(a, b, d))
        && !apart(side(c, d, a), side(c, d, b))
}

/// Checks that sections are in order, do not overlap, and lie on the line.
pub(super) fn check_sections(sections: &[Section], length_m: f64) -> Result<()> {
    let mut reached_m = -SECTION_SLACK_M;
    for (i, section) in sections.iter().enumerate() {
        let inside = section.start_m >= -SECTION_SLACK_M
            && section.end_m <= length_m + SECTION_SLACK_M
            && section.start_m < section.end_m;
        if !inside {
            return Err(Error::unsupported(format!(
                "its section {} runs from {} m to {} m, not forward inside the line of {length_m:.1} m",
                i + 1,
                section.start_m,
                section.end_m
            )));
        }
        if section.start_m < reached_m {
            return Err(Error::unsupported(format!(
                "its section {} begins at {} m, before section {i} ends at {reached_m} m",
                i + 1,
                section.start_m
            )));
        }
        reached_m = section.end_m;
    }
    Ok(())
}
