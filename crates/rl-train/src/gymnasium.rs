//! Gymnasium's environments by name, `gym:ID`.

use rl_core::{EnvironmentError, FlatEnvironment, Spaces, Status, Stream};
use rl_envs::EnvironmentId;
use rl_envs::draw::Frame;
use rl_gym::{GymConfig, GymEnvironment, GymPicture, GymSource};

use crate::environment_entry::{EnvironmentEntry, EnvironmentFamily};
use crate::filmed::Filmed;
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
        let pictured = config.clone().pictured();
        let entry = EnvironmentEntry::new(format!("gym:{spec}"), GymSource::new(config))
            .described("Gymnasium's, in a worker process")
            .filmed_by(move || Ok(Box::new(Watched::new(pictured.clone())?)));
        Ok(match solved {
            Some(solved) => entry.solved_at(solved),
            None => entry,
        })
    })
}

/// Environment with the picture that it gave after its last step.
struct Watched {
    environment: GymEnvironment,
    frame: Frame,
    steps_per_second: f64,
}

impl Watched {
    /// One that has begun, since it has no picture before.
    fn new(config: GymConfig) -> Result<Self, EnvironmentError> {
        let mut environment = GymEnvironment::new(config).map_err(EnvironmentError::own)?;
        let mut observation = vec![0.0; environment.spaces().observation.flat_dim()];
        environment.reset_into(&mut Stream::from_seed(0), &mut observation)?;
        let picture = environment.picture()?;
        Ok(Self {
            environment,
            steps_per_second: picture.steps_per_second.into(),
            frame: frame(picture)?,
        })
    }
}

fn frame(picture: GymPicture) -> Result<Frame, EnvironmentError> {
    let side = |side: u32| u16::try_from(side).map_err(EnvironmentError::own);
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    Frame::from_rgb(width, height, picture.rgb).map_err(EnvironmentError::own)
}

impl FlatEnvironment for Watched {
    fn spaces(&self) -> Spaces {
        self.environment.spaces()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.environment.reset_into(rng, observation)?;
        self.frame = frame(self.environment.picture()?)?;
        Ok(())
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let stepped = self.environment.step_into(action, rng, observation)?;
        self.frame = frame(self.environment.picture()?)?;
        Ok(stepped)
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        self.environment.save_flat()
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.environment.restore_flat(state)
    }
}

impl Filmed for Watched {
    fn steps_per_second(&self) -> f64 {
        self.steps_per_second
    }

    fn frame(&self) -> Frame {
        self.frame.clone()
    }
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
