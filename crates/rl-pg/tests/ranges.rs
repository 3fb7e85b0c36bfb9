//! Every number of every configuration at the ends of its type: an error that names it, or updates whose
//! numbers are finite; never a panic.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::setup;
use rl_core::{Agent, BoxError, Clock, EnvironmentSource, Interact, Metrics};
use rl_envs::{CartPole, Pendulum};
use rl_learn::{Algorithm, Key, Keys, NetworksConfig, Setup, ValueKind};
use rl_nets::Actor;
use rl_pg::{A2cConfig, A3cConfig, PpoConfig, ReinforceConfig, TrpoConfig, VpgConfig};
use toml::{Table, Value};

const NUMBERS: [f64; 10] = [
    0.0,
    -0.0,
    1e-60,
    1e-30,
    1e30,
    1e300,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
];
const COUNTS: [i64; 4] = [0, 1, 1 << 61, i64::MAX];

fn values(key: &Key) -> Vec<Value> {
    match key.kind {
        ValueKind::Number => NUMBERS.map(Value::Float).to_vec(),
        ValueKind::Count => COUNTS.map(Value::Integer).to_vec(),
        _ => Vec::new(),
    }
}

/// Two updates of a run with one key changed; `Ok(None)` if its value was refused before it.
fn run<K: Algorithm<Agent: Agent<Policy = Actor>>>(
    base: &Table,
    setup: &Setup,
    key: &str,
    value: &Value,
) -> Result<Option<(Actor, Metrics)>, BoxError> {
    let mut setup = setup.clone();
    let mut table = base.clone();
    let of_networks = NetworksConfig::keys().iter().any(|own| own.name == key);
    let single = Table::from_iter([(key.to_owned(), value.clone())]);
    match key {
        "reward_scale" => setup.transform.reward_scale = value.as_float().unwrap(),
        "environments" => setup.environments = value.as_integer().unwrap() as usize,
        _ if of_networks => setup.networks = single.try_into()?,
        _ => table.extend(single),
    }
    let config: K = table.try_into()?;
    let valid = match config.validate(setup.clone()) {
        Ok(valid) => valid,
        Err(error) => {
            let related = ["minibatch_size", "group_size", "normalize_advantages"];
            let named = error.key == key || related.contains(&error.key);
            assert!(named, "{key} = {value}: {error}");
            return Ok(None);
        }
    };
    let (mut agent, mut interaction) = K::build(&valid)?;
    let mut clock = Clock::start(setup.horizon);
    let mut metrics = Metrics::default();
    for _ in 0..2 {
        metrics = Metrics::default();
        interaction.update(&mut agent, &mut clock, &mut metrics)?;
        clock.updates += 1;
    }
    Ok(Some((agent.policy(), metrics)))
}

fn sweep<K: Algorithm<Agent: Agent<Policy = Actor>>>(
    base: &str,
    source: impl EnvironmentSource + 'static,
) {
    let base: Table = base.parse().unwrap();
    let setup = setup(source, 2);
    let of_setup = [
        ("reward_scale", NUMBERS.map(Value::Float).to_vec()),
        ("environments", COUNTS.map(Value::Integer).to_vec()),
    ];
    let keys = [K::keys(), NetworksConfig::keys()].concat();
    let of_keys = keys.iter().map(|key| (key.name, values(key)));
    for (key, values) in of_keys.chain(of_setup) {
        for value in values {
            let what = format!("{}: {key} = {value}", K::NAME);
            let outcome = run::<K>(&base, &setup, key, &value);
            let representable = value
                .as_float()
                .is_none_or(|x| x == 0.0 || !x.is_finite() || (x as f32).is_normal());
            let huge = value.as_integer().is_some_and(|n| n >= 1 << 61);
            match outcome {
                Err(error) => assert!(!error.to_string().is_empty(), "{what}"),
                Ok(None) => {}
                Ok(Some((policy, metrics))) => {
                    assert!(representable, "{what} was taken");
                    // Nothing is made of so many, but n-step returns of whole episodes. A seed is no
                    // size.
                    let takes_any = ["n_step", "init_seed"].contains(&key);
                    assert!(!huge || takes_any, "{what} was taken");
                    for name in ["policy_loss", "entropy", "grad_norm", "kl", "value_loss"] {
                        let number = metrics.get(name).unwrap_or_default();
                        assert!(number.is_finite(), "{what}: {name} is {number}");
                    }
                    let weights = policy.weights().unwrap();
                    let mut squares = weights.parameters().flatten().map(|w| w * w);
                    assert!(
                        squares.all(f32::is_finite),
                        "{what}: no file holds this policy"
                    );
                }
            }
        }
    }
}

fn sweep_all<S: EnvironmentSource + Clone + 'static>(source: S) {
    let rollouts = "steps_per_environment = 8";
    sweep::<A2cConfig>(rollouts, source.clone());
    sweep::<A3cConfig>(rollouts, source.clone());
    sweep::<TrpoConfig>(rollouts, source.clone());
    let minibatches = "steps_per_environment = 8\nminibatch_size = 8\nepochs = 2";
    sweep::<PpoConfig>(minibatches, source.clone());
    let batch = "steps_per_update = 20\nbaseline = \"value\"\nvalue_iterations = 3";
    sweep::<VpgConfig>(batch, source.clone());
    sweep::<ReinforceConfig>("baseline = \"value\"\nvalue_iterations = 3", source);
}

#[test]
fn every_number_at_the_ends_of_its_type_is_an_error_or_a_run_of_finite_numbers() {
    sweep_all(CartPole::v1);
    sweep_all(Pendulum::v1);
}
