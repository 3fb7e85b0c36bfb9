//! Steps of trust region policy optimization.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Training, setup};
use rl_core::{BoxError, Interact, Metrics, Reduce};
use rl_envs::CartPole;
use rl_learn::Setup;
use rl_pg::TrpoConfig;

fn config() -> TrpoConfig {
    TrpoConfig {
        steps_per_environment: 256,
        ..TrpoConfig::default()
    }
}

#[test]
fn steps_are_taken_without_damping_however_many_iterations_are_allowed() {
    for cg_iterations in [30, 100] {
        let config = TrpoConfig {
            cg_damping: 0.0,
            cg_iterations,
            ..config()
        };
        let mut training = Training::new(config, setup(CartPole::v1, 4));
        for update in 0..8 {
            let metrics = training.update();
            let success = metrics.get("line_search_success");
            assert_eq!(success, Some(1.0), "{cg_iterations}, update {update}");
        }
    }
}

#[test]
fn a_refused_step_is_shortened_by_the_factor_until_it_fits() {
    // The quadratic model is good for a small divergence only: a large one is refused at full length.
    let kl = |line_search_steps, line_search_factor| {
        let config = TrpoConfig {
            target_kl: 0.5,
            cg_damping: 0.0,
            line_search_steps,
            line_search_factor,
            ..config()
        };
        let metrics = Training::new(config, setup(CartPole::v1, 4)).update();
        let success = metrics.get("line_search_success").unwrap();
        (success, metrics.get("kl").unwrap())
    };
    assert_eq!(kl(1, 0.8), (0.0, 0.0), "one try is the full step");
    let (success, long) = kl(50, 0.95);
    assert!(success == 1.0 && long > 0.0 && long <= 0.5, "{long}");
    let (success, short) = kl(50, 0.3);
    assert!(success == 1.0 && short < long, "{short} {long}");
}

#[test]
fn a_try_that_overflows_is_a_refusal() {
    for target_kl in [1e20, 1e38] {
        let config = TrpoConfig {
            target_kl,
            ..config()
        };
        let mut training = Training::new(config, setup(CartPole::v1, 4));
        for _ in 0..2 {
            let metrics = training.update();
            assert!(metrics.get("kl").unwrap().is_finite());
        }
    }
}

/// One process whose connection is lost at the second sum, the divergence of the first step tried.
#[derive(Default)]
struct Lost(AtomicUsize);

impl Reduce for Lost {
    fn ranks(&self) -> usize {
        1
    }

    fn rank(&self) -> usize {
        0
    }

    fn mean_f32(&self, _values: &mut [f32]) -> Result<(), BoxError> {
        Ok(())
    }

    fn sum_f64(&self, _values: &mut [f64]) -> Result<(), BoxError> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            1 => Err("the connection is lost".into()),
            _ => Ok(()),
        }
    }
}

#[test]
fn an_error_in_the_line_search_leaves_the_policy_as_it_was() {
    let setup = Setup {
        reduce: Arc::new(Lost::default()),
        ..setup(CartPole::v1, 4)
    };
    let mut training = Training::new(config(), setup);
    let before = training.agent.networks().flat();
    let (agent, clock) = (&mut training.agent, &mut training.clock);
    let updated = training
        .interaction
        .update(agent, clock, &mut Metrics::default());
    assert!(updated.is_err());
    assert_eq!(training.agent.networks().flat(), before);
}
