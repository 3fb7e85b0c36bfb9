//! Gymnasium's environments by name, `gym:ID`.

use std::path::PathBuf;

use rl_envs::EnvironmentId;
use rl_gym::{GymConfig, GymSource};

use crate::registry::{EnvironmentEntry, EnvironmentFamily};
use crate::usage::UsageError;

/// The family `gym:`, stepped by an interpreter; without one, by that of the virtual environment that is
/// active, or else `python3`. See [`GymConfig`] for what comes after the prefix.
///
/// ```
/// let registry = rl_train::Registry::default().family(rl_train::gymnasium(Some("python3.12".into())));
/// let entry = registry.find_environment("gym:CartPole-v1?sutton_barto_reward=true");
/// assert_eq!(entry.unwrap().name(), "gym:CartPole-v1?sutton_barto_reward=true");
/// ```
pub fn gymnasium(python: Option<PathBuf>) -> EnvironmentFamily {
    EnvironmentFamily::new("gym:", move |spec| {
        let mut config = GymConfig::new(spec).map_err(|error| UsageError(error.to_string()))?;
        if let Some(python) = &python {
            config = config.python(python);
        }
        let is_ours = |id: &&EnvironmentId| id.gymnasium_id() == spec;
        let solved = EnvironmentId::ALL.iter().find(is_ours).and_then(|id| id.solved_at());
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
