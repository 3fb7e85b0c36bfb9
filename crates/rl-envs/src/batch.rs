//! A batch of any environment.

use rl_core::{
    BatchEnvironment, BatchError, BoxSpace, EnvironmentError, FlatEnvironment, Space, StepSlices,
    Stream,
};

/// Environments of any kind, stepped one after the other.
#[derive(Clone, Debug)]
pub struct Batch<E> {
    members: Vec<Member<E>>,
    observation_space: BoxSpace,
    action_space: Space,
}

#[derive(Clone, Debug)]
struct Member<E> {
    environment: E,
    rng: Stream,
    total_reward: f64,
    length: usize,
}

impl<E: FlatEnvironment> Batch<E> {
    /// An environment by `make` for each of `rngs`, which it draws from.
    pub fn new(make: impl Fn() -> E, rngs: Vec<Stream>) -> Self {
        let spaces = make();
        let member = |rng| Member {
            environment: make(),
            rng,
            total_reward: 0.0,
            length: 0,
        };
        Self {
            observation_space: spaces.observation_space(),
            action_space: spaces.action_space(),
            members: rngs.into_iter().map(member).collect(),
        }
    }
}

impl<E: FlatEnvironment> BatchEnvironment for Batch<E> {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn observation_space(&self) -> BoxSpace {
        self.observation_space.clone()
    }

    fn action_space(&self) -> Space {
        self.action_space.clone()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        let dim = self.observation_space.dim();
        BatchError::check_length("observations", observations.len(), self.len(), dim)?;
        for (member, observation) in self.members.iter_mut().zip(observations.chunks_mut(dim)) {
            member.reset(observation);
        }
        Ok(())
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        let (dim, width) = (self.observation_space.dim(), self.action_space.flat_dim());
        BatchError::check_length("actions", actions.len(), self.len(), width)?;
        out.check(self.len(), dim)?;
        for (environment, action) in actions.chunks_exact(width).enumerate() {
            if !self.action_space.admits(action) {
                let source = EnvironmentError::outside(action, &self.action_space);
                return Err(BatchError::Environment {
                    environment,
                    source,
                });
            }
        }
        for (i, (member, action)) in self
            .members
            .iter_mut()
            .zip(actions.chunks(width))
            .enumerate()
        {
            let observation = &mut out.observations[i * dim..][..dim];
            let (reward, status) = member
                .environment
                .step_into(action, &mut member.rng, observation)
                .map_err(|source| BatchError::Environment {
                    environment: i,
                    source,
                })?;
            out.rewards[i] = reward;
            out.statuses[i] = status;
            member.total_reward += reward;
            member.length += 1;
            if status.end().is_some() {
                out.final_observations[i * dim..][..dim].copy_from_slice(observation);
                out.episode_returns[i] = member.total_reward;
                out.episode_lengths[i] = member.length;
                member.reset(observation);
            }
        }
        Ok(())
    }
}

impl<E: FlatEnvironment> Member<E> {
    fn reset(&mut self, observation: &mut [f32]) {
        self.environment.reset_into(&mut self.rng, observation);
        (self.total_reward, self.length) = (0.0, 0);
    }
}
