//! Metrics to plot, and how.

use crate::curves::CurveAxis;

/// Metrics to plot, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlotConfig {
    /// The metrics, each in a panel of its own.
    pub metrics: Vec<String>,
    /// Axis to plot them over.
    pub axis: CurveAxis,
    /// Rows of `metrics.csv` whose mean a point is: that many up to its own; 0 counts as 1.
    pub smooth: usize,
}
