//! Measurements of many runs: speed beside programs in Python ([`bench`](mod@bench)), claims over many seeds
//! ([`evidence`]), learning curves of several seeds ([`curves`]), every combination of some keys' values ([`sweep`]), a search for better ones ([`tune`]), the bias and variance of estimators of the policy gradient ([`variance`]), and the divergence of action values ([`triad`]).
//! Their trainings are processes of a pool ([`jobs`]), and the directories that they leave behind are read by [`runs`], drawn by [`plot`], compared by [`compare`], judged by [`diagnose`], and become pages by [`report`](mod@report) and [`dash`]. Pictures of a policy at play ([`render`](render())) and of a greedy one on a map ([`PolicyMap`]) are here too.

pub mod bench;
mod chart;
pub mod compare;
pub mod curves;
pub mod dash;
pub mod diagnose;
pub mod evidence;
mod figure;
mod files;
pub mod jobs;
mod line_chart;
pub mod plot;
mod policy_map;
mod render;
mod replay;
pub mod report;
mod row_chart;
pub mod runs;
mod settings;
mod statistics;
pub mod sweep;
mod table;
pub mod triad;
pub mod tune;
pub mod variance;
mod web;

pub use figure::{Figure, UnknownFormat};
pub use policy_map::PolicyMap;
pub use render::{Picture, render};

/// Errors of files and of pictures.
pub mod error {
    pub use crate::files::FileError;
    pub use crate::policy_map::PolicyMapError;
    pub use crate::render::RenderError;
    pub use crate::web::PageError;
}
