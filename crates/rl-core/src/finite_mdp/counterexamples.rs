//! Problems in which updates of linear values diverge.

use super::error::SolveError;
use super::gradient::StateWeighting;
use super::mdp::{FiniteMdp, Tables};
use super::policy::TabularPolicy;

/// Problem with action values that are linear in features, all of whose rewards are 0: every action value of every policy is 0,
/// and parameters of 0 represent it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearProblem {
    /// The MDP.
    pub mdp: FiniteMdp,
    /// Policy whose actions are seen.
    pub behaviour: TabularPolicy,
    /// `φ(s,a)`, `[states · actions, features]`.
    pub features: Vec<f64>,
    /// Parameters to begin with, `[features]`.
    pub parameters: Vec<f64>,
    /// Weights of the updates, `[states · actions]`: each state that is not terminal as often as another, with the actions of the
    /// behaviour policy.
    pub uniform: Vec<f64>,
    /// The same with the states as often as the behaviour policy comes there.
    pub on_policy: Vec<f64>,
}

impl LinearProblem {
    fn new(
        mdp: FiniteMdp,
        behaviour: TabularPolicy,
        features: Vec<f64>,
        parameters: Vec<f64>,
        visits: &[f64],
    ) -> Self {
        let weights = |states: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let total: f64 = (0..mdp.states()).map(states).sum();
            let rows = (0..mdp.states()).flat_map(|state| {
                let row = behaviour.row(state).iter();
                row.map(move |p| p * states(state) / total)
            });
            rows.collect()
        };
        Self {
            uniform: weights(&|state| f64::from(u8::from(!mdp.is_terminal(state)))),
            on_policy: weights(&|state| visits[state]),
            mdp,
            behaviour,
            features,
            parameters,
        }
    }
}

/// Baird's star (Baird 1995, "Residual algorithms"; Sutton & Barto 2018, figure 11.1), with a linear function of the book's features for
/// each of the two actions: `0` leads to one of the six upper states, `1` to the seventh. The behaviour policy takes them
/// with 6/7 and 1/7, and comes to all states alike.
///
/// An upper state `i` has the value `2 wᵢ + w₈`, the seventh `w₇ + 2 w₈`: more parameters than states, so that every function can
/// be represented. The expected update for the policy that always takes action `1` diverges for γ above 15/17. That of Q-learning
/// does above 0.976, the larger root of `289 γ² - 406 γ + 121`: below, values that turn around 0 make the other action the best one.
///
/// # Errors
/// [`SolveError::Table`] for γ outside 0 to 1.
pub fn baird_star(gamma: f64) -> Result<LinearProblem, SolveError> {
    const STATES: usize = 7;
    let mut tables = Tables::at_rest(STATES, 2, gamma)?;
    tables.initial.fill(1.0 / STATES as f64);
    for state in 0..STATES {
        let upper = &mut tables.transitions[2 * state * STATES..][..STATES];
        upper.fill(1.0 / 6.0);
        upper[STATES - 1] = 0.0;
        tables.lead(state, 1, STATES - 1, 0.0);
    }
    let mdp = FiniteMdp::new(tables)?;
    let behaviour = TabularPolicy::new(STATES, 2, [6.0 / 7.0, 1.0 / 7.0].repeat(STATES))?;
    let mut features = vec![0.0; STATES * 2 * 16];
    for (row, features) in features.chunks_exact_mut(16).enumerate() {
        let (state, first) = (row / 2, 8 * (row % 2));
        let (own, shared) = if state < 6 { (2.0, 1.0) } else { (1.0, 2.0) };
        (features[first + state], features[first + 7]) = (own, shared);
    }
    let parameters = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0, 1.0].repeat(2);
    let visits = [1.0; STATES];
    Ok(LinearProblem::new(
        mdp, behaviour, features, parameters, &visits,
    ))
}

/// Two states of the values `w` and `2 w` (Tsitsiklis & Van Roy 1996, "Feature-based methods for large scale dynamic programming";
/// Sutton & Barto 2018, example 11.1) and one action: from the first to the second, which is left for the end with probability `ending`.
///
/// With each state as often as the other, the expected update diverges for `γ (6 - 4 ending) > 5`, and so does the best fit of all
/// targets, update after update.
///
/// # Errors
/// [`SolveError::Table`] for γ or `ending` outside 0 to 1, [`SolveError::NeverEnds`] for an `ending` of 0.
pub fn w_to_2w(gamma: f64, ending: f64) -> Result<LinearProblem, SolveError> {
    let mut tables = Tables::at_rest(3, 1, gamma)?;
    tables.terminal[2] = true;
    tables.lead(0, 0, 1, 0.0);
    tables.transitions[3..6].copy_from_slice(&[0.0, 1.0 - ending, ending]);
    let mdp = FiniteMdp::new(tables)?;
    let behaviour = TabularPolicy::uniform(3, 1)?;
    let visits = mdp.visitation(&behaviour, StateWeighting::Undiscounted)?;
    let features = vec![1.0, 2.0, 0.0];
    Ok(LinearProblem::new(
        mdp,
        behaviour,
        features,
        vec![1.0],
        &visits,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_close;
    use super::*;

    #[test]
    fn the_weights_of_the_policy_are_those_that_it_leaves_as_they_are() {
        let star = baird_star(0.99).unwrap();
        assert_close(&star.on_policy, &star.uniform, 1e-12);
        // Weights of states, and after a step of the behaviour policy.
        let mut after = [0.0; 7];
        for (row, weight) in star.on_policy.iter().enumerate() {
            let next = star.mdp.transition(row / 2, row % 2);
            after
                .iter_mut()
                .zip(next)
                .for_each(|(sum, p)| *sum += weight * p);
        }
        assert_close(&after, &[1.0 / 7.0; 7], 1e-12);

        // One visit of the first state, ten of the second.
        let two = w_to_2w(0.99, 0.1).unwrap();
        assert_close(&two.on_policy, &[1.0 / 11.0, 10.0 / 11.0, 0.0], 1e-12);
        assert_eq!(two.uniform, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn the_first_values_are_those_of_the_book() {
        let star = baird_star(0.9).unwrap();
        let row = |row: usize| &star.features[16 * row..][..16];
        let value = |i| {
            row(i)
                .iter()
                .zip(&star.parameters)
                .map(|(f, w)| f * w)
                .sum::<f64>()
        };
        assert_eq!([0, 5, 11, 12, 13].map(value), [3.0, 3.0, 3.0, 12.0, 12.0]);
    }

    #[test]
    fn an_end_that_never_comes_or_comes_too_surely_is_an_error() {
        assert_eq!(w_to_2w(0.9, 0.0), Err(SolveError::NeverEnds { state: 0 }));
        let error = w_to_2w(0.9, 1.5).unwrap_err().to_string();
        assert!(error.contains("probability lies in 0 to 1"), "{error}");
    }
}
