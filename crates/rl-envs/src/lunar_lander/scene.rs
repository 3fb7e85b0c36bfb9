//! An episode seen from outside: its state, and what there is to draw.

use super::craft::{LANDER_OUTLINE, LEG_HALF_EXTENTS};

/// The motion of the craft, from which an episode can start.
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
    /// How far each leg is swung outwards against the lander, in rad: 0.35 at rest, at most 0.85.
    pub openings: [f64; 2],
    /// How fast each leg swings outwards against the lander, in rad/s.
    pub opening_rates: [f64; 2],
    /// Whether each leg touches the ground.
    pub leg_contacts: [bool; 2],
}

/// How an episode ended, other than by the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LunarLanderEnd {
    /// The craft came to rest: reward 100.
    Landed,
    /// The lander touched the ground: reward -100.
    Crashed,
    /// The lander left the world at a side: reward -100.
    OutOfBounds,
}

/// Where a body is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Origin of the body, `[x, y]` in m.
    pub position: [f64; 2],
    /// Angle in rad, anticlockwise.
    pub angle: f64,
}

/// What there is to draw of an episode. The world is 20 m wide and 40/3 m high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LunarLanderScene {
    /// The lander, whose outline is [`Self::LANDER_OUTLINE`].
    pub lander: Pose,
    /// The centres of leg 0 (at the right) and leg 1, boxes of [`Self::LEG_HALF_EXTENTS`].
    pub legs: [Pose; 2],
    /// Heights of the terrain at x = 0, 2, …, 20 m, in m.
    pub terrain: [f64; 11],
    /// Power of the main engine in the last step: 0, or 0.5 to 1.
    pub main_power: f64,
    /// Power of the side engines in the last step: 0, or ±0.5 to ±1. Negative is action
    /// 1, whose engine sits at the right of an upright lander and pushes it to the left.
    pub side_power: f64,
    /// Whether each leg touches the ground.
    pub leg_contacts: [bool; 2],
    /// How the episode ended; `None` while it runs, and where the time limit cut it off.
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
    /// The `x` of the flags at both ends of the landing pad, in m.
    pub const PAD: [f64; 2] = [8.0, 12.0];
}
