//! Claims about the presets.

use std::ops::Range;

use rl_train::{Registry, UsageError};

/// Seeds that settings are chosen on.
const TUNING_SEEDS: Range<u64> = 0..100;

/// Seeds that claims are made on: no setting was chosen on them.
pub const CLAIM_SEEDS: Range<u64> = 200..300;

/// Claim about the runs of a preset. The score of a run is the mean return of 100 episodes of its
/// final policy's likeliest actions, or their exact expected return where that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// The environment, that of the preset.
    pub env: &'static str,
    /// The algorithm, that of the preset.
    pub algo: &'static str,
    /// The preset.
    pub preset: &'static str,
    /// Environment steps after which no update of a run may start.
    pub budget: u64,
    /// Score at which a run counts as one that got there.
    pub threshold: f64,
    /// Least share of the runs that reach the threshold, in per cent.
    pub percent: usize,
    /// Least interquartile mean of the scores.
    pub iqm: f64,
    /// Least score of the worst run.
    pub worst: f64,
}

/// The environment of a claim, its algorithm and the preset.
type Subject = (&'static str, &'static str, &'static str);

/// Claim of `budget` steps: `percent` of the runs reach `threshold`.
const fn claim(subject: Subject, budget: u64, percent: usize, threshold: f64, iqm: f64) -> Claim {
    Claim {
        env: subject.0,
        algo: subject.1,
        preset: subject.2,
        budget,
        threshold,
        percent,
        iqm,
        worst: if percent == 100 {
            threshold
        } else {
            f64::NEG_INFINITY
        },
    }
}

/// Claim that half of the runs, and their interquartile mean, reach `score` within `budget` steps.
const fn of_typical_run(
    env: &'static str,
    algo: &'static str,
    preset: &'static str,
    budget: u64,
    score: f64,
) -> Claim {
    claim((env, algo, preset), budget, 50, score, score)
}

/// Every claim, in the order of the report.
pub const CLAIMS: &[Claim] = &[
    claim(("cartpole", "vpg", "cartpole"), 500_000, 100, 475.0, 500.0),
    Claim {
        worst: 490.0,
        ..claim(
            ("cartpole", "vpg", "cartpole-gae"),
            100_000,
            100,
            475.0,
            500.0,
        )
    },
    claim(
        ("cartpole", "vpg", "cartpole-vpg"),
        200_000,
        98,
        475.0,
        499.0,
    ),
    claim(
        ("cartpole", "reinforce", "cartpole-reinforce"),
        200_000,
        99,
        475.0,
        499.0,
    ),
    claim(
        ("cartpole", "a2c", "cartpole-a2c"),
        300_000,
        99,
        475.0,
        499.0,
    ),
    claim(
        ("cartpole", "a3c", "cartpole-a3c"),
        300_000,
        95,
        475.0,
        499.0,
    ),
    claim(
        ("cartpole", "trpo", "cartpole-trpo"),
        100_000,
        99,
        475.0,
        499.0,
    ),
    claim(
        ("cartpole", "ppo", "cartpole-ppo"),
        100_000,
        99,
        475.0,
        499.0,
    ),
    claim(
        ("acrobot", "ppo", "acrobot-ppo"),
        500_000,
        99,
        -100.0,
        -78.0,
    ),
    claim(
        ("mountain-car", "ppo", "mountain-car-ppo"),
        1_000_000,
        100,
        -110.0,
        -99.0,
    ),
    claim(
        (
            "mountain-car-continuous",
            "ppo",
            "mountain-car-continuous-ppo",
        ),
        100_000,
        100,
        90.0,
        95.5,
    ),
    claim(
        ("pendulum", "ppo", "pendulum-ppo"),
        200_000,
        100,
        -170.0,
        -149.0,
    ),
    claim(
        ("lunar-lander", "ppo", "lunar-lander-ppo"),
        1_000_000,
        99,
        200.0,
        272.0,
    ),
    claim(
        (
            "lunar-lander-continuous",
            "ppo",
            "lunar-lander-continuous-ppo",
        ),
        1_000_000,
        98,
        200.0,
        271.0,
    ),
    claim(
        ("lunar-lander", "a2c", "lunar-lander-a2c"),
        1_000_000,
        95,
        156.0,
        220.0,
    ),
    claim(
        ("cartpole", "dqn", "cartpole-dqn"),
        50_000,
        95,
        475.0,
        500.0,
    ),
    claim(
        ("cartpole", "pqn", "cartpole-pqn"),
        500_000,
        99,
        475.0,
        500.0,
    ),
    claim(
        ("acrobot", "dqn", "acrobot-dqn"),
        100_000,
        95,
        -100.0,
        -75.0,
    ),
    claim(
        ("mountain-car", "dqn", "mountain-car-dqn"),
        120_000,
        95,
        -120.0,
        -105.0,
    ),
    claim(
        ("lunar-lander", "dqn", "lunar-lander-dqn"),
        300_000,
        90,
        200.0,
        266.0,
    ),
    claim(
        ("lunar-lander", "pqn", "lunar-lander-pqn"),
        1_000_000,
        90,
        200.0,
        240.0,
    ),
    claim(
        ("frozen-lake", "q-learning", "frozen-lake-q"),
        200_000,
        95,
        0.7218,
        0.7367,
    ),
    claim(
        ("frozen-lake-8x8", "q-learning", "frozen-lake-8x8-q"),
        1_000_000,
        95,
        0.85,
        0.895,
    ),
    claim(
        ("cliff-walking", "q-learning", "cliff-walking-q"),
        50_000,
        95,
        -13.0,
        -13.0,
    ),
    claim(
        ("cliff-walking", "sarsa", "cliff-walking-sarsa"),
        50_000,
        95,
        -17.0,
        -17.0,
    ),
    claim(("taxi", "q-learning", "taxi-q"), 200_000, 95, 7.69, 7.85),
    of_typical_run("half-cheetah", "ppo", "half-cheetah-ppo", 1_000_000, 4500.0),
    of_typical_run(
        "half-cheetah",
        "ppo",
        "half-cheetah-ppo-3m",
        3_000_000,
        6500.0,
    ),
    of_typical_run(
        "half-cheetah",
        "trpo",
        "half-cheetah-trpo",
        1_000_000,
        3000.0,
    ),
    of_typical_run("half-cheetah", "vpg", "half-cheetah-vpg", 3_000_000, 1000.0),
    of_typical_run("hopper", "ppo", "hopper-ppo", 1_000_000, 2500.0),
    of_typical_run("walker2d", "ppo", "walker2d-ppo", 1_000_000, 3000.0),
];

/// Note on seeds that settings were chosen on, if there are such.
pub fn tuning_note(seeds: &Range<u64>) -> Option<String> {
    let Range { start, end } = TUNING_SEEDS;
    (seeds.start < end).then(|| {
        format!(
            "Settings were chosen on the seeds {start} to {}: what runs on them show is no evidence.",
            end - 1
        )
    })
}

impl Claim {
    /// Name of the directory of its run with a seed.
    pub(super) fn run_name(&self, seed: u64) -> String {
        format!("{}-seed{seed}", self.preset)
    }

    /// The claims about the environments of a registry: about one of them, an algorithm, both, or all.
    ///
    /// # Errors
    /// [`UsageError`] that names what there is, if there is none.
    pub fn select(
        registry: &Registry,
        env: Option<&str>,
        algo: Option<&str>,
    ) -> Result<Vec<&'static Self>, UsageError> {
        let known = |claim: &&Self| registry.find_environment(claim.env).is_some();
        let known: Vec<&Self> = CLAIMS.iter().filter(known).collect();
        let asked = |claim: &&Self| {
            env.is_none_or(|env| claim.env == env) && algo.is_none_or(|algo| claim.algo == algo)
        };
        let claims: Vec<&Self> = known.iter().copied().filter(asked).collect();
        if !claims.is_empty() {
            return Ok(claims);
        }
        let filters = [
            env.map(|env| format!("--env {env}")),
            algo.map(|algo| format!("--algo {algo}")),
        ];
        let filters: Vec<String> = filters.into_iter().flatten().collect();
        let all: Vec<String> = known.into_iter().map(Self::name).collect();
        Err(UsageError(format!(
            "nothing is claimed with {}. There is: {}",
            filters.join(" "),
            all.join(", ")
        )))
    }

    /// Environment, algorithm and preset, as a message names them.
    pub fn name(&self) -> String {
        format!("{} by {} (preset {})", self.env, self.algo, self.preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_train::{Layers, Origin};

    #[test]
    fn every_claim_is_about_the_environment_and_the_algorithm_of_a_preset() {
        let registry = Registry::default();
        for claim in Claim::select(&registry, None, None).unwrap() {
            let mut layers = Layers::new(&registry);
            let origin = Origin::Flag("--preset".into());
            layers.set("preset", claim.preset, &origin).unwrap();
            let config = layers.finish().unwrap();
            let run = (config.run.env.as_str(), config.run.algo.as_str());
            assert_eq!(run, (claim.env, claim.algo), "{}", claim.name());
            if let Some(steps) = config.run.steps {
                assert!(steps <= claim.budget, "{}", claim.name());
            }
        }
    }

    #[test]
    fn claims_are_made_on_seeds_that_no_setting_was_chosen_on() {
        assert_eq!(tuning_note(&CLAIM_SEEDS), None);
        assert_eq!((TUNING_SEEDS, CLAIM_SEEDS), (0..100, 200..300));
        for seeds in [0..10, 99..200] {
            assert!(tuning_note(&seeds).unwrap().contains("the seeds 0 to 99"));
        }
    }

    #[test]
    fn no_preset_has_two_claims() {
        for (i, claim) in CLAIMS.iter().enumerate() {
            let earlier = CLAIMS[..i].iter().map(|claim| claim.preset);
            assert!(!earlier.into_iter().any(|preset| preset == claim.preset));
        }
    }

    #[test]
    fn claims_are_selected_by_environment_and_algorithm() {
        let select = |env, algo| Claim::select(&Registry::default(), env, algo);
        for claim in select(None, None).unwrap() {
            let selected = select(Some(claim.env), Some(claim.algo)).unwrap();
            assert!(selected.contains(&claim));
            assert!(selected.iter().all(|other| other.env == claim.env));
        }
        let UsageError(message) = select(Some("cartpole"), Some("none")).unwrap_err();
        for word in ["--env cartpole --algo none", "cartpole by vpg"] {
            assert!(message.contains(word), "{message}");
        }
    }
}
