//! Which crossing a published site is.

use std::collections::BTreeMap;

/// What reports call places at the built-in crossings, in lower case. A name
/// that several crossings go by, such as "Friendship bridge", is not here.
const KNOWN: &[(&str, &str)] = &[
    ("tumangang", "tumen"),
    ("khasan", "tumen"),
    ("tumen bridge", "tumen"),
    ("tumen river", "tumen"),
    ("korea–russia", "tumen"),
    ("korea-russia", "tumen"),
    ("dandong", "dandong"),
    ("sinuiju", "dandong"),
    ("sino-korean", "dandong"),
    ("namyang", "namyang"),
    ("manpo", "manpo"),
    ("ji'an", "manpo"),
];

/// From what a site is called to the id of its crossing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    given: BTreeMap<String, String>,
}

impl Places {
    /// Names that the user gave, with the ids of their crossings; they go
    /// before those known.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = (String, String)>) -> Self {
        let lower = |(site, id): (String, String)| (site.trim().to_lowercase(), id);
        Self {
            given: given.into_iter().map(lower).collect(),
        }
    }

    /// The crossing of a site: what the user said of it, or of a name in it;
    /// else the only crossing of the series whose known name or id it holds.
    #[must_use]
    pub fn crossing(&self, site: &str, ids: &[&str]) -> Option<String> {
        let site = site.trim().to_lowercase();
        if let Some(id) = self.given.get(&site) {
            return Some(id.clone());
        }
        let given = self.given.iter().filter(|(name, _)| has_word(&site, name));
        let given: Vec<&str> = given.map(|(_, id)| id.as_str()).collect();
        let known = KNOWN.iter().filter(|(name, _)| site.contains(name));
        let known: Vec<&str> = known.map(|(_, id)| *id).collect();
        let named = |id: &&&str| has_word(&site, &id.to_lowercase());
        let named: Vec<&str> = ids.iter().filter(named).copied().collect();
        let found = [given, known, named].into_iter().find(|f| !f.is_empty())?;
        let first = *found.first()?;
        found
            .iter()
            .all(|id| *id == first)
            .then(|| first.to_owned())
    }
}

/// Whether a text holds a word, with no letter or digit next to it.
fn has_word(text: &str, word: &str) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let (before, rest) = text.split_at(at);
            let behind = rest.get(word.len()..).unwrap_or_default();
            apart(before.chars().next_back()) && apart(behind.chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_found_by_what_they_are_called() {
        let places = Places::new([(" Friendship Bridge".to_owned(), "dandong".to_owned())]);
        let ids = ["mine", "tumen"];
        for (site, expected) in [
            ("Khasan->Tumangang", Some("tumen")),
            ("Dandong-Sinuiju bridge", Some("dandong")),
            ("friendship bridge ", Some("dandong")),
            ("DPRK-side track near Friendship bridge", Some("dandong")),
            ("the mine bridge", Some("mine")),
            ("a minefield", None),
            ("Tumangang to Dandong", None),
            ("Uiju airfield", None),
        ] {
            assert_eq!(places.crossing(site, &ids).as_deref(), expected, "{site}");
        }
    }
}
