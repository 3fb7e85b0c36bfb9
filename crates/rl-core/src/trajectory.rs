//! Trajectories: sequences of observation, action and reward up to their end.
//!
//! Two properties hold by construction: each step starts from the observation that the step before
//! it led to, and each trajectory in a store has exactly one end and a final observation.

use crate::End;

/// Many trajectories in contiguous memory.
///
/// The observations of all steps are one slice, trajectory after trajectory, and so are the actions
/// and the rewards, so that a learner takes the whole batch at once; [`Trajectory`] is a view of
/// one trajectory. Clearing keeps the memory, so that a reused store stops allocating.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryStore {
    observation_dim: usize,
    action_dim: usize,
    observations: Vec<f32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    ends: Vec<Ending>,
    final_observations: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Ending {
    /// Index of the step after the trajectory's last one.
    stop: usize,
    end: End,
}

/// A view of one complete trajectory of `T` steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trajectory<'a> {
    /// The observations that the actions were chosen from, `[T, observation_dim]`.
    pub observations: &'a [f32],
    /// The actions, `[T, action_dim]`.
    pub actions: &'a [f32],
    /// The rewards, `[T]`.
    pub rewards: &'a [f32],
    /// The observation after the last step, `[observation_dim]`.
    pub final_observation: &'a [f32],
    /// Termination or truncation.
    pub end: End,
}

impl Trajectory<'_> {
    /// Number of steps `T`, at least one.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a complete trajectory has a step"
    )]
    pub fn len(&self) -> usize {
        self.rewards.len()
    }
}

impl TrajectoryStore {
    /// An empty store for observations `[observation_dim]` and flat actions `[action_dim]`.
    pub fn new(observation_dim: usize, action_dim: usize) -> Self {
        Self {
            observation_dim,
            action_dim,
            observations: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            ends: Vec::new(),
            final_observations: Vec::new(),
        }
    }

    /// Reserves memory for `steps` more steps.
    pub fn reserve(&mut self, steps: usize) {
        self.observations
            .reserve((steps + 1) * self.observation_dim);
        self.actions.reserve(steps * self.action_dim);
        self.rewards.reserve(steps);
    }

    /// Removes every trajectory and keeps the memory.
    pub fn clear(&mut self) {
        self.observations.clear();
        self.actions.clear();
        self.rewards.clear();
        self.ends.clear();
        self.final_observations.clear();
    }

    /// Begins a trajectory at an observation, `[observation_dim]`.
    ///
    /// # Panics
    /// If the observation has another length.
    pub fn begin(&mut self, observation: &[f32]) -> TrajectoryBuilder<'_> {
        assert_eq!(
            observation.len(),
            self.observation_dim,
            "observation of another length"
        );
        self.observations.extend_from_slice(observation);
        TrajectoryBuilder { store: Some(self) }
    }

    /// Appends the trajectories of another store.
    ///
    /// # Panics
    /// If the other store has observations or actions of other lengths.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(
            (self.observation_dim, self.action_dim),
            (other.observation_dim, other.action_dim),
            "stores of other dimensions"
        );
        let offset = self.steps();
        self.observations.extend_from_slice(&other.observations);
        self.actions.extend_from_slice(&other.actions);
        self.rewards.extend_from_slice(&other.rewards);
        self.final_observations
            .extend_from_slice(&other.final_observations);
        self.ends.extend(other.ends.iter().map(|ending| Ending {
            stop: ending.stop + offset,
            ..*ending
        }));
    }

    /// Number of trajectories.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns `true` if there is no trajectory.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Number of steps of all trajectories.
    pub fn steps(&self) -> usize {
        self.ends.last().map_or(0, |ending| ending.stop)
    }

    /// Numbers per observation.
    pub fn observation_dim(&self) -> usize {
        self.observation_dim
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// All observations that actions were chosen from, `[steps, observation_dim]`.
    pub fn observations(&self) -> &[f32] {
        &self.observations
    }

    /// All actions, `[steps, action_dim]`.
    pub fn actions(&self) -> &[f32] {
        &self.actions
    }

    /// All rewards, `[steps]`.
    pub fn rewards(&self) -> &[f32] {
        &self.rewards
    }

    /// The trajectory at `index`; `None` beyond the last.
    pub fn get(&self, index: usize) -> Option<Trajectory<'_>> {
        let ending = self.ends.get(index)?;
        let start = index
            .checked_sub(1)
            .map_or(0, |previous| self.ends[previous].stop);
        let rows = |flat, width, start, stop| -> &[f32] {
            let flat: &[f32] = flat;
            &flat[start * width..stop * width]
        };
        Some(Trajectory {
            observations: rows(&self.observations, self.observation_dim, start, ending.stop),
            actions: rows(&self.actions, self.action_dim, start, ending.stop),
            rewards: &self.rewards[start..ending.stop],
            final_observation: rows(
                &self.final_observations,
                self.observation_dim,
                index,
                index + 1,
            ),
            end: ending.end,
        })
    }

    /// The trajectories in order.
    pub fn iter(&self) -> impl Iterator<Item = Trajectory<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Removes the steps after the last end.
    fn abandon_open(&mut self) {
        let steps = self.steps();
        self.observations.truncate(steps * self.observation_dim);
        self.actions.truncate(steps * self.action_dim);
        self.rewards.truncate(steps);
    }
}

/// Unfinished trajectory at the end of a store.
///
/// [`finish`](Self::finish) consumes it, so that a store holds no trajectory without an end and
/// none with two. A trajectory that is dropped before its end is removed from the store.
#[derive(Debug)]
pub struct TrajectoryBuilder<'a> {
    /// `None` only while `finish` hands the store back.
    store: Option<&'a mut TrajectoryStore>,
}

impl<'a> TrajectoryBuilder<'a> {
    /// Appends a step that does not end the trajectory: the action taken at the last observation,
    /// its reward, and the observation it led to.
    ///
    /// # Panics
    /// If action or observation have another length than the store's.
    pub fn push(&mut self, action: &[f32], reward: f32, next_observation: &[f32]) {
        if let Some(store) = self.store.as_deref_mut() {
            assert_eq!(
                next_observation.len(),
                store.observation_dim,
                "observation length"
            );
            Self::push_action(store, action, reward);
            store.observations.extend_from_slice(next_observation);
        }
    }

    /// Appends the step that ends the trajectory and returns the store, for the next one.
    ///
    /// # Panics
    /// If action or observation have another length than the store's.
    #[expect(
        clippy::expect_used,
        reason = "only this method, which consumes the builder, takes the store"
    )]
    pub fn finish(
        mut self,
        action: &[f32],
        reward: f32,
        final_observation: &[f32],
        end: End,
    ) -> &'a mut TrajectoryStore {
        let store = self
            .store
            .take()
            .expect("a builder holds its store until it is finished");
        assert_eq!(
            final_observation.len(),
            store.observation_dim,
            "observation length"
        );
        Self::push_action(store, action, reward);
        store
            .final_observations
            .extend_from_slice(final_observation);
        store.ends.push(Ending {
            stop: store.rewards.len(),
            end,
        });
        store
    }

    fn push_action(store: &mut TrajectoryStore, action: &[f32], reward: f32) {
        assert_eq!(action.len(), store.action_dim, "action of another length");
        store.actions.extend_from_slice(action);
        store.rewards.push(reward);
    }
}

impl Drop for TrajectoryBuilder<'_> {
    fn drop(&mut self) {
        if let Some(store) = self.store.as_deref_mut() {
            store.abandon_open();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_trajectories() -> TrajectoryStore {
        let mut store = TrajectoryStore::new(2, 1);
        let mut first = store.begin(&[0.0, 0.5]);
        first.push(&[1.0], 1.0, &[1.0, 1.5]);
        let store_again = first.finish(&[0.0], 2.0, &[2.0, 2.5], End::Terminated);
        store_again
            .begin(&[9.0, 9.5])
            .finish(&[1.0], -1.0, &[8.0, 8.5], End::Truncated);
        store
    }

    #[test]
    fn views_show_what_was_written() {
        let store = two_trajectories();
        let first = store.get(0).unwrap();
        assert_eq!(first.observations, [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(first.actions, [1.0, 0.0]);
        assert_eq!(first.rewards, [1.0, 2.0]);
        assert_eq!(first.final_observation, [2.0, 2.5]);
        assert_eq!(first.end, End::Terminated);
        let second = store.get(1).unwrap();
        assert_eq!(second.observations, [9.0, 9.5]);
        assert_eq!(second.final_observation, [8.0, 8.5]);
        assert_eq!(second.end, End::Truncated);
        assert!(store.get(2).is_none());
        assert_eq!((store.len(), store.steps()), (2, 3));
        assert_eq!((store.observation_dim(), store.action_dim()), (2, 1));
        assert_eq!(store.observations(), [0.0, 0.5, 1.0, 1.5, 9.0, 9.5]);
        assert_eq!(store.actions(), [1.0, 0.0, 1.0]);
        assert_eq!(store.rewards(), [1.0, 2.0, -1.0]);
        assert_eq!(store.iter().count(), 2);
    }

    #[test]
    fn an_abandoned_trajectory_leaves_no_trace() {
        let mut store = two_trajectories();
        let before = store.clone();
        let mut open = store.begin(&[5.0, 5.0]);
        open.push(&[1.0], 1.0, &[6.0, 6.0]);
        drop(open);
        assert_eq!(store, before);

        let mut store = TrajectoryStore::new(1, 3);
        store
            .begin(&[0.0])
            .finish(&[1.0; 3], 1.0, &[1.0], End::Truncated);
        let before = store.clone();
        store.begin(&[2.0]).push(&[3.0; 3], 1.0, &[3.0]);
        assert_eq!(store, before);
    }

    #[test]
    fn appended_trajectories_keep_their_ends() {
        let mut store = two_trajectories();
        store.append(&two_trajectories());
        assert_eq!((store.len(), store.steps()), (4, 6));
        assert_eq!(store.get(2), two_trajectories().get(0));
        assert_eq!(store.get(3), two_trajectories().get(1));
    }
}
