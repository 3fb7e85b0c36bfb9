//! Parts that pages in a browser are made of: templates, styles, scripts, and numbers for these.
//!
//! A page asks nothing of any other place: its styles and scripts, the chart library among them, are in it.

mod embed;
mod series;
mod template;

use serde::Serialize;

pub use embed::embedded;
pub use series::Series;
pub use template::{PageError, render};

/// Style, chart library and scripts of a page, as its template names them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Assets {
    style: &'static str,
    /// Licence of the chart library, uPlot.
    licence: &'static str,
    /// The library, which defines `uPlot`.
    library: &'static str,
    /// `Charts`, the curves of runs; `Replay`, episodes of policies; and the page's own.
    scripts: [&'static str; 3],
}

impl Assets {
    /// Those of a page with a script of its own.
    pub fn with(script: &'static str) -> Self {
        Self {
            style: concat!(
                include_str!("vendor/uplot/uPlot.min.css"),
                "\n",
                include_str!("page.css")
            ),
            licence: include_str!("vendor/uplot/LICENSE"),
            library: include_str!("vendor/uplot/uPlot.iife.min.js"),
            scripts: [include_str!("charts.js"), include_str!("replay.js"), script],
        }
    }
}
