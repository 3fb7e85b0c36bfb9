//! Sources of environments.

use std::error::Error;

use crate::finite_mdp::{FiniteMdp, TableError};
use crate::{BatchEnvironment, EnvironmentError, FlatEnvironment, Purpose, ScalarBatch, Stream};

/// A source of environments: a closure that makes one's own, or an entry of a registry.
///
/// ```
/// use rl_core::finite_mdp::{FiniteMdpEnvironment, chain};
/// use rl_core::{BatchEnvironment, EnvironmentSource, shards};
///
/// let mdp = chain(4, 1.0)?;
/// let source = || FiniteMdpEnvironment::new(mdp.clone());
/// assert_eq!(source.make()?.spaces().action.flat_dim(), 1);
/// let batches = shards(&source, 0, 0, 5, 2, 1)?;
/// assert_eq!([batches[0].len(), batches[1].len()], [3, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait EnvironmentSource: Send + Sync {
    /// The name of the environments in files: `own`, unless the source has another.
    fn name(&self) -> &str {
        "own"
    }

    /// Makes an environment.
    ///
    /// # Errors
    /// [`EnvironmentError`], usually the source's own.
    fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError>;

    /// Makes a batch with an environment for each of `rngs`, which it draws from.
    ///
    /// # Errors
    /// As [`make`](Self::make).
    fn batch(&self, rngs: Vec<Stream>) -> Result<Box<dyn BatchEnvironment>, EnvironmentError> {
        Ok(Box::new(ScalarBatch::try_new(|| self.make(), rngs)?))
    }

    /// The finite MDP of the environments with a discount, if it is known: exact answers to measure
    /// what was learned by. The index that is observed is that of the state.
    fn finite_mdp(&self, _gamma: f64) -> Option<Result<FiniteMdp, TableError>> {
        None
    }

    /// Number of steps after which an episode is truncated, if it is known.
    fn time_limit(&self) -> Option<usize> {
        None
    }
}

/// An environment, or the attempt at one: the results of a closure that is an
/// [`EnvironmentSource`].
pub trait IntoEnvironment {
    /// The environment.
    type Environment: FlatEnvironment + 'static;

    /// The environment, or the reason that there is none.
    ///
    /// # Errors
    /// [`EnvironmentError::Own`].
    fn into_environment(self) -> Result<Self::Environment, EnvironmentError>;
}

impl<E: FlatEnvironment + 'static> IntoEnvironment for E {
    type Environment = E;

    fn into_environment(self) -> Result<E, EnvironmentError> {
        Ok(self)
    }
}

impl<E, X> IntoEnvironment for Result<E, X>
where
    E: FlatEnvironment + 'static,
    X: Into<Box<dyn Error + Send + Sync>>,
{
    type Environment = E;

    fn into_environment(self) -> Result<E, EnvironmentError> {
        self.map_err(EnvironmentError::own)
    }
}

impl<F, I> EnvironmentSource for F
where
    F: Fn() -> I + Send + Sync,
    I: IntoEnvironment,
{
    fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError> {
        Ok(Box::new(self().into_environment()?))
    }

    fn batch(&self, rngs: Vec<Stream>) -> Result<Box<dyn BatchEnvironment>, EnvironmentError> {
        let batch = ScalarBatch::try_new(|| self().into_environment(), rngs)?;
        Ok(Box::new(batch))
    }
}

/// Batches of together `environments` environments for the run with `seed`, one for each of
/// `shards` threads, or fewer if there are fewer environments.
///
/// Environments count from `first_environment`; in groups of `group_size` (0 counts as 1) they
/// draw the same numbers: environment `i` from the run's stream `(Environment, i / group_size)`,
/// however they are split.
///
/// No shard has two environments more than another. With shares of whole SIMD registers instead,
/// the busiest thread would not step fewer registers, and its policy more rows.
///
/// # Errors
/// The source's, and [`EnvironmentError::Spaces`] if it makes environments of different kinds.
pub fn shards(
    source: &(impl EnvironmentSource + ?Sized),
    seed: u64,
    first_environment: u32,
    environments: usize,
    shards: usize,
    group_size: usize,
) -> Result<Vec<Box<dyn BatchEnvironment>>, EnvironmentError> {
    let shards = shards.min(environments).max(1);
    let (share, longer) = (environments / shards, environments % shards);
    let start = |shard: usize| shard * share + shard.min(longer);
    let stream = |index: usize| {
        let group = (first_environment as usize + index) / group_size.max(1);
        Stream::derive(seed, Purpose::Environment, group as u32)
    };
    let mut batches: Vec<Box<dyn BatchEnvironment>> = Vec::with_capacity(shards);
    for shard in 0..shards {
        let rngs = (start(shard)..start(shard + 1)).map(stream).collect();
        let batch = source.batch(rngs)?;
        if let Some(first) = batches.first() {
            EnvironmentError::check_spaces(batch.spaces(), &first.spaces())?;
        }
        batches.push(batch);
    }
    Ok(batches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Snapshot;
    use crate::batch::BatchError;
    use crate::finite_mdp::{FiniteMdpEnvironment, chain, garnet};

    fn environment() -> FiniteMdpEnvironment {
        let mdp = garnet(6, 2, 6, 1, 1.0, &mut Stream::from_seed(0)).unwrap();
        FiniteMdpEnvironment::new(mdp).unwrap()
    }

    /// The first observations of all environments, by their index.
    fn starts(batches: Vec<Box<dyn BatchEnvironment>>) -> Vec<Vec<f32>> {
        let start = |mut batch: Box<dyn BatchEnvironment>| {
            let dim = batch.spaces().observation.flat_dim();
            let mut observations = vec![0.0; batch.len() * dim];
            batch.reset_into(&mut observations).unwrap();
            let rows = observations.chunks_exact(dim).map(<[f32]>::to_vec);
            rows.collect::<Vec<_>>()
        };
        batches.into_iter().flat_map(start).collect()
    }

    #[test]
    fn environments_are_split_evenly_and_draw_the_same_however_they_are_split() {
        let environment = environment();
        let source = || environment.clone();
        let all = starts(shards(&source, 3, 0, 12, 1, 1).unwrap());
        for (number, sizes) in [(2, &[6, 6][..]), (5, &[3, 3, 2, 2, 2]), (20, &[1; 12])] {
            let batches = shards(&source, 3, 0, 12, number, 1).unwrap();
            let found: Vec<usize> = batches.iter().map(|batch| batch.len()).collect();
            assert_eq!(found, sizes);
            assert_eq!(starts(batches), all, "{number} shards");
        }
        let rest = shards(&source, 3, 4, 8, 3, 1).unwrap();
        assert_eq!(starts(rest), all[4..]);
        assert!(all.iter().any(|start| *start != all[0]));
    }

    #[test]
    fn the_members_of_a_group_draw_the_same() {
        let environment = environment();
        let source = || environment.clone();
        let each = starts(shards(&source, 3, 0, 4, 1, 1).unwrap());
        let pairs = starts(shards(&source, 3, 0, 8, 3, 2).unwrap());
        for (i, start) in pairs.iter().enumerate() {
            assert_eq!(*start, each[i / 2]);
        }
        let later = starts(shards(&source, 3, 6, 2, 1, 2).unwrap());
        assert_eq!(later, pairs[6..]);
    }

    #[test]
    fn a_closure_that_fails_is_a_source_whose_error_is_kept() {
        let attempt = || FiniteMdpEnvironment::new(chain(4, 1.0).unwrap());
        assert_eq!(attempt.name(), "own");
        assert_eq!(attempt.make().unwrap().spaces().observation.flat_dim(), 4);
        let failing = || Err::<FiniteMdpEnvironment, _>("no licence");
        let Err(error) = failing.make() else {
            panic!("an environment without a licence");
        };
        assert_eq!(error, EnvironmentError::own("no licence"));
        assert_eq!(shards(&failing, 0, 0, 2, 1, 1).err(), Some(error));
    }

    /// A registry that has nothing but [`EnvironmentSource::make`].
    struct Boxed;

    impl EnvironmentSource for Boxed {
        fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError> {
            Ok(Box::new(environment()))
        }
    }

    #[test]
    fn boxed_environments_in_a_batch_do_what_those_of_one_type_do() {
        let environment = environment();
        let typed = || environment.clone();
        let rngs = || (0..3).map(Stream::from_seed).collect::<Vec<_>>();
        let batches: [Box<dyn BatchEnvironment>; 2] =
            [Boxed.batch(rngs()).unwrap(), typed.batch(rngs()).unwrap()];
        let saved = batches.map(|mut batch| {
            batch.reset_into(&mut [0.0; 18]).unwrap();
            let mut snapshot = Snapshot::default();
            assert!(batch.save(2, &mut snapshot));
            let error = batch.restart(3, &mut [0.0; 6]).unwrap_err();
            let expected = BatchError::Lane {
                lane: 3,
                environments: 3,
            };
            assert_eq!(error, expected);
            snapshot
        });
        assert_eq!(saved[0], saved[1]);
    }
}
