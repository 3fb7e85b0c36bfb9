//! Transitions of rollouts in a buffer, against what the environments did.

use rl_core::{
    Acts, Budget, Clock, Environment, EnvironmentError, Rollouts, Space, Status, Step, Stream,
};
use rl_learn::{Algorithm, Setup};
use rl_value::DqnConfig;
use rl_value::replay::{Draw, Replay, Sample};

/// Episodes that say of themselves what follows: an observation is a number of the episode's own, the step and the length.
/// Even lengths end in a termination, odd ones in a truncation; the reward of a step is made of the step and the action.
#[derive(Default)]
struct Diary {
    own: f32,
    step: usize,
    length: usize,
}

impl Diary {
    fn observation(&self) -> [f32; 3] {
        [self.own, self.step as f32, self.length as f32]
    }
}

fn reward(step: f32, action: f32) -> f32 {
    10.0 * step + action
}

impl Environment for Diary {
    type Observation = [f32; 3];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(3)
    }

    fn action_space(&self) -> Space {
        Space::discrete(4)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 3], EnvironmentError> {
        let [own, length] = [1 << 20, 6].map(|n| rng.below(n));
        (self.own, self.step, self.length) = (own as f32, 0, 2 + length);
        Ok(self.observation())
    }

    fn step(
        &mut self,
        action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 3]>, EnvironmentError> {
        let reward = reward(self.step as f32, *action as f32);
        self.step += 1;
        Ok(Step {
            observation: self.observation(),
            reward: reward.into(),
            status: match (self.step == self.length, self.length % 2) {
                (true, 0) => Status::Terminated,
                (true, _) => Status::Truncated,
                _ => Status::Running,
            },
        })
    }
}

#[test]
fn transitions_of_rollouts_are_those_that_happened_with_the_final_observations_of_episodes() {
    const GAMMA: f64 = 0.5;
    let setup = Setup {
        environments: 3,
        ..Setup::new(Diary::default, Budget::Steps(1000)).unwrap()
    };
    let mut rollouts = Rollouts::new(setup.collection(1, GAMMA), 7).unwrap();
    let config = DqnConfig::default().validate(setup).unwrap();
    let (mut agent, _) = DqnConfig::build(&config).unwrap();
    // Actions are random until learning starts.
    let policy = agent.actor(0, &Clock::start(Budget::Steps(1000))).clone();
    let mut replay = Replay::new(300, 3, 3, 1).unwrap();
    for _ in 0..12 {
        replay.push_rollout(&rollouts.collect(&policy, 7).unwrap().rollout);
    }
    let mut sample = Sample::default();
    let draw = Draw {
        size: 3000,
        n_step: 1,
        gamma: GAMMA,
        beta: 0.0,
    };
    replay.sample(draw, &mut sample);
    let (mut terminated, mut truncated, mut actions) = (0, 0, [0; 4]);
    let rows = sample.observations.chunks_exact(3);
    for (row, (before, after)) in rows
        .zip(sample.next_observations.chunks_exact(3))
        .enumerate()
    {
        let (step, length, action) = (before[1], before[2], sample.actions[row]);
        assert_eq!(after, [before[0], step + 1.0, length]);
        assert_eq!(sample.rewards[row], reward(step, action));
        let is_last = step + 1.0 == length;
        let is_terminated = is_last && length % 2.0 == 0.0;
        assert_eq!(sample.discounts[row], if is_terminated { 0.0 } else { 0.5 });
        terminated += u32::from(is_terminated);
        truncated += u32::from(is_last && !is_terminated);
        actions[action as usize] += 1;
    }
    assert!(terminated > 100 && truncated > 100 && actions.iter().all(|&n| n > 100));
}
