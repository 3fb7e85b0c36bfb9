//! Members: the environments of a collection, with everything that belongs to them.

use std::sync::Arc;

use super::shard::Shard;
use super::transform::Transform;
use crate::collect::{CollectError, Normalization, SizeError, check_size};
use crate::state::{Scoped, ScopedReader};
use crate::{
    Acts, BoxError, Clock, CollectConfig, Policy, Purpose, Reduce, Spaces, State, StateError,
    StateReader, StateWriter, Stream, Threads, shards,
};

/// The environments of a collection: their streams, what they show now, the episodes that run, and
/// the transform. Every interaction has one.
pub(super) struct Members<P> {
    pub shards: Vec<Shard<P>>,
    pub transform: Transform,
    pub spaces: Spaces,
    pub threads: Threads,
    environments: usize,
    /// Most steps of each environment that memory has been found for.
    pub most_steps: usize,
    /// Index of the first environment, counted through all processes.
    first: usize,
    reduce: Arc<dyn Reduce>,
    /// Indices, within this process, of environments that a restored run had to start anew.
    restarted: Vec<usize>,
}

impl<P> Members<P> {
    /// The members that a configuration describes; with several `actors` each environment is a
    /// shard of its own.
    pub fn new(config: CollectConfig, actors: usize) -> Result<Self, CollectError> {
        config.check()?;
        let first = config.first_environment();
        let n = config.environments;
        let batches = shards(
            config.source.as_ref(),
            config.seed,
            first,
            n,
            if actors > 1 {
                n
            } else {
                config.threads.count()
            },
            config.group_size,
        )
        .map_err(CollectError::Make)?;
        let spaces = batches.first().ok_or(CollectError::NoEnvironment)?.spaces();
        let transform = Transform::new(&config.transform, config.gamma, &spaces.observation)?;
        let mut start = first as usize;
        let shards = batches.into_iter().map(|batch| {
            let indices = start..start + batch.len();
            start = indices.end;
            let rngs = indices
                .clone()
                .map(|index| Stream::derive(config.seed, Purpose::Action, index as u32));
            Shard::new(batch, indices.start, config.seed, rngs.collect(), &spaces)
        });
        Ok(Self {
            shards: shards.collect(),
            transform,
            spaces,
            threads: config.threads,
            environments: n,
            most_steps: 0,
            first: first as usize,
            reduce: config.reduce,
            restarted: Vec::new(),
        })
    }

    /// Number of environments.
    pub fn len(&self) -> usize {
        self.environments
    }

    /// Checks that so many steps of each environment can be numbered and fit into memory. That of the
    /// largest batch so far is held already: it is not looked for among what is free.
    pub fn check_size(&mut self, steps: usize) -> Result<(), SizeError> {
        if steps > self.most_steps {
            check_size(self.environments, steps, &self.spaces)?;
            self.most_steps = steps;
        }
        Ok(())
    }

    /// Normalisation of what is collected next.
    pub fn normalization(&self) -> &Normalization {
        &self.transform.frozen.normalization
    }

    /// Takes in what the environments have seen in this collection.
    pub fn update_transform(&mut self) -> Result<(), BoxError> {
        let moments = self.shards.iter().flat_map(|shard| &shard.moments);
        self.transform.update(moments, self.reduce.as_ref())
    }

    /// Environments that the last [`load`](Self::load) could not take up, by index.
    pub fn restarted(&self) -> &[usize] {
        &self.restarted
    }

    /// Saves every environment under its index, however they are split over threads.
    pub fn save(&self, out: &mut dyn StateWriter) {
        self.transform.save(&mut Scoped::new(out, "transform"));
        let shards = || self.shards.iter();
        let streams: Vec<u64> = shards()
            .flat_map(|shard| &shard.action_rngs)
            .flat_map(Stream::words)
            .collect();
        out.u64s("action_streams", &streams);
        let dim = self.spaces.observation.flat_dim();
        let n = self.environments;
        let mut observations = vec![0.0; n * dim];
        let (mut returns, mut lengths, mut running) = (vec![0.0; n], vec![0; n], vec![0; n]);
        for shard in shards() {
            for lane in 0..shard.batch.len() {
                let name = format!("environments.{}", shard.first + lane);
                let saved = shard.batch.save(lane, &mut Scoped::new(out, name));
                // Of an environment that is in no episode there is nothing to remember.
                if saved && shard.running[lane] {
                    let index = shard.first - self.first + lane;
                    observations[index * dim..][..dim]
                        .copy_from_slice(&shard.buffers.observations[lane * dim..][..dim]);
                    returns[index] = shard.moments[lane].discounted_return;
                    lengths[index] = shard.lengths[lane] as u64;
                    running[index] = 1;
                }
            }
        }
        out.f32s("observations", &observations);
        out.f64s("discounted_returns", &returns);
        out.u64s("lengths", &lengths);
        out.u64s("running", &running);
    }

    /// Takes up a state. Where `mid_episode`, environments that ran but could not be saved start
    /// their episodes anew.
    pub fn load(&mut self, from: &dyn StateReader, mid_episode: bool) -> Result<(), StateError> {
        self.transform.load(&ScopedReader::new(from, "transform"))?;
        self.restarted.clear();
        let (n, dim) = (self.environments, self.spaces.observation.flat_dim());
        let mut streams = vec![[0; Stream::WORDS]; n];
        Stream::read_words(from, "action_streams", &mut streams)?;
        let mut observations = vec![0.0; n * dim];
        from.f32s("observations", &mut observations)?;
        let mut returns = vec![0.0; n];
        from.f64s("discounted_returns", &mut returns)?;
        let mut lengths = vec![0; n];
        from.u64s("lengths", &mut lengths)?;
        let mut running = vec![0; n];
        from.u64s("running", &mut running)?;
        for shard in &mut self.shards {
            for lane in 0..shard.batch.len() {
                let index = shard.first - self.first + lane;
                shard.action_rngs[lane] = Stream::from_words(streams[index]);
                let name = format!("environments.{}", shard.first + lane);
                let taken_up = shard.batch.load(lane, &ScopedReader::new(from, name))?;
                shard.running[lane] = taken_up && running[index] == 1;
                if shard.running[lane] {
                    shard.buffers.observations[lane * dim..][..dim]
                        .copy_from_slice(&observations[index * dim..][..dim]);
                    shard.moments[lane].discounted_return = returns[index];
                    shard.lengths[lane] = lengths[index] as usize;
                } else if mid_episode {
                    self.restarted.push(shard.first + lane);
                }
            }
        }
        Ok(())
    }
}

impl<P: Policy + Clone + Send> Members<P> {
    /// Lets every environment act by `policy`.
    pub fn act_by(&mut self, policy: &P) {
        for shard in &mut self.shards {
            shard.act_by(policy);
        }
    }

    /// Lets environments act by the policies of an agent.
    pub fn act_by_agent(&mut self, agent: &mut impl Acts<Policy = P>, clock: &Clock) {
        let several = agent.actors() > 1;
        for (index, shard) in self.shards.iter_mut().enumerate() {
            shard.act_by(agent.actor(if several { index } else { 0 }, clock));
        }
    }
}
