//! Rollouts: a fixed number of steps of a batch of environments.

use crate::{Episode, Gae, Status, ValuedSteps};

/// `T` consecutive steps of each of `n` environments, in the course of which episodes end and
/// others begin.
///
/// Storage is environment-major: step `t` of environment `i` is row `i·T + t`, so that the steps of
/// an environment are a slice that estimators run on, and all rows together are one for the learner.
///
/// What came after a row is the observation of the next one, but for the rows that ended an
/// episode and the last row of each environment: those have a *successor*, kept beside the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    environments: usize,
    steps: usize,
    observation_dim: usize,
    action_dim: usize,
    observations: Vec<f32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    statuses: Vec<Status>,
    successors: Vec<f32>,
}

/// The rows of consecutive environments, to write to: successors and episodes by row, that of a row
/// without one being ignored.
#[derive(Debug)]
pub(crate) struct RowsMut<'a> {
    pub observations: &'a mut [f32],
    pub actions: &'a mut [f32],
    pub rewards: &'a mut [f32],
    pub statuses: &'a mut [Status],
    pub successors: &'a mut [f32],
    pub episodes: &'a mut [Episode],
}

impl RowsMut<'_> {
    /// Takes off the first `rows` rows.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn split_off(&mut self, rows: usize, observation_dim: usize, action_dim: usize) -> Self {
        fn first<'a, T>(slice: &mut &'a mut [T], n: usize) -> &'a mut [T] {
            let (first, rest) = std::mem::take(slice).split_at_mut(n);
            *slice = rest;
            first
        }
        Self {
            observations: first(&mut self.observations, rows * observation_dim),
            actions: first(&mut self.actions, rows * action_dim),
            rewards: first(&mut self.rewards, rows),
            statuses: first(&mut self.statuses, rows),
            successors: first(&mut self.successors, rows * observation_dim),
            episodes: first(&mut self.episodes, rows),
        }
    }
}

impl Rollout {
    pub(crate) fn new(environments: usize, observation_dim: usize, action_dim: usize) -> Self {
        Self {
            environments,
            steps: 0,
            observation_dim,
            action_dim,
            observations: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            statuses: Vec::new(),
            successors: Vec::new(),
        }
    }

    /// Number of environments, `n`.
    pub fn environments(&self) -> usize {
        self.environments
    }

    /// Number of steps of each environment, `T`.
    pub fn steps_per_environment(&self) -> usize {
        self.steps
    }

    /// Number of rows, `n·T`.
    pub fn len(&self) -> usize {
        self.environments * self.steps
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers per observation.
    pub fn observation_dim(&self) -> usize {
        self.observation_dim
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// The observations that the actions were chosen from, as the policy saw them,
    /// `[rows, observation_dim]`.
    pub fn observations(&self) -> &[f32] {
        &self.observations
    }

    /// The actions as the policy drew them, `[rows, action_dim]`.
    pub fn actions(&self) -> &[f32] {
        &self.actions
    }

    /// The rewards to learn from, `[rows]`.
    pub fn rewards(&self) -> &[f32] {
        &self.rewards
    }

    /// How the episode stands after each row, `[rows]`.
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// The observations after the rows that ended an episode, and after the last row of each
    /// environment, in the order of those rows, `[successors, observation_dim]`. With those of
    /// [`observations`](Self::observations), the values of these are all that
    /// [`next_values`](Self::next_values) needs.
    pub fn successors(&self) -> &[f32] {
        &self.successors
    }

    /// Writes the value of the observation after each row, `[rows]`: where it has a successor the
    /// value of that, elsewhere the value of the next row. `values` is `[rows]`,
    /// `successor_values` is `[successors]`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn next_values(&self, values: &[f32], successor_values: &[f32], out: &mut [f32]) {
        let successors = self.successors.len() / self.observation_dim;
        assert_eq!(values.len(), self.len(), "one value per row");
        assert_eq!(
            successor_values.len(),
            successors,
            "one value per successor"
        );
        assert_eq!(out.len(), self.len(), "one next value per row");
        let mut successor = 0;
        for (row, out) in out.iter_mut().enumerate() {
            *out = if self.has_successor(row) {
                successor += 1;
                successor_values[successor - 1]
            } else {
                values[row + 1]
            };
        }
    }

    /// Estimates the advantages and the λ-returns of all rows, environment by environment, all
    /// slices `[rows]`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn advantages(
        &self,
        gae: &Gae,
        values: &[f32],
        next_values: &[f32],
        advantages: &mut [f32],
        returns: &mut [f32],
    ) {
        assert_eq!(advantages.len(), self.len(), "one advantage per row");
        assert_eq!(returns.len(), self.len(), "one return per row");
        for environment in 0..self.environments {
            let rows = environment * self.steps..(environment + 1) * self.steps;
            let steps = self.lane(environment, values, next_values);
            gae.advantages(steps, &mut advantages[rows.clone()]);
            gae.lambda_returns(steps, &mut returns[rows]);
        }
    }

    /// The steps of one environment, `[T]`, with their part of the values of all rows, `[rows]`
    /// each.
    ///
    /// # Panics
    /// If the lengths differ, or there is no such environment.
    pub fn lane<'a>(
        &'a self,
        environment: usize,
        values: &'a [f32],
        next_values: &'a [f32],
    ) -> ValuedSteps<'a> {
        assert_eq!(values.len(), self.len(), "one value per row");
        assert_eq!(next_values.len(), self.len(), "one next value per row");
        let rows = environment * self.steps..(environment + 1) * self.steps;
        ValuedSteps::Rollout {
            rewards: &self.rewards[rows.clone()],
            values: &values[rows.clone()],
            next_values: &next_values[rows.clone()],
            statuses: &self.statuses[rows],
        }
    }

    fn has_successor(&self, row: usize) -> bool {
        !self.statuses[row].continues() || (row + 1).is_multiple_of(self.steps)
    }

    /// Room for `steps` steps per environment, to be written before [`finish`](Self::finish).
    pub(crate) fn begin<'a>(
        &'a mut self,
        steps: usize,
        episodes: &'a mut Vec<Episode>,
    ) -> RowsMut<'a> {
        self.steps = steps;
        let rows = self.len();
        self.observations.resize(rows * self.observation_dim, 0.0);
        self.actions.resize(rows * self.action_dim, 0.0);
        self.rewards.resize(rows, 0.0);
        self.statuses.resize(rows, Status::Running);
        self.successors.resize(rows * self.observation_dim, 0.0);
        let episode = Episode {
            total_reward: 0.0,
            length: 0,
        };
        episodes.resize(rows, episode);
        RowsMut {
            observations: &mut self.observations,
            actions: &mut self.actions,
            rewards: &mut self.rewards,
            statuses: &mut self.statuses,
            successors: &mut self.successors,
            episodes,
        }
    }

    /// Moves the successors and the episodes, written by row, together.
    pub(crate) fn finish(&mut self, episodes: &mut Vec<Episode>) {
        let width = self.observation_dim;
        let (mut successors, mut ended) = (0, 0);
        for row in 0..self.len() {
            if self.has_successor(row) {
                self.successors
                    .copy_within(row * width..(row + 1) * width, successors * width);
                successors += 1;
            }
            if !self.statuses[row].continues() {
                episodes[ended] = episodes[row];
                ended += 1;
            }
        }
        self.successors.truncate(successors * width);
        episodes.truncate(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GaeConfig;
    use crate::valued_steps::testing::{OwnedRollout, close, unit};
    use proptest::prelude::*;

    /// Reward, value, value of the successor if there is one, and status.
    type Row = (f32, f32, f32, Status);

    /// What a value function says: of every row, and of what comes after it if that has to be
    /// known besides.
    #[derive(Clone, Debug)]
    struct Valued {
        rollout: Rollout,
        values: Vec<f32>,
        /// Of the observation after each row, were it not that of the next row.
        after: Vec<f32>,
    }

    impl Valued {
        /// Observations count the rows, and successors are the row they come after plus a half.
        fn new(environments: usize, steps: usize, rows: &[Row]) -> Self {
            assert_eq!(rows.len(), environments * steps);
            let mut rollout = Rollout::new(environments, 1, 1);
            let mut episodes = Vec::new();
            let out = rollout.begin(steps, &mut episodes);
            for (row, &(reward, _, _, status)) in rows.iter().enumerate() {
                out.observations[row] = row as f32;
                out.rewards[row] = reward;
                out.statuses[row] = status;
                out.successors[row] = row as f32 + 0.5;
            }
            rollout.finish(&mut episodes);
            Self {
                rollout,
                values: rows.iter().map(|row| row.1).collect(),
                after: rows.iter().map(|row| row.2).collect(),
            }
        }

        /// The values of the successors, each found by the row it says it comes after.
        fn successor_values(&self) -> Vec<f32> {
            let rows = self.rollout.successors().iter();
            rows.map(|x| self.after[(x - 0.5) as usize]).collect()
        }

        fn next_values(&self) -> Vec<f32> {
            let mut next_values = vec![f32::NAN; self.rollout.len()];
            self.rollout
                .next_values(&self.values, &self.successor_values(), &mut next_values);
            next_values
        }

        /// The advantages and the returns.
        fn estimate(&self, gamma: f64, lambda: f64) -> [Vec<f32>; 2] {
            let gae = GaeConfig { gamma, lambda }.validate().unwrap();
            let [mut advantages, mut returns] = [(); 2].map(|()| vec![f32::NAN; self.values.len()]);
            self.rollout.advantages(
                &gae,
                &self.values,
                &self.next_values(),
                &mut advantages,
                &mut returns,
            );
            [advantages, returns]
        }
    }

    fn rollouts() -> impl Strategy<Value = (usize, usize, Vec<Row>)> {
        let number = -10.0_f32..10.0;
        let status = prop_oneof![
            3 => Just(Status::Running),
            1 => Just(Status::Terminated),
            1 => Just(Status::Truncated),
        ];
        let row = (number.clone(), number.clone(), number, status);
        (1_usize..5, 1_usize..20).prop_flat_map(move |(environments, steps)| {
            let rows = prop::collection::vec(row.clone(), environments * steps);
            (Just(environments), Just(steps), rows)
        })
    }

    proptest! {
        #[test]
        fn each_environment_is_estimated_as_if_it_were_alone(
            (environments, steps, rows) in rollouts(), gamma in unit(), lambda in unit(),
        ) {
            let valued = Valued::new(environments, steps, &rows);
            let next_values = valued.next_values();
            let [advantages, returns] = valued.estimate(gamma, lambda);
            for (i, rows) in rows.chunks(steps).enumerate() {
                let lane = i * steps..(i + 1) * steps;
                // The definitions, quadratic in the steps, on the rows of one environment.
                let alone = OwnedRollout::new(rows);
                for (t, &next_value) in next_values[lane.clone()].iter().enumerate() {
                    let expected = match rows[t].3 {
                        Status::Running if t + 1 < steps => rows[t + 1].1,
                        _ => rows[t].2,
                    };
                    prop_assert_eq!(next_value, expected);
                }
                close(&advantages[lane.clone()], |t| alone.advantage(t, gamma, lambda))?;
                close(&returns[lane], |t| alone.lambda_return(t, gamma, lambda))?;
            }
        }
    }

    #[test]
    fn successors_follow_the_order_of_the_rows_they_come_after() {
        let row = |status| (0.0, 0.0, 0.0, status);
        let rows = [
            row(Status::Truncated),
            row(Status::Running),
            row(Status::Running),
            row(Status::Running),
            row(Status::Terminated),
            row(Status::Terminated),
        ];
        let valued = Valued::new(2, 3, &rows);
        assert_eq!(valued.rollout.successors(), [0.5, 2.5, 4.5, 5.5]);
    }

    #[test]
    fn a_reward_for_ever_keeps_its_value_when_truncated_and_loses_it_when_called_terminated() {
        let (gamma, forever) = (0.9, 10.0);
        let returns = |end| {
            let status = |t| if t % 4 == 3 { end } else { Status::Running };
            let rows: Vec<_> = (0..20)
                .map(|row| (1.0, forever, forever, status(row % 10)))
                .collect();
            let valued = Valued::new(2, 10, &rows);
            let [advantages, returns] = valued.estimate(gamma, 0.95);
            (advantages, returns)
        };
        let (advantages, truncated) = returns(Status::Truncated);
        assert!(advantages.iter().all(|x| x.abs() < 1e-5), "{advantages:?}");
        assert!(truncated.iter().all(|x| (x - forever).abs() < 1e-5));
        // Two whole episodes and half of a third in each environment; the half one bootstraps.
        let (_, terminated) = returns(Status::Terminated);
        for (row, x) in terminated.iter().enumerate() {
            let ends = row % 10 < 8;
            assert_eq!((x - forever).abs() > 1.0, ends, "row {row}: {x}");
        }
    }
}
