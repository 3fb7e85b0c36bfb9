//! The environments by name.

use std::str::FromStr;

use rl_core::FlatEnvironment;

use crate::CartPole;

/// An environment's name: what the command line and files call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentId {
    /// `cartpole`, Gymnasium's `CartPole-v1`.
    CartPole,
}

/// A name that no environment has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no environment '{0}'")]
pub struct UnknownEnvironment(String);

impl EnvironmentId {
    /// Every environment.
    pub const ALL: &'static [Self] = &[Self::CartPole];

    /// The short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CartPole => "cartpole",
        }
    }

    /// Gymnasium's id, accepted as an alias.
    pub fn gymnasium_id(self) -> &'static str {
        match self {
            Self::CartPole => "CartPole-v1",
        }
    }

    /// The mean return over 100 episodes at which the environment counts as solved.
    pub fn solved_at(self) -> f64 {
        match self {
            Self::CartPole => 475.0,
        }
    }

    /// Makes the environment, its time limit included.
    pub fn make(self) -> Box<dyn FlatEnvironment> {
        match self {
            Self::CartPole => Box::new(CartPole::v1()),
        }
    }
}

impl FromStr for EnvironmentId {
    type Err = UnknownEnvironment;

    fn from_str(name: &str) -> Result<Self, UnknownEnvironment> {
        Self::ALL
            .iter()
            .copied()
            .find(|id| id.name() == name || id.gymnasium_id() == name)
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
    use super::*;

    #[test]
    fn short_names_and_gymnasium_ids_name_the_same_environment() {
        for &id in EnvironmentId::ALL {
            assert_eq!(id.name().parse(), Ok(id));
            assert_eq!(id.gymnasium_id().parse(), Ok(id));
        }
        let error = "cartpol".parse::<EnvironmentId>().unwrap_err();
        assert_eq!(error.to_string(), "there is no environment 'cartpol'");
    }
}
