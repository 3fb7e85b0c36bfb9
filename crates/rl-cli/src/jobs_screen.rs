//! Screen of runs that are processes of a pool.

use anyhow::Result;
use rl_lab::jobs::{JobProgress, Share};

use crate::output::outln;

/// The line for a run that has ended.
pub fn line(progress: &JobProgress) -> String {
    let JobProgress {
        label,
        seed,
        score,
        took,
        ended,
        total,
        left,
    } = progress;
    let score = score.map_or("failed".to_owned(), |score| format!("score {score:.2}"));
    format!(
        "{ended} of {total}  {label} seed {seed}  {score} in {:.1} s  about {:.0} s left",
        took.as_secs_f64(),
        left.as_secs_f64()
    )
}

/// Prints the end of a share of the runs.
///
/// # Errors
/// None that a share can have.
pub fn share(share: &Share, json: bool) -> Result<()> {
    if json {
        outln!("{}", serde_json::to_string(share)?);
    } else {
        outln!("{share}");
    }
    Ok(())
}
