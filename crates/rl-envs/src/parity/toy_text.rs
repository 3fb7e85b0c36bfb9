//! Replays of the toy-text environments: tables entry for entry, and seeded episodes draw for draw.

use std::path::Path;

use rl_core::{Environment, Status, Stream};

use super::table::{Row, Table};
use super::{FileReport, ParityError, Quantity, Tolerance};
use crate::TimeLimit;
use crate::toy_text::{
    CliffWalking, FrozenLake, LakeMap, Taxi, TaxiConfig, TaxiState, TransitionTable,
};

/// Limit of environments without one: more than the recorded steps.
const NONE: usize = 1000;

/// Environment with a table, as it is replayed.
trait ToyText: Environment<Observation = usize, Action = usize> {
    fn table(&self) -> &TransitionTable;

    /// The actions that change something in a state, where that is recorded.
    fn mask(_state: usize) -> Option<[bool; 6]> {
        None
    }

    /// Flag: a reset draws a second number.
    fn draws_twice(&self) -> bool {
        false
    }
}

impl ToyText for FrozenLake {
    fn table(&self) -> &TransitionTable {
        self.table()
    }
}

impl ToyText for CliffWalking {
    fn table(&self) -> &TransitionTable {
        self.table()
    }
}

impl ToyText for Taxi {
    fn table(&self) -> &TransitionTable {
        self.table()
    }

    fn mask(state: usize) -> Option<[bool; 6]> {
        Some(Self::action_mask(TaxiState::from_index(state)))
    }

    fn draws_twice(&self) -> bool {
        self.config().fickle
    }
}

/// Replay of the directory called `frozenlake_4x4_slippery` and its like.
pub(super) fn frozen_lake<const LARGE: bool, const SLIPPERY: bool>(
    directory: &Path,
) -> Result<Vec<FileReport>, ParityError> {
    let (map, limit) = if LARGE {
        (LakeMap::Large, 200)
    } else {
        (LakeMap::Small, 100)
    };
    replay(
        TimeLimit::new(FrozenLake::new(map, SLIPPERY), limit),
        directory,
    )
}

/// Replay of the directories `cliffwalking` and `cliffwalking_slippery`.
pub(super) fn cliff_walking<const SLIPPERY: bool>(
    directory: &Path,
) -> Result<Vec<FileReport>, ParityError> {
    replay(TimeLimit::new(CliffWalking::new(SLIPPERY), NONE), directory)
}

/// Replay of the directories `taxi`, `taxi_rainy` and so on.
pub(super) fn taxi<const RAINY: bool, const FICKLE: bool>(
    directory: &Path,
) -> Result<Vec<FileReport>, ParityError> {
    let config = TaxiConfig {
        rainy: RAINY,
        fickle: FICKLE,
    };
    replay(TimeLimit::new(Taxi::new(config), 200), directory)
}

fn replay<E: ToyText>(
    environment: TimeLimit<E>,
    directory: &Path,
) -> Result<Vec<FileReport>, ParityError> {
    let table = environment.inner().table();
    let mut files = Vec::new();
    let key = &["state", "action"];
    if let Some(recorded) = Table::read_if_there(directory.join("transitions.csv"), key)? {
        files.push(transitions(table, &recorded)?);
    }
    if let Some(recorded) = Table::read_if_there(directory.join("initial.csv"), &["state"])? {
        files.push(initial(table, &recorded)?);
    }
    let pair = [
        ("episodes.csv", &["episode", "t"][..]),
        ("episode_index.csv", &["episode"]),
    ];
    if let Some((steps, index)) = Table::read_pair(directory, pair)? {
        files.extend(episodes(environment, &steps, &index)?);
    }
    Ok(files)
}

/// A state or an action of a row.
fn index_in(row: Row<'_>, column: &str, n: usize) -> Result<usize, ParityError> {
    let index = row.integer(column)?;
    if index < n {
        return Ok(index);
    }
    Err(row.wrong(column, format!("a whole number below {n}")))
}

fn transitions(table: &TransitionTable, recorded: &Table) -> Result<FileReport, ParityError> {
    let quantity = |name| Quantity::new(name, Tolerance::Exact);
    let mut probability = quantity("probability");
    let mut next = quantity("next state");
    let mut reward = quantity("reward");
    let mut flags = quantity("flags");
    let mut found = vec![0; table.states() * table.actions()];
    for row in recorded.rows() {
        let state = index_in(row, "state", table.states())?;
        let action = index_in(row, "action", table.actions())?;
        let entry = &mut found[state * table.actions() + action];
        // An outcome that we have not got is infinitely far away.
        let ours = table.outcomes(state, action).get(*entry);
        let number = |number: Option<f64>| number.unwrap_or(f64::NAN);
        probability.number(row, "probability", number(ours.map(|o| o.probability)))?;
        next.number(row, "next_state", number(ours.map(|o| o.next as f64)))?;
        reward.number(row, "reward", number(ours.map(|o| o.reward)))?;
        let terminated = ours.is_some_and(|o| o.terminated);
        flags.flag(row, "terminated", terminated, row.flag("terminated")?);
        *entry += 1;
    }
    let mut outcomes = quantity("outcomes");
    for row in recorded.rows() {
        let (state, action) = (row.integer("state")?, row.integer("action")?);
        let theirs: &mut usize = &mut found[state * table.actions() + action];
        // Once for each state and action.
        if *theirs > 0 {
            let ours = table.outcomes(state, action).len();
            outcomes.count(row, "probability", ours, std::mem::take(theirs));
        }
    }
    let mut entries = 0;
    for state in 0..table.states() {
        entries += (0..table.actions())
            .map(|action| table.outcomes(state, action).len())
            .sum::<usize>();
    }
    if let Some(row) = recorded.rows().last() {
        outcomes.count(row, "state", entries, recorded.len());
    }
    let quantities = vec![probability, next, reward, flags, outcomes];
    Ok(FileReport::new(recorded, recorded.len(), quantities))
}

fn initial(table: &TransitionTable, recorded: &Table) -> Result<FileReport, ParityError> {
    let mut probability = Quantity::new("probability", Tolerance::Exact);
    for row in recorded.rows() {
        let state = index_in(row, "state", table.states())?;
        probability.number(row, "probability", table.initial()[state])?;
    }
    Ok(FileReport::new(recorded, recorded.len(), vec![probability]))
}

fn episodes<E: ToyText>(
    mut environment: TimeLimit<E>,
    steps: &Table,
    index: &Table,
) -> Result<[FileReport; 2], ParityError> {
    let quantity = |name| Quantity::new(name, Tolerance::Exact);
    let [mut start, mut first_draw] = [quantity("observation"), quantity("draws")];
    let [mut total, mut ends] = [quantity("return"), quantity("flags")];
    let [mut observation, mut draws] = [quantity("observation"), quantity("draws")];
    let [mut reward, mut flags] = [quantity("reward"), quantity("flags")];
    let mut probability = quantity("probability");
    let mut masks = quantity("action mask");
    let mut compared = 0;
    let actions = environment.inner().table().actions();
    let mut rng = Stream::from_seed(0);
    for episode in index.rows() {
        if episode.flag("seeded")? {
            rng = Stream::from_seed(episode.integer("seed")?);
        }
        let columns: &[&str] = if environment.inner().draws_twice() {
            &["u0", "u1"]
        } else {
            &["u0"]
        };
        let mut next_draws = rng.clone();
        for column in columns {
            first_draw.number(episode, column, next_draws.next_f64())?;
        }
        let mut state = environment.reset(&mut rng)?;
        start.number(episode, "init_obs", state as f64)?;
        compare_mask::<E>(&mut masks, episode, state)?;

        let length = episode.integer("length")?;
        let (mut sum, mut status) = (0.0, Status::Running);
        for row in steps.steps_of(episode, "episode", Some(length))? {
            if status != Status::Running {
                // An end that is not in the trace has been counted as a flag that differs.
                break;
            }
            let action = index_in(row, "action", actions)?;
            let table = environment.inner().table();
            let mut next_draws = rng.clone();
            let outcome = table.draw(state, action, &mut next_draws.clone());
            probability.number(row, "prob", outcome.probability)?;
            draws.number(row, "u", next_draws.next_f64())?;
            if environment.inner().draws_twice() && !row.text("dest_draw")?.is_empty() {
                let old = TaxiState::from_index(state).destination;
                let new = Taxi::other_destination(old, &mut next_draws);
                draws.number(row, "dest_draw", new as f64)?;
            }
            let step = environment.step(&action, &mut rng)?;
            state = step.observation;
            observation.number(row, "obs", state as f64)?;
            reward.number(row, "reward", step.reward)?;
            flags.status(row, step.status)?;
            compare_mask::<E>(&mut masks, row, state)?;
            sum += step.reward;
            status = step.status;
            compared += 1;
        }
        total.number(episode, "return", sum)?;
        ends.status(episode, status)?;
    }
    let mut of_steps = vec![observation, draws, probability, reward, flags];
    if masks.compared > 0 {
        of_steps.push(masks);
    }
    Ok([
        FileReport::new(index, index.len(), vec![start, first_draw, total, ends]),
        FileReport::new(steps, compared, of_steps),
    ])
}

fn compare_mask<E: ToyText>(
    masks: &mut Quantity,
    row: Row<'_>,
    state: usize,
) -> Result<(), ParityError> {
    for (action, possible) in E::mask(state).into_iter().flatten().enumerate() {
        let column = format!("mask{action}");
        masks.flag(row, &column, possible, row.flag(&column)?);
    }
    Ok(())
}
