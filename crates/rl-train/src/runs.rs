//! The loops of a run: how its algorithm's experience is gathered and learned from.

use std::time::{Duration, Instant};

use rl_core::{
    Agent, BatchEnvironment, CollectError, Collector, Episode, FlatEnvironment, Purpose, Rollout,
    RolloutBatch, RolloutCollector, RolloutConfig, RolloutError, RunningMoments, Stream, Threads,
    TrajectoryStore,
};
use rl_envs::{NormalizeObservation, Updating, WrapperError};
use rl_learn::UpdateError;
use rl_nets::{Actor, Device, MlpConfig, Networks, PolicyConfig};
use rl_pg::{A3c, PolicyGradient, UpdateReport};

use crate::algo::Sharing;
use crate::{AlgoConfig, Config, TrainError};

/// An agent with its environments.
pub(crate) trait Run {
    /// Gathers experience and learns from it once.
    fn update(&mut self) -> Result<Update, RunError>;

    /// Tells what share of the run is done.
    fn set_progress(&mut self, done: f64);

    /// The networks as of the last update.
    fn networks(&self) -> Networks;

    /// What observations are normalised by from now on.
    fn normalization(&self) -> Option<RunningMoments>;
}

/// An update.
pub(crate) struct Update {
    pub steps: usize,
    pub episodes: Vec<Episode>,
    pub report: UpdateReport,
    pub acting: Duration,
}

/// Why an update failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No episodes could be gathered.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// No rollout could be gathered.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// Nothing could be learned.
    #[error(transparent)]
    Learn(#[from] UpdateError),
    /// The environments could not share their statistics.
    #[error(transparent)]
    Wrapper(#[from] WrapperError),
}

/// The run that a configuration describes.
pub(crate) fn start(config: &Config, device: &Device) -> Result<Box<dyn Run>, TrainError> {
    let networks = networks(config)?;
    let threads = &Threads::new(config.threads)?;
    Ok(match &config.algo {
        AlgoConfig::Vpg(episodes) => {
            let agent = episodes.own.init(networks, device)?;
            let (steps, group_size) = (episodes.steps_per_update, episodes.group_size);
            episodes_of(config, threads, agent, steps, group_size)?
        }
        AlgoConfig::Reinforce(reinforce) => {
            let agent = reinforce.init(networks, device)?;
            episodes_of(config, threads, agent, 1, 1)?
        }
        AlgoConfig::A2c(rollouts) => {
            let own = rollouts.own.own;
            let agent = own.init(networks, device)?;
            let normalize = rollouts.normalize_rewards.then_some(own.gamma);
            rollouts_of(config, threads, agent, own.steps_per_environment, normalize)?
        }
        AlgoConfig::Trpo(rollouts) => {
            let own = rollouts.own;
            let agent = own.init(networks, device)?;
            let normalize = rollouts.normalize_rewards.then_some(own.gamma);
            rollouts_of(config, threads, agent, own.steps_per_environment, normalize)?
        }
        AlgoConfig::Ppo(rollouts) => {
            let own = rollouts.own.own;
            let shuffling = Stream::derive(config.seed, Purpose::Shuffling, 0);
            let agent = own.init(networks, device, shuffling)?;
            let normalize = rollouts.normalize_rewards.then_some(own.gamma);
            rollouts_of(config, threads, agent, own.steps_per_environment, normalize)?
        }
        AlgoConfig::A3c(actor_critic) => Box::new(Workers::new(
            config,
            threads,
            actor_critic,
            networks,
            device,
        )?),
    })
}

/// The networks that a run starts from: the policy, then what the value function adds, from one
/// stream.
fn networks(config: &Config) -> Result<Networks, TrainError> {
    let environment = config.environment()?.make();
    let (observations, actions) = (environment.observation_space(), environment.action_space());
    let policy = PolicyConfig {
        log_std: config.log_std as f32,
        ..PolicyConfig::new(observations.dim(), &actions)
    };
    let policy = match config.distribution {
        Some(kind) => policy.with_distribution(kind)?,
        None => policy,
    };
    let policy = policy
        .with_hidden(config.n_layers, config.size, config.activation)
        .with_initialization(config.initialization);
    let rng = &mut Stream::derive(config.seed, Purpose::Initialization, 0);
    let weights = policy.draw(rng);
    let mut value = MlpConfig {
        output_size: 1,
        output_gain: 1.0,
        ..policy.mlp.clone()
    };
    Ok(match config.algo.value_function() {
        None => Networks::policy(weights),
        Some(Sharing::Separate) => Networks::separate(weights, value.draw(rng)),
        Some(Sharing::Shared) => {
            (value.input_size, value.n_layers) = match value.n_layers {
                0 => (value.input_size, 0),
                _ => (value.size, 0),
            };
            Networks::shared(weights, &value.draw(rng).layers[0])
        }
    })
}

/// Whole episodes.
struct EpisodeRun<E, A, S> {
    collector: Collector<E>,
    agent: A,
    steps_per_update: usize,
    /// Called after every update; returns what observations are normalised by from then on.
    synchronize: S,
    normalization: Option<RunningMoments>,
}

fn episodes_of<A>(
    config: &Config,
    threads: &Threads,
    agent: A,
    steps_per_update: usize,
    group_size: usize,
) -> Result<Box<dyn Run>, TrainError>
where
    A: Agent<
            Policy = Actor,
            Experience = TrajectoryStore,
            Report = UpdateReport,
            Error = UpdateError,
        > + PolicyGradient
        + 'static,
{
    let mut agent = agent;
    agent.set_threads(threads);
    let id = config.environment()?;
    let environments = (0..config.environments).map(|_| id.make());
    if !config.normalize_observations {
        let collector = collector(config, threads, environments.collect(), group_size)?;
        return Ok(Box::new(EpisodeRun {
            collector,
            agent,
            steps_per_update,
            synchronize: |_: &mut Collector<_>| Ok(None),
            normalization: None,
        }));
    }
    let normalized = environments
        .map(|made| NormalizeObservation::new(made, Updating::OnSynchronize))
        .collect();
    let synchronize = |collector: &mut Collector<NormalizeObservation<_>>| {
        NormalizeObservation::synchronize(collector.environments_mut())?;
        let first = collector.environments_mut().next();
        Ok(first.map(|environment| environment.statistics().frozen()))
    };
    Ok(Box::new(EpisodeRun {
        collector: collector(config, threads, normalized, group_size)?,
        agent,
        steps_per_update,
        synchronize,
        normalization: None,
    }))
}

fn collector<E: FlatEnvironment>(
    config: &Config,
    threads: &Threads,
    environments: Vec<E>,
    group_size: usize,
) -> Result<Collector<E>, TrainError> {
    let collector = Collector::grouped(environments, config.seed, group_size);
    let failed = |source: CollectError| TrainError::Update {
        update: 1,
        source: source.into(),
    };
    Ok(collector
        .map_err(failed)?
        .with_threads(threads.clone())
        .with_reward_scale(config.reward_scale))
}

impl<E, A, S> Run for EpisodeRun<E, A, S>
where
    E: FlatEnvironment,
    A: Agent<
            Policy = Actor,
            Experience = TrajectoryStore,
            Report = UpdateReport,
            Error = UpdateError,
        > + PolicyGradient,
    S: Fn(&mut Collector<E>) -> Result<Option<RunningMoments>, WrapperError>,
{
    fn update(&mut self) -> Result<Update, RunError> {
        let start = Instant::now();
        let collection = self
            .collector
            .collect(&self.agent.policy(), self.steps_per_update)?;
        let acting = start.elapsed();
        let report = self.agent.update(&collection.trajectories)?;
        let update = Update {
            steps: collection.trajectories.steps(),
            episodes: collection.episodes.clone(),
            report,
            acting,
        };
        self.normalization = (self.synchronize)(&mut self.collector)?;
        Ok(update)
    }

    fn set_progress(&mut self, done: f64) {
        self.agent.set_progress(done);
    }

    fn networks(&self) -> Networks {
        self.agent.networks()
    }

    fn normalization(&self) -> Option<RunningMoments> {
        self.normalization.clone()
    }
}

type Batches = RolloutCollector<Box<dyn BatchEnvironment>>;

/// Rollouts of all environments together.
struct RolloutRun<A> {
    collector: Batches,
    agent: A,
    steps_per_environment: usize,
}

fn rollouts_of<A>(
    config: &Config,
    threads: &Threads,
    agent: A,
    steps_per_environment: usize,
    normalize_rewards: Option<f64>,
) -> Result<Box<dyn Run>, TrainError>
where
    A: Agent<Policy = Actor, Experience = Rollout, Report = UpdateReport, Error = UpdateError>
        + PolicyGradient
        + 'static,
{
    let shards =
        config
            .environment()?
            .make_shards(config.seed, config.environments, threads.count());
    let rollouts = RolloutConfig {
        reward_scale: config.reward_scale,
        normalize_observations: config.normalize_observations,
        normalize_rewards,
    };
    let collector = RolloutCollector::new(shards, config.seed, rollouts).map_err(failed)?;
    let mut agent = agent;
    agent.set_threads(threads);
    Ok(Box::new(RolloutRun {
        collector: collector.with_threads(threads.clone()),
        agent,
        steps_per_environment,
    }))
}

fn failed(source: RolloutError) -> TrainError {
    TrainError::Update {
        update: 1,
        source: source.into(),
    }
}

impl<A> Run for RolloutRun<A>
where
    A: Agent<Policy = Actor, Experience = Rollout, Report = UpdateReport, Error = UpdateError>
        + PolicyGradient,
{
    fn update(&mut self) -> Result<Update, RunError> {
        let start = Instant::now();
        let RolloutBatch { rollout, episodes } = self
            .collector
            .collect(&self.agent.policy(), self.steps_per_environment)?;
        let acting = start.elapsed();
        let report = self.agent.update(rollout)?;
        Ok(Update {
            steps: rollout.len(),
            episodes: episodes.clone(),
            report,
            acting,
        })
    }

    fn set_progress(&mut self, done: f64) {
        self.agent.set_progress(done);
    }

    fn networks(&self) -> Networks {
        self.agent.networks()
    }

    fn normalization(&self) -> Option<RunningMoments> {
        self.collector.normalization()
    }
}

/// Rollouts of each environment by itself, by policies of different age.
struct Workers {
    collectors: Vec<Batches>,
    agent: A3c,
    steps_per_environment: usize,
    threads: Threads,
}

impl Workers {
    fn new(
        config: &Config,
        threads: &Threads,
        actor_critic: &crate::ActorCritic<rl_pg::A2cConfig>,
        networks: Networks,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let own = actor_critic.own;
        let rollouts = RolloutConfig {
            reward_scale: config.reward_scale,
            normalize_observations: false,
            normalize_rewards: None,
        };
        let shards = config.environment()?.make_shards(
            config.seed,
            config.environments,
            config.environments,
        );
        let collectors: Result<Vec<_>, _> = (0..)
            .zip(shards)
            .map(|(worker, shard)| {
                RolloutCollector::numbered(vec![shard], config.seed, rollouts, worker)
            })
            .collect();
        Ok(Self {
            collectors: collectors.map_err(failed)?,
            agent: A3c::new(own, config.environments, networks, device)?,
            steps_per_environment: own.steps_per_environment,
            threads: threads.clone(),
        })
    }
}

impl Run for Workers {
    fn update(&mut self) -> Result<Update, RunError> {
        let start = Instant::now();
        let Self {
            collectors,
            agent,
            steps_per_environment,
            threads,
        } = self;
        let workers = collectors.iter_mut().zip(agent.policies());
        let outcomes = threads.map(workers, |(collector, policy)| {
            collector.collect(policy, *steps_per_environment).map(drop)
        });
        outcomes.into_iter().collect::<Result<(), _>>()?;
        let acting = start.elapsed();
        let batches: Vec<&RolloutBatch> = collectors.iter().map(RolloutCollector::batch).collect();
        let rollouts: Vec<&Rollout> = batches.iter().map(|batch| &batch.rollout).collect();
        let report = agent.update(&rollouts)?;
        Ok(Update {
            steps: rollouts.iter().map(|rollout| rollout.len()).sum(),
            episodes: batches
                .iter()
                .flat_map(|batch| batch.episodes.iter().copied())
                .collect(),
            report,
            acting,
        })
    }

    fn set_progress(&mut self, done: f64) {
        self.agent.set_progress(done);
    }

    fn networks(&self) -> Networks {
        self.agent.networks()
    }

    fn normalization(&self) -> Option<RunningMoments> {
        None
    }
}
