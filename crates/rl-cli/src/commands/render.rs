//! `rl render`: shows a policy at play.

use std::path::PathBuf;

use anyhow::{Error, Result};
use clap::Args;
use rl_lab::{Picture, render};
use rl_train::Registry;

use super::player::PlayerArguments;
use crate::options::count;
use crate::output::outln;
use crate::screen;
use crate::usage::Usage;

/// Show a policy at play, in the episodes that `eval` judges it by
#[derive(Args)]
#[command(override_usage = "rl render <DIR | --random --env NAME | --heuristic --env NAME> -o OUT")]
pub struct Arguments {
    #[command(flatten)]
    player: PlayerArguments,
    /// Animation (.gif), last frame (.png), or a directory for a .png per frame
    #[arg(short, long, value_name = "OUT")]
    out: PathBuf,
    /// Number of episodes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::<u32>(1..=u32::MAX.into()))]
    episodes: u32,
}

/// Carries it out.
///
/// # Errors
/// A policy that cannot be read, or pictures that cannot be written.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let picture = Picture::at(&arguments.out)?;
    let player = arguments.player.player(registry)?;
    let (episodes, seed) = (arguments.episodes as usize, arguments.player.seed);
    let played = render(registry, &player, episodes, seed, &picture).map_err(|error| {
        if error.is_usage() {
            Error::new(Usage(error.to_string()))
        } else {
            Error::new(error)
        }
    })?;
    outln!("{}", screen::rendered(&picture, &played));
    Ok(())
}
