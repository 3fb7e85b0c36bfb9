//! Action values: the TD error of the fused learner is that of Burn's tape.

use rl_core::{Space, Stream};
use rl_learn::{
    LearnerKind, Optimizer, QuantileError, Samples, Surrogate, TdError, TdLoss, Term, UpdateError,
};
use rl_nets::{ActionValueForm, Activation, DistributionKind, Networks, PolicyConfig};

use super::{OBSERVATION_DIM, STEPS, difference, learner, networks};

fn action_values(activation: Activation) -> Networks {
    action_values_with(activation, false, ActionValueForm::Plain)
}

fn action_values_with(activation: Activation, layer_norm: bool, form: ActionValueForm) -> Networks {
    let config = PolicyConfig::new(OBSERVATION_DIM, &Space::discrete(4))
        .with_action_values(form)
        .unwrap()
        .with_hidden(2, 9, activation)
        .with_layer_norm(layer_norm);
    Networks::policy(config.draw(&mut Stream::from_seed(3)))
}

#[test]
fn gradients_of_the_td_error_agree_for_every_loss_and_activation() {
    let mut rng = Stream::from_seed(1);
    let mut numbers = |n: usize, scale: f64| -> Vec<f32> {
        (0..n).map(|_| rng.uniform(-scale, scale) as f32).collect()
    };
    // Targets on both sides of the Huber loss's ends, and every action.
    let (observations, targets) = (numbers(STEPS * OBSERVATION_DIM, 1.5), numbers(STEPS, 3.0));
    let weights: Vec<f32> = numbers(STEPS, 1.0).iter().map(|x| x.abs()).collect();
    let actions: Vec<f32> = (0..STEPS).map(|t| (t % 4) as f32).collect();
    let samples = Samples {
        observations: &observations,
        actions: &actions,
        targets: &targets,
        weights: &weights,
        ..Samples::default()
    };
    let (plain, dueling) = (ActionValueForm::Plain, ActionValueForm::Dueling);
    let cases =
        Activation::ALL.map(|of| [(of, false, plain), (of, true, plain), (of, false, dueling)]);
    for (activation, norm, form) in cases.into_iter().flatten() {
        let networks = action_values_with(activation, norm, form);
        for loss in [TdLoss::Huber, TdLoss::Squared] {
            for weighted in [false, true] {
                let term = TdError {
                    coefficient: 0.5,
                    loss,
                    weighted,
                };
                let of = |kind| {
                    let mut gradient = vec![f32::NAN; networks.len()];
                    let mut learner = learner(&networks, kind, Optimizer::Adam);
                    let measured = learner.gradient(&samples, &[&term], &mut gradient).unwrap();
                    (gradient, measured.terms[0])
                };
                let (by_tape, a) = of(LearnerKind::Burn);
                let (by_hand, b) = of(LearnerKind::Fused);
                let error = difference(&by_hand, &by_tape);
                assert!(
                    error <= 1e-5,
                    "{activation:?} norm {norm} {term:?}: {error:e}"
                );
                assert!(
                    (a - b).abs() <= 2e-5 * a,
                    "{activation:?} norm {norm} {term:?}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn action_values_and_probabilities_are_not_taken_for_each_other() {
    let td = TdError {
        coefficient: 1.0,
        loss: TdLoss::Huber,
        weighted: false,
    };
    let values = action_values(Activation::Relu);
    let policy = networks(DistributionKind::Categorical, Activation::Relu, false);
    for of in [LearnerKind::Burn, LearnerKind::Fused] {
        let refused = |networks: &Networks, term: &dyn Term, word: &str| {
            let learner = learner(networks, of, Optimizer::Adam);
            let error: UpdateError = learner.supports(&[term]).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        };
        refused(
            &values,
            &Surrogate::LogProb,
            "the learner has action values",
        );
        refused(&policy, &td, "the learner has probabilities");
    }
}

#[test]
fn gradients_of_the_quantile_error_agree() {
    const QUANTILES: usize = 5;
    let mut rng = Stream::from_seed(2);
    let mut numbers = |n: usize, scale: f64| -> Vec<f32> {
        (0..n).map(|_| rng.uniform(-scale, scale) as f32).collect()
    };
    let observations = numbers(STEPS * OBSERVATION_DIM, 1.5);
    let targets = numbers(STEPS * QUANTILES, 3.0);
    let weights: Vec<f32> = numbers(STEPS, 1.0).iter().map(|x| x.abs()).collect();
    let actions: Vec<f32> = (0..STEPS).map(|t| (t % 4) as f32).collect();
    let samples = Samples {
        observations: &observations,
        actions: &actions,
        targets: &targets,
        weights: &weights,
        ..Samples::default()
    };
    let form = ActionValueForm::Quantiles(QUANTILES);
    let networks = action_values_with(Activation::Tanh, false, form);
    for weighted in [false, true] {
        let term = QuantileError {
            coefficient: 0.5,
            weighted,
        };
        let of = |kind| {
            let mut gradient = vec![f32::NAN; networks.len()];
            let mut learner = learner(&networks, kind, Optimizer::Adam);
            let measured = learner.gradient(&samples, &[&term], &mut gradient).unwrap();
            (gradient, measured.terms[0])
        };
        let ((by_tape, a), (by_hand, b)) = (of(LearnerKind::Burn), of(LearnerKind::Fused));
        let error = difference(&by_hand, &by_tape);
        assert!(error <= 1e-5, "{error:e}");
        assert!((a - b).abs() <= 2e-5 * a, "{a} {b}");
    }
    let single = TdError {
        coefficient: 1.0,
        loss: TdLoss::Huber,
        weighted: false,
    };
    for kind in [LearnerKind::Burn, LearnerKind::Fused] {
        let learner = learner(&networks, kind, Optimizer::Adam);
        let error: UpdateError = learner.supports(&[&single]).unwrap_err();
        assert!(error.to_string().contains("has quantiles"), "{error}");
    }
}
