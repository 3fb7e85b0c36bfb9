//! Bias, variance and cost of the estimators of the policy gradient, each with each of its
//! baselines, for a fixed policy.

mod cartpole;
mod chart;
mod config;
mod error;
mod estimators;
mod experience;
mod finite_mdp;
mod least_squares;
mod measure;
mod report;
mod row;
mod statistics;

pub use config::{VarianceConfig, VarianceSetting};
pub use error::VarianceError;
pub use report::{table, write};
pub use row::VarianceRow;

/// Measures every estimator with every baseline, a row each. The same seed gives the same numbers,
/// times apart.
///
/// # Errors
/// [`VarianceError`].
pub fn measure(
    setting: VarianceSetting,
    config: &VarianceConfig,
) -> Result<Vec<VarianceRow>, VarianceError> {
    let batches = config.batches.unwrap_or(setting.default_batches()) as u32;
    match setting {
        VarianceSetting::FiniteMdp => finite_mdp::rows(batches, config),
        VarianceSetting::CartPole => cartpole::rows(batches, config),
    }
}

#[cfg(test)]
mod tests {
    use super::estimators::Theory;
    use super::*;

    fn rows(setting: VarianceSetting, batches: usize) -> Vec<VarianceRow> {
        let config = VarianceConfig {
            batches: Some(batches),
            trajectories: 4,
            seed: 1,
        };
        measure(setting, &config).unwrap()
    }

    fn find<'a>(rows: &'a [VarianceRow], name: &str, baseline: &str) -> &'a VarianceRow {
        let matching = |row: &&VarianceRow| (row.estimator, row.baseline) == (name, baseline);
        rows.iter().find(matching).unwrap()
    }

    #[test]
    fn on_a_finite_mdp_the_interval_holds_zero_for_the_unbiased_and_for_no_other() {
        for row in rows(VarianceSetting::FiniteMdp, 10_000) {
            assert_eq!(row.is_biased(), row.theory == Theory::Biased, "{row:?}");
        }
    }

    #[test]
    fn rewards_to_go_and_baselines_lower_the_variance() {
        for setting in VarianceSetting::ALL {
            let rows = rows(setting, 60);
            let order = [
                ("total return", "none"),
                ("reward-to-go", "none"),
                ("reward-to-go", "value function"),
                ("GAE(λ = 0.95)", "value function"),
            ];
            let variances = order.map(|(name, baseline)| find(&rows, name, baseline).variance);
            assert!(
                variances.is_sorted_by(|a, b| *b < 0.8 * a),
                "{setting:?}: {variances:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        for setting in VarianceSetting::ALL {
            let timeless = || {
                let zero = |row| VarianceRow {
                    ns_per_step: 0.0,
                    ..row
                };
                rows(setting, 3).into_iter().map(zero).collect::<Vec<_>>()
            };
            assert_eq!(timeless(), timeless());
        }
    }
}
