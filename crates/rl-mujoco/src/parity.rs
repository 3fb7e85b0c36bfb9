//! Comparison of the tasks with recorded traces of Gymnasium's.
//!
//! A set of traces is a directory named after its task (`half_cheetah`, …) with files of comma-separated values in it, of
//! [`rl_envs::parity`]'s kind:
//!
//! * `transitions.csv`: independent steps, each from a recorded state.
//! * `episode_index.csv`: how episodes start and end. A seeded start must be ours to the last bit.
//! * `episodes.csv`: the actions and rewards of these, `observations.csv` some of their observations.
//!
//! Contacts make the motion chaotic. Episodes are compared as far as the record says that rounding leaves them comparable, to
//! 1e-4, and single steps to 1e-9: with MuJoCo 3.17.0 on the platform of the record, not a bit differs.

use std::path::Path;

use rl_core::{Environment, Status, Stream};
use rl_envs::TimeLimit;
use rl_envs::parity::{FileReport, ParityError, Quantity, Replay, Row, Table, Tolerance};

use crate::environment::MujocoEnvironment;
use crate::error::MujocoError;
use crate::rules::Rules;
use crate::{
    Ant, HalfCheetah, Hopper, InvertedDoublePendulum, InvertedPendulum, Reacher, Swimmer, Walker2d,
};

/// Replay for each name of a directory.
pub const REPLAYS: &[(&str, Replay)] = &[
    ("half_cheetah", |traces| replay(traces, HalfCheetah::v5())),
    ("hopper", |traces| replay(traces, Hopper::v5())),
    ("walker2d", |traces| replay(traces, Walker2d::v5())),
    ("swimmer", |traces| replay(traces, Swimmer::v5())),
    ("reacher", |traces| replay(traces, Reacher::v5())),
    ("inverted_pendulum", |traces| {
        replay(traces, InvertedPendulum::v5())
    }),
    ("inverted_double_pendulum", |traces| {
        replay(traces, InvertedDoublePendulum::v5())
    }),
    ("ant", |traces| replay(traces, Ant::v5())),
];

/// Tolerance of numbers after one step.
const STEP: Tolerance = Tolerance::Scaled(1e-9);
/// Tolerance of observations after one step: an `f32` is rounded at 6e-8 of its size.
const OBSERVATION: Tolerance = Tolerance::Scaled(1e-6);
/// Tolerance of numbers of an episode, as far as it is robust.
const ROBUST: Tolerance = Tolerance::Absolute(1e-4);
/// Tolerance of rewards of an episode: velocities of positions that are off by as much over a step.
const REWARD: Tolerance = Tolerance::Scaled(1e-2);

/// Replays the traces of a task.
fn replay<R: Rules<O, A>, const O: usize, const A: usize>(
    directory: &Path,
    environment: Result<TimeLimit<MujocoEnvironment<R, O, A>>, MujocoError>,
) -> Result<Vec<FileReport>, ParityError> {
    let made = environment.map_err(rl_core::EnvironmentError::own)?;
    let mut files = Vec::new();
    if let Some(table) = Table::read_if_there(directory.join("transitions.csv"), &["id"])? {
        files.push(transitions::<R, O, A>(&table)?);
    }
    let pair = [
        ("episodes.csv", &["episode", "t"][..]),
        ("episode_index.csv", &["episode"]),
    ];
    if let Some((steps, index)) = Table::read_pair(directory, pair)? {
        let seen = directory.join("observations.csv");
        let seen = Table::read_if_there(seen, &["episode", "t"])?;
        files.extend(episodes(made, &steps, &index, seen.as_ref())?);
    }
    Ok(files)
}

/// The numbers in the columns that begin with a prefix, such as `qpos_`, in their order.
fn state(row: Row<'_>, prefix: &str) -> Result<Vec<f64>, ParityError> {
    let columns = row.columns().filter(|column| column.starts_with(prefix));
    columns.map(|column| row.number(column)).collect()
}

fn compare_state(
    quantity: &mut Quantity,
    row: Row<'_>,
    prefix: &str,
    ours: &[f64],
) -> Result<(), ParityError> {
    let columns = row.columns().filter(|column| column.starts_with(prefix));
    quantity.numbers(row, "", columns, ours.iter().copied())
}

fn action<const A: usize>(row: Row<'_>) -> Result<[f32; A], ParityError> {
    let mut action = [0.0; A];
    for (i, number) in action.iter_mut().enumerate() {
        *number = row.single(&format!("action{i}"))?;
    }
    Ok(action)
}

fn transitions<R: Rules<O, A>, const O: usize, const A: usize>(
    table: &Table,
) -> Result<FileReport, ParityError> {
    let mut states = Quantity::new("state", STEP);
    let mut observations = Quantity::new("observation", OBSERVATION);
    let mut rewards = Quantity::new("reward", STEP);
    let mut flags = Quantity::new("flags", Tolerance::Exact);
    let made = MujocoEnvironment::<R, O, A>::new();
    let mut environment = made.map_err(rl_core::EnvironmentError::own)?;
    for row in table.rows() {
        environment.reset_to(&state(row, "qpos_")?, &state(row, "qvel_")?)?;
        // These rules draw no random numbers within an episode.
        let step = environment.step(&action(row)?, &mut Stream::from_seed(0))?;
        let simulation = environment.simulation();
        compare_state(&mut states, row, "next_qpos_", simulation.qpos())?;
        compare_state(&mut states, row, "next_qvel_", simulation.qvel())?;
        observations.observation(row, "obs", &step.observation)?;
        rewards.number(row, "reward", step.reward)?;
        if row.columns().any(|column| column == "terminated") {
            flags.status(row, step.status)?;
        }
    }
    let mut quantities = vec![states, observations, rewards];
    quantities.extend((flags.compared > 0).then_some(flags));
    Ok(FileReport::new(table, table.len(), quantities))
}

fn episodes<R: Rules<O, A>, const O: usize, const A: usize>(
    mut environment: TimeLimit<MujocoEnvironment<R, O, A>>,
    steps: &Table,
    index: &Table,
    seen: Option<&Table>,
) -> Result<Vec<FileReport>, ParityError> {
    let mut start = Quantity::new("state", Tolerance::Exact);
    let mut first = Quantity::new("observation", OBSERVATION);
    let mut total = Quantity::new("return", REWARD);
    let mut ends = Quantity::new("flags", Tolerance::Exact);
    let mut reward = Quantity::new("reward", REWARD);
    let mut flags = Quantity::new("flags", Tolerance::Exact);
    let mut observation = Quantity::new("observation", ROBUST);
    let (mut compared, mut looked) = (0, 0);
    for episode in index.rows() {
        let length = episode.integer("length")?;
        let robust: usize = episode.integer("robust_steps_f64")?;
        if robust > length {
            return Err(episode.wrong("robust_steps_f64", format!("at most {length}")));
        }
        let rows = steps.steps_of(episode, "episode", Some(length))?;
        let number: u64 = episode.integer("episode")?;
        let mut observed = Vec::new();
        for row in seen.into_iter().flat_map(Table::rows) {
            if row.integer::<u64>("episode")? == number {
                observed.push((row.integer::<usize>("t")?, row));
            }
        }

        let rng = &mut Stream::from_seed(episode.integer("reset_seed")?);
        let begun = environment.reset(rng)?;
        let simulation = environment.inner().simulation();
        compare_state(&mut start, episode, "init_qpos_", simulation.qpos())?;
        compare_state(&mut start, episode, "init_qvel_", simulation.qvel())?;
        first.observation(episode, "init_obs", &begun)?;
        let mut status = Status::Running;
        let mut sum = 0.0;
        for (t, row) in rows.into_iter().take(robust).enumerate() {
            if status != Status::Running {
                // An end that is not in the trace has been counted as a flag that differs.
                break;
            }
            let step = environment.step(&action(row)?, rng)?;
            reward.number(row, "reward", step.reward)?;
            flags.status(row, step.status)?;
            for (_, row) in observed.iter().filter(|(at, _)| *at == t) {
                observation.observation(*row, "obs", &step.observation)?;
                looked += 1;
            }
            status = step.status;
            sum += step.reward;
            compared += 1;
        }
        if robust == length {
            total.number(episode, "return", sum)?;
            ends.status(episode, status)?;
        }
    }
    let mut files = vec![
        FileReport::new(index, index.len(), vec![start, first, total, ends]),
        FileReport::new(steps, compared, vec![reward, flags]),
    ];
    files.extend(seen.map(|seen| FileReport::new(seen, looked, vec![observation])));
    Ok(files)
}
