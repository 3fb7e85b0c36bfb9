//! An environment with both kinds of ends, and networks in `f64`.

use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

/// A point on a line that actions and noise push; it terminates beyond ±0.7, and is truncated after
/// seven steps.
#[derive(Default)]
pub struct Line {
    at: f32,
    steps: usize,
}

impl Environment for Line {
    type Observation = [f32; 2];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(2)
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 2], EnvironmentError> {
        (self.at, self.steps) = (rng.uniform(-0.5, 0.5) as f32, 0);
        Ok([self.at, 0.0])
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 2]>, EnvironmentError> {
        self.at += 0.2 * (*action as f32 - 1.0) + rng.uniform(-0.3, 0.3) as f32;
        self.steps += 1;
        Ok(Step {
            observation: [self.at, self.steps as f32 / 7.0],
            reward: f64::from(self.at),
            status: match (self.at.abs() > 0.7, self.steps) {
                (true, _) => Status::Terminated,
                (_, 7) => Status::Truncated,
                _ => Status::Running,
            },
        })
    }
}

/// Linear action values `[3]` of two numbers, with the flat parameters weight `[2, 3]`, then bias.
pub fn linear(parameters: &[f64], input: &[f32]) -> [f64; 3] {
    std::array::from_fn(|b| {
        let [x, y] = [0, 1].map(|i| f64::from(input[i]));
        parameters[b] * x + parameters[3 + b] * y + parameters[6 + b]
    })
}

/// The action of the largest value.
pub fn argmax(values: &[f64; 3]) -> usize {
    let largest = values.iter().copied().fold(f64::MIN, f64::max);
    values.iter().position(|&x| x == largest).unwrap_or(0)
}
