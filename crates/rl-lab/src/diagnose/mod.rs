//! Diagnosis of a run: signs in its files that something is wrong, each with its numbers and what to try.
//!
//! ```no_run
//! use rl_lab::diagnose::Diagnosis;
//! use rl_lab::runs::StoredRun;
//! use rl_train::Registry;
//!
//! let run = StoredRun::read("runs/cartpole-vpg-seed0".as_ref())?;
//! for finding in Diagnosis::of(&run, &Registry::default())?.findings {
//!     println!("{}: {}", finding.rule, finding.message);
//! }
//! # Ok::<(), rl_lab::runs::RunsError>(())
//! ```

mod diagnosis;
mod episodes;
mod evidence;
mod gradient;
mod policy;
mod returns;
mod rule;
mod schedule;
#[cfg(test)]
mod testing;
mod value;

pub use diagnosis::{Diagnosis, RULES};
pub use rule::{Finding, Rule};
