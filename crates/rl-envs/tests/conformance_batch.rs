//! The conformance check of batches passes what conforms, and says of what does not what is wrong.

use rl_core::error::BatchError;
use rl_core::{
    BatchEnvironment, EnvironmentSource, ScalarBatch, Spaces, StateError, StateReader, StateWriter,
    Status, StepBuffers, StepSlices, Stream,
};
use rl_envs::conformance::{ConformanceConfig, check_batch};
use rl_envs::{CartPole, EnvironmentId, TimeLimit};

type Flaw = fn(&mut StepSlices<'_>);

/// A batch of CartPoles that does one thing wrong.
struct Broken {
    batch: ScalarBatch<TimeLimit<CartPole>>,
    flaw: Flaw,
    keeps_its_streams: bool,
}

impl BatchEnvironment for Broken {
    fn len(&self) -> usize {
        self.batch.len()
    }

    fn spaces(&self) -> Spaces {
        self.batch.spaces()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        self.batch.reset_into(observations)
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        let mut whole = StepBuffers::new(self.len(), 4);
        whole.final_observations.fill(f32::NAN);
        whole.episode_returns.fill(f64::NAN);
        self.batch.step_into(actions, whole.as_mut())?;
        (self.flaw)(&mut whole.as_mut());
        out.observations.copy_from_slice(&whole.observations);
        out.rewards.copy_from_slice(&whole.rewards);
        out.statuses.copy_from_slice(&whole.statuses);
        out.final_observations
            .copy_from_slice(&whole.final_observations);
        out.episode_returns.copy_from_slice(&whole.episode_returns);
        out.episode_lengths.copy_from_slice(&whole.episode_lengths);
        Ok(())
    }

    fn step_lanes(
        &mut self,
        lanes: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Result<(), BatchError> {
        self.batch.step_lanes(lanes, actions, out)
    }

    fn restart(&mut self, lane: usize, observation: &mut [f32]) -> Result<(), BatchError> {
        self.batch.restart(lane, observation)
    }

    fn set_rng(&mut self, lane: usize, rng: Stream) {
        if !self.keeps_its_streams {
            self.batch.set_rng(lane, rng);
        }
    }

    fn save(&self, lane: usize, out: &mut dyn StateWriter) -> bool {
        self.batch.save(lane, out)
    }

    fn load(&mut self, lane: usize, from: &dyn StateReader) -> Result<bool, StateError> {
        self.batch.load(lane, from)
    }
}

#[test]
fn a_batch_that_does_not_do_what_its_environments_do_is_found_out() {
    let flaws: [(Flaw, &str); 7] = [
        (|_| (), ""),
        (
            |out| out.rewards[3] = 0.5,
            "step 0: environment 3 differs from the same one alone in the reward (0.5 and 1)",
        ),
        (
            |out| out.observations.swap(4, 8),
            "step 0: environment 1 differs",
        ),
        (
            |out| out.statuses.fill(Status::Running),
            "in the status (Running and Terminated)",
        ),
        (
            |out| out.final_observations.fill(0.0),
            "in dimension 0 of the final observation (0 and NaN)",
        ),
        (
            |out| out.episode_returns.iter_mut().for_each(|x| *x += 1.0),
            "in the episode's return",
        ),
        (
            |out| {
                out.episode_lengths
                    .iter_mut()
                    .for_each(|x| *x = x.saturating_sub(1));
            },
            "in the episode's length",
        ),
    ];
    for (flaw, message) in flaws {
        let make_batch = |rngs| Broken {
            batch: ScalarBatch::new(CartPole::v1, rngs),
            flaw,
            keeps_its_streams: false,
        };
        match check_batch(make_batch, CartPole::v1, &ConformanceConfig::default()) {
            Ok(()) => assert_eq!(message, ""),
            Err(error) => {
                assert!(
                    !message.is_empty() && error.to_string().contains(message),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_batch_that_keeps_the_streams_it_was_made_with_is_found_out() {
    let make_batch = |rngs| Broken {
        batch: ScalarBatch::new(CartPole::v1, rngs),
        flaw: |_| (),
        keeps_its_streams: true,
    };
    let error = check_batch(make_batch, CartPole::v1, &ConformanceConfig::default());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("of the observation")
    );
}

#[test]
fn the_batches_of_the_registry_conform() {
    for &id in EnvironmentId::ALL {
        check_batch(
            |rngs| id.batch(rngs).unwrap(),
            || id.make().unwrap(),
            &ConformanceConfig::default(),
        )
        .unwrap();
    }
}
