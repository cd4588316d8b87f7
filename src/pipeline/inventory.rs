//! What folders hold, found and decoded in parallel.

use std::path::PathBuf;

use rayon::prelude::*;
use serde::Serialize;

use super::Workers;
use super::fingerprint::{FileStamp, digest};
use super::memo::{METHOD, Memo, RememberingProbe, RememberingReader};
use crate::capture::{Capture, Context, Find, Inventory, Problem, Scene, decode, find, gather};
use crate::error::Result;
use crate::geo::Grid;
use crate::source::scene_grid;

/// Scans folders: one walk, then each product's metadata in parallel, then the
/// merging of scenes into captures. Products that `memo` knows are not read.
#[must_use]
pub fn inventory(
    folders: &[PathBuf],
    context: &Context<'_>,
    workers: &Workers,
    memo: &Memo,
) -> Inventory {
    let (finds, problems) = find(folders, &RememberingReader { memo });
    let probe = RememberingProbe {
        memo,
        probe: context.probe,
    };
    let decoded = workers.install(|| {
        finds
            .par_iter()
            .map(|find| decode_once(find, context, memo))
            .collect()
    });
    gather(decoded, problems, &probe)
}

fn decode_once(find: &Find, context: &Context<'_>, memo: &Memo) -> Result<Scene, Problem> {
    // Of what cannot even be looked at, the decoder says what is wrong.
    let Ok(key) = find_digest(find, context) else {
        return decode(find, context);
    };
    if let Some(known) = memo.scene(&key) {
        return Ok(known);
    }
    let scene = decode(find, context)?;
    memo.learn_scene(key, &scene);
    Ok(scene)
}

/// All that decoding depends on: the files as they are now, and the hints.
fn find_digest<'f>(find: &'f Find, context: &Context<'_>) -> Result<String> {
    #[derive(Serialize)]
    struct Inputs<'a> {
        method: &'a str,
        product: (String, &'a PathBuf, &'a PathBuf, &'a PathBuf),
        files: Vec<(&'a PathBuf, FileStamp)>,
        hints: String,
    }
    let stamped = |file: &'f PathBuf| Ok((file, FileStamp::of(&file.to_string_lossy())?));
    digest(&Inputs {
        method: METHOD,
        product: (
            format!("{:?}", find.vendor),
            &find.product,
            &find.entry,
            &find.root,
        ),
        files: find.files.iter().map(stamped).collect::<Result<_>>()?,
        hints: format!("{:?}", context.hints),
    })
}

/// The grid of each capture's first scene, from the raster's header.
#[must_use]
pub fn grids(captures: &[Capture], workers: &Workers) -> Vec<Result<Grid>> {
    workers.install(|| {
        captures
            .par_iter()
            .map(|capture| scene_grid(capture.first()))
            .collect()
    })
}
