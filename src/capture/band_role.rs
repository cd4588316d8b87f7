//! What the bands of a plain raster show.

use std::path::Path;

use super::plain::words;
use super::{BandRole, Problem, RasterHeader};

/// One band in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) role: BandRole,
    /// From 1.
    pub(super) index: usize,
}

/// As the user says; `None` skips a band.
pub(super) fn by_user(
    path: &Path,
    wanted: &[Option<BandRole>],
    bands: usize,
) -> Result<Vec<Role>, Problem> {
    let named = in_order(wanted.iter().copied());
    if wanted.len() > bands || named.is_empty() {
        return Err(Problem::new(
            path,
            format!("has {bands} bands, but --bands names {}", wanted.len()),
            "name its bands in order, or scan this file apart from the others",
        ));
    }
    Ok(named)
}

/// As the provider's metadata says; none where the count is another.
pub(super) fn by_provider(roles: &[Option<BandRole>], bands: usize) -> Vec<Role> {
    if roles.len() == bands {
        in_order(roles.iter().copied())
    } else {
        Vec::new()
    }
}

/// As descriptions, the name or the colour interpretation say, in that order;
/// a single band that says nothing is a grey image.
pub(super) fn by_header(names: &[String], header: &RasterHeader) -> Option<Vec<Role>> {
    let described = header.bands.iter().map(|b| by_description(&b.description));
    let coloured = header.bands.iter().map(|b| by_colour(&b.colour));
    let images = header
        .bands
        .iter()
        .filter(|b| !b.colour.eq_ignore_ascii_case("alpha"))
        .count();
    let candidates = [
        in_order(described),
        names
            .iter()
            .find_map(|word| spelled(word, images))
            .map(|roles| in_order(roles.into_iter().map(Some)))
            .unwrap_or_default(),
        in_order(coloured),
    ];
    let found = candidates.into_iter().find(|roles| !roles.is_empty());
    let grey = (images == 1).then(|| in_order([Some(BandRole::Pan)]));
    found.or(grey)
}

/// The first band of each role, sorted by role.
fn in_order(roles: impl IntoIterator<Item = Option<BandRole>>) -> Vec<Role> {
    let mut found: Vec<Role> = roles
        .into_iter()
        .zip(1..)
        .filter_map(|(role, index)| Some(Role { role: role?, index }))
        .collect();
    found.sort_by_key(|r| (r.role, r.index));
    found.dedup_by_key(|r| r.role);
    found
}

fn by_description(text: &str) -> Option<BandRole> {
    let words = words(text);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["b" | "blue"] => Some(BandRole::Blue),
        ["g" | "green"] => Some(BandRole::Green),
        ["r" | "red"] => Some(BandRole::Red),
        ["n" | "nir" | "nir1"] | ["near", "infrared" | "ir"] => Some(BandRole::Nir),
        ["p" | "pan" | "panchromatic"] => Some(BandRole::Pan),
        _ => None,
    }
}

fn by_colour(colour: &str) -> Option<BandRole> {
    match colour.to_ascii_lowercase().as_str() {
        "blue" => Some(BandRole::Blue),
        "green" => Some(BandRole::Green),
        "red" => Some(BandRole::Red),
        "nir" => Some(BandRole::Nir),
        "pan" => Some(BandRole::Pan),
        _ => None,
    }
}

/// A word that spells the bands in order, such as `rgb`, `rgbn`, `bgrn` or
/// `rgbnir`: one letter a band, none twice.
fn spelled(word: &str, bands: usize) -> Option<Vec<BandRole>> {
    let letters = word
        .strip_suffix("nir")
        .map_or_else(|| word.to_owned(), |visible| format!("{visible}n"));
    if bands < 3 || letters.len() != bands {
        return None;
    }
    let roles: Vec<BandRole> = letters
        .chars()
        .map(|letter| match letter {
            'b' => Some(BandRole::Blue),
            'g' => Some(BandRole::Green),
            'r' => Some(BandRole::Red),
            'n' | 'i' => Some(BandRole::Nir),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let distinct = roles
        .iter()
        .enumerate()
        .all(|(i, r)| !roles[..i].contains(r));
    distinct.then_some(roles)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::raster;
    use super::BandRole::{Blue, Green, Nir, Pan, Red};
    use super::*;

    fn header(name: &str, header: &RasterHeader) -> Option<Vec<(BandRole, usize)>> {
        let roles = by_header(&words(name), header)?;
        Some(roles.iter().map(|r| (r.role, r.index)).collect())
    }

    #[test]
    fn names_spell_bands_only_where_the_count_fits() {
        assert_eq!(
            header("20220106_ortho_rgbn", &raster("UInt16", 4)),
            Some(vec![(Blue, 3), (Green, 2), (Red, 1), (Nir, 4)])
        );
        assert_eq!(
            header("x_bgrn", &raster("UInt16", 4)),
            Some(vec![(Blue, 1), (Green, 2), (Red, 3), (Nir, 4)])
        );
        assert_eq!(header("x_rgbn", &raster("UInt16", 8)), None);
        assert_eq!(header("grrb", &raster("UInt16", 4)), None);
        assert_eq!(header("x", &raster("UInt16", 4)), None);
        assert_eq!(header("x", &raster("UInt16", 1)), Some(vec![(Pan, 1)]));
        assert_eq!(spelled("rgbnir", 4).unwrap(), [Red, Green, Blue, Nir]);
    }

    #[test]
    fn descriptions_come_before_names_and_colours() {
        let mut colours = raster("Byte", 4);
        for (band, colour) in colours
            .bands
            .iter_mut()
            .zip(["Red", "Green", "Blue", "Alpha"])
        {
            band.colour = colour.into();
        }
        assert_eq!(
            header("x", &colours),
            Some(vec![(Blue, 3), (Green, 2), (Red, 1)])
        );
        for (band, text) in colours.bands.iter_mut().zip(["blue", "Green", "R", ""]) {
            band.description = text.into();
        }
        assert_eq!(
            header("x_rgb", &colours),
            Some(vec![(Blue, 1), (Green, 2), (Red, 3)])
        );
    }

    #[test]
    fn the_user_may_skip_bands_but_not_name_more_than_there_are() {
        let wanted = [None, Some(Green), Some(Red)];
        let roles = by_user(Path::new("a.tif"), &wanted, 4).unwrap();
        assert_eq!(roles.iter().map(|r| r.index).collect::<Vec<_>>(), [2, 3]);
        assert!(by_user(Path::new("a.tif"), &wanted, 2).is_err());
    }
}
