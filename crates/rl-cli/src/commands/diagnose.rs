//! `rl diagnose`: says what is wrong with a run.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use rl_lab::diagnose::{Diagnosis, Finding, RULES};
use rl_lab::runs::StoredRun;
use rl_train::Registry;
use serde::Serialize;

use crate::output::{out, outln};
use crate::screen::{WIDTH, wrapped};

/// Say what is wrong with a run, with the numbers, and what to try
#[derive(Args)]
#[command(
    after_help = "It reads config.toml, metrics.csv and summary.json, and compares them with the rules of \
                  docs/diagnose.md. Findings are no failure: the exit code is 0."
)]
pub struct Arguments {
    /// Run directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Diagnosis as JSON.
#[derive(Serialize)]
struct Printed<'a> {
    directory: &'a PathBuf,
    env: &'a str,
    algo: &'a str,
    #[serde(flatten)]
    diagnosis: &'a Diagnosis,
}

/// Carries it out.
///
/// # Errors
/// A directory that no run has left behind, or files that cannot be read.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let run = StoredRun::read(&arguments.directory)?;
    let diagnosis = Diagnosis::of(&run, registry)?;
    let printed = Printed {
        directory: &arguments.directory,
        env: run.env(),
        algo: run.algo(),
        diagnosis: &diagnosis,
    };
    if arguments.json {
        outln!("{}", serde_json::to_string(&printed).context("JSON")?);
    } else {
        out!("{}", text(&printed));
    }
    Ok(())
}

fn text(printed: &Printed<'_>) -> String {
    let Printed {
        directory,
        env,
        algo,
        diagnosis,
    } = printed;
    let header = format!(
        "{}: {env} by {algo}, {} after {} updates",
        directory.display(),
        diagnosis.state.name(),
        diagnosis.updates
    );
    let mut text = wrapped(&header, WIDTH).join("\n") + "\n";
    if diagnosis.updates < 10 {
        text += "Fewer than 10 updates: rules about courses see nothing in them.\n";
    }
    if diagnosis.findings.is_empty() {
        text += &format!("No finding: {} rules see nothing wrong.\n", RULES.len());
    }
    for finding in &diagnosis.findings {
        text += "\n";
        text += &lines(finding);
    }
    text
}

fn lines(finding: &Finding) -> String {
    let mut text = format!("{}\n", finding.rule);
    for line in wrapped(&finding.message, WIDTH - 2) {
        text += &format!("  {line}\n");
    }
    for (i, attempt) in finding.tries.iter().enumerate() {
        let name = if i == 0 { "try" } else { "or" };
        text += &format!("  {name:<4} {attempt}\n");
    }
    text + &format!("  see  {}\n", finding.page)
}
