//! Expected updates of action values that are linear in features.

use super::bellman::{best_values, dot};
use super::error::SolveError;
use super::mdp::{FiniteMdp, check_length};
use super::policy::TabularPolicy;

/// Value of the state that an update looks ahead to, by the action values `Q⁻` of the target's parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Bootstrap {
    /// `max_b Q⁻(s', b)`: Q-learning.
    Max,
    /// `Q⁻(s', argmax_b Q(s', b))`: double Q-learning by the parameters that learn and those of the target (van Hasselt et al. 2016).
    Double,
    /// `Σ_b π(b|s') Q⁻(s', b)`: expected SARSA.
    Expected(TabularPolicy),
}

/// Lookahead of an update: rewards, and the value after them.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookahead {
    /// Rewards of so many steps, at least one, by the behaviour policy after the first action, and then a value, without a correction for
    /// the policy.
    Steps(usize, Bootstrap),
    /// The whole return of the behaviour policy.
    Return,
}

/// Expected semi-gradient update of action values `Q(s,a) = φ(s,a)ᵀ w` (Sutton & Barto 2018, section 11.2),
///
/// ```text
/// w ← w + α Σ_{s,a} μ(s,a) E[f(R + γⁿ V⁻(s') - Q(s,a))] φ(s,a)
/// ```
///
/// with the weights `μ` of states and actions, the lookahead `V⁻`, and the identity or a clipped error for `f`. With the
/// features of a table, one for each state and action, it is the expected update of a table.
///
/// ```
/// use rl_core::finite_mdp::{Bootstrap, LinearUpdate, Lookahead, TabularPolicy, two_state};
///
/// let mdp = two_state(0.5)?;
/// let behaviour = TabularPolicy::uniform(2, 2)?;
/// let lookahead = Lookahead::Steps(1, Bootstrap::Max);
/// let update = LinearUpdate::new(&mdp, &behaviour, LinearUpdate::table(4), vec![0.25; 4], lookahead)?;
/// let mut w = vec![0.0; 4];
/// for _ in 0..1000 {
///     let direction = update.direction(&w, &w, f64::INFINITY);
///     w.iter_mut().zip(direction).for_each(|(w, d)| *w += d);
/// }
/// assert!((w[2] - 2.0).abs() < 1e-9, "staying in the second state is worth 1 / (1 - γ)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LinearUpdate {
    actions: usize,
    /// `[states · actions, features]`
    features: Vec<f64>,
    /// `[states · actions]`
    weights: Vec<f64>,
    /// Expected rewards of the lookahead, `[states · actions]`.
    rewards: Vec<f64>,
    /// States that the lookahead ends in, terminal ones left out, each with its probability; one list for each state and action.
    next: Vec<Vec<(usize, f64)>>,
    /// Discount of the value there.
    discount: f64,
    bootstrap: Bootstrap,
}

impl LinearUpdate {
    /// The update over an MDP with features `[states · actions, features]` and weights `[states · actions]`.
    ///
    /// # Errors
    /// [`SolveError::Shape`] for policies of another shape, [`SolveError::Table`] for features or weights of another length, and for
    /// [`Lookahead::Return`] as [`FiniteMdp::evaluate`].
    pub fn new(
        mdp: &FiniteMdp,
        behaviour: &TabularPolicy,
        features: Vec<f64>,
        weights: Vec<f64>,
        lookahead: Lookahead,
    ) -> Result<Self, SolveError> {
        mdp.check_policy(behaviour)?;
        let rows = mdp.states() * mdp.actions();
        check_length("weights", rows, weights.len())?;
        let dim = features.len() / rows;
        check_length("features", rows * dim.max(1), features.len())?;
        let mut update = Self {
            actions: mdp.actions(),
            features,
            weights,
            rewards: Vec::new(),
            next: vec![Vec::new(); rows],
            discount: 0.0,
            bootstrap: Bootstrap::Max,
        };
        match lookahead {
            Lookahead::Return => update.rewards = mdp.evaluate(behaviour)?.action_values,
            Lookahead::Steps(steps, bootstrap) => {
                if let Bootstrap::Expected(policy) = &bootstrap {
                    mdp.check_policy(policy)?;
                }
                update.bootstrap = bootstrap;
                update.look_ahead(mdp, behaviour, steps.max(1));
            }
        }
        Ok(update)
    }

    /// The features of a table with so many entries.
    pub fn table(entries: usize) -> Vec<f64> {
        let features = (0..entries * entries).map(|i| i / entries == i % entries);
        features.map(|is_own| f64::from(u8::from(is_own))).collect()
    }

    /// Number of parameters.
    pub fn dim(&self) -> usize {
        self.features.len() / self.weights.len()
    }

    /// The action values `[states, actions]` of parameters `[features]`.
    pub fn action_values(&self, parameters: &[f64]) -> Vec<f64> {
        let features = self.features.chunks_exact(self.dim());
        features.map(|features| dot(features, parameters)).collect()
    }

    /// The direction `Σ μ E[f(δ)] φ`, `[features]`, that parameters move in, with errors `δ` clipped to `±clip`: the
    /// derivative of Huber's loss for 1, of the square for infinity. `target` are the parameters of the values that are looked at,
    /// which may be the same.
    pub fn direction(&self, parameters: &[f64], target: &[f64], clip: f64) -> Vec<f64> {
        let values = self.action_values(parameters);
        let ahead = self.ahead(&values, &self.action_values(target));
        let mut direction = vec![0.0; self.dim()];
        let rows = self.features.chunks_exact(self.dim()).zip(&self.weights);
        for (row, (features, weight)) in rows.enumerate() {
            let base = self.rewards[row] - values[row];
            let clipped = |error: f64| error.max(-clip).min(clip);
            let next = &self.next[row];
            let running: f64 = next.iter().map(|(_, p)| p).sum();
            let ahead = next
                .iter()
                .map(|&(s, p)| p * clipped(base + self.discount * ahead[s]));
            let error = ahead.sum::<f64>() + (1.0 - running) * clipped(base);
            for (sum, feature) in direction.iter_mut().zip(features) {
                *sum += weight * error * feature;
            }
        }
        direction
    }

    /// The value of each state, `[states]`, that is looked at.
    fn ahead(&self, values: &[f64], of_target: &[f64]) -> Vec<f64> {
        let rows = of_target.chunks_exact(self.actions);
        match &self.bootstrap {
            Bootstrap::Max => best_values(of_target, self.actions),
            Bootstrap::Expected(policy) => {
                let rows = rows.enumerate();
                rows.map(|(state, row)| dot(policy.row(state), row))
                    .collect()
            }
            Bootstrap::Double => {
                let rows = rows.zip(values.chunks_exact(self.actions));
                let of_best = rows.map(|(row, choosing)| {
                    let mut best = 0;
                    for (action, value) in choosing.iter().enumerate() {
                        if *value > choosing[best] {
                            best = action;
                        }
                    }
                    row[best]
                });
                of_best.collect()
            }
        }
    }

    fn look_ahead(&mut self, mdp: &FiniteMdp, behaviour: &TabularPolicy, steps: usize) {
        let running = |state: &usize| !mdp.is_terminal(*state);
        let states = || (0..mdp.states()).filter(running);
        self.discount = mdp.gamma().powi(steps as i32);
        for state in 0..mdp.states() {
            for action in 0..mdp.actions() {
                let mut reward = mdp.reward(state, action);
                let mut at = mdp.transition(state, action).to_vec();
                for step in 1..steps {
                    let mut after = vec![0.0; mdp.states()];
                    for from in states() {
                        let discounted = at[from] * mdp.gamma().powi(step as i32);
                        reward += discounted * mdp.policy_reward(behaviour, from);
                        let next = mdp.policy_transition(behaviour, from);
                        let next = after.iter_mut().zip(next);
                        next.for_each(|(sum, p)| *sum += at[from] * p);
                    }
                    at = after;
                }
                let next = states()
                    .map(|next| (next, at[next]))
                    .filter(|(_, p)| *p > 0.0);
                self.next[state * mdp.actions() + action] = next.collect();
                self.rewards.push(reward);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_close;
    use super::super::{SolverConfig, chain, garnet};
    use super::*;
    use crate::Stream;

    /// The parameters after so many updates with a step size, each with its own parameters for the target.
    fn learned(update: &LinearUpdate, alpha: f64, updates: usize) -> Vec<f64> {
        let mut w = vec![0.0; update.dim()];
        for _ in 0..updates {
            let direction = update.direction(&w, &w, f64::INFINITY);
            w.iter_mut()
                .zip(direction)
                .for_each(|(w, d)| *w += alpha * d);
        }
        w
    }

    #[test]
    fn tables_come_to_the_exact_values_of_what_they_look_ahead_to() {
        let mdp = garnet(6, 3, 2, 1, 0.8, &mut Stream::from_seed(1)).unwrap();
        let entries = 18;
        let behaviour = TabularPolicy::uniform(6, 3).unwrap();
        let of_behaviour = mdp.evaluate(&behaviour).unwrap().action_values;
        let best = mdp.value_iteration(&SolverConfig::default()).unwrap();
        let expected = || Bootstrap::Expected(behaviour.clone());
        for (lookahead, exact) in [
            (Lookahead::Steps(1, Bootstrap::Max), &best.action_values),
            (Lookahead::Steps(1, Bootstrap::Double), &best.action_values),
            (Lookahead::Steps(1, expected()), &of_behaviour),
            (Lookahead::Steps(3, expected()), &of_behaviour),
            (Lookahead::Return, &of_behaviour),
        ] {
            let weights = vec![1.0 / entries as f64; entries];
            let table = LinearUpdate::table(entries);
            let update = LinearUpdate::new(&mdp, &behaviour, table, weights, lookahead).unwrap();
            // A step size of 1 for each entry.
            let w = learned(&update, entries as f64, 200);
            assert_close(&update.action_values(&w), exact, 1e-8);
        }
    }

    #[test]
    fn errors_are_weighted_clipped_and_spread_over_the_features() {
        // From the first of two states forward to the end, for 1; backward stays.
        let mdp = chain(2, 0.5).unwrap();
        let behaviour = TabularPolicy::uniform(2, 2).unwrap();
        let features = vec![1.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0];
        let lookahead = Lookahead::Steps(1, Bootstrap::Max);
        let weights = vec![0.25, 0.5, 9.0, 9.0];
        let update = LinearUpdate::new(&mdp, &behaviour, features, weights, lookahead).unwrap();
        // Q = (4, 5) by the parameters, (2, 10) by the target's: errors 0.5 · 10 - 4 and 1 - 5.
        let (w, target) = ([4.0, -1.0], [2.0, 2.0]);
        assert_eq!(update.action_values(&w)[..2], [4.0, 5.0]);
        let plain = update.direction(&w, &target, f64::INFINITY);
        assert_close(&plain, &[0.25 - 0.5 * 4.0 * 2.0, -0.5 * 4.0 * 3.0], 1e-12);
        let clipped = update.direction(&w, &target, 0.5);
        assert_close(
            &clipped,
            &[0.125 - 0.5 * 0.5 * 2.0, -0.5 * 0.5 * 3.0],
            1e-12,
        );
    }

    #[test]
    fn tables_of_other_lengths_are_errors() {
        let mdp = chain(3, 0.5).unwrap();
        let behaviour = TabularPolicy::uniform(3, 2).unwrap();
        let refused = |features: usize, weights: usize| {
            let (features, weights) = (vec![0.0; features], vec![0.0; weights]);
            let lookahead = Lookahead::Return;
            let made = LinearUpdate::new(&mdp, &behaviour, features, weights, lookahead);
            made.unwrap_err().to_string()
        };
        assert_eq!(
            refused(12, 5),
            "the table of weights holds 5 numbers; its shape needs 6"
        );
        for features in [0, 13] {
            let error = refused(features, 6);
            assert!(
                error.contains(&format!("features holds {features} numbers")),
                "{error}"
            );
        }
    }
}
