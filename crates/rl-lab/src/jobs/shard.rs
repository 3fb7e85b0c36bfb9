//! Shares of a list of runs, for several machines.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use rl_train::UsageError;
use serde::{Serialize, Serializer};

/// Share of a list of runs: of `N` shards, the `I`-th takes each `N`-th run, from the `I`-th on. All shards together
/// take every run once. Written `I/N`, from `1/N` to `N/N`.
///
/// ```
/// use rl_lab::jobs::Shard;
///
/// let shard: Shard = "2/3".parse()?;
/// let taken: Vec<usize> = (0..7).filter(|&run| shard.takes(run)).collect();
/// assert_eq!(taken, [1, 4]);
/// assert!("0/3".parse::<Shard>().is_err());
/// # Ok::<(), rl_train::UsageError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: usize,
    count: usize,
}

impl Shard {
    /// Returns `true` if the run of an index, counted from 0, is in the share.
    pub fn takes(self, run: usize) -> bool {
        run % self.count == self.index
    }

    /// The shard of a task of a SLURM job array, from its environment variables (`SLURM_ARRAY_TASK_ID`, `_COUNT` and
    /// `_MIN`, by <https://slurm.schedmd.com/job_array.html>); `None` outside of one.
    ///
    /// # Errors
    /// [`UsageError`] for variables that are no numbers, or an array with gaps.
    pub fn of_slurm(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, UsageError> {
        let number = |name: &str| match variable(name) {
            Some(text) => text.parse::<usize>().map(Some).map_err(|_| {
                UsageError(format!(
                    "{name} = '{text}': allowed is a whole number from 0"
                ))
            }),
            None => Ok(None),
        };
        let (id, count) = (
            number("SLURM_ARRAY_TASK_ID")?,
            number("SLURM_ARRAY_TASK_COUNT")?,
        );
        let (Some(id), Some(count)) = (id, count) else {
            return Ok(None);
        };
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(1);
        let index = id.checked_sub(first).filter(|&index| index < count);
        index.map(|index| Some(Self { index, count })).ok_or_else(|| {
            UsageError(format!(
                "SLURM_ARRAY_TASK_ID = {id}: allowed is one of the {count} tasks from {first} on, without gaps, as of \
                 sbatch --array=1-{count}. --shard I/N chooses a share apart from these"
            ))
        })
    }
}

impl Display for Shard {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Shard {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        let numbers = text.split_once('/').and_then(|(i, n)| {
            let number = |text: &str| text.trim().parse::<usize>().ok();
            Some((number(i)?.checked_sub(1)?, number(n)?))
        });
        match numbers {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err(UsageError(format!(
                "'{text}' is no shard: allowed is I/N, from 1/N to N/N"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_of_a_list_take_every_run_once() {
        for n in 1..=5 {
            let shards: Vec<Shard> = (1..=n)
                .map(|i| format!("{i}/{n}").parse().unwrap())
                .collect();
            for run in 0..12 {
                let takers = shards.iter().filter(|shard| shard.takes(run)).count();
                assert_eq!(takers, 1, "run {run} of {n} shards");
            }
        }
        for text in ["", "1", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3"] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("I/N"), "{error}");
        }
    }

    #[test]
    fn a_task_of_a_slurm_array_is_a_shard_wherever_the_array_begins() {
        let shard = |id: &str, min: &str| {
            Shard::of_slurm(|name| match name {
                "SLURM_ARRAY_TASK_ID" => Some(id.to_owned()),
                "SLURM_ARRAY_TASK_COUNT" => Some("4".to_owned()),
                "SLURM_ARRAY_TASK_MIN" => Some(min.to_owned()),
                _ => None,
            })
        };
        for (id, min, text) in [("1", "1", "1/4"), ("4", "1", "4/4"), ("0", "0", "1/4")] {
            assert_eq!(shard(id, min).unwrap(), Some(text.parse().unwrap()));
        }
        let error = shard("7", "1").unwrap_err().to_string();
        assert!(error.contains("SLURM_ARRAY_TASK_ID = 7") && error.contains("gaps"));
        assert!(shard("x", "1").unwrap_err().to_string().contains("'x'"));
        assert_eq!(Shard::of_slurm(|_| None).unwrap(), None);
    }
}
