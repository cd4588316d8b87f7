//! The local metric frame in which all geometry of a track is done.

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};
use serde::{Deserialize, Serialize};

/// A position on the WGS 84 ellipsoid, degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LonLat {
    /// Longitude, degrees east.
    pub lon_deg: f64,
    /// Latitude, degrees north.
    pub lat_deg: f64,
}

/// A position in a [`Frame`], metres from its origin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Metres towards grid east.
    pub east_m: f64,
    /// Metres towards grid north.
    pub north_m: f64,
}

/// An azimuthal equidistant frame about an origin on the WGS 84 ellipsoid.
///
/// Distances between points within 50 km of the origin are true to 1 part in
/// 100,000 (the distortion across the radius is d²/6R², Snyder 1987, p. 194),
/// so lengths along a track are ground lengths, whatever grid the imagery
/// comes on. Geodesics after Karney (2013).
///
/// ```
/// use railspan::geo::{Frame, LonLat, Point};
/// let frame = Frame::at(LonLat { lon_deg: 130.641_271, lat_deg: 42.415_217 });
/// let place = frame.to_lon_lat(Point { east_m: 300.0, north_m: -400.0 });
/// let point = frame.to_point(place);
/// assert!((point.east_m - 300.0).abs() < 1e-6 && (point.north_m + 400.0).abs() < 1e-6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    origin: LonLat,
}

impl Frame {
    /// The frame about `origin`.
    #[must_use]
    pub fn at(origin: LonLat) -> Self {
        Self { origin }
    }

    /// Where east and north are zero.
    #[must_use]
    pub fn origin(&self) -> LonLat {
        self.origin
    }

    /// The frame as a PROJ string, for those who transform whole grids.
    #[must_use]
    pub fn proj_string(&self) -> String {
        format!(
            "+proj=aeqd +lat_0={:.9} +lon_0={:.9} +datum=WGS84 +units=m +no_defs",
            self.origin.lat_deg, self.origin.lon_deg
        )
    }

    /// From the ellipsoid into the frame.
    #[must_use]
    pub fn to_point(&self, place: LonLat) -> Point {
        let (distance_m, azimuth_deg, _, _): (f64, f64, f64, f64) = Geodesic::wgs84().inverse(
            self.origin.lat_deg,
            self.origin.lon_deg,
            place.lat_deg,
            place.lon_deg,
        );
        let azimuth = azimuth_deg.to_radians();
        Point {
            east_m: distance_m * azimuth.sin(),
            north_m: distance_m * azimuth.cos(),
        }
    }

    /// From the frame onto the ellipsoid.
    #[must_use]
    pub fn to_lon_lat(&self, point: Point) -> LonLat {
        let azimuth_deg = point.east_m.atan2(point.north_m).to_degrees();
        let (lat_deg, lon_deg) = Geodesic::wgs84().direct(
            self.origin.lat_deg,
            self.origin.lon_deg,
            azimuth_deg,
            point.east_m.hypot(point.north_m),
        );
        LonLat { lon_deg, lat_deg }
    }
}

impl Point {
    /// Distance to another point, m.
    #[must_use]
    pub fn distance_m(&self, other: Self) -> f64 {
        (self.east_m - other.east_m).hypot(self.north_m - other.north_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_ground_lengths() {
        // The Yalu bridge: 940.8 m between its end vertices by geodesic.
        let cn = LonLat {
            lon_deg: 124.388_89,
            lat_deg: 40.117_622,
        };
        let kp = LonLat {
            lon_deg: 124.396_92,
            lat_deg: 40.111_81,
        };
        let frame = Frame::at(cn);
        let length_m = frame.to_point(cn).distance_m(frame.to_point(kp));
        assert!((length_m - 940.8).abs() < 0.1, "{length_m}");
    }
}
