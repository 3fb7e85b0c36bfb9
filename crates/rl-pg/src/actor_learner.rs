//! Actor and learner: a policy that acts, and the networks that learn it.

use std::borrow::Cow;

use rl_core::state::{Scoped, ScopedReader};
use rl_core::{
    BoxError, Gae, Purpose, RolloutView, State, StateError, StateReader, StateWriter, Stream,
    TrajectoryStore,
};
use rl_learn::{
    FitReport, NaturalGradient, OptimizerConfig, Plan, Samples, Setup, Term, UpdateError,
    ValueLayers, fit,
};
use rl_nets::{Actor, MlpWeights, Networks, network_inputs};

use crate::estimates::Estimates;
use crate::value_function::{ValueFunction, Values};

/// Actor and learner of an agent: networks with their optimizer, the actor of their policy, and what
/// they learn with. An [`UpdateRule`](crate::UpdateRule) works on it.
pub struct ActorLearner {
    pub(crate) learner: Box<dyn NaturalGradient>,
    pub(crate) setup: Setup,
    /// A value function with an optimizer of its own.
    value: Option<ValueFunction>,
    shuffling: Option<Stream>,
    actor: Actor,
    /// Actor of the policy before the last fit.
    before: Actor,
    report: FitReport,
}

impl ActorLearner {
    /// The policy that a setup describes, and the value function if there is one, both learned by one
    /// optimizer.
    ///
    /// # Errors
    /// [`ConfigError`](rl_learn::ConfigError) for networks or an optimizer that cannot be made.
    pub fn new(
        setup: &Setup,
        optimizer: &OptimizerConfig,
        value: Option<ValueLayers>,
    ) -> Result<Self, BoxError> {
        Self::of(setup.draw_networks(value)?, setup, optimizer)
    }

    /// The policy and, fitted in so many steps after each of its updates, a value function with an
    /// optimizer of its own.
    pub(crate) fn with_value_function(
        setup: &Setup,
        optimizer: &OptimizerConfig,
        iterations: usize,
    ) -> Result<Self, BoxError> {
        let (policy, value) = setup.draw_networks(Some(ValueLayers::Separate))?.split();
        let value = value.ok_or("networks without a value function")?;
        Ok(Self {
            value: Some(ValueFunction::new(value, optimizer, iterations, setup)?),
            ..Self::of(policy, setup, optimizer)?
        })
    }

    fn of(
        networks: Networks,
        setup: &Setup,
        optimizer: &OptimizerConfig,
    ) -> Result<Self, BoxError> {
        let mut learner = optimizer.init_natural(networks, &setup.device)?;
        learner.set_threads(&setup.threads);
        let actor = actor_of(learner.networks());
        Ok(Self {
            learner,
            setup: setup.clone(),
            value: None,
            shuffling: None,
            before: actor.clone(),
            actor,
            report: FitReport::default(),
        })
    }

    /// Draws the order of the samples anew for each epoch of a fit.
    #[must_use]
    pub fn shuffled(mut self) -> Self {
        let seed = self.setup.seed;
        self.shuffling = Some(Stream::derive(seed, Purpose::Shuffling, 0));
        self
    }

    /// Refuses terms of a loss that the learner cannot compute, before the run.
    ///
    /// # Errors
    /// [`UpdateError::Term`].
    pub fn supports(&self, terms: &[&dyn Term]) -> Result<(), UpdateError> {
        self.learner.supports(terms)
    }

    /// The networks that learn.
    pub fn networks(&self) -> &Networks {
        self.learner.networks()
    }

    /// The actor of the present policy.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Weights of the value function; `None` without one, or for a module of a user's own.
    pub(crate) fn value_weights(&self) -> Option<MlpWeights> {
        let apart = self.value.as_ref().map(ValueFunction::networks);
        apart.unwrap_or(self.networks()).value_weights()
    }

    /// The measurements of the last fit.
    pub fn last_fit(&self) -> &FitReport {
        &self.report
    }

    /// Observations as the networks take them.
    pub fn inputs<'a>(&self, observations: &'a [f32]) -> Cow<'a, [f32]> {
        network_inputs(&self.setup.spaces.observation, observations)
    }

    /// Moves policy and value function down the gradient of a loss ([`fit`]) over the processes of the
    /// setup, and gives the actor the new policy.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn fit(
        &mut self,
        samples: &Samples<'_>,
        terms: &[&dyn Term],
        plan: &Plan,
    ) -> Result<&FitReport, UpdateError> {
        let (learner, shuffling) = (self.learner.as_mut(), self.shuffling.as_mut());
        self.report = fit(
            learner,
            samples,
            terms,
            plan,
            shuffling,
            &*self.setup.reduce,
        )?;
        self.before = std::mem::replace(&mut self.actor, actor_of(self.learner.networks()));
        Ok(&self.report)
    }

    /// Mean divergence `KL(π_old ‖ π)` over `inputs`, in nats, of the policy before the last fit from
    /// that after it.
    pub fn kl(&self, inputs: &[f32]) -> f64 {
        self.before
            .mean_kl(&self.actor, inputs, &self.setup.threads)
    }

    /// Gives the actor a policy that the learner has reached without a fit.
    pub(crate) fn set_actor(&mut self, actor: Actor) {
        self.actor = actor;
    }

    /// Advantages and λ-returns of a rollout, and with `log_probs` those of its actions.
    pub(crate) fn estimates(
        &mut self,
        rollout: &RolloutView<'_>,
        inputs: &[f32],
        gae: &Gae,
        log_probs: bool,
    ) -> Result<Estimates, UpdateError> {
        let value = self.value.as_mut().map(ValueFunction::learner);
        let inputs = (&self.setup.spaces.observation, inputs);
        Estimates::of(
            self.learner.as_mut(),
            value,
            rollout,
            inputs,
            gae,
            log_probs,
        )
    }

    /// `ln π(aₜ|oₜ)` of the present policy, `[steps]`.
    pub(crate) fn log_probs(
        &mut self,
        inputs: &[f32],
        actions: &[f32],
    ) -> Result<Vec<f32>, UpdateError> {
        let steps = inputs.len() / self.networks().observation_dim();
        let mut log_probs = vec![0.0; steps];
        self.learner
            .evaluate(inputs, actions, &mut log_probs, &mut [])?;
        Ok(log_probs)
    }

    /// Values of whole episodes; zeros without a value function.
    pub(crate) fn values(&mut self, experience: &TrajectoryStore) -> Result<Values, UpdateError> {
        match &mut self.value {
            Some(value) => value.of_store(experience, &self.setup.spaces.observation),
            None => Ok(Values::zeros(experience)),
        }
    }

    /// Fits the value function to targets; `None` without one, else its mean squared error.
    pub(crate) fn fit_value(
        &mut self,
        inputs: &[f32],
        targets: &[f32],
        learning_rate: f64,
    ) -> Result<Option<f64>, UpdateError> {
        let reduce = &*self.setup.reduce;
        let value = self.value.as_mut();
        value
            .map(|value| value.fit(inputs, targets, learning_rate, reduce))
            .transpose()
    }
}

impl State for ActorLearner {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(&mut Scoped::new(out, "learner"));
        if let Some(value) = &self.value {
            value.save(&mut Scoped::new(out, "value_function"));
        }
        if let Some(shuffling) = &self.shuffling {
            shuffling.save(&mut Scoped::new(out, "shuffling"));
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(&ScopedReader::new(from, "learner"))?;
        if let Some(value) = &mut self.value {
            value.load(&ScopedReader::new(from, "value_function"))?;
        }
        if let Some(shuffling) = &mut self.shuffling {
            shuffling.load(&ScopedReader::new(from, "shuffling"))?;
        }
        self.actor = actor_of(self.learner.networks());
        Ok(())
    }
}

/// The actor that samples from the policy among networks.
#[expect(
    clippy::expect_used,
    reason = "agents draw a policy, and ask for that of these networks alone"
)]
pub(crate) fn actor_of(networks: &Networks) -> Actor {
    Actor::of(networks).expect("there is a policy among the networks")
}
