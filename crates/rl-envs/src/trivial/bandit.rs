//! One choice, one reward.

use rand_distr::{Distribution, StandardNormal};
use rl_core::{Discrete, Environment, EnvironmentError, Space, Status, Step, Stream};

use super::{StepsLeft, TrivialError, check_action, cube};
use crate::saved::Saved;

/// A bandit with `k` arms: an episode is one step, whose action is the arm that pays the reward.
/// The observation is always `[0]`.
///
/// The optimal return is the largest of the arms' mean rewards; the expected gradient of a policy
/// is `Σₖ ∇π(k) meanₖ`, exactly.
#[derive(Clone, Debug)]
pub struct Bandit {
    arms: Vec<Arm>,
    actions: Discrete,
    left: StepsLeft,
}

/// The rewards of an arm: normally distributed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; at 0 every reward is the mean, and nothing is drawn.
    pub deviation: f64,
}

impl Bandit {
    /// A bandit whose arms pay the same reward each time, `[k]`.
    ///
    /// # Errors
    /// [`TrivialError`] if there is no arm, or a reward is not finite.
    pub fn deterministic(rewards: &[f64]) -> Result<Self, TrivialError> {
        let arm = |&mean| Arm {
            mean,
            deviation: 0.0,
        };
        Self::gaussian(&rewards.iter().map(arm).collect::<Vec<_>>())
    }

    /// A bandit whose arms pay normally distributed rewards, `[k]`.
    ///
    /// # Errors
    /// [`TrivialError`] if there is no arm, a mean or a deviation is not finite, or a deviation is
    /// negative.
    pub fn gaussian(arms: &[Arm]) -> Result<Self, TrivialError> {
        for (arm, &Arm { mean, deviation }) in arms.iter().enumerate() {
            if !mean.is_finite() || !deviation.is_finite() || deviation < 0.0 {
                return Err(TrivialError::Arm {
                    arm,
                    mean,
                    deviation,
                });
            }
        }
        Ok(Self {
            arms: arms.to_vec(),
            actions: Discrete::new(arms.len())?,
            left: StepsLeft::default(),
        })
    }

    /// The rewards of each arm, `[k]`.
    pub fn arms(&self) -> &[Arm] {
        &self.arms
    }
}

impl Environment for Bandit {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        cube::<1>(0.0, 0.0)
    }

    fn action_space(&self) -> Space {
        Space::Discrete(self.actions)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        self.left = StepsLeft(Some(1));
        Ok([0.0])
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        self.left.get()?;
        check_action(*action, self.actions)?;
        self.left = StepsLeft(Some(0));
        let Arm { mean, deviation } = self.arms[*action];
        let noise: f64 = if deviation > 0.0 {
            StandardNormal.sample(rng)
        } else {
            0.0
        };
        Ok(Step {
            observation: [0.0],
            reward: mean + deviation * noise,
            status: Status::Terminated,
        })
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        Some(self.left.save().to_vec())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let left = StepsLeft::restored(&mut saved, 1)?;
        saved.finish()?;
        self.left = left;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewards(bandit: &mut Bandit, arm: usize, n: usize) -> Vec<f64> {
        let mut rng = Stream::from_seed(1);
        let episode = |_| {
            bandit.reset(&mut rng).unwrap();
            bandit.step(&arm, &mut rng).unwrap().reward
        };
        (0..n).map(episode).collect()
    }

    #[test]
    fn a_deterministic_arm_pays_its_reward() {
        let mut bandit = Bandit::deterministic(&[0.5, -2.0]).unwrap();
        assert_eq!(rewards(&mut bandit, 0, 3), [0.5; 3]);
        assert_eq!(rewards(&mut bandit, 1, 3), [-2.0; 3]);
    }

    #[test]
    fn a_gaussian_arm_has_its_mean_and_deviation() {
        let arm = Arm {
            mean: 3.0,
            deviation: 2.0,
        };
        let n = 10_000;
        let rewards = rewards(&mut Bandit::gaussian(&[arm]).unwrap(), 0, n);
        let mean = rewards.iter().sum::<f64>() / n as f64;
        let variance = rewards.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        // Four standard errors: deviation/√n of the mean, deviation/√(2n) of the deviation.
        assert!((mean - 3.0).abs() < 4.0 * 2.0 / 100.0, "{mean}");
        assert!(
            (variance.sqrt() - 2.0).abs() < 4.0 * 2.0 / 141.0,
            "{variance}"
        );
    }

    #[test]
    fn arms_that_pay_no_numbers_are_errors() {
        assert_eq!(
            Bandit::deterministic(&[0.0, f64::NAN])
                .unwrap_err()
                .to_string(),
            "arm 1 pays NaN on average with standard deviation 0; both must be finite, the \
             deviation at least 0"
        );
        let negative = Arm {
            mean: 0.0,
            deviation: -1.0,
        };
        assert!(Bandit::gaussian(&[negative]).is_err());
        let error = Bandit::gaussian(&[]).unwrap_err();
        assert!(matches!(error, TrivialError::Actions(_)), "{error}");
    }
}
