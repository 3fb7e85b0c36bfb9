//! Taxi: a passenger to fetch from one of four pads and to bring to another.

use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

use super::map::{ActionMark, Cell, GridMap, MapView};
use super::table::{Outcome, TransitionTable, certain};
use super::walk::Walk;
use crate::TimeLimit;
use crate::saved::Saved;

/// Rows of the town, and columns.
pub(crate) const SIDE: usize = 5;
/// Row and column of the pads R, G, Y and B.
pub(crate) const PADS: [(usize, usize); 4] = [(0, 0), (0, 4), (4, 0), (4, 3)];
/// The passenger's place in the taxi.
pub(crate) const ABOARD: usize = 4;
/// Columns with a wall at their right, row by row.
pub(crate) const WALLS: [&[usize]; SIDE] = [&[1], &[1], &[], &[0, 2], &[0, 2]];
/// Letters of the pads.
const LETTERS: [char; 4] = ['R', 'G', 'Y', 'B'];
/// The actions by their index.
pub(crate) const ACTIONS: [ActionMark; 6] = [
    ActionMark::Down,
    ActionMark::Up,
    ActionMark::Right,
    ActionMark::Left,
    ActionMark::Named("pick up"),
    ActionMark::Named("drop off"),
];
/// Probability of a ride with a passenger who changes their mind.
const FICKLE: f64 = 0.3;
/// Probability that a taxi in the rain goes where it heads.
const STRAIGHT: f64 = 0.8;

/// Variants of Taxi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaxiConfig {
    /// Flag: with a probability of 0.2 a taxi that can go where it heads goes to a side instead.
    pub rainy: bool,
    /// Flag: in 3 of 10 episodes the passenger changes the destination once, at the first step that
    /// moves the taxi with the passenger in it.
    pub fickle: bool,
}

/// State of Taxi in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxiState {
    /// Row of the taxi, 0 to 4 from the top.
    pub row: usize,
    /// Column of the taxi, 0 to 4 from the left.
    pub column: usize,
    /// Place of the passenger: the pads R, G, Y, B are 0 to 3, the taxi is 4.
    pub passenger: usize,
    /// Pad that the passenger wants to be brought to, 0 to 3.
    pub destination: usize,
}

impl TaxiState {
    /// The state with an index below 500.
    #[inline]
    pub fn from_index(index: usize) -> Self {
        Self {
            row: index / 100,
            column: index / 20 % SIDE,
            passenger: index / 4 % 5,
            destination: index % 4,
        }
    }

    /// Its index, `((row · 5 + column) · 5 + passenger) · 4 + destination`.
    #[inline]
    pub fn index(self) -> usize {
        ((self.row * SIDE + self.column) * 5 + self.passenger) * 4 + self.destination
    }

    /// The pad that the taxi stands on.
    pub(super) fn pad(self) -> Option<usize> {
        PADS.iter().position(|&pad| pad == (self.row, self.column))
    }

    /// The state after a move to the south (0), north (1), east (2) or west (3); `None` if a wall
    /// or the edge of the town is in the way.
    pub(super) fn moved(self, action: usize) -> Option<Self> {
        let Self { row, column, .. } = self;
        let wall = |column: usize| WALLS[row].contains(&column);
        let (row, column) = match action {
            0 if row + 1 < SIDE => (row + 1, column),
            1 if row > 0 => (row - 1, column),
            2 if column + 1 < SIDE && !wall(column) => (row, column + 1),
            3 if column > 0 && !wall(column - 1) => (row, column - 1),
            _ => return None,
        };
        Some(Self {
            row,
            column,
            ..self
        })
    }
}

/// Gymnasium's Taxi without its time limit (Dietterich 2000); [`Taxi::v4`] has it.
///
/// | | |
/// |---|---|
/// | observation | the index of a [`TaxiState`] |
/// | action | 0: south, 1: north, 2: east, 3: west, 4: pick up, 5: drop off |
/// | reward | −1 for a step, −10 for picking up or dropping off where that cannot be, 20 for delivery |
/// | reset | the taxi anywhere, the passenger on a pad, the destination another, uniformly |
/// | terminated | on delivery |
///
/// In the rain, a move that can be made is made with probability 0.8, and goes to the left or to the
/// right of it with 0.1 each, where the taxi stays if it cannot.
///
/// Part of the state of a fickle ride is hidden: the reset draws whether the destination is going to
/// change, and no observation tells it, nor that it has changed. Of two rides that look the same, the
/// destination may change on one and not on the other, so that observations are no Markov process.
/// The [table](Self::table) is that of passengers who don't change it.
#[derive(Clone, Debug)]
pub struct Taxi {
    walk: Walk,
    config: TaxiConfig,
    /// Flag: the passenger will change the destination.
    changes: bool,
}

impl Taxi {
    /// The taxi without a time limit.
    pub fn new(config: TaxiConfig) -> Self {
        Self {
            walk: Walk::new(Self::table_of(config.rainy)),
            config,
            changes: false,
        }
    }

    /// `Taxi-v4`: episodes are truncated after 200 steps.
    pub fn v4() -> TimeLimit<Self> {
        TimeLimit::new(Self::new(TaxiConfig::default()), 200)
    }

    /// The variant.
    pub fn config(&self) -> TaxiConfig {
        self.config
    }

    /// The table of transitions, without a change of the destination.
    pub fn table(&self) -> &TransitionTable {
        self.walk.table()
    }

    /// The state, also the last one of an episode that is over; `None` before the first reset.
    pub fn state(&self) -> Option<TaxiState> {
        self.walk.state().map(TaxiState::from_index)
    }

    /// The action of the episode's last step.
    pub fn last_action(&self) -> Option<usize> {
        self.walk.last_action()
    }

    /// The actions that change something in a state: moves that are possible, to pick up a
    /// passenger who is there, to drop one off on a pad. Gymnasium's `action_mask`.
    pub fn action_mask(state: TaxiState) -> [bool; 6] {
        std::array::from_fn(|action| match action {
            4 => state.pad() == Some(state.passenger),
            5 => state.passenger == ABOARD && state.pad().is_some(),
            _ => state.moved(action).is_some(),
        })
    }

    /// The map of the states: a row of views for each destination, one for each other pad where the passenger may be and one
    /// with the passenger aboard. The next stop is marked.
    pub fn grid_map() -> GridMap {
        let mut cells = vec![Cell::Ground; SIDE * SIDE];
        for ((row, column), letter) in PADS.into_iter().zip(LETTERS) {
            cells[row * SIDE + column] = Cell::Pad(letter);
        }
        let walls = WALLS.iter().enumerate();
        let walls = walls.flat_map(|(row, columns)| columns.iter().map(move |c| row * SIDE + c));
        let rides = (0..PADS.len()).flat_map(|to| (0..=ABOARD).map(move |from| (from, to)));
        let view = |(passenger, destination)| {
            let state = |cell| TaxiState {
                row: cell / SIDE,
                column: cell % SIDE,
                passenger,
                destination,
            };
            let (row, column) = *PADS.get(passenger).unwrap_or(&PADS[destination]);
            let to = LETTERS[destination];
            MapView {
                title: match LETTERS.get(passenger) {
                    Some(from) => format!("{from} to {to}"),
                    None => format!("aboard to {to}"),
                },
                states: (0..SIDE * SIDE)
                    .map(|cell| Some(state(cell).index()))
                    .collect(),
                mark: Some(row * SIDE + column),
            }
        };
        GridMap {
            columns: SIDE,
            cells,
            walls: walls.collect(),
            actions: ACTIONS.to_vec(),
            views: rides.filter(|(from, to)| from != to).map(view).collect(),
            views_per_row: PADS.len(),
        }
    }

    /// Another destination, drawn from the other pads.
    pub(crate) fn other_destination(old: usize, rng: &mut Stream) -> usize {
        let drawn = rng.integers(3) as usize;
        drawn + usize::from(drawn >= old)
    }

    /// The table of transitions, in the rain or not.
    pub fn table_of(rainy: bool) -> TransitionTable {
        let states = || (0..SIDE * SIDE * 5 * 4).map(TaxiState::from_index);
        let is_start = |s: TaxiState| s.passenger < ABOARD && s.passenger != s.destination;
        let starts = states().filter(|&state| is_start(state)).count() as f64;
        let initial = states()
            .map(|state| f64::from(u8::from(is_start(state))) / starts)
            .collect();
        TransitionTable::new(6, initial, |state, action| {
            let state = TaxiState::from_index(state);
            match action {
                4 if state.pad() == Some(state.passenger) => {
                    let passenger = ABOARD;
                    certain(TaxiState { passenger, ..state }.index(), -1.0, false)
                }
                5 => match state.pad().filter(|_| state.passenger == ABOARD) {
                    Some(passenger) => {
                        let delivered = passenger == state.destination;
                        let reward = if delivered { 20.0 } else { -1.0 };
                        let next = TaxiState { passenger, ..state };
                        certain(next.index(), reward, delivered)
                    }
                    None => certain(state.index(), -10.0, false),
                },
                4 => certain(state.index(), -10.0, false),
                _ if rainy => in_the_rain(state, action),
                _ => certain(state.moved(action).unwrap_or(state).index(), -1.0, false),
            }
        })
    }
}

/// Outcomes of a move in the rain: straight, to the left, to the right.
fn in_the_rain(state: TaxiState, action: usize) -> Vec<Outcome> {
    /// Directions to the left and to the right of south, north, east and west.
    const SIDES: [[usize; 2]; 4] = [[2, 3], [3, 2], [1, 0], [0, 1]];
    let [left, right] = SIDES[action];
    let blocked = state.moved(action).is_none();
    let aside = (1.0 - STRAIGHT) / 2.0;
    [(STRAIGHT, action), (aside, left), (aside, right)]
        .map(|(probability, direction)| {
            let moved = state.moved(direction).filter(|_| !blocked);
            Outcome {
                probability,
                next: moved.unwrap_or(state).index(),
                reward: -1.0,
                terminated: false,
            }
        })
        .to_vec()
}

impl Environment for Taxi {
    type Observation = usize;
    type Action = usize;

    fn observation_space(&self) -> Space {
        self.walk.observation_space()
    }

    fn action_space(&self) -> Space {
        self.walk.action_space()
    }

    #[inline]
    fn reset(&mut self, rng: &mut Stream) -> Result<usize, EnvironmentError> {
        let first = self.walk.reset(rng);
        self.changes = self.config.fickle && rng.next_f64() < FICKLE;
        Ok(first)
    }

    #[inline]
    fn step(&mut self, action: &usize, rng: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
        let before = self.walk.state();
        let mut step = self.walk.step(*action, rng)?;
        if self.changes && step.status == Status::Running {
            let [old, new] = [before.unwrap_or(0), step.observation].map(TaxiState::from_index);
            let moved = (old.row, old.column) != (new.row, new.column);
            if moved && old.passenger == ABOARD {
                let destination = Self::other_destination(new.destination, rng);
                step.observation = TaxiState { destination, ..new }.index();
                self.walk.displace(step.observation);
                self.changes = false;
            }
        }
        Ok(step)
    }

    /// The phase, the state and the last action, and 1 if the passenger will change the
    /// destination.
    fn save_state(&self) -> Option<Vec<f64>> {
        let mut saved = self.walk.save();
        saved.push(f64::from(u8::from(self.changes)));
        Some(saved)
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let mut walk = self.walk.clone();
        walk.restore(&mut saved)?;
        let changes = saved.flag()?;
        saved.finish()?;
        (self.walk, self.changes) = (walk, changes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(row: usize, column: usize, passenger: usize, destination: usize) -> TaxiState {
        TaxiState {
            row,
            column,
            passenger,
            destination,
        }
    }

    #[test]
    fn every_state_has_its_index() {
        for index in 0..500 {
            assert_eq!(TaxiState::from_index(index).index(), index);
        }
        assert_eq!(state(3, 1, 2, 0).index(), 328); // Gymnasium's example.
    }

    #[test]
    fn a_passenger_is_fetched_and_delivered_around_the_walls() {
        let mut taxi = Taxi::new(TaxiConfig::default());
        let mut rng = Stream::from_seed(0);
        // On pad R, wants to go to Y; a wall keeps nobody from driving south.
        taxi.walk.start(state(0, 1, 0, 2).index());
        let rewards =
            [2, 3, 5, 4, 0, 5, 0, 0, 0, 5].map(|action| taxi.step(&action, &mut rng).unwrap());
        assert_eq!(
            rewards.map(|step| step.reward),
            [-1.0, -1.0, -10.0, -1.0, -1.0, -10.0, -1.0, -1.0, -1.0, 20.0]
        );
        assert_eq!(rewards[9].status, Status::Terminated);
        assert_eq!(taxi.state(), Some(state(4, 0, 2, 2)));
    }

    #[test]
    fn a_passenger_may_be_dropped_on_another_pad_without_an_end() {
        let mut taxi = Taxi::new(TaxiConfig::default());
        taxi.walk.start(state(0, 0, ABOARD, 2).index());
        let step = taxi.step(&5, &mut Stream::from_seed(0)).unwrap();
        assert_eq!((step.reward, step.status), (-1.0, Status::Running));
        assert_eq!(taxi.state(), Some(state(0, 0, 0, 2)));
    }

    #[test]
    fn a_fickle_passenger_changes_the_destination_once_when_the_taxi_first_moves_with_them() {
        let fickle = TaxiConfig {
            fickle: true,
            ..TaxiConfig::default()
        };
        let mut taxi = Taxi::new(fickle);
        let mut rng = Stream::from_seed(0);
        let mut changed = 0;
        for _ in 0..1000 {
            taxi.reset(&mut rng).unwrap();
            let will_change = taxi.changes;
            taxi.walk.start(state(2, 2, ABOARD, 1).index());
            let destinations = [4, 0, 1].map(|action| {
                taxi.step(&action, &mut rng).unwrap();
                taxi.state().unwrap().destination
            });
            assert_eq!(destinations[0], 1, "nothing moved");
            assert_eq!(destinations[1] != 1, will_change);
            assert_eq!(destinations[1], destinations[2], "only once");
            changed += usize::from(will_change);
        }
        // 99.9 % of a binomial(1000, 0.3) lies within 3.3 standard deviations of 14.5.
        assert!(changed.abs_diff(300) < 48, "{changed}");
    }
}
