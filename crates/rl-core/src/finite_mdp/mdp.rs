//! Tables of a finite MDP, unchecked and checked.

use super::error::{Entry, Row, TableError};

/// Greatest distance between the sum of a distribution and 1.
const SUM_TOLERANCE: f64 = 1e-9;
/// Greatest number of entries of a table: 2 GB of them.
pub(super) const MAX_ENTRIES: usize = 1 << 28;

/// Tables of a finite MDP, unchecked; [`FiniteMdp::new`] checks them.
///
/// Rewards depend on state and action only. A reward that also depends on the next state is given
/// by its expectation, `R(s,a) = Σ_s' P(s'|s,a) R(s,a,s')`: values and gradients are the same, only
/// the variance of sampled returns differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// Number of states.
    pub states: usize,
    /// Number of actions, the same in every state.
    pub actions: usize,
    /// `P(s'|s,a)`, `[states, actions, states]`.
    pub transitions: Vec<f64>,
    /// `R(s,a)`, `[states, actions]`.
    pub rewards: Vec<f64>,
    /// The distribution of the initial state, `[states]`.
    pub initial: Vec<f64>,
    /// Flag per state, `[states]`: arriving there ends an episode. Every action of such a state
    /// stays in it, for a reward of 0.
    pub terminal: Vec<bool>,
    /// The discount factor γ.
    pub gamma: f64,
}

impl Tables {
    /// Initial tables, to be changed: every action stays in its state for a reward of 0, episodes
    /// start in state 0, no state is terminal.
    ///
    /// # Errors
    /// [`TableError::Size`].
    pub fn at_rest(states: usize, actions: usize, gamma: f64) -> Result<Self, TableError> {
        let transitions = transition_count(states, actions)?;
        let mut tables = Self {
            states,
            actions,
            transitions: vec![0.0; transitions],
            rewards: vec![0.0; states * actions],
            initial: vec![0.0; states],
            terminal: vec![false; states],
            gamma,
        };
        tables.initial[0] = 1.0;
        for state in 0..states {
            for action in 0..actions {
                tables.lead(state, action, state, 0.0);
            }
        }
        Ok(tables)
    }

    /// Makes `action` lead from `state` to `next` with probability 1, for `reward`.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn lead(&mut self, state: usize, action: usize, next: usize, reward: f64) {
        assert!(
            action < self.actions && next < self.states,
            "action {action} and state {next} exist"
        );
        let row = state * self.actions + action;
        let transitions = &mut self.transitions[row * self.states..][..self.states];
        transitions.fill(0.0);
        transitions[next] = 1.0;
        self.rewards[row] = reward;
    }
}

/// A finite Markov decision process: states, actions, transitions, rewards, an initial
/// distribution, terminal states and a discount factor.
///
/// An episode starts in a state of the initial distribution and is over on arrival in a terminal
/// state, whose value is 0. The discount factor may be 1; the values of a policy whose episodes
/// never end are then an error.
#[derive(Clone, Debug, PartialEq)]
pub struct FiniteMdp {
    tables: Tables,
}

impl FiniteMdp {
    /// The MDP of checked tables.
    ///
    /// # Errors
    /// [`TableError`]: for no state, no action or tables too large; a table that is not of its
    /// shape; gamma outside `[0, 1]`; a probability outside `[0, 1]`; a distribution that does
    /// not sum to 1 within 1e-9; a reward that is not finite; a terminal state that is left, pays
    /// or starts an episode.
    pub fn new(tables: Tables) -> Result<Self, TableError> {
        let (states, actions) = (tables.states, tables.actions);
        let transitions = transition_count(states, actions)?;
        check_length("transitions", transitions, tables.transitions.len())?;
        check_length("rewards", states * actions, tables.rewards.len())?;
        check_length("initial probabilities", states, tables.initial.len())?;
        check_length("terminal states", states, tables.terminal.len())?;
        check_gamma(tables.gamma)?;

        check_distribution(&tables.initial, Row::Initial, |state| Entry::Initial {
            state,
        })?;
        let mdp = Self { tables };
        for state in 0..states {
            let terminal = mdp.is_terminal(state);
            let probability = mdp.initial()[state];
            if terminal && probability > 0.0 {
                return Err(TableError::TerminalStart { state, probability });
            }
            for action in 0..actions {
                let row = mdp.transition(state, action);
                check_distribution(row, Row::Transition { state, action }, |next| {
                    Entry::Transition {
                        state,
                        action,
                        next,
                    }
                })?;
                let reward = mdp.reward(state, action);
                check_finite(reward, Entry::Reward { state, action })?;
                let leave: f64 = row[..state].iter().chain(&row[state + 1..]).sum();
                if terminal && (leave > 0.0 || reward != 0.0) {
                    return Err(TableError::TerminalActs {
                        state,
                        action,
                        leave,
                        reward,
                    });
                }
            }
        }
        Ok(mdp)
    }

    /// The same MDP with another discount factor.
    ///
    /// # Errors
    /// [`TableError::Gamma`] unless it lies in `[0, 1]`.
    pub fn with_gamma(mut self, gamma: f64) -> Result<Self, TableError> {
        check_gamma(gamma)?;
        self.tables.gamma = gamma;
        Ok(self)
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.tables.states
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.tables.actions
    }

    /// The discount factor γ.
    pub fn gamma(&self) -> f64 {
        self.tables.gamma
    }

    /// The distribution `P(·|s,a)` of the next state, `[states]`.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn transition(&self, state: usize, action: usize) -> &[f64] {
        assert!(action < self.actions(), "action {action} exists");
        let row = state * self.actions() + action;
        &self.tables.transitions[row * self.states()..][..self.states()]
    }

    /// The reward `R(s,a)`.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn reward(&self, state: usize, action: usize) -> f64 {
        assert!(action < self.actions(), "action {action} exists");
        self.tables.rewards[state * self.actions() + action]
    }

    /// The distribution of the initial state, `[states]`.
    pub fn initial(&self) -> &[f64] {
        &self.tables.initial
    }

    /// Returns `true` if arriving in a state ends an episode.
    ///
    /// # Panics
    /// If there is no such state.
    pub fn is_terminal(&self, state: usize) -> bool {
        self.tables.terminal[state]
    }
}

/// Number of transition probabilities, `states · actions · states`; an error if it is 0 or too
/// large.
fn transition_count(states: usize, actions: usize) -> Result<usize, TableError> {
    states
        .checked_mul(actions)
        .and_then(|rows| rows.checked_mul(states))
        .filter(|count| (1..=MAX_ENTRIES).contains(count))
        .ok_or(TableError::Size { states, actions })
}

fn check_gamma(gamma: f64) -> Result<(), TableError> {
    if (0.0..=1.0).contains(&gamma) {
        Ok(())
    } else {
        Err(TableError::Gamma(gamma))
    }
}

pub(super) fn check_length(
    table: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), TableError> {
    if found == expected {
        Ok(())
    } else {
        Err(TableError::Length {
            table,
            expected,
            found,
        })
    }
}

pub(super) fn check_finite(value: f64, entry: Entry) -> Result<(), TableError> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(TableError::NonFinite { entry, value })
    }
}

pub(super) fn check_distribution(
    probabilities: &[f64],
    row: Row,
    entry: impl Fn(usize) -> Entry,
) -> Result<(), TableError> {
    for (index, &value) in probabilities.iter().enumerate() {
        if !(0.0..=1.0).contains(&value) {
            return Err(TableError::Probability {
                entry: entry(index),
                value,
            });
        }
    }
    let sum: f64 = probabilities.iter().sum();
    if (sum - 1.0).abs() <= SUM_TOLERANCE {
        Ok(())
    } else {
        Err(TableError::Sum { row, sum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two states, two actions, the second state terminal.
    fn tables() -> Tables {
        let mut tables = Tables::at_rest(2, 2, 0.9).unwrap();
        tables.terminal[1] = true;
        tables.lead(0, 1, 1, 1.0);
        tables
    }

    fn refused(spoil: impl FnOnce(&mut Tables)) -> String {
        let mut tables = tables();
        spoil(&mut tables);
        FiniteMdp::new(tables).unwrap_err().to_string()
    }

    #[test]
    fn tables_are_read_as_they_were_written() {
        let mut tables = tables();
        tables.transitions[..4].copy_from_slice(&[0.25, 0.75, 0.5, 0.5]);
        let mdp = FiniteMdp::new(tables).unwrap();
        assert_eq!((mdp.states(), mdp.actions(), mdp.gamma()), (2, 2, 0.9));
        assert_eq!(mdp.transition(0, 0), [0.25, 0.75]);
        assert_eq!(mdp.transition(0, 1), [0.5, 0.5]);
        assert_eq!(mdp.transition(1, 0), [0.0, 1.0]);
        assert_eq!((mdp.reward(0, 0), mdp.reward(0, 1)), (0.0, 1.0));
        assert_eq!((mdp.is_terminal(0), mdp.is_terminal(1)), (false, true));
        assert_eq!(mdp.initial(), [1.0, 0.0]);
        assert_eq!(mdp.with_gamma(0.5).unwrap().gamma(), 0.5);
    }

    #[test]
    fn tables_of_the_wrong_size_are_errors_that_say_what_fits() {
        assert_eq!(
            refused(|tables| tables.states = 0),
            "dense tables need at least 1 state and 1 action, and hold at most 2^28 numbers: not 0 \
             states and 2 actions"
        );
        assert_eq!(
            Tables::at_rest(usize::MAX, 2, 0.9),
            Err(TableError::Size {
                states: usize::MAX,
                actions: 2
            })
        );
        assert_eq!(
            refused(|tables| tables.transitions.truncate(7)),
            "the table of transitions holds 7 numbers; its shape needs 8"
        );
        assert_eq!(
            refused(|tables| tables.rewards.push(0.0)),
            "the table of rewards holds 5 numbers; its shape needs 4"
        );
        assert_eq!(
            refused(|tables| tables.initial.clear()),
            "the table of initial probabilities holds 0 numbers; its shape needs 2"
        );
        assert_eq!(
            refused(|tables| tables.terminal.clear()),
            "the table of terminal states holds 0 numbers; its shape needs 2"
        );
    }

    #[test]
    fn impossible_numbers_are_errors_that_say_where() {
        assert_eq!(
            refused(|tables| tables.gamma = 1.1),
            "gamma is 1.1; it must lie in 0 to 1"
        );
        assert_eq!(
            refused(|tables| tables.gamma = f64::NAN),
            "gamma is NaN; it must lie in 0 to 1"
        );
        assert_eq!(
            refused(|tables| tables.transitions[2..4].copy_from_slice(&[-0.5, 1.5])),
            "transition P(s'=0 | s=0, a=1) is -0.5; a probability lies in 0 to 1"
        );
        assert_eq!(
            refused(|tables| tables.transitions[3] = 0.75),
            "transition P(· | s=0, a=1) sums to 0.75; a distribution sums to 1 within 1e-9"
        );
        assert_eq!(
            refused(|tables| tables.rewards[1] = f64::INFINITY),
            "reward R(s=0, a=1) is inf; it must be finite"
        );
        assert_eq!(
            refused(|tables| tables.initial[0] = f64::NAN),
            "initial P(s=0) is NaN; a probability lies in 0 to 1"
        );
        assert_eq!(
            refused(|tables| tables.initial[0] = 0.0),
            "initial P(·) sums to 0; a distribution sums to 1 within 1e-9"
        );
    }

    #[test]
    fn a_terminal_state_that_is_left_pays_or_starts_an_episode_is_an_error() {
        assert_eq!(
            refused(|tables| tables.transitions[4] = 1e-10),
            "state 1 is terminal, but action 0 leaves it with probability 0.0000000001 and pays 0; \
             both must be 0"
        );
        assert_eq!(
            refused(|tables| tables.lead(1, 0, 0, 0.0)),
            "state 1 is terminal, but action 0 leaves it with probability 1 and pays 0; both must \
             be 0"
        );
        assert_eq!(
            refused(|tables| tables.rewards[3] = -1.0),
            "state 1 is terminal, but action 1 leaves it with probability 0 and pays -1; both must \
             be 0"
        );
        assert_eq!(
            refused(|tables| tables.initial.copy_from_slice(&[0.5, 0.5])),
            "terminal state 1 has initial probability 0.5; it must be 0"
        );
    }

    #[test]
    fn sums_are_held_to_their_tolerance() {
        let with_sum = |sum| {
            let mut tables = tables();
            tables.transitions[1] = sum - 1.0;
            FiniteMdp::new(tables)
        };
        assert!(with_sum(1.0 + 0.9e-9).is_ok());
        assert!(with_sum(1.0 + 1.1e-9).is_err());
    }
}
