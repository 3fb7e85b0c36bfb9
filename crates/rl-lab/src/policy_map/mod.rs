//! Greedy policies with their values on the map of an environment.
//!
//! ```no_run
//! use rl_lab::{Figure, PolicyMap};
//! use rl_nets::PolicyFile;
//! use rl_train::Registry;
//!
//! let policy = PolicyFile::load("runs/frozen-lake/policy.safetensors")?;
//! let map = PolicyMap::of(&policy, &Registry::default())?;
//! print!("{}", map.text());
//! map.draw(&Figure::at("map.svg")?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod picture;
mod text;

use rl_core::ActionChoice;
use rl_core::finite_mdp::FiniteMdp;
use rl_envs::toy_text::GridMap;
use rl_nets::PolicyFile;
use rl_train::error::EvaluateError;
use rl_train::{EnvironmentEntry, Player, Registry};

use crate::figure::Figure;
use crate::files::FileError;
use crate::replay::{Outlook, OutlookKind};

/// Reason why a policy cannot be drawn on a map.
#[derive(Debug, thiserror::Error)]
pub enum PolicyMapError {
    /// A policy that does not fit its environment.
    #[error(transparent)]
    Policy(#[from] EvaluateError),
    /// An environment whose states are on no map.
    #[error("the environment '{env}' has no map of its states; those with one are {known}")]
    NoMap {
        /// Its name.
        env: String,
        /// Names of the environments with a map.
        known: String,
    },
    /// A policy that is greedy for no action values.
    #[error(
        "the policy of '{0}' has a distribution of actions and no action values; those of {known} have",
        known = "q-learning, sarsa, expected-sarsa, dqn and pqn"
    )]
    NoActionValues(String),
}

/// Greedy policy of action values on the map of its environment: `max_a Q(s,a)` of each state, and the actions that have it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyMap {
    title: String,
    map: GridMap,
    /// `[states, actions]`
    values: Vec<f32>,
    /// States on the way of the greedy policy from the start to an end, where chance has no part in it.
    way: Vec<usize>,
}

impl PolicyMap {
    /// The map of a policy, of a table or of a network.
    ///
    /// # Errors
    /// [`PolicyMapError`].
    pub fn of(policy: &PolicyFile, registry: &Registry) -> Result<Self, PolicyMapError> {
        let player = Player::Trained {
            policy: Box::new(policy.clone()),
            choice: ActionChoice::Mode,
        };
        let (entry, _) = player.cast(registry)?;
        let map = entry.grid_map().ok_or_else(|| no_map(&entry, registry))?;
        let mut outlook = Outlook::new(policy);
        if outlook.kind() != OutlookKind::ActionValues {
            return Err(PolicyMapError::NoActionValues(policy.algo.clone()));
        }
        let states = policy.weights.mlp.input_size();
        let values = (0..states).flat_map(|state| outlook.of(&[state as f32]).0);
        let mut of = Self {
            title: format!("{} by {}", policy.env, policy.algo),
            map: map.clone(),
            values: values.collect(),
            way: Vec::new(),
        };
        if let Some(Ok(mdp)) = entry.source().finite_mdp(1.0) {
            of.way = of.certain_way(&mdp);
        }
        Ok(of)
    }

    /// Draws it into a file.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn draw(&self, figure: &Figure) -> Result<(), FileError> {
        figure.write(self)
    }

    /// The values of a state's actions; none for a state that is not there.
    fn row(&self, state: usize) -> &[f32] {
        let actions = self.map.actions.len().max(1);
        let row = self.values.chunks_exact(actions).nth(state);
        row.unwrap_or(&[])
    }

    /// The largest value of a state, if there is one, and the actions that have it.
    fn greedy(&self, state: usize) -> Option<(f32, Vec<usize>)> {
        let row = self.row(state);
        let numbers = row.iter().copied().filter(|value| !value.is_nan());
        let best = numbers.reduce(f32::max)?;
        let actions = row.iter().enumerate();
        let actions = actions.filter(|(_, value)| **value == best);
        Some((best, actions.map(|(action, _)| action).collect()))
    }

    /// The states from the only start on, as long as a step leads to one state for certain; none if no end is reached.
    fn certain_way(&self, mdp: &FiniteMdp) -> Vec<usize> {
        let certain = |row: &[f64]| row.iter().position(|&p| p == 1.0);
        let mut way = Vec::new();
        let mut next = certain(mdp.initial());
        while let Some(state) = next {
            if mdp.is_terminal(state) {
                return way;
            }
            if way.contains(&state) {
                break;
            }
            way.push(state);
            let action = self
                .greedy(state)
                .and_then(|(_, best)| best.first().copied());
            next = action.and_then(|action| certain(mdp.transition(state, action)));
        }
        Vec::new()
    }
}

fn no_map(entry: &EnvironmentEntry, registry: &Registry) -> PolicyMapError {
    let mapped = registry.environments().iter();
    let mapped = mapped.filter(|entry| entry.grid_map().is_some());
    let known: Vec<&str> = mapped.map(EnvironmentEntry::name).collect();
    PolicyMapError::NoMap {
        env: entry.name().to_owned(),
        known: known.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use rl_core::Space;
    use rl_nets::{Activation, DistributionKind, LayerWeights, MlpWeights, PolicyConfig};

    use super::*;

    /// The policy of a table with the values of a function of state and action.
    pub fn table(env: &str, sizes: [usize; 2], value: impl Fn(usize, usize) -> f32) -> PolicyFile {
        let [states, actions] = sizes;
        let config = PolicyConfig::new(states, &Space::discrete(actions));
        let config = config.with_distribution(DistributionKind::Greedy).unwrap();
        let mut weights = config.draw(&mut rl_core::Stream::from_seed(0));
        let entries = (0..states * actions).map(|i| value(i / actions, i % actions));
        let layer = LayerWeights {
            input_size: states,
            output_size: actions,
            weight: entries.collect(),
            bias: vec![0.0; actions],
            norm: None,
        };
        weights.mlp = MlpWeights {
            layers: vec![layer],
            activation: Activation::Identity,
            output_activation: Activation::Identity,
        };
        PolicyFile {
            env: env.into(),
            algo: "q-learning".into(),
            action_space: Space::discrete(actions),
            weights,
            normalization: None,
            value: None,
        }
    }

    pub fn map(env: &str, sizes: [usize; 2], value: impl Fn(usize, usize) -> f32) -> PolicyMap {
        PolicyMap::of(&table(env, sizes, value), &Registry::default()).unwrap()
    }

    #[test]
    fn the_greedy_actions_are_all_those_of_the_largest_value() {
        let mut map = map("frozen-lake", [16, 4], |state, action| match state {
            0 => [1.0, 3.0, 3.0, -1.0][action],
            _ => action as f32,
        });
        map.values[4..8].copy_from_slice(&[f32::NAN, 2.0, 1.0, f32::NAN]);
        map.values[8..12].fill(f32::NAN);
        assert_eq!(map.greedy(0), Some((3.0, vec![1, 2])));
        assert_eq!(map.greedy(1), Some((2.0, vec![1])));
        assert_eq!(map.greedy(2), None);
        assert_eq!(map.greedy(15), Some((3.0, vec![3])));
        assert_eq!(map.greedy(16), None);
        assert!(map.way.is_empty(), "ice is slippery");
    }

    #[test]
    fn the_way_is_that_of_the_greedy_policy_if_it_ends() {
        // Up, along the edge, down; and round in a circle.
        let along = |state: usize, action: usize| {
            let best = match state {
                36 => 0,
                35 => 2,
                _ => 1,
            };
            f32::from(u8::from(action == best))
        };
        let way = map("cliff-walking", [48, 4], along).way;
        let expected: Vec<usize> = [36].into_iter().chain(24..36).collect();
        assert_eq!(way, expected);
        let circle = map("cliff-walking", [48, 4], |_, action| -(action as f32)).way;
        assert!(circle.is_empty());
    }

    #[test]
    fn a_policy_without_action_values_and_an_environment_without_a_map_are_refused_by_name() {
        let registry = Registry::default();
        let mut policy = table("frozen-lake", [16, 4], |_, _| 0.0);
        let space = Space::discrete(4);
        let config = PolicyConfig::new(16, &space).with_hidden(1, 4, Activation::Tanh);
        policy.weights = config.draw(&mut rl_core::Stream::from_seed(0));
        policy.algo = "ppo".into();
        let error = PolicyMap::of(&policy, &registry).unwrap_err().to_string();
        assert!(
            error.contains("'ppo'") && error.contains("q-learning"),
            "{error}"
        );

        let policy = table("cartpole", [4, 2], |_, _| 0.0);
        let error = PolicyMap::of(&policy, &registry).unwrap_err().to_string();
        for word in ["'cartpole'", "frozen-lake", "cliff-walking", "taxi"] {
            assert!(error.contains(word), "{error}");
        }
    }
}
