//! A track's centreline: chainage and offset to the map and back.

use super::Point;
use crate::error::{Error, Result};

/// A unit vector along the track, up-chainage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// East component.
    pub east: f64,
    /// North component.
    pub north: f64,
}

impl Direction {
    /// The unit vector to the right of this one.
    #[must_use]
    pub fn right(&self) -> Self {
        Self {
            east: self.north,
            north: -self.east,
        }
    }
}

/// A polyline in a [`Frame`](super::Frame) with chainage along it.
///
/// ```
/// use railspan::geo::{Alignment, Point};
/// let line = Alignment::through(&[
///     Point { east_m: 0.0, north_m: 0.0 },
///     Point { east_m: 0.0, north_m: 100.0 },
/// ])?;
/// assert_eq!(line.length_m(), 100.0);
/// // Looking north, right is east.
/// let p = line.point_at(30.0, 5.0);
/// assert_eq!((p.east_m, p.north_m), (5.0, 30.0));
/// # Ok::<(), railspan::error::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    vertices: Vec<Point>,
    chainage_m: Vec<f64>,
}

impl Alignment {
    /// The polyline through `vertices`, chainage 0 at the first.
    ///
    /// # Errors
    /// Fewer than two vertices, a vertex that is not finite, or two equal
    /// vertices in a row.
    pub fn through(vertices: &[Point]) -> Result<Self> {
        if vertices.len() < 2 {
            return Err(Error::value(
                "alignment",
                format!("{} vertices", vertices.len()),
                "a line of two vertices or more",
            ));
        }
        let mut chainage_m = vec![0.0];
        for pair in vertices.windows(2) {
            let step_m = pair[0].distance_m(pair[1]);
            if !step_m.is_finite() || step_m <= 0.0 {
                return Err(Error::value(
                    "alignment",
                    format!("a step of {step_m} m after vertex {}", chainage_m.len()),
                    "a line whose vertices are finite and all different",
                ));
            }
            chainage_m.push(chainage_m[chainage_m.len() - 1] + step_m);
        }
        Ok(Self {
            vertices: vertices.to_vec(),
            chainage_m,
        })
    }

    /// Length along the line, m.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.chainage_m[self.chainage_m.len() - 1]
    }

    /// The vertices, in order of chainage.
    #[must_use]
    pub fn vertices(&self) -> &[Point] {
        &self.vertices
    }

    /// Chainage of each vertex, m.
    #[must_use]
    pub fn vertex_chainage_m(&self) -> &[f64] {
        &self.chainage_m
    }

    /// Direction of the line at a chainage; beyond the ends, of the end piece.
    #[must_use]
    pub fn direction_at(&self, chainage_m: f64) -> Direction {
        let i = self.piece_at(chainage_m);
        let (a, b) = (self.vertices[i], self.vertices[i + 1]);
        let length_m = self.chainage_m[i + 1] - self.chainage_m[i];
        Direction {
            east: (b.east_m - a.east_m) / length_m,
            north: (b.north_m - a.north_m) / length_m,
        }
    }

    /// The point at a chainage and an offset to the right; beyond the ends the
    /// line goes on straight.
    #[must_use]
    pub fn point_at(&self, chainage_m: f64, offset_m: f64) -> Point {
        let i = self.piece_at(chainage_m);
        let along = self.direction_at(chainage_m);
        let right = along.right();
        let rest_m = chainage_m - self.chainage_m[i];
        Point {
            east_m: self.vertices[i].east_m + rest_m * along.east + offset_m * right.east,
            north_m: self.vertices[i].north_m + rest_m * along.north + offset_m * right.north,
        }
    }

    /// Chainage and offset of the place on the line nearest to a point, m.
    #[must_use]
    pub fn project(&self, point: Point) -> (f64, f64) {
        let mut best = (f64::INFINITY, 0.0, 0.0);
        for i in 0..self.vertices.len() - 1 {
            let length_m = self.chainage_m[i + 1] - self.chainage_m[i];
            let along = self.direction_at(self.chainage_m[i]);
            let de = point.east_m - self.vertices[i].east_m;
            let dn = point.north_m - self.vertices[i].north_m;
            let rest_m = (de * along.east + dn * along.north).clamp(0.0, length_m);
            let foot = self.point_at(self.chainage_m[i] + rest_m, 0.0);
            let right = along.right();
            let offset_m = de * right.east + dn * right.north;
            let distance_m = point.distance_m(foot);
            if distance_m < best.0 {
                best = (
                    distance_m,
                    self.chainage_m[i] + rest_m,
                    distance_m.copysign(offset_m),
                );
            }
        }
        (best.1, best.2)
    }

    /// The line between two chainages, its own vertices kept.
    ///
    /// # Errors
    /// An empty or reversed stretch.
    pub fn between(&self, start_m: f64, end_m: f64) -> Result<Self> {
        let mut vertices = vec![self.point_at(start_m, 0.0)];
        for (vertex, &at_m) in self.vertices.iter().zip(&self.chainage_m) {
            if at_m > start_m && at_m < end_m {
                vertices.push(*vertex);
            }
        }
        vertices.push(self.point_at(end_m, 0.0));
        Self::through(&vertices)
    }

    fn piece_at(&self, chainage_m: f64) -> usize {
        let after = self.chainage_m.partition_point(|&c| c <= chainage_m);
        after.clamp(1, self.vertices.len() - 1) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bent() -> Alignment {
        let p = |east_m, north_m| Point { east_m, north_m };
        Alignment::through(&[p(0.0, 0.0), p(100.0, 0.0), p(100.0, -50.0)]).expect("a valid line")
    }

    #[test]
    fn chainage_runs_along_the_pieces() {
        let line = bent();
        assert!((line.length_m() - 150.0).abs() < 1e-12);
        // Looking south, right is west.
        let p = line.point_at(120.0, 4.0);
        assert!((p.east_m - 96.0).abs() < 1e-9 && (p.north_m + 20.0).abs() < 1e-9);
    }

    #[test]
    fn projecting_undoes_placing() {
        let line = bent();
        for (s, o) in [(20.0, 6.0), (60.0, -8.0), (130.0, 3.0)] {
            let (chainage_m, offset_m) = line.project(line.point_at(s, o));
            assert!((chainage_m - s).abs() < 1e-9 && (offset_m - o).abs() < 1e-9);
        }
    }

    #[test]
    fn goes_on_straight_beyond_the_ends() {
        let p = bent().point_at(-10.0, 0.0);
        assert!((p.east_m + 10.0).abs() < 1e-9 && p.north_m.abs() < 1e-9);
    }

    #[test]
    fn a_line_of_equal_vertices_is_refused() {
        let p = Point {
            east_m: 1.0,
            north_m: 2.0,
        };
        assert!(Alignment::through(&[p, p]).is_err());
        assert!(Alignment::through(&[p]).is_err());
    }
}
