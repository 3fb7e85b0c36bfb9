//! What drives the lander: its engines and the wind.

use rand::Rng;
use rl_core::Stream;

use super::{
    config::Wind,
    craft::{Craft, DT, Generalized, Part},
    vector::Vector,
};

/// Impulse of the main engine per metre of its offset from the lander's origin, in N·s/m.
const MAIN_POWER: f64 = 13.0;
/// Offset of the main engine below the lander's origin, in m.
const MAIN_BELOW: f64 = 4.0 / 30.0;
/// Impulse of a side engine per metre of its offset from the lander's axis, in N·s/m.
const SIDE_POWER: f64 = 0.6;
/// Offset of the side engines from the lander's axis, in m.
const SIDE_AWAY: f64 = 12.0 / 30.0;
/// Height of the side engines above the lander's origin, in m.
const SIDE_HEIGHT: f64 = 14.0 / 30.0;
/// What Gymnasium writes for the horizontal share of that height when the lander leans: 17 for 14.
const SIDE_HEIGHT_LEANING: f64 = 17.0 / 30.0;
/// One over the bound of the dispersion of the engines, in 1/m.
const DISPERSION: f64 = 30.0;

/// How hard the engines fire in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Throttle {
    /// The main engine: 0, or 0.5 to 1.
    pub(super) main: f64,
    /// The side engines: 0, or ±0.5 to ±1. Negative, as by action 1, pushes to the left.
    pub(super) side: f64,
}

impl Throttle {
    /// Of a discrete action: nothing, one side engine, the main engine, the other side engine.
    pub(super) fn discrete(action: usize) -> Option<Self> {
        let (main, side) = match action {
            0 => (0.0, 0.0),
            1 => (0.0, -1.0),
            2 => (1.0, 0.0),
            3 => (0.0, 1.0),
            _ => return None,
        };
        Some(Self { main, side })
    }

    /// Of a continuous action, which must be finite and is clipped to ±1. An engine runs at half
    /// its power or more.
    pub(super) fn continuous(action: [f32; 2]) -> Option<Self> {
        let [main, side] = action.map(|x| f64::from(x.clamp(-1.0, 1.0)));
        action.iter().all(|x| x.is_finite()).then_some(Self {
            main: if main > 0.0 { (main + 1.0) * 0.5 } else { 0.0 },
            side: if side.abs() > 0.5 { side } else { 0.0 },
        })
    }

    /// What the fuel costs, in reward.
    pub(super) fn cost(self) -> f64 {
        0.30 * self.main + 0.03 * self.side.abs()
    }

    /// Adds the engines' impulses to a momentum. The dispersion moves the point where an engine
    /// pushes, and its impulse with it.
    pub(super) fn push(self, craft: &Craft, dispersion: [f64; 2], momentum: &mut Generalized) {
        let (tip, side) = axes(craft);
        let mut push = |offset: Vector, at: Vector, power: f64| {
            let impulse = craft.impulse_at(craft.origin + at, offset * -power);
            for (momentum, impulse) in momentum.iter_mut().zip(impulse) {
                *momentum += impulse;
            }
        };
        let [along, across] = dispersion;
        if self.main > 0.0 {
            let offset = tip * (MAIN_BELOW + 2.0 * along) + side * across;
            push(offset, offset, MAIN_POWER * self.main);
        }
        if self.side != 0.0 {
            let away = 3.0 * across + self.side.signum() * SIDE_AWAY;
            let offset = tip * along + side * away;
            // `tip` points down, but for its x.
            let height = Vector::new(-tip.x * SIDE_HEIGHT_LEANING, -tip.y * SIDE_HEIGHT);
            push(offset, offset + height, SIDE_POWER * self.side.abs());
        }
    }
}

/// The axes that Gymnasium lays its engines along: (sin θ, -cos θ) and (-cos θ, -sin θ).
fn axes(craft: &Craft) -> (Vector, Vector) {
    let rotation = craft.rotation();
    let tip = Vector::new(rotation.sin, -rotation.cos);
    (tip, Vector::new(-rotation.cos, -rotation.sin))
}

/// The dispersion of a step, drawn whether an engine fires or not, in m.
pub(super) fn draw_dispersion(rng: &mut Stream) -> [f64; 2] {
    std::array::from_fn(|_| rng.uniform(-1.0, 1.0) / DISPERSION)
}

/// How far the wind has come in its pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Gusts {
    force: i32,
    torque: i32,
}

impl Gusts {
    /// Starts of the patterns of force and torque, NumPy's `integers(-9999, 9999)` twice.
    pub(super) fn sample(rng: &mut Stream) -> Self {
        // NumPy takes 32-bit halves of the generator's words, the lower one first. The half that
        // a rejected draw (one in 200,000) leaves over is kept by NumPy, and lost here.
        let mut half = None;
        let mut next = || match half.take() {
            Some(high) => high,
            None => {
                let word = rng.next_u64();
                half = Some((word >> 32) as u32);
                word as u32
            }
        };
        let mut draw = || below(GUST_RANGE, &mut next) as i32 - GUST_RANGE as i32 / 2;
        Self {
            force: draw(),
            torque: draw(),
        }
    }

    /// Force (N) to the right and torque (N·m) of the step, and moves on.
    pub(super) fn blow(&mut self, wind: Wind) -> (f64, f64) {
        let pattern = |k: i32| {
            let k = f64::from(k);
            ((0.02 * k).sin() + (std::f64::consts::PI * 0.01 * k).sin()).tanh()
        };
        let gust = (
            pattern(self.force) * wind.power,
            pattern(self.torque) * wind.turbulence,
        );
        self.force += 1;
        self.torque += 1;
        gust
    }
}

/// -9999 to 9998.
const GUST_RANGE: u32 = 19_998;

/// Uniform below `n`: Lemire 2019, "Fast random integer generation in an interval".
fn below(n: u32, next: &mut impl FnMut() -> u32) -> u32 {
    let mut product = u64::from(next()) * u64::from(n);
    while (product as u32) < n.wrapping_neg() % n {
        product = u64::from(next()) * u64::from(n);
    }
    (product >> 32) as u32
}

/// Adds a force (N) and a torque (N·m) on the lander to a momentum.
pub(super) fn push_lander(craft: &Craft, force: Vector, torque: f64, momentum: &mut Generalized) {
    let impulse = craft.jacobian(Part::Lander, craft.lander_centre(), force);
    for (momentum, force) in momentum.iter_mut().zip(impulse) {
        *momentum += force * DT;
    }
    momentum[2] += torque * DT;
}
