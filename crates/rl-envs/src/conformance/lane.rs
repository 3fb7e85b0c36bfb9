//! An instance under check, with what belongs to it.

use rl_core::{End, FlatEnvironment, Status, Stream};

use super::error::{Misuse, Moment, NonConformance};

/// Outcome of a reset (nothing) or of a step (reward and status).
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome(Option<(f64, Status)>);

impl Outcome {
    pub(super) fn reward(&self) -> Option<f64> {
        self.0.map(|(reward, _)| reward)
    }

    pub(super) fn end(&self) -> Option<End> {
        self.0.and_then(|(_, status)| status.end())
    }
}

/// Bit for bit, so that NaN equals itself.
impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        let bits = |outcome: &Self| outcome.0.map(|(reward, status)| (reward.to_bits(), status));
        bits(self) == bits(other)
    }
}

/// An instance, its stream and its observation.
pub(super) struct Lane<E> {
    pub(super) environment: E,
    pub(super) rng: Stream,
    pub(super) observation: Vec<f32>,
    /// Number that the buffer of observations holds before every reset and step.
    poison: f32,
}

impl<E: FlatEnvironment> Lane<E> {
    pub(super) fn new(environment: E, poison: f32, observation_dim: usize, rng: Stream) -> Self {
        Self {
            environment,
            rng,
            observation: vec![poison; observation_dim],
            poison,
        }
    }

    pub(super) fn reset(&mut self, moment: Moment) -> Result<Outcome, NonConformance> {
        self.observation.fill(self.poison);
        self.environment
            .reset_into(&mut self.rng, &mut self.observation)
            .map(|()| Outcome(None))
            .map_err(|source| NonConformance::ResetFailed { moment, source })
    }

    /// Takes a step that nothing is wrong with.
    pub(super) fn step(
        &mut self,
        action: &[f32],
        moment: Moment,
    ) -> Result<Outcome, NonConformance> {
        self.observation.fill(self.poison);
        self.environment
            .step_into(action, &mut self.rng, &mut self.observation)
            .map(|step| Outcome(Some(step)))
            .map_err(|source| NonConformance::Refused {
                moment,
                action: action.to_vec(),
                source,
            })
    }

    /// Tries a step that must be refused without a trace on the stream and the observation.
    pub(super) fn refuse(
        &mut self,
        action: &[f32],
        moment: Moment,
        misuse: &Misuse,
    ) -> Result<(), NonConformance> {
        let misuse = misuse.clone();
        let rng = self.rng.clone();
        self.observation.fill(self.poison);
        match self
            .environment
            .step_into(action, &mut self.rng, &mut self.observation)
        {
            Ok(_) => return Err(NonConformance::MisuseAccepted { moment, misuse }),
            Err(source) if !misuse.is(&source) => {
                return Err(NonConformance::WrongError {
                    moment,
                    misuse,
                    source,
                });
            }
            Err(_) => {}
        }
        if self.rng != rng {
            return Err(NonConformance::RefusalDraws { moment, misuse });
        }
        let untouched = |x: &f32| x.to_bits() == self.poison.to_bits();
        match self.observation.iter().position(|x| !untouched(x)) {
            Some(dimension) => Err(NonConformance::RefusalWrites {
                moment,
                misuse,
                dimension,
            }),
            None => Ok(()),
        }
    }

    /// The difference of two instances after an outcome each; the values of this one come first.
    pub(super) fn difference(&self, a: &Outcome, other: &Self, b: &Outcome) -> Option<String> {
        let pairs = self.observation.iter().zip(&other.observation);
        for (dimension, (x, y)) in pairs.enumerate() {
            if x.to_bits() != y.to_bits() {
                return Some(format!(
                    "dimension {dimension} of the observation ({x} and {y})"
                ));
            }
        }
        if let (Outcome(Some((reward_a, status_a))), Outcome(Some((reward_b, status_b)))) = (a, b) {
            if reward_a.to_bits() != reward_b.to_bits() {
                return Some(format!("the reward ({reward_a} and {reward_b})"));
            }
            if status_a != status_b {
                return Some(format!("the status ({status_a:?} and {status_b:?})"));
            }
        }
        let drawn = "the numbers drawn from the stream";
        (self.rng != other.rng).then(|| drawn.to_owned())
    }
}
