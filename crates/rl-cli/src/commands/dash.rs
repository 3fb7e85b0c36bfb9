//! `rl dash`: serves the runs of a folder to a browser.

use std::path::PathBuf;

use anyhow::{Error, Result};
use clap::Args;
use rl_lab::dash::Dash;
use rl_train::Registry;

use crate::options::count;
use crate::output::outln;
use crate::signals::stop_flag;
use crate::usage::Usage;

/// Show the runs of a folder in a browser, live: table, curves, replays
#[derive(Args)]
#[command(
    after_help = "It listens on 127.0.0.1 alone: no other machine reaches it. Ctrl-C ends it. Runs are \
                  found at any depth below DIR, and those to come appear."
)]
pub struct Arguments {
    /// Directory with runs in it, or of a run
    #[arg(value_name = "DIR", default_value = "runs")]
    directory: PathBuf,
    /// Port to listen on; 0 is any free one
    #[arg(long, value_name = "N", default_value_t = 6060, value_parser = count::<u16>(0..=u16::MAX.into()))]
    port: u16,
}

/// Carries it out.
///
/// # Errors
/// No directory, or a port that is in use.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let dash = Dash::bind(&arguments.directory, arguments.port, registry.clone());
    let dash = dash.map_err(|error| match error.is_usage() {
        true => Error::new(Usage(error.to_string())),
        false => Error::new(error),
    })?;
    let stop = stop_flag()?;
    outln!("{}", dash.url());
    Ok(dash.serve(&stop)?)
}
