//! Policies of a run.

use std::path::Path;

use rl_core::{ActionChoice, Policy, PolicyRecord, SavedPolicy, Stream};
use rl_nets::error::PolicyFileError;
use rl_nets::save_policy;

/// Policy of a run: it acts on observations as environments show them, and can be written to a file
/// that [`PolicyFile`](rl_nets::PolicyFile), PyTorch and NumPy read.
pub struct TrainedPolicy {
    env: String,
    algo: &'static str,
    policy: Box<dyn SavedPolicy>,
    /// The value function beside it.
    value: Option<PolicyRecord>,
}

impl TrainedPolicy {
    pub(crate) fn new(
        env: &str,
        algo: &'static str,
        policy: Box<dyn SavedPolicy>,
        value: Option<PolicyRecord>,
    ) -> Self {
        Self {
            env: env.to_owned(),
            algo,
            policy,
            value,
        }
    }

    /// The same policy with another choice of actions; without it, the likeliest are taken.
    #[must_use]
    pub fn with_choice(mut self, choice: ActionChoice) -> Self {
        self.policy.set_choice(choice);
        self
    }

    /// Arrays and metadata of its file.
    pub fn record(&self) -> PolicyRecord {
        let mut record = self.policy.record();
        record.metadata.push(("env".into(), self.env.clone()));
        record.metadata.push(("algo".into(), self.algo.to_owned()));
        record.extend(self.value.clone());
        record
    }

    /// Writes its file; one at `path` is replaced once the new one is on the disk.
    ///
    /// # Errors
    /// [`PolicyFileError`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PolicyFileError> {
        save_policy(path, &self.record())
    }
}

impl Clone for TrainedPolicy {
    fn clone(&self) -> Self {
        Self {
            env: self.env.clone(),
            algo: self.algo,
            policy: self.policy.boxed_clone(),
            value: self.value.clone(),
        }
    }
}

impl Policy for TrainedPolicy {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        self.policy.act(observations, rngs, actions);
    }
}
