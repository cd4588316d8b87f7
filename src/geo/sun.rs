//! Where the sun stands, and where shadows fall.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::LonLat;

/// Lowest sun that gives a usable picture, degrees.
const LOWEST_DEG: f64 = 8.0;
/// Local solar time of a satellite that looks by day, hours: imaging satellites in
/// sun-synchronous orbits cross the equator southwards at about 10:30 (Sentinel-2 10:30,
/// Pleiades and `WorldView`-3 10:30, `PlanetScope` 9:30 to 11:30).
const PASS_HOURS: f64 = 10.5;

/// Where the sun stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sun {
    /// Horizontal direction towards it: east, north.
    pub towards: (f64, f64),
    /// Metres of shadow for a metre of height.
    pub shadow_per_height: f64,
}

impl Sun {
    /// By the usual approximations: declination of the day, hour angle by local mean
    /// solar time (Meeus, Astronomical Algorithms, ch. 13 and 25), within four degrees: the
    /// sun is up to a quarter of an hour before or behind its mean.
    /// A sun lower than eight degrees throws the shadows of one at eight.
    #[must_use]
    pub fn at(time: Timestamp, place: LonLat) -> Self {
        let (day, hours) = solar_time(time, place);
        Self::on(day, hours, place).0
    }

    /// The same of a picture taken at that time; where that is midnight, as where only
    /// the day is known, or night at the place, of one taken when satellites pass.
    #[must_use]
    pub fn of_picture(time: Timestamp, place: LonLat) -> Self {
        let (day, hours) = solar_time(time, place);
        let (sun, up) = Self::on(day, hours, place);
        let only_day = TimeZone::UTC.to_datetime(time).time() == Time::midnight();
        if only_day || up <= 0.0 {
            Self::on(day, PASS_HOURS, place).0
        } else {
            sun
        }
    }

    /// At hours of local solar time of a day of the year; with the sine of its height.
    fn on(day_of_year: i16, hours: f64, place: LonLat) -> (Self, f64) {
        let day = f64::from(day_of_year);
        let declination =
            (-23.44 * ((day + 10.0) * 360.0 / 365.25).to_radians().cos()).to_radians();
        let hour_angle = ((hours - 12.0) * 15.0).to_radians();
        let latitude = place.lat_deg.to_radians();
        let up = latitude.sin() * declination.sin()
            + latitude.cos() * declination.cos() * hour_angle.cos();
        let east = -declination.cos() * hour_angle.sin();
        let north = latitude.cos() * declination.sin()
            - latitude.sin() * declination.cos() * hour_angle.cos();
        let flat = east.hypot(north).max(1e-9);
        let sun = Self {
            towards: (east / flat, north / flat),
            shadow_per_height: flat / up.max(LOWEST_DEG.to_radians().sin()),
        };
        (sun, up)
    }

    /// Where the shadow of a point at a height falls: metres to the east and north.
    #[must_use]
    pub fn throws(&self, height_m: f64) -> (f64, f64) {
        let length_m = -height_m * self.shadow_per_height;
        (self.towards.0 * length_m, self.towards.1 * length_m)
    }
}

/// Day of the year, and hours since the sun stood lowest.
fn solar_time(time: Timestamp, place: LonLat) -> (i16, f64) {
    let utc = TimeZone::UTC.to_datetime(time);
    let hours = f64::from(utc.hour()) + f64::from(utc.minute()) / 60.0;
    (utc.date().day_of_year(), hours + place.lon_deg / 15.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SINUIJU: LonLat = LonLat {
        lon_deg: 124.0,
        lat_deg: 40.0,
    };

    fn at(text: &str) -> Sun {
        Sun::at(text.parse().unwrap(), SINUIJU)
    }

    #[test]
    fn the_sun_stands_south_at_noon_and_low_in_winter() {
        // 124 degrees east: noon is at 03:44 UTC.
        let winter = at("2022-12-21T03:44:00Z");
        let summer = at("2022-06-21T03:44:00Z");
        assert!(winter.towards.1 < -0.999 && summer.towards.1 < -0.99);
        // Elevations of 26.6 and 73.4 degrees.
        assert!(
            (winter.shadow_per_height - 2.0).abs() < 0.02,
            "{}",
            winter.shadow_per_height
        );
        assert!(
            (summer.shadow_per_height - 0.298).abs() < 0.01,
            "{}",
            summer.shadow_per_height
        );
        // In the morning it stands in the east.
        assert!(at("2022-06-21T01:00:00Z").towards.0 > 0.5);
    }

    #[test]
    fn shadows_fall_away_from_the_sun() {
        let (east_m, north_m) = at("2022-12-21T03:44:00Z").throws(5.0);
        assert!((north_m - 10.0).abs() < 0.1 && east_m.abs() < 0.3);
    }

    #[test]
    fn a_picture_of_a_day_was_taken_in_its_morning() {
        let picture = |text: &str| Sun::of_picture(text.parse().unwrap(), SINUIJU);
        // 10:30 of local solar time is 02:14 UTC.
        let morning = at("2022-03-01T02:14:00Z");
        let close = |a: Sun, b: Sun| {
            (a.shadow_per_height - b.shadow_per_height).abs() < 0.01 * b.shadow_per_height
        };
        assert!(close(picture("2022-03-01T00:00:00Z"), morning));
        assert!(close(picture("2022-03-01T14:00:00Z"), morning));
        // In the afternoon, and with the sun six degrees high.
        for time in ["2022-03-01T06:00:00Z", "2022-03-01T08:40:00Z"] {
            assert_eq!(picture(time), at(time));
        }
    }
}
