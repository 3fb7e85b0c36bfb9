//! Proximal policy optimization on Pendulum-v1: rollouts of ten pendulums in SIMD registers.
use rl_core::{Agent, Environment, Purpose, RolloutCollector, RolloutConfig, Stream, run_episode};
use rl_envs::{EnvironmentId, Pendulum};
use rl_learn::OptimizerConfig;
use rl_nets::{ActionChoice, Device, MlpConfig, Networks, PolicyConfig};
use rl_pg::PpoConfig;

const ENVIRONMENTS: usize = 10;
/// The length of an episode.
const STEPS: usize = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut environment = Pendulum::v1();
    let mut rng = Stream::derive(0, Purpose::Initialization, 0);
    let policy = PolicyConfig::new(3, &environment.action_space()).draw(&mut rng);
    let value = MlpConfig::new(3, 1).draw(&mut rng);

    let defaults = PpoConfig::default();
    let config = PpoConfig {
        steps_per_environment: STEPS,
        minibatch_size: 250,
        gamma: 0.9,
        optimizer: OptimizerConfig {
            learning_rate: 2e-3,
            ..defaults.optimizer
        },
        ..defaults
    };
    config.validate(ENVIRONMENTS)?;
    let shuffling = Stream::derive(0, Purpose::Shuffling, 0);
    let mut agent = config.init(
        Networks::separate(policy, value),
        &Device::flex(),
        shuffling,
    )?;

    let shards = EnvironmentId::Pendulum.make_shards(0, ENVIRONMENTS, 1);
    let rollouts = RolloutConfig {
        reward_scale: 0.1,
        ..RolloutConfig::default()
    };
    let mut collector = RolloutCollector::new(shards, 0, rollouts)?;
    for update in 1..=25 {
        let batch = collector.collect(&agent.policy(), STEPS)?;
        let report = agent.update(&batch.rollout)?;
        let returns = batch.episodes.iter().map(|episode| episode.total_reward);
        let mean = returns.sum::<f64>() / batch.episodes.len() as f64;
        println!(
            "update {update:>2}: mean return {mean:7.1}, KL {:.4}",
            report.kl
        );
    }

    let mut policy = agent.policy().with_choice(ActionChoice::Mode);
    let (mut resets, mut actions) = (Stream::from_seed(0), Stream::from_seed(0));
    let mut total = 0.0;
    for _ in 0..20 {
        let played = run_episode(&mut environment, &mut policy, &mut resets, &mut actions)?;
        total += played.total_reward;
    }
    println!("the likeliest actions: mean return {:.1}", total / 20.0);
    // A pendulum that is never swung up costs more than 1000.
    assert!(total / 20.0 > -500.0);
    Ok(())
}
