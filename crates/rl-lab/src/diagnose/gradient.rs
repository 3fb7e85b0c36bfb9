//! Rules about gradients and observations, which the scale of gradients comes from.

use super::evidence::{median, option, share, shown};
use super::rule::{Rule, Sign};

/// Gradients of which the clip leaves the direction alone, by far.
pub const GRADIENT_ALWAYS_CLIPPED: Rule = Rule {
    name: "gradient-always-clipped",
    quantity: "median of `grad_norm` as a multiple of `max_grad_norm`, where all are clipped",
    threshold: 100.0,
    source: "measured: 22 in a preset that learns, Pendulum's",
    find: |run, threshold| {
        let limit = run.number("max_grad_norm").filter(|x| x.is_finite())?;
        let norms = run.all("grad_norm");
        let clipped = share(&norms, |norm| norm > limit)?;
        let norm = median(&norms)?;
        let measured = norm / limit;
        (clipped >= 0.99 && measured > threshold).then(|| Sign {
            measured,
            message: format!(
                "The gradient is clipped in {:.0} % of the updates, to {} from {} (median): its size says \
                 nothing any more.",
                100.0 * clipped,
                shown(limit),
                shown(norm)
            ),
            tries: vec![
                option("max_grad_norm", 0.5_f64.max(limit * 10.0)),
                option("normalize_rewards", true),
            ],
        })
    },
};

/// Updates that have no gradient.
pub const NO_GRADIENT: Rule = Rule {
    name: "no-gradient",
    quantity: "share of updates whose `grad_norm` is 0",
    threshold: 0.1,
    source: "measured: none in the presets for CartPole, Acrobot and Pendulum",
    find: |run, threshold| {
        let measured = share(&run.all("grad_norm"), |norm| norm == 0.0)?;
        (measured > threshold && !run.is_good()).then(|| Sign {
            measured,
            message: format!(
                "{:.0} % of the updates had a gradient of zero: the returns of their episodes were all the \
                 same, or no weight of the network is left alive.",
                100.0 * measured
            ),
            tries: vec![option("gamma", 0.99), option("activation", "tanh")],
        })
    },
};

/// Observations of a scale that networks do not start from.
pub const OBSERVATIONS_NOT_NORMALIZED: Rule = Rule {
    name: "observations-not-normalized",
    quantity: "median of `observation_scale`",
    threshold: 20.0,
    source: "LeCun et al. 1998: inputs of mean 0 and variance 1; measured: 4 at most in Pendulum and Acrobot",
    find: |run, threshold| {
        let measured = median(&run.all("observation_scale"))?;
        (measured > threshold && !run.flag("normalize_observations")).then(|| Sign {
            measured,
            message: format!(
                "The largest entry of the observations has a root mean square of {}: units of the first layer \
                 are saturated, or their gradients are as large.",
                shown(measured)
            ),
            tries: vec![option("normalize_observations", true)],
        })
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn a_gradient_counts_as_clipped_away_when_all_are_by_far() {
        let far: fn(usize) -> f64 = |_| 80.0;
        let finding = found(&GRADIENT_ALWAYS_CLIPPED, "", &[("grad_norm", far)]).unwrap();
        assert!(
            finding
                .message
                .contains("100 % of the updates, to 0.5 from 80"),
            "{finding:?}"
        );
        let near: fn(usize) -> f64 = |_| 40.0;
        let once: fn(usize) -> f64 = |row| if row == 0 { 0.1 } else { 80.0 };
        for norms in [near, once] {
            assert_eq!(
                found(&GRADIENT_ALWAYS_CLIPPED, "", &[("grad_norm", norms)]),
                None
            );
        }
        let unlimited = "max_grad_norm = inf";
        assert_eq!(
            found(&GRADIENT_ALWAYS_CLIPPED, unlimited, &[("grad_norm", far)]),
            None
        );
    }

    #[test]
    fn updates_without_a_gradient_are_counted() {
        let fifth: fn(usize) -> f64 = |row| if row < 8 { 0.0 } else { 1.0 };
        let finding = found(&NO_GRADIENT, "", &[("grad_norm", fifth)]).unwrap();
        assert!(
            finding.message.starts_with("20 % of the updates"),
            "{finding:?}"
        );
        let few: fn(usize) -> f64 = |row| if row < 4 { 0.0 } else { 1.0 };
        assert_eq!(found(&NO_GRADIENT, "", &[("grad_norm", few)]), None);
    }

    #[test]
    fn large_observations_are_no_fault_where_they_are_normalized() {
        let large: fn(usize) -> f64 = |_| 100.0;
        let columns = [("observation_scale", large)];
        assert!(found(&OBSERVATIONS_NOT_NORMALIZED, "", &columns).is_some());
        let normalized = "normalize_observations = true";
        assert_eq!(
            found(&OBSERVATIONS_NOT_NORMALIZED, normalized, &columns),
            None
        );
        let small: fn(usize) -> f64 = |_| 5.0;
        assert_eq!(
            found(
                &OBSERVATIONS_NOT_NORMALIZED,
                "",
                &[("observation_scale", small)]
            ),
            None
        );
    }
}
