//! World of an episode: the craft over its terrain, observations, rewards and ends.

use rl_core::{EnvironmentError, Status, Step, Stream};

use super::{
    LunarLanderConfig,
    craft::{Craft, DT, MASS, Part},
    engines::{Gusts, Throttle, draw_dispersion, push_lander},
    hinge::rested_motors,
    scene::{LunarLanderEnd, LunarLanderScene, LunarLanderState, Pose},
    solver::{Touching, advance},
    terrain::{Chunks, HEIGHT, HELIPAD_Y, Terrain, VERTICES, WIDTH},
    vector::Vector,
};
use crate::saved::Saved;

/// Height of the lander's origin over the pad at which the observed height is 0, in m.
const LEG_DOWN: f64 = 0.6;
/// Bound of each component of the force that starts an episode, in N.
const INITIAL_FORCE: f64 = 1000.0;
/// Time after which a craft falls asleep, in s, if no part is faster than the two limits below.
const TIME_TO_SLEEP: f64 = 0.5;
/// Limit of the speed of a part at rest, in m/s.
const SLEEP_SPEED: f64 = 0.01;
/// Limit of the angular velocity of a part at rest, in rad/s (2°/s).
const SLEEP_TURNING: f64 = 2.0 / 180.0 * std::f64::consts::PI;

/// Effects of Box2D's hidden first step. Gymnasium builds the legs 0.6 m away from their hinges;
/// the step pulls lander and legs together, which lifts and turns the lander and leaves it with a
/// velocity that does not fit that of its legs. The constants are fitted to recorded resets, which
/// they explain to six digits.
mod first_step {
    /// Observed velocity of the lander per force on it, in m/s/N.
    pub(super) const SEEN_VELOCITY: [f64; 2] = [4.042_799e-3, 4.033_161e-3];
    /// Observed angular velocity per horizontal force, in rad/s/N, and with the same number the
    /// observed velocity to the right per torque, in m/s/(N·m).
    pub(super) const SEEN_TURNING: f64 = -4.578_772e-4;
    /// Observed angular velocity per torque, in rad/s/(N·m).
    pub(super) const SEEN_TORQUE: f64 = 2.175_412e-2;
    /// Angular velocity of the craft per horizontal force, in rad/s/N.
    pub(super) const TURNING: f64 = -4.523_827e-4;
    /// Angular velocity of the craft per torque, in rad/s/(N·m): the duration of a step divided by
    /// the inertia.
    pub(super) const TORQUE: f64 = 2.2e-2;
    /// Shift to the right per horizontal force, in m/N, and lift, in m.
    pub(super) const SHIFT: f64 = -1.028_6e-6;
    pub(super) const LIFT: f64 = 6.136e-3;
    /// Turn of the lander: a constant, in rad, and a term per horizontal force, in rad/N.
    pub(super) const TURN: [f64; 2] = [6.613e-6, -9.240e-8];
    /// Openings of leg 0 and leg 1: for each a constant, in rad, and a term per horizontal force,
    /// in rad/N.
    pub(super) const OPENINGS: [[f64; 2]; 2] = [[0.491_917, -3.09e-6], [0.492_211, 2.36e-6]];
}

/// State of an episode, running or over.
#[derive(Clone, Debug)]
pub(super) struct World {
    config: LunarLanderConfig,
    terrain: Terrain,
    craft: Craft,
    gusts: Option<Gusts>,
    leg_contacts: [bool; 2],
    /// Chunks of the terrain that each leg touches.
    leg_chunks: [Chunks; 2],
    shaping: f64,
    /// Time for which the craft has hardly moved, in s.
    still_for: f64,
    throttle: Throttle,
    end: Option<LunarLanderEnd>,
}

impl World {
    /// A random episode after the hidden first step of Gymnasium's reset, and its first
    /// observation.
    pub(super) fn sample(config: LunarLanderConfig, rng: &mut Stream) -> (Self, [f32; 8]) {
        use first_step::{
            LIFT, OPENINGS, SEEN_TORQUE, SEEN_TURNING, SEEN_VELOCITY, SHIFT, TORQUE, TURN, TURNING,
        };
        let terrain = Terrain::sample(rng);
        let mut force = Vector::from([0; 2].map(|_| rng.uniform(-INITIAL_FORCE, INITIAL_FORCE)));
        let mut torque = 0.0;
        let mut gusts = None;
        if let Some(wind) = config.wind {
            let mut gust = Gusts::sample(rng);
            let (push, turn) = gust.blow(wind);
            force.x += push;
            torque = turn;
            gusts = Some(gust);
        }
        draw_dispersion(rng);

        let fall = config.gravity * DT;
        let velocity = Vector::new(
            SEEN_VELOCITY[0] * force.x + SEEN_TURNING * torque,
            SEEN_VELOCITY[1] * force.y + fall,
        );
        let turning = SEEN_TURNING * force.x + SEEN_TORQUE * torque;
        let linear = |[constant, slope]: [f64; 2]| constant + slope * force.x;
        let mut craft = Craft::new(
            Vector::new(WIDTH / 2.0 + SHIFT * force.x, HEIGHT + LIFT) + velocity * DT,
            linear(TURN) + turning * DT,
            OPENINGS.map(linear),
        );
        craft.set_velocity(velocity, turning, [0.0; 2]);
        let mut world = Self::new(config, terrain, craft, gusts, [false; 2]);
        let observation = world.observation();

        let whole = force * (DT / MASS);
        let turning = TURNING * force.x + TORQUE * torque;
        world.craft.velocity = [whole.x, whole.y + fall, turning, 0.0, 0.0];
        (world, observation)
    }

    /// An episode from a given state. The patterns of the wind begin at their start.
    pub(super) fn from_state(
        config: LunarLanderConfig,
        state: &LunarLanderState,
        heights: [f64; VERTICES],
    ) -> Self {
        let gusts = config.wind.map(|_| Gusts::default());
        let mut craft = Craft::new(state.position.into(), state.angle, state.openings);
        craft.set_velocity(
            state.velocity.into(),
            state.angular_velocity,
            state.opening_rates,
        );
        craft.motors = rested_motors(state.openings);
        let terrain = Terrain::new(heights);
        Self::new(config, terrain, craft, gusts, state.leg_contacts)
    }

    fn new(
        config: LunarLanderConfig,
        terrain: Terrain,
        craft: Craft,
        gusts: Option<Gusts>,
        leg_contacts: [bool; 2],
    ) -> Self {
        let mut world = Self {
            config,
            terrain,
            craft,
            gusts,
            leg_contacts,
            leg_chunks: [0; 2],
            shaping: 0.0,
            still_for: 0.0,
            throttle: Throttle::default(),
            end: None,
        };
        world.shaping = shaping(&world.coordinates());
        world
    }

    /// Takes a step.
    pub(super) fn step(&mut self, throttle: Throttle, dispersion: [f64; 2]) -> Step<[f32; 8]> {
        let craft = &mut self.craft;
        let mut momentum = craft.momentum();
        if let (Some(wind), Some(gusts), [false, false]) =
            (self.config.wind, &mut self.gusts, self.leg_contacts)
        {
            let (force, torque) = gusts.blow(wind);
            push_lander(craft, Vector::new(force, 0.0), torque, &mut momentum);
        }
        throttle.push(craft, dispersion, &mut momentum);
        momentum[1] += Craft::weight(self.config.gravity);
        let Touching { lander, legs } = advance(craft, &momentum, &self.terrain);
        for (contact, (before, now)) in self
            .leg_contacts
            .iter_mut()
            .zip(self.leg_chunks.into_iter().zip(legs))
        {
            // As in Gymnasium, the end of any contact clears the flag, even of a leg that has slid
            // on to the next chunk and still stands there.
            *contact = before & !now == 0 && (*contact || now & !before != 0);
        }
        self.leg_chunks = legs;
        self.throttle = throttle;

        self.still_for = if is_still(craft) {
            self.still_for + DT
        } else {
            0.0
        };
        // The sum of 25 steps may fall short of half a second by rounding.
        let asleep = self.still_for >= TIME_TO_SLEEP - 0.5 * DT;
        if asleep {
            craft.velocity = [0.0; 5];
        }
        let coordinates = self.coordinates();
        let shaping = shaping(&coordinates);
        let mut reward = shaping - self.shaping - throttle.cost();
        self.shaping = shaping;
        self.end = if asleep {
            Some(LunarLanderEnd::Landed)
        } else if lander {
            Some(LunarLanderEnd::Crashed)
        } else if coordinates[0].abs() >= 1.0 {
            Some(LunarLanderEnd::OutOfBounds)
        } else {
            None
        };
        match self.end {
            Some(LunarLanderEnd::Landed) => reward = 100.0,
            Some(_) => reward = -100.0,
            None => {}
        }
        Step {
            observation: coordinates.map(|x| x as f32),
            reward,
            status: match self.end {
                Some(_) => Status::Terminated,
                None => Status::Running,
            },
        }
    }

    /// Terrain, craft, contacts, shaping, stillness, throttle, end (0 for none) and wind.
    pub(super) fn save(&self, state: &mut Vec<f64>) {
        state.extend(self.terrain.heights);
        self.craft.save(state);
        state.extend(self.leg_contacts.map(f64::from));
        state.extend(self.leg_chunks.map(f64::from));
        state.extend([self.shaping, self.still_for]);
        state.extend([self.throttle.main, self.throttle.side]);
        state.push(match self.end {
            None => 0.0,
            Some(LunarLanderEnd::Landed) => 1.0,
            Some(LunarLanderEnd::Crashed) => 2.0,
            Some(LunarLanderEnd::OutOfBounds) => 3.0,
        });
        state.extend(self.gusts.into_iter().flat_map(Gusts::save));
    }

    /// The episode that was saved under the same configuration.
    pub(super) fn restored(
        config: LunarLanderConfig,
        saved: &mut Saved<'_>,
    ) -> Result<Self, EnvironmentError> {
        let chunks = i64::from(Chunks::MAX);
        Ok(Self {
            config,
            terrain: Terrain::new(saved.array()?),
            craft: Craft::restored(saved)?,
            leg_contacts: [saved.flag()?, saved.flag()?],
            leg_chunks: [
                saved.integer(0, chunks)? as Chunks,
                saved.integer(0, chunks)? as Chunks,
            ],
            shaping: saved.number()?,
            still_for: saved.number()?,
            throttle: Throttle {
                main: saved.number()?,
                side: saved.number()?,
            },
            end: match saved.integer(0, 3)? {
                0 => None,
                1 => Some(LunarLanderEnd::Landed),
                2 => Some(LunarLanderEnd::Crashed),
                _ => Some(LunarLanderEnd::OutOfBounds),
            },
            gusts: match config.wind {
                None => None,
                Some(_) => Some(Gusts::restored(saved)?),
            },
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn observation(&self) -> [f32; 8] {
        self.coordinates().map(|x| x as f32)
    }

    /// The observation before it is rounded to `f32`.
    fn coordinates(&self) -> [f64; 8] {
        let [half_width, half_height] = [WIDTH / 2.0, HEIGHT / 2.0];
        let craft = &self.craft;
        let velocity = craft.lander_velocity();
        let [leg_0, leg_1] = self.leg_contacts.map(f64::from);
        [
            (craft.origin.x - half_width) / half_width,
            (craft.origin.y - (HELIPAD_Y + LEG_DOWN)) / half_height,
            velocity.x * half_width * DT,
            velocity.y * half_height * DT,
            craft.angle,
            20.0 * craft.velocity[2] * DT,
            leg_0,
            leg_1,
        ]
    }

    pub(super) fn scene(&self) -> LunarLanderScene {
        let Self {
            craft, throttle, ..
        } = self;
        LunarLanderScene {
            lander: Pose {
                position: craft.origin.into(),
                angle: craft.angle,
            },
            legs: [0, 1].map(|leg| Pose {
                position: craft.leg_centre(leg).into(),
                angle: craft.leg_angle(leg),
            }),
            terrain: self.terrain.heights,
            main_power: throttle.main,
            side_power: throttle.side,
            leg_contacts: self.leg_contacts,
            end: self.end,
        }
    }

    pub(super) fn state(&self) -> LunarLanderState {
        let Self { craft, .. } = self;
        let [.., turning, opening_0, opening_1] = craft.velocity;
        LunarLanderState {
            position: craft.origin.into(),
            angle: craft.angle,
            velocity: craft.lander_velocity().into(),
            angular_velocity: turning,
            openings: craft.openings(),
            opening_rates: [opening_0, opening_1],
            leg_contacts: self.leg_contacts,
        }
    }
}

/// The potential whose change is the shaping reward.
fn shaping(coordinates: &[f64; 8]) -> f64 {
    let [x, y, vx, vy, angle, _, leg_0, leg_1] = *coordinates;
    -100.0 * (x * x + y * y).sqrt() - 100.0 * (vx * vx + vy * vy).sqrt() - 100.0 * angle.abs()
        + 10.0 * leg_0
        + 10.0 * leg_1
}

/// Returns `true` if every part is slow enough to fall asleep.
fn is_still(craft: &Craft) -> bool {
    let [.., turning, opening_0, opening_1] = craft.velocity;
    let slow = |velocity: Vector| velocity.dot(velocity) <= SLEEP_SPEED * SLEEP_SPEED;
    turning.abs() <= SLEEP_TURNING
        && slow(craft.lander_velocity())
        && [opening_0, -opening_1]
            .iter()
            .all(|opening| (turning + opening).abs() <= SLEEP_TURNING)
        && [0, 1]
            .iter()
            .all(|&leg| slow(craft.velocity_of(Part::Leg(leg), craft.leg_centre(leg))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_that_ended_is_restored_with_its_end() {
        for end in [
            None,
            Some(LunarLanderEnd::Landed),
            Some(LunarLanderEnd::Crashed),
            Some(LunarLanderEnd::OutOfBounds),
        ] {
            let config = LunarLanderConfig::default();
            let (mut world, _) = World::sample(config, &mut Stream::from_seed(0));
            world.end = end;
            let mut state = Vec::new();
            world.save(&mut state);
            let restored = World::restored(config, &mut Saved::new(&state)).unwrap();
            assert_eq!(restored.end, end);
        }
    }

    #[test]
    fn a_craft_is_still_only_if_nothing_of_it_moves() {
        let still = |velocity| {
            let mut craft = Craft::new(Vector::new(10.0, 5.0), 0.3, [0.35; 2]);
            craft.velocity = velocity;
            is_still(&craft)
        };
        assert!(still([0.0; 5]));
        for moving in 0..5 {
            let mut velocity = [0.0; 5];
            velocity[moving] = 1.0;
            assert!(!still(velocity), "velocity {moving}");
        }
        for leg in 0..2 {
            // Hardly felt by the lander.
            let mut velocity = [0.0; 5];
            velocity[3 + leg] = 1.1 * SLEEP_TURNING;
            assert!(!still(velocity), "leg {leg}");
        }
        // The lander turns, and its legs, which open against it, do not.
        assert!(!still([0.0, 0.0, 1.0, -1.0, 1.0]));
    }
}
