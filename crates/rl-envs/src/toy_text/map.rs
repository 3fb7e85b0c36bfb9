//! Maps of environments whose states lie on a grid.

/// Cell of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Ground that one stands on.
    Ground,
    /// Start of the episodes.
    Start,
    /// Goal, where an episode ends.
    Goal,
    /// Hole, where an episode ends.
    Hole,
    /// Cliff, from which one is sent back.
    Cliff,
    /// Ground with a letter on it.
    Pad(char),
}

/// Action as a map shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionMark {
    /// To the left.
    Left,
    /// Down.
    Down,
    /// To the right.
    Right,
    /// Up.
    Up,
    /// No move, but what its words say; the first letter is its sign.
    Named(&'static str),
}

impl ActionMark {
    /// Its direction, to the right and upwards; `None` for no move.
    pub fn heading(self) -> Option<[f64; 2]> {
        match self {
            Self::Left => Some([-1.0, 0.0]),
            Self::Down => Some([0.0, -1.0]),
            Self::Right => Some([1.0, 0.0]),
            Self::Up => Some([0.0, 1.0]),
            Self::Named(_) => None,
        }
    }

    /// Its sign: an arrow, or the first letter of its words.
    pub fn sign(self) -> char {
        match self {
            Self::Left => '←',
            Self::Down => '↓',
            Self::Right => '→',
            Self::Up => '↑',
            Self::Named(words) => words.chars().next().unwrap_or('?'),
        }
    }
}

/// View of a map: one state per cell, all of them alike in what the cell does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapView {
    /// Words about what they have in common; empty where a map has one view.
    pub title: String,
    /// State of each cell; `None` where no action is taken.
    pub states: Vec<Option<usize>>,
    /// Cell that is marked.
    pub mark: Option<usize>,
}

/// Map of the states of an environment: cells in rows, seen in one view or in several.
///
/// ```
/// use rl_envs::EnvironmentId;
///
/// let map = EnvironmentId::FrozenLake.grid_map().unwrap();
/// assert_eq!((map.columns, map.cells.len(), map.views.len()), (4, 16, 1));
/// assert!(EnvironmentId::CartPole.grid_map().is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridMap {
    /// Cells of a row.
    pub columns: usize,
    /// Cells in reading order.
    pub cells: Vec<Cell>,
    /// Cells with a wall at their right.
    pub walls: Vec<usize>,
    /// Actions by their index.
    pub actions: Vec<ActionMark>,
    /// Views, from left to right and from the top.
    pub views: Vec<MapView>,
    /// Views side by side.
    pub views_per_row: usize,
}

impl GridMap {
    /// A map whose cells are the states, in reading order. In holes, at the goal and on the cliff no action is taken.
    pub fn of_cells(columns: usize, cells: Vec<Cell>, actions: &[ActionMark]) -> Self {
        let is_left = |cell: &Cell| !matches!(cell, Cell::Goal | Cell::Hole | Cell::Cliff);
        let states = cells.iter().enumerate();
        let states = states.map(|(state, cell)| is_left(cell).then_some(state));
        let view = MapView {
            title: String::new(),
            states: states.collect(),
            mark: None,
        };
        Self {
            columns,
            cells,
            walls: Vec::new(),
            actions: actions.to_vec(),
            views: vec![view],
            views_per_row: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EnvironmentId;

    /// Row and column that an arrow leads to, or the same at the edge.
    fn beside(map: &GridMap, cell: usize, mark: ActionMark) -> usize {
        let (rows, columns) = (map.cells.len() / map.columns, map.columns);
        let (row, column) = (cell / columns, cell % columns);
        let [right, up] = mark.heading().unwrap();
        let row = (row as f64 - up).clamp(0.0, rows as f64 - 1.0) as usize;
        let column = (column as f64 + right).clamp(0.0, columns as f64 - 1.0) as usize;
        row * columns + column
    }

    #[test]
    fn an_action_leads_to_the_cell_that_its_arrow_points_at() {
        for &id in EnvironmentId::ALL {
            let (Some(map), Some(table)) = (id.grid_map(), id.transition_table()) else {
                continue;
            };
            assert_eq!(map.actions.len(), table.actions(), "{id}");
            for view in &map.views {
                assert_eq!(view.states.len(), map.cells.len(), "{id}");
                let acting = view.states.iter().enumerate();
                for (cell, state) in acting.filter_map(|(cell, state)| Some((cell, (*state)?))) {
                    for (action, &mark) in map.actions.iter().enumerate() {
                        if mark.heading().is_none() {
                            continue;
                        }
                        let next = beside(&map, cell, mark);
                        let between = map.walls.iter().any(|&wall| {
                            [cell, next].contains(&wall) && [cell, next].contains(&(wall + 1))
                        });
                        let target = view.states[if between { cell } else { next }];
                        let mut leads = table.outcomes(state, action).iter();
                        // A cell without a state ends the episode, or sends back to the start.
                        let is_there = leads.any(|outcome| match target {
                            Some(target) => outcome.next == target,
                            None => outcome.terminated || map.cells[next] == Cell::Cliff,
                        });
                        assert!(is_there, "{id}: state {state}, action {action}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_state_that_an_episode_acts_in_is_in_one_view() {
        for &id in EnvironmentId::ALL {
            let (Some(map), Some(table)) = (id.grid_map(), id.transition_table()) else {
                continue;
            };
            let reachable = table.to_mdp(1.0).unwrap().reachable();
            let mut seen = vec![0; table.states()];
            let states = map.views.iter().flat_map(|view| &view.states);
            states.flatten().for_each(|&state| seen[state] += 1);
            for (state, &seen) in seen.iter().enumerate() {
                assert_eq!(seen, usize::from(reachable[state]), "{id}: state {state}");
            }
        }
    }
}
