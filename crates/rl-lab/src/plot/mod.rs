//! Learning curves of runs that are there: a line per run, or the interquartile mean of several seeds with
//! its band.

mod config;
mod draw;
mod series;

pub use config::PlotConfig;
