//! The environments by name.

use std::str::FromStr;

use rl_core::finite_mdp::{FiniteMdp, TableError};
use rl_core::{
    BatchEnvironment, EnvironmentError, EnvironmentSource, FlatEnvironment, ScalarBatch, Stream,
};

use crate::toy_text::{GridMap, LakeMap, TransitionTable};
use crate::{
    Acrobot, CartPole, CliffWalking, FrozenLake, LunarLander, LunarLanderContinuous, MountainCar,
    MountainCarContinuous, Pendulum, SimdBatch, Taxi,
};

/// An environment's name on the command line and in files.
///
/// It is a source of the environment, its time limit included, and of batches in its fastest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentId {
    /// `cartpole`, Gymnasium's `CartPole-v1`.
    CartPole,
    /// `pendulum`, Gymnasium's `Pendulum-v1`.
    Pendulum,
    /// `mountain-car`, Gymnasium's `MountainCar-v0`.
    MountainCar,
    /// `mountain-car-continuous`, Gymnasium's `MountainCarContinuous-v0`.
    MountainCarContinuous,
    /// `acrobot`, Gymnasium's `Acrobot-v1`.
    Acrobot,
    /// `lunar-lander`, `LunarLanderLite-v0`: Gymnasium's `LunarLander-v3` with physics of its own.
    LunarLander,
    /// `lunar-lander-continuous`, the same with a throttle for each engine.
    LunarLanderContinuous,
    /// `frozen-lake`, Gymnasium's `FrozenLake-v1`.
    FrozenLake,
    /// `frozen-lake-8x8`, Gymnasium's `FrozenLake8x8-v1`.
    FrozenLake8x8,
    /// `cliff-walking`, Gymnasium's `CliffWalking-v1` with a time limit of 1000 steps.
    CliffWalking,
    /// `taxi`, Gymnasium's `Taxi-v4`.
    Taxi,
}

/// A name that no environment has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no environment '{0}'")]
pub struct UnknownEnvironment(String);

impl EnvironmentId {
    /// Every environment.
    pub const ALL: &'static [Self] = &[
        Self::CartPole,
        Self::Pendulum,
        Self::MountainCar,
        Self::MountainCarContinuous,
        Self::Acrobot,
        Self::LunarLander,
        Self::LunarLanderContinuous,
        Self::FrozenLake,
        Self::FrozenLake8x8,
        Self::CliffWalking,
        Self::Taxi,
    ];

    /// The short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CartPole => "cartpole",
            Self::Pendulum => "pendulum",
            Self::MountainCar => "mountain-car",
            Self::MountainCarContinuous => "mountain-car-continuous",
            Self::Acrobot => "acrobot",
            Self::LunarLander => "lunar-lander",
            Self::LunarLanderContinuous => "lunar-lander-continuous",
            Self::FrozenLake => "frozen-lake",
            Self::FrozenLake8x8 => "frozen-lake-8x8",
            Self::CliffWalking => "cliff-walking",
            Self::Taxi => "taxi",
        }
    }

    /// The id of Gymnasium's environment that it stands for, accepted as an alias.
    pub fn gymnasium_id(self) -> &'static str {
        match self {
            Self::CartPole => "CartPole-v1",
            Self::Pendulum => "Pendulum-v1",
            Self::MountainCar => "MountainCar-v0",
            Self::MountainCarContinuous => "MountainCarContinuous-v0",
            Self::Acrobot => "Acrobot-v1",
            Self::LunarLander => "LunarLander-v3",
            Self::LunarLanderContinuous => "LunarLanderContinuous-v3",
            Self::FrozenLake => "FrozenLake-v1",
            Self::FrozenLake8x8 => "FrozenLake8x8-v1",
            Self::CliffWalking => "CliffWalking-v1",
            Self::Taxi => "Taxi-v4",
        }
    }

    /// The mean return over 100 episodes at which the environment counts as solved; Pendulum and
    /// CliffWalking have none, nor has Taxi, whose threshold in Gymnasium, 8, is beyond the optimum.
    pub fn solved_at(self) -> Option<f64> {
        match self {
            Self::CartPole => Some(475.0),
            Self::Pendulum | Self::CliffWalking | Self::Taxi => None,
            Self::MountainCar => Some(-110.0),
            Self::MountainCarContinuous => Some(90.0),
            Self::Acrobot => Some(-100.0),
            Self::LunarLander | Self::LunarLanderContinuous => Some(200.0),
            Self::FrozenLake => Some(0.7),
            Self::FrozenLake8x8 => Some(0.85),
        }
    }

    /// The number of steps after which an episode is cut off.
    pub fn max_episode_steps(self) -> usize {
        match self {
            Self::CartPole | Self::Acrobot => 500,
            Self::Pendulum | Self::MountainCar | Self::FrozenLake8x8 | Self::Taxi => 200,
            Self::MountainCarContinuous => 999,
            Self::LunarLander | Self::LunarLanderContinuous | Self::CliffWalking => 1000,
            Self::FrozenLake => 100,
        }
    }

    /// The id of the environment itself: Gymnasium's where the physics are.
    pub fn id(self) -> &'static str {
        match self {
            Self::LunarLander => "LunarLanderLite-v0",
            Self::LunarLanderContinuous => "LunarLanderLiteContinuous-v0",
            _ => self.gymnasium_id(),
        }
    }

    /// Returns `true` if the fastest batch is a [`SimdBatch`].
    pub fn has_simd_batch(self) -> bool {
        match self {
            Self::CartPole
            | Self::Pendulum
            | Self::MountainCar
            | Self::MountainCarContinuous
            | Self::Acrobot => true,
            Self::LunarLander | Self::LunarLanderContinuous => false,
            Self::FrozenLake | Self::FrozenLake8x8 | Self::CliffWalking | Self::Taxi => false,
        }
    }

    /// The map of the states of a toy-text environment.
    pub fn grid_map(self) -> Option<GridMap> {
        match self {
            Self::FrozenLake => Some(FrozenLake::grid_map(LakeMap::Small)),
            Self::FrozenLake8x8 => Some(FrozenLake::grid_map(LakeMap::Large)),
            Self::CliffWalking => Some(CliffWalking::grid_map()),
            Self::Taxi => Some(Taxi::grid_map()),
            _ => None,
        }
    }

    /// The table of transitions of a toy-text environment.
    pub fn transition_table(self) -> Option<TransitionTable> {
        match self {
            Self::FrozenLake => Some(FrozenLake::table_of(LakeMap::Small, true)),
            Self::FrozenLake8x8 => Some(FrozenLake::table_of(LakeMap::Large, true)),
            Self::CliffWalking => Some(CliffWalking::table_of(false)),
            Self::Taxi => Some(Taxi::table_of(false)),
            _ => None,
        }
    }
}

impl EnvironmentSource for EnvironmentId {
    fn name(&self) -> &str {
        Self::name(*self)
    }

    fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError> {
        Ok(match self {
            Self::CartPole => Box::new(CartPole::v1()),
            Self::Pendulum => Box::new(Pendulum::v1()),
            Self::MountainCar => Box::new(MountainCar::v0()),
            Self::MountainCarContinuous => Box::new(MountainCarContinuous::v0()),
            Self::Acrobot => Box::new(Acrobot::v1()),
            Self::LunarLander => Box::new(LunarLander::v0()),
            Self::LunarLanderContinuous => Box::new(LunarLanderContinuous::v0()),
            Self::FrozenLake => Box::new(FrozenLake::v1()),
            Self::FrozenLake8x8 => Box::new(FrozenLake::v1_8x8()),
            Self::CliffWalking => Box::new(CliffWalking::v1()),
            Self::Taxi => Box::new(Taxi::v4()),
        })
    }

    fn batch(&self, rngs: Vec<Stream>) -> Result<Box<dyn BatchEnvironment>, EnvironmentError> {
        Ok(match self {
            Self::CartPole => Box::new(SimdBatch::new(&CartPole::v1(), rngs)),
            Self::Pendulum => Box::new(SimdBatch::new(&Pendulum::v1(), rngs)),
            Self::MountainCar => Box::new(SimdBatch::new(&MountainCar::v0(), rngs)),
            Self::MountainCarContinuous => {
                Box::new(SimdBatch::new(&MountainCarContinuous::v0(), rngs))
            }
            Self::Acrobot => Box::new(SimdBatch::new(&Acrobot::v1(), rngs)),
            Self::LunarLander => Box::new(ScalarBatch::new(LunarLander::v0, rngs)),
            Self::LunarLanderContinuous => {
                Box::new(ScalarBatch::new(LunarLanderContinuous::v0, rngs))
            }
            // Clones share their table.
            Self::FrozenLake => cloned(FrozenLake::v1(), rngs),
            Self::FrozenLake8x8 => cloned(FrozenLake::v1_8x8(), rngs),
            Self::CliffWalking => cloned(CliffWalking::v1(), rngs),
            Self::Taxi => cloned(Taxi::v4(), rngs),
        })
    }

    fn finite_mdp(&self, gamma: f64) -> Option<Result<FiniteMdp, TableError>> {
        Some(self.transition_table()?.to_mdp(gamma))
    }

    fn time_limit(&self) -> Option<usize> {
        Some(self.max_episode_steps())
    }
}

/// A batch of clones.
fn cloned<E: FlatEnvironment + Clone + 'static>(
    environment: E,
    rngs: Vec<Stream>,
) -> Box<dyn BatchEnvironment> {
    Box::new(ScalarBatch::new(|| environment.clone(), rngs))
}

impl FromStr for EnvironmentId {
    type Err = UnknownEnvironment;

    fn from_str(name: &str) -> Result<Self, UnknownEnvironment> {
        Self::ALL
            .iter()
            .copied()
            .find(|id| id.name() == name || id.gymnasium_id() == name || id.id() == name)
            .ok_or_else(|| UnknownEnvironment(name.to_owned()))
    }
}

impl std::fmt::Display for EnvironmentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use rl_core::shards;

    use super::*;
    use crate::TimeLimit;

    #[test]
    fn short_names_and_gymnasium_ids_name_the_same_environment() {
        for &id in EnvironmentId::ALL {
            assert_eq!(id.name().parse(), Ok(id));
            assert_eq!(id.gymnasium_id().parse(), Ok(id));
            assert_eq!(id.id().parse(), Ok(id));
        }
        let error = "cartpol".parse::<EnvironmentId>().unwrap_err();
        assert_eq!(error.to_string(), "there is no environment 'cartpol'");
    }

    #[test]
    fn the_time_limit_is_that_of_the_environment() {
        fn limit<E>(environment: TimeLimit<E>) -> usize {
            environment.max_steps()
        }
        for &id in EnvironmentId::ALL {
            let expected = match id {
                EnvironmentId::CartPole => limit(CartPole::v1()),
                EnvironmentId::Pendulum => limit(Pendulum::v1()),
                EnvironmentId::MountainCar => limit(MountainCar::v0()),
                EnvironmentId::MountainCarContinuous => limit(MountainCarContinuous::v0()),
                EnvironmentId::Acrobot => limit(Acrobot::v1()),
                EnvironmentId::LunarLander => limit(LunarLander::v0()),
                EnvironmentId::LunarLanderContinuous => limit(LunarLanderContinuous::v0()),
                EnvironmentId::FrozenLake => limit(FrozenLake::v1()),
                EnvironmentId::FrozenLake8x8 => limit(FrozenLake::v1_8x8()),
                EnvironmentId::CliffWalking => limit(CliffWalking::v1()),
                EnvironmentId::Taxi => limit(Taxi::v4()),
            };
            assert_eq!(id.max_episode_steps(), expected, "{id}");
        }
    }

    #[test]
    fn environments_are_shared_out_evenly() {
        for (environments, number, expected) in [
            (16, 2, &[8, 8][..]),
            (9, 2, &[5, 4]),
            (5, 3, &[2, 2, 1]),
            (2, 3, &[1, 1]),
            (7, 0, &[7]),
            (0, 2, &[0]),
        ] {
            for id in [EnvironmentId::CartPole, EnvironmentId::LunarLander] {
                let made = shards(&id, 0, 0, environments, number, 1).unwrap();
                let sizes: Vec<usize> = made.iter().map(|shard| shard.len()).collect();
                assert_eq!(sizes, expected, "{id}");
            }
        }
    }
}
