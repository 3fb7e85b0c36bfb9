//! Batches whose environments fail.

use super::*;
use crate::state::Array;
use crate::{Environment, Snapshot, Space, Status, Step, StepBuffers};

/// Trouble that a [`Counter`] makes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    FailsToStep,
    PanicsInAStep,
    FailsToReset,
    PanicsInAReset,
    LongObservation,
}

/// Counts its steps, 3 an episode; the second step of the first episode, or the second reset,
/// is in trouble.
#[derive(Clone, Debug)]
struct Counter {
    trouble: Trouble,
    resets: usize,
    steps: usize,
}

impl Environment for Counter {
    type Observation = Vec<f32>;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<Vec<f32>, EnvironmentError> {
        (self.resets, self.steps) = (self.resets + 1, 0);
        match self.trouble {
            Trouble::FailsToReset if self.resets == 2 => Err(EnvironmentError::own("no start")),
            Trouble::PanicsInAReset if self.resets == 2 => panic!("stuck at {}", self.resets),
            _ => Ok(vec![0.0]),
        }
    }

    fn step(
        &mut self,
        _action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<Vec<f32>>, EnvironmentError> {
        self.steps += 1;
        let mut observation = vec![self.steps as f32];
        if self.steps == 2 && self.resets == 1 {
            match self.trouble {
                Trouble::FailsToStep => return Err(EnvironmentError::own("no power")),
                Trouble::PanicsInAStep => panic!("on purpose"),
                Trouble::LongObservation => observation.push(0.0),
                _ => {}
            }
        }
        Ok(Step {
            observation,
            reward: 1.0,
            status: match self.steps {
                3 => Status::Terminated,
                _ => Status::Running,
            },
        })
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        Some(vec![self.resets as f64, self.steps as f64])
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let &[resets, steps] = state else {
            panic!("{} numbers", state.len());
        };
        (self.resets, self.steps) = (resets as usize, steps as usize);
        Ok(())
    }
}

/// Three counters, the one in the middle in trouble, and the last too if `both`.
fn counters(trouble: Trouble, both: bool) -> ScalarBatch<Counter> {
    let mut lane = 0;
    let make = || {
        lane += 1;
        Counter {
            trouble: match lane {
                2 => trouble,
                3 if both => trouble,
                _ => Trouble::None,
            },
            resets: 0,
            steps: 0,
        }
    };
    ScalarBatch::new(make, vec![Stream::from_seed(0); 3])
}

const TROUBLES: [(Trouble, &str, u64); 5] = [
    (Trouble::FailsToStep, "no power", 2),
    (
        Trouble::PanicsInAStep,
        "the environment panicked: on purpose",
        2,
    ),
    (Trouble::FailsToReset, "no start", 3),
    (
        Trouble::PanicsInAReset,
        "the environment panicked: stuck at 2",
        3,
    ),
    (
        Trouble::LongObservation,
        "an observation of 2 numbers; its space has 1",
        2,
    ),
];

fn saved(batch: &ScalarBatch<Counter>, lane: usize) -> bool {
    batch.save(lane, &mut Snapshot::default())
}

#[test]
fn an_environment_that_fails_leaves_the_others_their_step_and_restarts() {
    for (trouble, message, step) in TROUBLES {
        for both in [false, true] {
            let mut batch = counters(trouble, both);
            let mut well = counters(Trouble::None, false);
            let [mut out, mut expected] = [(); 2].map(|()| StepBuffers::new(3, 1));
            batch.reset_into(&mut out.observations).unwrap();
            well.reset_into(&mut expected.observations).unwrap();
            for _ in 1..step {
                batch.step_into(&[0.0; 3], out.as_mut()).unwrap();
                well.step_into(&[0.0; 3], expected.as_mut()).unwrap();
            }
            let error = batch.step_into(&[0.0; 3], out.as_mut()).unwrap_err();
            assert_eq!(error.to_string(), format!("environment 1: {message}"));
            well.step_into(&[0.0; 3], expected.as_mut()).unwrap();
            for lane in if both { vec![0] } else { vec![0, 2] } {
                assert_eq!(out.rewards[lane], expected.rewards[lane]);
                assert_eq!(out.statuses[lane], expected.statuses[lane]);
                assert_eq!(out.observations[lane], expected.observations[lane]);
                assert!(saved(&batch, lane), "{trouble:?}");
            }
            assert!(!saved(&batch, 1) && saved(&batch, 2) != both, "{trouble:?}");

            let before = out.clone();
            let again = batch.step_into(&[0.0; 3], out.as_mut()).unwrap_err();
            let failed = BatchError::Environment {
                environment: 1,
                source: EnvironmentError::Failed,
            };
            assert_eq!((again, &out), (failed, &before), "{trouble:?}");
            batch.restart(1, &mut [0.0]).unwrap();
            if both {
                batch.restart(2, &mut [0.0]).unwrap();
            }
            batch.step_into(&[0.0; 3], out.as_mut()).unwrap();
            assert_eq!(out.observations[1], 1.0, "{trouble:?}");
        }
    }
}

#[test]
fn of_lanes_in_any_order_the_lowest_that_failed_is_named() {
    for (trouble, message, _) in &TROUBLES[..2] {
        let mut batch = counters(*trouble, true);
        batch.reset_into(&mut [0.0; 3]).unwrap();
        let mut out = StepBuffers::new(3, 1);
        let lanes = [2, 0, 1];
        batch.step_lanes(&lanes, &[0.0; 3], out.as_mut()).unwrap();
        let error = batch.step_lanes(&lanes, &[0.0; 3], out.as_mut());
        let expected = format!("environment 1: {message}");
        assert_eq!(error.unwrap_err().to_string(), expected);
        assert_eq!(out.observations, [1.0, 2.0, 1.0], "lane 0 has moved");
        let rest = batch.step_lanes(&[0], &[0.0], out.as_mut().split_at(1, 1).0);
        assert_eq!((rest, out.observations[0]), (Ok(()), 3.0));
        let ended = (out.statuses[0], out.final_observations[0]);
        assert_eq!(ended, (Status::Terminated, 3.0));
    }
}

#[test]
fn a_reset_of_all_starts_the_others_where_one_fails() {
    for (trouble, message, _) in &TROUBLES[2..4] {
        let mut batch = counters(*trouble, false);
        batch.reset_into(&mut [0.0; 3]).unwrap();
        let error = batch.reset_into(&mut [0.0; 3]).unwrap_err();
        assert_eq!(error.to_string(), format!("environment 1: {message}"));
        assert_eq!(
            [0, 1, 2].map(|lane| saved(&batch, lane)),
            [true, false, true]
        );
    }
}

#[test]
fn a_panic_while_a_state_is_taken_up_is_an_error() {
    let mut batch = counters(Trouble::None, false);
    batch.reset_into(&mut [0.0; 3]).unwrap();
    let mut snapshot = Snapshot::default();
    assert!(batch.save(0, &mut snapshot));
    snapshot.insert("state", Array::F64(vec![0.0; 3]));
    assert_eq!(
        batch.load(0, &snapshot).unwrap_err().to_string(),
        "'state' of the saved state: the environment panicked: 3 numbers"
    );
}

/// All that can be seen of a batch of counters that goes through every method, in words.
fn seen_of(mut batch: impl BatchEnvironment) -> Vec<String> {
    let mut out = StepBuffers::new(3, 1);
    let mut seen = vec![format!("{} {:?}", batch.len(), batch.spaces())];
    let started = batch.reset_into(&mut out.observations);
    let stepped = batch.step_into(&[0.0; 3], out.as_mut());
    seen.push(format!("{started:?} {stepped:?} {out:?}"));
    let failed = batch.step_into(&[0.0; 3], out.as_mut());
    seen.push(format!("{failed:?} {out:?}"));
    let row = out.as_mut().split_at(1, 1).0;
    let apart = batch.step_lanes(&[2], &[0.0], row);
    seen.push(format!("{apart:?} {out:?}"));
    batch.set_rng(0, Stream::from_seed(7));
    for lane in 0..3 {
        let mut snapshot = Snapshot::default();
        let saved = batch.save(lane, &mut snapshot);
        let failed = batch.has_failed(lane);
        let restarted = batch.restart(lane, &mut out.observations[lane..=lane]);
        let loaded = batch.load(lane, &snapshot);
        seen.push(format!(
            "{saved} {failed} {restarted:?} {loaded:?} {snapshot:?} {out:?}"
        ));
        let mut again = Snapshot::default();
        seen.push(format!("{} {again:?}", batch.save(lane, &mut again)));
    }
    seen
}

#[test]
fn a_boxed_batch_does_what_the_batch_does() {
    let batch = || counters(Trouble::FailsToStep, false);
    let boxed: Box<dyn BatchEnvironment> = Box::new(batch());
    assert!(!boxed.is_empty());
    assert_eq!(seen_of(boxed), seen_of(batch()));
}

#[test]
fn a_batch_of_nothing_is_empty() {
    let make = || Counter {
        trouble: Trouble::None,
        resets: 0,
        steps: 0,
    };
    assert!(ScalarBatch::new(make, Vec::new()).is_empty());
}
