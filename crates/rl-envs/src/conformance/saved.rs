//! Saved states against the instances that they were taken from.

use std::collections::VecDeque;

use rl_core::FlatEnvironment;

use super::Check;
use super::error::{Misuse, Moment, NonConformance};
use super::lane::{Lane, Outcome};

/// Steps between two savings: no divisor of a common time limit.
const INTERVAL: usize = 11;
/// Restored instances at a time; each lives for so many intervals.
const TWINS: usize = 3;

/// An instance with the state of another.
struct Twin<E> {
    /// The moment at which the state was saved.
    saved: Moment,
    lane: Lane<E>,
}

impl<E: FlatEnvironment, F: Fn() -> E> Check<'_, F> {
    /// One instance plays episode after episode; again and again its state is taken up by a new
    /// instance, which goes on beside it. Nothing may tell them apart. An environment that cannot be
    /// saved passes.
    pub(super) fn saved_states(&mut self) -> Result<(), NonConformance> {
        let mut original = self.lane(f32::NAN, self.environment_stream());
        let mut actions = self.action_stream();
        let mut twins = VecDeque::new();
        let (mut episode, mut step) = (0, 0);
        let mut moment = Moment::Reset(episode);
        original.reset(moment)?;
        for taken in 0..self.config.steps / 2 {
            if taken % INTERVAL == 0 {
                let Some(twin) = self.twin(&original, moment)? else {
                    return Ok(());
                };
                twins.truncate(TWINS - 1);
                twins.push_front(twin);
                self.report.restored += 1;
            }
            moment = Moment::Step { episode, step };
            let action = self.action(&mut actions, step);
            let a = original.step(&action, moment)?;
            for twin in &mut twins {
                let b = twin.lane.step(&action, moment);
                compare(&original, &a, twin, b, moment)?;
            }
            step += 1;
            if a.end().is_some() {
                if let Some(mut over) = self.twin(&original, moment)? {
                    self.refuse(&mut over.lane, &action, moment, &Misuse::AfterEnd)?;
                }
                (episode, step) = (episode + 1, 0);
                moment = Moment::Reset(episode);
                let a = original.reset(moment)?;
                for twin in &mut twins {
                    let b = twin.lane.reset(moment);
                    compare(&original, &a, twin, b, moment)?;
                }
            }
        }
        Ok(())
    }

    /// A new instance with the state of `original`; `None` if it cannot be saved.
    fn twin(&self, original: &Lane<E>, saved: Moment) -> Result<Option<Twin<E>>, NonConformance> {
        let Some(state) = original.environment.save_flat() else {
            return Ok(None);
        };
        let mut lane = self.lane(f32::NAN, original.rng.clone());
        lane.environment
            .restore_flat(&state)
            .map_err(|source| NonConformance::StateRefused {
                moment: saved,
                source,
            })?;
        Ok(Some(Twin { saved, lane }))
    }
}

/// Holds a restored instance against the original, both after the same reset or step.
fn compare<E: FlatEnvironment>(
    original: &Lane<E>,
    a: &Outcome,
    twin: &Twin<E>,
    b: Result<Outcome, NonConformance>,
    moment: Moment,
) -> Result<(), NonConformance> {
    let difference = match b {
        Ok(b) => original.difference(a, &twin.lane, &b),
        Err(error) => Some(format!("the outcome ({error})")),
    };
    match difference {
        None => Ok(()),
        Some(difference) => Err(NonConformance::RestoredDiffers {
            moment,
            saved: twin.saved,
            difference,
        }),
    }
}
