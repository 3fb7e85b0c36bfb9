//! Wrappers around wrappers, from a registry's boxed environment to a collector's threads.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use allocation_counter::measure;
use rl_core::{
    BoxSpace, Collector, Environment, EnvironmentError, FlatEnvironment, RandomPolicy,
    RunningMoments, Space, Status, Step, Stream, Threads,
};
use rl_envs::{
    CartPole, ClipAction, ConformanceConfig, EnvironmentId, EpisodeStatistics, FrameSkip,
    NormalizeObservation, NormalizeReward, RescaleAction, TimeLimit, Updating, check_environment,
};

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

    fn observation_space(&self) -> BoxSpace {
        Environment::observation_space(&self.0)
    }

    fn action_space(&self) -> Space {
        Space::Box(BoxSpace::symmetric(&[1.0]).unwrap())
    }

    fn reset(&mut self, rng: &mut Stream) -> [f32; 4] {
        self.0.reset(rng)
    }

    fn step(
        &mut self,
        [force]: &[f32; 1],
        rng: &mut Stream,
    ) -> Result<Step<[f32; 4]>, EnvironmentError> {
        if !(-1.0..=1.0).contains(force) {
            let space = Environment::action_space(self);
            return Err(EnvironmentError::outside([force], &space));
        }
        self.0.step(&usize::from(*force > 0.0), rng)
    }
}

/// Every wrapper, around a boxed environment whose episodes have at most `limit` steps.
fn wrapped(limit: usize) -> impl FlatEnvironment {
    let innermost: Box<dyn FlatEnvironment> = Box::new(SignOfForce::new(limit));
    let environment = EpisodeStatistics::new(innermost, 10).unwrap();
    let environment = FrameSkip::new(environment, 2).unwrap();
    let environment = RescaleAction::with_range(environment, -2.0, 2.0).unwrap();
    let environment = ClipAction::new(environment).unwrap();
    let environment = NormalizeReward::new(environment, 0.99, Updating::OnSynchronize).unwrap();
    NormalizeObservation::new(environment, Updating::OnSynchronize)
}

/// The statuses of an episode of pushes to the right, with a refused action before each of them.
fn statuses(environment: &mut impl FlatEnvironment) -> Vec<Status> {
    let mut rng = Stream::from_seed(0);
    let mut observation = [0.0; 4];
    environment.reset_into(&mut rng, &mut observation);
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
    check_environment(|| wrapped(30), &ConformanceConfig::default()).unwrap();
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
            environment.reset_into(&mut rng, &mut observation);
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

/// Statistics and observations after two collections with a synchronization in between.
fn collected(threads: usize) -> (RunningMoments, Vec<f32>) {
    let environments = (0..5).map(|_| {
        let environment = EnvironmentId::CartPole.make();
        NormalizeObservation::new(environment, Updating::OnSynchronize)
    });
    let collector = Collector::new(environments.collect(), 1).unwrap();
    let mut collector = collector.with_threads(Threads::new(threads).unwrap());
    let policy = RandomPolicy::new(Environment::action_space(&CartPole::new()));
    collector.collect(&policy, 300).unwrap();
    NormalizeObservation::synchronize(collector.environments_mut()).unwrap();
    let collection = collector.collect(&policy, 300).unwrap();
    let observations = collection.trajectories.iter();
    let observations = observations.flat_map(|trajectory| trajectory.observations.to_vec());
    let observations = observations.collect();
    let first = collector.environments_mut().next().unwrap();
    (first.statistics().clone(), observations)
}

#[test]
fn synchronized_experience_does_not_depend_on_the_number_of_threads() {
    let one = collected(1);
    assert!(one.0.count() > 300.0);
    for threads in 2..=5 {
        assert_eq!(collected(threads), one);
    }
}
