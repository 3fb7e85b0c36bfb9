//! Claims about the presets.

use rl_envs::EnvironmentId;
use rl_train::UsageError;

/// Claim that a preset reaches a return within a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// The environment, that of the preset.
    pub env: EnvironmentId,
    /// The algorithm, that of the preset.
    pub algo: &'static str,
    /// The preset.
    pub preset: &'static str,
    /// Environment steps after which no update of a run may start.
    pub budget: u64,
    /// Least interquartile mean over the runs of a run's score: the mean return of 100 episodes of
    /// the final policy's likeliest actions.
    pub target: f64,
}

const fn claim(
    env: EnvironmentId,
    algo: &'static str,
    preset: &'static str,
    budget: u64,
    target: f64,
) -> Claim {
    Claim {
        env,
        algo,
        preset,
        budget,
        target,
    }
}

/// Every claim, in the order of the report.
pub const CLAIMS: &[Claim] = &[
    claim(EnvironmentId::CartPole, "vpg", "cartpole", 500_000, 475.0),
    claim(
        EnvironmentId::CartPole,
        "vpg",
        "cartpole-vpg",
        200_000,
        475.0,
    ),
    claim(
        EnvironmentId::CartPole,
        "vpg",
        "cartpole-gae",
        100_000,
        490.0,
    ),
    claim(
        EnvironmentId::CartPole,
        "a2c",
        "cartpole-a2c",
        300_000,
        490.0,
    ),
    claim(
        EnvironmentId::CartPole,
        "a3c",
        "cartpole-a3c",
        300_000,
        475.0,
    ),
    claim(
        EnvironmentId::CartPole,
        "trpo",
        "cartpole-trpo",
        100_000,
        490.0,
    ),
    claim(
        EnvironmentId::CartPole,
        "ppo",
        "cartpole-ppo",
        100_000,
        500.0,
    ),
    claim(EnvironmentId::Acrobot, "ppo", "acrobot-ppo", 500_000, -80.0),
    claim(
        EnvironmentId::MountainCarContinuous,
        "ppo",
        "mountain-car-continuous-ppo",
        100_000,
        90.0,
    ),
    claim(
        EnvironmentId::MountainCar,
        "ppo",
        "mountain-car-ppo",
        1_000_000,
        -110.0,
    ),
    claim(
        EnvironmentId::Pendulum,
        "ppo",
        "pendulum-ppo",
        200_000,
        -170.0,
    ),
    claim(
        EnvironmentId::LunarLander,
        "ppo",
        "lunar-lander-ppo",
        1_000_000,
        240.0,
    ),
    claim(
        EnvironmentId::LunarLanderContinuous,
        "ppo",
        "lunar-lander-continuous-ppo",
        1_000_000,
        240.0,
    ),
    claim(
        EnvironmentId::LunarLander,
        "a2c",
        "lunar-lander-a2c",
        1_000_000,
        180.0,
    ),
];

impl Claim {
    /// The claims about an environment, an algorithm, both, or all.
    ///
    /// # Errors
    /// [`UsageError`] that names what there is, if there is none.
    pub fn select(env: Option<&str>, algo: Option<&str>) -> Result<Vec<&'static Self>, UsageError> {
        let asked = |claim: &&Self| {
            env.is_none_or(|env| claim.env.name() == env)
                && algo.is_none_or(|algo| claim.algo == algo)
        };
        let claims: Vec<&Self> = CLAIMS.iter().filter(asked).collect();
        if !claims.is_empty() {
            return Ok(claims);
        }
        let filters = [
            env.map(|env| format!("--env {env}")),
            algo.map(|algo| format!("--algo {algo}")),
        ];
        let filters: Vec<String> = filters.into_iter().flatten().collect();
        let all: Vec<String> = CLAIMS.iter().map(Self::name).collect();
        Err(UsageError(format!(
            "nothing is claimed with {}. There is: {}",
            filters.join(" "),
            all.join(", ")
        )))
    }

    /// Environment, algorithm and preset, as a message names them.
    pub fn name(&self) -> String {
        format!(
            "{} by {} (preset {})",
            self.env.name(),
            self.algo,
            self.preset
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_train::{Layers, Origin, Registry};

    #[test]
    fn every_claim_is_about_the_environment_and_the_algorithm_of_a_preset() {
        let registry = Registry::default();
        for claim in CLAIMS {
            let mut layers = Layers::new(&registry);
            let origin = Origin::Flag("--preset".into());
            layers.set("preset", claim.preset, &origin).unwrap();
            let config = layers.finish().unwrap();
            let run = (config.run.env.as_str(), config.run.algo.as_str());
            assert_eq!(run, (claim.env.name(), claim.algo), "{}", claim.name());
            if let Some(steps) = config.run.steps {
                assert!(steps <= claim.budget, "{}", claim.name());
            }
        }
    }

    #[test]
    fn no_preset_has_two_claims() {
        for (i, claim) in CLAIMS.iter().enumerate() {
            let earlier = CLAIMS[..i].iter().map(|claim| claim.preset);
            assert!(!earlier.into_iter().any(|preset| preset == claim.preset));
        }
    }

    #[test]
    fn claims_are_selected_by_environment_and_algorithm() {
        assert_eq!(Claim::select(None, None).unwrap().len(), CLAIMS.len());
        for claim in CLAIMS {
            let selected = Claim::select(Some(claim.env.name()), Some(claim.algo)).unwrap();
            assert!(selected.contains(&claim));
            assert!(selected.iter().all(|other| other.env == claim.env));
        }
        let UsageError(message) = Claim::select(Some("cartpole"), Some("none")).unwrap_err();
        for word in ["--env cartpole --algo none", "cartpole by vpg"] {
            assert!(message.contains(word), "{message}");
        }
    }
}
