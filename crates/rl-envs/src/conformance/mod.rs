//! Conformance of an environment to what [`FlatEnvironment`] promises.

mod batch;
mod config;
mod error;
mod lane;
mod saved;

pub use batch::check_batch;
pub use config::ConformanceConfig;
pub use error::{Misuse, Moment, NonConformance};

use rl_core::{End, FlatEnvironment, Purpose, ScalarBatch, Space, Spaces, Stream};

use lane::{Lane, Outcome};

/// Extent of the check of an environment that conforms. Where no episode ended within the steps, no
/// step after an end could be tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConformanceReport {
    /// Steps of the main check.
    pub steps: usize,
    /// Episodes among them that terminated.
    pub terminated: usize,
    /// Episodes among them that were truncated.
    pub truncated: usize,
    /// Misuses tried, every one of them refused.
    pub refused: usize,
    /// States in the middle of an episode that were saved and taken up by a new instance; none if
    /// the environment cannot be saved.
    pub restored: usize,
}

/// Seeds that are compared with each other.
const SEEDS: u64 = 8;
/// Actions of a discrete space that have an episode of their own.
const MOST_EXTREMES: usize = 32;
/// Steps of a comparison that is made many times.
const SHORT: usize = 50;

/// Checks that an environment keeps the contract of [`FlatEnvironment`], on instances from `make`
/// that are stepped by random and extreme actions, side by side with others in the same situation:
///
/// - the spaces never change;
/// - every observation is written whole, is finite and lies in its space, also in episodes of one and
///   the same extreme action; every reward is finite;
/// - every action of the action space is taken;
/// - the same stream and the same actions give the same episode bit for bit, in another instance
///   and after other episodes; other seeds give others;
/// - a step before the first reset, after an end or by an action outside the action space is the
///   error that says so, and leaves the state, the stream and the buffer as they were;
/// - if it can be saved, a new instance that takes up its state goes on as it does, bit for bit;
/// - a [`ScalarBatch`] of them does what each does alone ([`check_batch`]).
///
/// ```
/// use rl_envs::CartPole;
/// use rl_envs::conformance::{ConformanceConfig, check_environment};
///
/// let report = check_environment(CartPole::v1, &ConformanceConfig::default())?;
/// assert!(report.terminated > 0);
/// # Ok::<(), rl_envs::conformance::NonConformance>(())
/// ```
///
/// # Errors
/// The first [`NonConformance`] found.
pub fn check_environment<E: FlatEnvironment>(
    make: impl Fn() -> E,
    config: &ConformanceConfig,
) -> Result<ConformanceReport, NonConformance> {
    let mut check = Check::new(&make, config);
    check.before_reset()?;
    check.episodes()?;
    check.one_sided()?;
    check.seeds()?;
    check.actions_outside()?;
    check.saved_states()?;
    let make_batch = |rngs| ScalarBatch::new(&make, rngs);
    check_batch(make_batch, &make, config)?;
    Ok(check.report)
}

/// A check under way.
struct Check<'a, F> {
    make: &'a F,
    config: ConformanceConfig,
    spaces: Spaces,
    report: ConformanceReport,
}

impl<'a, E: FlatEnvironment, F: Fn() -> E> Check<'a, F> {
    fn new(make: &'a F, config: &ConformanceConfig) -> Self {
        Self {
            make,
            config: *config,
            spaces: make().spaces(),
            report: ConformanceReport::default(),
        }
    }

    /// A step before the first reset is an error.
    fn before_reset(&mut self) -> Result<(), NonConformance> {
        let mut lane = self.lane(f32::NAN, self.environment_stream());
        let action = self.action(&mut self.action_stream(), 0);
        self.refuse(&mut lane, &action, Moment::Start, &Misuse::BeforeReset)
    }

    /// One instance plays episode after episode; beside it, a new instance plays each of them from
    /// its first observation on, with a copy of the streams. Nothing may tell them apart.
    fn episodes(&mut self) -> Result<(), NonConformance> {
        let mut used = self.lane(f32::NAN, self.environment_stream());
        let mut actions = self.action_stream();
        let mut episode = 0;
        while self.report.steps < self.config.steps {
            let wanted = self.config.steps - self.report.steps;
            let (steps, end) = self.episode(&mut used, &mut actions, episode, wanted)?;
            self.report.steps += steps;
            self.report.terminated += usize::from(end == Some(End::Terminated));
            self.report.truncated += usize::from(end == Some(End::Truncated));
            episode += 1;
        }
        // The first episode again, also where the last one was cut short.
        used.rng = self.environment_stream();
        self.episode(&mut used, &mut self.action_stream(), episode, SHORT)?;
        Ok(())
    }

    /// An episode for each extreme action, which is taken at every step: what random actions hardly
    /// reach is still in its space.
    fn one_sided(&self) -> Result<(), NonConformance> {
        let extremes = match &self.spaces.action {
            Space::Discrete(space) => {
                let indices = 0..space.n().min(MOST_EXTREMES);
                indices.map(|i| vec![i as f32]).collect()
            }
            Space::Box(space) => vec![space.low().to_vec(), space.high().to_vec()],
        };
        for (extreme, action) in extremes.iter().enumerate() {
            if !action.iter().all(|x| x.is_finite()) {
                continue;
            }
            let mut lane = self.lane(f32::NAN, self.environment_stream());
            lane.reset(Moment::Reset(0))?;
            for step in 0..self.config.steps {
                let moment = Moment::OneSided { extreme, step };
                let outcome = lane.step(action, moment)?;
                self.values(&lane, &outcome, moment)?;
                if outcome.end().is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// An episode of at most `max_steps` steps: how many it had, and its end if it came.
    fn episode(
        &mut self,
        used: &mut Lane<E>,
        actions: &mut Stream,
        episode: usize,
        max_steps: usize,
    ) -> Result<(usize, Option<End>), NonConformance> {
        // Held against a buffer that was all NaN, it shows what neither of them wrote.
        let mut fresh = self.lane(-12_345.678, used.rng.clone());
        let moment = Moment::Reset(episode);
        let (a, b) = (used.reset(moment)?, fresh.reset(moment)?);
        self.compare(moment, (used, &a), (&fresh, &b))?;
        for step in 0..max_steps {
            let moment = Moment::Step { episode, step };
            let action = self.action(actions, step);
            let a = used.step(&action, moment)?;
            let b = fresh.step(&action, moment)?;
            self.compare(moment, (used, &a), (&fresh, &b))?;
            if a.end().is_some() {
                // Twice, since the first may have started an episode.
                for _ in 0..2 {
                    self.refuse(used, &action, moment, &Misuse::AfterEnd)?;
                }
                return Ok((step + 1, a.end()));
            }
        }
        Ok((max_steps, None))
    }

    /// Holds an instance with a past against a new one, both after the same reset or step.
    fn compare(
        &self,
        moment: Moment,
        (used, a): (&Lane<E>, &Outcome),
        (fresh, b): (&Lane<E>, &Outcome),
    ) -> Result<(), NonConformance> {
        self.spaces(used, moment)?;
        self.spaces(fresh, moment)?;
        for (dimension, (a, b)) in used.observation.iter().zip(&fresh.observation).enumerate() {
            if a.is_nan() && !b.is_nan() {
                return Err(NonConformance::NotWritten { moment, dimension });
            }
        }
        if let Some(difference) = used.difference(a, fresh, b) {
            return Err(match moment {
                Moment::Start | Moment::Reset(0) | Moment::Step { episode: 0, .. } => {
                    NonConformance::InstancesDiffer { moment, difference }
                }
                _ => NonConformance::StateOutlivesReset { moment, difference },
            });
        }
        self.values(used, a, moment)
    }

    /// The spaces are what they were.
    fn spaces(&self, lane: &Lane<E>, moment: Moment) -> Result<(), NonConformance> {
        let found = lane.environment.spaces();
        let spaces = [
            ("observation", &self.spaces.observation, &found.observation),
            ("action", &self.spaces.action, &found.action),
        ];
        for (space, expected, found) in spaces {
            if expected != found {
                return Err(NonConformance::SpaceChanged {
                    moment,
                    space,
                    expected: expected.to_string(),
                    found: found.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Observation and reward are what they may be.
    fn values(
        &self,
        lane: &Lane<E>,
        outcome: &Outcome,
        moment: Moment,
    ) -> Result<(), NonConformance> {
        let bounds: Vec<(f32, f32)> = match &self.spaces.observation {
            Space::Discrete(space) => vec![(0.0, (space.n() - 1) as f32)],
            Space::Box(space) => {
                let (low, high) = (space.low().iter(), space.high().iter());
                low.copied().zip(high.copied()).collect()
            }
        };
        for (dimension, (&value, (low, high))) in lane.observation.iter().zip(bounds).enumerate() {
            if !value.is_finite() {
                return Err(NonConformance::NonFiniteObservation {
                    moment,
                    dimension,
                    value,
                });
            }
            let is_whole = match self.spaces.observation {
                Space::Discrete(_) => value.fract() == 0.0,
                Space::Box(_) => true,
            };
            if value < low || value > high || !is_whole {
                return Err(NonConformance::ObservationOutsideSpace {
                    moment,
                    dimension,
                    value,
                    low,
                    high,
                });
            }
        }
        match outcome.reward() {
            Some(reward) if !(reward as f32).is_finite() => {
                Err(NonConformance::NonFiniteReward { moment, reward })
            }
            _ => Ok(()),
        }
    }

    /// Not all seeds give the same episode.
    fn seeds(&self) -> Result<(), NonConformance> {
        if self.config.deterministic {
            return Ok(());
        }
        let play = |index: u64| {
            let seed = self.config.seed.wrapping_add(index);
            let mut lane = self.lane(0.0, Stream::derive(seed, Purpose::Environment, 0));
            let mut actions = self.action_stream();
            let mut trace = vec![(lane.reset(Moment::Reset(0))?, lane.observation.clone())];
            for step in 0..SHORT {
                let action = self.action(&mut actions, step);
                let outcome = lane.step(&action, Moment::Step { episode: 0, step })?;
                trace.push((outcome, lane.observation.clone()));
                if outcome.end().is_some() {
                    break;
                }
            }
            Ok(trace)
        };
        let first = play(0)?;
        for index in 1..SEEDS {
            if play(index)? != first {
                return Ok(());
            }
        }
        Err(NonConformance::SeedIgnored {
            seeds: SEEDS,
            steps: first.len() - 1,
        })
    }

    /// Before every step of a short episode, one instance is given an action that it must refuse;
    /// afterwards it must be where another is that was spared.
    fn actions_outside(&mut self) -> Result<(), NonConformance> {
        for action in self.outside() {
            let misuse = Misuse::Action {
                action: action.clone(),
                space: self.spaces.action.to_string(),
            };
            let mut tried = self.lane(f32::NAN, self.environment_stream());
            let mut spared = self.lane(f32::NAN, self.environment_stream());
            let mut actions = self.action_stream();
            tried.reset(Moment::Reset(0))?;
            spared.reset(Moment::Reset(0))?;
            for step in 0..SHORT {
                let moment = Moment::Step { episode: 0, step };
                self.refuse(&mut tried, &action, moment, &misuse)?;
                let valid = self.action(&mut actions, step);
                let changed = |difference| NonConformance::RefusalChangesState {
                    moment,
                    misuse: misuse.clone(),
                    difference,
                };
                let b = spared.step(&valid, moment)?;
                let a = tried
                    .step(&valid, moment)
                    .map_err(|error| changed(format!("the outcome of a step ({error})")))?;
                if let Some(difference) = tried.difference(&a, &spared, &b) {
                    return Err(changed(difference));
                }
                if a.end().is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Tries a step that must be refused.
    fn refuse(
        &mut self,
        lane: &mut Lane<E>,
        action: &[f32],
        moment: Moment,
        misuse: &Misuse,
    ) -> Result<(), NonConformance> {
        lane.refuse(action, moment, misuse)?;
        self.report.refused += 1;
        Ok(())
    }

    /// A new instance whose buffer holds `poison` before every step.
    fn lane(&self, poison: f32, rng: Stream) -> Lane<E> {
        Lane::new(
            (self.make)(),
            poison,
            self.spaces.observation.flat_dim(),
            rng,
        )
    }

    fn environment_stream(&self) -> Stream {
        Stream::derive(self.config.seed, Purpose::Environment, 0)
    }

    fn action_stream(&self) -> Stream {
        Stream::derive(self.config.seed, Purpose::Action, 0)
    }

    /// An action for a step: a random one, or every fourth time a random corner of a box.
    fn action(&self, rng: &mut Stream, step: usize) -> Vec<f32> {
        let mut action = vec![0.0; self.spaces.action.flat_dim()];
        self.spaces.action.sample(rng, &mut action);
        if let (Space::Box(space), 3) = (&self.spaces.action, step % 4) {
            let bounds = space.low().iter().zip(space.high());
            for (x, (&low, &high)) in action.iter_mut().zip(bounds) {
                let bound = if rng.below(2) == 0 { low } else { high };
                if bound.is_finite() {
                    *x = bound;
                }
            }
        }
        action
    }

    /// Actions to be refused, of every kind.
    fn outside(&self) -> Vec<Vec<f32>> {
        let inside = self.action(&mut self.action_stream(), 0);
        let dim = inside.len();
        let mut outside = vec![inside[1..].to_vec(), [&inside[..], &inside[..1]].concat()];
        let mut replace = |dimension: usize, x: f32| {
            let mut action = inside.clone();
            action[dimension] = x;
            let clipped = self.config.clips_actions
                && matches!(self.spaces.action, Space::Box(_))
                && x.is_finite();
            if !clipped && !self.spaces.action.contains(&action) {
                outside.push(action);
            }
        };
        for dimension in 0..dim {
            let bounds = match &self.spaces.action {
                Space::Discrete(space) => {
                    replace(dimension, 0.5);
                    [-1.0, space.n() as f32]
                }
                // Next to the bounds, where a check that rounds would not see it.
                Space::Box(space) => [
                    space.low()[dimension].next_down(),
                    space.high()[dimension].next_up(),
                ],
            };
            for x in [
                bounds[0],
                bounds[1],
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
            ] {
                replace(dimension, x);
            }
        }
        outside
    }
}
