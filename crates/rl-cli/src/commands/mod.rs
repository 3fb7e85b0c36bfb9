//! The commands: their arguments, and what they do.

pub mod bench;
pub mod compare;
pub mod completions;
pub mod curves;
pub mod dash;
pub mod diagnose;
pub mod eval;
pub mod evidence;
pub mod export;
pub mod inspect;
pub mod list;
pub mod parity;
mod player;
pub mod plot;
pub mod render;
pub mod report;
pub mod runs;
pub mod sweep;
pub mod train;
pub mod triad;
pub mod tune;
pub mod variance;
