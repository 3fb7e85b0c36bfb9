//! A corridor with its exit on the right.

use rl::prelude::*;

/// Number of cells; the exit is behind the last.
const LENGTH: usize = 10;

/// A walk along a corridor: every step costs 1, so that the shortest way out is the best.
#[derive(Default)]
pub struct Corridor {
    /// The cell, [`LENGTH`] once outside; `None` before the first episode.
    cell: Option<usize>,
}

impl Environment for Corridor {
    type Observation = usize;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::discrete(LENGTH + 1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<usize, EnvironmentError> {
        let cell = rng.below(LENGTH / 2);
        self.cell = Some(cell);
        Ok(cell)
    }

    fn step(&mut self, action: &usize, _: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
        let cell = match (self.cell, action) {
            (None, _) => return Err(EnvironmentError::NotReset),
            (Some(LENGTH), _) => return Err(EnvironmentError::EpisodeOver),
            (Some(cell), 0) => cell.saturating_sub(1),
            (Some(cell), 1) => cell + 1,
            _ => return Err(EnvironmentError::outside(action, &self.action_space())),
        };
        self.cell = Some(cell);
        Ok(Step {
            observation: cell,
            reward: -1.0,
            status: match cell {
                LENGTH => Status::Terminated,
                _ => Status::Running,
            },
        })
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        self.cell.map(|cell| vec![cell as f64])
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let cells = 0..=LENGTH;
        let [cell] = state else {
            return Err(EnvironmentError::state("a corridor is one number"));
        };
        let cell = cells.into_iter().find(|known| *known as f64 == *cell);
        self.cell = Some(cell.ok_or_else(|| EnvironmentError::state("no cell of the corridor"))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rl::envs::conformance::{ConformanceConfig, NonConformance, check_environment};

    use super::*;

    #[test]
    fn the_corridor_keeps_the_contract_of_environments() -> Result<(), NonConformance> {
        let limited = || TimeLimit::new(Corridor::default(), 100);
        check_environment(limited, &ConformanceConfig::default())?;
        Ok(())
    }
}
