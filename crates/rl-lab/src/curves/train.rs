//! Training of the runs whose curves are drawn.

use std::ops::ControlFlow;
use std::time::Instant;

use rl_core::Metrics;
use rl_train::{
    Layers, Observer, Origin, PeriodicEvaluation, Registry, RunView, TrainError, UsageError, each,
};

use super::curve::{Arm, Curve, CurveAxis, CurvePoint, CurvesConfig};
use super::grid::moving_means;
use super::report::Curves;

/// Keys that curves have no use for: their seeds are given apart, and no run has a directory or ends early.
const NO_KEYS: [&str; 8] = [
    "seed",
    "out",
    "quiet",
    "log_every",
    "checkpoint_every",
    "checkpoint_keep",
    "stop_at",
    "time_limit",
];

impl CurvesConfig {
    /// Trains every configuration with every seed, one after the other; `progress` hears of each
    /// curve.
    ///
    /// # Errors
    /// [`TrainError`]; a metric that a run does not have is a wrong call. Configurations are checked before
    /// the first is trained.
    pub fn train(
        self,
        registry: &Registry,
        mut progress: impl FnMut(&Arm, &Curve),
    ) -> Result<Curves, TrainError> {
        for arm in &self.arms {
            layers(registry, arm, self.seeds.start)?.finish()?;
        }
        let mut curves = Vec::new();
        for (index, arm) in self.arms.iter().enumerate() {
            for seed in self.seeds.clone() {
                let points = self.run(registry, arm, seed)?;
                let curve = Curve {
                    arm: index,
                    seed,
                    points,
                };
                progress(arm, &curve);
                curves.push(curve);
            }
        }
        Ok(Curves::new(self, curves))
    }

    fn run(
        &self,
        registry: &Registry,
        arm: &Arm,
        seed: u64,
    ) -> Result<Vec<CurvePoint>, TrainError> {
        let (config, mut run) = layers(registry, arm, seed)?.start()?;
        let mut evaluation = PeriodicEvaluation::from(&config.run);
        let deviation = self.metric.replace("_mean", "_std");
        let episodes = config.run.eval_episodes as f64;
        let (mut points, mut missing) = (Vec::new(), None);
        let begin = Instant::now();
        let mut recorder = each(|run: &dyn RunView, metrics: &mut Metrics| {
            let Some(value) = metrics.get(&self.metric) else {
                let names: Vec<_> = metrics.iter().map(|(name, _)| name).collect();
                missing = Some(names.join(", "));
                return ControlFlow::Break(());
            };
            let clock = run.clock();
            let at = match self.axis {
                CurveAxis::Updates => clock.updates as f64,
                CurveAxis::Steps => clock.env_steps as f64,
                CurveAxis::Wall => begin.elapsed().as_secs_f64(),
            };
            let deviation = metrics.get(&deviation).filter(|_| deviation != self.metric);
            let standard_error = deviation.map_or(f64::NAN, |std| std / episodes.sqrt());
            // Between evaluations there is none.
            if value.is_finite() {
                points.push(CurvePoint {
                    at,
                    value,
                    standard_error,
                });
            }
            ControlFlow::Continue(())
        });
        let mut observers: Vec<&mut dyn Observer> = Vec::new();
        if config.run.eval_every > 0 {
            observers.push(&mut evaluation);
        }
        observers.push(&mut recorder);
        run.run(&mut observers)?;
        match missing {
            None => Ok(moving_means(&points, self.window)),
            Some(names) => Err(UsageError(format!(
                "{} has no metric '{}': allowed are {names}",
                arm.name, self.metric
            ))
            .into()),
        }
    }
}

/// The configuration of a run.
fn layers<'r>(registry: &'r Registry, arm: &Arm, seed: u64) -> Result<Layers<'r>, UsageError> {
    let mut layers = Layers::new(registry);
    for (key, value) in &arm.set {
        if NO_KEYS.contains(&key.trim()) {
            let message = format!("{key} (from {}): it has no meaning for curves", arm.name);
            return Err(UsageError(message));
        }
        layers.set(key, value, &Origin::Flag(arm.name.clone()))?;
    }
    layers.set("seed", &seed.to_string(), &Origin::Flag("--seeds".into()))?;
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(metric: &str) -> CurvesConfig {
        let arm = |name: &str, keys: &[(&str, &str)]| Arm {
            name: name.into(),
            set: keys.iter().map(|&(k, v)| (k.into(), v.into())).collect(),
        };
        let small = [
            ("preset", "none"),
            ("updates", "3"),
            ("steps_per_update", "50"),
            ("eval_every", "2"),
            ("eval_episodes", "4"),
        ];
        CurvesConfig {
            arms: vec![
                arm(
                    "total",
                    &[&small[..], &[("weighting", "total-return")]].concat(),
                ),
                arm("to go", &small),
            ],
            seeds: 5..7,
            metric: metric.into(),
            window: 1,
            axis: CurveAxis::Updates,
        }
    }

    #[test]
    fn every_configuration_is_trained_with_every_seed() {
        let registry = Registry::default();
        let mut heard = Vec::new();
        let config = config("eval_drawn_return_mean");
        let curves = config.train(&registry, |arm, curve| {
            let at: Vec<f64> = curve.points.iter().map(|point| point.at).collect();
            assert_eq!(at, [2.0, 3.0], "of every other update, and the last");
            assert!(curve.points.iter().all(|point| point.standard_error > 0.0));
            heard.push((arm.name.clone(), curve.seed));
        });
        assert!(curves.unwrap().table(None).contains("to go"));
        let expected = [("total", 5), ("total", 6), ("to go", 5), ("to go", 6)];
        assert_eq!(heard, expected.map(|(name, seed)| (name.to_owned(), seed)));
    }

    #[test]
    fn every_configuration_is_checked_before_the_first_is_trained() {
        for (key, value) in [("gama", "1"), ("stop_at", "100"), ("seed", "3")] {
            let mut config = config("return_mean");
            config.arms[1].set.push((key.into(), value.into()));
            let error = config.train(&Registry::default(), |_, _| panic!("{key}: a run was made"));
            let error = error.unwrap_err();
            assert!(error.is_usage());
            let message = error.to_string();
            assert!(
                message.contains(key) && message.contains("to go"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_metric_that_is_not_there_is_a_wrong_call_that_names_those_that_are() {
        let error = config("reward").train(&Registry::default(), |_, _| {});
        let error = error.unwrap_err();
        assert!(error.is_usage());
        let message = error.to_string();
        assert!(
            message.contains("'reward'") && message.contains("return_mean"),
            "{message}"
        );
    }
}
