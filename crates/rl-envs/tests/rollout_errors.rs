//! Rollouts with actions and rewards that are out of bounds, or not finite, and environments that
//! fail.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::vec::IntoIter;

use rl_core::collect::{CollectError, RolloutBatch};
use rl_core::{
    CollectConfig, Environment, EnvironmentError, Episodes, Policy, Rollouts, Space, Status, Step,
    Stream, Threads,
};
use rl_envs::{CartPole, EnvironmentId};

/// A reward that is not finite.
const INFINITE: f32 = 2e9;
/// A failure of the environment.
const FAIL: f32 = 3e9;
/// An observation that is not finite.
const BLIND: f32 = 4e9;
/// The end of the episode.
const END: f32 = 5e9;
/// The end of the episode, with an observation that is not finite.
const BLIND_END: f32 = 6e9;
/// The end of the episode, and a failure of the reset after it.
const LAST_END: f32 = 7e9;

/// An environment that observes the step of the episode, is rewarded by the action unless that is
/// one of the above, and refuses actions beyond its bounds.
#[derive(Clone, Debug, Default)]
struct Strict {
    step: usize,
    last: bool,
}

impl Environment for Strict {
    type Observation = [f32; 1];
    type Action = [f32; 1];

    fn observation_space(&self) -> Space {
        Space::symmetric([1.0])
    }

    fn action_space(&self) -> Space {
        Space::within([(-1.0, f32::INFINITY)])
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        if std::mem::take(&mut self.last) {
            return Err(EnvironmentError::own("no reset"));
        }
        self.step = 0;
        Ok([0.0])
    }

    fn step(
        &mut self,
        action: &[f32; 1],
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        let space = self.action_space();
        if !space.contains(action) {
            return Err(EnvironmentError::outside(action, &space));
        }
        let action = action[0];
        if action == FAIL {
            return Err(EnvironmentError::own("no step"));
        }
        self.step += 1;
        self.last = action == LAST_END;
        Ok(Step {
            observation: if [BLIND, BLIND_END].contains(&action) {
                [f32::NAN]
            } else {
                [self.step as f32]
            },
            reward: match action {
                INFINITE => f64::INFINITY,
                1e9.. => 1.0,
                _ => action.into(),
            },
            status: if [END, BLIND_END, LAST_END].contains(&action) {
                Status::Terminated
            } else {
                Status::Running
            },
        })
    }
}

/// Takes its actions from a list, one for each environment of a step.
#[derive(Clone)]
struct Listed(IntoIter<f32>);

impl Policy for Listed {
    fn act(&mut self, _observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        actions.fill_with(|| self.0.next().unwrap());
    }
}

fn listed<const N: usize>(steps: &[[f32; N]]) -> Listed {
    Listed(steps.concat().into_iter())
}

fn config(environments: usize, seed: u64, threads: usize) -> CollectConfig {
    CollectConfig::new(Strict::default)
        .environments(environments)
        .seed(seed)
        .threads(Threads::new(threads).unwrap())
}

/// Rollouts of environments on a thread each, whose policy reads the whole list.
fn apart(environments: usize) -> Rollouts<Listed> {
    Rollouts::new(config(environments, 0, environments), 1).unwrap()
}

/// Rollouts of environments on one thread, whose policy reads an action for each of them.
fn together(environments: usize) -> Rollouts<Listed> {
    Rollouts::new(config(environments, 4, 1), 1).unwrap()
}

#[test]
fn an_action_is_clipped_for_the_environment_and_stored_as_it_was_drawn() {
    let mut rollouts = apart(1);
    let rollout = &rollouts
        .collect(&listed(&[[0.5], [-3.0], [7.0]]), 3)
        .unwrap()
        .rollout;
    assert_eq!(rollout.actions(), [0.5, -3.0, 7.0]);
    assert_eq!(rollout.rewards(), [0.5, -1.0, 7.0]);
}

#[test]
fn an_action_that_is_not_finite_is_refused_by_its_environment() {
    for (action, environments) in [(f32::NAN, 1), (f32::INFINITY, 2), (f32::NEG_INFINITY, 3)] {
        let mut rollouts = apart(environments);
        let error = rollouts
            .collect(&listed(&[[0.0], [action], [0.0]]), 3)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "environment 0 of the run with seed 0, step 1 of the episode: action [{action:?}] \
                 is outside the action space Box([-1, inf])"
            )
        );
    }
}

#[test]
fn a_reward_that_is_not_finite_is_an_error_with_its_place_and_its_environment_starts_anew() {
    let mut rollouts = apart(1);
    rollouts
        .collect(&listed(&[[0.0], [END], [0.0]]), 3)
        .unwrap();
    assert_eq!(
        rollouts.collect(&listed(&[[0.0], [0.0], [INFINITE]]), 3),
        Err(CollectError::NonFinite {
            environment: 0,
            seed: 0,
            // The third of this rollout, and the fourth of the episode.
            step: 3,
            quantity: "reward".into(),
            value: f64::INFINITY,
        })
    );
    let rollout = &rollouts
        .collect(&listed(&[[0.0], [0.0]]), 2)
        .unwrap()
        .rollout;
    assert_eq!(
        rollout.observations(),
        [0.0, 1.0],
        "the first is that of a reset"
    );
    let rollout = &rollouts
        .collect(&listed(&[[0.0], [0.0]]), 2)
        .unwrap()
        .rollout;
    assert_eq!(rollout.observations(), [2.0, 3.0]);
}

/// Observations of three environments in two steps.
fn observations(rollouts: &mut Rollouts<Listed>) -> [[f32; 2]; 3] {
    let batch = rollouts.collect(&listed(&[[0.0; 3]; 2]), 2).unwrap();
    let (rows, rest) = batch.rollout.observations().as_chunks();
    assert_eq!((rows.len(), rest), (3, &[][..]));
    [rows[0], rows[1], rows[2]]
}

#[test]
fn after_an_error_the_other_environments_go_on_and_the_failed_one_starts_anew() {
    for (action, moved) in [
        (f32::NAN, false),
        (FAIL, true),
        (BLIND, true),
        (INFINITE, true),
        (BLIND_END, true),
        (LAST_END, true),
    ] {
        let mut rollouts = together(3);
        rollouts.collect(&listed(&[[0.0; 3]; 2]), 2).unwrap();
        let actions = [[0.0, 0.0, END], [0.0, action, END], [0.0; 3]];
        let error = rollouts.collect(&listed(&actions), 3).unwrap_err();
        let place = "environment 1 of the run with seed 4, step 3 of the episode: ";
        assert!(error.to_string().starts_with(place), "{error}");

        // A refused action moves nobody.
        let step = 3.0 + f32::from(u8::from(moved));
        let expected = [[step, step + 1.0], [0.0, 1.0], [0.0, 1.0]];
        assert_eq!(observations(&mut rollouts), expected, "{action}");

        // Their steps are counted as they were taken.
        for (environment, step) in [(2, 2), (0, step as usize + 3)] {
            let mut actions = [0.0; 3];
            actions[environment] = FAIL;
            let error = rollouts.collect(&listed(&[actions]), 1).unwrap_err();
            let place = format!("environment {environment} of the run with seed 4, step {step} ");
            assert!(error.to_string().starts_with(&place), "{error}");
        }
        let expected = [[0.0, 1.0], [4.0, 5.0], [1.0, 2.0]];
        assert_eq!(observations(&mut rollouts), expected, "{action}");
    }
}

#[test]
fn environments_that_fail_at_the_same_time_all_start_anew() {
    for actions in [
        [FAIL, 0.0, FAIL],
        [INFINITE, 0.0, BLIND],
        [BLIND_END, 0.0, FAIL],
        [LAST_END, 0.0, LAST_END],
    ] {
        let mut rollouts = together(3);
        let error = rollouts
            .collect(&listed(&[[0.0; 3], actions]), 2)
            .unwrap_err();
        assert!(error.to_string().contains("step 1 of"), "{error}");
        let expected = [[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]];
        assert_eq!(observations(&mut rollouts), expected, "{actions:?}");
    }
}

/// Draws actions of every kind.
#[derive(Clone)]
struct Failing;

impl Policy for Failing {
    fn act(&mut self, _observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        let failures = [
            INFINITE,
            f32::NAN,
            FAIL,
            BLIND,
            BLIND_END,
            LAST_END,
            END,
            END,
        ];
        for (rng, action) in rngs.iter_mut().zip(actions) {
            *action = *failures.get(rng.below(16)).unwrap_or(&0.0);
        }
    }
}

#[test]
fn the_first_error_in_time_is_returned_whatever_the_number_of_threads() {
    const ENVIRONMENTS: usize = 5;
    let mut errors = Vec::new();
    for seed in 0..400 {
        let [one, two, three] = [1, 2, 3].map(|threads| {
            let config = || config(ENVIRONMENTS, seed, threads);
            let mut rollouts = Rollouts::new(config(), 100).unwrap();
            let mut episodes = Episodes::new(config(), 500).unwrap();
            [
                rollouts.collect(&Failing, 100).unwrap_err().to_string(),
                episodes.collect(&Failing, 500).unwrap_err().to_string(),
            ]
        });
        assert_eq!((&two, &three), (&one, &one), "seed {seed}");
        errors.extend(one);
    }
    let kinds = [
        "reward inf is not a finite",
        "outside the action space",
        "no step",
        "no reset",
        "observation[0] = NaN",
    ];
    for kind in kinds {
        for environment in 0..ENVIRONMENTS {
            let place = format!("environment {environment} ");
            assert!(
                errors
                    .iter()
                    .any(|error| error.starts_with(&place) && error.contains(kind)),
                "{place}, {kind}"
            );
        }
    }
}

#[test]
fn nothing_to_collect_is_an_error() {
    let none = CollectConfig::new(EnvironmentId::CartPole).environments(0);
    let refused = Rollouts::<Listed>::new(none.threads(Threads::new(2).unwrap()), 1);
    assert_eq!(refused.err(), Some(CollectError::NoEnvironment));
    let refused = Rollouts::<Listed>::new(CollectConfig::new(CartPole::v1), 0);
    assert_eq!(refused.err(), Some(CollectError::NoStep));
    let mut rollouts = apart(1);
    let empty = listed(&[[0.0; 0]]);
    assert_eq!(rollouts.collect(&empty, 0), Err(CollectError::NoStep));
    let RolloutBatch { rollout, episodes } = rollouts.batch();
    assert!(rollout.is_empty() && episodes.is_empty());

    let mut config = CollectConfig::new(EnvironmentId::CartPole).environments(2);
    config.transform.reward_scale = 0.0;
    let refused = Rollouts::<Listed>::new(config, 1).err();
    let key = match &refused {
        Some(CollectError::Config { key, .. }) => *key,
        _ => "",
    };
    assert_eq!(key, "reward_scale", "{refused:?}");
}
