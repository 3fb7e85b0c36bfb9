//! Baselines of returns.

use rl_core::TrajectoryStore;
use rl_core::baselines::{Peers, batch_baseline, group_advantages, group_baseline, time_baseline};
use rl_learn::words;
use serde::{Deserialize, Serialize};

/// Baseline `b`: what is taken from the returns that weigh the policy gradient, to lower its
/// variance. Means leave out the trajectory that is compared with them, so that they don't depend
/// on its actions and the gradient's mean stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// Nothing.
    #[default]
    None,
    /// The mean over the steps of the other trajectories.
    Batch,
    /// The mean over the other trajectories at the same step of the episode.
    Time,
    /// The mean over the other trajectories that start from the same observation; a trajectory
    /// without one has no weight.
    Group,
    /// The mean over all trajectories that start from the same observation, and divided by their
    /// deviation, as in GRPO (Shao et al. 2024, section 4.1.2); biased for the division. A step's
    /// weight is its whole trajectory's.
    GroupScaled,
    /// A learned value function.
    Value,
}

words!(Baseline: None, Batch, Time, Group, GroupScaled, Value);

impl Baseline {
    /// Takes the baseline from `returns` `[steps]`, one per step of the store; `values` are those
    /// of the value function, `[steps]`, for [`Baseline::Value`].
    pub fn subtract(self, experience: &TrajectoryStore, values: &[f32], returns: &mut [f32]) {
        let lengths = || -> Vec<usize> { experience.iter().map(|t| t.len()).collect() };
        let mut baselines = vec![0.0; returns.len()];
        match self {
            Self::None => return,
            Self::Batch => batch_baseline(returns, &lengths(), Peers::Others, &mut baselines),
            Self::Time => time_baseline(returns, &lengths(), Peers::Others, &mut baselines),
            Self::Value => baselines.copy_from_slice(values),
            Self::Group => {
                let starts = starts(experience);
                for group in groups(experience) {
                    self.group(&group, &starts, returns, &mut baselines);
                }
            }
            Self::GroupScaled => {
                let starts = starts(experience);
                for group in groups(experience) {
                    let of_group: Vec<f32> = group.iter().map(|&i| returns[starts[i]]).collect();
                    let mut advantages = vec![0.0; group.len()];
                    group_advantages(&of_group, &mut advantages);
                    for (&i, &advantage) in group.iter().zip(&advantages) {
                        returns[starts[i]..starts[i + 1]].fill(advantage);
                    }
                }
                return;
            }
        }
        for (x, baseline) in returns.iter_mut().zip(baselines) {
            *x -= baseline;
        }
    }

    /// Compares the steps of a group's trajectories, which begin at the same state, with the
    /// others' first steps: their returns from that state.
    fn group(self, group: &[usize], starts: &[usize], returns: &[f32], baselines: &mut [f32]) {
        let of_group: Vec<f32> = group.iter().map(|&i| returns[starts[i]]).collect();
        let mut means = vec![0.0; group.len()];
        group_baseline(&of_group, Peers::Others, &mut means);
        for (&i, &mean) in group.iter().zip(&means) {
            let steps = starts[i]..starts[i + 1];
            if group.len() == 1 {
                baselines[steps.clone()].copy_from_slice(&returns[steps]);
            } else {
                baselines[steps].fill(mean);
            }
        }
    }
}

/// Index of the first step of each trajectory, and of the step after the last one.
fn starts(experience: &TrajectoryStore) -> Vec<usize> {
    let mut starts = vec![0];
    for trajectory in experience.iter() {
        starts.push(starts[starts.len() - 1] + trajectory.len());
    }
    starts
}

/// The trajectories that start from the same observation, in the order of the first of each.
fn groups(experience: &TrajectoryStore) -> Vec<Vec<usize>> {
    let mut groups: Vec<(&[f32], Vec<usize>)> = Vec::new();
    for (i, trajectory) in experience.iter().enumerate() {
        let first = &trajectory.observations[..experience.observation_dim()];
        match groups.iter_mut().find(|(start, _)| *start == first) {
            Some((_, members)) => members.push(i),
            None => groups.push((first, vec![i])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::End;

    /// Two trajectories from observation 0 with returns 3 and 5, one from observation 1.
    fn experience() -> TrajectoryStore {
        let mut store = TrajectoryStore::new(1, 1);
        let mut first = store.begin(&[0.0]);
        first.push(&[0.0], 1.0, &[2.0]);
        first.finish(&[0.0], 2.0, &[0.0], End::Terminated);
        store
            .begin(&[1.0])
            .finish(&[0.0], 7.0, &[0.0], End::Terminated);
        store
            .begin(&[0.0])
            .finish(&[0.0], 5.0, &[0.0], End::Terminated);
        store
    }

    fn weights(baseline: Baseline) -> [f32; 4] {
        let mut returns = [3.0, 2.0, 7.0, 5.0];
        baseline.subtract(&experience(), &[1.0, 2.0, 3.0, 4.0], &mut returns);
        returns
    }

    #[test]
    fn baselines_of_three_trajectories_by_hand() {
        assert_eq!(weights(Baseline::None), [3.0, 2.0, 7.0, 5.0]);
        let batch = [3.0 - 6.0, 2.0 - 6.0, 7.0 - 10.0 / 3.0, 5.0 - 4.0];
        for (a, b) in weights(Baseline::Batch).into_iter().zip(batch) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        assert_eq!(weights(Baseline::Time), [-3.0, 2.0, 3.0, 0.0]);
        assert_eq!(weights(Baseline::Value), [2.0, 0.0, 4.0, 1.0]);
        assert_eq!(weights(Baseline::Group), [-2.0, -3.0, 0.0, 2.0]);
        let scaled = weights(Baseline::GroupScaled);
        assert_eq!((scaled[0], scaled[2]), (scaled[1], 0.0));
        assert!((scaled[0] + 0.5_f32.sqrt()).abs() < 1e-5 && scaled[3] == -scaled[0]);
    }
}
