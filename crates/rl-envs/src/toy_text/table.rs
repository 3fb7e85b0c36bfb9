//! Tables of transitions, as Gymnasium has them.

use rl_core::Stream;
use rl_core::finite_mdp::{FiniteMdp, TableError, Tables};

/// Outcome of an action in a state, by chance one of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Its probability.
    pub probability: f64,
    /// The state that it leads to.
    pub next: usize,
    /// The reward.
    pub reward: f64,
    /// Flag: the episode ends.
    pub terminated: bool,
}

/// Table of transitions: the outcomes of each action in each state in the order in which they are
/// drawn, Gymnasium's `P[state][action]`, and the distribution of the first state.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionTable {
    actions: usize,
    /// Outcomes of all states and actions, one row after the other.
    outcomes: Vec<Outcome>,
    /// Sums of the probabilities of a row up to each of its outcomes.
    sums: Vec<f64>,
    /// Index of the first outcome of each row, and the number of outcomes; `[states · actions + 1]`.
    rows: Vec<u32>,
    initial: Vec<f64>,
    initial_sums: Vec<f64>,
}

impl TransitionTable {
    /// The table with the outcomes `outcomes(state, action)`, for each of the initial
    /// probabilities' states.
    pub(super) fn new(
        actions: usize,
        initial: Vec<f64>,
        mut outcomes: impl FnMut(usize, usize) -> Vec<Outcome>,
    ) -> Self {
        let mut table = Self {
            actions,
            outcomes: Vec::new(),
            sums: Vec::new(),
            rows: vec![0],
            initial_sums: sums(initial.iter().copied()).collect(),
            initial,
        };
        for state in 0..table.states() {
            for action in 0..actions {
                let row = outcomes(state, action);
                table.sums.extend(sums(row.iter().map(|o| o.probability)));
                table.outcomes.extend(row);
                table.rows.push(table.outcomes.len() as u32);
            }
        }
        table
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.initial.len()
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// The distribution of the first state of an episode, `[states]`.
    pub fn initial(&self) -> &[f64] {
        &self.initial
    }

    /// Outcomes of an action in a state, in the order in which they are drawn.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn outcomes(&self, state: usize, action: usize) -> &[Outcome] {
        &self.outcomes[self.row(state, action)]
    }

    #[inline]
    fn row(&self, state: usize, action: usize) -> std::ops::Range<usize> {
        assert!(action < self.actions, "action {action} exists");
        let row = state * self.actions + action;
        self.rows[row] as usize..self.rows[row + 1] as usize
    }

    /// The first state, drawn by one random number.
    #[inline]
    pub(super) fn draw_initial(&self, rng: &mut Stream) -> usize {
        let drawn = rng.next_f64();
        let first = self.initial_sums.partition_point(|&sum| sum <= drawn);
        // Where rounding leaves a rest, Gymnasium takes the first state.
        if first < self.states() { first } else { 0 }
    }

    /// An outcome, drawn by one random number, also where there is only one.
    #[inline]
    pub(crate) fn draw(&self, state: usize, action: usize, rng: &mut Stream) -> &Outcome {
        let row = self.row(state, action);
        let drawn = rng.next_f64();
        let first = self.sums[row.clone()].iter().position(|&sum| sum > drawn);
        &self.outcomes[row.start + first.unwrap_or(0)]
    }

    /// The finite MDP of the table, without a time limit.
    ///
    /// Its states are those of the table and, the last one, the end of the episode: what a step
    /// that terminates leads to, whatever state Gymnasium shows then. So every entry of the table
    /// counts, also those of states that no episode acts in. Rewards are the expected ones.
    ///
    /// # Errors
    /// [`TableError::Gamma`] unless gamma lies in `[0, 1]`.
    pub fn to_mdp(&self, gamma: f64) -> Result<FiniteMdp, TableError> {
        let (states, end) = (self.states() + 1, self.states());
        let mut tables = Tables::at_rest(states, self.actions, gamma)?;
        tables.terminal[end] = true;
        tables.initial[..end].copy_from_slice(&self.initial);
        for state in 0..end {
            for action in 0..self.actions {
                let row = state * self.actions + action;
                let transitions = &mut tables.transitions[row * states..][..states];
                transitions.fill(0.0);
                for outcome in self.outcomes(state, action) {
                    let next = if outcome.terminated {
                        end
                    } else {
                        outcome.next
                    };
                    transitions[next] += outcome.probability;
                    tables.rewards[row] += outcome.probability * outcome.reward;
                }
                for transition in transitions {
                    // Sums of thirds may round to more than 1.
                    *transition = transition.min(1.0);
                }
            }
        }
        FiniteMdp::new(tables)
    }
}

/// The sums of numbers up to each of them.
fn sums(numbers: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
    numbers.scan(0.0, |sum, number| {
        *sum += number;
        Some(*sum)
    })
}

/// The row of an outcome that is certain.
pub(super) fn certain(next: usize, reward: f64, terminated: bool) -> Vec<Outcome> {
    vec![Outcome {
        probability: 1.0,
        next,
        reward,
        terminated,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two states; the one action stays with probability 1/4 for 4, and ends with 3/4 for 0.
    fn table() -> TransitionTable {
        let outcome = |probability, next, reward, terminated| Outcome {
            probability,
            next,
            reward,
            terminated,
        };
        TransitionTable::new(1, vec![1.0, 0.0], |state, _| {
            vec![
                outcome(0.25, state, 4.0, false),
                outcome(0.75, 1, 0.0, true),
            ]
        })
    }

    #[test]
    fn the_mdp_ends_in_a_state_of_its_own_and_expects_its_rewards() {
        let mdp = table().to_mdp(0.5).unwrap();
        assert_eq!(mdp.states(), 3);
        assert_eq!(mdp.transition(0, 0), [0.25, 0.0, 0.75]);
        assert_eq!(mdp.transition(1, 0), [0.0, 0.25, 0.75]);
        assert_eq!((mdp.reward(0, 0), mdp.reward(2, 0)), (1.0, 0.0));
        assert!(mdp.is_terminal(2) && !mdp.is_terminal(1));
        assert_eq!(mdp.initial(), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn outcomes_are_drawn_by_the_first_sum_beyond_the_number_or_else_the_first() {
        // The first numbers of seed 0 are 0.637, 0.270, 0.041.
        let mut rng = Stream::from_seed(0);
        let drawn = [(); 3].map(|()| table().draw(0, 0, &mut rng).terminated);
        assert_eq!(drawn, [true, true, false]);
        let mut table = table();
        table.sums.fill(0.01);
        table.initial_sums.fill(0.01);
        let mut rng = Stream::from_seed(0);
        assert!(!table.draw(0, 0, &mut rng).terminated);
        assert_eq!(table.draw_initial(&mut rng), 0);
    }
}
