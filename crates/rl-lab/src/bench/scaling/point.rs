//! Points of the curves of speed and memory.

use serde::Serialize;

use super::ScalingAxis;

/// A training with one of its sizes changed; medians over the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScalingPoint {
    /// The size that is changed.
    pub axis: ScalingAxis,
    /// Its value.
    pub value: usize,
    /// Environment steps per second.
    pub steps_per_s: f64,
    /// The least of a run.
    pub steps_per_s_min: f64,
    /// The most of a run.
    pub steps_per_s_max: f64,
    /// Nanoseconds of acting and environments per environment step.
    pub acting_ns: f64,
    /// Nanoseconds of learning per environment step.
    pub learning_ns: f64,
    /// Largest resident memory of any run, in bytes.
    pub peak_bytes: Option<u64>,
    /// Environment steps of a run.
    pub steps: u64,
    /// Number of runs.
    pub runs: usize,
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// Points over the width, from 16 on.
    pub fn points(rates: &[f64]) -> Vec<ScalingPoint> {
        let point = |(i, &steps_per_s): (usize, &f64)| ScalingPoint {
            axis: ScalingAxis::Width,
            value: 16 << i,
            steps_per_s,
            steps_per_s_min: steps_per_s,
            steps_per_s_max: steps_per_s,
            acting_ns: 1.0,
            learning_ns: 2.0,
            peak_bytes: Some(50_000_000 << i),
            steps: 1000,
            runs: 1,
        };
        rates.iter().enumerate().map(point).collect()
    }
}
