//! Deep Q-networks.

use rl_core::collect::Rounds;
use rl_core::state::{Scoped, ScopedReader};
use rl_core::{
    Acts, Agent, BoxError, Budget, Clock, Learns, Metrics, Rollout, State, StateError, StateReader,
    StateWriter,
};
use rl_learn::{
    Algorithm, ConfigError, FitReport, OptimizerConfig, Plan, QuantileError, Range, Samples,
    ScheduleSpan, Setup, TdError, TdLoss, Term, Valid, config,
};
use rl_nets::{ActionValueForm, Networks};

use crate::action_values::{ActionValues, check_setup};
use crate::replay::{Draw, Prioritization, Replay, Sample};
use crate::schedule::Schedule;
use crate::target::{TargetNetwork, mean, write_targets};
use crate::{Decay, ExplorationConfig, GreedyPolicy};

/// Most rows that are drawn at once.
const MOST_ROWS: usize = 8192;

config! {
    /// Deep Q-networks (DQN; Mnih et al. 2015, "Human-level control through deep reinforcement learning",
    /// algorithm 1): after every few steps, gradient steps on transitions drawn from a replay buffer, down
    ///
    /// ```text
    /// 1/B Σ f(Q(s, a) - y),   y = Σ_{i<k} γⁱ rᵢ + γᵏ max_b Q⁻(sₖ, b)
    /// ```
    ///
    /// with the Huber loss `f`, and the target network `Q⁻`, which follows `Q` at a distance. The value of
    /// `sₖ` is left out after a termination, and only there; `k` is `n_step`, or fewer where an episode
    /// ends before. `double` takes the action `b` that is best by `Q` (van Hasselt et al. 2016); `dueling` is Wang et al. 2016,
    /// `n_quantiles` Dabney et al. 2018 (QR-DQN), whose loss takes the place of `f`; `noisy` is Fortunato et al. 2018.
    ///
    /// `learning_starts`, `train_every` and `gradient_steps` are what Stable-Baselines3 calls
    /// `learning_starts`, `train_freq` and `gradient_steps`; `target_every` counts gradient steps, as the
    /// paper does.
    ///
    /// ```
    /// use rl_core::{Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_value::DqnConfig;
    ///
    /// let setup = Setup { environments: 1, ..Setup::new(CartPole::v1, Budget::Steps(2000))? };
    /// let mut clock = Clock::start(setup.horizon);
    /// let config = DqnConfig { learning_starts: 100, ..DqnConfig::default() };
    /// let (mut agent, mut rounds) = DqnConfig::build(&config.validate(setup)?)?;
    /// let mut metrics = Metrics::default();
    /// rounds.update(&mut agent, &mut clock, &mut metrics)?;
    /// assert!(metrics.get("td_loss").is_some_and(f64::is_finite));
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct DqnConfig {
        /// Steps of each environment between updates of the network.
        pub train_every: usize = 4, Range::AtLeast(1.0);
        /// Gradient steps per update of the network.
        pub gradient_steps: usize = 1, Range::REPETITIONS;
        /// Updates of the network that count as one, with a row of metrics.
        pub rounds: usize = 100, Range::REPETITIONS;
        /// Transitions that are kept.
        pub buffer_size: usize = 100_000, Range::AtLeast(1.0);
        /// Steps of all environments before the first update of the network; actions are random
        /// until then.
        pub learning_starts: usize = 1000;
        /// Transitions per gradient step.
        pub minibatch_size: usize = 32, Range::AtLeast(1.0);
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Steps that rewards are summed over before a value follows.
        pub n_step: usize = 1, Range::Between(1.0, 1000.0);
        /// Let the network choose the action whose value the target network gives.
        pub double: bool = false;
        /// Learn the value of a state and the advantages of its actions by outputs of their own.
        pub dueling: bool = false;
        /// Quantiles of the return that are learned for each action; 1 learns its mean alone.
        pub n_quantiles: usize = 1, Range::Between(1.0, 1000.0);
        /// Explore by noise on every weight, whose scale is learned, too.
        pub noisy: bool = false;
        /// Gradient steps between renewals of the target network.
        pub target_every: usize = 250, Range::REPETITIONS;
        /// Share of the network that the target network takes over; 1 copies it.
        pub target_rate: f64 = 1.0, Range::Between(1e-6, 1.0);
        /// Loss of a temporal-difference error.
        pub loss: TdLoss = TdLoss::Huber;
        /// Draw transitions by their last error instead of uniformly.
        pub prioritized: bool = false;
        /// Exponent of the priorities, 0 (uniform) to 1.
        pub priority_exponent: f64 = 0.6, Range::Unit;
        /// Number that is added to every priority.
        pub priority_epsilon: f64 = 1e-6, Range::Positive;
        /// Exponent of the importance weights at the beginning; it rises to 1 over the run.
        pub importance_exponent: f64 = 0.4, Range::Unit;
        flatten
        /// The exploration.
        pub exploration: ExplorationConfig = ExplorationConfig::default();
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig {
            max_grad_norm: Some(10.0),
            ..OptimizerConfig::adam(1e-4)
        };
    }
}

impl DqnConfig {
    /// Form of the network's outputs.
    fn form(&self) -> ActionValueForm {
        match (self.dueling, self.n_quantiles) {
            (true, _) => ActionValueForm::Dueling,
            (false, 1) => ActionValueForm::Plain,
            (false, n) => ActionValueForm::Quantiles(n),
        }
    }

    /// The loss, weighted where transitions are drawn by priority.
    fn term(&self) -> Box<dyn Term> {
        let (coefficient, weighted) = (1.0, self.prioritized);
        match self.n_quantiles {
            1 => Box::new(TdError {
                coefficient,
                loss: self.loss,
                weighted,
            }),
            _ => Box::new(QuantileError {
                coefficient,
                weighted,
            }),
        }
    }

    /// The probability of a random action: 1 until the first update of the network.
    fn epsilon_at(&self, clock: &Clock) -> f64 {
        match clock.env_steps < self.learning_starts as u64 {
            true => 1.0,
            false => self.exploration.at(clock),
        }
    }
}

/// Agent that learns by deep Q-networks.
pub struct Dqn {
    config: DqnConfig,
    values: ActionValues,
    target: TargetNetwork,
    replay: Replay,
    /// Gradient steps so far.
    steps: u64,
    sample: Sample,
    targets: Vec<f32>,
    next_quantiles: Vec<f32>,
    choosing: Vec<f32>,
    tally: Tally,
}

/// Sums over the rounds of an update.
#[derive(Default)]
struct Tally {
    update: u64,
    report: FitReport,
    target_mean: f64,
}

impl Dqn {
    fn new(valid: &Valid<DqnConfig>) -> Result<Self, BoxError> {
        let (config, setup) = (valid.config().clone(), valid.setup());
        let values = match config.noisy {
            false => ActionValues::new(setup, &config.optimizer, config.form())?,
            true => ActionValues::noisy(setup, &config.optimizer, config.form())?,
        };
        let dim = setup.spaces.observation.flat_dim();
        let replay = Replay::new(config.buffer_size, setup.environments, dim, setup.seed)?;
        let replay = match config.prioritized {
            false => replay,
            true => replay.prioritized(Prioritization {
                exponent: config.priority_exponent,
                epsilon: config.priority_epsilon,
            })?,
        };
        Ok(Self {
            target: values.target()?,
            config,
            values,
            replay,
            steps: 0,
            sample: Sample::default(),
            targets: Vec::new(),
            next_quantiles: Vec::new(),
            choosing: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// The network of action values; of noisy layers that of the means.
    pub fn networks(&self) -> &Networks {
        self.values.networks()
    }

    /// Deviations of noisy layers, in the order of the network's parameters; empty without.
    pub fn deviations(&self) -> &[f32] {
        self.values.deviations()
    }

    /// The buffer.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Number of gradient steps so far.
    pub fn gradient_steps(&self) -> u64 {
        self.steps
    }

    /// Takes up to `most` gradient steps, as many as one target network serves; returns their number.
    fn learn(&mut self, most: usize, clock: &Clock) -> Result<usize, BoxError> {
        let config = &self.config;
        // Targets by the present network and priorities are known only after the step before, and
        // each step has noise of its own.
        let at_once = match config.double || config.prioritized || config.noisy {
            true => 1,
            false => (MOST_ROWS / config.minibatch_size).max(1),
        };
        let renewal = config.target_every - (self.steps % config.target_every as u64) as usize;
        let steps = most.min(renewal).min(at_once);

        let rising = 1.0 - config.importance_exponent;
        let draw = Draw {
            size: steps * config.minibatch_size,
            n_step: config.n_step,
            gamma: config.gamma,
            beta: config.importance_exponent + rising * clock.done(),
        };
        self.replay.sample(draw, &mut self.sample);
        let next = self.values.inputs(&self.sample.next_observations);
        self.target.evaluate(&next, &mut self.next_quantiles)?;
        if config.double {
            self.values.evaluate(&next, &mut self.choosing)?;
        }
        let choosing = match config.double {
            true => &self.choosing,
            false => &self.next_quantiles,
        };
        write_targets(
            &self.sample,
            config.n_quantiles,
            &self.next_quantiles,
            choosing,
            &mut self.targets,
        );

        let inputs = self.values.inputs(&self.sample.observations);
        if config.prioritized {
            self.values.evaluate(&inputs, &mut self.choosing)?;
            let errors = td_errors(&self.sample, &self.choosing, &self.targets);
            self.replay.set_priorities(&self.sample, &errors)?;
        }
        let samples = Samples {
            observations: &inputs,
            actions: &self.sample.actions,
            targets: &self.targets,
            weights: &self.sample.weights,
            ..Samples::default()
        };
        let plan = Plan {
            minibatch_size: config.minibatch_size,
            ..Plan::whole(config.optimizer.learning_rate_at(clock.done()))
        };
        let report = self.values.fit(&samples, &*config.term(), &plan, None)?;
        self.steps += steps as u64;
        if self.steps.is_multiple_of(config.target_every as u64) {
            let (means, deviations) = (self.values.networks(), self.values.deviations());
            self.target.follow(means, deviations, config.target_rate)?;
        }
        let sum = self.targets.iter().map(|&y| f64::from(y)).sum::<f64>();
        self.tally.add(&report, sum / self.targets.len() as f64);
        Ok(steps)
    }
}

/// Errors of the values of the actions taken, `[n]`, from quantiles `[n, actions, quantiles]` and targets `[n, quantiles]`.
fn td_errors(sample: &Sample, quantiles: &[f32], targets: &[f32]) -> Vec<f32> {
    let n = sample.len().max(1);
    let (width, each) = (quantiles.len() / n, targets.len() / n);
    let rows = quantiles.chunks_exact(width).zip(&sample.actions);
    let rows = rows.zip(targets.chunks_exact(each));
    rows.map(|((row, &action), targets)| {
        mean(&row[action as usize * each..][..each]) - mean(targets)
    })
    .collect()
}

impl Tally {
    fn begin(&mut self, update: u64) {
        if self.update != update {
            (self.update, self.report, self.target_mean) = (update, FitReport::default(), 0.0);
        }
    }

    /// Adds the means over the gradient steps of a fit.
    fn add(&mut self, report: &FitReport, target_mean: f64) {
        let steps = report.steps as f64;
        self.report.add(report, steps);
        self.target_mean += target_mean * steps;
    }

    /// Adds the means over all gradient steps; NaN without any.
    fn put(&self, metrics: &mut Metrics) {
        let steps = self.report.steps as f64;
        let mean = |sum: Option<f64>| sum.map_or(f64::NAN, |sum| sum / steps);
        metrics.put("td_loss", mean(self.report.term("td_loss")));
        metrics.put("grad_norm", self.report.grad_norm / steps);
        metrics.put("target_mean", self.target_mean / steps);
    }
}

impl Agent for Dqn {
    type Policy = GreedyPolicy;

    fn policy(&self) -> GreedyPolicy {
        self.values.greedy()
    }
}

impl Acts for Dqn {
    fn actor(&mut self, _: usize, clock: &Clock) -> &GreedyPolicy {
        self.values.acting(self.config.epsilon_at(clock))
    }
}

impl Learns<Rollout> for Dqn {
    fn update(
        &mut self,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        self.replay.push_rollout(rollout);
        self.tally.begin(clock.updates);
        let taken = clock.env_steps + rollout.len() as u64;
        if taken > self.config.learning_starts as u64 {
            let mut left = self.config.gradient_steps;
            while left > 0 {
                left -= self.learn(left, clock)?;
            }
            self.values.publish()?;
        }
        self.tally.put(metrics);
        metrics.put("epsilon", self.config.epsilon_at(clock));
        let rate = self.config.optimizer.learning_rate_at(clock.done());
        metrics.put("learning_rate", rate);
        Ok(())
    }
}

impl State for Dqn {
    fn save(&self, out: &mut dyn StateWriter) {
        self.values.save(out);
        self.target.save(&mut Scoped::new(out, "target"));
        self.replay.save(&mut Scoped::new(out, "replay"));
        out.u64s("gradient_steps", &[self.steps]);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.values.load(from)?;
        self.target.load(&ScopedReader::new(from, "target"))?;
        self.replay.load(&ScopedReader::new(from, "replay"))?;
        let mut steps = [0];
        from.u64s("gradient_steps", &mut steps)?;
        [self.steps] = steps;
        Ok(())
    }
}

impl Algorithm for DqnConfig {
    const NAME: &'static str = "dqn";
    const DESCRIPTION: &'static str = "deep Q-networks: replay and a target network";

    type Agent = Dqn;
    type Interaction = Rounds<GreedyPolicy>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        check_setup(Self::NAME, setup)?;
        self.exploration.check()?;
        if self.dueling && self.n_quantiles > 1 {
            let allowed = "1, with dueling = true: one of the two forms";
            return Err(ConfigError::new("n_quantiles", self.n_quantiles, allowed));
        }
        let transform = &setup.transform;
        for (key, set) in [
            ("normalize_observations", transform.normalize_observations),
            ("normalize_rewards", transform.normalize_rewards),
        ] {
            let allowed = "false: what is kept would go stale when the moments move";
            ConfigError::unless(!set, key, set, allowed)?;
        }
        setup.steps("train_every", self.train_every)?;
        let per_round = self.train_every * setup.environments;
        let least = self.minibatch_size.max(self.learning_starts).max(per_round);
        let allowed = format!(
            "at least {least}: minibatch_size is {}, learning_starts {}, and a round has {per_round} \
             transitions",
            self.minibatch_size, self.learning_starts
        );
        ConfigError::unless(
            self.buffer_size >= least,
            "buffer_size",
            self.buffer_size,
            &allowed,
        )
    }

    /// ε, which is 1 until `learning_starts`, and the exponent β of the importance weights of prioritised replay.
    fn schedules(&self, horizon: Budget) -> Vec<ScheduleSpan> {
        let mut epsilon = self.exploration.schedule().span("ε", horizon);
        if self.learning_starts > 0 {
            let learning_starts = self.learning_starts as f64;
            epsilon.start = 1.0;
            epsilon.end_step = epsilon.end_step.map(|step| step.max(learning_starts));
        }
        let beta = Schedule {
            start: self.importance_exponent,
            end: 1.0,
            decay: Decay::Linear,
            fraction: 1.0,
        };
        let beta = self.prioritized.then(|| beta.span("β", horizon));
        [epsilon].into_iter().chain(beta).collect()
    }

    fn build(valid: &Valid<Self>) -> Result<(Dqn, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let collection = setup.collection(1, config.gamma);
        let rounds = Rounds::new(collection, config.train_every, config.rounds)?;
        Ok((Dqn::new(valid)?, rounds))
    }
}
