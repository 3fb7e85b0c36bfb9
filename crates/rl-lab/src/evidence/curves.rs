//! Learning curves of the claims' runs: a picture per environment.

use rl_train::Registry;

use super::completed::CompletedRun;
use super::{EvidenceConfig, EvidenceError};
use crate::curves::CurveAxis;
use crate::figure::Figure;
use crate::files::FileError;
use crate::plot::PlotConfig;
use crate::runs::{RunGroup, read};

/// Draws `ENV.svg` for each environment of the runs, in the output directory.
pub fn draw(
    config: &EvidenceConfig,
    registry: &Registry,
    runs: &[CompletedRun],
) -> Result<(), EvidenceError> {
    let plot = PlotConfig {
        metrics: vec!["return_mean".to_owned()],
        axis: CurveAxis::Steps,
        smooth: 1,
    };
    for env in environments(runs) {
        let of_env = runs.iter().filter(|run| run.claim.env == env);
        let directories: Vec<_> = of_env
            .map(|run| config.out.join("runs").join(run.claim.run_name(run.seed)))
            .collect();
        let path = config.out.join(file_name(env));
        let figure = Figure::at(&path).map_err(std::io::Error::other);
        let figure = figure.map_err(FileError::new("draw", &path))?;
        plot.draw(&RunGroup::of(read(&directories)?, registry), &figure)?;
    }
    Ok(())
}

/// The environments of runs, each once, in the order of the claims.
pub fn environments(runs: &[CompletedRun]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = runs.iter().map(|run| run.claim.env).collect();
    found.dedup();
    found
}

/// The name of an environment's picture.
pub fn file_name(env: &str) -> String {
    format!("{}.svg", env)
}
