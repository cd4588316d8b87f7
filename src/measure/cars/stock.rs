//! How long cars are.

/// Lengths over couplers of what runs on the 1435 and 1520 mm networks of the
/// border, m: tank car 15-629 (uniwagon.com), gondola 12-1303
/// (kavaz.tplants.com), flat car NX70A, boxcars P63 and P70
/// (railwaywagons.com), locomotive M62 (17.55 m by secondary sources).
pub(super) const COMMON_M: [f64; 6] = [12.02, 13.92, 13.97, 16.44, 17.07, 17.55];

/// Shortest and longest car of any other kind, m: service wagons to passenger
/// coaches of 26.4 m (UIC-X and UIC-Z), rounded outwards.
pub(super) const ANY_M: (f64, f64) = (10.0, 26.5);

/// Cars of one type differ by builder, and slack stretches or shortens their
/// couplers, by about this much, 1 sigma, m. Assumed: slack is of the order of
/// 0.1 m, and the cited P63 and P70, boxcars both, differ by 0.6 m.
pub(super) const SPREAD_M: f64 = 0.2;

/// Share of cars that are of no common type.
pub(super) const OTHER: f64 = 0.3;
