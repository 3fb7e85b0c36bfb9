//! Measurements of many runs: speed beside programs in Python ([`bench`](mod@bench)), claims over many seeds
//! ([`evidence`]), learning curves of several seeds ([`curves`]), and the bias and variance of estimators of the policy gradient ([`variance`]).
//! Pictures of a policy at play ([`render`](render())) are here too.

pub mod bench;
mod chart;
pub mod curves;
pub mod evidence;
mod files;
mod render;
mod settings;
mod statistics;
mod table;
pub mod variance;

pub use render::{Picture, render};

/// Errors of files and of pictures.
pub mod error {
    pub use crate::files::FileError;
    pub use crate::render::RenderError;
}
