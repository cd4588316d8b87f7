//! A track whose line was found to lie elsewhere.

use super::check::check_line;
use super::model::Track;
use crate::error::Result;
use crate::geo::{Alignment, Direction, LonLat, Point};

/// Length of line over which its direction is averaged, to both sides, m: the
/// same as in strips, along which offsets are measured.
const DIRECTION_REACH_M: f64 = 20.0;

/// Where a place of a track's line belongs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// The place, m of chainage.
    pub chainage_m: f64,
    /// How far beside the line it belongs, m, positive to the right.
    pub offset_m: f64,
}

impl Track {
    /// This track with a vertex at every place of `moves`, in order of chainage,
    /// each moved across. Sections keep their share of the line.
    ///
    /// # Errors
    /// The moved line is no line: fewer than two moves, or it meets itself.
    pub fn moved_across(&self, moves: &[Move]) -> Result<Self> {
        let vertices: Vec<LonLat> = moves
            .iter()
            .map(|m| self.frame.to_lon_lat(beside(&self.alignment, *m)))
            .collect();
        let frame = check_line(&vertices)?;
        let points: Vec<Point> = vertices.iter().map(|v| frame.to_point(*v)).collect();
        let alignment = Alignment::through(&points)?;
        let stretched = alignment.length_m() / self.alignment.length_m();
        let mut moved = self.clone();
        for section in &mut moved.sections {
            section.start_m *= stretched;
            section.end_m *= stretched;
        }
        Ok(Self {
            vertices,
            frame,
            alignment,
            ..moved
        })
    }
}

fn beside(line: &Alignment, to: Move) -> Point {
    let before = line.point_at(to.chainage_m - DIRECTION_REACH_M, 0.0);
    let after = line.point_at(to.chainage_m + DIRECTION_REACH_M, 0.0);
    let chord_m = before.distance_m(after);
    let along = if chord_m > 0.0 {
        Direction {
            east: (after.east_m - before.east_m) / chord_m,
            north: (after.north_m - before.north_m) / chord_m,
        }
    } else {
        line.direction_at(to.chainage_m)
    };
    let (right, at) = (along.right(), line.point_at(to.chainage_m, 0.0));
    Point {
        east_m: at.east_m + to.offset_m * right.east,
        north_m: at.north_m + to.offset_m * right.north,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::site::built_in;

    #[test]
    fn a_line_moved_to_the_right_lies_to_the_right() {
        let track = built_in().unwrap().remove(0).tracks.remove(0);
        let length_m = track.alignment.length_m();
        let moves = [0.0, 0.5 * length_m, length_m].map(|chainage_m| Move {
            chainage_m,
            offset_m: 12.0,
        });
        let moved = track.moved_across(&moves).unwrap();
        for vertex in &moved.vertices {
            let (_, offset_m) = track.alignment.project(track.frame.to_point(*vertex));
            assert!((offset_m - 12.0).abs() < 0.5, "{offset_m}");
        }
        let end_m = moved.sections.last().unwrap().end_m;
        assert!((end_m - moved.alignment.length_m()).abs() < 1.0);
        assert!(track.moved_across(&moves[..1]).is_err());
    }
}
