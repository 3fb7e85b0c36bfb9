//! Configurations that cannot work, refused with key, value and what is allowed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{BoxError, Budget, EnvironmentSource, Snapshot, State, TransformConfig};
use rl_envs::{CartPole, FrozenLake, Pendulum};
use rl_learn::{Algorithm, NetworksConfig, Setup};
use rl_nets::DistributionKind;
use rl_value::tabular::{QLearningConfig, SarsaConfig, StepSizeConfig, TableConfig};
use rl_value::{Decay, DqnConfig, ExplorationConfig, PqnConfig};

fn setup(source: impl EnvironmentSource + 'static) -> Setup {
    Setup {
        environments: 2,
        ..Setup::new(source, Budget::Steps(1000)).unwrap()
    }
}

fn refusal<K: Algorithm>(config: K, setup: Setup) -> String {
    match config.validate(setup) {
        Err(error) => error.to_string(),
        Ok(valid) => K::build(&valid).map(|_| ()).unwrap_err().to_string(),
    }
}

#[test]
fn continuous_actions_are_refused_with_the_algorithms_that_suit() {
    for message in [
        refusal(DqnConfig::default(), setup(Pendulum::v1)),
        refusal(PqnConfig::default(), setup(Pendulum::v1)),
    ] {
        assert!(message.starts_with("algo = "), "{message}");
        assert!(message.contains("a2c, a3c, trpo, ppo"), "{message}");
    }
}

#[test]
fn numbers_out_of_their_range_are_named() {
    let base = DqnConfig::default;
    let exploration = |epsilon_start, exploration_fraction| ExplorationConfig {
        epsilon_start,
        exploration_fraction,
        ..ExplorationConfig::default()
    };
    let cases = [
        (
            DqnConfig {
                gradient_steps: 0,
                ..base()
            },
            "gradient_steps = 0 ",
        ),
        (
            DqnConfig {
                train_every: 0,
                ..base()
            },
            "train_every = 0 ",
        ),
        (
            DqnConfig {
                n_quantiles: 0,
                ..base()
            },
            "n_quantiles = 0 ",
        ),
        (
            DqnConfig {
                dueling: true,
                n_quantiles: 5,
                ..base()
            },
            "n_quantiles = 5 ",
        ),
        (
            DqnConfig {
                n_step: 0,
                ..base()
            },
            "n_step = 0 ",
        ),
        (
            DqnConfig {
                buffer_size: 20,
                ..base()
            },
            "buffer_size = 20 ",
        ),
        (
            DqnConfig {
                learning_starts: 200_000,
                ..base()
            },
            "buffer_size = 100000 ",
        ),
        (
            DqnConfig {
                buffer_size: 1 << 61,
                ..base()
            },
            "buffer_size = ",
        ),
        (
            DqnConfig {
                minibatch_size: usize::MAX,
                ..base()
            },
            "buffer_size = ",
        ),
        (
            DqnConfig {
                target_rate: 0.0,
                ..base()
            },
            "target_rate = 0 ",
        ),
        (
            DqnConfig {
                target_every: 0,
                ..base()
            },
            "target_every = 0 ",
        ),
        (
            DqnConfig {
                priority_exponent: 1.1,
                ..base()
            },
            "priority_exponent = 1.1 ",
        ),
        (
            DqnConfig {
                importance_exponent: -0.1,
                ..base()
            },
            "importance_exponent = -0.1 ",
        ),
        (
            DqnConfig {
                priority_epsilon: 0.0,
                ..base()
            },
            "priority_epsilon = 0 ",
        ),
        (
            DqnConfig {
                exploration: exploration(1.5, 0.1),
                ..base()
            },
            "epsilon_start = 1.5 ",
        ),
        (
            DqnConfig {
                exploration: exploration(1.0, 1.5),
                ..base()
            },
            "exploration_fraction = 1.5 ",
        ),
        (
            DqnConfig {
                exploration: exploration(1.0, 0.0),
                ..base()
            },
            "exploration_fraction = 0 ",
        ),
        (
            DqnConfig {
                exploration: ExplorationConfig {
                    epsilon_end: 0.0,
                    epsilon_decay: Decay::Harmonic,
                    ..ExplorationConfig::default()
                },
                ..base()
            },
            "epsilon_end = 0 ",
        ),
    ];
    for (config, start) in cases {
        let message = refusal(config, setup(CartPole::v1));
        assert!(message.starts_with(start), "{message}");
        assert!(message.contains("allowed is"), "{message}");
    }
}

#[test]
fn what_a_table_cannot_learn_is_refused_with_what_can() {
    let steps = Budget::Steps(1000);
    let refused = refusal::<QLearningConfig>;
    let lake = || Setup::new(FrozenLake::v1, steps).unwrap();
    let message = refused(
        QLearningConfig::default(),
        Setup::new(CartPole::v1, steps).unwrap(),
    );
    assert!(
        message.starts_with("algo = q-learning ") && message.contains("dqn"),
        "{message}"
    );
    let message = refused(
        QLearningConfig::default(),
        Setup::new(Pendulum::v1, steps).unwrap(),
    );
    assert!(
        message.contains("ppo, for the continuous actions"),
        "{message}"
    );
    let exploring = |exploration| QLearningConfig {
        table: TableConfig {
            exploration,
            ..TableConfig::default()
        },
        ..QLearningConfig::default()
    };
    let step_size = |step_size| QLearningConfig {
        table: TableConfig {
            step_size,
            ..TableConfig::default()
        },
        ..QLearningConfig::default()
    };
    for (config, message) in [
        (
            exploring(ExplorationConfig {
                epsilon_start: 1.5,
                ..ExplorationConfig::default()
            }),
            "epsilon_start = 1.5 is out of range: allowed is a number from 0 to 1",
        ),
        (
            step_size(StepSizeConfig {
                alpha_start: 1.5,
                ..StepSizeConfig::default()
            }),
            "alpha_start = 1.5 is out of range: allowed is a number from 0 to 1",
        ),
        (
            step_size(StepSizeConfig {
                alpha_start: 0.0,
                ..StepSizeConfig::default()
            }),
            "alpha_start = 0 is out of range: allowed is a number above 0 and up to 1",
        ),
        (
            exploring(ExplorationConfig {
                exploration_fraction: 1.5,
                ..ExplorationConfig::default()
            }),
            "exploration_fraction = 1.5 is out of range: allowed is a number from 0.000001 to 1",
        ),
        (
            exploring(ExplorationConfig {
                epsilon_end: 0.0,
                epsilon_decay: Decay::Exponential,
                ..ExplorationConfig::default()
            }),
            "epsilon_end = 0 is out of range: allowed is a number above 0 for an exponential or a \
             harmonic schedule, which would never end",
        ),
    ] {
        assert_eq!(refused(config, lake()), message);
    }
    let config = SarsaConfig {
        n_step: 200,
        ..SarsaConfig::default()
    };
    let setup = Setup {
        longest_episode: 100,
        ..lake()
    };
    assert_eq!(
        refusal(config, setup),
        "n_step = 200 is out of range: allowed is at most 100, the steps of an episode"
    );
}

#[test]
fn moments_that_move_and_distributions_are_refused() {
    for (normalize_observations, normalize_rewards, key) in [
        (true, false, "normalize_observations = true"),
        (false, true, "normalize_rewards = true"),
    ] {
        let transform = TransformConfig {
            normalize_observations,
            normalize_rewards,
            ..TransformConfig::default()
        };
        let setup = Setup {
            transform,
            ..setup(CartPole::v1)
        };
        let message = refusal(DqnConfig::default(), setup);
        assert!(message.starts_with(key), "{message}");
    }
    let networks = NetworksConfig {
        distribution: Some(DistributionKind::Categorical),
        ..NetworksConfig::default()
    };
    let setup = Setup {
        networks,
        ..setup(CartPole::v1)
    };
    let message = refusal(PqnConfig::default(), setup);
    assert!(
        message.starts_with("distribution = categorical"),
        "{message}"
    );
}

#[test]
fn a_state_with_another_buffer_is_refused_with_both_sizes() -> Result<(), BoxError> {
    let build = |buffer_size| {
        let config = DqnConfig {
            buffer_size,
            ..DqnConfig::default()
        };
        DqnConfig::build(&config.validate(setup(CartPole::v1))?)
    };
    let mut snapshot = Snapshot::default();
    build(2000)?.0.save(&mut snapshot);
    let message = build(4000)?.0.load(&snapshot).unwrap_err().to_string();
    assert!(message.contains("buffer_size is 2000"), "{message}");
    assert!(message.contains("4000 are asked for"), "{message}");
    Ok(())
}
