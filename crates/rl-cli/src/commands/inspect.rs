//! `rl inspect`: contents of the files of a run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result};
use clap::Args;
use rl_lab::error::PolicyMapError;
use rl_lab::{Figure, PolicyMap};
use rl_nets::PolicyFile;
use rl_train::{Inspection, Registry, TensorContents, inspect};

use super::player::{check_run, policy_path};
use crate::output::{out, outln};
use crate::usage::Usage;

/// Tell what a policy file, a checkpoint or a run directory contains
#[derive(Args)]
#[command(
    after_help = "A policy of action values on FrozenLake, CliffWalking or Taxi is shown on the map: the \
                  greedy actions as text, and by --map as a picture with the values."
)]
pub struct Arguments {
    /// Policy file or other safetensors file, checkpoint, or run directory
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw the greedy policy and its values on the map, as FILE.svg or
    /// FILE.png: the last one of a run
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    map: Option<PathBuf>,
}

/// Carries it out.
///
/// # Errors
/// A path that leads to none of these, a file that is damaged, or a policy that is on no map.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    if let Some(picture) = &arguments.map {
        return draw(&arguments.path, picture, registry);
    }
    let found = inspect(&arguments.path)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&found).context("JSON")?);
    } else {
        out!("{}", text(&found, registry));
    }
    Ok(())
}

/// Draws the policy of a run, or of a file, on the map of its environment.
fn draw(path: &Path, picture: &Path, registry: &Registry) -> Result<()> {
    let figure = Figure::at(picture).map_err(|error| Usage(format!("--map {error}")))?;
    let file = policy_path(path, false);
    check_run(path, &file, false)?;
    let map = PolicyMap::of(&PolicyFile::load(file)?, registry).map_err(|error| match error {
        PolicyMapError::NoMap { .. } | PolicyMapError::NoActionValues(_) => {
            Error::new(Usage(format!("--map: {error}")))
        }
        PolicyMapError::Policy(error) => Error::new(error),
    })?;
    map.draw(&figure)?;
    outln!("{}", picture.display());
    Ok(())
}

/// The greedy actions of a policy on the map of its environment; `None` where one of the two is not there.
fn map(found: &Inspection, registry: &Registry) -> Option<String> {
    let policy = PolicyFile::load(&found.path).ok()?;
    Some(PolicyMap::of(&policy, registry).ok()?.text())
}

fn text(found: &Inspection, registry: &Registry) -> String {
    let mut text = format!("{} {}\n", found.kind, found.path.display());
    for (key, value) in &found.metadata {
        text += &format!("  {key:<18} {value}\n");
    }
    if !found.tensors.is_empty() {
        text += &table(&found.tensors);
    }
    if found.kind == "policy"
        && let Some(map) = map(found, registry)
    {
        map.lines().for_each(|line| text += &format!("  {line}\n"));
    }
    for part in &found.parts {
        text += &format!("\n{}", self::text(part, registry));
    }
    text
}

fn table(tensors: &[TensorContents]) -> String {
    let shape = |tensor: &TensorContents| {
        let sizes: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
        sizes.join("x")
    };
    let name = |tensor: &TensorContents| tensor.name.chars().count();
    let width = tensors.iter().map(name).max().unwrap_or(0).max(6);
    let number = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.4e}"));
    let line = |name: &str, [shape, norm, max]: [&str; 3]| {
        format!("  {name:<width$} {shape:>9} {norm:>11} {max:>11}\n")
    };
    let mut text = line("tensor", ["shape", "norm", "max |x|"]);
    let mut count = 0;
    for tensor in tensors {
        let extremes = tensor.min.zip(tensor.max);
        let largest = extremes.map(|(min, max)| max.max(-min));
        let cells = [shape(tensor), number(tensor.norm), number(largest)];
        text += &line(&tensor.name, cells.each_ref().map(String::as_str));
        count += tensor.shape.iter().product::<usize>();
    }
    text + &format!("  {} tensors, {count} numbers\n", tensors.len())
}
