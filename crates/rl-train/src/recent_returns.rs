//! Mean returns of late.

use std::collections::VecDeque;

use rl_core::{Episode, State, StateError, StateReader, StateWriter};

/// Mean return of the last batch of whole episodes, or of the last 100 episodes where updates are on
/// rollouts or on single episodes; and the largest such mean after an update.
#[derive(Clone, Debug)]
pub struct RecentReturns {
    returns: VecDeque<f64>,
    /// Episodes that are remembered beyond an update.
    window: usize,
    mean: f64,
    best: f64,
}

impl RecentReturns {
    pub(crate) fn new(window: usize) -> Self {
        Self {
            returns: VecDeque::new(),
            window,
            mean: f64::NAN,
            best: f64::NAN,
        }
    }

    /// The mean of late; NaN before the first episode.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The largest mean; NaN before the first episode.
    pub fn best(&self) -> f64 {
        self.best
    }

    pub(crate) fn add(&mut self, episodes: &[Episode]) {
        if episodes.is_empty() {
            return;
        }
        let returns = episodes.iter().map(|episode| episode.total_reward);
        self.returns.extend(returns);
        let known = self.window.max(episodes.len()).min(self.returns.len());
        self.returns.drain(..self.returns.len() - known);
        self.mean = self.returns.iter().sum::<f64>() / known as f64;
        self.best = self.best.max(self.mean);
    }
}

impl State for RecentReturns {
    fn save(&self, out: &mut dyn StateWriter) {
        let returns: Vec<f64> = self.returns.iter().copied().collect();
        out.f64s("returns", &returns);
        out.f64s("means", &[self.mean, self.best]);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<(), StateError> {
        let mut returns = vec![0.0; from.length("returns").unwrap_or(0)];
        from.f64s("returns", &mut returns)?;
        let mut means = [0.0; 2];
        from.f64s("means", &mut means)?;
        self.returns = returns.into();
        [self.mean, self.best] = means;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_speak_for_themselves_and_rollouts_for_the_last_100_episodes() {
        let episodes = |total_reward, n| {
            vec![
                Episode {
                    total_reward,
                    length: 1
                };
                n
            ]
        };
        for (window, means) in [(0, [2.0, 6.0, 6.0, 4.0]), (100, [2.0, 5.0, 5.0, 5.5])] {
            let mut recent = RecentReturns::new(window);
            let batches = [(2.0, 25), (6.0, 75), (0.0, 0), (4.0, 25)];
            for ((reward, n), mean) in batches.into_iter().zip(means) {
                recent.add(&episodes(reward, n));
                assert_eq!(recent.mean(), mean, "{window}");
            }
            assert_eq!(recent.best(), means.into_iter().fold(0.0, f64::max));
        }
    }
}
