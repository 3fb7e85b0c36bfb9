//! Arguments that name a player.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use rl_core::ActionChoice;
use rl_nets::PolicyFile;
use rl_train::{EnvironmentEntry, Layers, Origin, Player, Registry, RunDirectory};

use crate::options::count;
use crate::output::err;

/// A policy to play, and its episodes.
#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("player").required(true).args(["path", "random", "heuristic"]))]
pub struct PlayerArguments {
    /// Run directory, or a policy.safetensors
    #[arg(value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// Actions drawn at random instead of an agent
    #[arg(long, requires = "env")]
    pub random: bool,
    /// The environment's rule of thumb instead of an agent
    #[arg(long, requires = "env")]
    pub heuristic: bool,
    /// Environment of --random or --heuristic
    #[arg(long, value_name = "NAME", conflicts_with = "path")]
    pub env: Option<String>,
    /// Seed of the first episode
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count::<u64>(0..=u32::MAX.into()))]
    pub seed: u64,
    /// Draw actions instead of taking the likeliest
    #[arg(long, conflicts_with_all = ["random", "heuristic"])]
    pub stochastic: bool,
    /// The best policy of the run instead of the last
    #[arg(long, requires = "path")]
    pub best: bool,
}

impl PlayerArguments {
    /// The player that they name.
    ///
    /// # Errors
    /// A policy that cannot be read, or an environment that is not there.
    pub fn player(&self, registry: &Registry) -> Result<Player> {
        if let (Some(run), Some(path)) = (self.path.as_deref(), self.policy_path()) {
            check_run(run, &path, self.best)?;
            return Ok(Player::Trained {
                policy: Box::new(PolicyFile::load(path)?),
                choice: if self.stochastic {
                    ActionChoice::Sample
                } else {
                    ActionChoice::Mode
                },
            });
        }
        let entry = environment(registry, self.env.as_deref().unwrap_or_default())?;
        Ok(if self.random {
            Player::Random(entry)
        } else {
            Player::Heuristic(entry)
        })
    }

    /// The policy of a run directory, or the file itself.
    pub fn policy_path(&self) -> Option<PathBuf> {
        Some(policy_path(self.path.as_deref()?, self.best))
    }
}

/// Says what is known of the run whose policy is wanted: that it has none, or that it did not end.
///
/// # Errors
/// A run without the policy.
pub fn check_run(run: &Path, policy: &Path, best: bool) -> Result<()> {
    if !run.join(RunDirectory::CONFIG).is_file() {
        return Ok(());
    }
    let run_name = run.display();
    let go_on = format!("to go on: rl train --resume {run_name}");
    if policy.is_file() {
        if !run.join(RunDirectory::SUMMARY).is_file() {
            err!("note: the run in {run_name} goes on, or was killed: this is the policy of its");
            err!("last checkpoint; {go_on}");
        }
        return Ok(());
    }
    let policy = policy.file_name().unwrap_or_default().display();
    bail!(match RunDirectory::newest_checkpoint(run) {
        _ if best => format!("{run_name} has no {policy}: it is kept with --eval-every"),
        Ok(checkpoint) => format!(
            "{run_name} has no {policy}: the run was interrupted after update {}; {go_on}",
            checkpoint.manifest().update
        ),
        Err(_) => format!(
            "{run_name} has no {policy}: the run has not come to its first checkpoint, or was \
             ended before"
        ),
    })
}

/// The policy of a run directory, its best one if that is wanted, or the file itself.
pub fn policy_path(path: &Path, best: bool) -> PathBuf {
    if path.is_file() {
        path.to_owned()
    } else if best {
        path.join(RunDirectory::BEST)
    } else {
        path.join(RunDirectory::POLICY)
    }
}

/// The environment of a name, as `train` understands it.
///
/// # Errors
/// [`UsageError`](rl_train::UsageError) with the names that there are.
pub fn environment(registry: &Registry, name: &str) -> Result<EnvironmentEntry> {
    let mut layers = Layers::new(registry);
    layers.set("env", name, &Origin::Flag("--env".into()))?;
    let name = layers.get("env").unwrap_or_default();
    let entry = registry.find_environment(&name);
    entry.ok_or_else(|| anyhow::anyhow!("no environment '{name}'"))
}
