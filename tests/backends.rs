//! The same agent on every backend: the same parameters after the same updates.
//!
//! A backend without a device fails these tests; on a machine without a GPU, a software Vulkan
//! driver serves wgpu.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_envs::CartPole;
use rl_learn::{LearnerKind, OptimizerConfig};
use rl_pg::VpgConfig;
use rl_train::{Backend, Trainer};

/// The arrays of the policy after each of five updates.
fn parameters(backend: Backend) -> Vec<Vec<Vec<f32>>> {
    let config = VpgConfig {
        steps_per_update: 1000,
        gamma: 1.0,
        normalize_advantages: false,
        optimizer: OptimizerConfig {
            max_grad_norm: Some(0.5),
            learner: LearnerKind::Burn,
            ..OptimizerConfig::adam(5e-3)
        },
        ..VpgConfig::default()
    };
    let builder = Trainer::new(config, CartPole::v1).environments(1);
    let mut trainer = builder
        .device(backend.device().unwrap())
        .updates(5)
        .build()
        .unwrap();
    let updates = (0..5).map(|_| {
        trainer.step().unwrap();
        let arrays = trainer.policy().record().arrays;
        arrays.into_iter().map(|array| array.values).collect()
    });
    updates.collect()
}

/// The largest `‖a - b‖ / ‖b‖` of the tensors.
fn relative_error(ours: &[Vec<f32>], reference: &[Vec<f32>]) -> f64 {
    let norm = |xs: &mut dyn Iterator<Item = f64>| xs.map(|x| x * x).sum::<f64>().sqrt();
    let errors = ours.iter().zip(reference).map(|(ours, reference)| {
        let difference = &mut ours.iter().zip(reference).map(|(a, b)| f64::from(a - b));
        norm(difference) / norm(&mut reference.iter().map(|&b| f64::from(b)))
    });
    errors.fold(0.0, f64::max)
}

fn assert_equal_to_flex(backend: Backend) {
    let (reference, ours) = (parameters(Backend::Flex), parameters(backend));
    assert_ne!(reference[0], reference[4], "updates change the parameters");
    let errors: Vec<f64> = ours
        .iter()
        .zip(&reference)
        .map(|(a, b)| relative_error(a, b))
        .collect();
    println!(
        "{}: relative errors after updates 1 to 5: {errors:?}",
        backend.name()
    );
    assert!(errors[0] <= 1e-4, "after one update: {errors:?}");
    assert!(errors[4] <= 1e-3, "after five updates: {errors:?}");
}

#[test]
fn ndarray_learns_as_flex_does() {
    assert_equal_to_flex(Backend::Ndarray);
}

#[test]
fn wgpu_learns_as_flex_does() {
    assert_equal_to_flex(Backend::Wgpu);
}

#[test]
fn the_same_seed_gives_the_same_bits_on_a_cpu_backend() {
    for backend in [Backend::Flex, Backend::Ndarray] {
        assert_eq!(
            parameters(backend),
            parameters(backend),
            "{}",
            backend.name()
        );
    }
}
