//! Curves, and what is asked for.

use std::ops::Range;

use serde::Serialize;

/// Quantity that curves are drawn over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CurveAxis {
    /// Updates.
    #[default]
    Updates,
    /// Environment steps.
    Steps,
    /// Seconds that the updates took.
    Wall,
}

impl CurveAxis {
    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updates => "updates",
            Self::Steps => "steps",
            Self::Wall => "wall",
        }
    }

    /// Every axis.
    pub const ALL: [Self; 3] = [Self::Updates, Self::Steps, Self::Wall];

    /// Column of `metrics.csv` that has it.
    pub fn column(self) -> &'static str {
        match self {
            Self::Updates => "update",
            Self::Steps => "env_steps",
            Self::Wall => "wall_s",
        }
    }

    /// Name beside a picture's axis.
    pub fn label(self) -> &'static str {
        match self {
            Self::Updates => "update",
            Self::Steps => "environment steps",
            Self::Wall => "seconds of training",
        }
    }
}

/// Preset with keys on top of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// Its name in tables and pictures.
    pub name: String,
    /// Keys and values, the preset's among them.
    pub set: Vec<(String, String)>,
}

/// Configurations to train, and what is drawn of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurvesConfig {
    /// The configurations.
    pub arms: Vec<Arm>,
    /// Seeds that each is trained with.
    pub seeds: Range<u64>,
    /// The metric.
    pub metric: String,
    /// Updates whose mean a point is: that many up to its own, or as many as there are; 0 counts as
    /// 1.
    pub window: usize,
    /// Axis to draw it over.
    pub axis: CurveAxis,
}

/// Metric of a run at a point of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Updates or environment steps.
    pub at: f64,
    /// The metric.
    pub value: f64,
    /// Standard error of the metric, where it is an evaluation's mean over episodes; else NaN.
    pub standard_error: f64,
}

/// Curve of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Index of the configuration.
    pub arm: usize,
    /// The run's seed.
    pub seed: u64,
    /// A point per update that has the metric.
    pub points: Vec<CurvePoint>,
}
