//! The metrics of an update.

use std::fmt;

use rl_core::Episode;
use rl_pg::VpgReport;

/// A row of `metrics.csv`: one update. Counters are totals since the start of the run; returns
/// and lengths are of the update's batch, in the environment's own rewards.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the update, from 1.
    pub update: u64,
    /// Environment steps.
    pub env_steps: u64,
    /// Finished episodes.
    pub episodes: u64,
    /// Mean return.
    pub return_mean: f64,
    /// Smallest return.
    pub return_min: f64,
    /// Largest return.
    pub return_max: f64,
    /// Mean length.
    pub length_mean: f64,
    /// What the update says of itself.
    pub report: VpgReport,
    /// Seconds since the start of the run.
    pub wall_s: f64,
}

impl Row {
    /// The first line of the file.
    pub const HEADER: &'static str = "update,env_steps,episodes,return_mean,return_min,\
        return_max,length_mean,loss,entropy,grad_norm,kl,wall_s";

    /// The row of an update on a batch of `episodes` that follows `previous`.
    pub(crate) fn after(
        previous: Option<&Self>,
        episodes: &[Episode],
        report: VpgReport,
        wall_s: f64,
    ) -> Self {
        let returns = || episodes.iter().map(|episode| episode.total_reward);
        let steps: usize = episodes.iter().map(|episode| episode.length).sum();
        let n = episodes.len() as f64;
        Self {
            update: previous.map_or(0, |row| row.update) + 1,
            env_steps: previous.map_or(0, |row| row.env_steps) + steps as u64,
            episodes: previous.map_or(0, |row| row.episodes) + episodes.len() as u64,
            return_mean: returns().sum::<f64>() / n,
            return_min: returns().fold(f64::INFINITY, f64::min),
            return_max: returns().fold(f64::NEG_INFINITY, f64::max),
            length_mean: steps as f64 / n,
            report,
            wall_s,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            update,
            env_steps,
            episodes,
            return_mean,
            return_min,
            return_max,
            ..
        } = self;
        let VpgReport {
            loss,
            entropy,
            grad_norm,
            kl,
        } = self.report;
        write!(
            f,
            "{update},{env_steps},{episodes},{return_mean},{return_min},{return_max},"
        )?;
        write!(
            f,
            "{},{loss},{entropy},{grad_norm},{kl},{:.4}",
            self.length_mean, self.wall_s
        )
    }
}
