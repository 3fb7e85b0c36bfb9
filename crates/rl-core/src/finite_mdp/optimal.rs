//! Optimal values and policies, by value iteration and by policy iteration.

use super::bellman::{best_values, distance};
use super::error::SolveError;
use super::mdp::FiniteMdp;
use super::policy::TabularPolicy;

/// Stopping rule of value iteration and policy iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SolverConfig {
    /// Greatest error of the values, and least improvement by which an action replaces another;
    /// 1e-9 by default.
    pub tolerance: f64,
    /// Greatest number of iterations; 100,000 by default.
    pub max_iterations: usize,
}

impl Default for SolverConfig {
    fn default() -> Self {
        Self {
            tolerance: 1e-9,
            max_iterations: 100_000,
        }
    }
}

/// Optimal values, and a policy that is greedy for them, within the tolerance.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// `V*(s)`, `[states]`.
    pub values: Vec<f64>,
    /// `Q*(s,a)`, `[states, actions]`.
    pub action_values: Vec<f64>,
    /// The greedy action of each state, `[states]`; 0 in terminal states.
    pub choices: Vec<usize>,
    /// The policy that takes these actions.
    pub policy: TabularPolicy,
    /// Number of iterations.
    pub iterations: usize,
    /// Residual of the Bellman optimality equation, [`FiniteMdp::optimality_residual`] of `values`.
    pub residual: f64,
}

impl FiniteMdp {
    /// Optimal values by value iteration, `V(s) ← max_a R(s,a) + γ Σ_s' P(s'|s,a) V(s')` from
    /// `V = 0` (Sutton & Barto 2018, eq. 4.10).
    ///
    /// It stops when the last iteration changed no value by more than `tolerance · (1 − γ) / γ`, so
    /// that none differs from `V*` by more than `tolerance` (Puterman 1994, section 6.3). For γ =
    /// 1, where there is no such bound, it stops when none changed by more than `tolerance`.
    ///
    /// An action replaces the one chosen so far if it is better by more than `tolerance`; of
    /// several such actions, the lowest of the best ones is taken. Of equally good actions, the one
    /// that was best in the earliest iteration is kept (for γ = 1, the shorter path to a reward). A
    /// policy whose episodes never end has the sum of its rewards as its value.
    ///
    /// # Errors
    /// [`SolveError::Tolerance`] for one that is negative or not finite,
    /// [`SolveError::NotConverged`] after `max_iterations`: where returns are unbounded, say.
    pub fn value_iteration(&self, config: &SolverConfig) -> Result<Optimum, SolveError> {
        check_tolerance(config)?;
        let gamma = self.gamma();
        let mut values = vec![0.0; self.states()];
        let mut choices = vec![0; self.states()];
        let mut change = f64::INFINITY;
        let possible = self.possible();
        for iteration in 1..=config.max_iterations {
            let action_values = possible.backup(&values);
            improve(&mut choices, &action_values, config.tolerance);
            let best = best_values(&action_values, self.actions());
            change = distance(best.iter().copied(), &values);
            values = best;
            let bound = if gamma < 1.0 {
                change * gamma / (1.0 - gamma)
            } else {
                change
            };
            if bound <= config.tolerance {
                return self.optimum(values, choices, iteration);
            }
        }
        Err(not_converged(config, change))
    }

    /// Optimal values by policy iteration: the policy is evaluated exactly and made greedy, until
    /// it no longer changes (Sutton & Barto 2018, section 4.3; Howard 1960). The first policy is
    /// the uniform one.
    ///
    /// An action replaces another if it is better by more than `tolerance`; of several such
    /// actions, the lowest of the best ones is taken. No value then differs from `V*` by more than
    /// `tolerance / (1 − γ)`.
    ///
    /// # Errors
    /// As [`FiniteMdp::evaluate`]: for γ = 1 every state must be able to reach a terminal one, and
    /// a policy that never does must be worse than one that does.
    /// [`SolveError::Tolerance`] for one that is negative or not finite,
    /// [`SolveError::NotConverged`] after `max_iterations`.
    pub fn policy_iteration(&self, config: &SolverConfig) -> Result<Optimum, SolveError> {
        check_tolerance(config)?;
        let mut choices = vec![0; self.states()];
        let mut policy = TabularPolicy::uniform_of(self.states(), self.actions());
        let mut residual = f64::INFINITY;
        for iteration in 1..=config.max_iterations {
            let evaluated = self.evaluate(&policy)?;
            let changed = improve(&mut choices, &evaluated.action_values, config.tolerance);
            if !changed && iteration > 1 {
                return self.optimum(evaluated.values, choices, iteration);
            }
            residual = self.optimality_residual(&evaluated.values)?;
            policy = TabularPolicy::of_choices(self.actions(), &choices);
        }
        Err(not_converged(config, residual))
    }

    fn optimum(
        &self,
        values: Vec<f64>,
        choices: Vec<usize>,
        iterations: usize,
    ) -> Result<Optimum, SolveError> {
        Ok(Optimum {
            residual: self.optimality_residual(&values)?,
            action_values: self.backup(&values),
            policy: TabularPolicy::of_choices(self.actions(), &choices),
            values,
            choices,
            iterations,
        })
    }
}

/// Replaces each choice whose action value is more than `tolerance` below the best by the lowest
/// action within `tolerance` of the best. Returns `true` if a choice changed.
fn improve(choices: &mut [usize], action_values: &[f64], tolerance: f64) -> bool {
    let actions = action_values.len() / choices.len();
    let mut changed = false;
    for (choice, row) in choices.iter_mut().zip(action_values.chunks_exact(actions)) {
        let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let good = |value: f64| value >= best - tolerance;
        if !good(row[*choice])
            && let Some(better) = row.iter().position(|&value| good(value))
        {
            *choice = better;
            changed = true;
        }
    }
    changed
}

fn check_tolerance(config: &SolverConfig) -> Result<(), SolveError> {
    if config.tolerance.is_finite() && config.tolerance >= 0.0 {
        Ok(())
    } else {
        Err(SolveError::Tolerance(config.tolerance))
    }
}

fn not_converged(config: &SolverConfig, residual: f64) -> SolveError {
    SolveError::NotConverged {
        iterations: config.max_iterations,
        residual,
        tolerance: config.tolerance,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_close;
    use super::super::{Tables, cliff, garnet, grid, two_state};
    use super::*;
    use crate::Stream;

    /// The best value of each state over all deterministic policies.
    fn brute_force(mdp: &FiniteMdp) -> Vec<f64> {
        let (states, actions) = (mdp.states(), mdp.actions());
        let mut best = vec![f64::NEG_INFINITY; states];
        for mut code in 0..actions.pow(states as u32) {
            let mut choices = vec![0; states];
            for choice in &mut choices {
                *choice = code % actions;
                code /= actions;
            }
            let policy = TabularPolicy::deterministic(actions, &choices).unwrap();
            let values = mdp.evaluate(&policy).unwrap().values;
            best.iter_mut()
                .zip(values)
                .for_each(|(best, value)| *best = best.max(value));
        }
        best
    }

    #[test]
    fn value_iteration_policy_iteration_and_brute_force_agree() {
        let config = SolverConfig::default();
        for seed in 0..40 {
            let mut rng = Stream::from_seed(seed);
            let terminals = seed as usize % 2;
            // With a terminal state that every action may reach, every policy ends.
            let gamma =
                [0.0, 0.5, 0.9, if terminals > 0 { 1.0 } else { 0.99 }][seed as usize / 2 % 4];
            let mdp = garnet(4, 3, 4, terminals, gamma, &mut rng).unwrap();
            let best = brute_force(&mdp);
            let by_values = mdp.value_iteration(&config).unwrap();
            let by_policies = mdp.policy_iteration(&config).unwrap();
            assert_close(&by_values.values, &best, 1e-7);
            assert_close(&by_policies.values, &best, 1e-9);
            assert_eq!(by_values.choices, by_policies.choices);
            assert_close(&by_values.action_values, &by_policies.action_values, 1e-7);
            let greedy = mdp.evaluate(&by_values.policy).unwrap();
            assert_close(&greedy.values, &best, 1e-9);
        }
    }

    #[test]
    fn value_iteration_stops_within_its_tolerance() {
        for (seed, tolerance) in [(0, 1.0), (1, 1e-3), (2, 1e-6)] {
            let mdp = garnet(6, 2, 3, 0, 0.9, &mut Stream::from_seed(seed)).unwrap();
            let exact = mdp.policy_iteration(&SolverConfig::default()).unwrap();
            let config = SolverConfig {
                tolerance,
                ..SolverConfig::default()
            };
            let optimum = mdp.value_iteration(&config).unwrap();
            let error = distance(optimum.values.into_iter(), &exact.values);
            assert!(error <= tolerance, "{error} {tolerance}");
            assert!(error > 1e-3 * tolerance, "a looser tolerance stops sooner");
        }
    }

    #[test]
    fn the_residual_of_the_optimum_vanishes() {
        let config = SolverConfig::default();
        let mdp = garnet(8, 3, 3, 0, 0.95, &mut Stream::from_seed(5)).unwrap();
        assert!(mdp.value_iteration(&config).unwrap().residual < 1e-9);
        assert!(mdp.policy_iteration(&config).unwrap().residual < 1e-12);
        assert!(mdp.optimality_residual(&[0.0; 8]).unwrap() > 0.1);
    }

    #[test]
    fn of_the_best_actions_within_the_tolerance_the_lowest_is_chosen() {
        let mut tables = Tables::at_rest(2, 4, 0.9).unwrap();
        tables.terminal[1] = true;
        for (action, reward) in [0.0, 1.0, 1.0 + 1e-10, 1.0].into_iter().enumerate() {
            tables.lead(0, action, 1, reward);
        }
        let mdp = FiniteMdp::new(tables).unwrap();
        let config = SolverConfig::default();
        assert_eq!(mdp.value_iteration(&config).unwrap().choices, [1, 0]);
        assert_eq!(mdp.policy_iteration(&config).unwrap().choices, [1, 0]);
    }

    #[test]
    fn without_discount_the_cliff_and_the_grid_are_solved_by_both() {
        let config = SolverConfig::default();
        for mdp in [cliff(1.0).unwrap(), grid(5, 3, 1.0).unwrap()] {
            let by_values = mdp.value_iteration(&config).unwrap();
            let by_policies = mdp.policy_iteration(&config).unwrap();
            assert_close(&by_values.values, &by_policies.values, 1e-9);
            let policy = by_values.policy;
            assert_close(
                &mdp.evaluate(&policy).unwrap().values,
                &by_values.values,
                1e-9,
            );
        }
    }

    #[test]
    fn unbounded_returns_are_errors() {
        let mdp = two_state(0.5).unwrap().with_gamma(1.0).unwrap();
        let config = SolverConfig {
            max_iterations: 50,
            ..SolverConfig::default()
        };
        assert_eq!(
            mdp.value_iteration(&config).unwrap_err().to_string(),
            "not within the tolerance of 0.000000001 after 50 iterations; the Bellman residual is 1"
        );
        assert_eq!(
            mdp.policy_iteration(&config),
            Err(SolveError::NeverEnds { state: 0 })
        );
    }

    #[test]
    fn values_that_overflow_never_converge() {
        let mut tables = two_state(0.9).unwrap().tables().clone();
        tables.rewards[2] = 1e308;
        let solved = FiniteMdp::new(tables)
            .unwrap()
            .value_iteration(&SolverConfig {
                max_iterations: 50,
                ..SolverConfig::default()
            });
        assert!(matches!(solved, Err(SolveError::NotConverged { .. })));
    }

    #[test]
    fn an_invalid_tolerance_is_an_error() {
        let mdp = two_state(0.5).unwrap();
        for tolerance in [-1.0, f64::INFINITY, f64::NAN] {
            let config = SolverConfig {
                tolerance,
                ..SolverConfig::default()
            };
            for solved in [mdp.value_iteration(&config), mdp.policy_iteration(&config)] {
                assert!(matches!(solved, Err(SolveError::Tolerance(_))));
            }
        }
    }
}
