//! The trainer: an agent with its environments, a clock and a budget.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rl_core::collect::InteractError;
use rl_core::state::{Scoped, ScopedReader};
use rl_core::{
    Agent, Budget, Clock, EnvironmentSource, Episode, Interact, Metrics, Snapshot, Spaces, State,
    StateError, StateReader, StateWriter, Transformed,
};
use rl_learn::Setup;
use toml::Table;

use crate::error::TrainError;
use crate::observer::Observer;
use crate::recent_returns::RecentReturns;
use crate::run::Run;
use crate::run_directory::RunDirectory;
use crate::trained_policy::TrainedPolicy;
use crate::view::{Outcome, RunView};

/// A run: an agent, the environments that it takes its turns with, a clock, and a budget.
///
/// ```
/// use rl_envs::CartPole;
/// use rl_pg::PpoConfig;
/// use rl_train::Trainer;
///
/// let mut trainer = Trainer::new(PpoConfig::default(), CartPole::v1)
///     .environments(4)
///     .updates(1)
///     .build()?;
/// trainer.run(&mut [])?;
/// assert_eq!(trainer.clock().updates, 1);
/// # Ok::<(), rl_train::TrainError>(())
/// ```
pub struct Trainer<A, I> {
    agent: A,
    interaction: I,
    clock: Clock,
    budget: Budget,
    algorithm: &'static str,
    /// The complete configuration.
    config: Table,
    setup: Setup,
    recent: RecentReturns,
    /// States of observers that a restored run goes on with.
    observed: Snapshot,
}

impl<A: Agent, I: Interact<A>> Trainer<A, I> {
    pub(crate) fn from_parts(
        (agent, interaction): (A, I),
        algorithm: &'static str,
        config: Table,
        budget: Budget,
        setup: Setup,
    ) -> Self {
        Self {
            recent: RecentReturns::new(interaction.recent_episodes()),
            agent,
            interaction,
            clock: Clock::start(setup.horizon),
            budget,
            algorithm,
            config,
            setup,
            observed: Snapshot::default(),
        }
    }

    /// The agent.
    pub fn agent(&self) -> &A {
        &self.agent
    }

    /// Counters of the run.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The policy as of the last update: it takes the likeliest actions, on observations as the
    /// environments show them, and can be saved.
    pub fn policy(&self) -> TrainedPolicy {
        let normalization = self.interaction.normalization().clone();
        TrainedPolicy::new(
            self.setup.source.name(),
            self.algorithm,
            Box::new(Transformed::new(self.agent.policy(), normalization)),
            self.agent.value_function(),
        )
    }

    /// Makes one update and returns its metrics.
    ///
    /// # Errors
    /// [`TrainError::Update`]; the run can still be saved.
    pub fn step(&mut self) -> Result<Metrics, TrainError> {
        let update = self.clock.updates + 1;
        let mut metrics = Metrics::default();
        for counter in ["update", "env_steps", "episodes"] {
            metrics.put(counter, 0.0);
        }
        self.interaction
            .update(&mut self.agent, &mut self.clock, &mut metrics)
            .map_err(|source| TrainError::Update { update, source })?;
        self.clock.updates = update;
        metrics.put("update", update as f64);
        metrics.put("env_steps", self.clock.env_steps as f64);
        metrics.put("episodes", self.clock.episodes as f64);
        self.recent.add(self.interaction.episodes());
        Ok(metrics)
    }

    /// Makes updates until the budget is spent or an observer ends the run; see [`Run::run`].
    ///
    /// # Errors
    /// [`TrainError`] of an update or an observer.
    pub fn run(&mut self, observers: &mut [&mut dyn Observer]) -> Result<Outcome, TrainError> {
        self.begin(observers)?;
        let mut result = self.go(observers);
        let outcome = *result.as_ref().unwrap_or(&Outcome::Failed);
        let state = self.state_with(observers);
        // An agent that failed to learn stands in the middle of an update.
        let is_whole = !matches!(
            result,
            Err(TrainError::Update {
                source: InteractError::Learn(_),
                ..
            })
        );
        for observer in observers.iter_mut() {
            let stored = match is_whole {
                true => observer.store(self, &state),
                false => Ok(()),
            };
            let ended = observer.end(self, outcome);
            if let (Ok(_), Err(error)) = (&result, stored.and(ended)) {
                result = Err(TrainError::Observer(error));
            }
        }
        result
    }

    fn begin(&mut self, observers: &mut [&mut dyn Observer]) -> Result<(), TrainError> {
        for index in 0..observers.len() {
            let name = observers[index].name();
            let mut earlier = observers[..index].iter();
            if !name.is_empty() && earlier.any(|other| other.name() == name) {
                return Err(TrainError::SameObserver(name));
            }
            let prefix = format!("observers.{name}.");
            let is_saved = self.observed.arrays().any(|(n, _)| n.starts_with(&prefix));
            if !name.is_empty() && is_saved {
                let from = ScopedReader::new(&self.observed, format!("observers.{name}"));
                observers[index].load(&from)?;
            }
        }
        for observer in observers.iter_mut() {
            observer.start(self).map_err(TrainError::Observer)?;
        }
        Ok(())
    }

    fn go(&mut self, observers: &mut [&mut dyn Observer]) -> Result<Outcome, TrainError> {
        while !self.clock.has_spent(self.budget) {
            let mut metrics = self.step()?;
            let mut outcome = Ok(None);
            for observer in observers.iter_mut() {
                // All hear of it, even after one has ended the run, or failed.
                let heard = observer.update(self, &mut metrics);
                outcome = match (outcome, heard) {
                    (Err(error), _) | (Ok(_), Err(error)) => Err(error),
                    (Ok(known), Ok(ControlFlow::Continue(()))) => Ok(known),
                    // A goal that is reached counts more than another end.
                    (Ok(known), Ok(ControlFlow::Break(()))) => Ok(known
                        .filter(|_| observer.outcome() != Outcome::Reached)
                        .or(Some(observer.outcome()))),
                };
            }
            if let Some(outcome) = outcome.map_err(TrainError::Observer)? {
                return Ok(outcome);
            }
            if observers.iter().any(|observer| observer.is_due(self)) {
                let state = self.state_with(observers);
                for observer in observers.iter_mut() {
                    if observer.is_due(self) {
                        let stored = observer.store(self, &state);
                        stored.map_err(TrainError::Observer)?;
                    }
                }
            }
        }
        Ok(Outcome::Finished)
    }

    /// The state of the run with those of its observers.
    fn state_with(&self, observers: &[&mut dyn Observer]) -> Snapshot {
        let mut state = self.snapshot();
        for observer in observers {
            if !observer.name().is_empty() {
                let prefix = format!("observers.{}", observer.name());
                observer.save(&mut Scoped::new(&mut state, prefix));
            }
        }
        state
    }

    /// Takes up a saved state; see [`Run::restore`].
    ///
    /// # Errors
    /// [`TrainError::State`].
    pub fn restore(&mut self, state: &Snapshot) -> Result<Vec<usize>, TrainError> {
        let mut counters = [0; 7];
        state.u64s("clock", &mut counters)?;
        let [updates, env_steps, episodes, horizon @ .., a, b] = counters;
        let [c, d] = horizon;
        self.clock = Clock {
            updates,
            env_steps,
            episodes,
            horizon: budget_of(c, d)?,
        };
        self.budget = budget_of(a, b)?;
        self.recent
            .load(&ScopedReader::new(state, "recent_returns"))?;
        self.agent.load(&ScopedReader::new(state, "agent"))?;
        let restarted = self
            .interaction
            .load(&ScopedReader::new(state, "interaction"))?;
        self.observed = Snapshot::default();
        for (name, array) in state.arrays() {
            if name.starts_with("observers.") {
                self.observed.insert(name, array.clone());
            }
        }
        Ok(restarted)
    }
}

impl<A: Agent, I: Interact<A>> Trainer<A, I> {
    /// Goes on where the newest checkpoint in the directory of a run stands. Returns the indices of
    /// environments that could not be saved in the middle of an episode, and start anew.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] or [`TrainError::State`] for a checkpoint that is missing,
    /// damaged, or of another run.
    pub fn resume(&mut self, directory: impl AsRef<Path>) -> Result<Vec<usize>, TrainError> {
        let checkpoint = RunDirectory::newest_checkpoint(directory)?;
        checkpoint.check(self)?;
        self.restore(checkpoint.state())
    }
}

fn budget_words(budget: Budget) -> [u64; 2] {
    match budget {
        Budget::Updates(n) => [0, n],
        Budget::Steps(n) => [1, n],
        Budget::Episodes(n) => [2, n],
    }
}

fn budget_of(kind: u64, amount: u64) -> Result<Budget, StateError> {
    match kind {
        0 => Ok(Budget::Updates(amount)),
        1 => Ok(Budget::Steps(amount)),
        2 => Ok(Budget::Episodes(amount)),
        _ => {
            let reason = format!("{kind} is none of the kinds of a budget, 0 to 2");
            Err(StateError::value("clock", reason))
        }
    }
}

impl<A: Agent, I: Interact<A>> RunView for Trainer<A, I> {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn budget(&self) -> Budget {
        self.budget
    }

    fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    fn source(&self) -> &Arc<dyn EnvironmentSource> {
        &self.setup.source
    }

    fn spaces(&self) -> &Spaces {
        &self.setup.spaces
    }

    fn seed(&self) -> u64 {
        self.setup.seed
    }

    fn config(&self) -> Table {
        self.config.clone()
    }

    fn policy(&self) -> TrainedPolicy {
        Trainer::policy(self)
    }

    fn episodes(&self) -> &[Episode] {
        self.interaction.episodes()
    }

    fn actions(&self) -> &[f32] {
        self.interaction.actions()
    }

    fn recent_returns(&self) -> &RecentReturns {
        &self.recent
    }

    fn acting(&self) -> Duration {
        self.interaction.acting()
    }

    fn save(&self, out: &mut dyn StateWriter) {
        let Clock {
            updates,
            env_steps,
            episodes,
            horizon,
        } = self.clock;
        let [a, b] = budget_words(horizon);
        let [c, d] = budget_words(self.budget);
        out.u64s("clock", &[updates, env_steps, episodes, a, b, c, d]);
        self.recent.save(&mut Scoped::new(out, "recent_returns"));
        self.agent.save(&mut Scoped::new(out, "agent"));
        self.interaction.save(&mut Scoped::new(out, "interaction"));
    }
}

impl<A: Agent, I: Interact<A>> Run for Trainer<A, I> {
    fn step(&mut self) -> Result<Metrics, TrainError> {
        Trainer::step(self)
    }

    fn restore(&mut self, state: &Snapshot) -> Result<Vec<usize>, TrainError> {
        Trainer::restore(self, state)
    }

    fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
        for unit in ["updates", "steps", "episodes"] {
            self.config.remove(unit);
        }
        let amount = i64::try_from(budget.amount()).unwrap_or(i64::MAX);
        self.config.insert(budget.unit().into(), amount.into());
        let horizon = self.clock.horizon.to_string();
        self.config.insert("horizon".into(), horizon.into());
    }

    fn run(&mut self, observers: &mut [&mut dyn Observer]) -> Result<Outcome, TrainError> {
        Trainer::run(self, observers)
    }
}
