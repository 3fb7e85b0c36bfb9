//! Actions within bounds: the same learner with a Gaussian, which is clipped, and with two
//! distributions that know the bounds of Pendulum's torque.
use rl_core::{Agent, Environment, Purpose, RolloutCollector, RolloutConfig, Stream};
use rl_envs::{EnvironmentId, Pendulum};
use rl_nets::{Device, DistributionKind, MlpConfig, Networks, PolicyConfig};
use rl_pg::PpoConfig;

const ENVIRONMENTS: usize = 10;
const STEPS: usize = 200;
/// The largest torque, in Nm.
const LIMIT: f32 = 2.0;

/// The share of drawn actions that are out of bounds, before and after some updates.
fn learn(kind: DistributionKind) -> Result<[f64; 2], Box<dyn std::error::Error>> {
    let mut rng = Stream::derive(0, Purpose::Initialization, 0);
    let policy = PolicyConfig::new(3, &Pendulum::v1().action_space())
        .with_distribution(kind)?
        .draw(&mut rng);
    let value = MlpConfig::new(3, 1).draw(&mut rng);
    let config = PpoConfig {
        steps_per_environment: STEPS,
        minibatch_size: 250,
        ..PpoConfig::default()
    };
    let shuffling = Stream::derive(0, Purpose::Shuffling, 0);
    let mut agent = config.init(
        Networks::separate(policy, value),
        &Device::flex(),
        shuffling,
    )?;
    let shards = EnvironmentId::Pendulum.make_shards(0, ENVIRONMENTS, 1);
    let mut collector = RolloutCollector::new(shards, 0, RolloutConfig::default())?;

    let mut outside = [0.0; 2];
    for update in 0..6 {
        // The environment gets clipped actions; a rollout keeps those that were drawn.
        let rollout = &collector.collect(&agent.policy(), STEPS)?.rollout;
        let beyond = rollout.actions().iter().filter(|a| a.abs() > LIMIT).count();
        outside[usize::from(update > 0)] = beyond as f64 / rollout.len() as f64;
        agent.update(rollout)?;
    }
    Ok(outside)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kinds = [
        DistributionKind::DiagGaussian,
        DistributionKind::SquashedGaussian,
        DistributionKind::Beta,
    ];
    for kind in kinds {
        let [before, after] = learn(kind)?;
        println!("{kind}: {before:.3} of the actions out of bounds, then {after:.3}");
        // Beyond two deviations of a Gaussian there are 4.6 %; elsewhere nothing.
        assert_eq!(before > 0.0, kind == DistributionKind::DiagGaussian);
        assert_eq!(after > 0.0, kind == DistributionKind::DiagGaussian);
    }
    Ok(())
}
