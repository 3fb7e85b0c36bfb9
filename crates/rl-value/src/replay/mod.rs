//! Experience replay: transitions that are kept, and drawn from again (Lin 1992, "Self-improving
//! reactive agents based on reinforcement learning, planning and teaching").

mod buffer;
mod priorities;
mod sample;
mod sum_tree;
#[cfg(test)]
mod tests;
mod transition;

pub use buffer::Replay;
pub use priorities::{Prioritization, PriorityError};
pub use sample::{Draw, Sample};
pub use transition::Transition;
