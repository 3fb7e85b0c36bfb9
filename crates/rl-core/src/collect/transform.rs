//! Transform of observations and rewards between the environments and whatever learns from them.

use std::sync::Arc;

use crate::collect::CollectError;
use crate::state::{Scoped, ScopedReader};
use crate::{BoxError, Reduce, RunningMoments, Space, State, StateError, StateReader, StateWriter};

/// Configuration of the transform of observations and rewards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformConfig {
    /// Normalisation of observations, `o ↦ clip((o - mean) / √(variance + 1e-8), ±10)` with the
    /// moments of all observations up to the last update.
    pub normalize_observations: bool,
    /// Normalisation of rewards, `r ↦ clip(r / √(variance + 1e-8), ±10)` with the variance of the
    /// discounted return `G ← γG + r`, which runs from 0 at the start of every episode. The mean is
    /// not subtracted: that would pay or charge for every step, and so change the task.
    pub normalize_rewards: bool,
    /// Factor on the rewards, before anything else: finite and not 0, as `f32` too.
    pub reward_scale: f64,
}

impl Default for TransformConfig {
    /// Observations and rewards as they are.
    fn default() -> Self {
        Self {
            normalize_observations: false,
            normalize_rewards: false,
            reward_scale: 1.0,
        }
    }
}

impl TransformConfig {
    pub(super) fn check(&self, gamma: f64) -> Result<(), CollectError> {
        let refuse = |key, value: f64, allowed| {
            Err(CollectError::Config {
                key,
                value: value.to_string(),
                allowed,
            })
        };
        // Rewards are learned from as `f32`.
        if !(self.reward_scale as f32).is_normal() {
            return refuse(
                "reward_scale",
                self.reward_scale,
                "a finite number other than 0, of a size that a 32-bit float holds",
            );
        }
        if !(0.0..=1.0).contains(&gamma) {
            return refuse("gamma", gamma, "a number from 0 to 1");
        }
        Ok(())
    }
}

/// Normalisation of observations as it stands between two updates: frozen, in the precision of a
/// policy's file, and shared by its clones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normalization(Option<Arc<RunningMoments>>);

impl Normalization {
    /// The normalisation by moments, rounded to `f32`; `None` leaves observations as they are.
    pub fn new(moments: Option<&RunningMoments>) -> Self {
        Self(moments.map(|moments| Arc::new(moments.frozen())))
    }

    /// The moments; `None` if observations stay as they are.
    pub fn moments(&self) -> Option<&RunningMoments> {
        self.0.as_deref()
    }

    /// Normalises observations `[n, dim]` in place.
    pub fn apply(&self, observations: &mut [f32]) {
        if let Some(moments) = &self.0 {
            for observation in observations.chunks_exact_mut(moments.dim()) {
                moments.normalize(observation);
            }
        }
    }
}

/// Running moments, and what is frozen of them while experience is gathered.
///
/// Moments of an update are kept environment by environment and merged in their order, so that the
/// number of threads changes nothing.
#[derive(Debug)]
pub(super) struct Transform {
    observations: Option<RunningMoments>,
    returns: Option<RunningMoments>,
    pub frozen: Frozen,
}

/// Transform of one collection.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub normalization: Normalization,
    pub reward_scale: f64,
    gamma: f64,
    /// Divisor of rewards, if they are normalised.
    deviation: Option<f64>,
}

/// Moments of one environment in one collection.
#[derive(Clone, Debug)]
pub(super) struct MemberMoments {
    observations: RunningMoments,
    /// The discounted return G of the episode so far.
    pub discounted_return: f64,
    returns: RunningMoments,
}

impl MemberMoments {
    pub fn new(dim: usize) -> Self {
        Self {
            observations: RunningMoments::new(dim),
            discounted_return: 0.0,
            returns: RunningMoments::new(1),
        }
    }

    /// Forgets the observations and returns of the last collection.
    pub fn clear(&mut self) {
        self.observations.clear();
        self.returns.clear();
    }
}

impl Frozen {
    /// Counts a raw observation, `[dim]`, and normalises it in place.
    pub fn observe(&self, member: &mut MemberMoments, observation: &mut [f32]) {
        if let Some(moments) = self.normalization.moments() {
            member.observations.update(observation);
            moments.normalize(observation);
        }
    }

    /// The reward to learn from; `None` if it is not finite.
    pub fn reward(&self, member: &mut MemberMoments, reward: f64) -> Option<f32> {
        let scaled = reward * self.reward_scale;
        if !(scaled as f32).is_finite() {
            return None;
        }
        let Some(deviation) = self.deviation else {
            return Some(scaled as f32);
        };
        member.discounted_return = self.gamma * member.discounted_return + scaled;
        member.returns.update(&[member.discounted_return]);
        let clip = RunningMoments::CLIP;
        Some(((scaled / deviation) as f32).clamp(-clip, clip))
    }
}

impl Transform {
    pub fn new(
        config: &TransformConfig,
        gamma: f64,
        observation_space: &Space,
    ) -> Result<Self, CollectError> {
        if config.normalize_observations && matches!(observation_space, Space::Discrete(_)) {
            return Err(CollectError::Config {
                key: "normalize_observations",
                value: "true".into(),
                allowed: "false for observations of a discrete space",
            });
        }
        let dim = observation_space.flat_dim();
        let mut transform = Self {
            observations: config
                .normalize_observations
                .then(|| RunningMoments::new(dim)),
            returns: config.normalize_rewards.then(|| RunningMoments::new(1)),
            frozen: Frozen {
                normalization: Normalization::default(),
                reward_scale: config.reward_scale,
                gamma,
                deviation: None,
            },
        };
        transform.freeze();
        Ok(transform)
    }

    fn freeze(&mut self) {
        self.frozen.normalization = Normalization::new(self.observations.as_ref());
        self.frozen.deviation = self.returns.as_ref().map(|returns| returns.deviation(0));
    }

    /// Takes in what the environments of all processes have seen, in their order.
    pub fn update<'a>(
        &mut self,
        members: impl Iterator<Item = &'a MemberMoments> + Clone,
        reduce: &dyn Reduce,
    ) -> Result<(), BoxError> {
        if let Some(moments) = &mut self.observations {
            let seen = members.clone().map(|member| &member.observations);
            merge(moments, seen, reduce)?;
        }
        if let Some(moments) = &mut self.returns {
            merge(moments, members.map(|member| &member.returns), reduce)?;
        }
        self.freeze();
        Ok(())
    }
}

/// Merges the moments of environments, over all processes.
fn merge<'a>(
    moments: &mut RunningMoments,
    members: impl Iterator<Item = &'a RunningMoments>,
    reduce: &dyn Reduce,
) -> Result<(), BoxError> {
    if reduce.ranks() == 1 {
        members.for_each(|member| moments.merge(member));
        return Ok(());
    }
    let mut own = RunningMoments::new(moments.dim());
    members.for_each(|member| own.merge(member));
    let n = own.count();
    let mut sums: Vec<f64> = own.mean().iter().map(|mean| mean * n).collect();
    sums.push(n);
    reduce.sum_f64(&mut sums)?;
    let total = sums.pop().unwrap_or_default();
    if total == 0.0 {
        return Ok(());
    }
    let mean: Vec<f64> = sums.iter().map(|sum| sum / total).collect();
    let parts = own.mean().iter().zip(own.variance()).zip(&mean);
    let mut squares: Vec<f64> = parts
        .map(|((own_mean, variance), mean)| n * (variance + (own_mean - mean).powi(2)))
        .collect();
    reduce.sum_f64(&mut squares)?;
    let variance = squares.iter().map(|sum| sum / total).collect();
    moments.merge(&RunningMoments::from_parts(total, mean, variance)?);
    Ok(())
}

impl State for Transform {
    fn save(&self, out: &mut dyn StateWriter) {
        for (name, moments) in [
            ("observations", &self.observations),
            ("returns", &self.returns),
        ] {
            if let Some(moments) = moments {
                let mut out = Scoped::new(&mut *out, name);
                out.f64s("count", &[moments.count()]);
                out.f64s("mean", moments.mean());
                out.f64s("variance", moments.variance());
            }
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        for (name, moments) in [
            ("observations", &mut self.observations),
            ("returns", &mut self.returns),
        ] {
            if let Some(moments) = moments {
                let from = ScopedReader::new(from, name);
                let mut count = [0.0];
                let [mut mean, mut variance] = [(); 2].map(|()| vec![0.0; moments.dim()]);
                from.f64s("count", &mut count)?;
                from.f64s("mean", &mut mean)?;
                from.f64s("variance", &mut variance)?;
                *moments = RunningMoments::from_parts(count[0], mean, variance)
                    .map_err(|error| StateError::value(name, error.to_string()))?;
            }
        }
        self.freeze();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, Mutex};

    use super::*;
    use crate::SingleProcess;

    /// Sums between two threads.
    struct Pair<'a> {
        rank: usize,
        met: &'a Barrier,
        sums: &'a Mutex<Vec<Vec<f64>>>,
    }

    impl Reduce for Pair<'_> {
        fn ranks(&self) -> usize {
            2
        }

        fn rank(&self) -> usize {
            self.rank
        }

        fn mean_f32(&self, _values: &mut [f32]) -> Result<(), BoxError> {
            Err("moments are sums".into())
        }

        fn sum_f64(&self, values: &mut [f64]) -> Result<(), BoxError> {
            self.sums.lock().unwrap().push(values.to_vec());
            self.met.wait();
            let all = self.sums.lock().unwrap().clone();
            self.met.wait();
            self.sums.lock().unwrap().clear();
            self.met.wait();
            for (i, value) in values.iter_mut().enumerate() {
                *value = all.iter().map(|sums| sums[i]).sum();
            }
            Ok(())
        }
    }

    fn member(rows: &[[f64; 2]]) -> RunningMoments {
        let mut moments = RunningMoments::new(2);
        rows.iter().for_each(|row| moments.update(row));
        moments
    }

    /// The moments after a merge of the members of two processes, as each of the two has them.
    fn merged(members: [Vec<RunningMoments>; 2]) -> [RunningMoments; 2] {
        let (met, sums) = (Barrier::new(2), Mutex::default());
        let merge_of = |rank: usize| {
            let reduce = Pair {
                rank,
                met: &met,
                sums: &sums,
            };
            let mut moments = member(&[[1.0, 1.0]]);
            let done = merge(&mut moments, members[rank].iter(), &reduce);
            done.map(|()| moments).map_err(|error| error.to_string())
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| merge_of(1));
            [merge_of(0).unwrap(), other.join().unwrap().unwrap()]
        })
    }

    #[test]
    fn the_moments_of_two_processes_are_those_of_one_with_all_environments() {
        let of_first = vec![member(&[[0.0, 5.0], [4.0, 1.0]]), member(&[[2.0, -3.0]])];
        let of_second = vec![member(&[[8.0, 1.0], [-6.0, 2.0], [1.0, 0.5]])];
        let mut expected = member(&[[1.0, 1.0]]);
        let all = of_first.iter().chain(&of_second);
        merge(&mut expected, all, &SingleProcess).unwrap();
        for moments in merged([of_first, of_second]) {
            assert_eq!(moments.count(), 7.0);
            for i in 0..2 {
                assert!((moments.mean()[i] - expected.mean()[i]).abs() < 1e-12);
                assert!((moments.variance()[i] - expected.variance()[i]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn processes_that_have_seen_nothing_change_no_moments() {
        let nothing = || vec![RunningMoments::new(2)];
        for moments in merged([nothing(), nothing()]) {
            assert_eq!(moments, member(&[[1.0, 1.0]]));
        }
    }
}
