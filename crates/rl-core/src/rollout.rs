//! Rollouts: a fixed number of steps of a batch of environments.

use std::ops::Range;

use crate::rollout_view::{RolloutView, has_successor};
use crate::{Episode, Status};

/// `T` consecutive steps of each of `n` environments, which episodes end and begin within.
///
/// Storage is environment-major: step `t` of environment `i` is row `i·T + t`, so that the steps of
/// an environment are one slice for the estimators, and all rows are one slice for the learner.
///
/// The observation after a row is that of the next row, except after a row that ended an episode
/// and after the last row of each environment. These rows have a *successor*, an observation kept
/// beside the rows.
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
    /// Number of successors before the rows of each environment, and of all of them.
    successor_starts: Vec<usize>,
}

/// Mutable rows of consecutive environments. Successors and episodes have an entry per row, which
/// is ignored in a row without one.
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
    /// Splits off the first `rows` rows.
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
            successor_starts: vec![0; environments + 1],
        }
    }

    /// The steps of all environments.
    pub fn view(&self) -> RolloutView<'_> {
        self.environment_range(0..self.environments)
    }

    /// The steps of the environments with these indices.
    ///
    /// # Panics
    /// If there are fewer environments.
    pub fn environment_range(&self, environments: Range<usize>) -> RolloutView<'_> {
        let rows = environments.start * self.steps..environments.end * self.steps;
        let wide = |width: usize| rows.start * width..rows.end * width;
        let starts = &self.successor_starts;
        let successors = starts[environments.start]..starts[environments.end];
        let width = self.observation_dim;
        RolloutView {
            environments: environments.len(),
            steps: self.steps,
            observation_dim: width,
            action_dim: self.action_dim,
            observations: &self.observations[wide(width)],
            actions: &self.actions[wide(self.action_dim)],
            rewards: &self.rewards[rows.clone()],
            statuses: &self.statuses[rows.clone()],
            successors: &self.successors[successors.start * width..successors.end * width],
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

    /// Returns `true` if there is no row.
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

    /// The observations that the actions were chosen from; see [`RolloutView::observations`].
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

    /// The status of the episode after each row, `[rows]`.
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// The observations that no row begins with; see [`RolloutView::successors`].
    pub fn successors(&self) -> &[f32] {
        &self.successors
    }

    /// Resizes the rollout to `steps` steps per environment and returns its rows, to be written
    /// before [`finish`](Self::finish).
    pub(crate) fn begin<'a>(
        &'a mut self,
        steps: usize,
        episodes: &'a mut Vec<Episode>,
    ) -> RowsMut<'a> {
        self.steps = steps;
        self.successor_starts.fill(0);
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

    /// Moves successors and finished episodes to the front, without the entries of rows that have
    /// none.
    pub(crate) fn finish(&mut self, episodes: &mut Vec<Episode>) {
        let width = self.observation_dim;
        let (mut successors, mut ended) = (0, 0);
        self.successor_starts.clear();
        for row in 0..self.len() {
            if row.is_multiple_of(self.steps) {
                self.successor_starts.push(successors);
            }
            if has_successor(&self.statuses, self.steps, row) {
                self.successors
                    .copy_within(row * width..(row + 1) * width, successors * width);
                successors += 1;
            }
            if !self.statuses[row].continues() {
                episodes[ended] = episodes[row];
                ended += 1;
            }
        }
        self.successor_starts
            .resize(self.environments + 1, successors);
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

    /// Reward, value, value of the successor (ignored in a row without one), and status.
    type Row = (f32, f32, f32, Status);

    /// Rollout with the values of a value function.
    #[derive(Clone, Debug)]
    struct Valued {
        rollout: Rollout,
        values: Vec<f32>,
        /// Value of the successor after each row; ignored in a row without one.
        after: Vec<f32>,
    }

    impl Valued {
        /// A rollout whose observations are the numbers of their rows, and whose successors are the
        /// number of the row before them plus a half.
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

        /// The values of the successors, found by the row numbers that they hold.
        fn successor_values(&self) -> Vec<f32> {
            let rows = self.rollout.successors().iter();
            rows.map(|x| self.after[(x - 0.5) as usize]).collect()
        }

        fn next_values(&self) -> Vec<f32> {
            let mut next_values = vec![f32::NAN; self.rollout.len()];
            self.rollout.view().next_values(
                &self.values,
                &self.successor_values(),
                &mut next_values,
            );
            next_values
        }

        /// The advantages and the returns.
        fn estimate(&self, gamma: f64, lambda: f64) -> [Vec<f32>; 2] {
            let gae = GaeConfig { gamma, lambda }.validate().unwrap();
            let [mut advantages, mut returns] = [(); 2].map(|()| vec![f32::NAN; self.values.len()]);
            self.rollout.view().advantages(
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
    fn the_view_of_an_environment_is_the_rollout_it_would_have_alone() {
        let row = |x, status| (x, 10.0 + x, 20.0 + x, status);
        let rows = [
            row(0.0, Status::Truncated),
            row(1.0, Status::Running),
            row(2.0, Status::Terminated),
            row(3.0, Status::Running),
        ];
        let valued = Valued::new(2, 2, &rows);
        let (whole, values) = (valued.rollout.view(), &valued.values);
        assert_eq!(whole.successors(), valued.rollout.successors());
        for environment in 0..2 {
            let view = valued
                .rollout
                .environment_range(environment..environment + 1);
            let alone = Valued::new(1, 2, &rows[2 * environment..][..2]);
            assert_eq!((view.len(), view.environments()), (2, 1));
            assert_eq!(view.rewards(), alone.rollout.rewards());
            assert_eq!(view.statuses(), alone.rollout.statuses());
            let successors: Vec<f32> = view
                .successors()
                .iter()
                .map(|x| x - 2.0 * environment as f32)
                .collect();
            assert_eq!(successors, alone.rollout.successors());
            let mut next_values = [f32::NAN; 2];
            let of_successors: Vec<f32> = view
                .successors()
                .iter()
                .map(|x| valued.after[(x - 0.5) as usize])
                .collect();
            let values = &values[2 * environment..][..2];
            view.next_values(values, &of_successors, &mut next_values);
            assert_eq!(next_values, alone.next_values()[..]);
        }
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

    #[test]
    fn sizes_are_those_it_was_made_with() {
        let mut rollout = Rollout::new(2, 4, 3);
        assert!(rollout.is_empty());
        rollout.begin(5, &mut Vec::new());
        assert!(!rollout.is_empty());
        assert_eq!(
            (rollout.environments(), rollout.steps_per_environment()),
            (2, 5)
        );
        assert_eq!((rollout.observation_dim(), rollout.action_dim()), (4, 3));
        assert_eq!((rollout.len(), rollout.actions().len()), (10, 30));
    }
}
