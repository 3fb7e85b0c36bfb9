//! The agent that every algorithm of the family shares but A3C, and the rule that it learns by.

use rl_core::{
    Acts, Agent, BoxError, Clock, Learns, Metrics, PolicyRecord, State, StateError, StateReader,
    StateWriter,
};
use rl_learn::FitReport;
use rl_nets::{ActionChoice, Actor, Networks};

use crate::ActorLearner;

/// Update rule of an algorithm on experience `X`, a [`Rollout`](rl_core::Rollout) or a
/// [`TrajectoryStore`](rl_core::TrajectoryStore): all that [`PolicyGradient`] leaves to an algorithm,
/// whose configuration it belongs to.
pub trait UpdateRule<X: ?Sized>: Send {
    /// Learns from experience that the present policy gathered. The clock is that of the moment at
    /// which it began to.
    ///
    /// # Errors
    /// The rule's own; the agent can still be saved afterwards.
    fn update(
        &self,
        agent: &mut ActorLearner,
        experience: &X,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError>;
}

/// Agent of a policy-gradient algorithm: it acts by the policy that it learns, and its configuration
/// `K` has the [`UpdateRule`].
pub struct PolicyGradient<K> {
    config: K,
    learner: ActorLearner,
}

impl<K: Clone> PolicyGradient<K> {
    /// The agent of a configuration.
    pub fn new(config: &K, learner: ActorLearner) -> Self {
        Self {
            config: config.clone(),
            learner,
        }
    }
}

impl<K> PolicyGradient<K> {
    /// The policy as of the last update, with the value function that learns beside it.
    pub fn networks(&self) -> &Networks {
        self.learner.networks()
    }

    /// The measurements of the last fit.
    pub fn last_fit(&self) -> &FitReport {
        self.learner.last_fit()
    }
}

impl<K: Send> Agent for PolicyGradient<K> {
    type Policy = Actor;

    fn policy(&self) -> Actor {
        self.learner.actor().clone().with_choice(ActionChoice::Mode)
    }

    fn value_function(&self) -> Option<PolicyRecord> {
        Some(self.learner.value_weights()?.value_record())
    }
}

impl<K: Send> Acts for PolicyGradient<K> {
    fn actor(&mut self, _: usize, _: &Clock) -> &Actor {
        self.learner.actor()
    }
}

impl<X: ?Sized, K: UpdateRule<X>> Learns<X> for PolicyGradient<K> {
    fn update(
        &mut self,
        experience: &X,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError> {
        let agent = &mut self.learner;
        self.config.update(agent, experience, clock, metrics)
    }
}

impl<K> State for PolicyGradient<K> {
    fn save(&self, out: &mut dyn StateWriter) {
        self.learner.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        self.learner.load(from)
    }
}
