//! Delays between the bands of a capture, where a sensor has documented ones.

use crate::capture::BandRole;
use crate::measure::Motion;
use crate::source::CorridorOrigin;

/// Seconds after B02 at which the Sentinel-2 MSI sees a place in its other
/// 10 m bands (ESA Sentinel-2 products specification: B08 0.264, B03 0.527,
/// B04 1.005). The sign flips between odd and even detectors.
const SENTINEL2_S: [(BandRole, f64); 4] = [
    (BandRole::Blue, 0.0),
    (BandRole::Green, 0.527),
    (BandRole::Red, 1.005),
    (BandRole::Nir, 0.264),
];

/// The delays of a sensor's bands about their mean; `None` where none are documented.
pub(super) fn motion(origin: &CorridorOrigin) -> Option<Motion> {
    if origin.sensor != "sentinel-2" {
        return None;
    }
    let delays_s: Vec<f64> = origin
        .bands
        .iter()
        .map(|role| SENTINEL2_S.iter().find(|(r, _)| r == role).map(|(_, s)| *s))
        .collect::<Option<_>>()?;
    let mean_s = delays_s.iter().sum::<f64>() / delays_s.len().max(1) as f64;
    Some(Motion {
        delays_s: delays_s.iter().map(|s| s - mean_s).collect(),
    })
}
