//! Rules about the policy: its entropy, and the size of its steps.

use rl_core::Space;

use super::evidence::{Evidence, median, option, shown};
use super::rule::{Rule, Sign};

/// Entropy that is gone before the task is learned: actions are no longer tried.
pub const ENTROPY_COLLAPSED: Rule = Rule {
    name: "entropy-collapsed",
    quantity: "entropy as a share of the largest; of a box, the deviation as a share of the first",
    threshold: 0.02,
    source: "measured: above 0.05 in the presets for CartPole, Acrobot and Pendulum",
    find: |run, threshold| {
        if !run.has_course() || run.is_good() {
            return None;
        }
        let (shares, most) = entropy_shares(run)?;
        let is_above = |share: &f64| *share >= threshold;
        let from = shares.iter().rposition(is_above).map_or(0, |row| row + 1);
        let last = *shares.get(from..)?.last()?;
        let entropy = run.column("entropy").get(from)?;
        let coefficient = run.number("entropy_coefficient").unwrap_or(0.0);
        let tries = [
            Some(option("entropy_coefficient", (3.0 * coefficient).max(0.01))),
            run.scaled("learning_rate", 0.3),
        ];
        Some(Sign {
            measured: last,
            message: format!(
                "The entropy is {} nats at update {}, {}, and stays below. Every action is decided, before \
                 the task is learned.",
                shown(*entropy),
                run.update(from),
                most
            ),
            tries: tries.into_iter().flatten().collect(),
        })
    },
};

/// For each row, the entropy as a share of that of equal chances; of a box, the geometric mean of the standard
/// deviations as a share of the first row's. Beside them the words for what the shares are of.
fn entropy_shares(run: &Evidence<'_>) -> Option<(Vec<f64>, String)> {
    let entropies = run.column("entropy");
    match run.action()? {
        Space::Discrete(space) => {
            let most = (space.n() as f64).ln();
            let shares = entropies.iter().map(|entropy| entropy / most);
            Some((
                shares.collect(),
                format!("of {} for equal chances", shown(most)),
            ))
        }
        Space::Box(space) => {
            let first = *entropies.first()?;
            let dim = space.low().len() as f64;
            let shares = entropies
                .iter()
                .map(|entropy| ((entropy - first) / dim).exp());
            Some((shares.collect(), format!("{} at the start", shown(first))))
        }
    }
}

/// Steps of the policy that leave the region in which the surrogate loss says something.
pub const STEPS_TOO_LARGE: Rule = Rule {
    name: "steps-too-large",
    quantity: "median of `kl`, or `approx_kl`, in nats",
    threshold: 0.05,
    source: "five times the limit of Schulman et al. 2015; measured: 0.01 at most in the presets for CartPole, Acrobot and Pendulum",
    find: |run, threshold| {
        let (metric, measured) = ["approx_kl", "kl"]
            .iter()
            .find_map(|metric| Some((*metric, median(&run.all(metric))?)))?;
        (measured > threshold).then(|| Sign {
            measured,
            message: format!(
                "Half of the updates change the policy by {} nats ({metric}) or more: its steps are too \
                 large for what they were computed from.",
                shown(measured)
            ),
            tries: smaller_steps(run),
        })
    },
};

/// Ratios that are clipped so often that most of the experience teaches nothing.
pub const CLIPPED_TOO_OFTEN: Rule = Rule {
    name: "clipped-too-often",
    quantity: "median of `clip_fraction`",
    threshold: 0.4,
    source: "measured: 0.1 at most in the presets for CartPole, Acrobot and Pendulum",
    find: |run, threshold| {
        let measured = median(&run.all("clip_fraction"))?;
        (measured > threshold).then(|| Sign {
            measured,
            message: format!(
                "In half of the updates {:.0} % of the ratios or more are out of the clip range: most of \
                 the experience teaches nothing.",
                100.0 * measured
            ),
            tries: smaller_steps(run),
        })
    },
};

/// Options that make the steps of the policy smaller.
fn smaller_steps(run: &Evidence<'_>) -> Vec<String> {
    let epochs = run.number("epochs").filter(|epochs| *epochs > 4.0);
    let fewer = epochs.map(|epochs| option("epochs", (epochs / 2.0).floor()));
    let tries = [
        run.scaled("learning_rate", 0.3),
        run.scaled("target_kl", 0.3),
        fewer,
    ];
    tries.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn entropy_that_falls_for_good_is_found_where_it_fell() {
        let falls: fn(usize) -> f64 = |row| if row < 12 { 0.6 } else { 0.001 };
        let finding = found(&ENTROPY_COLLAPSED, "", &[("entropy", falls)]).unwrap();
        assert!(
            finding
                .message
                .contains("0.001 nats at update 13, of 0.693"),
            "{finding:?}"
        );
        assert_eq!(
            finding.tries,
            ["--entropy-coefficient 0.01", "--learning-rate 0.003"]
        );
        let comes_back: fn(usize) -> f64 = |row| if row == 12 { 0.001 } else { 0.6 };
        assert_eq!(
            found(&ENTROPY_COLLAPSED, "", &[("entropy", comes_back)]),
            None
        );
    }

    #[test]
    fn the_entropy_of_a_box_is_compared_with_that_of_the_start() {
        let falls: fn(usize) -> f64 = |row| 1.4 - 0.15 * row as f64;
        let config = "env = 'pendulum'";
        let finding = found(&ENTROPY_COLLAPSED, config, &[("entropy", falls)]).unwrap();
        // σ is at 2 % after ln 50 = 3.91 nats, in the row 27.
        assert!(finding.message.contains("update 28"), "{finding:?}");
        let slow: fn(usize) -> f64 = |row| 1.4 - 0.05 * row as f64;
        assert_eq!(
            found(&ENTROPY_COLLAPSED, config, &[("entropy", slow)]),
            None
        );
    }

    #[test]
    fn steps_are_judged_by_the_median_of_their_divergence() {
        let outliers: fn(usize) -> f64 = |row| if row < 15 { 9.0 } else { 0.01 };
        let large: fn(usize) -> f64 = |row| if row < 25 { 0.2 } else { 0.01 };
        assert_eq!(found(&STEPS_TOO_LARGE, "", &[("kl", outliers)]), None);
        for metric in ["kl", "approx_kl"] {
            let finding = found(&STEPS_TOO_LARGE, "epochs = 10", &[(metric, large)]).unwrap();
            assert_eq!(finding.measured, 0.2);
            assert_eq!(finding.tries, ["--learning-rate 0.003", "--epochs 5"]);
        }
        assert_eq!(
            found(&CLIPPED_TOO_OFTEN, "", &[("clip_fraction", large)]),
            None
        );
        assert!(found(&CLIPPED_TOO_OFTEN, "", &[("clip_fraction", |_| 0.5)]).is_some());
    }
}
