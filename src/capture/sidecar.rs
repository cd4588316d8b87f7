//! What decoders read of a product besides its names: metadata files and the
//! headers of its rasters, with damage turned into problems.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::archive::read_text;
use super::{Context, Problem, RasterHeader};

/// What to do about a file that is damaged.
pub(super) const FETCH_AGAIN: &str = "download the product again";

/// A metadata file in JSON.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Problem> {
    serde_json::from_str(&text(path)?)
        .map_err(|e| Problem::new(path, format!("cannot be understood: {e}"), FETCH_AGAIN))
}

/// Reads a metadata file in XML with `read`.
pub(super) fn xml<T>(
    path: &Path,
    read: impl FnOnce(roxmltree::Node<'_, '_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let text = text(path)?;
    let document = roxmltree::Document::parse(&text)
        .map_err(|e| Problem::new(path, format!("broken XML: {e}"), FETCH_AGAIN))?;
    read(document.root_element())
}

/// The text of a metadata file, which is not empty.
pub(super) fn text(path: &Path) -> Result<String, Problem> {
    let text = read_text(path)?;
    if text.trim().is_empty() {
        return Err(Problem::new(path, "the file is empty", FETCH_AGAIN));
    }
    Ok(text)
}

/// The trimmed text of the first element of that name, whatever its namespace.
pub(super) fn element<'a>(within: roxmltree::Node<'a, '_>, name: &str) -> Option<&'a str> {
    within
        .descendants()
        .find(|n| n.tag_name().name() == name)
        .and_then(|n| n.text())
        .map(str::trim)
}

/// The header of a raster.
pub(super) fn header(path: &Path, context: &Context<'_>) -> Result<RasterHeader, Problem> {
    let header = context.probe.header(&path.to_string_lossy());
    header.map_err(|error| Problem::of(path, &error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(bytes: &[u8]) -> Problem {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, bytes).unwrap();
        json::<serde_json::Value>(&path).unwrap_err()
    }

    #[test]
    fn damaged_files_are_refused_by_name_and_with_a_remedy() {
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"{\"id\": ", "cannot be understood"),
            (b"\xff\xfe\x00", "UTF-8"),
        ] {
            let problem = refused(bytes);
            assert!(problem.what.contains(what), "{problem}");
            assert!(problem.path.ends_with("a.json"), "{problem}");
            assert_eq!(problem.remedy, FETCH_AGAIN);
        }
    }

    #[test]
    fn elements_are_found_in_any_namespace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        std::fs::write(&path, "<a xmlns:p='u'><p:b> 7 </p:b></a>").unwrap();
        let value = xml(&path, |root| Ok(element(root, "b").map(str::to_owned))).unwrap();
        assert_eq!(value.as_deref(), Some("7"));
    }
}
