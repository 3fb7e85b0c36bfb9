//! Players: policies that are judged or shown, with their environments.

use rl_core::{ActionChoice, Policy, RandomPolicy};
use rl_nets::PolicyFile;

use crate::environment_entry::EnvironmentEntry;
use crate::evaluate::{Actions, EvaluateError};
use crate::registry::Registry;

/// A policy in its environment.
#[derive(Clone)]
pub enum Player {
    /// A trained policy, in the environment that it was trained on.
    Trained {
        /// The policy.
        policy: Box<PolicyFile>,
        /// Choice of its actions.
        choice: ActionChoice,
    },
    /// Actions drawn at random in an environment.
    Random(EnvironmentEntry),
    /// The rule of thumb of an environment.
    Heuristic(EnvironmentEntry),
}

impl Player {
    /// Choice of its actions.
    pub fn actions(&self) -> Actions {
        match self {
            Self::Trained { choice, .. } => (*choice).into(),
            Self::Random(_) => Actions::Random,
            Self::Heuristic(_) => Actions::RuleOfThumb,
        }
    }

    /// The environment, as a registry knows it, and the policy.
    ///
    /// # Errors
    /// [`EvaluateError`] for a policy that does not fit its environment.
    pub fn cast(
        &self,
        registry: &Registry,
    ) -> Result<(EnvironmentEntry, Box<dyn Policy>), EvaluateError> {
        Ok(match self {
            Self::Trained { policy, choice } => (
                environment_of(policy, registry)?,
                Box::new(policy.policy(*choice)),
            ),
            Self::Random(entry) => {
                let spaces = entry.source().make()?.spaces();
                (entry.clone(), Box::new(RandomPolicy::new(spaces.action)))
            }
            Self::Heuristic(entry) => {
                let policy = entry.make_heuristic();
                let none = || EvaluateError::NoHeuristic(entry.name().to_owned());
                (entry.clone(), policy.ok_or_else(none)?)
            }
        })
    }
}

/// The environment that a policy was trained on, if it is still the one that the policy knows.
fn environment_of(
    policy: &PolicyFile,
    registry: &Registry,
) -> Result<EnvironmentEntry, EvaluateError> {
    let unknown = || match registry.fault_of_name(&policy.env) {
        Some(fault) => EvaluateError::Family(fault),
        None => EvaluateError::UnknownEnvironment(policy.env.clone()),
    };
    let entry = registry.find_environment(&policy.env).ok_or_else(unknown)?;
    let spaces = entry.source().make()?.spaces();
    let (has, takes) = (
        spaces.observation.network_inputs(),
        policy.weights.mlp.input_size(),
    );
    if takes != has || policy.action_space != spaces.action {
        return Err(EvaluateError::Mismatch {
            env: policy.env.clone(),
            takes,
            acts: policy.action_space.to_string(),
            has,
            actions: spaces.action.to_string(),
        });
    }
    Ok(entry)
}
