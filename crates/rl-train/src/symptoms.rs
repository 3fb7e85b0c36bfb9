//! Signs that a run does not learn.

use rl_core::{Metrics, StateError, StateReader, StateWriter};

use crate::evaluate::moments;
use crate::view::RunView;

/// Counts of updates that changed nothing, and the range of returns.
#[derive(Clone, Debug)]
pub(crate) struct Symptoms {
    zero_gradients: u64,
    /// Updates with a gradient after which the policy was the same.
    unchanged: u64,
    lowest: f64,
    highest: f64,
}

impl Default for Symptoms {
    fn default() -> Self {
        Self {
            zero_gradients: 0,
            unchanged: 0,
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
        }
    }
}

impl Symptoms {
    pub fn update(&mut self, metrics: &Metrics) {
        let is_zero = |name| metrics.get(name) == Some(0.0);
        if is_zero("grad_norm") {
            self.zero_gradients += 1;
        } else if is_zero("kl") {
            self.unchanged += 1;
        }
        // NaN, of no episode, is neither.
        let returns = |name| metrics.get(name).unwrap_or(f64::NAN);
        self.lowest = self.lowest.min(returns("return_min"));
        self.highest = self.highest.max(returns("return_max"));
    }

    /// Sentences about a run that ends, whose drawn actions had these returns before the first update.
    pub fn notes(&self, run: &dyn RunView, initial_returns: &[f64]) -> Vec<String> {
        let (clock, recent) = (run.clock(), run.recent_returns());
        let updates = clock.updates;
        let mut notes = Vec::new();
        if self.zero_gradients > 0 {
            notes.push(format!(
                "{} of {updates} updates had a gradient of zero",
                self.zero_gradients
            ));
        }
        if self.unchanged > 0 {
            let reason = match run.algorithm() {
                "trpo" => ": the line search refused their steps",
                _ => ": their steps were too small for it",
            };
            notes.push(format!(
                "{} of {updates} updates left the policy as it was{reason}",
                self.unchanged
            ));
        }
        if clock.episodes > 1 && self.lowest == self.highest {
            notes.push(format!(
                "every episode returned {}: equal returns say nothing about actions",
                self.lowest
            ));
        }
        let (mean, best) = (recent.mean(), recent.best());
        let (initial, variance) = moments(initial_returns);
        // A rise within one deviation of the initial returns may be chance.
        if best > initial + variance.sqrt() && mean < 0.5 * (initial + best) {
            notes.push(format!(
                "the mean return fell from {best:.1} to {mean:.1}; with eval_every the best policy is \
                 kept"
            ));
        }
        notes
    }

    pub fn save(&self, out: &mut dyn StateWriter) {
        out.u64s("symptoms", &[self.zero_gradients, self.unchanged]);
        out.f64s("returns_range", &[self.lowest, self.highest]);
    }

    pub fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut counts = [0; 2];
        from.u64s("symptoms", &mut counts)?;
        let mut range = [0.0; 2];
        from.f64s("returns_range", &mut range)?;
        [self.zero_gradients, self.unchanged] = counts;
        [self.lowest, self.highest] = range;
        Ok(())
    }
}
