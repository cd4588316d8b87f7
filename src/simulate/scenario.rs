//! What to simulate: the sensor, how many captures, what is to go wrong.

use std::str::FromStr;

use jiff::civil::Date;

use crate::error::{Error, Result};

/// What takes the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensor {
    /// 10 m, blue, green, red and near infrared, as STAC items.
    Sentinel2,
    /// 3 m, blue, green, red and near infrared, as `PSScene` downloads.
    PlanetScope,
    /// 0.5 m, red, green, blue and near infrared, as plain GeoTIFFs without mask.
    Vhr,
    /// 10 m radar backscatter, linear power, as plain GeoTIFFs.
    Sentinel1,
}

impl Sensor {
    /// All sensors, in order of their names on the command line.
    pub const ALL: [Self; 4] = [
        Self::Sentinel2,
        Self::PlanetScope,
        Self::Vhr,
        Self::Sentinel1,
    ];

    /// The name on the command line and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sentinel2 => "sentinel-2",
            Self::PlanetScope => "planetscope",
            Self::Vhr => "vhr",
            Self::Sentinel1 => "sentinel-1",
        }
    }
}

impl FromStr for Sensor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        named("sensor", text, &Self::ALL, Self::name)
    }
}

/// One thing that makes real series hard, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nuisance {
    /// Growth and harvest, wet and dry soil, the sun's height, water level.
    Seasons,
    /// Snow on land and ice on the river in winter.
    Snow,
    /// Clouds, their shadows, and masks that miss some of both.
    Clouds,
    /// Captures that cover the window only in part, with an oblique edge.
    Coverage,
    /// Captures that lie beside each other, each with its distortion.
    Registration,
    /// Bands that lie beside each other.
    Bands,
    /// Decks above the ground, seen at an angle.
    Parallax,
    /// Gain of each band and haze.
    Atmosphere,
    /// Lorries on the road lane of the deck.
    Lorries,
    /// Trains that run while they are seen; without, all stand.
    Moving,
    /// Wagons that stay on the track for weeks.
    Parked,
    /// A new bridge beside the track and new ballast, from some date on.
    Construction,
    /// Ships and barges on the river.
    Ships,
}

impl Nuisance {
    /// All nuisances, in order of their names on the command line.
    pub const ALL: [Self; 13] = [
        Self::Seasons,
        Self::Snow,
        Self::Clouds,
        Self::Coverage,
        Self::Registration,
        Self::Bands,
        Self::Parallax,
        Self::Atmosphere,
        Self::Lorries,
        Self::Moving,
        Self::Parked,
        Self::Construction,
        Self::Ships,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seasons => "seasons",
            Self::Snow => "snow",
            Self::Clouds => "clouds",
            Self::Coverage => "coverage",
            Self::Registration => "registration",
            Self::Bands => "bands",
            Self::Parallax => "parallax",
            Self::Atmosphere => "atmosphere",
            Self::Lorries => "lorries",
            Self::Moving => "moving",
            Self::Parked => "parked",
            Self::Construction => "construction",
            Self::Ships => "ships",
        }
    }
}

impl FromStr for Nuisance {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        named("nuisance", text, &Self::ALL, Self::name)
    }
}

fn named<T: Copy>(what: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T> {
    all.iter()
        .copied()
        .find(|&t| name(t) == text)
        .ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|&t| name(t)).collect();
            Error::value(what, text, format!("one of {}", names.join(", ")))
        })
}

/// A series to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What takes the pictures.
    pub sensor: Sensor,
    /// How many of them.
    pub captures: usize,
    /// Date of the first.
    pub from: Date,
    /// Equal seeds give equal files, byte for byte.
    pub seed: u64,
    /// What goes wrong.
    pub nuisances: Vec<Nuisance>,
    /// Share of the captures with a train that was not there before, 0..1.
    pub occupied: f64,
    /// Length of all trains, m; `None`: as they come.
    pub train_length_m: Option<f64>,
    /// Ground kept around the track, m; `None`: what registration needs.
    pub margin_m: Option<f64>,
}

/// The most captures of one series: ten years of daily ones.
const MOST_CAPTURES: usize = 3650;

/// The shortest and longest train that may be asked for, m. The longest is a
/// train of a hundred cars.
const TRAIN_LENGTHS_M: (f64, f64) = (10.0, 2000.0);

/// The widest margin: the window of a 3 m scene stays below a gigabyte.
const WIDEST_MARGIN_M: f64 = 8000.0;

impl Scenario {
    /// A series with everything that goes wrong, from 5 January 2022.
    #[must_use]
    pub fn new(sensor: Sensor, captures: usize, seed: u64) -> Self {
        Self {
            sensor,
            captures,
            from: jiff::civil::date(2022, 1, 5),
            seed,
            nuisances: Nuisance::ALL.to_vec(),
            occupied: 0.45,
            train_length_m: None,
            margin_m: None,
        }
    }

    /// The same without anything that goes wrong.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.nuisances.clear();
        self
    }

    /// Whether something goes wrong.
    #[must_use]
    pub fn has(&self, nuisance: Nuisance) -> bool {
        self.nuisances.contains(&nuisance)
    }

    /// Checks what the command line cannot.
    ///
    /// # Errors
    /// No captures or too many, an occupied share outside 0..1, a train length
    /// or a margin out of range.
    pub fn check(&self) -> Result<()> {
        if !(1..=MOST_CAPTURES).contains(&self.captures) {
            let expected = format!("between 1 and {MOST_CAPTURES}");
            return Err(Error::value("captures", self.captures, expected));
        }
        if !(0.0..=1.0).contains(&self.occupied) {
            return Err(Error::value("occupied", self.occupied, "between 0 and 1"));
        }
        let (shortest, longest) = TRAIN_LENGTHS_M;
        if let Some(length_m) = self.train_length_m
            && !(shortest..=longest).contains(&length_m)
        {
            let expected = format!("between {shortest} and {longest} m");
            return Err(Error::value("train length", length_m, expected));
        }
        if let Some(margin_m) = self.margin_m
            && !(0.0..=WIDEST_MARGIN_M).contains(&margin_m)
        {
            let expected = format!("between 0 and {WIDEST_MARGIN_M} m");
            return Err(Error::value("margin", margin_m, expected));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_and_others_are_listed() {
        assert_eq!("vhr".parse::<Sensor>().ok(), Some(Sensor::Vhr));
        let error = "skysat".parse::<Sensor>().map_err(|e| e.to_string());
        assert!(error.is_err_and(|e| e.contains("skysat") && e.contains("sentinel-1")));
        for nuisance in Nuisance::ALL {
            assert_eq!(nuisance.name().parse::<Nuisance>().ok(), Some(nuisance));
        }
    }

    #[test]
    fn senseless_scenarios_are_refused() {
        assert!(Scenario::new(Sensor::Vhr, 0, 1).check().is_err());
        let mut scenario = Scenario::new(Sensor::Vhr, 1, 1);
        assert!(scenario.check().is_ok());
        scenario.occupied = f64::NAN;
        assert!(scenario.check().is_err());
    }
}
