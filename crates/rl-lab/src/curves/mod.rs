//! Learning curves: configurations that are trained with the same seeds, side by side.

mod chart;
mod curve;
mod grid;
mod report;
mod train;

pub use curve::{Arm, Curve, CurveAxis, CurvePoint, CurvesConfig};
pub(crate) use grid::moving_means;
pub use report::Curves;
