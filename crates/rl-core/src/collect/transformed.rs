//! Policies with the normalisation of the run that learned them.

use crate::collect::Normalization;
use crate::{ActionChoice, NamedArray, Policy, PolicyRecord, SavedPolicy, Stream};

/// An agent's policy with its run's normalisation of observations: it acts on observations as
/// environments show them, and is what a run judges, shows and saves.
///
/// Its file has the arrays `obs_norm.mean` and `obs_norm.var`, both `[observation_dim]`, beside those
/// of the policy, and says with the metadata `obs_norm` if it needs them: `true` or `false`.
#[derive(Clone, Debug)]
pub struct Transformed<P> {
    policy: P,
    normalization: Normalization,
    scratch: Vec<f32>,
}

impl<P> Transformed<P> {
    /// A policy behind a normalisation.
    pub fn new(policy: P, normalization: Normalization) -> Self {
        Self {
            policy,
            normalization,
            scratch: Vec::new(),
        }
    }

    /// The policy, which acts on normalised observations.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// The normalisation.
    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }
}

impl<P: Policy> Policy for Transformed<P> {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        if self.normalization.moments().is_none() {
            return self.policy.act(observations, rngs, actions);
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(observations);
        self.normalization.apply(&mut self.scratch);
        self.policy.act(&self.scratch, rngs, actions);
    }
}

impl<P: SavedPolicy + Clone + 'static> SavedPolicy for Transformed<P> {
    fn record(&self) -> PolicyRecord {
        let mut record = self.policy.record();
        let moments = self.normalization.moments();
        let needed = moments.is_some().to_string();
        record.metadata.push(("obs_norm".into(), needed));
        if let Some(moments) = moments {
            let array = |name: &str, numbers: &[f64]| NamedArray {
                name: name.into(),
                shape: vec![numbers.len()],
                values: numbers.iter().map(|&x| x as f32).collect(),
            };
            record.arrays.push(array("obs_norm.mean", moments.mean()));
            record
                .arrays
                .push(array("obs_norm.var", moments.variance()));
        }
        record
    }

    fn set_choice(&mut self, choice: ActionChoice) {
        self.policy.set_choice(choice);
    }

    fn boxed_clone(&self) -> Box<dyn SavedPolicy> {
        Box::new(self.clone())
    }
}
