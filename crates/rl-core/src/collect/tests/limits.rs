//! Tests of what is refused, by size, by kind or by length.

use super::*;
use crate::{BoxSpace, LONGEST_EPISODE, play_episode};

/// Never ends; its observation can be made NaN from a step on.
#[derive(Clone, Debug)]
struct Endless {
    step: usize,
    nan_at: usize,
    dim: usize,
}

impl Endless {
    fn new() -> Self {
        Self {
            step: 0,
            nan_at: usize::MAX,
            dim: 2,
        }
    }

    fn observe(&self) -> Vec<f32> {
        let x = if self.step == self.nan_at {
            f32::NAN
        } else {
            self.step as f32
        };
        vec![x; self.dim]
    }
}

impl Environment for Endless {
    type Observation = Vec<f32>;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::Box(BoxSpace::unbounded(self.dim))
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<Vec<f32>, EnvironmentError> {
        self.step = 0;
        Ok(self.observe())
    }

    fn step(
        &mut self,
        _action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<Vec<f32>>, EnvironmentError> {
        self.step += 1;
        Ok(Step {
            observation: self.observe(),
            reward: 0.0,
            status: Status::Running,
        })
    }
}

#[test]
fn an_episode_that_never_ends_is_an_error_with_the_limit() {
    let short = CollectConfig {
        longest_episode: 50,
        ..CollectConfig::new(Endless::new).environments(2).seed(7)
    };
    let mut episodes = Episodes::new(short, 10).unwrap();
    let error = episodes.collect(&policy(), 10).unwrap_err();
    let expected = CollectError::Endless {
        environment: 0,
        seed: 7,
        steps: 50,
    };
    assert_eq!(error, expected);
    // An episode may have as many steps as that.
    let enough = CollectConfig {
        longest_episode: 20,
        ..config(3, 1)
    };
    let mut whole = Episodes::new(enough, 4000).unwrap();
    let batch = whole.collect(&policy(), 4000).unwrap();
    assert!(batch.episodes.iter().any(|episode| episode.length == 20));

    let [mut resets, mut actions] = [0, 1].map(Stream::from_seed);
    let played = run_episode(
        &mut Endless::new(),
        &mut policy(),
        &mut resets,
        &mut actions,
    );
    let steps = LONGEST_EPISODE;
    assert_eq!(played, Err(EnvironmentError::Endless { steps }));
}

#[test]
fn a_number_that_is_not_finite_ends_a_played_episode_with_its_place() {
    let play = |environment: &mut Endless, policy: &mut dyn Policy| {
        let [mut resets, mut actions] = [0, 1].map(Stream::from_seed);
        let visit = |_: &Endless, _: crate::EpisodeEvent<'_>| Ok::<_, EnvironmentError>(());
        let played = play_episode(environment, policy, &mut resets, &mut actions, visit);
        played.unwrap_err().to_string()
    };
    let mut nan = Endless {
        nan_at: 3,
        ..Endless::new()
    };
    let message = play(&mut nan, &mut policy());
    let expected = "step 2 of the episode: observation[0] = NaN is not a finite number";
    assert_eq!(message, expected);
    let message = play(&mut Endless::new(), &mut Listed([0.0, f32::NAN, 0.0]));
    let expected = "step 1 of the episode: the policy's action[0] = NaN is not a finite number";
    assert_eq!(message, expected);
}

#[test]
fn environments_of_different_kinds_are_refused_with_the_spaces_of_both() {
    for (threads, group_size) in [(1, 1), (3, 1), (1, 3)] {
        let made = Arc::new(AtomicUsize::new(0));
        let source = move || Endless {
            // The fourth that is made, whoever makes the first for its spaces.
            dim: if made.fetch_add(1, Ordering::Relaxed) < 3 {
                2
            } else {
                4
            },
            ..Endless::new()
        };
        let config = CollectConfig {
            group_size,
            threads: Threads::new(threads).unwrap(),
            ..CollectConfig::new(source).environments(6)
        };
        let error = Rollouts::<RandomPolicy>::new(config, 5).err().unwrap();
        let message = error.to_string();
        assert!(matches!(error, CollectError::Make(_)), "{message}");
        for space in [2, 4].map(Space::unbounded) {
            assert!(message.contains(&space.to_string()), "{message}");
        }
    }
}

#[test]
fn sizes_beyond_numbers_are_refused_by_every_interaction() {
    let refused = |error: Option<CollectError>| {
        let message = error.unwrap().to_string();
        assert!(message.contains("at most"), "{message}");
    };
    for steps in [1 << 61, usize::MAX] {
        refused(Rollouts::<RandomPolicy>::new(config(8, 1), steps).err());
        refused(Episodes::<RandomPolicy>::new(config(8, 1), steps).err());
        let mut rollouts = Rollouts::new(config(8, 1), 5).unwrap();
        refused(rollouts.collect(&policy(), steps).err());
        refused(episodes(8, 1, 5).collect(&policy(), steps).err());
    }
    for environments in [1 << 17, usize::MAX] {
        refused(Rollouts::<RandomPolicy>::new(config(environments, 1), 5).err());
    }
}

#[test]
fn memory_that_a_batch_already_has_is_not_looked_for_again() {
    let mut rollouts = Rollouts::new(config(8, 1), 5).unwrap();
    assert_eq!(rollouts.members.most_steps, 5);
    rollouts.collect(&policy(), 70).unwrap();
    rollouts.collect(&policy(), 3).unwrap();
    assert_eq!(rollouts.members.most_steps, 70);
    // As if such a batch were there, whatever else takes up the machine by now.
    let more = 1 << 61;
    assert!(rollouts.members.check_size(more).is_err());
    rollouts.members.most_steps = more;
    assert_eq!(rollouts.members.check_size(more), Ok(()));
    let mut episodes = episodes(8, 1, 5);
    episodes.collect(&policy(), 400).unwrap();
    assert_eq!(episodes.members.most_steps, 50);
}

#[test]
fn an_episode_of_no_steps_is_no_limit() {
    let config = CollectConfig {
        longest_episode: 0,
        ..config(1, 1)
    };
    let error = Episodes::<RandomPolicy>::new(config, 5).err().unwrap();
    assert_eq!(
        error.to_string(),
        "longest_episode = 0 is out of range: allowed is at least 1"
    );
}

#[test]
fn a_reward_scale_that_is_zero_or_infinite_in_32_bits_is_refused() {
    for reward_scale in [0.0, 1e-300, 1e300, f64::NAN, f64::INFINITY] {
        let mut scaled = config(1, 1);
        scaled.transform.reward_scale = reward_scale;
        let error = Rollouts::<RandomPolicy>::new(scaled, 5).err().unwrap();
        assert!(error.to_string().starts_with("reward_scale = "), "{error}");
    }
}

/// Draws at every step, and ends after as many steps as its actions say.
#[derive(Clone, Debug, Default)]
struct Noisy {
    at: f32,
    left: usize,
}

impl Environment for Noisy {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        (self.at, self.left) = (rng.next_f64() as f32, 6);
        Ok([self.at])
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        self.left = self.left.saturating_sub(*action);
        self.at += rng.next_f64() as f32;
        Ok(Step {
            observation: [self.at],
            reward: 1.0,
            status: if self.left == 0 {
                Status::Terminated
            } else {
                Status::Running
            },
        })
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        Some(vec![self.at.into(), self.left as f64])
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        (self.at, self.left) = (state[0] as f32, state[1] as usize);
        Ok(())
    }
}

#[test]
fn every_episode_of_a_group_starts_alike_however_much_its_members_draw() {
    let config = CollectConfig {
        group_size: 2,
        ..CollectConfig::new(Noisy::default).environments(4).seed(3)
    };
    let mut episodes = Episodes::new(config, 400).unwrap();
    let mut earlier = Vec::new();
    for _ in 0..3 {
        let batch = episodes.collect(&policy(), 400).unwrap();
        // Of 400 steps by 4 environments, each takes its 100 in whole episodes.
        let (mut starts, mut steps) = (vec![Vec::new()], 0);
        for trajectory in batch.trajectories.iter() {
            if steps >= 100 {
                starts.push(Vec::new());
                steps = 0;
            }
            steps += trajectory.len();
            starts.last_mut().unwrap().push(trajectory.observations[0]);
        }
        let n = starts.iter().map(Vec::len).min().unwrap();
        assert!(n > 10);
        assert_eq!(starts[0][..n], starts[1][..n]);
        assert_eq!(starts[2][..n], starts[3][..n]);
        assert_ne!(starts[0][..n], starts[2][..n]);
        assert_ne!(starts[0][..n], earlier, "a collection has its own episodes");
        earlier = starts[0][..n].to_vec();
    }
}
