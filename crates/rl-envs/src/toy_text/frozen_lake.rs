//! FrozenLake: across the ice to the goal, around the holes.

use rl_core::Stream;

use super::map::{ActionMark, Cell, GridMap};
use super::table::{Outcome, TransitionTable, certain};
use super::walk::{Walk, walk_environment};
use crate::TimeLimit;

/// Map of a lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LakeMap {
    /// Gymnasium's `4x4`.
    Small,
    /// Gymnasium's `8x8`.
    Large,
}

/// Field of a lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// Start of the episodes, on ice.
    Start,
    /// Ice.
    Frozen,
    /// Hole, in which an episode ends.
    Hole,
    /// Goal, in which an episode ends with a reward.
    Goal,
}

/// The actions by their index.
pub(crate) const ACTIONS: [ActionMark; 4] = [
    ActionMark::Left,
    ActionMark::Down,
    ActionMark::Right,
    ActionMark::Up,
];

const SMALL: &str = "SFFFFHFHFFFHHFFG";
const LARGE: &str = "SFFFFFFFFFFFFFFFFFFHFFFFFFFFFHFFFFFHFFFFFHHFFFHFFHFFHFHFFFFHFFFG";

impl LakeMap {
    /// Number of rows, and of columns.
    pub fn side(self) -> usize {
        match self {
            Self::Small => 4,
            Self::Large => 8,
        }
    }

    /// The fields in reading order: that of a state is at its index.
    pub fn tiles(self) -> impl ExactSizeIterator<Item = Tile> {
        let letters = match self {
            Self::Small => SMALL,
            Self::Large => LARGE,
        };
        letters.as_bytes().iter().map(|letter| match letter {
            b'S' => Tile::Start,
            b'H' => Tile::Hole,
            b'G' => Tile::Goal,
            _ => Tile::Frozen,
        })
    }
}

/// Gymnasium's FrozenLake without its time limit; [`FrozenLake::v1`] and [`FrozenLake::v1_8x8`]
/// have it.
///
/// | | |
/// |---|---|
/// | observation | `row · columns + column` |
/// | action | 0: left, 1: down, 2: right, 3: up |
/// | step | slippery: in the direction of the action or to either side of it, a third each; at the edge one stays |
/// | reward | 1 on reaching the goal, 0 otherwise |
/// | reset | the upper left corner |
/// | terminated | in a hole or at the goal, the lower right corner |
#[derive(Clone, Debug)]
pub struct FrozenLake {
    pub(super) walk: Walk,
    map: LakeMap,
}

impl FrozenLake {
    /// The lake on a map, slippery or not.
    pub fn new(map: LakeMap, slippery: bool) -> Self {
        Self {
            walk: Walk::new(Self::table_of(map, slippery)),
            map,
        }
    }

    /// `FrozenLake-v1`: 4 × 4 fields, slippery; episodes are truncated after 100 steps.
    pub fn v1() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(LakeMap::Small, true), 100)
    }

    /// `FrozenLake8x8-v1`: 8 × 8 fields, slippery; episodes are truncated after 200 steps.
    pub fn v1_8x8() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(LakeMap::Large, true), 200)
    }

    /// The map.
    pub fn map(&self) -> LakeMap {
        self.map
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

    /// The map of the states of a lake.
    pub fn grid_map(map: LakeMap) -> GridMap {
        let cell = |tile| match tile {
            Tile::Start => Cell::Start,
            Tile::Frozen => Cell::Ground,
            Tile::Hole => Cell::Hole,
            Tile::Goal => Cell::Goal,
        };
        GridMap::of_cells(map.side(), map.tiles().map(cell).collect(), &ACTIONS)
    }

    /// The table of transitions of a lake.
    pub fn table_of(map: LakeMap, slippery: bool) -> TransitionTable {
        let (side, tiles) = (map.side(), map.tiles().collect::<Vec<_>>());
        let mut initial: Vec<f64> = tiles
            .iter()
            .map(|&tile| f64::from(u8::from(tile == Tile::Start)))
            .collect();
        let starts: f64 = initial.iter().sum();
        initial.iter_mut().for_each(|weight| *weight /= starts);
        let outcome = |probability, state: usize, action| {
            let (row, column) = (state / side, state % side);
            let (row, column) = match action {
                0 => (row, column.saturating_sub(1)),
                1 => ((row + 1).min(side - 1), column),
                2 => (row, (column + 1).min(side - 1)),
                _ => (row.saturating_sub(1), column),
            };
            let next = row * side + column;
            Outcome {
                probability,
                next,
                reward: f64::from(u8::from(tiles[next] == Tile::Goal)),
                terminated: matches!(tiles[next], Tile::Hole | Tile::Goal),
            }
        };
        // Gymnasium's rounding: the sides get a bit more than a third.
        let straight = 1.0 / 3.0;
        let aside = (1.0 - straight) / 2.0;
        TransitionTable::new(4, initial, |state, action| {
            if matches!(tiles[state], Tile::Hole | Tile::Goal) {
                certain(state, 0.0, true)
            } else if slippery {
                vec![
                    outcome(aside, state, (action + 3) % 4),
                    outcome(straight, state, action),
                    outcome(aside, state, (action + 1) % 4),
                ]
            } else {
                vec![outcome(1.0, state, action)]
            }
        })
    }
}

walk_environment!(FrozenLake);

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Status};

    use super::*;

    #[test]
    fn a_lake_that_is_not_slippery_is_crossed_in_six_steps_for_one() {
        let mut lake = FrozenLake::new(LakeMap::Small, false);
        let mut rng = Stream::from_seed(0);
        lake.reset(&mut rng).unwrap();
        let steps = [1, 1, 2, 1, 2, 2].map(|action| lake.step(&action, &mut rng).unwrap());
        assert_eq!(steps.map(|step| step.observation), [4, 8, 9, 13, 14, 15]);
        assert_eq!(
            steps.map(|step| step.reward),
            [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(steps[5].status, Status::Terminated);
        assert_eq!((lake.state(), lake.last_action()), (Some(15), Some(2)));
    }

    #[test]
    fn maps_are_square_with_one_start_and_one_goal() {
        for map in [LakeMap::Small, LakeMap::Large] {
            let count = |tile| map.tiles().filter(|&other| other == tile).count();
            assert_eq!(map.tiles().len(), map.side() * map.side());
            assert_eq!((count(Tile::Start), count(Tile::Goal)), (1, 1));
        }
    }

    #[test]
    fn a_state_of_another_lake_is_refused_and_leaves_no_trace() {
        let mut lake = FrozenLake::new(LakeMap::Small, true);
        lake.reset(&mut Stream::from_seed(0)).unwrap();
        for saved in [
            &[1.0, 16.0, 0.0, 0.0][..],
            &[1.0, 2.0, 1.0, 4.0],
            &[3.0, 0.0, 0.0, 0.0],
            &[1.0, 2.0, 0.0, 0.0, 0.0],
        ] {
            assert!(lake.restore_state(saved).is_err(), "{saved:?}");
            assert_eq!(lake.save_state(), Some(vec![1.0, 0.0, 0.0, 0.0]));
        }
    }
}
