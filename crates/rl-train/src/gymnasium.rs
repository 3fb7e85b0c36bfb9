//! Gymnasium's environments by name, `gym:ID`.

use rl_envs::EnvironmentId;
use rl_gym::{GymConfig, GymSource};

use crate::registry::{EnvironmentEntry, EnvironmentFamily};
use crate::usage::UsageError;

/// The family `gym:`, by a function that sets the interpreter and the deadline of its configurations. See
/// [`GymConfig`] for what comes after the prefix, and for what holds where nothing is set.
///
/// ```
/// let family = rl_train::gymnasium(|config| config.python("python3.12"));
/// let registry = rl_train::Registry::default().family(family);
/// let entry = registry.find_environment("gym:CartPole-v1?sutton_barto_reward=true");
/// assert_eq!(entry.unwrap().name(), "gym:CartPole-v1?sutton_barto_reward=true");
/// ```
pub fn gymnasium(
    set: impl Fn(GymConfig) -> GymConfig + Send + Sync + 'static,
) -> EnvironmentFamily {
    EnvironmentFamily::new("gym:", move |spec| {
        let config = set(GymConfig::new(spec).map_err(|error| UsageError(error.to_string()))?);
        let is_ours = |id: &&EnvironmentId| id.gymnasium_id() == spec;
        let solved = EnvironmentId::ALL
            .iter()
            .find(is_ours)
            .and_then(|id| id.solved_at());
        let entry = EnvironmentEntry::new(format!("gym:{spec}"), GymSource::new(config))
            .described("Gymnasium's, in a worker process");
        Ok(match solved {
            Some(solved) => entry.solved_at(solved),
            None => entry,
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::{Layers, Origin, Registry};

    fn resolved(env: &str) -> Result<crate::Config, crate::UsageError> {
        let registry = Registry::default();
        let mut layers = Layers::new(&registry);
        layers.set("env", env, &Origin::Flag("--env".into()))?;
        layers.set("algo", "ppo", &Origin::Flag("--algo".into()))?;
        layers.finish()
    }

    #[test]
    fn presets_are_those_of_the_environment_of_the_same_id() {
        let config = resolved("GYM:CartPole-v1?max_episode_steps=200").unwrap();
        assert_eq!(config.run.env, "gym:CartPole-v1?max_episode_steps=200");
        assert_eq!(config.run.preset, "cartpole-ppo");
        assert_eq!(resolved("gym:Mine-v0").unwrap().run.preset, "none");
    }

    #[test]
    fn a_name_of_no_form_is_refused() {
        let message = resolved("gym:X?y").unwrap_err().to_string();
        for word in ["--env", "'y' is not KEY=VALUE", "gym:ID?KEY=VALUE"] {
            assert!(message.contains(word), "{message}");
        }
    }
}
