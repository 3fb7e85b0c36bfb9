//! What `evidence` shows while it goes on.

use rl_lab::EvidenceProgress;

/// The line for a run that has ended.
pub fn progress(progress: &EvidenceProgress) -> String {
    let EvidenceProgress {
        claim,
        seed,
        score,
        took,
        ended,
        total,
        left,
    } = progress;
    let score = score.map_or("failed".to_owned(), |score| format!("score {score:.2}"));
    format!(
        "{ended} of {total}  {} seed {seed}  {score} in {:.1} s  about {:.0} s left",
        claim.preset,
        took.as_secs_f64(),
        left.as_secs_f64()
    )
}
