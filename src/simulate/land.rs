//! The land as light leaves it on one day: covers, textures, shadows of
//! trees and buildings, water, snow and ice.

use super::canvas::Canvas;
use super::ground::{Cover, Ground};
use super::random::{Lattice, lerp, smoothstep};
use super::season::{Day, Palette};
use super::sensor::BANDS;
use super::spectra::{self, Spectrum, mix, scaled};

/// Reflectance on the canvas, a plane for each band.
pub(super) type Planes = [Vec<f32>; BANDS];

/// Light that is left in a cast shadow: that of the sky.
pub(super) const SKYLIGHT: Spectrum = [0.55, 0.45, 0.38, 0.30];

/// Height that trees and buildings stay below, m.
const TALLEST_M: f64 = 14.0;

/// Places looked at on the way to the sun for what might stand in it.
const SHADOW_STEPS: usize = 5;

struct Look<'a> {
    ground: &'a Ground,
    palette: &'a Palette,
    day: &'a Day,
    ripple: Lattice,
    floes: Lattice,
}

/// Reflectance of every cell of the land, without decks.
pub(super) fn paint(
    canvas: &Canvas,
    ground: &Ground,
    (palette, day): (&Palette, &Day),
    (seed, index): (u64, usize),
) -> Planes {
    let winter = usize::try_from(day.date.year()).unwrap_or(0) * 2
        + usize::from(day.date.day_of_year() > 200);
    let look = Look {
        ground,
        palette,
        day,
        ripple: Lattice::new(seed, "ripples", index),
        // Ice keeps its pattern for a winter.
        floes: Lattice::new(seed, "floes", winter.div_ceil(2)),
    };
    let reach = towards_the_sun(canvas, day);
    let mut planes: Planes = std::array::from_fn(|_| Vec::with_capacity(ground.cover.len()));
    for row in 0..canvas.height {
        for col in 0..canvas.width {
            let i = row * canvas.width + col;
            let p = canvas.cell(col, row);
            let x = p.east_m - canvas.middle.east_m;
            let y = p.north_m - canvas.middle.north_m;
            let mut colour = look.at(i, x, y);
            if shaded(canvas, ground, (col, row), &reach) {
                colour = std::array::from_fn(|b| colour[b] * SKYLIGHT[b]);
            }
            for (plane, value) in planes.iter_mut().zip(colour) {
                plane.push(value);
            }
        }
    }
    planes
}

impl Look<'_> {
    fn at(&self, i: usize, x: f64, y: f64) -> Spectrum {
        let inland_m = self.ground.bank_m[i] + self.day.flood_m;
        match self.ground.cover[i] {
            Cover::River if inland_m > 0.0 => self.water(i, (x, y), inland_m),
            Cover::River => self.dry_bed(i, inland_m),
            cover => self.land(i, cover),
        }
    }

    fn land(&self, i: usize, cover: Cover) -> Spectrum {
        let base = self.palette.of_cover(cover, self.ground.patch[i]);
        let [fine, coarse] = [self.ground.texture[0][i], self.ground.texture[1][i]];
        let strength = match cover {
            Cover::Broadleaf | Cover::Conifer => 0.22,
            Cover::Roof | Cover::Road => 0.06,
            _ => 0.13,
        };
        let pattern = lerp(fine, coarse, self.day.texture);
        let lit = scaled(base, (1.0 + strength * pattern).max(0.3));
        if self.day.snow <= 0.0 {
            return lit;
        }
        let hold = match cover {
            Cover::Broadleaf | Cover::Conifer => 0.35,
            Cover::Road => 0.4,
            Cover::Roof | Cover::Yard => 0.75,
            _ => 1.0,
        };
        let bare = smoothstep(-0.4, 0.9, coarse + 0.5 * fine - 2.2 * self.day.snow + 1.4);
        let snow = scaled(spectra::SNOW, 1.0 + 0.05 * fine);
        mix(lit, snow, hold * (1.0 - bare) * self.day.snow.sqrt())
    }

    fn dry_bed(&self, i: usize, inland_m: f32) -> Spectrum {
        let wet = smoothstep(-12.0, 0.0, inland_m);
        let sand = self.land(i, Cover::Bank);
        scaled(sand, 1.0 - 0.4 * wet)
    }

    fn water(&self, i: usize, (x, y): (f64, f64), inland_m: f32) -> Spectrum {
        let ripple = self.ripple.at(x / 14.0, y / 14.0);
        let shallow = 1.0 - smoothstep(0.0, 18.0, inland_m);
        let open = mix(self.palette.water, spectra::SAND, 0.3 * shallow);
        let open = scaled(open, 1.0 + 0.06 * ripple);
        if self.day.ice <= 0.0 {
            return open;
        }
        let grain = self.floes.fractal(x / 60.0, y / 60.0, 4);
        let frozen = smoothstep(-0.3, 0.3, 2.8 * self.day.ice - 1.2 + 0.5 * grain);
        let snowy = 0.25 + 0.5 * self.day.snow + 0.2 * self.ground.texture[1][i];
        let ice = mix(spectra::ICE, spectra::SNOW, snowy.clamp(0.0, 1.0) * 0.8);
        let fine = self.ground.texture[0][i];
        let ice = scaled(ice, 1.0 + 0.10 * grain + 0.08 * fine + 0.04 * ripple);
        mix(open, ice, frozen)
    }
}

/// Steps towards the sun, cells, and the height that would shade from there, m.
fn towards_the_sun(canvas: &Canvas, day: &Day) -> Vec<(isize, isize, f64)> {
    let farthest_m = TALLEST_M * day.sun.shadow_per_height;
    (1..=SHADOW_STEPS)
        .map(|k| {
            // Closer steps first: most things are low.
            let away_m = farthest_m * (k as f64 / SHADOW_STEPS as f64).powf(1.4);
            let cells = |component: f64| (component * away_m / canvas.cell_m).round() as isize;
            let (east, north) = day.sun.towards;
            (
                cells(east),
                -cells(north),
                away_m / day.sun.shadow_per_height,
            )
        })
        .collect()
}

fn shaded(
    canvas: &Canvas,
    ground: &Ground,
    (col, row): (usize, usize),
    reach: &[(isize, isize, f64)],
) -> bool {
    let i = row * canvas.width + col;
    // The open river is far from anything that stands.
    if ground.bank_m[i] > 20.0 {
        return false;
    }
    let own_m = f64::from(ground.height_m[i]);
    reach.iter().any(|&(east, down, height_m)| {
        let (Some(col), Some(row)) = (col.checked_add_signed(east), row.checked_add_signed(down))
        else {
            return false;
        };
        if (east, down) == (0, 0) || col >= canvas.width || row >= canvas.height {
            return false;
        }
        let there_m = f64::from(ground.height_m[row * canvas.width + col]);
        there_m > own_m + height_m + 1.0
    })
}
