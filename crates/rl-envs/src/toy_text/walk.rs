//! Position of an episode in a table of transitions.

use std::sync::Arc;

use rl_core::{EnvironmentError, Space, Status, Step, Stream};

use super::table::{Outcome, TransitionTable};
use crate::saved::{Saved, optional};
use crate::simulation::Phase;

/// Position of an episode in a table of transitions.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    table: Arc<TransitionTable>,
    phase: Phase,
    state: usize,
    /// The action of the episode's last step.
    action: Option<usize>,
}

impl Walk {
    pub(super) fn new(table: TransitionTable) -> Self {
        Self {
            table: Arc::new(table),
            phase: Phase::NotStarted,
            state: 0,
            action: None,
        }
    }

    pub(super) fn table(&self) -> &TransitionTable {
        &self.table
    }

    /// The state, also the last one of an episode that is over; `None` before the first.
    #[inline]
    pub(super) fn state(&self) -> Option<usize> {
        (self.phase != Phase::NotStarted).then_some(self.state)
    }

    /// The action of the episode's last step.
    pub(super) fn last_action(&self) -> Option<usize> {
        self.action
    }

    pub(super) fn observation_space(&self) -> Space {
        Space::discrete(self.table.states())
    }

    pub(super) fn action_space(&self) -> Space {
        Space::discrete(self.table.actions())
    }

    /// Starts an episode in a state.
    pub(super) fn start(&mut self, state: usize) -> usize {
        self.phase = Phase::Running;
        self.state = state;
        self.action = None;
        state
    }

    #[inline]
    pub(super) fn reset(&mut self, rng: &mut Stream) -> usize {
        let state = self.table.draw_initial(rng);
        self.start(state)
    }

    #[inline]
    pub(super) fn step(
        &mut self,
        action: usize,
        rng: &mut Stream,
    ) -> Result<Step<usize>, EnvironmentError> {
        match self.phase {
            Phase::NotStarted => return Err(EnvironmentError::NotReset),
            Phase::Over => return Err(EnvironmentError::EpisodeOver),
            Phase::Running => {}
        }
        if action >= self.table.actions() {
            return Err(EnvironmentError::outside(action, &self.action_space()));
        }
        let &Outcome {
            next,
            reward,
            terminated,
            ..
        } = self.table.draw(self.state, action, rng);
        self.state = next;
        self.action = Some(action);
        let status = if terminated {
            self.phase = Phase::Over;
            Status::Terminated
        } else {
            Status::Running
        };
        Ok(Step {
            observation: next,
            reward,
            status,
        })
    }

    /// Moves the episode to another state.
    pub(super) fn displace(&mut self, state: usize) {
        self.state = state;
    }

    /// The phase (0 before the first reset, 1 in an episode, 2 after one), the state, and the last
    /// action as 1 and itself, or 0 and 0 without one.
    pub(super) fn save(&self) -> Vec<f64> {
        let phase = match self.phase {
            Phase::NotStarted => 0.0,
            Phase::Running => 1.0,
            Phase::Over => 2.0,
        };
        let [there, action] = optional(self.action.map(|action| action as f64));
        vec![phase, self.state as f64, there, action]
    }

    pub(super) fn restore(&mut self, saved: &mut Saved<'_>) -> Result<(), EnvironmentError> {
        let phase = match saved.integer(0, 2)? {
            0 => Phase::NotStarted,
            1 => Phase::Running,
            _ => Phase::Over,
        };
        let state = saved.count(self.table.states() - 1)?;
        let action = saved.optional_count(self.table.actions() - 1)?;
        (self.phase, self.state, self.action) = (phase, state, action);
        Ok(())
    }
}

/// Makes an environment of a type with a field `walk` and nothing else that changes.
macro_rules! walk_environment {
    ($environment:ty) => {
        impl rl_core::Environment for $environment {
            type Observation = usize;
            type Action = usize;

            fn observation_space(&self) -> rl_core::Space {
                self.walk.observation_space()
            }

            fn action_space(&self) -> rl_core::Space {
                self.walk.action_space()
            }

            #[inline]
            fn reset(&mut self, rng: &mut Stream) -> Result<usize, rl_core::EnvironmentError> {
                Ok(self.walk.reset(rng))
            }

            #[inline]
            fn step(
                &mut self,
                action: &usize,
                rng: &mut Stream,
            ) -> Result<rl_core::Step<usize>, rl_core::EnvironmentError> {
                self.walk.step(*action, rng)
            }

            fn save_state(&self) -> Option<Vec<f64>> {
                Some(self.walk.save())
            }

            fn restore_state(&mut self, state: &[f64]) -> Result<(), rl_core::EnvironmentError> {
                let mut saved = crate::saved::Saved::new(state);
                let mut walk = self.walk.clone();
                walk.restore(&mut saved)?;
                saved.finish()?;
                self.walk = walk;
                Ok(())
            }
        }
    };
}
pub(super) use walk_environment;
