//! Tests with several numbers per observation and action: each environment keeps to its own rows.

use super::resuming::Random;
use super::*;

const SEED: u64 = 7;

/// Shows a number drawn at the start of the episode, and its step; ends after 2 steps, terminated,
/// where that number is even, and after 3, truncated, where it is odd.
#[derive(Clone, Debug, Default)]
struct Wide {
    drawn: usize,
    step: usize,
    /// Quantity that is NaN, and the number and the step of its observation.
    trouble: Option<(Quantity, [usize; 2])>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantity {
    Observation,
    Reward,
    /// The end, which does not come.
    End,
}

impl Wide {
    fn is_nan(&self, quantity: Quantity) -> bool {
        self.trouble == Some((quantity, [self.drawn, self.step]))
    }

    fn observe(&self) -> [f32; 2] {
        let step = if self.is_nan(Quantity::Observation) {
            f32::NAN
        } else {
            self.step as f32
        };
        [self.drawn as f32, step]
    }
}

/// The reward for the action that repeats an observation.
fn reward(observation: &[f32]) -> f32 {
    8.0 * observation[0] + observation[1]
}

/// The status after the step that led to an observation.
fn status(observation: &[f32]) -> Status {
    match (observation[0] % 2.0, observation[1]) {
        (0.0, 2.0) => Status::Terminated,
        (1.0, 3.0) => Status::Truncated,
        _ => Status::Running,
    }
}

impl Environment for Wide {
    type Observation = [f32; 2];
    type Action = [f32; 2];

    fn observation_space(&self) -> Space {
        Space::unbounded(2)
    }

    fn action_space(&self) -> Space {
        Space::symmetric([1000.0; 2])
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 2], EnvironmentError> {
        (self.drawn, self.step) = (rng.below(1000), 0);
        Ok(self.observe())
    }

    fn step(
        &mut self,
        action: &[f32; 2],
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 2]>, EnvironmentError> {
        self.step += 1;
        Ok(Step {
            observation: self.observe(),
            reward: if self.is_nan(Quantity::Reward) {
                f64::NAN
            } else {
                reward(action).into()
            },
            status: match self.trouble {
                Some((Quantity::End, [drawn, _])) if drawn == self.drawn => Status::Running,
                _ => status(&[self.drawn as f32, self.step as f32]),
            },
        })
    }
}

/// Acts by what it sees.
#[derive(Clone)]
struct Repeat;

impl Policy for Repeat {
    fn act(&mut self, observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        actions.copy_from_slice(observations);
    }
}

/// Five environments.
fn config(threads: usize, trouble: Option<(Quantity, [usize; 2])>) -> CollectConfig {
    let source = move || Wide {
        trouble,
        ..Wide::default()
    };
    CollectConfig::new(source)
        .environments(5)
        .seed(SEED)
        .threads(Threads::new(threads).unwrap())
}

/// The numbers that an environment draws, one an episode.
fn drawn_by(environment: usize) -> impl Iterator<Item = usize> + Send {
    let mut rng = Stream::derive(SEED, Purpose::Environment, environment as u32);
    std::iter::repeat_with(move || rng.below(1000))
}

/// Follows the episodes of one environment.
struct Witness {
    drawn: Box<dyn Iterator<Item = f32> + Send>,
    /// What is to be seen next, and the episodes that ended before.
    next: [f32; 2],
    ended: usize,
}

impl Witness {
    fn new(environment: usize) -> Self {
        Self::after(0, environment)
    }

    /// The witness of an environment that has had some episodes.
    fn after(episodes: usize, environment: usize) -> Self {
        let drawn = drawn_by(environment).skip(episodes);
        let mut drawn = drawn.map(|drawn| drawn as f32);
        let next = [drawn.next().unwrap(), 0.0];
        Self {
            drawn: Box::new(drawn),
            next,
            ended: 0,
        }
    }

    /// Takes a step from what is to be seen; returns the final observation if it ends the episode.
    fn step(&mut self) -> Option<[f32; 2]> {
        self.next[1] += 1.0;
        let end = self.next;
        if status(&end) == Status::Running {
            return None;
        }
        self.ended += 1;
        self.next = [self.drawn.next().unwrap(), 0.0];
        Some(end)
    }
}

#[test]
fn each_environment_has_its_own_rows_of_a_rollout() {
    for threads in [1, 2] {
        let mut rollouts = Rollouts::new(config(threads, None), 7).unwrap();
        assert_eq!(rollouts.environments(), 5);
        let mut witnesses: Vec<_> = (0..5).map(Witness::new).collect();
        for _ in 0..2 {
            let rollout = &rollouts.collect(&Repeat, 7).unwrap().rollout;
            let (mut successors, mut followed) = (Vec::new(), Vec::new());
            for row in 0..35 {
                let witness = &mut witnesses[row / 7];
                let seen = &rollout.observations()[2 * row..][..2];
                assert_eq!(seen, witness.next, "row {row}");
                assert_eq!(&rollout.actions()[2 * row..][..2], seen);
                assert_eq!(rollout.rewards()[row], reward(seen));
                let end = witness.step();
                let expected = end.map_or(Status::Running, |end| status(&end));
                assert_eq!(rollout.statuses()[row], expected);
                let after = end.unwrap_or(witness.next);
                followed.extend(after);
                if end.is_some() || row % 7 == 6 {
                    successors.extend(after);
                }
            }
            assert_eq!(rollout.successors(), successors);

            // A row's next value is that of the observation after it.
            let values = |observations: &[f32]| -> Vec<f32> {
                observations
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|o| reward(o))
                    .collect()
            };
            let mut next_values = [f32::NAN; 35];
            let (now, later) = (values(rollout.observations()), values(&successors));
            rollout.view().next_values(&now, &later, &mut next_values);
            assert_eq!(next_values[..], values(&followed));
        }
    }
}

#[test]
fn each_environment_has_its_own_trajectories() {
    for threads in [1, 2] {
        let mut episodes = Episodes::new(config(threads, None), 60).unwrap();
        let batch = episodes.collect(&Repeat, 60).unwrap();
        let mut environment = 0;
        let mut witness = Witness::new(0);
        for trajectory in batch.trajectories.iter() {
            if trajectory.observations[..2] != witness.next {
                environment += 1;
                witness = Witness::new(environment);
            }
            for (t, seen) in trajectory
                .observations
                .as_chunks::<2>()
                .0
                .iter()
                .enumerate()
            {
                assert_eq!(seen, &witness.next);
                assert_eq!(&trajectory.actions[2 * t..][..2], seen);
                assert_eq!(trajectory.rewards[t], reward(seen));
                let end = witness.step();
                assert_eq!(end.is_some(), t + 1 == trajectory.len());
                assert!(end.is_none_or(|end| trajectory.final_observation == end));
            }
            assert_eq!(
                Status::from(trajectory.end),
                status(trajectory.final_observation)
            );
        }
        assert_eq!(environment, 4);
    }
}

/// Acts by what it sees, and holds all that it is told to what each environment does by itself.
struct Checking {
    witnesses: Vec<Witness>,
    /// Observation that the last action of each environment repeats.
    answered: Vec<[f32; 2]>,
    steps: u64,
}

impl Checking {
    fn new() -> Self {
        Self {
            witnesses: (0..5).map(Witness::new).collect(),
            answered: vec![[f32::NAN; 2]; 5],
            steps: 0,
        }
    }
}

impl State for Checking {
    fn save(&self, _out: &mut dyn StateWriter) {}

    fn load(&mut self, _from: &dyn StateReader) -> Result<(), StateError> {
        Ok(())
    }
}

impl Agent for Checking {
    type Policy = Random;

    fn policy(&self) -> Random {
        Random(RandomPolicy::new(Space::symmetric([1000.0; 2])))
    }
}

impl LearnsOnline for Checking {
    fn start(
        &mut self,
        lane: usize,
        observation: &[f32],
        _clock: &Clock,
        _rng: &mut Stream,
        action: &mut [f32],
    ) {
        assert_eq!(observation, self.witnesses[lane].next, "environment {lane}");
        assert_eq!(observation[1], 0.0, "an episode starts with its step 0");
        self.answered[lane] = [observation[0], observation[1]];
        action.copy_from_slice(observation);
    }

    fn step(
        &mut self,
        lane: usize,
        paid: f32,
        ended: Status,
        observation: &[f32],
        _clock: &Clock,
        _rng: &mut Stream,
        action: &mut [f32],
    ) -> Result<(), BoxError> {
        self.steps += 1;
        assert_eq!(paid, reward(&self.answered[lane]), "environment {lane}");
        let witness = &mut self.witnesses[lane];
        assert_eq!(self.answered[lane], witness.next, "environment {lane}");
        let expected = witness.step().unwrap_or(witness.next);
        assert_eq!(observation, expected, "environment {lane}");
        assert_eq!(ended, status(observation));
        self.answered[lane] = [observation[0], observation[1]];
        action.copy_from_slice(observation);
        Ok(())
    }

    fn report(&mut self, metrics: &mut Metrics) {
        metrics.put("steps", self.steps as f64);
    }
}

#[test]
fn an_agent_that_learns_at_every_step_is_told_what_each_environment_did() {
    let mut steps = Steps::new(config(1, None), 7).unwrap();
    let mut agent = Checking::new();
    let mut clock = Clock::start(Budget::Updates(2));
    let mut ended = 0;
    for update in 1..=2 {
        let mut metrics = Metrics::default();
        steps.update(&mut agent, &mut clock, &mut metrics).unwrap();
        assert_eq!(clock.env_steps, 35 * update);
        assert_eq!(metrics.get("steps"), Some(clock.env_steps as f64));
        let episodes = Interact::<Checking>::episodes(&steps);
        ended += episodes.len() as u64;
        assert!(
            episodes
                .iter()
                .all(|episode| matches!(episode.length, 2 | 3))
        );
        let all: usize = agent.witnesses.iter().map(|witness| witness.ended).sum();
        assert_eq!((clock.episodes, ended), (all as u64, all as u64));
    }
}

#[test]
fn a_number_that_is_not_finite_is_named_with_its_environment_its_step_and_its_index() {
    let drawn = drawn_by(3).next().unwrap();
    let last = 2 + drawn % 2;
    let observation = (Quantity::Observation, "observation[1] =");
    let reward = (Quantity::Reward, "reward");
    for ((quantity, name), at, step) in [
        (observation, 0, 0),
        (observation, 1, 0),
        (observation, 2, 1),
        (observation, last, last - 1),
        (reward, 1, 0),
        (reward, last, last - 1),
    ] {
        let expected = format!(
            "environment 3 of the run with seed 7, step {step} of the episode: {name} NaN is not a \
             finite 32-bit number"
        );
        let config = |threads| config(threads, Some((quantity, [drawn, at])));
        for threads in [1, 2, 5] {
            let mut rollouts = Rollouts::new(config(threads), 7).unwrap();
            let error = rollouts.collect(&Repeat, 7).unwrap_err();
            assert_eq!(error.to_string(), expected, "{threads} threads");
            let mut episodes = Episodes::new(config(threads), 60).unwrap();
            let error = episodes.collect(&Repeat, 60).unwrap_err();
            assert_eq!(error.to_string(), expected, "{threads} threads");
        }
        let mut steps = Steps::new(config(1), 7).unwrap();
        let mut clock = Clock::start(Budget::Updates(1));
        let mut agent = Checking::new();
        let error = steps.update(&mut agent, &mut clock, &mut Metrics::default());
        assert_eq!(error.unwrap_err().to_string(), expected);
        // Its next episode starts with an action of the agent's; the others go on. After an end the
        // batch has started one that nobody saw.
        let starts = 1 + usize::from(at == last);
        agent.witnesses[3] = Witness::after(starts, 3);
        let again = steps.update(&mut agent, &mut clock, &mut Metrics::default());
        assert!(again.is_ok(), "{again:?}");
    }
}

#[test]
fn an_episode_that_never_ends_is_named_with_its_environment() {
    let drawn = drawn_by(3).next().unwrap();
    for threads in [1, 2, 5] {
        let mut config = config(threads, Some((Quantity::End, [drawn, 0])));
        config.longest_episode = 30;
        let mut episodes = Episodes::new(config, 60).unwrap();
        let error = episodes.collect(&Repeat, 60).unwrap_err();
        let endless = CollectError::Endless {
            environment: 3,
            seed: SEED,
            steps: 30,
        };
        assert_eq!(error, endless, "{threads} threads");
    }
}
