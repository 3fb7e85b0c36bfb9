//! Results of a list of runs, or of a share of it.

use std::fmt::{Display, Formatter};
use std::path::PathBuf;

use serde::Serialize;

use super::Shard;

/// Results of all runs of a list, or word of a share of it while others are missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Gathered<T> {
    /// Results of all runs.
    All(T),
    /// The runs of a shard are complete, and others are missing.
    Share(Share),
}

/// Share of a list of runs that is complete, while other shares are not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The shard.
    pub shard: Shard,
    /// Complete runs, those of other shards among them.
    pub complete: usize,
    /// All runs of the list.
    pub total: usize,
    /// Directory of the runs.
    pub directory: PathBuf,
}

impl<T> Gathered<T> {
    /// The results of what `make` does with all runs.
    ///
    /// # Errors
    /// That of `make`.
    pub fn and_then<U, E>(self, make: impl FnOnce(T) -> Result<U, E>) -> Result<Gathered<U>, E> {
        Ok(match self {
            Self::All(all) => Gathered::All(make(all)?),
            Self::Share(share) => Gathered::Share(share),
        })
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self {
            shard,
            complete,
            total,
            directory,
        } = self;
        write!(
            f,
            "shard {shard} is complete; {complete} of {total} runs are in {}.\nThe call that \
             finds all of them there writes the results",
            directory.display()
        )
    }
}
