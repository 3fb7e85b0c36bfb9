//! Agents: policies together with the way they learn.

use crate::{ActionChoice, Clock, Metrics, Policy, State, Status, Stream};

/// An error of any type, where a user's own code may fail.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A policy that outlives the run that learned it: it can be copied, judged, and written to a file.
pub trait SavedPolicy: Policy + Send {
    /// The arrays and the metadata of its file.
    fn record(&self) -> PolicyRecord;

    /// Sets how actions are chosen from now on.
    fn set_choice(&mut self, choice: ActionChoice);

    /// A copy.
    fn boxed_clone(&self) -> Box<dyn SavedPolicy>;
}

/// Content of a policy's file: named arrays, and metadata in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyRecord {
    /// Arrays in the order of the file.
    pub arrays: Vec<NamedArray>,
    /// Keys and values.
    pub metadata: Vec<(String, String)>,
}

/// Array of a [`PolicyRecord`].
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    /// Its name.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its numbers, the last dimension running fastest.
    pub values: Vec<f32>,
}

impl PolicyRecord {
    /// Adds arrays and metadata of others, if there are any.
    pub fn extend(&mut self, other: Option<Self>) {
        if let Some(other) = other {
            self.arrays.extend(other.arrays);
            self.metadata.extend(other.metadata);
        }
    }
}

impl SavedPolicy for Box<dyn SavedPolicy> {
    fn record(&self) -> PolicyRecord {
        (**self).record()
    }

    fn set_choice(&mut self, choice: ActionChoice) {
        (**self).set_choice(choice);
    }

    fn boxed_clone(&self) -> Box<dyn SavedPolicy> {
        (**self).boxed_clone()
    }
}

/// A policy together with the way it learns.
pub trait Agent: State + Send {
    /// Type of its policies; clones act alike.
    type Policy: SavedPolicy + Clone + 'static;

    /// The policy as of the last update, as it is judged, saved and shown: without exploration,
    /// and without the normalisation of observations, which belongs to the run.
    fn policy(&self) -> Self::Policy;

    /// The value function that it learns beside the policy, as the policy's file has it; `None` where there is none, or
    /// where the policy itself acts by values.
    fn value_function(&self) -> Option<PolicyRecord> {
        None
    }
}

/// An agent that acts by policies that stay as they are while experience is gathered.
pub trait Acts: Agent {
    /// Number of policies that act at the same time. Beyond 1 it is the number of environments:
    /// each acts by a policy of its own.
    fn actors(&self) -> usize {
        1
    }

    /// The policy with an index below [`actors`](Self::actors) that acts next, exploration
    /// included; the caller copies it at once.
    fn actor(&mut self, index: usize, clock: &Clock) -> &Self::Policy;
}

/// An agent that learns from batches of experience `X`: whole episodes in a
/// [`TrajectoryStore`](crate::TrajectoryStore), or steps in a [`Rollout`](crate::Rollout).
pub trait Learns<X: ?Sized>: Acts {
    /// Learns from experience that its actors gathered; the clock is that of the moment at which
    /// they began to.
    ///
    /// # Errors
    /// The agent's own; it can still be saved afterwards.
    fn update(
        &mut self,
        experience: &X,
        clock: &Clock,
        metrics: &mut Metrics,
    ) -> Result<(), BoxError>;
}

/// An agent that learns at every environment step, as tabular methods do (the `start` and `step` of
/// RL-Glue; Tanner & White 2009).
pub trait LearnsOnline: Agent {
    /// Chooses the first action of an episode that begins with `observation` in environment `lane`.
    fn start(
        &mut self,
        lane: usize,
        observation: &[f32],
        clock: &Clock,
        rng: &mut Stream,
        action: &mut [f32],
    );

    /// Learns from the reward and the observation that followed the last action in environment
    /// `lane`, and chooses the next action unless the episode is over.
    ///
    /// # Errors
    /// The agent's own.
    #[expect(clippy::too_many_arguments, reason = "the parts of a transition")]
    fn step(
        &mut self,
        lane: usize,
        reward: f32,
        status: Status,
        observation: &[f32],
        clock: &Clock,
        rng: &mut Stream,
        action: &mut [f32],
    ) -> Result<(), BoxError>;

    /// Adds what was measured since the last report.
    fn report(&mut self, metrics: &mut Metrics);
}
