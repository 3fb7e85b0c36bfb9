//! CliffWalking: along the edge of a cliff, or safely around it.

use rl_core::Stream;

use super::map::{ActionMark, Cell, GridMap};
use super::table::{Outcome, TransitionTable};
use super::walk::{Walk, walk_environment};
use crate::TimeLimit;

/// Rows of the map.
pub(crate) const ROWS: usize = 4;
/// Columns of the map.
pub(crate) const COLUMNS: usize = 12;
/// The state that every episode starts in: the lower left corner.
pub(crate) const START: usize = 36;
/// The state that ends an episode: the lower right corner.
pub(crate) const GOAL: usize = 47;

/// The actions by their index.
pub(crate) const ACTIONS: [ActionMark; 4] = [
    ActionMark::Up,
    ActionMark::Right,
    ActionMark::Down,
    ActionMark::Left,
];

/// Gymnasium's CliffWalking (Sutton & Barto 2018, example 6.6), without a time limit as it is there.
///
/// | | |
/// |---|---|
/// | observation | `row · 12 + column` of 4 rows and 12 columns |
/// | action | 0: up, 1: right, 2: down, 3: left |
/// | step | in the direction of the action (slippery: or to either side of it, a third each); at the edge one stays; from the cliff, between start and goal, back to the start |
/// | reward | −1 for every step, −100 for one over the cliff |
/// | reset | the lower left corner |
/// | terminated | at the goal, the lower right corner |
#[derive(Clone, Debug)]
pub struct CliffWalking {
    walk: Walk,
}

impl CliffWalking {
    /// The walk without a time limit, slippery or not.
    pub fn new(slippery: bool) -> Self {
        Self {
            walk: Walk::new(Self::table_of(slippery)),
        }
    }

    /// `CliffWalking-v1` with a time limit of 1000 steps, which Gymnasium's has not: a policy that
    /// walks in a circle would be judged for ever.
    pub fn v1() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(false), 1000)
    }

    /// The table of transitions.
    pub fn table(&self) -> &TransitionTable {
        self.walk.table()
    }

    /// The state, also the last one of an episode that is over; `None` before the first reset.
    pub fn state(&self) -> Option<usize> {
        self.walk.state()
    }

    /// The action of the episode's last step.
    pub fn last_action(&self) -> Option<usize> {
        self.walk.last_action()
    }

    /// The map of the states.
    pub fn grid_map() -> GridMap {
        let cell = |state| match state {
            START => Cell::Start,
            GOAL => Cell::Goal,
            state if is_cliff(state) => Cell::Cliff,
            _ => Cell::Ground,
        };
        GridMap::of_cells(COLUMNS, (0..ROWS * COLUMNS).map(cell).collect(), &ACTIONS)
    }

    /// The table of transitions, slippery or not.
    pub fn table_of(slippery: bool) -> TransitionTable {
        let mut initial = vec![0.0; ROWS * COLUMNS];
        initial[START] = 1.0;
        let outcome = |probability, state: usize, action| {
            let (row, column) = (state / COLUMNS, state % COLUMNS);
            let (row, column) = match action {
                0 => (row.saturating_sub(1), column),
                1 => (row, (column + 1).min(COLUMNS - 1)),
                2 => ((row + 1).min(ROWS - 1), column),
                _ => (row, column.saturating_sub(1)),
            };
            let next = row * COLUMNS + column;
            let falls = is_cliff(next);
            Outcome {
                probability,
                next: if falls { START } else { next },
                reward: if falls { -100.0 } else { -1.0 },
                terminated: next == GOAL,
            }
        };
        TransitionTable::new(4, initial, |state, action| {
            if slippery {
                [(action + 3) % 4, action, (action + 1) % 4]
                    .map(|direction| outcome(1.0 / 3.0, state, direction))
                    .to_vec()
            } else {
                vec![outcome(1.0, state, action)]
            }
        })
    }
}

/// Returns `true` for a state of the cliff.
pub(crate) fn is_cliff(state: usize) -> bool {
    (START + 1..GOAL).contains(&state)
}

walk_environment!(CliffWalking);

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Status};

    use super::*;

    #[test]
    fn the_shortest_way_costs_13_and_a_fall_100_without_an_end() {
        let mut cliff = CliffWalking::new(false);
        let mut rng = Stream::from_seed(0);
        assert_eq!(cliff.reset(&mut rng).unwrap(), START);
        let fall = cliff.step(&1, &mut rng).unwrap();
        assert_eq!((fall.observation, fall.reward), (START, -100.0));
        assert_eq!(fall.status, Status::Running);
        let way = std::iter::once(0).chain([1; 11]).chain([2]);
        let steps: Vec<_> = way
            .map(|action| cliff.step(&action, &mut rng).unwrap())
            .collect();
        assert_eq!(steps.iter().map(|step| step.reward).sum::<f64>(), -13.0);
        assert_eq!(steps[12].status, Status::Terminated);
        assert_eq!((cliff.state(), cliff.last_action()), (Some(GOAL), Some(2)));
    }

    #[test]
    fn who_walks_in_a_circle_is_stopped_after_1000_steps() {
        let mut cliff = CliffWalking::v1();
        let mut rng = Stream::from_seed(0);
        cliff.reset(&mut rng).unwrap();
        let mut status = Status::Running;
        for _ in 0..1000 {
            assert_eq!(status, Status::Running);
            status = cliff.step(&3, &mut rng).unwrap().status;
        }
        assert_eq!(status, Status::Truncated);
    }
}
