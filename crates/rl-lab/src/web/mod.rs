//! Parts that pages in a browser are made of: templates, styles, scripts, and numbers for these.
//!
//! A page asks nothing of any other place: its styles and scripts, the chart library among them, are in it.

mod embed;
mod series;
mod template;

pub use embed::embedded;
pub use series::Series;
pub use template::{PageError, render};

/// Style of every page.
pub const STYLE: &str = concat!(
    include_str!("vendor/uplot/uPlot.min.css"),
    "\n",
    include_str!("page.css")
);

/// Licence of the chart library.
pub const CHART_LICENCE: &str = include_str!("vendor/uplot/LICENSE");

/// Chart library, uPlot: it defines `uPlot`.
pub const CHART_LIBRARY: &str = include_str!("vendor/uplot/uPlot.iife.min.js");

/// Curves of runs: it defines `Charts`.
pub const CHARTS: &str = include_str!("charts.js");

/// Episodes of policies, drawn: it defines `Replay`.
pub const REPLAY: &str = include_str!("replay.js");
