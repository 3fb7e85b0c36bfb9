//! Hand-written rules that reach the goals of the classic environments.

use rl_core::{Policy, Stream};

use crate::EnvironmentId;
use crate::lunar_lander::LunarLanderHeuristic;
use crate::pendulum::MAX_TORQUE;
use crate::toy_text::ToyTextHeuristic;

/// Hand-written rule for a classic environment, which chooses the action by the observation alone,
/// without chance or memory.
///
/// ```
/// use rl_core::{Environment, Policy, Stream};
/// use rl_envs::{CartPole, Heuristic};
///
/// let mut rng = [Stream::from_seed(0)];
/// let observation = CartPole::v1().reset(&mut rng[0])?;
/// let mut action = [f32::NAN];
/// Heuristic::CartPole.act(&observation, &mut rng, &mut action);
/// assert!(action == [0.0] || action == [1.0]);
/// # Ok::<(), rl_core::EnvironmentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heuristic {
    /// CartPole: pushes to the side that the pole falls to, corrected a little against the cart's
    /// position and velocity.
    CartPole,
    /// Pendulum: drives the rod to the energy that it has upright at rest, then holds it there like
    /// a spring and a damper.
    Pendulum,
    /// MountainCar: accelerates in the direction in which the car moves.
    MountainCar,
    /// MountainCarContinuous: accelerates fully in the direction in which the car moves.
    MountainCarContinuous,
    /// Acrobot: turns the elbow in the direction in which it turns, against the swing of the upper
    /// link.
    Acrobot,
}

impl Heuristic {
    /// Numbers in an observation.
    fn observation_dim(self) -> usize {
        match self {
            Self::MountainCar | Self::MountainCarContinuous => 2,
            Self::Pendulum => 3,
            Self::CartPole => 4,
            Self::Acrobot => 6,
        }
    }

    /// The action for one observation; it is one number in every classic environment.
    fn action(self, observation: &[f32]) -> f32 {
        match (self, observation) {
            (Self::CartPole, &[x, x_dot, theta, theta_dot]) => {
                let push = 0.1 * x + 0.3 * x_dot + 3.0 * theta + theta_dot;
                f32::from(u8::from(push > 0.0))
            }
            (Self::Pendulum, &[cos, sin, speed]) => swing_up(cos, sin, speed),
            (Self::MountainCar, &[_, velocity]) => 1.0 + velocity.signum(),
            (Self::MountainCarContinuous, &[_, velocity]) => velocity.signum(),
            (Self::Acrobot, &[.., theta1_dot, _]) => 1.0 - theta1_dot.signum(),
            _ => 0.0,
        }
    }
}

/// The torque for a rod that turns with `speed` (rad/s), at an angle from the upright with the
/// given cosine and sine.
fn swing_up(cos: f32, sin: f32, speed: f32) -> f32 {
    const MAX: f32 = MAX_TORQUE as f32;
    // The energy above that of the rod upright at rest, in J: (1/3) θ̇² / 2 of motion and 5 cos θ
    // of weight.
    let energy = speed * speed / 6.0 + 5.0 * (cos - 1.0);
    let torque = if cos > 0.9 && energy.abs() < 2.0 {
        -(10.0 * sin.atan2(cos) + 2.5 * speed)
    } else {
        -4.0 * energy * speed.signum()
    };
    torque.clamp(-MAX, MAX)
}

impl Policy for Heuristic {
    fn act(&mut self, observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        let observations = observations.chunks_exact(self.observation_dim());
        for (observation, action) in observations.zip(actions) {
            *action = self.action(observation);
        }
    }
}

impl EnvironmentId {
    /// A policy that reaches the environment's goal without having learned.
    pub fn heuristic(self) -> Box<dyn Policy + Send> {
        match self {
            Self::CartPole => Box::new(Heuristic::CartPole),
            Self::Pendulum => Box::new(Heuristic::Pendulum),
            Self::MountainCar => Box::new(Heuristic::MountainCar),
            Self::MountainCarContinuous => Box::new(Heuristic::MountainCarContinuous),
            Self::Acrobot => Box::new(Heuristic::Acrobot),
            Self::LunarLander => Box::new(LunarLanderHeuristic::Discrete),
            Self::LunarLanderContinuous => Box::new(LunarLanderHeuristic::Continuous),
            Self::FrozenLake => Box::new(ToyTextHeuristic::FrozenLake),
            Self::FrozenLake8x8 => Box::new(ToyTextHeuristic::FrozenLake8x8),
            Self::CliffWalking => Box::new(ToyTextHeuristic::CliffWalking),
            Self::Taxi => Box::new(ToyTextHeuristic::Taxi),
        }
    }
}

#[cfg(test)]
mod tests {
    use rl_core::{EnvironmentSource, run_episode};

    use super::*;

    /// The returns of the episodes from seeds 0 to 99, in ascending order.
    fn returns(id: EnvironmentId) -> Vec<f64> {
        let (mut environment, mut policy) = (id.make().unwrap(), id.heuristic());
        let mut returns: Vec<f64> = (0..100)
            .map(|seed| {
                let (mut rng, mut unused) = (Stream::from_seed(seed), Stream::from_seed(0));
                let episode = run_episode(&mut environment, &mut policy, &mut rng, &mut unused);
                episode.unwrap().total_reward
            })
            .collect();
        returns.sort_by(f64::total_cmp);
        returns
    }

    #[test]
    fn the_rules_of_the_classic_environments_reach_the_goal_in_every_episode() {
        for (id, worst, mean) in [
            (EnvironmentId::CartPole, 500.0, 500.0),
            // Upright at rest the reward is 0; a random policy has a return of -1200.
            (EnvironmentId::Pendulum, -400.0, -150.0),
            (EnvironmentId::MountainCar, -130.0, -121.0),
            (EnvironmentId::MountainCarContinuous, 88.5, 89.0),
            (EnvironmentId::Acrobot, -160.0, -90.0),
        ] {
            let returns = returns(id);
            let found = returns.iter().sum::<f64>() / returns.len() as f64;
            assert!(returns[0] >= worst, "{id}: {} is the worst", returns[0]);
            assert!(found >= mean, "{id}: {found} on average");
        }
    }
}
