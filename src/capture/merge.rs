//! Merging of scenes into captures.

use super::{Capture, Inventory, Problem, Scene};

/// Makes captures of what the decoders returned.
#[must_use]
pub fn gather(decoded: Vec<Result<Scene, Problem>>, problems: Vec<Problem>) -> Inventory {
    let mut inventory = Inventory {
        problems,
        ..Inventory::default()
    };
    for result in decoded {
        match result {
            Ok(scene) => inventory.captures.push(Capture {
                id: scene.id.clone(),
                datetime: scene.datetime,
                scenes: vec![scene],
            }),
            Err(problem) => inventory.problems.push(problem),
        }
    }
    inventory
}
