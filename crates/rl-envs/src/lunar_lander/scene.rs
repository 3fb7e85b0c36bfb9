//! Public views of an episode: its state, and the scene to be drawn.

use super::craft::{LANDER_OUTLINE, LEG_HALF_EXTENTS};

/// Motion of the craft, from which an episode can start.
///
/// Leg 0 hangs at the right of the lander, leg 1 at its left, as in Gymnasium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LunarLanderState {
    /// Origin of the lander, `[x, y]` in m: 0 to 20 to the right, upwards from 0.
    pub position: [f64; 2],
    /// Angle of the lander in rad, anticlockwise.
    pub angle: f64,
    /// Velocity of the lander's centre of mass, `[x, y]` in m/s.
    pub velocity: [f64; 2],
    /// Angular velocity of the lander, in rad/s.
    pub angular_velocity: f64,
    /// Opening of each leg, its angle outwards from the lander, in rad: 0.35 at rest, at most 0.85.
    pub openings: [f64; 2],
    /// Rate of opening of each leg, in rad/s.
    pub opening_rates: [f64; 2],
    /// Flag per leg: it touches the ground.
    pub leg_contacts: [bool; 2],
}

/// End of an episode, other than by the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LunarLanderEnd {
    /// The craft came to rest, for a reward of 100.
    Landed,
    /// The lander touched the ground, for a reward of -100.
    Crashed,
    /// The lander left the world at a side, for a reward of -100.
    OutOfBounds,
}

/// Position and angle of a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Origin of the body, `[x, y]` in m.
    pub position: [f64; 2],
    /// Angle in rad, anticlockwise.
    pub angle: f64,
}

/// Scene of an episode, to be drawn. The world is 20 m wide and 40/3 m high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LunarLanderScene {
    /// Pose of the lander, whose outline is [`Self::LANDER_OUTLINE`].
    pub lander: Pose,
    /// Poses of the centres of leg 0 (at the right) and leg 1, which are boxes of
    /// [`Self::LEG_HALF_EXTENTS`].
    pub legs: [Pose; 2],
    /// Heights of the terrain at x = 0, 2, …, 20 m, in m.
    pub terrain: [f64; 11],
    /// Power of the main engine in the last step: 0, or 0.5 to 1.
    pub main_power: f64,
    /// Power of the side engines in the last step: 0, or ±0.5 to ±1. A negative one is that of
    /// action 1, whose engine is at the right of an upright lander and pushes it to the left.
    pub side_power: f64,
    /// Flag per leg: it touches the ground.
    pub leg_contacts: [bool; 2],
    /// End of the episode; `None` while it runs, and after the time limit.
    pub end: Option<LunarLanderEnd>,
}

impl LunarLanderScene {
    /// Corners of the lander from its origin, anticlockwise, `[6, 2]` in m.
    pub const LANDER_OUTLINE: [[f64; 2]; 6] = {
        let mut outline = [[0.0; 2]; 6];
        let mut i = 0;
        while i < 6 {
            outline[i] = [LANDER_OUTLINE[i].x, LANDER_OUTLINE[i].y];
            i += 1;
        }
        outline
    };
    /// Half the width and half the length of a leg, in m.
    pub const LEG_HALF_EXTENTS: [f64; 2] = [LEG_HALF_EXTENTS.x, LEG_HALF_EXTENTS.y];
    /// Horizontal positions of the flags at both ends of the landing pad, in m.
    pub const PAD: [f64; 2] = [8.0, 12.0];
}
