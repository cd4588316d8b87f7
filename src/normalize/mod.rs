//! Bringing captures to what can be compared.

mod look_alike;

pub use look_alike::look_alike_groups;
