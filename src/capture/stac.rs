//! STAC items beside their assets: finding them and the files they name.
//!
//! Only files inside the scanned folder are read. Catalogues and collections
//! are of no use to the scan: the walk finds the items itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::archive::read_text;
use super::listing::is_raster;
use super::stac_item::{Asset, Json, Place, parse, percent_decoded, place};
use super::stac_scene::scene;
use super::{Context, Find, JsonKind, JsonReader, Listing, Problem, Scene, Vendor};

/// Items are far smaller; greater JSON files are vector data or the like.
const LARGEST_ITEM_BYTES: u64 = 8 << 20;

/// Takes every item, with the rasters that it names. An item whose rasters
/// other decoders have taken describes a product that is known already.
pub(super) fn claim(listing: &mut Listing, json: &dyn JsonReader) -> Vec<Find> {
    let mut finds = Vec::new();
    for path in listing.named(is_json) {
        if listing.bytes(&path).is_none_or(|b| b > LARGEST_ITEM_BYTES) {
            continue;
        }
        match json.kind(&path, &|| kind_of(&path)) {
            JsonKind::Other => {}
            JsonKind::Item(hrefs) => finds.extend(claim_item(listing, &path, &hrefs)),
            JsonKind::Broken => {
                let files = vec![path.clone()];
                finds.push(listing.take(Vendor::Stac, &path, &path, files));
            }
        }
    }
    finds
}

/// Reads what a JSON file is.
fn kind_of(path: &Path) -> JsonKind {
    match read_text(path).map(|text| parse(&text)) {
        Ok(Ok(Json::Other)) => JsonKind::Other,
        Ok(Ok(Json::Item(item))) => {
            JsonKind::Item(item.assets.into_values().map(|asset| asset.href).collect())
        }
        Ok(Err(_)) | Err(_) => JsonKind::Broken,
    }
}

fn is_json(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

fn claim_item(listing: &mut Listing, path: &Path, hrefs: &[String]) -> Option<Find> {
    let root = listing.root_of(path)?.to_path_buf();
    let is_known = |file: &Path| listing.bytes(file).is_some() || listing.is_taken(file);
    let known: Vec<PathBuf> = hrefs
        .iter()
        .flat_map(|href| candidates(path, href))
        .filter_map(|file| listed(&root, file, is_known))
        .collect();
    let rasters = |file: &&PathBuf| is_raster(&file.to_string_lossy());
    let mut here = known.iter().filter(rasters).peekable();
    if here.peek().is_some() && here.all(|file| listing.is_taken(file)) {
        listing.drop_files(&[path.to_path_buf()]);
        return None;
    }
    let mut files = known;
    files.push(path.to_path_buf());
    Some(listing.take(Vendor::Stac, path, path, files))
}

/// The file of an asset, its name as written and with percent codes undone.
fn candidates(item: &Path, href: &str) -> Vec<PathBuf> {
    let mut hrefs = vec![href.to_owned(), percent_decoded(href)];
    hrefs.dedup();
    hrefs
        .iter()
        .filter(|href| !href.is_empty())
        .filter_map(|href| match place(item, href) {
            Place::Local(path) => Some(path),
            Place::Remote => None,
        })
        .collect()
}

/// The name under which the walk lists a file: as it is, or with links and
/// another way to write the folder resolved. `None` outside the folder.
fn listed(root: &Path, file: PathBuf, is_known: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    if is_known(&file) {
        return Some(file);
    }
    let real = fs::canonicalize(file).ok()?;
    let inside = root.join(real.strip_prefix(fs::canonicalize(root).ok()?).ok()?);
    is_known(&inside).then_some(inside)
}

/// Reads one item.
pub(super) fn decode(find: &Find, _context: &Context<'_>) -> Result<Scene, Problem> {
    let again = "download it again, or take it out of the folder";
    match parse(&read_text(&find.entry)?) {
        Ok(Json::Item(item)) => scene(find, &item),
        Ok(Json::Other) => Err(find.problem("not a STAC item", again)),
        Err(what) => Err(find.problem(what, again)),
    }
}

/// The file of an asset, or why there is none.
pub(super) fn asset_file(find: &Find, asset: &Asset) -> Result<String, Problem> {
    let named = candidates(&find.entry, &asset.href);
    let is_known = |file: &Path| find.files.iter().any(|f| f == file);
    let mut here = named.iter().cloned();
    if let Some(file) = here.find_map(|f| listed(&find.root, f, is_known)) {
        return Ok(file.display().to_string());
    }
    let href = &asset.href;
    Err(match named.first() {
        None => find.problem(
            format!("the asset {href} is not on this machine"),
            "download it beside the item and write its relative path into href",
        ),
        Some(file) if file.exists() => find.problem(
            format!("the asset {href} lies outside the folder"),
            "name the folder that holds both, or move it beside the item",
        ),
        Some(_) => find.problem(
            format!("the asset {href} is not there"),
            "download it, or correct href",
        ),
    })
}
