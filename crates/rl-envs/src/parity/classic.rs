//! Replays of the classic environments, whose steps depend on state and action only.

use std::path::Path;

use rl_core::{Environment, EnvironmentError, Flat, Space, Status, Step, Stream};

use super::table::{Row, Table};
use super::{FileReport, ParityError, Quantity, Tolerance};
use crate::TimeLimit;
use crate::physics::Physics;
use crate::simulation::Simulation;
use crate::{Acrobot, CartPole, MountainCar, MountainCarContinuous, Pendulum};

/// Tolerance of observations after one step: an `f32` is rounded at 6e-8 of its size.
const OBSERVATION: Tolerance = Tolerance::Scaled(1e-6);
/// Tolerance of observations of an episode, where rounding errors add up. The traces count the
/// steps of an episode that stay within it, the robust ones.
const ROBUST: Tolerance = Tolerance::Absolute(1e-4);

/// Environment with the tolerances of its replay.
struct Classic<P, const S: usize, const O: usize> {
    environment: TimeLimit<Simulation<P, S, O>>,
    /// Names of the columns of a state.
    names: [&'static str; S],
    /// Tolerance of the state after a step.
    state: Tolerance,
    /// Tolerance of the reward of a step from a recorded state.
    reward: Tolerance,
    /// Tolerance of the rewards of an episode, and of their sum.
    episode_reward: Tolerance,
}

pub(super) fn cartpole(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    Classic {
        environment: CartPole::v1(),
        names: ["x", "x_dot", "theta", "theta_dot"],
        state: Tolerance::Scaled(1e-9),
        reward: Tolerance::Exact,
        episode_reward: Tolerance::Exact,
    }
    .replay(directory)
}

pub(super) fn mountain_car(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    Classic {
        environment: MountainCar::v0(),
        names: ["position", "velocity"],
        state: Tolerance::Scaled(1e-9),
        reward: Tolerance::Exact,
        episode_reward: Tolerance::Exact,
    }
    .replay(directory)
}

pub(super) fn mountain_car_continuous(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    Classic {
        environment: MountainCarContinuous::v0(),
        names: ["position", "velocity"],
        state: Tolerance::Scaled(1e-7),
        reward: Tolerance::Exact,
        episode_reward: Tolerance::Exact,
    }
    .replay(directory)
}

pub(super) fn acrobot(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    Classic {
        environment: Acrobot::v1(),
        names: ["theta1", "theta2", "dtheta1", "dtheta2"],
        state: Tolerance::Scaled(1e-9),
        reward: Tolerance::Exact,
        episode_reward: Tolerance::Exact,
    }
    .replay(directory)
}

pub(super) fn pendulum(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    Classic {
        environment: Pendulum::v1(),
        names: ["theta", "theta_dot"],
        state: Tolerance::Scaled(1e-7),
        // NumPy squares by `pow`, which may be off by a unit in the last place.
        reward: Tolerance::Scaled(1e-15),
        // Error of θ² + 0.1 θ̇² where θ and θ̇ are off by `ROBUST`.
        episode_reward: Tolerance::Scaled(3e-4),
    }
    .replay(directory)
}

impl<P: Physics<S, O>, const S: usize, const O: usize> Classic<P, S, O> {
    fn replay(&self, directory: &Path) -> Result<Vec<FileReport>, ParityError> {
        let episodes = [
            ("episodes.csv", &["episode", "t"][..]),
            ("episode_index.csv", &["episode"]),
        ];
        let mut files = Vec::new();
        if let Some(table) = Table::read_if_there(directory.join("transitions.csv"), &["id"])? {
            files.push(self.transitions(&table)?);
        }
        if let Some((steps, index)) = Table::read_pair(directory, episodes)? {
            files.extend(self.episodes(&steps, &index)?);
        }
        Ok(files)
    }

    fn transitions(&self, table: &Table) -> Result<FileReport, ParityError> {
        let mut state = Quantity::new("state", self.state);
        let mut observation = Quantity::new("observation", OBSERVATION);
        let mut reward = Quantity::new("reward", self.reward);
        let mut flags = Quantity::new("flags", Tolerance::Exact);
        let mut simulation = self.environment.inner().clone();
        for row in table.rows() {
            simulation.reset_to(row.numbers(self.names, "")?);
            let step = take_step(&mut simulation, row)?;
            let after = simulation.state().into_iter().flatten();
            state.numbers(row, "next_", self.names, after)?;
            observation.observation(row, "obs", &step.observation)?;
            reward.number(row, "reward", step.reward)?;
            flags.status(row, step.status)?;
        }
        let quantities = vec![state, observation, reward, flags];
        Ok(FileReport::new(table, table.len(), quantities))
    }

    fn episodes(&self, steps: &Table, index: &Table) -> Result<[FileReport; 2], ParityError> {
        let mut start = Quantity::new("state", Tolerance::Exact);
        let mut first = Quantity::new("observation", OBSERVATION);
        let mut total = Quantity::new("return", self.episode_reward);
        let mut ends = Quantity::new("flags", Tolerance::Exact);

        let mut observation = Quantity::new("observation", ROBUST);
        let mut reward = Quantity::new("reward", self.episode_reward);
        let mut flags = Quantity::new("flags", Tolerance::Exact);
        let mut compared = 0;

        for episode in index.rows() {
            let recorded = episode.numbers(self.names, "init_")?;
            let seed = episode.integer("reset_seed")?;
            if !episode.flag("explicit_start")? {
                let mut simulation = self.environment.inner().clone();
                simulation.reset(&mut Stream::from_seed(seed))?;
                let ours = simulation.state().into_iter().flatten();
                start.numbers(episode, "init_", self.names, ours)?;
            }
            let length = episode.integer("length")?;
            let robust: usize = episode.integer("robust_steps_f64")?;
            if robust > length {
                return Err(episode.wrong("robust_steps_f64", format!("at most {length}")));
            }
            let rows = steps.steps_of(episode, "episode", Some(length))?;

            let mut environment = self.from(recorded);
            let rng = &mut Stream::from_seed(seed);
            first.observation(episode, "init_obs", &environment.reset(rng)?)?;
            let mut status = Status::Running;
            let mut sum = 0.0;
            for row in rows.into_iter().take(robust) {
                if status != Status::Running {
                    // An end that is not in the trace has been counted as a flag that differs.
                    break;
                }
                let step = take_step(&mut environment, row)?;
                observation.observation(row, "obs", &step.observation)?;
                reward.number(row, "reward", step.reward)?;
                flags.status(row, step.status)?;
                status = step.status;
                sum += step.reward;
                compared += 1;
            }
            if robust == length {
                total.number(episode, "return", sum)?;
                ends.status(episode, status)?;
            } else {
                // The time limit does not depend on how the rest of the episode goes.
                let terminated = episode.flag("terminated")?;
                let ours = !terminated && length >= self.environment.max_steps();
                let theirs = !terminated && episode.flag("truncated")?;
                ends.flag(episode, "truncated", ours, theirs);
            }
        }
        Ok([
            FileReport::new(index, index.len(), vec![start, first, total, ends]),
            FileReport::new(steps, compared, vec![observation, reward, flags]),
        ])
    }

    /// The environment with its time limit, and with episodes that start from `state`.
    fn from(&self, state: [f64; S]) -> TimeLimit<StartingFrom<P, S, O>> {
        let simulation = self.environment.inner().clone();
        TimeLimit::new(
            StartingFrom { state, simulation },
            self.environment.max_steps(),
        )
    }
}

/// Simulation whose episodes start from one state.
struct StartingFrom<P, const S: usize, const O: usize> {
    state: [f64; S],
    simulation: Simulation<P, S, O>,
}

impl<P: Physics<S, O>, const S: usize, const O: usize> Environment for StartingFrom<P, S, O> {
    type Observation = [f32; O];
    type Action = P::Action;

    fn observation_space(&self) -> Space {
        self.simulation.observation_space()
    }

    fn action_space(&self) -> Space {
        self.simulation.action_space()
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; O], EnvironmentError> {
        Ok(self.simulation.reset_to(self.state))
    }

    fn step(
        &mut self,
        action: &P::Action,
        rng: &mut Stream,
    ) -> Result<Step<[f32; O]>, EnvironmentError> {
        self.simulation.step(action, rng)
    }
}

/// Takes a step by the action in `row`.
fn take_step<E: Environment>(
    environment: &mut E,
    row: Row<'_>,
) -> Result<Step<E::Observation>, ParityError> {
    let outside = || row.wrong("action", format!("in {}", environment.action_space()));
    let action = E::Action::read(&[row.single("action")?]).ok_or_else(outside)?;
    // These physics draw no random numbers.
    let step = environment.step(&action, &mut Stream::from_seed(0));
    step.map_err(|_| row.wrong("action", format!("in {}", environment.action_space())))
}
