//! LunarLander: a craft with three engines that is to be brought to rest on a pad.

mod config;
mod contact;
mod craft;
mod engines;
mod heuristic;
mod hinge;
mod scene;
mod solver;
mod terrain;
mod vector;
mod world;

use rl_core::{Environment, EnvironmentError, Space, Step, Stream};

use crate::TimeLimit;
use crate::saved::Saved;

pub use config::{LunarLanderConfig, LunarLanderConfigError, Wind};
pub use heuristic::LunarLanderHeuristic;
pub use scene::{LunarLanderEnd, LunarLanderScene, LunarLanderState, Pose};

use engines::{Throttle, draw_dispersion};
use world::World;

/// Number of steps after which an episode is truncated.
const TIME_LIMIT: usize = 1000;

/// LunarLanderLite: the task of Gymnasium's LunarLander-v3 with physics of its own, without the
/// time limit, which [`LunarLander::v0`] has.
///
/// | | |
/// |---|---|
/// | observation | x / 10 and y / 6.67 from the pad, velocity (vx / 5, vy / 7.5), angle (rad), angular velocity / 2.5, whether leg 0 and leg 1 touch the ground |
/// | action | 0: nothing, 1: push left, 2: main engine, 3: push right; for 0.02 s |
/// | reward | change of -100 (distance + speed + \|angle\|) + 10 per leg on the ground, in observed units; -0.3 for the main engine at full power, -0.03 for a side engine |
/// | reset | at the top of the world, pushed by a force uniform in ±1000 N; random terrain |
/// | terminated | the lander touches the ground or \|x\| ≥ 1 (reward -100); the craft has fallen asleep, on its legs (reward +100) |
///
/// Actions, rewards, ends, engines and wind are those of Gymnasium 1.4.0, and so is the order in
/// which terrain, force, wind and the engines' dispersion are drawn: the same seed gives the same
/// ones. As in Gymnasium, the observation of a reset is that after a hidden first step.
///
/// The space of observations is unbounded but for the legs. Gymnasium's has bounds, ±2.5 for y among
/// them, which its lander leaves as this one does: at full throttle it climbs until its time is over.
///
/// # What differs from Box2D
/// Episodes are alike in distribution, not step by step:
///
/// * Lander and legs are one mechanism of five coordinates in `f64`. Box2D solves three bodies
///   in `f32`, whose joints give way a little. Over 1000 recorded flights of 30 steps both stay
///   within 0.006 m, 0.007 rad, 0.02 m/s and 0.04 rad/s of each other; furthest in fast spins,
///   where a leg reaches its stop one step apart.
/// * Contacts are corners against the chunk of terrain below them and ridges against faces, where
///   Box2D collides polygons with edges. The ground is solid below its line, which Box2D's is
///   not; the ground at height 0 below the terrain is left out.
/// * A fast leg stops at the ground within the step by a speculative contact, where Box2D finds
///   the time of impact and moves the leg there.
/// * Contacts are solved until they agree, hinges exactly; Box2D ends after 180 sweeps. What that
///   does to the motors of the legs, which lag, is modelled.
/// * The hidden first step is a fit to recorded resets.
/// * What Gymnasium does to its contact flags is kept: the end of a contact with one chunk of the
///   terrain clears the flag of a leg that stands on the next.
///
/// ```
/// use rl_core::{Environment, Stream};
/// use rl_envs::LunarLander;
///
/// let mut rng = Stream::from_seed(42);
/// let mut environment = LunarLander::v0();
/// environment.reset(&mut rng)?;
/// let step = environment.step(&2, &mut rng)?;
/// let scene = environment.inner().scene();
/// assert_eq!(scene.map(|scene| scene.main_power), Some(1.0));
/// # Ok::<(), rl_core::EnvironmentError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LunarLander {
    episode: Episode,
}

/// [`LunarLander`] with continuous actions, without its time limit;
/// [`LunarLanderContinuous::v0`] has it.
///
/// Everything but the action is the same.
#[derive(Clone, Debug, Default)]
pub struct LunarLanderContinuous {
    episode: Episode,
}

/// State of either environment: its configuration, and the current episode if there is one.
#[derive(Clone, Debug, Default)]
struct Episode {
    config: LunarLanderConfig,
    world: Option<World>,
}

impl Episode {
    fn reset(&mut self, rng: &mut Stream) -> [f32; 8] {
        let (world, observation) = World::sample(self.config, rng);
        self.world = Some(world);
        observation
    }

    fn reset_to(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8] {
        let world = World::from_state(self.config, state, terrain);
        self.world.insert(world).observation()
    }

    /// The world, after the number 1; 0 without one.
    fn save(&self) -> Vec<f64> {
        let mut state = vec![f64::from(u8::from(self.world.is_some()))];
        if let Some(world) = &self.world {
            world.save(&mut state);
        }
        state
    }

    fn restore(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let world = match saved.flag()? {
            true => Some(World::restored(self.config, &mut saved)?),
            false => None,
        };
        saved.finish()?;
        self.world = world;
        Ok(())
    }

    /// The world of an episode that is running.
    fn running(&mut self) -> Result<&mut World, EnvironmentError> {
        match &mut self.world {
            None => Err(EnvironmentError::NotReset),
            Some(world) if world.has_ended() => Err(EnvironmentError::EpisodeOver),
            Some(world) => Ok(world),
        }
    }

    fn observation_space() -> Space {
        let mut bounds = [(f32::NEG_INFINITY, f32::INFINITY); 8];
        bounds[6..].fill((0.0, 1.0));
        Space::within(bounds)
    }
}

impl LunarLanderConfig {
    /// The environment with discrete actions, without its time limit.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn init(self) -> Result<LunarLander, LunarLanderConfigError> {
        let episode = self.episode()?;
        Ok(LunarLander { episode })
    }

    /// The environment with continuous actions, without its time limit.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn init_continuous(self) -> Result<LunarLanderContinuous, LunarLanderConfigError> {
        let episode = self.episode()?;
        Ok(LunarLanderContinuous { episode })
    }

    fn episode(self) -> Result<Episode, LunarLanderConfigError> {
        self.validate()?;
        Ok(Episode {
            config: self,
            world: None,
        })
    }
}

impl LunarLander {
    /// `LunarLanderLite-v0`: the default configuration, truncated after 1000 steps.
    pub fn v0() -> TimeLimit<Self> {
        TimeLimit::new(Self::default(), TIME_LIMIT)
    }

    /// Starts an episode from a given state, over terrain with the given heights (m) at x = 0, 2,
    /// …, 20 m, and returns its first observation. The patterns of the wind begin at their start.
    pub fn reset_to(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8] {
        self.episode.reset_to(state, terrain)
    }

    /// Takes a step with a given dispersion of the engines (in m, within ±1/30), which
    /// [`step`](Environment::step) draws at random.
    ///
    /// # Errors
    /// As [`step`](Environment::step).
    pub fn step_with_dispersion(
        &mut self,
        action: usize,
        dispersion: [f64; 2],
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        let throttle = self.throttle(action)?;
        Ok(self.episode.running()?.step(throttle, dispersion))
    }

    /// The motion of the craft; `None` before the first reset.
    pub fn state(&self) -> Option<LunarLanderState> {
        self.episode.world.as_ref().map(World::state)
    }

    /// The scene to be drawn; `None` before the first reset.
    pub fn scene(&self) -> Option<LunarLanderScene> {
        self.episode.world.as_ref().map(World::scene)
    }

    fn throttle(&mut self, action: usize) -> Result<Throttle, EnvironmentError> {
        self.episode.running()?;
        Throttle::discrete(action)
            .ok_or_else(|| EnvironmentError::outside(action, &self.action_space()))
    }
}

impl LunarLanderContinuous {
    /// `LunarLanderLiteContinuous-v0`: the default configuration, truncated after 1000 steps.
    pub fn v0() -> TimeLimit<Self> {
        TimeLimit::new(Self::default(), TIME_LIMIT)
    }

    /// As [`LunarLander::reset_to`].
    pub fn reset_to(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8] {
        self.episode.reset_to(state, terrain)
    }

    /// As [`LunarLander::step_with_dispersion`].
    ///
    /// # Errors
    /// As [`step`](Environment::step).
    pub fn step_with_dispersion(
        &mut self,
        action: [f32; 2],
        dispersion: [f64; 2],
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        let throttle = self.throttle(action)?;
        Ok(self.episode.running()?.step(throttle, dispersion))
    }

    /// As [`LunarLander::state`].
    pub fn state(&self) -> Option<LunarLanderState> {
        self.episode.world.as_ref().map(World::state)
    }

    /// As [`LunarLander::scene`].
    pub fn scene(&self) -> Option<LunarLanderScene> {
        self.episode.world.as_ref().map(World::scene)
    }

    fn throttle(&mut self, action: [f32; 2]) -> Result<Throttle, EnvironmentError> {
        self.episode.running()?;
        Throttle::continuous(action)
            .ok_or_else(|| EnvironmentError::outside(action, &self.action_space()))
    }
}

impl Environment for LunarLander {
    type Observation = [f32; 8];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Episode::observation_space()
    }

    fn action_space(&self) -> Space {
        Space::discrete(4)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 8], EnvironmentError> {
        Ok(self.episode.reset(rng))
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        let throttle = self.throttle(*action)?;
        Ok(self.episode.running()?.step(throttle, draw_dispersion(rng)))
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        Some(self.episode.save())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.episode.restore(state)
    }
}

impl Environment for LunarLanderContinuous {
    type Observation = [f32; 8];
    type Action = [f32; 2];

    fn observation_space(&self) -> Space {
        Episode::observation_space()
    }

    fn action_space(&self) -> Space {
        Space::symmetric([1.0; 2])
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 8], EnvironmentError> {
        Ok(self.episode.reset(rng))
    }

    fn step(
        &mut self,
        action: &[f32; 2],
        rng: &mut Stream,
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        let throttle = self.throttle(*action)?;
        Ok(self.episode.running()?.step(throttle, draw_dispersion(rng)))
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        Some(self.episode.save())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.episode.restore(state)
    }
}
