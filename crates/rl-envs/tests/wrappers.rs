//! Wrappers around wrappers, from a registry's boxed environment to threads.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use allocation_counter::measure;
use rl_core::{
    Environment, EnvironmentError, EnvironmentSource, Episode, EpisodeEvent, FlatEnvironment,
    RandomPolicy, RunningMoments, Space, Status, Step, Stream, Threads, play_episode,
};
use rl_envs::conformance::{ConformanceConfig, check_environment};
use rl_envs::wrappers::{
    ClipAction, EpisodeStatistics, FrameSkip, NormalizeObservation, NormalizeReward, RescaleAction,
    Updating,
};
use rl_envs::{CartPole, EnvironmentId, TimeLimit};

/// CartPole with a force in [-1, 1], of which only the sign counts.
#[derive(Clone, Debug)]
struct SignOfForce(TimeLimit<CartPole>);

impl SignOfForce {
    fn new(limit: usize) -> Self {
        Self(TimeLimit::new(CartPole::new(), limit))
    }
}

impl Environment for SignOfForce {
    type Observation = [f32; 4];
    type Action = [f32; 1];

    fn observation_space(&self) -> Space {
        self.0.observation_space()
    }

    fn action_space(&self) -> Space {
        Space::symmetric([1.0])
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 4], EnvironmentError> {
        self.0.reset(rng)
    }

    fn step(
        &mut self,
        [force]: &[f32; 1],
        rng: &mut Stream,
    ) -> Result<Step<[f32; 4]>, EnvironmentError> {
        if !(-1.0..=1.0).contains(force) {
            let space = self.action_space();
            return Err(EnvironmentError::outside([force], &space));
        }
        self.0.step(&usize::from(*force > 0.0), rng)
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        self.0.save_state()
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.0.restore_state(state)
    }
}

type Wrapped = NormalizeObservation<
    NormalizeReward<
        ClipAction<RescaleAction<FrameSkip<EpisodeStatistics<Box<dyn FlatEnvironment>>>>>,
    >,
>;

/// Every wrapper, around a boxed environment whose episodes have at most `limit` steps.
fn wrapped(limit: usize) -> Wrapped {
    wrapped_and(limit, Updating::OnSynchronize)
}

fn wrapped_and(limit: usize, updating: Updating) -> Wrapped {
    let innermost: Box<dyn FlatEnvironment> = Box::new(SignOfForce::new(limit));
    let environment = EpisodeStatistics::new(innermost, 10).unwrap();
    let environment = FrameSkip::new(environment, 2).unwrap();
    let environment = RescaleAction::with_range(environment, -2.0, 2.0).unwrap();
    let environment = ClipAction::new(environment).unwrap();
    let environment = NormalizeReward::new(environment, 0.99, updating).unwrap();
    NormalizeObservation::new(environment, updating)
}

/// The statuses of an episode of pushes to the right, with a refused action before each of them.
fn statuses(environment: &mut impl FlatEnvironment) -> Vec<Status> {
    let mut rng = Stream::from_seed(0);
    let mut observation = [0.0; 4];
    environment.reset_into(&mut rng, &mut observation).unwrap();
    let mut statuses = vec![Status::Running];
    while statuses.last() == Some(&Status::Running) {
        let nan = environment.step_into(&[f32::NAN], &mut rng, &mut observation);
        assert!(matches!(
            nan,
            Err(EnvironmentError::ActionOutsideSpace { .. })
        ));
        let step = environment.step_into(&[1.0], &mut rng, &mut observation);
        statuses.push(step.unwrap().1);
    }
    let over = environment.step_into(&[1.0], &mut rng, &mut observation);
    assert_eq!(over, Err(EnvironmentError::EpisodeOver));
    statuses
}

#[test]
fn terminated_and_truncated_pass_through_every_wrapper() {
    for (limit, last) in [(500, Status::Terminated), (5, Status::Truncated)] {
        let bare = statuses(&mut SignOfForce::new(limit));
        let within = statuses(&mut wrapped(limit));
        assert_eq!((bare.last(), within.last()), (Some(&last), Some(&last)));
        // Each action is taken twice.
        assert_eq!(within.len() - 1, (bare.len() - 1).div_ceil(2));
    }
}

#[test]
fn all_wrappers_together_conform() {
    let report = check_environment(|| wrapped(30), &ConformanceConfig::default()).unwrap();
    assert!(report.restored > 0);
}

/// Knowledge of the wrappers: observation and reward statistics, and the finished episodes.
fn known(environment: &Wrapped) -> (RunningMoments, RunningMoments, Vec<Episode>) {
    let rewards = environment.inner();
    let episodes = rewards.inner().inner().inner().inner();
    (
        environment.statistics().clone(),
        rewards.statistics().clone(),
        episodes
            .running()
            .into_iter()
            .chain(episodes.finished())
            .collect(),
    )
}

#[test]
fn wrappers_are_saved_with_what_they_know() {
    for updating in [Updating::EveryStep, Updating::OnSynchronize] {
        let mut original = wrapped_and(30, updating);
        let mut restored = wrapped_and(30, updating);
        let (mut rng, mut action) = (Stream::from_seed(0), [0.0]);
        let space = original.spaces().action;
        let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
        original.reset_into(&mut rng, &mut a).unwrap();
        let (mut steps, mut twin_rng) = (0, rng.clone());
        while steps < 400 {
            if steps == 200 {
                restored
                    .restore_flat(&original.save_flat().unwrap())
                    .unwrap();
                assert_eq!(known(&restored), known(&original), "{updating:?}");
                twin_rng = rng.clone();
            }
            space.sample(&mut rng, &mut action);
            let step = original.step_into(&action, &mut rng, &mut a).unwrap();
            if steps >= 200 {
                space.sample(&mut twin_rng, &mut action);
                let twin = restored.step_into(&action, &mut twin_rng, &mut b).unwrap();
                assert_eq!((twin, b), (step, a), "{updating:?}, step {steps}");
            }
            if step.1 != Status::Running {
                original.reset_into(&mut rng, &mut a).unwrap();
                if steps >= 200 {
                    restored.reset_into(&mut twin_rng, &mut b).unwrap();
                }
            }
            steps += 1;
        }
        if updating == Updating::OnSynchronize {
            for environment in [&mut original, &mut restored] {
                NormalizeReward::synchronize([environment.inner_mut()]).unwrap();
                NormalizeObservation::synchronize([environment]).unwrap();
            }
            assert!(original.statistics().count() > 400.0);
        }
        assert_eq!(known(&restored), known(&original), "{updating:?}");
        assert!(known(&original).2.len() > 5);
    }
}

#[test]
fn no_wrapper_allocates_at_a_reset_or_a_step() {
    let mut environment = wrapped(500);
    let mut rng = Stream::from_seed(0);
    let mut observation = [0.0; 4];
    let mut steps = 0;
    let counted = measure(|| {
        // More episodes than the statistics remember.
        for _ in 0..20 {
            environment.reset_into(&mut rng, &mut observation).unwrap();
            let mut status = Status::Running;
            while status == Status::Running {
                let step = environment.step_into(&[1.0], &mut rng, &mut observation);
                status = step.unwrap().1;
                steps += 1;
            }
        }
    });
    assert!(steps > 60, "{steps} steps");
    assert_eq!(counted.count_total, 0);
}

/// Statistics and observations after two times some episodes of each environment, with a
/// synchronization in between.
fn collected(threads: usize) -> (RunningMoments, Vec<f32>) {
    let threads = Threads::new(threads).unwrap();
    let policy = RandomPolicy::new(CartPole::new().action_space());
    let mut environments: Vec<_> = (0..5)
        .map(|i| {
            let environment = EnvironmentId::CartPole.make().unwrap();
            let environment = NormalizeObservation::new(environment, Updating::OnSynchronize);
            (environment, [i, 100 + i].map(Stream::from_seed))
        })
        .collect();
    let play = |environments: &mut [(NormalizeObservation<_>, [Stream; 2])]| {
        let observed = threads.map(environments, |(environment, [resets, actions])| {
            let mut observed = Vec::new();
            for _ in 0..4 {
                let mut policy = policy.clone();
                let visit = |_: &_, event: EpisodeEvent<'_>| {
                    observed.extend_from_slice(match event {
                        EpisodeEvent::Reset { observation }
                        | EpisodeEvent::Step { observation, .. } => observation,
                    });
                    Ok::<_, EnvironmentError>(())
                };
                play_episode(environment, &mut policy, resets, actions, visit).unwrap();
            }
            observed
        });
        observed.concat()
    };
    play(&mut environments);
    let all = environments.iter_mut().map(|(environment, _)| environment);
    NormalizeObservation::synchronize(all).unwrap();
    let observations = play(&mut environments);
    (environments[0].0.statistics().clone(), observations)
}

#[test]
fn synchronized_experience_does_not_depend_on_the_number_of_threads() {
    let one = collected(1);
    assert!(one.0.count() > 300.0);
    for threads in 2..=5 {
        assert_eq!(collected(threads), one);
    }
}
