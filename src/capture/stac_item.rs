//! The part of a STAC item that decoders need: properties, assets and where
//! their files are. Reads items of the specification 0.9 to 1.1 and does not
//! validate them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

/// An item.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) collection: String,
    pub(super) properties: Map<String, Value>,
    pub(super) assets: BTreeMap<String, Asset>,
}

/// One asset of an item.
#[derive(Debug, Clone, Default)]
pub(super) struct Asset {
    pub(super) href: String,
    pub(super) roles: Vec<String>,
    pub(super) bands: Vec<Band>,
}

/// One band of an asset, from `bands`, `eo:bands` and `raster:bands`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Band {
    pub(super) common_name: String,
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) nodata: Option<f64>,
}

/// What a JSON file is to the scan.
pub(super) enum Json {
    /// A STAC item.
    Item(Box<Item>),
    /// JSON of something else: a catalogue, a collection, another vendor's metadata.
    Other,
}

/// Tells items from other JSON.
///
/// # Errors
/// The text is not JSON.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    if text.trim().is_empty() {
        return Err("the file is empty".into());
    }
    let value: Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
    let is_item = value.get("stac_version").is_some()
        && value.get("type").and_then(Value::as_str) == Some("Feature")
        && value.get("assets").is_some_and(Value::is_object);
    Ok(if is_item {
        Json::Item(Box::new(Item::from_value(&value)))
    } else {
        Json::Other
    })
}

impl Item {
    fn from_value(value: &Value) -> Self {
        let assets = value.get("assets").and_then(Value::as_object);
        Self {
            id: text(value, "id"),
            collection: text(value, "collection"),
            properties: value
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            assets: assets
                .into_iter()
                .flatten()
                .map(|(key, asset)| (key.clone(), Asset::from_value(asset)))
                .collect(),
        }
    }

    /// The first of some properties that is text or a number, as text.
    pub(super) fn property(&self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .find_map(|name| match self.properties.get(*name)? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
    }

    /// The first of some properties that is true or false.
    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        names
            .iter()
            .find_map(|n| self.properties.get(*n)?.as_bool())
    }
}

impl Asset {
    fn from_value(value: &Value) -> Self {
        let lists = ["bands", "eo:bands", "raster:bands"]
            .map(|name| value.get(name).and_then(Value::as_array));
        let count = lists.iter().flatten().map(|l| l.len()).max().unwrap_or(0);
        let band = |i: usize| {
            let mut band = Band::default();
            // Values of the asset hold for all its bands.
            band.update(value);
            for one in lists.iter().flatten().filter_map(|list| list.get(i)) {
                band.update(one);
            }
            band
        };
        let roles = value.get("roles").and_then(Value::as_array);
        Self {
            href: text(value, "href"),
            roles: roles
                .into_iter()
                .flatten()
                .filter_map(|r| r.as_str().map(str::to_owned))
                .collect(),
            bands: (0..count.max(1)).map(band).collect(),
        }
    }
}

impl Band {
    fn update(&mut self, value: &Value) {
        let number = |names: [&str; 2]| {
            names
                .iter()
                .find_map(|name| value.get(*name).and_then(Value::as_f64))
        };
        for name in ["common_name", "eo:common_name"] {
            if let Some(name) = value.get(name).and_then(Value::as_str) {
                name.clone_into(&mut self.common_name);
            }
        }
        self.scale = number(["scale", "raster:scale"]).or(self.scale);
        self.offset = number(["offset", "raster:offset"]).or(self.offset);
        self.nodata = number(["nodata", "raster:nodata"]).or(self.nodata);
    }
}

fn text(value: &Value, name: &str) -> String {
    let found = value.get(name).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// Where an asset is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, perhaps one that is not there.
    Local(PathBuf),
    /// On another machine.
    Remote,
}

/// Where a `href` in an item leads: relative to the item, absolute, or `file://`.
pub(super) fn place(item: &Path, href: &str) -> Place {
    let plain = match href.split_once("://") {
        Some(("file", rest)) => percent_decoded(rest),
        Some(_) => return Place::Remote,
        None => href.to_owned(),
    };
    let folder = item.parent().unwrap_or(Path::new(""));
    Place::Local(joined(folder, Path::new(&plain)))
}

/// A path below a folder, the `.` and `..` of the path undone by its text
/// alone; the folder stays as the user wrote it.
fn joined(folder: &Path, path: &Path) -> PathBuf {
    let mut plain = folder.to_path_buf();
    for part in path.components() {
        match (part, plain.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                plain.pop();
            }
            // An absolute path starts anew.
            (part, _) => plain.push(part),
        }
    }
    plain
}

/// Undoes `%20` and the like; leaves alone what is no such code.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let code = (byte == b'%')
            .then(|| text.get(i + 1..i + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(code.unwrap_or(byte));
        i += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(path: &str) -> Place {
        Place::Local(path.into())
    }

    #[test]
    fn hrefs_are_relative_to_the_item_absolute_or_remote() {
        let item = Path::new("/data/a/item.json");
        assert_eq!(place(item, "./B02.tif"), local("/data/a/B02.tif"));
        assert_eq!(place(item, "../b/B02.tif"), local("/data/b/B02.tif"));
        assert_eq!(place(item, "/etc/B02.tif"), local("/etc/B02.tif"));
        assert_eq!(place(item, "file:///x/a%20b.tif"), local("/x/a b.tif"));
        assert_eq!(place(item, "https://example.org/B02.tif"), Place::Remote);
        assert_eq!(place(item, "s3://bucket/B02.tif"), Place::Remote);
        assert_eq!(place(item, "../../../../x"), local("/x"));
        assert_eq!(place(Path::new("a/i.json"), "../../x"), local("../x"));
        let dotted = Path::new("/data/../b/i.json");
        assert_eq!(place(dotted, "./x/../y"), local("/data/../b/y"));
    }

    #[test]
    fn percent_codes_are_undone_where_they_are_some() {
        assert_eq!(percent_decoded("a%20b"), "a b");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%ED%95%9C"), "한");
        assert_eq!(percent_decoded("%한글"), "%한글");
    }

    #[test]
    fn empty_and_broken_json_is_refused_and_other_json_is_no_item() {
        assert!(parse("").is_err() && parse("{").is_err());
        for other in ["[]", "{}", r#"{"type":"Catalog","stac_version":"1.0.0"}"#] {
            assert!(matches!(parse(other), Ok(Json::Other)), "{other}");
        }
    }
}
