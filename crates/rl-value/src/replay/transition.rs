//! Transitions, and the records that a buffer keeps of them.

use rl_core::Status;

/// Step of an environment with what it began from and what it led to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a> {
    /// The observation that the action was chosen from, `[observation_dim]`.
    pub observation: &'a [f32],
    /// The index of the action.
    pub action: f32,
    /// The reward.
    pub reward: f32,
    /// The status of the episode after the step.
    pub status: Status,
    /// The observation after the step, `[observation_dim]`; at the end of an episode its final
    /// observation, never the first one of the next.
    pub next_observation: &'a [f32],
}

/// Numbers of a record beside the two observations: action, reward, status.
const OTHERS: usize = 3;

/// Numbers of the record of a transition, which lie side by side so that a draw touches one or two lines of
/// the cache.
pub(super) fn width(observation_dim: usize) -> usize {
    2 * observation_dim + OTHERS
}

impl<'a> Transition<'a> {
    /// Writes the record of a transition, `[width]`.
    pub(super) fn write(&self, record: &mut [f32]) {
        let (others, observations) = record.split_at_mut(OTHERS);
        let (first, second) = observations.split_at_mut(self.observation.len());
        first.copy_from_slice(self.observation);
        second.copy_from_slice(self.next_observation);
        let status = match self.status {
            Status::Running => 0.0,
            Status::Terminated => 1.0,
            Status::Truncated => 2.0,
        };
        others.copy_from_slice(&[self.action, self.reward, status]);
    }

    /// The transition of a record.
    #[inline]
    pub(super) fn read(record: &'a [f32]) -> Self {
        let (others, observations) = record.split_at(OTHERS);
        let (observation, next_observation) = observations.split_at(observations.len() / 2);
        Self {
            observation,
            action: others[0],
            reward: others[1],
            status: match others[2] {
                0.0 => Status::Running,
                1.0 => Status::Terminated,
                _ => Status::Truncated,
            },
            next_observation,
        }
    }

    /// Returns `true` if the numbers of a saved record can be those of a transition.
    pub(super) fn is_record(record: &[f32]) -> bool {
        record.iter().all(|x| x.is_finite()) && [0.0, 1.0, 2.0].contains(&record[OTHERS - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gives_back_its_transition() {
        for status in [Status::Running, Status::Terminated, Status::Truncated] {
            let transition = Transition {
                observation: &[1.0, -2.0],
                action: 3.0,
                reward: -0.5,
                status,
                next_observation: &[5.0, 6.0],
            };
            let mut record = vec![f32::NAN; width(2)];
            transition.write(&mut record);
            assert_eq!(Transition::read(&record), transition);
            assert!(Transition::is_record(&record));
            record[2] = 3.0;
            assert!(!Transition::is_record(&record));
        }
    }

    #[test]
    fn a_million_transitions_of_cartpole_take_less_than_48_megabytes() {
        assert!(1_000_000 * 4 * width(4) <= 48_000_000);
    }
}
