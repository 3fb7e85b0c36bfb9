//! An environment made of its physics.

use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

use crate::physics::{Physics, ScalarAction, Transition};
use crate::saved::{Saved, optional};

/// The environment whose physics are `P`: episodes end by termination alone.
#[derive(Clone, Debug)]
pub struct Simulation<P, const STATE: usize, const OBSERVATION: usize> {
    physics: P,
    state: [f64; STATE],
    /// The action of the episode's last step.
    action: Option<f64>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    NotStarted,
    Running,
    Over,
}

impl<P: Physics<S, O>, const S: usize, const O: usize> Simulation<P, S, O> {
    /// The environment with given physics.
    pub fn with_physics(physics: P) -> Self {
        Self {
            physics,
            state: [0.0; S],
            action: None,
            phase: Phase::NotStarted,
        }
    }

    /// The environment with Gymnasium's defaults.
    pub fn new() -> Self
    where
        P: Default,
    {
        Self::with_physics(P::default())
    }

    /// The environment in the middle of things.
    pub(crate) fn in_phase(physics: P, phase: Phase, state: [f64; S], action: Option<f64>) -> Self {
        Self {
            physics,
            state,
            action,
            phase,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// The state, also before the first reset.
    pub(crate) fn numbers(&self) -> [f64; S] {
        self.state
    }

    /// Its physics.
    pub fn physics(&self) -> &P {
        &self.physics
    }

    /// Starts an episode from a given state and returns its first observation.
    pub fn reset_to(&mut self, state: [f64; S]) -> [f32; O] {
        self.state = state;
        self.action = None;
        self.phase = Phase::Running;
        self.observation()
    }

    /// The state, in the order of the physics' documentation; the last one of an episode that is
    /// over, `None` before the first.
    pub fn state(&self) -> Option<[f64; S]> {
        (self.phase != Phase::NotStarted).then_some(self.state)
    }

    /// The action of the episode's last step.
    pub fn last_action(&self) -> Option<f64> {
        self.action
    }

    #[inline]
    fn observation(&self) -> [f32; O] {
        self.physics.observe(self.state).map(|number| number as f32)
    }
}

impl<P: Physics<S, O> + Default, const S: usize, const O: usize> Default for Simulation<P, S, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Physics<S, O>, const S: usize, const O: usize> Environment for Simulation<P, S, O> {
    type Observation = [f32; O];
    type Action = P::Action;

    fn observation_space(&self) -> Space {
        self.physics.observation_space()
    }

    fn action_space(&self) -> Space {
        P::ACTIONS.space()
    }

    #[inline]
    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; O], EnvironmentError> {
        let state = self.physics.initial_state(rng);
        Ok(self.reset_to(state))
    }

    #[inline]
    fn step(
        &mut self,
        action: &P::Action,
        _rng: &mut Stream,
    ) -> Result<Step<[f32; O]>, EnvironmentError> {
        match self.phase {
            Phase::NotStarted => return Err(EnvironmentError::NotReset),
            Phase::Over => return Err(EnvironmentError::EpisodeOver),
            Phase::Running => {}
        }
        let value = action
            .value(P::ACTIONS)
            .ok_or_else(|| EnvironmentError::outside(action, &P::ACTIONS.space()))?;
        let Transition {
            state,
            reward,
            terminated,
        } = self.physics.step(self.state, value);
        self.state = state;
        self.action = Some(value);
        let status = if terminated {
            self.phase = Phase::Over;
            Status::Terminated
        } else {
            Status::Running
        };
        Ok(Step {
            observation: self.observation(),
            reward,
            status,
        })
    }

    /// The phase (0 before the first reset, 1 in an episode, 2 after one), the number 1 and the last
    /// action (0 and 0 without one), and the state.
    fn save_state(&self) -> Option<Vec<f64>> {
        let phase = match self.phase {
            Phase::NotStarted => 0.0,
            Phase::Running => 1.0,
            Phase::Over => 2.0,
        };
        Some([&[phase][..], &optional(self.action), &self.state].concat())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let phase = match saved.integer(0, 2)? {
            0 => Phase::NotStarted,
            1 => Phase::Running,
            _ => Phase::Over,
        };
        let (action, state) = (saved.optional()?, saved.array()?);
        saved.finish()?;
        (self.phase, self.action, self.state) = (phase, action, state);
        Ok(())
    }
}
