//! Noisy layers: gradients of means and deviations, on both learners.

use rl_core::{SingleProcess, Snapshot, Space, Stream};
use rl_learn::{
    Batch, FitReport, Learner, LearnerKind, Measurements, Noise, Optimizer, OptimizerConfig, Plan,
    QuantileError, Samples, TdError, TdLoss, Term, fit,
};
use rl_nets::{ActionValueForm, Activation, Device, Networks, PolicyConfig};

use super::{OBSERVATION_DIM, STEPS, assert_reports_agree, difference};

const KINDS: [LearnerKind; 2] = [LearnerKind::Burn, LearnerKind::Fused];

const SQUARED: TdError = TdError {
    coefficient: 1.0,
    loss: TdLoss::Squared,
    weighted: false,
};

fn networks(form: ActionValueForm, layer_norm: bool) -> Networks {
    let config = PolicyConfig::new(OBSERVATION_DIM, &Space::discrete(4))
        .with_action_values(form)
        .unwrap()
        .with_hidden(1, 6, Activation::Tanh)
        .with_layer_norm(layer_norm);
    Networks::policy(config.draw(&mut Stream::from_seed(3)))
}

fn noise(networks: &Networks) -> Noise {
    Noise::new(networks, Stream::from_seed(8)).unwrap()
}

fn learner(
    networks: &Networks,
    learner: LearnerKind,
    optimizer: Optimizer,
    max_grad_norm: Option<f64>,
) -> Box<dyn Learner> {
    let config = OptimizerConfig {
        optimizer,
        optimizer_epsilon: 1e-3,
        max_grad_norm,
        learner,
        ..OptimizerConfig::default()
    };
    let networks = networks.clone();
    let noise = noise(&networks);
    (config.init_noisy(networks, noise, &Device::flex())).unwrap()
}

/// Means, then deviations.
fn parameters(learner: &dyn Learner) -> Vec<f32> {
    [&learner.networks().flat(), learner.deviations()].concat()
}

/// Observations, actions and targets, so many of each step.
fn columns(targets: usize) -> [Vec<f32>; 3] {
    let mut rng = Stream::from_seed(1);
    let mut numbers =
        |n: usize| -> Vec<f32> { (0..n).map(|_| rng.uniform(-1.5, 1.5) as f32).collect() };
    [
        numbers(STEPS * OBSERVATION_DIM),
        (0..STEPS).map(|t| (t % 4) as f32).collect(),
        numbers(STEPS * targets),
    ]
}

fn samples(columns: &[Vec<f32>; 3]) -> Samples<'_> {
    let [observations, actions, targets] = columns;
    Samples {
        observations,
        actions,
        targets,
        ..Samples::default()
    }
}

/// Mean squared TD error of a perceptron with these weights, layer by layer in `f64`.
fn loss(networks: &Networks, weights: &[f64], samples: &Samples<'_>) -> f64 {
    let mlps = networks.mlps().unwrap();
    let rows = samples.observations.chunks_exact(OBSERVATION_DIM);
    let rows = rows.zip(samples.actions).zip(samples.targets);
    let errors = rows.map(|((observation, &action), &target)| {
        let mut x: Vec<f64> = observation.iter().map(|&x| x.into()).collect();
        let mut rest = weights;
        for (index, layer) in mlps[0].layers.iter().enumerate() {
            let (weight, others) = rest.split_at(layer.weight.len());
            let (bias, others) = others.split_at(layer.bias.len());
            let outputs = bias.len();
            let output = |o: usize| {
                let products = x
                    .iter()
                    .enumerate()
                    .map(|(i, x)| x * weight[i * outputs + o]);
                bias[o] + products.sum::<f64>()
            };
            let y: Vec<f64> = (0..outputs).map(output).collect();
            let is_hidden = index + 1 < mlps[0].layers.len();
            x = y
                .into_iter()
                .map(|y| if is_hidden { y.tanh() } else { y })
                .collect();
            rest = others;
        }
        x[action as usize] - f64::from(target)
    });
    errors.map(|error| error * error).sum::<f64>() / samples.actions.len() as f64
}

#[test]
fn means_and_deviations_go_down_the_finite_differences_of_the_loss_clipped_by_their_common_norm() {
    let networks = networks(ActionValueForm::Plain, false);
    let (columns, n) = (columns(1), networks.len());
    let samples = samples(&columns);
    for kind in KINDS {
        for max_grad_norm in [None, Some(0.2)] {
            let mut learner = learner(&networks, kind, Optimizer::Sgd, max_grad_norm);
            let mut noise = noise(&networks);
            for _ in 0..3 {
                noise.draw();
                let before: Vec<f64> = parameters(&*learner).into_iter().map(f64::from).collect();
                let at = |parameters: &[f64]| {
                    let (means, deviations) = parameters.split_at(n);
                    let terms = means.iter().zip(deviations).zip(noise.numbers());
                    let weights =
                        terms.map(|((mean, deviation), &x)| mean + deviation * f64::from(x));
                    loss(&networks, &weights.collect::<Vec<f64>>(), &samples)
                };
                let slope = |index: usize| {
                    let [above, below] = [1e-5, -1e-5].map(|step| {
                        let mut moved = before.clone();
                        moved[index] += step;
                        at(&moved)
                    });
                    (above - below) / 2e-5
                };
                let gradient: Vec<f64> = (0..2 * n).map(slope).collect();
                let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                let measured = step(&mut *learner, &samples, 0.5);
                assert!((measured.grad_norm - norm).abs() < 1e-5 * norm);
                assert!((measured.terms[0] - at(&before)).abs() < 1e-5);
                let scale = 0.5 * max_grad_norm.map_or(1.0, |most| (most / norm).min(1.0));
                let after = parameters(&*learner);
                for (index, (after, g)) in after.into_iter().zip(&gradient).enumerate() {
                    let off = f64::from(after) - (before[index] - scale * g);
                    assert!(
                        off.abs() < 2e-6,
                        "{kind:?} {max_grad_norm:?} {index} of {n}: {off:e}"
                    );
                }
            }
        }
    }
}

/// One step on all samples.
fn step(learner: &mut dyn Learner, samples: &Samples<'_>, rate: f64) -> Measurements {
    let batch = Batch {
        samples: *samples,
        terms: &[&SQUARED],
        ..Batch::default()
    };
    let measured = learner.session(&batch, &mut |session| {
        session.gradient(0..STEPS, false)?;
        session.step(rate)
    });
    measured.unwrap().pop().unwrap()
}

/// Nine steps in a drawn order.
fn go(learner: &mut dyn Learner, form: ActionValueForm) -> FitReport {
    let quantile = QuantileError {
        coefficient: 1.0,
        weighted: false,
    };
    let term: &dyn Term = match form.quantiles() {
        1 => &SQUARED,
        _ => &quantile,
    };
    let columns = columns(form.quantiles());
    let plan = Plan {
        epochs: 3,
        minibatch_size: 16,
        ..Plan::whole(1e-3)
    };
    let shuffling = &mut Stream::from_seed(6);
    let samples = samples(&columns);
    let terms = &[term];
    let report = fit(
        learner,
        &samples,
        terms,
        &plan,
        Some(shuffling),
        &SingleProcess,
    )
    .unwrap();
    // NaN: there are no log-probs.
    FitReport {
        approx_kl: 0.0,
        ..report
    }
}

#[test]
fn both_learners_take_the_same_noisy_steps_and_are_restored_to_the_bit() {
    for (form, norm, optimizer) in [
        (ActionValueForm::Plain, false, Optimizer::Adam),
        (ActionValueForm::Plain, true, Optimizer::Radam),
        (ActionValueForm::Dueling, true, Optimizer::Adam),
        (ActionValueForm::Quantiles(3), false, Optimizer::Rmsprop),
    ] {
        let what = format!("{form:?} norm {norm} {optimizer:?}");
        let networks = networks(form, norm);
        let [by_tape, by_hand] = KINDS.map(|kind| {
            let new = || learner(&networks, kind, optimizer, Some(0.5));
            let (mut learner, mut restored) = (new(), new());
            let before = parameters(&*learner);
            let report = go(&mut *learner, form);
            let after = parameters(&*learner);
            for (index, (before, after)) in before.iter().zip(&after).enumerate() {
                // The normalisation has no noise.
                let is_fixed = index >= networks.len() && *before == 0.0;
                assert!(!is_fixed || *after == 0.0, "{what} {index}");
            }
            restored.load(&Snapshot::of(&*learner)).unwrap();
            let reports = [&mut learner, &mut restored].map(|learner| go(&mut **learner, form));
            assert_eq!(reports[0], reports[1], "{what} {kind:?}");
            assert_eq!(parameters(&*restored), parameters(&*learner));
            assert_ne!(parameters(&*learner), after);
            (after, report, before)
        });
        let moved = |of: &(Vec<f32>, FitReport, Vec<f32>)| -> Vec<f32> {
            of.0.iter().zip(&of.2).map(|(a, b)| a - b).collect()
        };
        let error = difference(&moved(&by_hand), &moved(&by_tape));
        assert!(error <= 1e-3, "{what}: {error:e} of the way");
        assert_reports_agree(&by_tape.1, &by_hand.1, &what);
    }
}

#[test]
fn processes_exchange_the_gradient_by_means_and_by_deviations() {
    let networks = networks(ActionValueForm::Plain, false);
    for kind in KINDS {
        let mut learner = learner(&networks, kind, Optimizer::Sgd, None);
        let (columns, before, n) = (columns(1), parameters(&*learner), networks.len());
        let batch = Batch {
            samples: samples(&columns),
            terms: &[&SQUARED],
            ..Batch::default()
        };
        let measured = learner.session(&batch, &mut |session| {
            session.gradient(0..STEPS, false)?;
            session.exchange(&mut |gradient| {
                assert_eq!(gradient.len(), 2 * n);
                gradient.fill(0.0);
                gradient[1] = 3.0;
                gradient[n + 2] = 4.0;
                Ok(())
            })?;
            session.step(0.5)
        });
        assert!((measured.unwrap()[0].grad_norm - 5.0).abs() < 1e-6);
        let mut expected = before;
        expected[1] -= 1.5;
        expected[n + 2] -= 2.0;
        assert_eq!(parameters(&*learner), expected);
        let refused = learner.session(&batch, &mut |session| session.step(0.5));
        assert!(refused.is_err(), "a step needs a gradient");
    }
}
