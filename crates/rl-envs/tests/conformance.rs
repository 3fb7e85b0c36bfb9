//! The conformance check passes what conforms, and says of what does not what is wrong.

use std::sync::atomic::{AtomicU32, Ordering};

use rl_core::finite_mdp::{FiniteMdpEnvironment, garnet};
use rl_core::{
    EnvironmentError, EnvironmentSource, FlatEnvironment, Space, Spaces, Status, Stream,
};
use rl_envs::conformance::{
    ConformanceConfig, ConformanceReport, NonConformance, check_environment,
};
use rl_envs::lunar_lander::{LunarLanderConfig, Wind};
use rl_envs::wrappers::{
    ClipAction, EpisodeStatistics, FrameSkip, NormalizeObservation, NormalizeReward, RescaleAction,
    Updating,
};
use rl_envs::{CartPole, EnvironmentId, TimeLimit};

/// Fault of a [`Walk`].
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    Nothing,
    SpaceChanges,
    DimensionNeverWritten,
    DimensionAddedTo,
    NanObservation,
    OutsideItsSpace,
    OutsideWhenPushed,
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
    CannotBeSaved,
    RefusesItsState,
    ForgetsItsPosition,
    ForgetsItsEnd,
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
    /// Steps in a row that were pushed up with full force.
    pushed: u32,
}

impl Walk {
    fn new(defect: Defect) -> Self {
        Self {
            defect,
            position: 0.0,
            steps: 0,
            resets: 0,
            running: false,
            pushed: 0,
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn refused(&self, action: &[f32]) -> Option<EnvironmentError> {
        let space = self.spaces().action;
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
            OutsideWhenPushed if self.pushed == 3 => 5.5,
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
    fn spaces(&self) -> Spaces {
        let steps = if self.has(SpaceChanges) && self.steps > 4 {
            10.0
        } else {
            20.0
        };
        Spaces {
            observation: Space::within([(-5.0, 5.0), (0.0, steps)]),
            action: Space::symmetric([1.0]),
        }
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        let running = f64::from(u8::from(self.running));
        let state = [self.position.into(), self.steps.into(), self.resets.into()];
        (!self.has(CannotBeSaved)).then(|| [&state[..], &[running]].concat())
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let &[position, steps, resets, running] = state else {
            return Err(EnvironmentError::state("four numbers are needed"));
        };
        if self.has(RefusesItsState) && steps == 11.0 {
            return Err(EnvironmentError::state("11 steps are too many"));
        }
        (self.steps, self.resets, self.running) = (steps as u32, resets as u32, running == 1.0);
        match self.defect {
            ForgetsItsPosition => {}
            ForgetsItsEnd => (self.position, self.running) = (position as f32, true),
            _ => self.position = position as f32,
        }
        Ok(())
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.position = match self.defect {
            IgnoresTheSeed => 0.5,
            StateOutlivesReset => 0.5 * self.position + rng.uniform(-0.5, 0.5) as f32,
            _ => rng.uniform(-1.0, 1.0) as f32,
        };
        if self.has(DrawsMoreWithAge) && self.resets > 2 {
            rng.next_f64();
        }
        (self.steps, self.running, self.pushed) = (0, true, 0);
        self.resets += 1;
        self.observe(observation);
        Ok(())
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
        self.pushed = if push == 1.0 { self.pushed + 1 } else { 0 };
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
            clips_actions: matches!(id.make().unwrap().spaces().action, Space::Box(_)),
            deterministic: id == EnvironmentId::CliffWalking,
            ..ConformanceConfig::default()
        };
        let report = check_environment(|| id.make().unwrap(), &config).unwrap();
        assert!(report.restored > 0, "{id}");
    }
    let windy = LunarLanderConfig {
        wind: Some(Wind::default()),
        ..LunarLanderConfig::default()
    };
    assert!(check(|| windy.init().unwrap()).unwrap().restored > 0);
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
    assert!(report.terminated > 0 && report.restored > 0);
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
    assert_eq!(report.restored, 1000_usize.div_ceil(11));
    let unsaved = check(|| Walk::new(CannotBeSaved)).unwrap();
    assert_eq!(
        unsaved,
        ConformanceReport {
            restored: 0,
            refused: unsaved.refused,
            ..report
        }
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
            OutsideWhenPushed,
            "episode of the extreme action 1 alone, step 2: dimension 0 of the observation is 5.5",
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
        (
            RefusesItsState,
            "episode 0, step 10: the state that was saved is refused by a new instance: a saved \
             state that does not fit: 11 steps are too many",
        ),
        (
            ForgetsItsPosition,
            "episode 0, step 0: an instance and a new one that took up its state (reset of episode \
             0) differ in dimension 0 of the observation (",
        ),
        (
            ForgetsItsEnd,
            ": a step after the end of the episode is accepted, but must be an error",
        ),
    ] {
        let error = check(|| Walk::new(defect)).unwrap_err().to_string();
        assert!(error.contains(message), "{defect:?}: {error}");
    }
}
