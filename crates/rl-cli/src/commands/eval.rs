//! `rl eval`: judges a policy.

use anyhow::{Context as _, Result};
use clap::Args;
use rl_train::{Evaluation, EvaluationConfig, Registry, evaluate};
use serde::Serialize;

use super::player::PlayerArguments;
use crate::options::count;
use crate::output::{out, outln};
use crate::screen;

/// Judge a policy; episode k starts as Gymnasium's reset(seed=SEED+k)
#[derive(Args)]
#[command(
    override_usage = "rl eval <DIR | --random --env NAME | --heuristic --env NAME> [OPTIONS]"
)]
pub struct Arguments {
    #[command(flatten)]
    player: PlayerArguments,
    /// Number of episodes
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = count::<u32>(1..=u32::MAX.into()))]
    episodes: u32,
    /// Discount of the returns, from the first step on
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = discount)]
    gamma: f64,
    /// Return to count the episodes that reach it [default: where the environment is solved]
    #[arg(long, value_name = "X", value_parser = threshold, allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Evaluation with the share of the episodes that reach a threshold.
#[derive(Serialize)]
struct Judged {
    #[serde(flatten)]
    evaluation: Evaluation,
    threshold: Option<f64>,
    /// Share of the episodes, 0 to 1, that return the threshold or more.
    share_from_threshold: Option<f64>,
}

fn threshold(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite());
    number.ok_or_else(|| "allowed is a finite number".to_owned())
}

fn discount(text: &str) -> Result<f64, String> {
    let gamma = text.parse().ok().filter(|x| (0.0..=1.0).contains(x));
    gamma.ok_or_else(|| "allowed is a number from 0 to 1".to_owned())
}

/// Carries it out.
///
/// # Errors
/// A policy that cannot be read or does not fit.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let player = arguments.player.player(registry)?;
    let judge = || -> Result<_> {
        let (entry, mut policy) = player.cast(registry)?;
        let source = entry.source().as_ref();
        let config = EvaluationConfig {
            episodes: arguments.episodes as usize,
            seed: arguments.player.seed,
            actions: player.actions(),
            gamma: arguments.gamma,
        };
        let evaluation = evaluate(&mut *policy, source, &config)?;
        // Where it is solved is said of returns without a discount.
        let solved = entry.solved().filter(|_| arguments.gamma == 1.0);
        let threshold = arguments.threshold.or(solved);
        Ok(Judged {
            share_from_threshold: threshold.map(|threshold| evaluation.share_from(threshold)),
            threshold,
            evaluation,
        })
    };
    let judged = match arguments.player.policy_path() {
        Some(path) => judge().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?,
        None => judge()?,
    };
    if arguments.json {
        outln!("{}", serde_json::to_string(&judged).context("JSON")?);
    } else {
        out!(
            "{}",
            screen::evaluation(&judged.evaluation, judged.threshold)
        );
    }
    Ok(())
}
