//! Hand-written rule of Gymnasium's demonstration.

use rl_core::{Policy, Stream};

/// Proportional-derivative rule that lands nine times out of ten: it tilts the lander towards the
/// pad, and keeps its height in proportion to the distance from it. It draws no random numbers.
///
/// This is `heuristic` of Gymnasium's `lunar_lander.py`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LunarLanderHeuristic {
    /// The rule for [`LunarLander`](crate::LunarLander), with actions `[1]`.
    Discrete,
    /// The rule for [`LunarLanderContinuous`](crate::LunarLanderContinuous), with actions `[2]`.
    Continuous,
}

/// Controls of the rule: for the turn, positive anticlockwise, and for the height, positive
/// upwards.
fn wishes(observation: &[f32; 8]) -> (f32, f32) {
    let [x, y, vx, vy, angle, turning, leg_0, leg_1] = *observation;
    if leg_0 != 0.0 || leg_1 != 0.0 {
        return (0.0, -0.5 * vy);
    }
    let lean = (0.5 * x + vx).clamp(-0.4, 0.4);
    let height = 0.55 * x.abs();
    (
        0.5 * (lean - angle) - turning,
        0.5 * (height - y) - 0.5 * vy,
    )
}

impl LunarLanderHeuristic {
    /// Writes the flat action for one observation.
    fn write(self, observation: &[f32; 8], action: &mut [f32]) {
        let (turn, rise) = wishes(observation);
        match (self, action) {
            (Self::Discrete, [action]) => {
                *action = if rise > turn.abs() && rise > 0.05 {
                    2.0
                } else if turn < -0.05 {
                    3.0
                } else if turn > 0.05 {
                    1.0
                } else {
                    0.0
                };
            }
            (Self::Continuous, [main, side]) => {
                *main = (20.0 * rise - 1.0).clamp(-1.0, 1.0);
                *side = (-20.0 * turn).clamp(-1.0, 1.0);
            }
            (_, action) => action.fill(0.0),
        }
    }
}

impl Policy for LunarLanderHeuristic {
    fn act(&mut self, observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        let action_dim = match self {
            Self::Discrete => 1,
            Self::Continuous => 2,
        };
        let (observations, _) = observations.as_chunks::<8>();
        for (observation, action) in observations
            .iter()
            .zip(actions.chunks_exact_mut(action_dim))
        {
            self.write(observation, action);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_brakes_a_fall_turns_upright_and_rests_on_its_legs() {
        let observations = [
            [0.0, 0.5, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0, -0.3, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 1.0, 0.0],
        ];
        let mut actions = [f32::NAN; 4];
        LunarLanderHeuristic::Discrete.act(observations.as_flattened(), &mut [], &mut actions);
        assert_eq!(actions, [2.0, 3.0, 1.0, 0.0]);
        let mut actions = [f32::NAN; 8];
        LunarLanderHeuristic::Continuous.act(observations.as_flattened(), &mut [], &mut actions);
        assert_eq!(actions, [1.0, 0.0, -1.0, 1.0, -1.0, -1.0, -1.0, 0.0]);
    }
}
