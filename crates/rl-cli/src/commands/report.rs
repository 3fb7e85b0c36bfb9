//! `rl report`: makes the page of a run.

use std::path::PathBuf;

use anyhow::{Error, Result};
use clap::Args;
use rl_lab::report::{Report, ReportError};
use rl_train::Registry;

use crate::output::outln;
use crate::usage::Usage;

/// Make the page of a run: summary, configuration, curves, in one file
#[derive(Args)]
#[command(
    after_help = "Every training makes it at its end, unless it has --no-report. The page needs no \
                  network and no other file."
)]
pub struct Arguments {
    /// Directory of the run
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Page [default: report.html in DIR]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Carries it out.
///
/// # Errors
/// A directory of no run, a run that is damaged, a page that cannot be written.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let in_run = || arguments.directory.join(Report::FILE);
    let path = arguments.out.clone().unwrap_or_else(in_run);
    let report = Report::of(&arguments.directory, registry);
    let written = report.and_then(|report| report.write(&path));
    written.map_err(|error: ReportError| match error.is_usage() {
        true => Error::new(Usage(error.to_string())),
        false => Error::new(error),
    })?;
    outln!("{}", path.display());
    Ok(())
}
