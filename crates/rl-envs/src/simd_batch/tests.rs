//! Lanes by every instruction set, and lanes that are held.

use rl_core::{Snapshot, StepBuffers};

use super::*;
use crate::physics::archs;
use crate::{Acrobot, CartPole, MountainCarContinuous};

#[test]
fn held_lanes_stay_as_they_are_and_the_others_step_as_by_themselves() {
    let rngs = || (0..21).map(Stream::from_seed).collect();
    let mut batches = [0, 1].map(|_| SimdBatch::new(&CartPole::v1(), rngs()));
    let mut outs = [0, 1].map(|_| StepBuffers::new(21, 4));
    for (batch, out) in batches.iter_mut().zip(&mut outs) {
        batch.reset_into(&mut out.observations).unwrap();
    }
    let [batch, other] = &mut batches;
    let [out, of_other] = &mut outs;
    let saved = |batch: &SimdBatch<_, 4, 4>, lane| {
        let mut snapshot = Snapshot::default();
        assert!(batch.save(lane, &mut snapshot));
        snapshot
    };
    let mut ends = 0;
    for step in 0..200 {
        let held: Vec<usize> = (0..21).filter(|lane| (lane + step) % 5 == 0).collect();
        let before: Vec<Snapshot> = held.iter().map(|&lane| saved(batch, lane)).collect();
        let stepped = batch.step_except(&held, &[1.0; 21], out.as_mut());
        assert_eq!(stepped, Some(Ok(())));
        for (&lane, before) in held.iter().zip(&before) {
            assert_eq!(saved(batch, lane), *before, "step {step}, lane {lane}");
        }
        for lane in (0..21).filter(|lane| !held.contains(lane)) {
            let (rows, _) = of_other.as_mut().split_at(1, 4);
            other.step_lanes(&[lane], &[1.0], rows).unwrap();
            if of_other.statuses[0].end().is_some() {
                ends += 1;
                other
                    .restart(lane, &mut of_other.observations[..4])
                    .unwrap();
            }
            assert_eq!(out.statuses[lane], of_other.statuses[0]);
            assert_eq!(
                out.observations[lane * 4..][..4],
                of_other.observations[..4]
            );
            assert_eq!(saved(batch, lane), saved(other, lane), "step {step}");
        }
    }
    assert!(ends > 100, "{ends}");
    let wrong = batch.step_except(&[21], &[1.0; 21], out.as_mut());
    assert!(matches!(
        wrong,
        Some(Err(BatchError::Lane { lane: 21, .. }))
    ));
}

#[test]
fn every_instruction_set_of_the_machine_gives_the_same_bits() {
    fn check<P: Physics<S, O>, const S: usize, const O: usize>(
        environment: &TimeLimit<Simulation<P, S, O>>,
    ) {
        let outcomes: Vec<Vec<StepBuffers>> = archs()
            .into_iter()
            .map(|arch| {
                let rngs = (0..21).map(Stream::from_seed).collect();
                let batch = SimdBatch::new(environment, rngs);
                let mut batch = SimdBatch { arch, ..batch };
                let mut rng = Stream::from_seed(0);
                let mut out = StepBuffers::new(21, O);
                batch.reset_into(&mut out.observations).unwrap();
                let step = |_| {
                    let actions: Vec<f32> = (0..21).map(|_| rng.below(2) as f32).collect();
                    batch.step_into(&actions, out.as_mut()).unwrap();
                    out.clone()
                };
                (0..1000).map(step).collect()
            })
            .collect();
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
    }
    check(&CartPole::v1());
    check(&Acrobot::v1());
    check(&MountainCarContinuous::v0());
}
