//! What names say of radar products: satellite, polarisation, unit, orbit.

use jiff::civil::Date;

use super::date::{self, Reading};
use super::plain::words;
use super::{BandRole, Unit};

/// Orbits in the repeat cycle of Sentinel-1 (12 days).
const ORBITS_PER_CYCLE: u32 = 175;

/// Words that make a raster radar whatever its name begins with.
const RADAR_WORDS: [&str; 9] = [
    "backscatter",
    "sigma0",
    "gamma0",
    "sigma",
    "gamma",
    "sentinel1",
    "capella",
    "umbra",
    "iceye",
];

/// The polarisation that a word names.
pub(super) fn polarisation(word: &str) -> Option<BandRole> {
    match word {
        "vv" => Some(BandRole::Vv),
        "vh" => Some(BandRole::Vh),
        "hh" => Some(BandRole::Hh),
        "hv" => Some(BandRole::Hv),
        _ => None,
    }
}

/// Whether words of a name, a description or tags say "radar".
pub(super) fn is_radar(words: &[String]) -> bool {
    let sentinel = words.first().is_some_and(|w| is_sentinel(w));
    sentinel
        || words.iter().any(|w| RADAR_WORDS.contains(&w.as_str()))
        || (words.iter().any(|w| w == "rtc") && words.iter().any(|w| polarisation(w).is_some()))
}

/// `s1`, `s1a`, … `s1d`.
fn is_sentinel(word: &str) -> bool {
    matches!(word, "s1" | "s1a" | "s1b" | "s1c" | "s1d")
}

/// The radar family by the words of a name, and the satellite where named.
pub(super) fn sensor(words: &[String]) -> (&'static str, String) {
    let has = |word: &str| words.iter().position(|w| w == word);
    let next = |at: usize| words.get(at + 1).map_or("", String::as_str);
    if let Some(at) = has("capella") {
        (
            "capella",
            format!("capella-{}", next(at).trim_start_matches('c')),
        )
    } else if let Some(at) = has("umbra") {
        ("umbra", format!("umbra-{}", next(at)))
    } else if let Some(at) = has("iceye") {
        ("iceye", format!("iceye-{}", next(at)))
    } else if let Some(word) = words.iter().find(|w| is_sentinel(w)) {
        let letter = word.trim_start_matches("s1");
        let platform = (!letter.is_empty()).then(|| format!("sentinel-1{letter}"));
        ("sentinel-1", platform.unwrap_or_default())
    } else if has("sentinel1").is_some() {
        ("sentinel-1", String::new())
    } else {
        ("sar", String::new())
    }
}

/// The unit that words name.
pub(super) fn unit(words: &[String]) -> Option<Unit> {
    words.iter().find_map(|word| match word.as_str() {
        "power" | "linear" | "pwr" => Some(Unit::Power),
        "amplitude" | "amp" => Some(Unit::Amplitude),
        "db" | "decibel" => Some(Unit::Decibel),
        _ => None,
    })
}

/// The unit in the names of `HyP3`'s RTC products,
/// `S1x_yy_date_ppo_RTCzz_u_defklm_ssss`: `e` is p for power, a for amplitude,
/// d for decibel (the products' README).
pub(super) fn hyp3_unit(words: &[String]) -> Option<Unit> {
    let rtc = words.iter().position(|w| {
        w.strip_prefix("rtc")
            .is_some_and(|z| !z.is_empty() && z.bytes().all(|c| c.is_ascii_digit()))
    })?;
    let flags = words.get(rtc + 2).filter(|w| w.len() == 6)?;
    match flags.as_bytes().get(1)? {
        b'p' => Some(Unit::Power),
        b'a' => Some(Unit::Amplitude),
        b'd' => Some(Unit::Decibel),
        _ => None,
    }
}

/// A Sentinel-1 product of ESA, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granule {
    /// The name without what was added to it.
    pub(super) id: String,
    pub(super) platform: String,
    pub(super) absolute_orbit: u32,
    pub(super) start: jiff::Timestamp,
    day: Date,
}

/// Finds a product name such as
/// `S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC_5C0E` in a
/// text: satellite, mode, type, level, start, end, absolute orbit, data take
/// and perhaps a checksum.
pub(super) fn granule_in(text: &str) -> Option<Granule> {
    text.match_indices("S1").find_map(|(at, _)| {
        let name: String = text
            .get(at..)?
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        granule(&name)
    })
}

fn granule(name: &str) -> Option<Granule> {
    let parts: Vec<&str> = name.split('_').collect();
    let is_time = |part: &&str| part.len() == 15 && part.as_bytes().get(8) == Some(&b'T');
    let start = parts.iter().position(is_time)?;
    let orbit = parts.get(start + 2).filter(|o| o.len() == 6)?;
    let satellite = words(parts.first()?);
    parts.get(start + 1).filter(|part| is_time(part))?;
    let Reading::One(moment) = date::read(parts.get(start)?) else {
        return None;
    };
    // A checksum has four digits; "_rtc" and the like are additions.
    let is_checksum = |p: &&str| p.len() == 4 && p.bytes().all(|c| c.is_ascii_hexdigit());
    let end = start + 4 + usize::from(parts.get(start + 4).is_some_and(is_checksum));
    Some(Granule {
        id: parts.get(..end.min(parts.len()))?.join("_"),
        platform: sensor(&satellite).1,
        absolute_orbit: orbit.parse().ok()?,
        start: moment.at,
        day: moment.day(),
    })
}

impl Granule {
    /// The relative orbit. The constants are those that the orbit numbers in
    /// ESA's own annotations obey. Sentinel-1C was moved to another ground
    /// track in June 2026: its number after that is not guessed.
    pub(super) fn relative_orbit(&self) -> Option<u16> {
        let first = match self.platform.as_str() {
            "sentinel-1a" => 73,
            "sentinel-1b" => 27,
            "sentinel-1c" if self.day < Date::constant(2026, 6, 9) => 172,
            "sentinel-1d" => 42,
            _ => return None,
        };
        let orbits = self.absolute_orbit.checked_sub(first)?;
        u16::try_from(orbits % ORBITS_PER_CYCLE + 1).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hyp3_flags_say_the_unit() {
        let unit = |flags: &str| {
            hyp3_unit(&words(&format!(
                "S1A_IW_20230103T052333_DVP_RTC10_G_{flags}_ABCD_VV"
            )))
        };
        assert_eq!(unit("gpufed"), Some(Unit::Power));
        assert_eq!(unit("saunem"), Some(Unit::Amplitude));
        assert_eq!(unit("gduned"), Some(Unit::Decibel));
        assert_eq!(unit("gxuned"), None);
        assert_eq!(hyp3_unit(&words("S1_kiel_20230103")), None);
    }

    #[test]
    fn orbits_agree_with_esa_s_annotations() {
        // By hand: 30352 - 73 = 173 x 175 + 4.
        let a = granule_in("x/S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC_rtc")
            .unwrap();
        assert_eq!(
            a.id,
            "S1A_IW_GRDH_1SDV_20191215T004339_20191215T004404_030352_0378DC"
        );
        assert_eq!((a.absolute_orbit, a.relative_orbit()), (30352, Some(5)));
        assert_eq!(a.start.to_string(), "2019-12-15T00:43:39Z");
        let b =
            granule_in("S1B_IW_GRDH_1SDV_20210401T052623_20210401T052648_026269_032297_ECC8.SAFE")
                .unwrap();
        assert!(b.id.ends_with("_ECC8"));
        assert_eq!(b.relative_orbit(), Some(168), "as its manifest says");
        let slc = granule_in("S1A_IW_SLC__1SDH_20220414T102209_20220414T102236_042768_051AA4_E677");
        assert_eq!(
            slc.unwrap().relative_orbit(),
            Some(171),
            "as its manifest says"
        );
        let moved =
            granule_in("S1C_IW_GRDH_1SDV_20260701T052623_20260701T052648_008000_032297_ECC8");
        assert_eq!(moved.unwrap().relative_orbit(), None);
        assert_eq!(granule_in("S1_nuernberg_20230103"), None);
    }

    #[test]
    fn radar_is_told_from_other_names() {
        for name in [
            "S1_kiel_20230101",
            "s1a-iw-20230101-vv",
            "iw-vv.rtc",
            "20230101_sigma0",
            "CAPELLA_C14_SP_GEO_HH_2024",
            "2023-07-18-02-30-32_UMBRA-04_GEC",
        ] {
            assert!(is_radar(&words(name)), "{name}");
        }
        for name in [
            "S2_Venice_RGB",
            "ref_S2A_x",
            "20230101_ortho_rgbn",
            "dem",
            "s10_x",
            "x_s1",
        ] {
            assert!(!is_radar(&words(name)), "{name}");
        }
    }

    #[test]
    fn satellites_are_named() {
        let named = |name: &str| sensor(&words(name));
        assert_eq!(named("S1A_IW"), ("sentinel-1", "sentinel-1a".into()));
        assert_eq!(named("S1_kiel"), ("sentinel-1", String::new()));
        assert_eq!(named("CAPELLA_C14_SP"), ("capella", "capella-14".into()));
        assert_eq!(named("2023_UMBRA-04_GEC"), ("umbra", "umbra-04".into()));
    }
}
