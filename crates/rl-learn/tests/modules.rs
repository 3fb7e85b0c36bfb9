//! Modules and optimizers of a user's own learn on Burn's tape.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::optim::{AdamWConfig, SgdConfig};
use rl_core::{BoxSpace, SavedPolicy, SingleProcess, Snapshot, Space, Spaces, Stream};
use rl_learn::{
    Batch, EntropyBonus, Learner, LearnerKind, NetworksConfig, Noise, OptimizerConfig, OwnNetworks,
    OwnOptimizer, Plan, Samples, Surrogate, Term, ValueError, ValueLayers, fit,
};
use rl_nets::{
    Actor, Device, Mlp, MlpConfig, ModuleWeights, NetworkWeights, Networks, PolicyConfig,
};

const STEPS: usize = 32;

fn space() -> Space {
    Space::Box(BoxSpace::symmetric([1.0, 2.0]))
}

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Stream::from_seed(seed);
    (0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect()
}

/// The same weights as perceptrons, and as modules that Burn knows nothing of.
fn twins() -> [Networks; 2] {
    let mut rng = Stream::from_seed(3);
    let policy = PolicyConfig::new(3, &space()).draw(&mut rng);
    let value = MlpConfig::new(3, 1).draw(&mut rng);
    let device = Device::flex();
    let module = |weights| {
        let mlp = Mlp::from_weights(weights, &device.clone().autodiff());
        NetworkWeights::Module(ModuleWeights::new(mlp, 3, &device).unwrap())
    };
    let head = (policy.head.clone(), policy.log_std.clone());
    let value_module = Some(module(&value));
    let modules = Networks::assemble(module(&policy.mlp), head, value_module, false);
    [Networks::separate(policy, value), modules].map(Result::unwrap)
}

/// Twenty steps of a learner.
fn go(learner: &mut dyn Learner) {
    let [observations, actions] = [numbers(STEPS * 3, 1), numbers(STEPS * 2, 2)];
    let [advantages, targets] = [numbers(STEPS, 3), numbers(STEPS, 4)];
    let samples = Samples {
        observations: &observations,
        actions: &actions,
        advantages: &advantages,
        targets: &targets,
        ..Samples::default()
    };
    let error = ValueError {
        coefficient: 0.5,
        clip_range: None,
    };
    let terms: [&dyn Term; 3] = [&Surrogate::LogProb, &EntropyBonus(0.01), &error];
    let plan = Plan {
        epochs: 5,
        minibatch_size: 8,
        ..Plan::whole(1e-2)
    };
    let report = fit(learner, &samples, &terms, &plan, None, &SingleProcess);
    assert_eq!(report.unwrap().steps, 20);
}

fn init(networks: &Networks, config: &OptimizerConfig) -> Box<dyn Learner> {
    config.init(networks.clone(), &Device::flex()).unwrap()
}

fn learned(networks: &Networks, config: &OptimizerConfig) -> Networks {
    let mut learner = init(networks, config);
    go(learner.as_mut());
    learner.networks().clone()
}

fn adam() -> OptimizerConfig {
    OptimizerConfig {
        learner: LearnerKind::Burn,
        max_grad_norm: Some(0.5),
        ..OptimizerConfig::adam(1e-2)
    }
}

#[test]
fn a_module_learns_and_acts_as_the_perceptron_that_it_is() {
    let [mlps, modules] = twins();
    assert_eq!(mlps.flat(), modules.flat());
    let [of_mlps, of_modules] = [&mlps, &modules].map(|networks| learned(networks, &adam()));
    assert_ne!(of_mlps.flat(), mlps.flat());
    assert_eq!(of_mlps.flat(), of_modules.flat());

    let [mut host, mut module] =
        [&of_mlps, &of_modules].map(|networks| Actor::of(networks).unwrap());
    let observations = numbers(7 * 3, 5);
    let mut outputs = [[f32::NAN; 14]; 2];
    host.evaluate(&observations, &mut outputs[0]);
    module.evaluate(&observations, &mut outputs[1]);
    for (a, b) in outputs[0].iter().zip(&outputs[1]) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let before = Actor::of(&modules).unwrap();
    let kl = before.mean_kl(&module, &observations, &Default::default());
    let of_host = Actor::of(&mlps)
        .unwrap()
        .mean_kl(&host, &observations, &Default::default());
    assert!(
        kl > 0.0 && (kl - of_host).abs() < 1e-4 * of_host,
        "{kl} {of_host}"
    );

    let record = module.record();
    let names: Vec<&str> = record
        .arrays
        .iter()
        .map(|array| array.name.as_str())
        .collect();
    assert_eq!(names[0], "policy.layers.0.weight");
    assert_eq!(names.last(), Some(&"policy.log_std"));
    assert_eq!(record.arrays[0].shape, [3, 64]);
    assert_eq!(record.arrays[0].values, of_modules.flat()[..3 * 64]);
}

#[test]
fn optimizers_of_ones_own_move_parameters_by_their_rule_and_go_on_from_their_record() {
    let [mlps, modules] = twins();
    for networks in [mlps, modules] {
        for own in [
            OwnOptimizer::new(|| SgdConfig::new().init()),
            OwnOptimizer::new(|| AdamWConfig::new().init()),
        ] {
            let config = OptimizerConfig {
                own,
                learner: LearnerKind::Auto,
                ..adam()
            };
            let (mut first, mut restored) = (init(&networks, &config), init(&networks, &config));
            go(first.as_mut());
            assert_ne!(first.networks(), &networks);
            let snapshot = Snapshot::of(first.as_ref());
            restored.load(&snapshot).unwrap();
            assert_eq!(restored.networks(), first.networks());
            go(first.as_mut());
            go(restored.as_mut());
            assert_eq!(restored.networks(), first.networks());
            let unlike = init(&networks, &adam()).load(&snapshot);
            assert!(unlike.is_err(), "the record of another optimizer");
        }
    }
}

#[test]
fn gradient_descent_of_ones_own_goes_down_the_clipped_gradient() {
    let [networks, _] = twins();
    let config = OptimizerConfig {
        own: OwnOptimizer::new(|| SgdConfig::new().init()),
        ..adam()
    };
    let mut learner = init(&networks, &config);
    let gradient = numbers(networks.len(), 6);
    learner
        .session(&Batch::default(), &mut |session| {
            session.exchange(&mut |own| {
                own.copy_from_slice(&gradient);
                Ok(())
            })?;
            session.step(0.1)
        })
        .unwrap();
    let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
    let moved = networks.flat().into_iter().zip(learner.networks().flat());
    for ((before, after), g) in moved.zip(gradient) {
        let expected = before - 0.1 * g * 0.5 / norm;
        assert!((after - expected).abs() < 1e-6, "{after} {expected}");
    }
}

#[test]
fn the_fused_learner_refuses_what_it_cannot_learn_by_name() {
    let [mlps, modules] = twins();
    let fused = OptimizerConfig {
        learner: LearnerKind::Fused,
        ..adam()
    };
    let error = fused.init(modules, &Device::flex()).err().unwrap();
    assert!(
        error.to_string().contains("a module of one's own"),
        "{error}"
    );
    let own = OptimizerConfig {
        own: OwnOptimizer::new(|| SgdConfig::new().init()),
        ..fused
    };
    let error = own.init(mlps, &Device::flex()).err().unwrap();
    assert!(
        error.to_string().contains("an optimizer of one's own"),
        "{error}"
    );
}

#[test]
fn noisy_layers_refuse_modules_and_optimizers_of_ones_own() {
    let [mlps, modules] = twins();
    let noise = Noise::new(&mlps, Stream::from_seed(0)).unwrap();
    let own = OptimizerConfig {
        own: OwnOptimizer::new(|| SgdConfig::new().init()),
        ..adam()
    };
    for (config, networks, word) in [
        (own, mlps, "an optimizer of one's own"),
        (adam(), modules, "a network of one's own"),
    ] {
        let refused = config.init_noisy(networks, noise.clone(), &Device::flex());
        let message = refused.err().unwrap().to_string();
        assert!(message.starts_with("noisy = true is out of range: allowed is false"));
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn modules_are_drawn_from_the_seed_of_the_run_and_checked_for_their_outputs() {
    use burn::nn::{Linear, LinearConfig};

    #[derive(burn::module::Module, Debug)]
    struct Layer {
        linear: Linear,
    }

    impl rl_nets::Forward for Layer {
        fn forward(&self, observations: burn::tensor::Tensor<2>) -> burn::tensor::Tensor<2> {
            self.linear.forward(observations)
        }
    }

    let spaces = Spaces {
        observation: Space::unbounded(3),
        action: space(),
    };
    let config = |outputs| NetworksConfig {
        own: OwnNetworks::default().policy(move |device| Layer {
            linear: LinearConfig::new(3, outputs).init(device),
        }),
        ..NetworksConfig::default()
    };
    let draw = |outputs, seed, value| config(outputs).draw(&spaces, seed, value, &Device::flex());
    let [first, again, other] = [7, 7, 8].map(|seed| draw(2, seed, None).unwrap().flat());
    assert_eq!(first, again);
    assert_ne!(first, other);
    let beside = draw(2, 7, Some(ValueLayers::Separate)).unwrap();
    assert_eq!(beside.networks().len(), 2);
    let shared = draw(3, 7, Some(ValueLayers::Shared)).unwrap();
    assert!(shared.has_value() && shared.networks().len() == 1);
    for (outputs, value) in [(3, None), (2, Some(ValueLayers::Shared))] {
        let error = draw(outputs, 7, value).unwrap_err().to_string();
        assert!(error.contains("outputs"), "{error}");
    }
    let wider = Spaces {
        observation: Space::unbounded(5),
        ..spaces.clone()
    };
    let error = config(2)
        .draw(&wider, 7, None, &Device::flex())
        .unwrap_err();
    let message = error.to_string();
    assert!(message.contains("observations of 5 numbers"), "{message}");
}

#[test]
fn networks_of_ones_own_tell_what_they_are_and_are_equal_if_made_by_the_same_function() {
    let value = || {
        OwnNetworks::default().value(|device| {
            let weights = MlpConfig::new(3, 1).draw(&mut Stream::from_seed(0));
            Mlp::from_weights(&weights, device)
        })
    };
    let (own, none) = (value(), OwnNetworks::default());
    assert!(own.has_value() && !own.has_policy());
    assert!(!none.has_value() && !none.has_policy());
    assert_eq!(
        format!("{own:?}"),
        "OwnNetworks { policy: false, value: true }"
    );
    assert_eq!(own, own.clone());
    assert_ne!(own, value());
    assert_ne!(own, none);
    assert_eq!(none, none.clone());
}
