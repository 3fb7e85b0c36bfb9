//! `rl inspect`: contents of the files of a run.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use rl_train::{Inspection, TensorContents, inspect};

use crate::output::{out, outln};

/// Tell what a policy file, a checkpoint or a run directory contains
#[derive(Args)]
pub struct Arguments {
    /// Policy file or other safetensors file, checkpoint, or run directory
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Carries it out.
///
/// # Errors
/// A path that leads to none of these, or a file that is damaged.
pub fn run(arguments: &Arguments) -> Result<()> {
    let found = inspect(&arguments.path)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&found).context("JSON")?);
    } else {
        out!("{}", text(&found));
    }
    Ok(())
}

fn text(found: &Inspection) -> String {
    let mut text = format!("{} {}\n", found.kind, found.path.display());
    for (key, value) in &found.metadata {
        text += &format!("  {key:<18} {value}\n");
    }
    if !found.tensors.is_empty() {
        text += &table(&found.tensors);
    }
    for part in &found.parts {
        text += &format!("\n{}", self::text(part));
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
