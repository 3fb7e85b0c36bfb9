//! Naming what is seen.

use rl_core::{Discrete, Environment, EnvironmentError, Space, Status, Step, Stream};

use super::{StepsLeft, TrivialError, check_action, cube};
use crate::saved::Saved;

/// Shows one of `N` symbols, drawn anew for each step, as a one-hot vector `[N]`; an action that
/// names it has reward 1, another one reward 0.
///
/// An episode has a fixed number of steps and is then truncated: nothing in what is observed tells
/// of its end. Its optimal return is that number; random actions earn a share of `1/N`. The
/// optimal value of every observation is `1 / (1 - γ)`, as if there were no end.
#[derive(Clone, Debug)]
pub struct Identity<const N: usize> {
    actions: Discrete,
    steps: usize,
    symbol: usize,
    left: StepsLeft,
}

impl<const N: usize> Identity<N> {
    /// Episodes of `steps` steps.
    ///
    /// # Errors
    /// [`TrivialError`] if there are no symbols or no steps.
    pub fn new(steps: usize) -> Result<Self, TrivialError> {
        if steps == 0 {
            return Err(TrivialError::NoSteps);
        }
        Ok(Self {
            actions: Discrete::new(N)?,
            steps,
            symbol: 0,
            left: StepsLeft::default(),
        })
    }

    /// Draws a symbol and shows it.
    fn show(&mut self, rng: &mut Stream) -> [f32; N] {
        self.symbol = self.actions.sample(rng);
        std::array::from_fn(|i| if i == self.symbol { 1.0 } else { 0.0 })
    }
}

impl<const N: usize> Environment for Identity<N> {
    type Observation = [f32; N];
    type Action = usize;

    fn observation_space(&self) -> Space {
        cube::<N>(0.0, 1.0)
    }

    fn action_space(&self) -> Space {
        Space::Discrete(self.actions)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; N], EnvironmentError> {
        self.left = StepsLeft(Some(self.steps));
        Ok(self.show(rng))
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; N]>, EnvironmentError> {
        let left = self.left.get()? - 1;
        check_action(*action, self.actions)?;
        self.left = StepsLeft(Some(left));
        Ok(Step {
            reward: if *action == self.symbol { 1.0 } else { 0.0 },
            observation: self.show(rng),
            status: match left {
                0 => Status::Truncated,
                _ => Status::Running,
            },
        })
    }

    /// The steps left and the symbol.
    fn save_state(&self) -> Option<Vec<f64>> {
        Some([&self.left.save()[..], &[self.symbol as f64]].concat())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let left = StepsLeft::restored(&mut saved, self.steps)?;
        let symbol = saved.count(N - 1)?;
        saved.finish()?;
        (self.left, self.symbol) = (left, symbol);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(observation: [f32; 5]) -> usize {
        observation.iter().position(|&x| x == 1.0).unwrap()
    }

    fn total_reward(policy: impl Fn(usize) -> usize) -> f64 {
        let mut environment = Identity::<5>::new(40).unwrap();
        let mut rng = Stream::from_seed(0);
        let mut symbol = named(environment.reset(&mut rng).unwrap());
        let mut total = 0.0;
        loop {
            let step = environment.step(&policy(symbol), &mut rng).unwrap();
            assert_eq!(step.observation.iter().sum::<f32>(), 1.0);
            total += step.reward;
            symbol = named(step.observation);
            if step.status == Status::Truncated {
                return total;
            }
        }
    }

    #[test]
    fn naming_every_symbol_earns_one_per_step() {
        assert_eq!(total_reward(|symbol| symbol), 40.0);
    }

    #[test]
    fn naming_every_symbol_wrongly_earns_nothing() {
        assert_eq!(total_reward(|symbol| (symbol + 1) % 5), 0.0);
    }

    #[test]
    fn no_symbols_and_no_steps_are_errors() {
        assert!(matches!(
            Identity::<0>::new(1).unwrap_err(),
            TrivialError::Actions(_)
        ));
        assert_eq!(Identity::<2>::new(0).unwrap_err(), TrivialError::NoSteps);
    }
}
