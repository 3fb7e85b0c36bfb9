//! Engines of the lander, and the wind.

use rand::Rng;
use rl_core::{EnvironmentError, Stream};

use super::{
    config::Wind,
    craft::{Craft, DT, Generalized, Part},
    vector::Vector,
};
use crate::saved::Saved;

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
/// The same height where Gymnasium computes the horizontal offset of a tilted lander: there it has
/// 17 instead of 14.
const SIDE_HEIGHT_LEANING: f64 = 17.0 / 30.0;
/// One over the bound of the dispersion of the engines, in 1/m.
const DISPERSION: f64 = 30.0;

/// Power of the engines in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Throttle {
    /// Power of the main engine: 0, or 0.5 to 1.
    pub(super) main: f64,
    /// Power of the side engines: 0, or ±0.5 to ±1. A negative one, as of action 1, pushes to the
    /// left.
    pub(super) side: f64,
}

impl Throttle {
    /// The throttle of a discrete action: nothing, one side engine, the main engine, the other side
    /// engine; `None` for another action.
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

    /// The throttle of a continuous action, which is clipped to ±1; `None` if it is not finite. An
    /// engine runs at half its power or more.
    pub(super) fn continuous(action: [f32; 2]) -> Option<Self> {
        let [main, side] = action.map(|x| f64::from(x.clamp(-1.0, 1.0)));
        action.iter().all(|x| x.is_finite()).then_some(Self {
            main: if main > 0.0 { (main + 1.0) * 0.5 } else { 0.0 },
            side: if side.abs() > 0.5 { side } else { 0.0 },
        })
    }

    /// Cost of the fuel, in units of reward.
    pub(super) fn cost(self) -> f64 {
        0.30 * self.main + 0.03 * self.side.abs()
    }

    /// Adds the engines' impulses to a momentum. The dispersion (m) moves the point where an engine
    /// pushes, and so changes its impulse.
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
            // `tip` points downwards, except for the sign of its x.
            let height = Vector::new(-tip.x * SIDE_HEIGHT_LEANING, -tip.y * SIDE_HEIGHT);
            push(offset, offset + height, SIDE_POWER * self.side.abs());
        }
    }
}

/// The axes of Gymnasium's engines: (sin θ, -cos θ) and (-cos θ, -sin θ).
fn axes(craft: &Craft) -> (Vector, Vector) {
    let rotation = craft.rotation();
    let tip = Vector::new(rotation.sin, -rotation.cos);
    (tip, Vector::new(-rotation.cos, -rotation.sin))
}

/// The random dispersion of a step, in m; it is drawn even if no engine fires.
pub(super) fn draw_dispersion(rng: &mut Stream) -> [f64; 2] {
    std::array::from_fn(|_| rng.uniform(-1.0, 1.0) / DISPERSION)
}

/// Position of the wind in its patterns of force and torque.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Gusts {
    force: i32,
    torque: i32,
}

impl Gusts {
    /// Random starts of both patterns: NumPy's `integers(-9999, 9999)` twice.
    pub(super) fn sample(rng: &mut Stream) -> Self {
        // NumPy uses the generator's words in halves of 32 bits, the lower one first. After a
        // rejected draw (one in 200,000), NumPy keeps the unused half for later, which this
        // function does not.
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

    pub(super) fn save(self) -> [f64; 2] {
        [self.force, self.torque].map(f64::from)
    }

    pub(super) fn restored(saved: &mut Saved<'_>) -> Result<Self, EnvironmentError> {
        let mut place = || {
            let place = saved.integer(i32::MIN.into(), i32::MAX.into())?;
            Ok(place as i32)
        };
        Ok(Self {
            force: place()?,
            torque: place()?,
        })
    }

    /// The force (N) to the right and the torque (N·m) of a step; advances the position.
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

/// Number of integers from -9999 to 9998.
const GUST_RANGE: u32 = 19_998;

/// A uniform random integer below `n` (Lemire 2019, "Fast random integer generation in an
/// interval").
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gusts_start_where_numpys_integers_do() {
        // From `numpy.random.default_rng(seed)`: `integers(-9999, 9999)` twice, then `random()`.
        for (seed, force, torque, next) in [
            (0, 7011, 2738, 0.269_786_713_763_870_3),
            (1, -537, 236, 0.950_463_696_325_935_3),
            (42, -8215, 5478, 0.438_878_439_752_052_3),
        ] {
            let mut rng = Stream::from_seed(seed);
            assert_eq!(Gusts::sample(&mut rng), Gusts { force, torque });
            // Both integers came from one word of the generator.
            assert_eq!(rng.next_f64(), next);
        }
    }

    fn momentum(throttle: Throttle, angle: f64) -> Generalized {
        let mut momentum = [0.0; 5];
        let craft = Craft::new(Vector::new(10.0, 10.0), angle, [0.35; 2]);
        throttle.push(&craft, [0.0; 2], &mut momentum);
        momentum
    }

    #[test]
    fn the_main_engine_pushes_along_the_axis() {
        let throttle = Throttle::discrete(2).unwrap();
        let [x, y, turning, ..] = momentum(throttle, 0.5);
        assert!((x.hypot(y) - MAIN_POWER * MAIN_BELOW).abs() < 1e-12);
        assert!((x / -y - 0.5_f64.tan()).abs() < 1e-12 && turning.abs() < 1e-12);
    }

    #[test]
    fn action_1_pushes_left_and_turns_anticlockwise_and_3_mirrors_it() {
        let [left, right] = [1, 3].map(|action| momentum(Throttle::discrete(action).unwrap(), 0.0));
        assert!((left[0] + SIDE_POWER * SIDE_AWAY).abs() < 1e-12 && left[2] > 0.0);
        assert!((left[0] + right[0]).abs() < 1e-12 && (left[2] + right[2]).abs() < 1e-12);
    }

    #[test]
    fn a_leaning_side_engine_sits_where_gymnasium_writes_17_for_14() {
        let angle = 0.9_f64;
        let craft = Craft::new(Vector::default(), angle, [0.35; 2]);
        let turning = momentum(Throttle::discrete(3).unwrap(), angle)[2];
        let impulse = Vector::new(angle.cos(), angle.sin()) * (SIDE_POWER * SIDE_AWAY);
        let at = |leaning: f64| {
            let engine = Vector::new(-angle.sin() * leaning, angle.cos() * 14.0 / 30.0);
            craft.impulse_at(engine, impulse)[2]
        };
        assert!((turning - at(17.0 / 30.0)).abs() < 1e-12);
        assert!((turning - at(14.0 / 30.0)).abs() > 1e-3);
    }

    #[test]
    fn a_continuous_engine_runs_at_half_its_power_or_more() {
        for (action, main, side) in [
            ([0.0, 0.5], 0.0, 0.0),
            ([0.5, -0.75], 0.75, -0.75),
            ([-0.5, 0.75], 0.0, 0.75),
            ([3.0, -9.0], 1.0, -1.0),
        ] {
            assert_eq!(Throttle::continuous(action), Some(Throttle { main, side }));
        }
        assert_eq!(Throttle::continuous([f32::NAN, 0.0]), None);
        assert_eq!(Throttle::continuous([0.0, f32::NEG_INFINITY]), None);
        assert_eq!(Throttle::discrete(4), None);
    }

    #[test]
    fn force_and_torque_of_the_wind_move_on_alike() {
        let wind = Wind {
            power: 1.0,
            turbulence: 1.0,
        };
        let gust = |k: f64| ((0.02 * k).sin() + (std::f64::consts::PI * 0.01 * k).sin()).tanh();
        let mut gusts = Gusts {
            force: 7,
            torque: 40,
        };
        for step in 0..5 {
            let step = f64::from(step);
            assert_eq!(gusts.blow(wind), (gust(7.0 + step), gust(40.0 + step)));
        }
    }

    #[test]
    fn a_word_that_would_make_an_integer_too_likely_is_drawn_again() {
        // Of 2³² words 3 times as many lead to each of 3 integers, but for one: the word 0.
        let drawn = |words: &[u32]| {
            let mut words = words.iter().copied();
            let integer = below(3, &mut || words.next().unwrap());
            (integer, words.count())
        };
        assert_eq!(drawn(&[0, 1 << 31]), (1, 0));
        assert_eq!(drawn(&[1, 1 << 31]), (0, 1));
        assert_eq!(drawn(&[u32::MAX]), (2, 0));
    }
}
