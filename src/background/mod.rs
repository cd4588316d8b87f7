//! What a capture would show without trains: each capture of a series is
//! predicted from the other captures of the same place.
//!
//! Season, illumination, gain and snow are shared by a few captures of a long
//! series, so that the empty scene of one of them is a linear combination of
//! the others. Per band
//!
//! ```text
//! y(cell) = Σₖ βₖ xₖ(cell) + c + Σⱼ γⱼ gⱼ(cell)
//! ```
//!
//! with the same band of the other captures `xₖ`, a constant, and gradient
//! columns `gⱼ` that take up what registration left. The
//! coefficients are ridge estimates (the predictors are noisy themselves) with
//! redescending weights, so that trains, lorries and cloud rims get no say.
//! Where pixels show the track bed apart from the ground beside it, both have
//! coefficients of their own.
//!
//! [`Panel`] holds what all captures of a series share in one pass;
//! [`predict_together`] does some of them. Radar has its own way:
//! [`radar_residuals`].

mod band;
mod blocks;
mod combine;
mod design;
mod gradient;
mod impute;
mod local;
mod panel;
mod predict;
mod radar;
mod zones;

pub use panel::{Change, Occupied, Panel, PanelSettings};
pub use predict::{Prediction, predict, predict_together};
pub use radar::{RadarBackgroundSettings, RadarResidual, radar_residuals};
