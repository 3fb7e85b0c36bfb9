//! The conformance check passes what conforms, and says of what does not what is wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};

use rl_core::finite_mdp::{FiniteMdpEnvironment, garnet};
use rl_core::{
    BatchEnvironment, BatchError, BoxSpace, EnvironmentError, FlatEnvironment, Space, Status,
    StepBuffers, StepSlices, Stream,
};
use rl_envs::{
    Batch, CartPole, ClipAction, ConformanceConfig, ConformanceReport, EnvironmentId,
    EpisodeStatistics, FrameSkip, NonConformance, NormalizeObservation, NormalizeReward,
    RescaleAction, TimeLimit, Updating, check_batch, check_environment,
};

/// What is wrong with a [`Walk`].
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    Nothing,
    NoDimension,
    SpaceChanges,
    DimensionNeverWritten,
    DimensionAddedTo,
    NanObservation,
    OutsideItsSpace,
    InfiniteReward,
    RewardBeyondF32,
    RefusesABound,
    HiddenRandomness,
    StateOutlivesReset,
    DrawsMoreWithAge,
    IgnoresTheSeed,
    StepsBeforeReset,
    StepsAfterEnd,
    ResetsAfterEnd,
    MisnamesTheEnd,
    TakesBelowItsBound,
    TakesAboveItsBound,
    ClipsActions,
    TakesNan,
    TakesAnyLength,
    RefusalChangesState,
    RefusalDraws,
    RefusalWrites,
}
use Defect::*;

/// A random walk pushed by the action, in [-1, 1]: observed are its position and the steps taken.
/// It terminates beyond ±3 and is truncated after 20 steps.
struct Walk {
    defect: Defect,
    position: f32,
    steps: u32,
    resets: u32,
    running: bool,
}

impl Walk {
    fn new(defect: Defect) -> Self {
        Self {
            defect,
            position: 0.0,
            steps: 0,
            resets: 0,
            running: false,
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn refused(&self, action: &[f32]) -> Option<EnvironmentError> {
        let space = self.action_space();
        let tolerated = match *action {
            [x] if x.is_nan() => self.has(TakesNan),
            [x] if x.is_finite() && self.has(ClipsActions) => true,
            [x] if x < 0.0 => self.has(TakesBelowItsBound),
            [_] => self.has(TakesAboveItsBound),
            _ => self.has(TakesAnyLength),
        };
        if self.resets == 0 && !self.has(StepsBeforeReset) {
            Some(EnvironmentError::NotReset)
        } else if self.resets > 0 && !self.running && !self.has(StepsAfterEnd) {
            Some(if self.has(MisnamesTheEnd) {
                EnvironmentError::NotReset
            } else {
                EnvironmentError::EpisodeOver
            })
        } else if !space.contains(action) && !tolerated
            || self.has(RefusesABound) && action == [1.0]
        {
            Some(EnvironmentError::outside(action, &space))
        } else {
            None
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        observation[0] = match self.defect {
            HiddenRandomness => CALLS.fetch_add(1, Ordering::Relaxed) as f32 * 1e-6,
            NanObservation if self.steps == 7 => f32::NAN,
            OutsideItsSpace if self.steps == 7 => 5.5,
            _ => self.position,
        };
        match self.defect {
            DimensionNeverWritten => {}
            DimensionAddedTo => observation[1] += 1.0,
            _ => observation[1] = self.steps as f32,
        }
    }
}

impl FlatEnvironment for Walk {
    fn observation_space(&self) -> BoxSpace {
        let steps = if self.has(SpaceChanges) && self.steps > 4 {
            10.0
        } else {
            20.0
        };
        let dims = if self.has(NoDimension) { 0 } else { 2 };
        BoxSpace::new([-5.0, 0.0][..dims].to_vec(), [5.0, steps][..dims].to_vec()).unwrap()
    }

    fn action_space(&self) -> Space {
        Space::Box(BoxSpace::symmetric(&[1.0]).unwrap())
    }

    fn reset_into(&mut self, rng: &mut Stream, observation: &mut [f32]) {
        self.position = match self.defect {
            IgnoresTheSeed => 0.5,
            StateOutlivesReset => 0.5 * self.position + rng.uniform(-0.5, 0.5) as f32,
            _ => rng.uniform(-1.0, 1.0) as f32,
        };
        if self.has(DrawsMoreWithAge) && self.resets > 2 {
            rng.next_f64();
        }
        (self.steps, self.running) = (0, true);
        self.resets += 1;
        self.observe(observation);
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        if let Some(error) = self.refused(action) {
            match self.defect {
                RefusalChangesState => self.position = self.position.min(0.0),
                RefusalDraws => drop(rng.next_f64()),
                RefusalWrites => observation[1] = 0.0,
                ResetsAfterEnd => self.running = true,
                _ => {}
            }
            return Err(error);
        }
        let push = action.first().copied().unwrap_or(0.0);
        self.position = (self.position + push).clamp(-4.5, 4.5);
        self.steps += 1;
        self.observe(observation);
        let status = match () {
            () if self.position.abs() > 3.0 => Status::Terminated,
            () if self.steps >= 20 => Status::Truncated,
            () => Status::Running,
        };
        self.running = status == Status::Running;
        let reward = match self.defect {
            InfiniteReward if !self.running => f64::INFINITY,
            RewardBeyondF32 => 1e39,
            _ => -f64::from(self.position.abs()),
        };
        Ok((reward, status))
    }
}

fn check<E: FlatEnvironment>(make: impl Fn() -> E) -> Result<ConformanceReport, NonConformance> {
    check_environment(make, &ConformanceConfig::default())
}

fn walk() -> Walk {
    Walk::new(Nothing)
}

#[test]
fn environments_and_wrappers_conform() {
    check(CartPole::new).unwrap();
    check(CartPole::v1).unwrap();
    for &id in EnvironmentId::ALL {
        // As Gymnasium's, those with a box of actions clip them.
        let config = ConformanceConfig {
            clips_actions: matches!(id.make().action_space(), Space::Box(_)),
            ..ConformanceConfig::default()
        };
        check_environment(|| id.make(), &config).unwrap();
    }
    for updating in [Updating::OnSynchronize, Updating::Never] {
        check(|| NormalizeObservation::new(CartPole::v1(), updating)).unwrap();
        check(|| NormalizeReward::new(CartPole::v1(), 0.99, updating).unwrap()).unwrap();
    }
    check(|| FrameSkip::new(CartPole::v1(), 4).unwrap()).unwrap();
    check(|| EpisodeStatistics::new(CartPole::v1(), 10).unwrap()).unwrap();
    check(|| RescaleAction::with_range(walk(), -3.0, 5.0).unwrap()).unwrap();
    check(|| ClipAction::new(walk()).unwrap()).unwrap();
}

#[test]
fn a_finite_mdp_conforms_as_an_environment() {
    let mdp = garnet(6, 2, 3, 1, 0.9, &mut Stream::from_seed(0)).unwrap();
    let environment = FiniteMdpEnvironment::new(mdp).unwrap();
    let report = check(|| TimeLimit::new(environment.clone(), 100)).unwrap();
    assert!(report.terminated > 0);
}

#[test]
fn the_report_counts_what_was_checked() {
    let report = check(walk).unwrap();
    assert_eq!(report.steps, 2000);
    assert!(report.terminated > 50 && report.truncated > 5, "{report:?}");
    assert!(
        report.refused > 2 * (report.terminated + report.truncated),
        "{report:?}"
    );
}

#[test]
fn statistics_updated_at_every_step_outlive_a_reset() {
    let error = check(|| NormalizeObservation::new(CartPole::v1(), Updating::EveryStep));
    let error = error.unwrap_err();
    assert!(
        matches!(error, NonConformance::StateOutlivesReset { .. }),
        "{error}"
    );
}

#[test]
fn an_environment_without_randomness_conforms_if_it_is_said_to_have_none() {
    let make = || Walk::new(IgnoresTheSeed);
    let config = ConformanceConfig {
        deterministic: true,
        ..ConformanceConfig::default()
    };
    check_environment(make, &config).unwrap();
}

#[test]
fn an_environment_that_clips_actions_conforms_if_it_is_said_to() {
    let config = ConformanceConfig {
        clips_actions: true,
        ..ConformanceConfig::default()
    };
    check_environment(|| Walk::new(TakesAboveItsBound), &config).unwrap_err();
    check_environment(|| Walk::new(ClipsActions), &config).unwrap();
    let error = check_environment(|| Walk::new(TakesNan), &config).unwrap_err();
    assert!(error.to_string().contains("action [NaN]"), "{error}");
}

#[test]
fn every_defect_is_found_and_named() {
    for (defect, message) in [
        (NoDimension, "the observation space has no dimension"),
        (
            SpaceChanges,
            "episode 0, step 4: the observation space is Box([-5, 5] × [0, 10]), but was \
             Box([-5, 5] × [0, 20])",
        ),
        (
            DimensionNeverWritten,
            "reset of episode 0: dimension 1 of the observation is not overwritten",
        ),
        (
            DimensionAddedTo,
            "reset of episode 0: dimension 1 of the observation is not overwritten",
        ),
        (
            NanObservation,
            "step 6: dimension 0 of the observation is NaN, not a finite number",
        ),
        (
            OutsideItsSpace,
            "step 6: dimension 0 of the observation is 5.5, outside [-5, 5]",
        ),
        (
            InfiniteReward,
            ": the reward is inf, not a finite 32-bit number",
        ),
        (
            RewardBeyondF32,
            "episode 0, step 0: the reward is 1000000000000000000000000000000000000000, not a \
             finite 32-bit number",
        ),
        (
            RefusesABound,
            ": action [1.0] is in the action space, but refused: action [1.0] is outside",
        ),
        (
            HiddenRandomness,
            "reset of episode 0: two new instances differ in dimension 0 of the observation",
        ),
        (
            StateOutlivesReset,
            "reset of episode 1: an instance with episodes behind it and a new one differ in \
             dimension 0 of the observation (",
        ),
        (
            DrawsMoreWithAge,
            "reset of episode 3: an instance with episodes behind it and a new one differ in the \
             numbers drawn from the stream",
        ),
        (IgnoresTheSeed, "8 seeds give the same "),
        (
            StepsBeforeReset,
            "before the first reset: a step before the first reset is accepted, but must be an \
             error",
        ),
        (
            StepsAfterEnd,
            ": a step after the end of the episode is accepted, but must be an error",
        ),
        (
            ResetsAfterEnd,
            ": a step after the end of the episode is accepted, but must be an error",
        ),
        (
            MisnamesTheEnd,
            ": a step after the end of the episode is refused for another reason: step before the \
             first reset",
        ),
        (
            TakesAboveItsBound,
            "episode 0, step 0: action [1.0000001] outside Box([-1, 1]) is accepted, but must be \
             an error",
        ),
        (
            ClipsActions,
            "outside Box([-1, 1]) is accepted, but must be an error",
        ),
        (
            TakesBelowItsBound,
            "episode 0, step 0: action [-1.0000001] outside Box([-1, 1]) is accepted, but must be \
             an error",
        ),
        (
            TakesNan,
            "action [NaN] outside Box([-1, 1]) is accepted, but must be an error",
        ),
        (
            TakesAnyLength,
            "action [] outside Box([-1, 1]) is accepted, but must be an error",
        ),
        (
            RefusalChangesState,
            "outside Box([-1, 1]) was refused, but changed the state: dimension 0 of the \
             observation (",
        ),
        (RefusalDraws, "is refused, but draws from the stream"),
        (
            RefusalWrites,
            "is refused, but writes dimension 1 of the observation",
        ),
    ] {
        let error = check(|| Walk::new(defect)).unwrap_err().to_string();
        assert!(error.contains(message), "{defect:?}: {error}");
    }
}

type Flaw = fn(&mut StepSlices<'_>);

/// A batch of CartPoles that does one thing wrong.
struct Broken {
    batch: Batch<TimeLimit<CartPole>>,
    flaw: Flaw,
}

impl BatchEnvironment for Broken {
    fn len(&self) -> usize {
        self.batch.len()
    }

    fn observation_space(&self) -> BoxSpace {
        self.batch.observation_space()
    }

    fn action_space(&self) -> Space {
        self.batch.action_space()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        self.batch.reset_into(observations)
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        let mut whole = StepBuffers::new(self.len(), 4);
        whole.final_observations.fill(f32::NAN);
        whole.episode_returns.fill(f64::NAN);
        self.batch.step_into(actions, whole.as_mut())?;
        (self.flaw)(&mut whole.as_mut());
        out.observations.copy_from_slice(&whole.observations);
        out.rewards.copy_from_slice(&whole.rewards);
        out.statuses.copy_from_slice(&whole.statuses);
        out.final_observations
            .copy_from_slice(&whole.final_observations);
        out.episode_returns.copy_from_slice(&whole.episode_returns);
        out.episode_lengths.copy_from_slice(&whole.episode_lengths);
        Ok(())
    }
}

#[test]
fn a_batch_that_does_not_do_what_its_environments_do_is_found_out() {
    let flaws: [(Flaw, &str); 7] = [
        (|_| (), ""),
        (
            |out| out.rewards[3] = 0.5,
            "step 0: environment 3 differs from the same one alone in the reward (0.5 and 1)",
        ),
        (
            |out| out.observations.swap(4, 8),
            "step 0: environment 1 differs",
        ),
        (
            |out| out.statuses.fill(Status::Running),
            "in the status (Running and Terminated)",
        ),
        (
            |out| out.final_observations.fill(0.0),
            "in dimension 0 of the final observation (0 and NaN)",
        ),
        (
            |out| out.episode_returns.iter_mut().for_each(|x| *x += 1.0),
            "in the episode's return",
        ),
        (
            |out| {
                out.episode_lengths
                    .iter_mut()
                    .for_each(|x| *x = x.saturating_sub(1));
            },
            "in the episode's length",
        ),
    ];
    for (flaw, message) in flaws {
        let make_batch = |rngs| Broken {
            batch: Batch::new(CartPole::v1, rngs),
            flaw,
        };
        match check_batch(make_batch, CartPole::v1, &ConformanceConfig::default()) {
            Ok(()) => assert_eq!(message, ""),
            Err(error) => {
                assert!(
                    !message.is_empty() && error.to_string().contains(message),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn the_batches_of_the_registry_conform() {
    for &id in EnvironmentId::ALL {
        check_batch(
            |rngs| id.make_batch(rngs),
            || id.make(),
            &ConformanceConfig::default(),
        )
        .unwrap();
    }
}
