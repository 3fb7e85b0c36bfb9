//! Rewards whose discounted return has variance 1.

use rl_core::{EnvironmentError, FlatEnvironment, RunningMoments, Spaces, Status, Stream};

use crate::saved::Saved;

use super::normalizer::Normalizer;
use super::{Updating, WrapperError, inner};

/// Divides rewards by the deviation of the discounted return: `r ↦ r / √(var(G) + 1e-8)`, where
/// `G ← γG + r` runs from 0 at the start of every episode.
///
/// This is Stable-Baselines3's `VecNormalize`; Gymnasium's wrapper has the same statistics within
/// an episode, but never returns to 0. The mean is not subtracted: that would pay or charge for
/// every step, and so change the task. The variance starts from a weak prior of 1 (worth 1e-4
/// returns), and [`Updating`] says when it changes. A reward that is not finite is passed on,
/// unclipped, for the learner to find.
#[derive(Clone, Debug)]
pub struct NormalizeReward<E> {
    environment: E,
    gamma: f64,
    clip: f64,
    /// The discounted return G of the episode so far.
    discounted_return: f64,
    normalizer: Normalizer,
}

inner!(NormalizeReward);

impl<E> NormalizeReward<E> {
    /// Normalises the rewards of `environment`, whose returns are discounted by `gamma`.
    ///
    /// # Errors
    /// [`WrapperError::Gamma`] unless `0 <= gamma <= 1`.
    pub fn new(environment: E, gamma: f64, updating: Updating) -> Result<Self, WrapperError> {
        if !(0.0..=1.0).contains(&gamma) {
            return Err(WrapperError::Gamma(gamma));
        }
        Ok(Self {
            environment,
            gamma,
            clip: f64::INFINITY,
            discounted_return: 0.0,
            normalizer: Normalizer::new(1, updating),
        })
    }

    /// Clips normalised rewards to `[-clip, clip]`; Stable-Baselines3 has 10.
    ///
    /// # Errors
    /// [`WrapperError::RewardClip`] unless `clip > 0`.
    pub fn with_clip(mut self, clip: f64) -> Result<Self, WrapperError> {
        if clip.is_nan() || clip <= 0.0 {
            return Err(WrapperError::RewardClip(clip));
        }
        self.clip = clip;
        Ok(self)
    }

    /// Starts from known statistics of the discounted return, `[1]`.
    ///
    /// # Errors
    /// [`WrapperError::Dimensions`].
    pub fn with_statistics(mut self, statistics: RunningMoments) -> Result<Self, WrapperError> {
        self.normalizer.set_statistics(statistics)?;
        Ok(self)
    }

    /// The statistics of the discounted return, `[1]`.
    pub fn statistics(&self) -> &RunningMoments {
        self.normalizer.statistics()
    }

    /// Adds the discounted returns that all of `environments` have seen since the last time, in
    /// order, to the statistics of the first, and gives them to all.
    ///
    /// # Errors
    /// [`WrapperError::NotSynchronized`] unless all update [`OnSynchronize`](Updating); nothing
    /// has changed then.
    pub fn synchronize<'a>(
        environments: impl IntoIterator<Item = &'a mut Self>,
    ) -> Result<(), WrapperError>
    where
        E: 'a,
    {
        let environments = environments.into_iter();
        Normalizer::synchronize(environments.map(|environment| &mut environment.normalizer))
    }

    /// Takes note of a reward and normalises it.
    fn normalize(&mut self, reward: f64) -> f64 {
        self.discounted_return = self.gamma * self.discounted_return + reward;
        self.normalizer.observe(&[self.discounted_return]);
        let normalized = reward / self.normalizer.statistics().deviation(0);
        if normalized.is_finite() {
            normalized.clamp(-self.clip, self.clip)
        } else {
            normalized
        }
    }
}

impl<E: FlatEnvironment> FlatEnvironment for NormalizeReward<E> {
    fn spaces(&self) -> Spaces {
        self.environment.spaces()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.environment.reset_into(rng, observation)?;
        self.discounted_return = 0.0;
        Ok(())
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let (reward, status) = self.environment.step_into(action, rng, observation)?;
        Ok((self.normalize(reward), status))
    }

    /// The discounted return so far, its statistics, and the state of the environment within.
    fn save_flat(&self) -> Option<Vec<f64>> {
        let mut state = vec![self.discounted_return];
        state.extend(self.normalizer.save());
        state.extend(self.environment.save_flat()?);
        Some(state)
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let discounted_return = saved.number()?;
        let normalizer = self.normalizer.restored(&mut saved)?;
        self.environment.restore_flat(saved.rest())?;
        (self.discounted_return, self.normalizer) = (discounted_return, normalizer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::toys::Line;
    use super::*;
    use crate::CartPole;

    fn line(gamma: f64, updating: Updating) -> NormalizeReward<Line> {
        NormalizeReward::new(Line::new(-100.0, 100.0), gamma, updating).unwrap()
    }

    /// The rewards that the agent gets for `actions`, after a reset.
    fn rewards(environment: &mut impl FlatEnvironment, actions: &[f32]) -> Vec<f64> {
        let mut rng = Stream::from_seed(0);
        environment.reset_into(&mut rng, &mut [0.0]).unwrap();
        let mut step = |&action: &f32| {
            environment
                .step_into(&[action], &mut rng, &mut [0.0])
                .unwrap()
                .0
        };
        actions.iter().map(&mut step).collect()
    }

    fn assert_close(ours: &[f64], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= 1e-8 * b.abs(), "{ours:?} {theirs:?}");
        }
    }

    /// Gymnasium 1.4.0:
    /// ```python
    /// env = NormalizeReward(gym.make("CartPole-v1"), gamma=0.9)
    /// env.reset(seed=42)
    /// for t in range(8): print(env.step(t % 2)[1])
    /// ```
    #[test]
    fn the_rewards_of_a_recorded_episode_are_gymnasiums() {
        let mut environment =
            NormalizeReward::new(CartPole::v1(), 0.9, Updating::EveryStep).unwrap();
        let mut rng = Stream::from_seed(42);
        let mut observation = [0.0; 4];
        environment.reset_into(&mut rng, &mut observation).unwrap();
        let ours = (0..8).map(|t| {
            let action = [(t % 2) as f32];
            environment
                .step_into(&action, &mut rng, &mut observation)
                .unwrap()
                .0
        });
        let theirs = [
            70.71421321062337,
            2.2214270525465403,
            1.4315931781496931,
            1.09925794134362,
            0.9130335247651248,
            0.7937479272863968,
            0.7110525609252527,
            0.6506418121545983,
        ];
        assert_close(&ours.collect::<Vec<_>>(), &theirs);
    }

    #[test]
    fn the_discounted_return_starts_from_zero_in_every_episode() {
        let mut environment = line(0.5, Updating::EveryStep);
        let mut expected = environment.statistics().clone();
        rewards(&mut environment, &[4.0, 4.0]);
        rewards(&mut environment, &[1.0]);
        // G: 4, then 0.5 · 4 + 4, then 1 in the next episode.
        for discounted_return in [4.0, 6.0, 1.0] {
            expected.update(&[discounted_return]);
        }
        assert_eq!(environment.statistics(), &expected);
    }

    #[test]
    fn known_statistics_divide_and_the_clip_bounds() {
        let statistics = RunningMoments::from_parts(1.0, vec![100.0], vec![4.0]).unwrap();
        let environment = line(0.9, Updating::Never)
            .with_statistics(statistics)
            .unwrap();
        assert_close(
            &rewards(&mut environment.clone(), &[2.0, -60.0]),
            &[1.0, -30.0],
        );
        let mut clipped = environment.with_clip(10.0).unwrap();
        assert_close(&rewards(&mut clipped, &[2.0, -60.0]), &[1.0, -10.0]);
    }

    #[test]
    fn synchronizing_shares_the_returns_of_all() {
        let mut environments = vec![line(0.5, Updating::OnSynchronize); 2];
        assert_close(&rewards(&mut environments[0], &[4.0]), &[4.0]);
        rewards(&mut environments[1], &[2.0, 2.0]);
        NormalizeReward::synchronize(&mut environments).unwrap();
        for environment in &environments {
            // The mean of 4, 2 and 3 but for the prior.
            assert_eq!(environment.statistics().count().floor(), 3.0);
            assert!((environment.statistics().mean()[0] - 3.0).abs() < 1e-3);
        }
    }

    #[test]
    fn an_infinite_reward_is_neither_clipped_nor_counted() {
        let unbounded = Line::new(f32::NEG_INFINITY, f32::INFINITY);
        let environment = NormalizeReward::new(unbounded, 0.9, Updating::EveryStep).unwrap();
        let mut environment = environment.with_clip(10.0).unwrap();
        let before = environment.statistics().clone();
        assert_eq!(rewards(&mut environment, &[f32::INFINITY]), [f64::INFINITY]);
        assert_eq!(environment.statistics(), &before);
    }

    #[test]
    fn impossible_discounts_and_clips_are_refused() {
        for gamma in [-0.1, 1.1, f64::NAN] {
            assert!(NormalizeReward::new(CartPole::v1(), gamma, Updating::Never).is_err());
        }
        let refused = |clip| {
            line(0.9, Updating::Never)
                .with_clip(clip)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(0.0),
            "rewards are clipped to a bound above 0, not 0"
        );
        assert_eq!(
            refused(f64::NAN),
            "rewards are clipped to a bound above 0, not NaN"
        );
    }
}
