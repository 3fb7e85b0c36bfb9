//! The metrics of an update.

use std::fmt;

use rl_core::Episode;
use rl_pg::UpdateReport;

/// A row of `metrics.csv`: one update. Counters are totals since the start of the run; returns
/// and lengths are of the episodes that ended in the update's experience, in the environment's own
/// rewards.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the update, from 1.
    pub update: u64,
    /// Environment steps.
    pub env_steps: u64,
    /// Finished episodes.
    pub episodes: u64,
    /// The returns, if an episode ended.
    pub returns: Option<Returns>,
    /// What the update says of itself.
    pub report: UpdateReport,
    /// Seconds since the start of the run.
    pub wall_s: f64,
}

/// The episodes of an update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Returns {
    /// Mean return.
    pub mean: f64,
    /// Smallest return.
    pub min: f64,
    /// Largest return.
    pub max: f64,
    /// Mean length.
    pub length_mean: f64,
}

impl Returns {
    fn of(episodes: &[Episode]) -> Option<Self> {
        let returns = || episodes.iter().map(|episode| episode.total_reward);
        let steps: usize = episodes.iter().map(|episode| episode.length).sum();
        let n = episodes.len() as f64;
        (n > 0.0).then(|| Self {
            mean: returns().sum::<f64>() / n,
            min: returns().fold(f64::INFINITY, f64::min),
            max: returns().fold(f64::NEG_INFINITY, f64::max),
            length_mean: steps as f64 / n,
        })
    }
}

impl Row {
    /// The first line of the file. What an update does not have is left empty.
    pub const HEADER: &'static str = "update,env_steps,episodes,return_mean,return_min,\
        return_max,length_mean,loss,entropy,grad_norm,kl,value_loss,explained_variance,\
        clip_fraction,staleness,wall_s";

    /// The row of an update on `steps` steps, in which `episodes` ended, that follows `previous`.
    pub(crate) fn after(
        previous: Option<&Self>,
        steps: usize,
        episodes: &[Episode],
        report: UpdateReport,
        wall_s: f64,
    ) -> Self {
        Self {
            update: previous.map_or(0, |row| row.update) + 1,
            env_steps: previous.map_or(0, |row| row.env_steps) + steps as u64,
            episodes: previous.map_or(0, |row| row.episodes) + episodes.len() as u64,
            returns: Returns::of(episodes),
            report,
            wall_s,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let returns = |number: fn(&Returns) -> f64| self.returns.as_ref().map(number);
        let report = &self.report;
        write!(f, "{},{},{}", self.update, self.env_steps, self.episodes)?;
        for number in [
            returns(|returns| returns.mean),
            returns(|returns| returns.min),
            returns(|returns| returns.max),
            returns(|returns| returns.length_mean),
            Some(report.loss),
            Some(report.entropy),
            Some(report.grad_norm),
            Some(report.kl),
            report.value_loss,
            report.explained_variance,
            report.clip_fraction,
            report.staleness,
        ] {
            match number {
                Some(number) => write!(f, ",{number}")?,
                None => write!(f, ",")?,
            }
        }
        write!(f, ",{:.4}", self.wall_s)
    }
}
