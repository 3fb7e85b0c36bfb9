//! Tests of the discounted return that rewards are normalised by.

use super::*;

/// Rewards count up; the first episode that is played fails at its third step.
#[derive(Clone, Debug, Default)]
struct Unreliable {
    countdown: Countdown,
    has_failed: bool,
}

impl Environment for Unreliable {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        self.countdown.observation_space()
    }

    fn action_space(&self) -> Space {
        self.countdown.action_space()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        self.countdown.reset(rng)?;
        self.countdown.left += 3;
        Ok([self.countdown.left as f32])
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        if self.countdown.step == 2 && !std::mem::replace(&mut self.has_failed, true) {
            return Err(EnvironmentError::own("it broke"));
        }
        self.countdown.step(action, rng)
    }
}

fn normalizing() -> CollectConfig {
    let mut config = CollectConfig {
        gamma: 0.9,
        ..config(3, 1)
    };
    config.transform.normalize_rewards = true;
    config
}

/// Count, mean and variance of the discounted returns after each step, with rewards 1, 2, … in each
/// episode: plain sums over episodes of these lengths, the last of which need not have ended.
fn expected(lengths: impl IntoIterator<Item = usize>) -> [f64; 3] {
    let mut returns = Vec::new();
    for length in lengths {
        let mut discounted = 0.0;
        for step in 1..=length {
            discounted = 0.9 * discounted + step as f64;
            returns.push(discounted);
        }
    }
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let variance = returns.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    [n, mean, variance]
}

fn assert_moments<P>(members: &crate::collect::members::Members<P>, expected: [f64; 3]) {
    let mut state = Snapshot::default();
    members.save(&mut state);
    for (name, expected) in ["count", "mean", "variance"].into_iter().zip(expected) {
        let mut found = [0.0];
        let name = format!("transform.returns.{name}");
        state.f64s(&name, &mut found).unwrap();
        let close = (found[0] - expected).abs() <= 1e-9 * expected;
        assert!(close, "{name}: {} is not {expected}", found[0]);
    }
}

/// The lengths of all episodes of a rollout, the unfinished ones among them.
fn lengths(rollout: &Rollout) -> Vec<usize> {
    let mut lengths = Vec::new();
    for i in 0..rollout.environments() {
        let view = rollout.environment_range(i..i + 1);
        let mut length = 0;
        for status in view.statuses() {
            length += 1;
            if !status.continues() {
                lengths.push(std::mem::take(&mut length));
            }
        }
        lengths.push(length);
    }
    lengths
}

#[test]
fn the_discounted_return_begins_anew_with_every_episode() {
    let mut episodes = Episodes::new(normalizing(), 300).unwrap();
    let batch = episodes.collect(&policy(), 300).unwrap();
    let lengths_of_episodes: Vec<usize> = batch.episodes.iter().map(|e| e.length).collect();
    assert_moments(&episodes.members, expected(lengths_of_episodes));

    let mut rollouts = Rollouts::new(normalizing(), 100).unwrap();
    let batch = rollouts.collect(&policy(), 100).unwrap();
    let of_rollout = lengths(&batch.rollout);
    assert_moments(&rollouts.members, expected(of_rollout));
}

#[test]
fn the_discounted_return_begins_anew_after_a_failure() {
    let config = CollectConfig {
        source: Arc::new(Unreliable::default),
        ..normalizing()
    };
    let mut rollouts = Rollouts::new(config, 50).unwrap();
    let error = rollouts.collect(&policy(), 50).unwrap_err();
    assert!(error.to_string().contains("it broke"), "{error}");
    let batch = rollouts.collect(&policy(), 50).unwrap();
    let of_rollout = lengths(&batch.rollout);
    assert_moments(&rollouts.members, expected(of_rollout));
}
