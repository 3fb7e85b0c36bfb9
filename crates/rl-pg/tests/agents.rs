//! Agents can be saved, restored and spread over threads without a bit of difference.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::{Training, setup};
use rl_core::{BoxError, Interact, Metrics, Reduce, Snapshot, State, Threads};
use rl_envs::CartPole;
use rl_learn::{Algorithm, LearnerKind, OptimizerConfig, Setup};
use rl_pg::{A2cConfig, A3cConfig, Baseline, PpoConfig, ReinforceConfig, TrpoConfig, VpgConfig};

fn snapshots<K: Algorithm>(training: &Training<K>) -> [Snapshot; 2] {
    let mut interaction = Snapshot::default();
    training.interaction.save(&mut interaction);
    [Snapshot::of(&training.agent), interaction]
}

fn updates<K: Algorithm>(training: &mut Training<K>, n: usize) -> Vec<Metrics> {
    (0..n).map(|_| training.update()).collect()
}

fn goes_on_to_the_bit<K: Algorithm>(config: K) {
    let setup = |threads| Setup {
        threads: Threads::new(threads).unwrap(),
        ..setup(CartPole::v1, 4)
    };
    let mut whole = Training::new(config.clone(), setup(1));
    updates(&mut whole, 3);
    let [agent, interaction] = snapshots(&whole);
    let mut restored = Training::new(config, setup(3));
    restored.agent.load(&agent).unwrap();
    assert!(restored.interaction.load(&interaction).unwrap().is_empty());
    restored.clock = whole.clock;
    assert_eq!(snapshots(&restored), [agent, interaction], "{}", K::NAME);
    // Metrics may be NaN, which is equal to nothing.
    let metrics = [&mut whole, &mut restored].map(|run| format!("{:?}", updates(run, 3)));
    assert_eq!(metrics[0], metrics[1], "{}", K::NAME);
    assert_eq!(snapshots(&restored), snapshots(&whole), "{}", K::NAME);
}

#[test]
fn a_restored_agent_goes_on_to_the_bit_on_any_number_of_threads() {
    for learner in [LearnerKind::Fused, LearnerKind::Burn] {
        let optimizer = OptimizerConfig {
            learner,
            anneal_learning_rate: true,
            ..OptimizerConfig::adam(1e-2)
        };
        goes_on_to_the_bit(PpoConfig {
            steps_per_environment: 64,
            epochs: 3,
            target_kl: Some(0.01),
            optimizer: optimizer.clone(),
            ..PpoConfig::default()
        });
        goes_on_to_the_bit(A2cConfig {
            optimizer: optimizer.clone(),
            ..A2cConfig::default()
        });
        goes_on_to_the_bit(A3cConfig {
            worker: A2cConfig {
                shared_layers: true,
                optimizer: OptimizerConfig {
                    learner,
                    ..A2cConfig::default().optimizer
                },
                ..A2cConfig::default()
            },
        });
        goes_on_to_the_bit(TrpoConfig {
            steps_per_environment: 64,
            value_iterations: 5,
            optimizer: optimizer.clone(),
            ..TrpoConfig::default()
        });
        goes_on_to_the_bit(VpgConfig {
            steps_per_update: 300,
            baseline: Baseline::Value,
            value_iterations: 5,
            optimizer: optimizer.clone(),
            ..VpgConfig::default()
        });
        goes_on_to_the_bit(ReinforceConfig {
            baseline: Baseline::Value,
            optimizer,
            ..ReinforceConfig::default()
        });
    }
}

#[test]
fn sizes_that_do_not_go_together_are_refused_before_the_run() {
    fn refused<K: Algorithm>(config: K) -> String {
        let error = config.validate(setup(CartPole::v1, 4)).err().unwrap();
        error.to_string()
    }
    let message = refused(PpoConfig {
        steps_per_environment: 10,
        minibatch_size: 7,
        ..PpoConfig::default()
    });
    assert_eq!(
        message,
        "minibatch_size = 7 is out of range: allowed is a divisor of the 40 steps of a rollout"
    );
    let message = refused(VpgConfig {
        group_size: 3,
        ..VpgConfig::default()
    });
    assert!(
        message.contains("a divisor of the 4 environments"),
        "{message}"
    );
    let message = refused(ReinforceConfig {
        baseline: Baseline::Batch,
        ..ReinforceConfig::default()
    });
    assert!(message.contains("none or value"), "{message}");
    let message = refused(A2cConfig {
        gamma: 1.5,
        ..A2cConfig::default()
    });
    assert_eq!(
        message,
        "gamma = 1.5 is out of range: allowed is a number from 0 to 1"
    );
}

/// A connection between two processes that nothing is sent over.
struct TwoProcesses;

impl Reduce for TwoProcesses {
    fn ranks(&self) -> usize {
        2
    }

    fn rank(&self) -> usize {
        0
    }

    fn mean_f32(&self, _values: &mut [f32]) -> Result<(), BoxError> {
        Ok(())
    }

    fn sum_f64(&self, _values: &mut [f64]) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn workers_that_are_not_in_step_are_refused_several_processes() {
    let setup = || Setup {
        reduce: Arc::new(TwoProcesses),
        ..setup(CartPole::v1, 4)
    };
    let refused = A3cConfig::default().validate(setup()).err().unwrap();
    assert!(refused.to_string().contains("processes = 2"), "{refused}");
    assert!(A2cConfig::default().validate(setup()).is_ok());
}
