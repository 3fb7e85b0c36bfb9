//! Finite MDPs that have a name, with their known answers as tests.

use rand_distr::{Distribution, StandardNormal};

use super::error::TableError;
use super::mdp::{FiniteMdp, Tables};
use crate::Stream;

/// Two states, neither of them terminal, with the actions `0: stay` and `1: move`, which goes to
/// the other state. Staying in state 1 has a reward of 1. Episodes start in state 0.
///
/// The optimal policy moves to state 1 and stays: `V* = (γ, 1) / (1 − γ)`. The uniform policy has
/// `V(0) = γ / (4 (1 − γ))` and `V(1) = V(0) + 1/2`.
///
/// # Errors
/// [`TableError::Gamma`]; γ = 1 is allowed, but no policy has values then.
pub fn two_state(gamma: f64) -> Result<FiniteMdp, TableError> {
    let mut tables = Tables::at_rest(2, 2, gamma)?;
    tables.lead(0, 1, 1, 0.0);
    tables.lead(1, 0, 1, 1.0);
    tables.lead(1, 1, 0, 0.0);
    FiniteMdp::new(tables)
}

/// A walk from the first of `states` states in a row to the last, which is terminal. The actions
/// are `0: back`, which stays in the first state, and `1: forward`; arriving at the last state has
/// a reward of 1.
///
/// The optimal policy always goes forward: `V*(s) = γ^(states − 2 − s)`. The uniform policy takes
/// `n (n + 1)` steps on average over a distance of `n = states − 1`.
///
/// # Errors
/// [`TableError::Size`] for fewer than two states or too many, [`TableError::Gamma`].
pub fn chain(states: usize, gamma: f64) -> Result<FiniteMdp, TableError> {
    if states < 2 {
        return Err(TableError::Size { states, actions: 2 });
    }
    let mut tables = Tables::at_rest(states, 2, gamma)?;
    let last = states - 1;
    tables.terminal[last] = true;
    for state in 0..last {
        tables.lead(state, 0, state.saturating_sub(1), 0.0);
        let arrives = state + 1 == last;
        tables.lead(state, 1, state + 1, f64::from(u8::from(arrives)));
    }
    FiniteMdp::new(tables)
}

/// Cliff walking (Sutton & Barto 2018, example 6.6): 4 rows of 12 cells, from the lower left
/// corner to the lower right one, along a cliff between them.
///
/// The state is `12 · row + column`, counted from the upper left. The actions are `0: up`,
/// `1: right`, `2: down` and `3: left`; a step off the grid stays in its cell. The reward of a step
/// is −1; a step into the cliff has −100 and leads back to the start. States and actions are
/// numbered as in Gymnasium's `CliffWalking`.
///
/// The best undiscounted return is −13: up, eleven times right, down. The book's safer path along
/// the top has −17.
///
/// # Errors
/// [`TableError::Gamma`].
pub fn cliff(gamma: f64) -> Result<FiniteMdp, TableError> {
    let cells = Cells {
        width: 12,
        height: 4,
    };
    let (start, goal) = (36, 47);
    let mut tables = Tables::at_rest(48, 4, gamma)?;
    tables.initial[0] = 0.0;
    tables.initial[start] = 1.0;
    tables.terminal[goal] = true;
    for state in 0..goal {
        for action in 0..4 {
            match cells.neighbour(state, action) {
                next if start < next && next < goal => tables.lead(state, action, start, -100.0),
                next => tables.lead(state, action, next, -1.0),
            }
        }
    }
    FiniteMdp::new(tables)
}

/// A grid of `width` times `height` cells whose upper left and lower right corners are terminal;
/// of 4 by 4 cells, the gridworld of Sutton & Barto 2018, example 4.1.
///
/// The state is `width · row + column`, counted from the upper left; the actions are those of
/// [`cliff`]. The reward of a step is −1. Episodes start in any of the other cells with equal
/// probability.
///
/// Undiscounted, `V*` is minus the distance to the nearer of the two corners.
///
/// # Errors
/// [`TableError::Size`] for fewer than three cells or too many, [`TableError::Gamma`].
pub fn grid(width: usize, height: usize, gamma: f64) -> Result<FiniteMdp, TableError> {
    let states = width.saturating_mul(height);
    if states < 3 {
        return Err(TableError::Size { states, actions: 4 });
    }
    let cells = Cells { width, height };
    let mut tables = Tables::at_rest(states, 4, gamma)?;
    tables.terminal[0] = true;
    tables.terminal[states - 1] = true;
    tables.initial.fill(1.0 / (states - 2) as f64);
    tables.initial[0] = 0.0;
    tables.initial[states - 1] = 0.0;
    for state in 1..states - 1 {
        for action in 0..4 {
            tables.lead(state, action, cells.neighbour(state, action), -1.0);
        }
    }
    FiniteMdp::new(tables)
}

/// A random MDP (Archibald, McKinnon & Thomas 1995; Bhatnagar et al. 2009, "Garnet" problems):
/// each action leads to `branching` different states, by probabilities that cut the unit interval
/// at random; rewards are standard normal.
///
/// The last `terminals` states are terminal; episodes start in any of the others with equal
/// probability. With `branching = states` every action may lead to any state, so that the episodes
/// of every policy end if there is a terminal state.
///
/// # Errors
/// [`TableError::Size`] for no state that is not terminal, no action or too many,
/// [`TableError::Length`] for a branching outside `1..=states`, [`TableError::Gamma`].
pub fn garnet(
    states: usize,
    actions: usize,
    branching: usize,
    terminals: usize,
    gamma: f64,
    rng: &mut Stream,
) -> Result<FiniteMdp, TableError> {
    if terminals >= states {
        return Err(TableError::Size { states, actions });
    }
    if !(1..=states).contains(&branching) {
        return Err(TableError::Length {
            table: "next states",
            expected: states,
            found: branching,
        });
    }
    let mut tables = Tables::at_rest(states, actions, gamma)?;
    let running = states - terminals;
    tables.terminal[running..].fill(true);
    tables.initial[..running].fill(1.0 / running as f64);
    let mut order: Vec<usize> = (0..states).collect();
    for row in 0..running * actions {
        let transition = &mut tables.transitions[row * states..][..states];
        transition.fill(0.0);
        let mut cuts: Vec<f64> = (1..branching).map(|_| rng.next_f64()).collect();
        cuts.push(1.0);
        cuts.sort_by(f64::total_cmp);
        let mut last = 0.0;
        for (i, cut) in cuts.into_iter().enumerate() {
            // Fisher and Yates: the next state is drawn from those not yet taken.
            order.swap(i, i + rng.below(states - i));
            transition[order[i]] = cut - last;
            last = cut;
        }
        tables.rewards[row] = StandardNormal.sample(rng);
    }
    FiniteMdp::new(tables)
}

/// Grid of cells, counted row by row from the upper left.
struct Cells {
    width: usize,
    height: usize,
}

impl Cells {
    /// The cell above, right of, below or left of a cell; the cell itself where the grid ends.
    fn neighbour(&self, cell: usize, action: usize) -> usize {
        let (row, column) = (cell / self.width, cell % self.width);
        let (row, column) = match action {
            0 => (row.saturating_sub(1), column),
            1 => (row, (column + 1).min(self.width - 1)),
            2 => ((row + 1).min(self.height - 1), column),
            _ => (row, column.saturating_sub(1)),
        };
        row * self.width + column
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_close;
    use super::super::{SoftmaxPolicy, SolverConfig, StateWeighting, TabularPolicy};
    use super::*;

    fn optimal_values(mdp: &FiniteMdp) -> Vec<f64> {
        mdp.value_iteration(&SolverConfig::default())
            .unwrap()
            .values
    }

    #[test]
    fn two_state_has_the_values_and_the_gradient_of_paper_and_pencil() {
        let gamma = 0.8;
        let mdp = two_state(gamma).unwrap();
        assert_close(&optimal_values(&mdp), &[4.0, 5.0], 1e-8);
        let policy = SoftmaxPolicy::zeros(2, 2).unwrap();
        let values = mdp.evaluate(&policy.probabilities()).unwrap();
        assert_close(&values.values, &[1.0, 1.5], 1e-14);
        assert_close(&values.action_values, &[0.8, 1.2, 2.2, 0.8], 1e-14);
        // After the first step, both states are as likely: d = (1 + γ/(2(1−γ)), γ/(2(1−γ))).
        let d = mdp.visitation(&policy.probabilities(), StateWeighting::Discounted);
        assert_close(&d.unwrap(), &[3.0, 2.0], 1e-14);
        let gradient = mdp
            .policy_gradient(&policy, StateWeighting::Discounted)
            .unwrap();
        assert_close(&gradient, &[-0.3, 0.3, 0.7, -0.7], 1e-14);
    }

    #[test]
    fn the_best_of_a_chain_is_forward() {
        let mdp = chain(6, 0.5).unwrap();
        let optimum = mdp.value_iteration(&SolverConfig::default()).unwrap();
        let expected = [0.0625, 0.125, 0.25, 0.5, 1.0, 0.0];
        assert_close(&optimum.values, &expected, 1e-15);
        assert_eq!(optimum.choices, [1, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn without_discount_the_best_of_a_chain_still_arrives() {
        let mdp = chain(6, 1.0).unwrap();
        let optimum = mdp.value_iteration(&SolverConfig::default()).unwrap();
        assert_eq!(optimum.choices, [1, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn a_random_walk_takes_n_times_n_plus_1_steps_to_the_end_of_a_chain() {
        for n in 1..10 {
            let mdp = chain(n + 1, 1.0).unwrap();
            let policy = TabularPolicy::uniform(n + 1, 2).unwrap();
            let steps: f64 = mdp
                .visitation(&policy, StateWeighting::Undiscounted)
                .unwrap()
                .iter()
                .sum();
            assert!((steps - (n * (n + 1)) as f64).abs() < 1e-9, "{n} {steps}");
            assert!((mdp.expected_return(&policy).unwrap() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_best_return_of_the_cliff_is_minus_13() {
        let mdp = cliff(1.0).unwrap();
        let optimum = mdp.value_iteration(&SolverConfig::default()).unwrap();
        let expected_return = mdp.expected_return(&optimum.policy).unwrap();
        assert!((expected_return + 13.0).abs() < 1e-9, "{expected_return}");
        assert_eq!(optimum.choices[36], 0);
        assert_eq!(
            optimum.choices[24..36],
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
        );
    }

    #[test]
    fn the_safe_way_along_the_top_of_the_cliff_has_minus_17() {
        let mut choices = [1; 48];
        for row in 1..4 {
            choices[12 * row] = 0;
        }
        for row in 0..3 {
            choices[12 * row + 11] = 2;
        }
        // The policy also ends from the cells beside the path.
        (37..47).for_each(|cell| choices[cell] = 0);
        (13..23).chain(25..35).for_each(|cell| choices[cell] = 0);
        let policy = TabularPolicy::deterministic(4, &choices).unwrap();
        let expected_return = cliff(1.0).unwrap().expected_return(&policy).unwrap();
        assert!((expected_return + 17.0).abs() < 1e-9, "{expected_return}");
    }

    #[test]
    fn a_step_into_the_cliff_leads_back_for_100() {
        let mdp = cliff(1.0).unwrap();
        assert_eq!(
            (mdp.transition(36, 1)[36], mdp.reward(36, 1)),
            (1.0, -100.0)
        );
        assert_eq!(
            (mdp.transition(30, 2)[36], mdp.reward(30, 2)),
            (1.0, -100.0)
        );
        assert_eq!((mdp.transition(35, 2)[47], mdp.reward(35, 2)), (1.0, -1.0));
    }

    #[test]
    fn random_steps_on_the_grid_have_the_values_of_the_book() {
        let mdp = grid(4, 4, 1.0).unwrap();
        let policy = TabularPolicy::uniform(16, 4).unwrap();
        let values = mdp.evaluate(&policy).unwrap().values;
        // Sutton & Barto 2018, figure 4.1, k = ∞.
        let book = [
            0.0, -14.0, -20.0, -22.0, -14.0, -18.0, -20.0, -20.0, -20.0, -20.0, -18.0, -14.0,
            -22.0, -20.0, -14.0, 0.0,
        ];
        assert_close(&values, &book, 1e-11);
    }

    #[test]
    fn the_best_on_the_grid_is_the_distance_to_a_corner() {
        let (width, height) = (5, 3);
        let expected: Vec<f64> = (0..width * height)
            .map(|cell| {
                let (row, column) = (cell / width, cell % width);
                let (first, last) = (row + column, (height - 1 - row) + (width - 1 - column));
                -(first.min(last) as f64)
            })
            .collect();
        let mdp = grid(width, height, 1.0).unwrap();
        assert_close(&optimal_values(&mdp), &expected, 1e-12);
    }

    #[test]
    fn each_action_of_a_garnet_leads_to_as_many_states_as_it_branches() {
        let mdp = garnet(7, 3, 4, 2, 0.9, &mut Stream::from_seed(0)).unwrap();
        for state in 0..7 {
            let expected = if state < 5 { 4 } else { 1 };
            for action in 0..3 {
                let next = mdp.transition(state, action).iter();
                assert_eq!(next.filter(|&&p| p > 0.0).count(), expected);
            }
            assert_eq!(mdp.is_terminal(state), state >= 5);
        }
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let rng = &mut Stream::from_seed(0);
        for (error, expected) in [
            (chain(1, 0.9), "at least 1 state"),
            (grid(2, 1, 0.9), "at least 1 state"),
            (grid(usize::MAX, 2, 0.9), "at most 2^28"),
            (garnet(3, 2, 1, 3, 0.9, rng), "at least 1 state"),
            (garnet(3, 2, 4, 0, 0.9, rng), "next states holds 4"),
            (garnet(3, 2, 0, 0, 0.9, rng), "next states holds 0"),
            (cliff(2.0), "gamma is 2"),
        ] {
            let message = error.unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_grid_needs_a_cell_between_its_corners() {
        let error = grid(2, 1, 1.0).unwrap_err();
        assert_eq!(
            error,
            TableError::Size {
                states: 2,
                actions: 4
            }
        );
        let mdp = grid(3, 1, 1.0).unwrap();
        assert_close(&optimal_values(&mdp), &[0.0, -1.0, 0.0], 1e-8);
    }
}
