//! Comparison of groups of runs: scores with intervals, time to a threshold, probability of improvement
//! (Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice").

mod chart;
mod comparison;
mod reach;
mod scores;
mod table;

pub use comparison::{Comparison, GroupResult, Improvement};
pub use scores::Score;
