//! The MTL file of a Landsat product in its three spellings: groups of named
//! values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Problem, sidecar};

/// The values of an MTL file by group and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mtl {
    path: PathBuf,
    values: BTreeMap<(String, String), String>,
}

impl Mtl {
    /// Reads `…_MTL.txt`, `.xml` or `.json`.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        let values = match extension.to_ascii_lowercase().as_str() {
            "json" => json(path)?,
            "xml" => xml(path)?,
            _ => text(&sidecar::text(path)?),
        };
        Ok(Self {
            path: path.to_path_buf(),
            values,
        })
    }

    fn get(&self, group: &str, name: &str) -> Option<&str> {
        let key = (group.to_owned(), name.to_owned());
        self.values.get(&key).map(String::as_str)
    }

    /// A value that must be there.
    pub(super) fn need(&self, group: &str, name: &str) -> Result<&str, Problem> {
        self.get(group, name)
            .ok_or_else(|| self.problem(format!("no {name} in {group}")))
    }

    /// A number, where it is there.
    pub(super) fn number(&self, group: &str, name: &str) -> Result<Option<f64>, Problem> {
        let parse = |text: &str| {
            text.parse::<f64>()
                .ok()
                .filter(|v| v.is_finite())
                .ok_or_else(|| self.problem(format!("{name} is {text}, not a number")))
        };
        self.get(group, name).map(parse).transpose()
    }

    /// A problem with this file.
    pub(super) fn problem(&self, what: impl Into<String>) -> Problem {
        Problem::new(&self.path, what, sidecar::FETCH_AGAIN)
    }
}

type Values = BTreeMap<(String, String), String>;

/// Lines `GROUP = G`, `NAME = value`, `END_GROUP = G`.
fn text(text: &str) -> Values {
    let mut values = Values::new();
    let mut group = String::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        match name {
            "GROUP" => value.clone_into(&mut group),
            "END_GROUP" => group.clear(),
            _ => {
                values.insert((group.clone(), name.to_owned()), value.to_owned());
            }
        }
    }
    values
}

fn json(path: &Path) -> Result<Values, Problem> {
    let file: BTreeMap<String, BTreeMap<String, BTreeMap<String, serde_json::Value>>> =
        sidecar::json(path)?;
    let groups = file.into_values().flatten();
    Ok(groups
        .flat_map(|(group, values)| {
            values.into_iter().map(move |(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                ((group.clone(), name), text)
            })
        })
        .collect())
}

fn xml(path: &Path) -> Result<Values, Problem> {
    sidecar::xml(path, |root| {
        let groups = root.children().filter(roxmltree::Node::is_element);
        Ok(groups
            .flat_map(|group| {
                group
                    .children()
                    .filter(roxmltree::Node::is_element)
                    .map(move |value| {
                        let key = (
                            group.tag_name().name().to_owned(),
                            value.tag_name().name().to_owned(),
                        );
                        (key, value.text().unwrap_or("").trim().to_owned())
                    })
            })
            .collect())
    })
}
