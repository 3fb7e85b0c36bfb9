//! The fused learner computes what Burn's tape does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod action_values;
mod noisy;
mod refusals;
mod sessions;

use rl_core::{BoxSpace, Discrete, Reduce, SingleProcess, Space, Stream, Threads};
use rl_learn::{
    Batch, ClipFraction, EntropyBonus, FitReport, LearnerKind, Measurements, NaturalGradient,
    Optimizer, OptimizerConfig, Plan, Samples, Surrogate, Term, UpdateError, ValueError, fit,
};
use rl_nets::{
    Activation, Device, DistributionKind, MlpConfig, MlpWeights, Networks, PolicyConfig,
};

const STEPS: usize = 48;
const OBSERVATION_DIM: usize = 3;
const OPTIMIZERS: [Optimizer; 4] = [
    Optimizer::Adam,
    Optimizer::Radam,
    Optimizer::Rmsprop,
    Optimizer::Sgd,
];

/// Steps of a policy that is not the one that learns.
struct Experience {
    observations: Vec<f32>,
    actions: Vec<f32>,
    advantages: Vec<f32>,
    log_probs: Vec<f32>,
    targets: Vec<f32>,
    values: Vec<f32>,
}

impl Experience {
    fn new(networks: &Networks, space: &Space) -> Self {
        let mut rng = Stream::from_seed(1);
        let mut numbers = |n: usize, scale: f64| -> Vec<f32> {
            (0..n).map(|_| rng.uniform(-scale, scale) as f32).collect()
        };
        let observations = numbers(STEPS * OBSERVATION_DIM, 1.5);
        let noise = numbers(STEPS, 0.4);
        let (advantages, targets, values) = (
            numbers(STEPS, 2.0),
            numbers(STEPS, 1.0),
            numbers(STEPS, 1.0),
        );
        let mut actions = vec![0.0; STEPS * space.flat_dim()];
        let mut rng = Stream::from_seed(2);
        for action in actions.chunks_mut(space.flat_dim()) {
            space.sample(&mut rng, action);
        }
        // Log-probs near the policy's own, on both sides of any clip range.
        let mut log_probs = vec![0.0; STEPS];
        learner(networks, LearnerKind::Burn, Optimizer::Adam)
            .evaluate(&observations, &actions, &mut log_probs, &mut [])
            .unwrap();
        log_probs
            .iter_mut()
            .zip(noise)
            .for_each(|(x, noise)| *x += noise);
        Self {
            observations,
            actions,
            advantages,
            log_probs,
            targets,
            values,
        }
    }

    fn samples(&self) -> Samples<'_> {
        Samples {
            observations: &self.observations,
            actions: &self.actions,
            advantages: &self.advantages,
            log_probs: &self.log_probs,
            targets: &self.targets,
            values: &self.values,
            ..Samples::default()
        }
    }
}

fn space(kind: DistributionKind) -> Space {
    match kind {
        DistributionKind::Categorical => Space::Discrete(Discrete::new(4).unwrap()),
        _ => Space::Box(BoxSpace::symmetric([1.0, 2.0])),
    }
}

fn networks(kind: DistributionKind, activation: Activation, shared: bool) -> Networks {
    networks_with(kind, activation, shared, false)
}

/// Networks whose hidden layers are normalised if `layer_norm`.
fn networks_with(
    kind: DistributionKind,
    activation: Activation,
    shared: bool,
    layer_norm: bool,
) -> Networks {
    let mut rng = Stream::from_seed(3);
    let mut policy = PolicyConfig {
        log_std: -0.3,
        ..PolicyConfig::new(OBSERVATION_DIM, &space(kind))
    }
    .with_distribution(kind)
    .unwrap()
    .with_hidden(2, 9, activation);
    policy.mlp.output_gain = 0.3;
    policy.mlp.layer_norm = layer_norm;
    let mut weights = policy.draw(&mut rng);
    vary_norms(&mut weights.mlp);
    let value = MlpConfig {
        size: 9,
        activation,
        layer_norm,
        ..MlpConfig::new(if shared { 9 } else { OBSERVATION_DIM }, 1)
    };
    if shared {
        let head = MlpConfig {
            n_layers: 0,
            ..value
        };
        Networks::shared(weights, &head.draw(&mut rng).layers[0]).unwrap()
    } else {
        let mut value = value.draw(&mut rng);
        vary_norms(&mut value);
        Networks::separate(weights, value).unwrap()
    }
}

/// Moves normalisations from where they begin.
fn vary_norms(mlp: &mut MlpWeights) {
    for norm in mlp
        .layers
        .iter_mut()
        .filter_map(|layer| layer.norm.as_mut())
    {
        for (i, x) in norm.scale.iter_mut().chain(&mut norm.offset).enumerate() {
            *x += 0.3 * (i as f32).sin();
        }
    }
}

fn learner(
    networks: &Networks,
    learner: LearnerKind,
    optimizer: Optimizer,
) -> Box<dyn NaturalGradient> {
    let config = OptimizerConfig {
        optimizer,
        // Far above what rounding leaves of a gradient of zero.
        optimizer_epsilon: 1e-3,
        max_grad_norm: Some(0.5),
        learner,
        ..OptimizerConfig::adam(1e-3)
    };
    config
        .init_natural(networks.clone(), &Device::flex())
        .unwrap()
}

type Terms = Vec<Box<dyn Term>>;

fn losses() -> [Terms; 4] {
    let error = |clip_range| ValueError {
        coefficient: 0.5,
        clip_range,
    };
    [
        vec![
            Box::new(Surrogate::LogProb),
            Box::new(EntropyBonus(0.0)),
            Box::new(error(None)),
        ],
        vec![
            Box::new(Surrogate::Ratio),
            Box::new(EntropyBonus(0.03)),
            Box::new(error(None)),
        ],
        vec![
            Box::new(Surrogate::ClippedRatio { clip_range: 0.2 }),
            Box::new(EntropyBonus(0.01)),
            Box::new(error(Some(0.2))),
            Box::new(ClipFraction { clip_range: 0.2 }),
        ],
        vec![Box::new(error(None))],
    ]
}

fn borrowed(terms: &Terms) -> Vec<&dyn Term> {
    terms.iter().map(Box::as_ref).collect()
}

fn names(terms: &Terms) -> Vec<&'static str> {
    terms.iter().map(|term| term.name()).collect()
}

/// A fit in the samples' own order.
fn fit_in_order(
    learner: &mut dyn NaturalGradient,
    samples: &Samples<'_>,
    plan: &Plan,
    terms: &Terms,
) -> FitReport {
    fit(
        learner,
        samples,
        &borrowed(terms),
        plan,
        None,
        &SingleProcess,
    )
    .unwrap()
}

/// A step along a gradient that was computed elsewhere.
fn apply(learner: &mut dyn NaturalGradient, gradient: &[f32], learning_rate: f64) {
    learner
        .session(&Batch::default(), &mut |session| {
            session.exchange(&mut |own| {
                own.copy_from_slice(gradient);
                Ok(())
            })?;
            session.step(learning_rate)
        })
        .unwrap();
}

/// The largest difference, relative to the largest entry.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let scale = b.iter().fold(0.0, |scale: f32, x| scale.max(x.abs()));
    assert!(scale > 0.0, "there is something to compare");
    let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    largest.fold(0.0, f32::max) / scale
}

/// Every distribution, activation and arrangement of the networks.
fn cases() -> impl Iterator<Item = (DistributionKind, Activation, bool)> {
    let kinds = DistributionKind::ALL.into_iter();
    kinds
        .flat_map(|kind| [(kind, false), (kind, true)])
        .flat_map(|(kind, shared)| Activation::ALL.map(|activation| (kind, activation, shared)))
}

/// The networks of a case, with and without layer normalisation.
fn both(kind: DistributionKind, activation: Activation, shared: bool) -> [(Networks, bool); 2] {
    [false, true].map(|norm| (networks_with(kind, activation, shared, norm), norm))
}

#[test]
fn gradients_agree_for_every_loss_distribution_and_activation() {
    let cases = cases().flat_map(|case| both(case.0, case.1, case.2).map(|of| (case, of)));
    for ((kind, activation, shared), (networks, norm)) in cases {
        let experience = Experience::new(&networks, &space(kind));
        let mut burn = learner(&networks, LearnerKind::Burn, Optimizer::Adam);
        let mut fused = learner(&networks, LearnerKind::Fused, Optimizer::Adam);
        for loss in losses() {
            let names = names(&loss);
            let what = format!("{kind:?} {activation:?} shared {shared} norm {norm} {names:?}");
            let loss = borrowed(&loss);
            let mut gradients = [
                vec![f32::NAN; networks.len()],
                vec![f32::NAN; networks.len()],
            ];
            let [by_tape, by_hand] = &mut gradients;
            let samples = experience.samples();
            let a = burn.gradient(&samples, &loss, by_tape).unwrap();
            let b = fused.gradient(&samples, &loss, by_hand).unwrap();
            let error = difference(by_hand, by_tape);
            assert!(error <= 1e-5, "{what}: {error:e}");
            let numbers = |measured: Measurements| {
                let others = [measured.approx_kl, measured.grad_norm];
                [measured.terms.as_slice(), &others].concat()
            };
            for (a, b) in numbers(a).into_iter().zip(numbers(b)) {
                assert!((a - b).abs() <= 2e-5 * a.abs().max(1.0), "{what}: {a} {b}");
            }
        }
    }
}

#[test]
fn updates_agree_for_every_optimizer() {
    for optimizer in OPTIMIZERS {
        for kind in DistributionKind::ALL {
            // Of the optimizers, Adam moves normalised networks, too.
            let norm = optimizer == Optimizer::Adam;
            let networks = networks_with(kind, Activation::Tanh, false, norm);
            let experience = Experience::new(&networks, &space(kind));
            let plan = Plan {
                epochs: 3,
                minibatch_size: 16,
                learning_rate: 1e-3,
                normalize_advantages: true,
                max_kl: None,
            };
            let [_, _, clipped, _] = losses();
            let (mut after, mut reports) = (Vec::new(), Vec::new());
            for of in [LearnerKind::Burn, LearnerKind::Fused] {
                let mut learner = learner(&networks, of, optimizer);
                let (samples, terms) = (experience.samples(), borrowed(&clipped));
                let mut shuffling = Stream::from_seed(6);
                let report = fit(
                    learner.as_mut(),
                    &samples,
                    &terms,
                    &plan,
                    Some(&mut shuffling),
                    &SingleProcess,
                );
                let report = report.unwrap();
                assert_eq!((report.steps, report.epochs), (9, 3));
                reports.push(report);
                let moved = learner.networks().flat();
                // A gradient in the flat order moves what it was computed for.
                let mut gradient = vec![0.0; moved.len()];
                learner
                    .gradient(&experience.samples(), &terms, &mut gradient)
                    .unwrap();
                apply(learner.as_mut(), &gradient, 1e-3);
                assert_ne!(learner.networks().flat(), moved);
                after.push(learner.networks().flat());
            }
            let error = difference(&after[0], &after[1]);
            assert!(error <= 1e-5, "{optimizer:?} {kind:?}: {error:e}");
            let [a, b] = reports.try_into().unwrap();
            assert_reports_agree(&a, &b, &format!("{optimizer:?} {kind:?}"));
        }
    }
}

/// Every field of two reports is the same, up to rounding.
fn assert_reports_agree(a: &FitReport, b: &FitReport, what: &str) {
    // Without `..`: a new field is compared, too.
    let numbers = |report: &FitReport| {
        let FitReport {
            terms,
            approx_kl,
            grad_norm,
            first_ratio_error,
            steps,
            epochs,
        } = report.clone();
        let counts = [("steps", steps as f64), ("epochs", epochs as f64)];
        let others = [
            ("approx_kl", approx_kl),
            ("grad_norm", grad_norm),
            ("first_ratio_error", first_ratio_error),
        ];
        [terms, others.to_vec(), counts.to_vec()].concat()
    };
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len());
    for ((name, a), (of_b, b)) in a.into_iter().zip(b) {
        assert_eq!(name, of_b, "{what}");
        assert!(
            (a - b).abs() <= 2e-5 * a.abs().max(1.0),
            "{what}: {name} {a} {b}"
        );
    }
}

#[test]
fn a_largest_divergence_ends_an_update_after_the_epoch_that_exceeds_it() {
    let kind = DistributionKind::Categorical;
    let networks = networks(kind, Activation::Tanh, false);
    let experience = Experience::new(&networks, &space(kind));
    for of in [LearnerKind::Burn, LearnerKind::Fused] {
        for (max_kl, epochs) in [(1e-9, 1), (1e9, 5)] {
            let plan = Plan {
                epochs: 5,
                minibatch_size: 48,
                learning_rate: 1e-3,
                normalize_advantages: false,
                max_kl: Some(max_kl),
            };
            let [_, ratio, ..] = losses();
            let mut learner = learner(&networks, of, Optimizer::Adam);
            let report = fit_in_order(learner.as_mut(), &experience.samples(), &plan, &ratio);
            assert_eq!(report.epochs, epochs, "{of:?}");
        }
        // Without a step there is no divergence, which is not above 0.
        let plan = Plan {
            epochs: 3,
            minibatch_size: 48,
            learning_rate: 0.0,
            normalize_advantages: false,
            max_kl: Some(0.0),
        };
        let [_, ratio, ..] = losses();
        let mut learner = learner(&networks, of, Optimizer::Sgd);
        let mut samples = experience.samples();
        let (mut log_probs, mut values) = (samples.log_probs.to_vec(), Vec::new());
        let (observations, actions) = (samples.observations, samples.actions);
        learner
            .evaluate(observations, actions, &mut log_probs, &mut values)
            .unwrap();
        samples.log_probs = &log_probs;
        let report = fit_in_order(learner.as_mut(), &samples, &plan, &ratio);
        assert_eq!((report.approx_kl, report.epochs), (0.0, 3), "{of:?}");
    }
}

#[test]
fn fisher_vector_products_agree_and_are_symmetric_and_positive() {
    let cases = cases().flat_map(|case| both(case.0, case.1, case.2).map(|of| (case, of)));
    for ((kind, activation, shared), (networks, norm)) in cases {
        let experience = Experience::new(&networks, &space(kind));
        let mut rng = Stream::from_seed(5);
        let mut vector = || -> Vec<f32> {
            (0..networks.len())
                .map(|_| rng.uniform(-1.0, 1.0) as f32)
                .collect()
        };
        let (u, v) = (vector(), vector());
        let product = |of, vector: &[f32]| {
            let mut product = vec![f32::NAN; networks.len()];
            learner(&networks, of, Optimizer::Adam)
                .fisher_vector_product(&experience.observations, vector, &mut product)
                .unwrap();
            product
        };
        let what = format!("{kind:?} {activation:?} shared {shared} norm {norm}");
        let fu = product(LearnerKind::Fused, &u);
        let fv = product(LearnerKind::Fused, &v);
        let error = difference(&fu, &product(LearnerKind::Burn, &u));
        assert!(error <= 2e-5, "{what}: {error:e}");
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        let (uv, vu) = (dot(&v, &fu), dot(&u, &fv));
        let scale = dot(&u, &fu).max(dot(&v, &fv));
        assert!((uv - vu).abs() <= 1e-5 * scale, "{what}: {uv} {vu}");
        assert!(dot(&u, &fu) > 0.0, "{what}");
    }
}

#[test]
fn values_and_log_probs_agree() {
    for kind in DistributionKind::ALL {
        let networks = networks(kind, Activation::Tanh, true);
        let experience = Experience::new(&networks, &space(kind));
        let mut outputs = Vec::new();
        for of in [LearnerKind::Burn, LearnerKind::Fused] {
            let (mut log_probs, mut values) = (vec![0.0; STEPS], vec![0.0; STEPS]);
            learner(&networks, of, Optimizer::Adam)
                .evaluate(
                    &experience.observations,
                    &experience.actions,
                    &mut log_probs,
                    &mut values,
                )
                .unwrap();
            outputs.push((log_probs, values));
        }
        assert!(difference(&outputs[0].0, &outputs[1].0) <= 1e-5, "{kind:?}");
        assert!(difference(&outputs[0].1, &outputs[1].1) <= 1e-5, "{kind:?}");
    }
}

#[test]
fn clipping_scales_the_whole_gradient_to_the_norm_and_leaves_a_small_one() {
    let kind = DistributionKind::DiagGaussian;
    let networks = networks(kind, Activation::Tanh, false);
    let experience = Experience::new(&networks, &space(kind));
    let [loss, ..] = losses();
    let mut gradient = vec![0.0; networks.len()];
    let measured = learner(&networks, LearnerKind::Burn, Optimizer::Adam)
        .gradient(&experience.samples(), &borrowed(&loss), &mut gradient)
        .unwrap();
    let start = networks.flat();
    for of in [LearnerKind::Burn, LearnerKind::Fused] {
        for (share, factor) in [(0.25, 0.25), (4.0, 1.0)] {
            let config = OptimizerConfig {
                optimizer: Optimizer::Sgd,
                max_grad_norm: Some(share * measured.grad_norm),
                learner: of,
                ..OptimizerConfig::default()
            };
            let learner = config.init_natural(networks.clone(), &Device::flex());
            let mut learner = learner.unwrap();
            apply(learner.as_mut(), &gradient, 0.1);
            let after = learner.networks().flat();
            let moved: Vec<f32> = start
                .iter()
                .zip(&after)
                .map(|(a, b)| (a - b) * 10.0)
                .collect();
            let expected: Vec<f32> = gradient.iter().map(|g| g * factor).collect();
            let error = difference(&moved, &expected);
            assert!(error <= 1e-3, "{of:?} {share}: {error:e}");
        }
    }
}
