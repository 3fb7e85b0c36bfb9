//! Who plays.

use rl_core::{Policy, RandomPolicy};
use rl_envs::EnvironmentId;
use rl_nets::{ActionChoice, PolicyFile};

use crate::EvaluateError;

/// Who plays, in which environment.
#[derive(Clone, Debug, PartialEq)]
pub enum Player {
    /// A trained policy, in the environment that it was trained on.
    Trained {
        /// The policy.
        policy: Box<PolicyFile>,
        /// How it takes its actions.
        choice: ActionChoice,
    },
    /// Actions drawn at random.
    Random(EnvironmentId),
    /// The environment's rule of thumb.
    Heuristic(EnvironmentId),
}

impl Player {
    /// How it takes its actions, in a word or two.
    pub fn actions(&self) -> &'static str {
        match self {
            Self::Trained { choice, .. } => match choice {
                ActionChoice::Mode => "the likeliest",
                ActionChoice::Sample => "drawn",
            },
            Self::Random(_) => "random",
            Self::Heuristic(_) => "a rule of thumb",
        }
    }

    /// The environment and the policy.
    pub(crate) fn cast(&self) -> Result<(EnvironmentId, Box<dyn Policy>), EvaluateError> {
        Ok(match self {
            Self::Trained { policy, choice } => {
                (environment_of(policy)?, Box::new(policy.actor(*choice)))
            }
            Self::Random(id) => (*id, Box::new(RandomPolicy::new(id.make().action_space()))),
            Self::Heuristic(id) => (*id, id.heuristic()),
        })
    }
}

/// The environment that a policy was trained on, if it is still what the policy knows.
fn environment_of(policy: &PolicyFile) -> Result<EnvironmentId, EvaluateError> {
    let unknown = || EvaluateError::UnknownEnvironment(policy.env.clone());
    let id: EnvironmentId = policy.env.parse().map_err(|_| unknown())?;
    let environment = id.make();
    let (has, actions) = (
        environment.observation_space().dim(),
        environment.action_space(),
    );
    let takes = policy.weights.mlp.input_size();
    if takes != has || policy.action_space != actions {
        return Err(EvaluateError::Mismatch {
            env: policy.env.clone(),
            takes,
            acts: policy.action_space.to_string(),
            has,
            actions: actions.to_string(),
        });
    }
    Ok(id)
}
