//! Actions in a range of the agent's.

use rl_core::{BoxSpace, EnvironmentError, FlatEnvironment, Space, Spaces, Status, Stream};

use super::{WrapperError, box_of_actions, inner};

/// Maps the agent's box of actions, `[-1, 1]` per dimension unless said otherwise, affinely onto
/// the environment's.
#[derive(Clone, Debug)]
pub struct RescaleAction<E> {
    environment: E,
    /// The environment's box.
    target: BoxSpace,
    /// The agent's.
    space: Space,
    low: f32,
    high: f32,
    /// The action in the environment's box, `[action_dim]`.
    rescaled: Vec<f32>,
}

inner!(RescaleAction);

impl<E: FlatEnvironment> RescaleAction<E> {
    /// Actions in `[-1, 1]` for `environment`.
    ///
    /// # Errors
    /// [`WrapperError::NotABox`] for discrete actions, [`WrapperError::InfiniteBounds`].
    pub fn new(environment: E) -> Result<Self, WrapperError> {
        Self::with_range(environment, -1.0, 1.0)
    }

    /// Actions in `[low, high]` for `environment`.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`WrapperError::ActionRange`] unless `low < high`, both
    /// finite.
    pub fn with_range(environment: E, low: f32, high: f32) -> Result<Self, WrapperError> {
        let bad_range = WrapperError::ActionRange { low, high };
        if !low.is_finite() || !high.is_finite() || low >= high {
            return Err(bad_range);
        }
        let target = box_of_actions("RescaleAction", &environment)?;
        for (dimension, (&low, &high)) in target.low().iter().zip(target.high()).enumerate() {
            if !low.is_finite() || !high.is_finite() {
                return Err(WrapperError::InfiniteBounds {
                    dimension,
                    low,
                    high,
                });
            }
        }
        let dim = target.dim();
        let space = BoxSpace::new(vec![low; dim], vec![high; dim]).map_err(|_| bad_range)?;
        Ok(Self {
            environment,
            target,
            space: Space::Box(space),
            low,
            high,
            rescaled: vec![0.0; dim],
        })
    }
}

impl<E: FlatEnvironment> FlatEnvironment for RescaleAction<E> {
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
        let (low, range) = (
            f64::from(self.low),
            f64::from(self.high) - f64::from(self.low),
        );
        let target = self.target.low().iter().zip(self.target.high());
        for ((x, a), (&to_low, &to_high)) in self.rescaled.iter_mut().zip(action).zip(target) {
            let fraction = (f64::from(*a) - low) / range;
            let to_range = f64::from(to_high) - f64::from(to_low);
            // Rounding may step over a bound.
            *x = ((f64::from(to_low) + fraction * to_range) as f32).clamp(to_low, to_high);
        }
        self.environment.step_into(&self.rescaled, rng, observation)
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
    fn the_agents_range_becomes_the_environments() {
        let mut environment = RescaleAction::new(Line::new(-2.0, 6.0)).unwrap();
        let mut zero_to_four = RescaleAction::with_range(Line::new(-2.0, 6.0), 0.0, 4.0).unwrap();
        let mut rng = Stream::from_seed(0);
        for (action, from_zero, rescaled) in [
            (-1.0, 0.0, -2.0),
            (0.0, 2.0, 2.0),
            (0.5, 3.0, 4.0),
            (1.0, 4.0, 6.0),
        ] {
            for (environment, action) in
                [(&mut environment, action), (&mut zero_to_four, from_zero)]
            {
                environment.reset_into(&mut rng, &mut [0.0]).unwrap();
                let step = environment.step_into(&[action], &mut rng, &mut [0.0]);
                assert_eq!(step, Ok((rescaled, Status::Running)));
            }
        }
    }

    #[test]
    fn an_action_outside_the_agents_range_is_an_error() {
        let mut environment = RescaleAction::new(Line::new(-2.0, 6.0)).unwrap();
        let mut rng = Stream::from_seed(0);
        environment.reset_into(&mut rng, &mut [0.0]).unwrap();
        for action in [&[1.1][..], &[f32::NAN], &[], &[0.0, 0.0]] {
            let error = environment
                .step_into(action, &mut rng, &mut [0.0])
                .unwrap_err();
            let expected = format!("action {action:?} is outside the action space Box([-1, 1])");
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(environment.inner().position, 0.0);
    }

    #[test]
    fn the_end_of_the_range_is_never_beyond_the_bound() {
        // Beside 1e20, whose neighbour in `f64` is 16384 away, 10000 is rounded up.
        let mut environment = RescaleAction::new(Line::new(-1e20, 10_000.0)).unwrap();
        let mut rng = Stream::from_seed(0);
        environment.reset_into(&mut rng, &mut [0.0]).unwrap();
        let step = environment.step_into(&[1.0], &mut rng, &mut [0.0]);
        assert_eq!(step, Ok((10_000.0, Status::Terminated)));
    }

    #[test]
    fn what_cannot_be_rescaled_is_refused() {
        let error = RescaleAction::new(CartPole::v1()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "RescaleAction needs a box of actions, not Discrete(2)"
        );
        let error = RescaleAction::new(Line::new(0.0, f32::INFINITY)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "RescaleAction needs finite bounds, but dimension 0 of the action space runs from 0 \
             to inf"
        );
        for (low, high) in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f32::NAN, 1.0),
            (0.0, f32::INFINITY),
        ] {
            let error = RescaleAction::with_range(Line::new(-1.0, 1.0), low, high).unwrap_err();
            assert!(matches!(error, WrapperError::ActionRange { .. }), "{error}");
        }
    }
}
