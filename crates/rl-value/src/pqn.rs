//! Parallelised Q-networks.

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{
    Acts, Agent, BoxError, Budget, Clock, Learns, Metrics, Purpose, Rollout, RolloutView, Rollouts,
    State, StateError, StateReader, StateWriter, Stream,
};
use rl_learn::{
    Algorithm, ConfigError, OptimizerConfig, Plan, Range, Samples, ScheduleSpan, Setup, TdError,
    TdLoss, Valid, config,
};
use rl_nets::{ActionValueForm, Networks};

use crate::action_values::{ActionValues, check_setup};
use crate::target::best;
use crate::{ExplorationConfig, GreedyPolicy};

config! {
    /// Parallelised Q-networks (PQN; Gallici et al. 2024, "Simplifying deep temporal difference learning",
    /// algorithm 1): epochs of minibatches on the λ-returns of short rollouts, without replay and without a
    /// target network, down
    ///
    /// ```text
    /// ½ 1/M Σₜ (Q(oₜ, aₜ) - Gₜ)²,   Gₜ = rₜ + γ [λ Gₜ₊₁ + (1-λ) max_b Q(oₜ₊₁, b)]
    /// ```
    ///
    /// with the values as they were before the update. After the last step of a rollout, and after a
    /// truncated one, `Gₜ = rₜ + γ max_b Q(oₜ₊₁, b)`; after a terminated one `Gₜ = rₜ`.
    ///
    /// The paper normalises the layers of its network: `layer_norm` of [`NetworksConfig`](rl_learn::NetworksConfig).
    ///
    /// ```
    /// use rl_core::{Budget, Clock, Interact, Metrics};
    /// use rl_envs::CartPole;
    /// use rl_learn::{Algorithm, Setup};
    /// use rl_value::PqnConfig;
    ///
    /// let setup = Setup::new(CartPole::v1, Budget::Updates(2))?;
    /// let mut clock = Clock::start(setup.horizon);
    /// let (mut agent, mut rollouts) = PqnConfig::build(&PqnConfig::default().validate(setup)?)?;
    /// let mut metrics = Metrics::default();
    /// rollouts.update(&mut agent, &mut clock, &mut metrics)?;
    /// assert!(metrics.get("td_loss").is_some_and(f64::is_finite));
    /// # Ok::<(), rl_core::BoxError>(())
    /// ```
    pub struct PqnConfig {
        /// Steps of each environment per update.
        pub steps_per_environment: usize = 64, Range::AtLeast(1.0);
        /// Passes over a batch.
        pub epochs: usize = 4, Range::REPETITIONS;
        /// Steps per optimizer step; a divisor of the rollout.
        pub minibatch_size: usize = 128;
        /// Discount, 0 to 1.
        pub gamma: f64 = 0.99, Range::Unit;
        /// Decay of the returns' trace, 0 to 1.
        pub lambda: f64 = 0.65, Range::Unit;
        /// Loss of a temporal-difference error.
        pub loss: TdLoss = TdLoss::Squared;
        flatten
        /// The exploration.
        pub exploration: ExplorationConfig = ExplorationConfig {
            exploration_fraction: 0.2,
            ..ExplorationConfig::default()
        };
        flatten
        /// The optimizer.
        pub optimizer: OptimizerConfig = OptimizerConfig {
            max_grad_norm: Some(10.0),
            ..OptimizerConfig::adam(2.5e-4)
        };
    }
}

/// Agent that learns by parallelised Q-networks.
pub struct Pqn {
    config: PqnConfig,
    values: ActionValues,
    shuffling: Stream,
}

impl PqnConfig {
    /// The λ-returns of a rollout, `[rows]`, from the values `[rows, actions]` of its observations and
    /// those of its successors.
    fn lambda_returns(
        &self,
        rollout: &RolloutView<'_>,
        values: &[f32],
        successors: &[f32],
        actions: usize,
    ) -> Result<Vec<f32>, ConfigError> {
        let largest = |values: &[f32]| -> Vec<f32> {
            let rows = values.chunks_exact(actions);
            rows.map(|row| row[best(row)]).collect()
        };
        let (values, successors) = (largest(values), largest(successors));
        let (mut next_values, mut returns) = (vec![0.0; values.len()], vec![0.0; values.len()]);
        rollout.next_values(&values, &successors, &mut next_values);
        let gae = ConfigError::gae(self.gamma, self.lambda)?;
        let steps = rollout.steps_per_environment();
        for (environment, returns) in returns.chunks_exact_mut(steps).enumerate() {
            gae.lambda_returns(rollout.lane(environment, &values, &next_values), returns);
        }
        Ok(returns)
    }
}

impl Pqn {
    /// The network of action values.
    pub fn networks(&self) -> &Networks {
        self.values.networks()
    }
}

impl Agent for Pqn {
    type Policy = GreedyPolicy;

    fn policy(&self) -> GreedyPolicy {
        self.values.greedy()
    }
}

impl Acts for Pqn {
    fn actor(&mut self, _: usize, clock: &Clock) -> &GreedyPolicy {
        self.values.acting(self.config.exploration.at(clock))
    }
}

impl Learns<Rollout> for Pqn {
    fn update(
        &mut self,
        rollout: &Rollout,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let config = &self.config;
        let inputs = self.values.inputs(rollout.observations());
        let after = self.values.inputs(rollout.successors());
        let (mut values, mut successors) = (Vec::new(), Vec::new());
        self.values.evaluate(&inputs, &mut values)?;
        self.values.evaluate(&after, &mut successors)?;
        let view = rollout.view();
        let returns = config.lambda_returns(&view, &values, &successors, self.values.actions())?;

        let samples = Samples {
            observations: &inputs,
            actions: rollout.actions(),
            targets: &returns,
            ..Samples::default()
        };
        let term = TdError {
            coefficient: 0.5,
            loss: config.loss,
            weighted: false,
        };
        let plan = Plan {
            epochs: config.epochs,
            minibatch_size: config.minibatch_size,
            ..Plan::whole(config.optimizer.learning_rate_at(clock.done()))
        };
        let shuffling = Some(&mut self.shuffling);
        self.values
            .fit(&samples, &term, &plan, shuffling)?
            .put(metrics);
        self.values.publish()?;
        let sum: f64 = returns.iter().map(|&y| f64::from(y)).sum();
        metrics.put("target_mean", sum / returns.len() as f64);
        metrics.put("epsilon", config.exploration.at(clock));
        metrics.put("learning_rate", plan.learning_rate);
        Ok(())
    }
}

impl State for Pqn {
    fn save(&self, out: &mut dyn StateWriter) {
        self.values.save(out);
        self.shuffling.save(&mut Scoped::new(out, "shuffling"));
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.values.load(from)?;
        self.shuffling.load(&ScopedReader::new(from, "shuffling"))
    }
}

impl Algorithm for PqnConfig {
    const NAME: &'static str = "pqn";
    const DESCRIPTION: &'static str =
        "parallelised Q-networks: λ-returns of short rollouts, without replay";

    type Agent = Pqn;
    type Interaction = Rollouts<GreedyPolicy>;

    fn check(&self, setup: &Setup) -> Result<(), ConfigError> {
        check_setup(Self::NAME, setup)?;
        self.exploration.check()?;
        let size = self.minibatch_size;
        let steps = setup.steps("steps_per_environment", self.steps_per_environment)?;
        let allowed = format!("a divisor of the {steps} steps of a rollout");
        let divides = size > 0 && steps.is_multiple_of(size);
        ConfigError::unless(divides, "minibatch_size", size, &allowed)
    }

    fn schedules(&self, horizon: Budget) -> Vec<ScheduleSpan> {
        vec![self.exploration.schedule().span("ε", horizon)]
    }

    fn build(valid: &Valid<Self>) -> Result<(Pqn, Self::Interaction), BoxError> {
        let (config, setup) = (valid.config(), valid.setup());
        let agent = Pqn {
            config: config.clone(),
            values: ActionValues::new(setup, &config.optimizer, ActionValueForm::Plain)?,
            shuffling: Stream::derive(setup.seed, Purpose::Shuffling, 0),
        };
        let collection = setup.collection(1, config.gamma);
        let rollouts = Rollouts::new(collection, config.steps_per_environment)?;
        Ok((agent, rollouts))
    }
}
