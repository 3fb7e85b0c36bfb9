//! Actions beyond the bounds, brought back.

use rl_core::{BoxSpace, EnvironmentError, FlatEnvironment, Space, Spaces, Status, Stream};

use super::{WrapperError, box_of_actions, inner};

/// Clips actions to the environment's box, so that any number may be one; NaN is still an error.
///
/// A Gaussian policy can act directly on it: no action it draws is refused.
#[derive(Clone, Debug)]
pub struct ClipAction<E> {
    environment: E,
    /// The environment's box.
    bounds: BoxSpace,
    /// The agent's, without bounds.
    space: Space,
    /// The action within the bounds, `[action_dim]`.
    clipped: Vec<f32>,
}

inner!(ClipAction);

impl<E: FlatEnvironment> ClipAction<E> {
    /// Clips the actions for `environment`.
    ///
    /// # Errors
    /// [`WrapperError::NotABox`] for discrete actions.
    pub fn new(environment: E) -> Result<Self, WrapperError> {
        let bounds = box_of_actions("ClipAction", &environment)?;
        let dim = bounds.dim();
        Ok(Self {
            environment,
            bounds,
            space: Space::unbounded(dim),
            clipped: vec![0.0; dim],
        })
    }
}

impl<E: FlatEnvironment> FlatEnvironment for ClipAction<E> {
    fn spaces(&self) -> Spaces {
        Spaces {
            action: self.space.clone(),
            ..self.environment.spaces()
        }
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.environment.reset_into(rng, observation)
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        if !self.space.contains(action) {
            return Err(EnvironmentError::outside(action, &self.space));
        }
        let bounds = self.bounds.low().iter().zip(self.bounds.high());
        for ((x, a), (&low, &high)) in self.clipped.iter_mut().zip(action).zip(bounds) {
            *x = a.clamp(low, high);
        }
        self.environment.step_into(&self.clipped, rng, observation)
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        self.environment.save_flat()
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.environment.restore_flat(state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::toys::Line;
    use super::*;
    use crate::CartPole;

    #[test]
    fn actions_beyond_the_bounds_become_the_bounds() {
        let mut environment = ClipAction::new(Line::new(-2.0, 6.0)).unwrap();
        let mut rng = Stream::from_seed(0);
        for (action, clipped) in [(-2.5, -2.0), (-1.5, -1.5), (6.5, 6.0), (f32::INFINITY, 6.0)] {
            assert!(environment.spaces().action.contains(&[action]));
            environment.reset_into(&mut rng, &mut [0.0]).unwrap();
            let step = environment.step_into(&[action], &mut rng, &mut [0.0]);
            assert_eq!(step, Ok((clipped, Status::Running)));
        }
    }

    #[test]
    fn nan_and_a_wrong_length_are_errors() {
        let mut environment = ClipAction::new(Line::new(-2.0, 6.0)).unwrap();
        let mut rng = Stream::from_seed(0);
        environment.reset_into(&mut rng, &mut [0.0]).unwrap();
        for action in [&[f32::NAN][..], &[], &[0.0, 0.0]] {
            let step = environment.step_into(action, &mut rng, &mut [0.0]);
            let expected = EnvironmentError::outside(action, &environment.spaces().action);
            assert_eq!(step, Err(expected));
        }
    }

    #[test]
    fn discrete_actions_are_refused() {
        let error = ClipAction::new(CartPole::v1()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ClipAction needs a box of actions, not Discrete(2)"
        );
    }
}
