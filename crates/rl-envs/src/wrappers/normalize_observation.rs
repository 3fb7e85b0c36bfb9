//! Observations of mean 0 and variance 1.

use rl_core::{EnvironmentError, FlatEnvironment, RunningMoments, Space, Spaces, Status, Stream};

use crate::saved::Saved;

use super::normalizer::Normalizer;
use super::{Updating, WrapperError, inner};

/// Normalises each dimension of the observations: `o ↦ clip((o − mean) / √(var + 1e-8), ±10)`.
///
/// Mean and variance are those of the observations seen so far, first and final ones included,
/// after a weak prior of mean 0 and variance 1 (worth 1e-4 observations, as in Gymnasium). When
/// they change is said by [`Updating`].
///
/// A dimension that never varies becomes 0. An observation with a NaN or an infinity leaves the
/// statistics as they are: NaN stays NaN, for the learner to find, an infinity is clipped.
///
/// ```
/// use rl_core::{FlatEnvironment, Stream};
/// use rl_envs::CartPole;
/// use rl_envs::wrappers::{NormalizeObservation, Updating};
///
/// let mut training = NormalizeObservation::new(CartPole::v1(), Updating::OnSynchronize);
/// training.reset_into(&mut Stream::from_seed(0), &mut [0.0; 4])?;
/// NormalizeObservation::synchronize([&mut training])?;
///
/// let statistics = training.statistics().clone();
/// let evaluation =
///     NormalizeObservation::new(CartPole::v1(), Updating::Never).with_statistics(statistics)?;
/// # assert_eq!(evaluation.statistics().count(), 1.0001);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct NormalizeObservation<E> {
    environment: E,
    normalizer: Normalizer,
}

inner!(NormalizeObservation);

impl<E: FlatEnvironment> NormalizeObservation<E> {
    /// Normalises the observations of `environment`, starting from the prior.
    pub fn new(environment: E, updating: Updating) -> Self {
        let normalizer = Normalizer::new(environment.spaces().observation.flat_dim(), updating);
        Self {
            environment,
            normalizer,
        }
    }
}

impl<E> NormalizeObservation<E> {
    /// Starts from known statistics, `[observation_dim]`.
    ///
    /// # Errors
    /// [`WrapperError::Dimensions`].
    pub fn with_statistics(mut self, statistics: RunningMoments) -> Result<Self, WrapperError> {
        self.normalizer.set_statistics(statistics)?;
        Ok(self)
    }

    /// The moments that observations are normalised by, `[observation_dim]`.
    pub fn statistics(&self) -> &RunningMoments {
        self.normalizer.statistics()
    }

    /// Adds what all of `environments` have observed since the last time, in order, to the
    /// statistics of the first, and gives them to all.
    ///
    /// # Errors
    /// [`WrapperError::NotSynchronized`] unless all update [`OnSynchronize`](Updating), and
    /// [`WrapperError::Dimensions`]; nothing has changed then.
    pub fn synchronize<'a>(
        environments: impl IntoIterator<Item = &'a mut Self>,
    ) -> Result<(), WrapperError>
    where
        E: 'a,
    {
        let environments = environments.into_iter();
        Normalizer::synchronize(environments.map(|environment| &mut environment.normalizer))
    }

    /// Takes note of an observation and normalises it in place.
    fn normalize(&mut self, observation: &mut [f32]) {
        self.normalizer.observe(observation);
        self.normalizer.statistics().normalize(observation);
    }
}

impl<E: FlatEnvironment> FlatEnvironment for NormalizeObservation<E> {
    fn spaces(&self) -> Spaces {
        let Spaces {
            observation,
            action,
        } = self.environment.spaces();
        Spaces {
            observation: Space::symmetric(vec![RunningMoments::CLIP; observation.flat_dim()]),
            action,
        }
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.environment.reset_into(rng, observation)?;
        self.normalize(observation);
        Ok(())
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let outcome = self.environment.step_into(action, rng, observation)?;
        self.normalize(observation);
        Ok(outcome)
    }

    /// The statistics and the state of the environment within.
    fn save_flat(&self) -> Option<Vec<f64>> {
        let mut state = self.normalizer.save();
        state.extend(self.environment.save_flat()?);
        Some(state)
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let normalizer = self.normalizer.restored(&mut saved)?;
        self.environment.restore_flat(saved.rest())?;
        self.normalizer = normalizer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::toys::Line;
    use super::*;
    use crate::CartPole;

    fn line(updating: Updating) -> NormalizeObservation<Line> {
        NormalizeObservation::new(Line::new(-100.0, 100.0), updating)
    }

    /// The observations of a reset and of steps by `actions`.
    fn seen(environment: &mut impl FlatEnvironment, actions: &[f32]) -> Vec<f32> {
        let mut rng = Stream::from_seed(0);
        let mut observation = [f32::NAN];
        environment.reset_into(&mut rng, &mut observation).unwrap();
        let mut seen = observation.to_vec();
        for &action in actions {
            environment
                .step_into(&[action], &mut rng, &mut observation)
                .unwrap();
            seen.push(observation[0]);
        }
        seen
    }

    fn assert_close(ours: &[f32], theirs: &[f32]) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= 1e-6 * b.abs(), "{ours:?} {theirs:?}");
        }
    }

    /// Gymnasium 1.4.0:
    /// ```python
    /// env = NormalizeObservation(gym.make("CartPole-v1"))
    /// env.obs_rms = RunningMeanStd(shape=(4,), dtype=np.float64)
    /// print(env.reset(seed=42)[0])
    /// for t in range(60):
    ///     o, _, done, _, _ = env.step(t % 2)
    ///     if t in (0, 1, 19, 22): print(o)
    ///     if done: print(env.reset()[0])  # after t = 22
    /// print(env.obs_rms.mean, env.obs_rms.var)
    /// ```
    #[test]
    fn a_recorded_episode_is_normalised_as_gymnasium_does() {
        let recorded: &[(i32, [f32; 4])] = &[
            (
                -1,
                [0.00027382592, -6.1114304e-5, 0.0003583318, 0.00019730987],
            ),
            (0, [-0.008446414, -0.9974463, 0.028135624, 0.99896747]),
            (1, [-0.44817117, 0.70010054, 0.6757437, -0.6226166]),
            (19, [-1.7507415, 0.8008721, 2.0724618, 0.90337926]),
            (22, [-1.6666855, -1.1867228, 2.1009772, 2.2478416]),
            (-2, [-2.3695369, 1.5349548, -1.3293504, -1.4009705]),
        ];
        let mut environment = NormalizeObservation::new(CartPole::v1(), Updating::EveryStep);
        let mut rng = Stream::from_seed(42);
        let mut observation = [f32::NAN; 4];
        let check = |at: i32, observation: &[f32; 4]| {
            for (_, theirs) in recorded.iter().filter(|(t, _)| *t == at) {
                assert_close(observation, theirs);
            }
        };
        environment.reset_into(&mut rng, &mut observation).unwrap();
        check(-1, &observation);
        for t in 0..60 {
            let (_, status) = environment
                .step_into(&[(t % 2) as f32], &mut rng, &mut observation)
                .unwrap();
            check(t, &observation);
            assert_eq!(status == Status::Terminated, t == 22);
            if t == 22 {
                environment.reset_into(&mut rng, &mut observation).unwrap();
                check(-2, &observation);
            }
        }
        let statistics = environment.statistics();
        let close = |ours: &[f64], theirs: [f64; 4]| {
            let mut pairs = ours.iter().zip(theirs);
            pairs.all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs())
        };
        assert!(close(statistics.mean(), GYMNASIUM_MEAN), "{statistics:?}");
        assert!(
            close(statistics.variance(), GYMNASIUM_VARIANCE),
            "{statistics:?}"
        );
    }

    const GYMNASIUM_MEAN: [f64; 4] = [
        0.008127566027939364,
        0.04277326032573633,
        0.04187788575639838,
        0.12692997672200815,
    ];
    const GYMNASIUM_VARIANCE: [f64; 4] = [
        0.0007075513298894619,
        0.025349343179132698,
        0.0036413227364217506,
        0.09582129290522012,
    ];

    #[test]
    fn known_statistics_that_never_change_map_mean_and_deviation_to_zero_and_one() {
        let statistics = RunningMoments::from_parts(1.0, vec![2.0], vec![4.0]).unwrap();
        let mut environment = line(Updating::Never)
            .with_statistics(statistics.clone())
            .unwrap();
        assert_close(
            &seen(&mut environment, &[2.0, 2.0, -90.0]),
            &[-1.0, 0.0, 1.0, -10.0],
        );
        assert_eq!(environment.statistics(), &statistics);
        let bounds = environment.spaces().observation;
        assert_eq!(bounds, Space::symmetric([10.0]));
    }

    #[test]
    fn synchronizing_shares_what_all_have_seen_and_nothing_changes_before() {
        let mut environments = vec![line(Updating::OnSynchronize); 2];
        let before = environments[0].statistics().clone();
        // Mean 0 and variance 1 until then, so that the agent sees the positions.
        assert_close(&seen(&mut environments[0], &[3.0]), &[0.0, 3.0]);
        assert_close(&seen(&mut environments[1], &[2.0, 5.0]), &[0.0, 2.0, 7.0]);
        assert_eq!(environments[1].statistics(), &before);

        let mut expected = before;
        for position in [0.0, 3.0, 0.0, 2.0, 7.0_f32] {
            expected.update(&[position]);
        }
        NormalizeObservation::synchronize(&mut environments).unwrap();
        let close = |a: &[f64], b: &[f64]| (a[0] - b[0]).abs() < 1e-12;
        for environment in &environments {
            let statistics = environment.statistics();
            assert_eq!(statistics.count(), expected.count());
            assert!(close(statistics.mean(), expected.mean()), "{statistics:?}");
            assert!(
                close(statistics.variance(), expected.variance()),
                "{statistics:?}"
            );
        }

        let once = environments[0].statistics().clone();
        NormalizeObservation::synchronize(&mut environments).unwrap();
        assert_eq!(environments[0].statistics(), &once, "nothing counts twice");
    }

    #[test]
    fn only_what_updates_on_synchronize_is_synchronized() {
        let mut environments = [line(Updating::OnSynchronize), line(Updating::EveryStep)];
        let error = NormalizeObservation::synchronize(&mut environments).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment 1 updates its statistics EveryStep, not OnSynchronize"
        );
    }

    #[test]
    fn statistics_of_other_dimensions_are_refused() {
        let error = line(Updating::Never)
            .with_statistics(RunningMoments::new(3))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "statistics of 3 dimensions cannot normalise 1"
        );
    }

    #[test]
    fn a_dimension_that_never_varies_becomes_zero() {
        let mut environment = line(Updating::EveryStep);
        assert_eq!(seen(&mut environment, &[0.0; 3]), [0.0; 4]);
        let constant = RunningMoments::from_parts(9.0, vec![0.0], vec![0.0]).unwrap();
        let mut environment = line(Updating::Never).with_statistics(constant).unwrap();
        assert_eq!(seen(&mut environment, &[0.0, 1.0]), [0.0, 0.0, 10.0]);
    }

    #[test]
    fn nan_is_passed_on_and_infinity_clipped_and_neither_is_counted() {
        let mut environment = line(Updating::EveryStep);
        let before = environment.statistics().clone();
        let mut observation = [f32::NAN];
        environment.normalize(&mut observation);
        assert!(observation[0].is_nan());
        observation = [f32::NEG_INFINITY];
        environment.normalize(&mut observation);
        assert_eq!((observation, environment.statistics()), ([-10.0], &before));
    }

    #[test]
    fn a_refused_step_is_not_counted() {
        let mut environment = line(Updating::EveryStep);
        seen(&mut environment, &[1.0]);
        let before = environment.statistics().clone();
        let mut observation = [7.0];
        environment
            .step_into(&[f32::NAN], &mut Stream::from_seed(0), &mut observation)
            .unwrap_err();
        assert_eq!((environment.statistics(), observation), (&before, [7.0]));
    }
}
