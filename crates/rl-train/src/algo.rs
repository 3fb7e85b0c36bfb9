//! The algorithms, with what a run adds to their configurations.

use rl_learn::ConfigError;
use rl_pg::{A2cConfig, Baseline, PpoConfig, ReinforceConfig, TrpoConfig, VpgConfig};
use serde::{Deserialize, Serialize};
use toml::Table;

/// The algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algo {
    /// Vanilla policy gradient.
    Vpg,
    /// REINFORCE.
    Reinforce,
    /// Advantage actor-critic.
    A2c,
    /// Asynchronous advantage actor-critic.
    A3c,
    /// Trust region policy optimization.
    Trpo,
    /// Proximal policy optimization.
    Ppo,
}

impl Algo {
    /// Every algorithm.
    pub const ALL: [Self; 6] = [
        Self::Reinforce,
        Self::Vpg,
        Self::A2c,
        Self::A3c,
        Self::Trpo,
        Self::Ppo,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vpg => "vpg",
            Self::Reinforce => "reinforce",
            Self::A2c => "a2c",
            Self::A3c => "a3c",
            Self::Trpo => "trpo",
            Self::Ppo => "ppo",
        }
    }

    /// What it is, in one line.
    pub fn description(self) -> &'static str {
        match self {
            Self::Vpg => "vanilla policy gradient: one step per batch of whole episodes",
            Self::Reinforce => "REINFORCE: one step per episode",
            Self::A2c => "advantage actor-critic: one step per short rollout",
            Self::A3c => "asynchronous actor-critic: each environment's gradient in turn, stale",
            Self::Trpo => "trust region policy optimization: natural gradient steps of a set size",
            Self::Ppo => "proximal policy optimization: epochs of minibatches on each rollout",
        }
    }

    /// The algorithm called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algo| algo.name() == name)
    }

    /// The keys that it has of its own, with their defaults.
    pub(crate) fn defaults(self) -> Table {
        Table::try_from(AlgoConfig::default_of(self)).unwrap_or_default()
    }

    /// Whether `key` is one of its own, rather than of every run or of other algorithms.
    pub(crate) fn has(self, key: &str) -> bool {
        let optional: &[&str] = match self {
            Self::Ppo => &["max_grad_norm", "target_kl", "value_clip_range"],
            _ => &["max_grad_norm"],
        };
        optional.contains(&key) || self.defaults().contains_key(key)
    }
}

/// An algorithm's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algo", rename_all = "lowercase")]
pub enum AlgoConfig {
    /// Vanilla policy gradient.
    Vpg(Episodes<VpgConfig>),
    /// REINFORCE.
    Reinforce(ReinforceConfig),
    /// Advantage actor-critic.
    A2c(Rollouts<ActorCritic<A2cConfig>>),
    /// Asynchronous advantage actor-critic.
    A3c(ActorCritic<A2cConfig>),
    /// Trust region policy optimization.
    Trpo(Rollouts<TrpoConfig>),
    /// Proximal policy optimization.
    Ppo(Rollouts<ActorCritic<PpoConfig>>),
}

/// An algorithm that learns from batches of whole episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episodes<C> {
    /// Least number of steps per update, in whole episodes.
    pub steps_per_update: usize,
    /// Number of environments that start their episodes from the same states, for the baselines
    /// of groups.
    pub group_size: usize,
    /// The algorithm's own.
    #[serde(flatten)]
    pub own: C,
}

/// An algorithm that learns from rollouts of all environments together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollouts<C> {
    /// Whether rewards are divided by the deviation of the discounted return.
    pub normalize_rewards: bool,
    /// The algorithm's own.
    #[serde(flatten)]
    pub own: C,
}

/// An algorithm whose value function may share the policy's hidden layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActorCritic<C> {
    /// Whether it does.
    pub shared_layers: bool,
    /// The algorithm's own.
    #[serde(flatten)]
    pub own: C,
}

impl AlgoConfig {
    /// The defaults of an algorithm.
    pub fn default_of(algo: Algo) -> Self {
        fn rollouts<C>(own: C) -> Rollouts<C> {
            Rollouts {
                normalize_rewards: false,
                own,
            }
        }
        fn actor_critic<C>(own: C) -> ActorCritic<C> {
            ActorCritic {
                shared_layers: false,
                own,
            }
        }
        match algo {
            Algo::Vpg => Self::Vpg(Episodes {
                steps_per_update: 1000,
                group_size: 1,
                own: VpgConfig::default(),
            }),
            Algo::Reinforce => Self::Reinforce(ReinforceConfig::default()),
            Algo::A2c => Self::A2c(rollouts(actor_critic(A2cConfig::default()))),
            Algo::A3c => Self::A3c(actor_critic(A2cConfig::default())),
            Algo::Trpo => Self::Trpo(rollouts(TrpoConfig::default())),
            Algo::Ppo => Self::Ppo(rollouts(actor_critic(PpoConfig::default()))),
        }
    }

    /// Which algorithm it configures.
    pub fn algo(&self) -> Algo {
        match self {
            Self::Vpg(_) => Algo::Vpg,
            Self::Reinforce(_) => Algo::Reinforce,
            Self::A2c(_) => Algo::A2c,
            Self::A3c(_) => Algo::A3c,
            Self::Trpo(_) => Algo::Trpo,
            Self::Ppo(_) => Algo::Ppo,
        }
    }

    /// Whether there is a value function, and whether it shares the policy's hidden layers.
    pub(crate) fn value_function(&self) -> Option<Sharing> {
        let sharing = |shared| {
            Some(if shared {
                Sharing::Shared
            } else {
                Sharing::Separate
            })
        };
        match self {
            Self::Vpg(config) => {
                (config.own.baseline == Baseline::Value).then_some(Sharing::Separate)
            }
            Self::Reinforce(config) => {
                (config.baseline == Baseline::Value).then_some(Sharing::Separate)
            }
            Self::A2c(config) => sharing(config.own.shared_layers),
            Self::A3c(config) => sharing(config.shared_layers),
            Self::Trpo(_) => sharing(false),
            Self::Ppo(config) => sharing(config.own.shared_layers),
        }
    }

    /// Checks the ranges, for so many environments.
    pub(crate) fn validate(&self, environments: usize) -> Result<(), ConfigError> {
        let invalid = |key, value: usize, allowed: &str| {
            Err(ConfigError {
                key,
                value: value.to_string(),
                allowed: allowed.to_owned(),
            })
        };
        match self {
            Self::Vpg(Episodes {
                steps_per_update,
                group_size,
                own,
            }) => {
                if *steps_per_update == 0 {
                    return invalid("steps_per_update", 0, "at least 1");
                }
                if *steps_per_update == 1 && own.normalize_advantages {
                    let allowed = "at least 2, for advantages that are normalised";
                    return invalid("steps_per_update", 1, allowed);
                }
                if *group_size == 0 || !environments.is_multiple_of(*group_size) {
                    let allowed = format!("a divisor of the {environments} environments");
                    return invalid("group_size", *group_size, &allowed);
                }
                let grouped = matches!(own.baseline, Baseline::Group | Baseline::GroupScaled);
                if grouped && *group_size == 1 {
                    return invalid("group_size", 1, "at least 2, for the baseline of a group");
                }
                own.validate()
            }
            Self::Reinforce(config) => config.validate(),
            Self::A2c(config) => config.own.own.validate(environments),
            Self::A3c(config) => config.own.validate(1),
            Self::Trpo(config) => config.own.validate(environments),
            Self::Ppo(config) => config.own.own.validate(environments),
        }
    }
}

/// How a value function stands to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Separate,
    Shared,
}
