//! LunarLander: a craft with three engines, to be brought to rest on a pad.

mod config;
mod contact;
mod craft;
mod engines;
mod heuristic;
mod scene;
mod solver;
mod terrain;
mod vector;
mod world;

use std::f32::consts::PI;

use rl_core::{BoxSpace, Discrete, Environment, EnvironmentError, Space, Step, Stream};

use crate::TimeLimit;

pub use config::{LunarLanderConfig, LunarLanderConfigError, Wind};
pub use heuristic::LunarLanderHeuristic;
pub use scene::{LunarLanderEnd, LunarLanderScene, LunarLanderState, Pose};

use engines::{Throttle, draw_dispersion};
use world::World;

/// Steps after which an episode is truncated.
const TIME_LIMIT: usize = 1000;

/// Gymnasium's LunarLander with physics of its own, without its time limit; [`LunarLander::v0`]
/// has it.
#[derive(Clone, Debug, Default)]
pub struct LunarLander {
    episode: Episode,
}

/// [`LunarLander`] with continuous actions, without its time limit;
/// [`LunarLanderContinuous::v0`] has it.
///
/// Everything but the action is as there.
#[derive(Clone, Debug, Default)]
pub struct LunarLanderContinuous {
    episode: Episode,
}

/// What both have: an episode or none, and how to start another.
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

    /// The world, if it can take a step.
    fn running(&mut self) -> Result<&mut World, EnvironmentError> {
        match &mut self.world {
            None => Err(EnvironmentError::NotReset),
            Some(world) if world.has_ended() => Err(EnvironmentError::EpisodeOver),
            Some(world) => Ok(world),
        }
    }

    fn observation_space() -> BoxSpace {
        // Gymnasium's bounds: real episodes end long before most of them.
        let high = [2.5, 2.5, 10.0, 10.0, 2.0 * PI, 10.0, 1.0, 1.0];
        let mut low = high.map(|bound: f32| -bound);
        low[6..].fill(0.0);
        #[expect(clippy::expect_used, reason = "constant bounds")]
        BoxSpace::new(low.to_vec(), high.to_vec()).expect("low bounds are below high ones")
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

    /// Starts an episode from a given state, over terrain of the given heights at
    /// x = 0, 2, …, 20 m (in m), and returns its first observation. A wind starts its pattern anew.
    pub fn reset_to(&mut self, state: &LunarLanderState, terrain: [f64; 11]) -> [f32; 8] {
        self.episode.reset_to(state, terrain)
    }

    /// Takes a step under a given dispersion of the engines (in m, within ±1/30), which
    /// [`step`](Environment::step) draws.
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

    /// The motion of the craft, from the first reset on.
    pub fn state(&self) -> Option<LunarLanderState> {
        self.episode.world.as_ref().map(World::state)
    }

    /// What there is to draw, from the first reset on.
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

    fn observation_space(&self) -> BoxSpace {
        Episode::observation_space()
    }

    #[expect(clippy::expect_used, reason = "constant size")]
    fn action_space(&self) -> Space {
        Space::Discrete(Discrete::new(4).expect("four actions"))
    }

    fn reset(&mut self, rng: &mut Stream) -> [f32; 8] {
        self.episode.reset(rng)
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        let throttle = self.throttle(*action)?;
        Ok(self.episode.running()?.step(throttle, draw_dispersion(rng)))
    }
}

impl Environment for LunarLanderContinuous {
    type Observation = [f32; 8];
    type Action = [f32; 2];

    fn observation_space(&self) -> BoxSpace {
        Episode::observation_space()
    }

    #[expect(clippy::expect_used, reason = "constant bounds")]
    fn action_space(&self) -> Space {
        Space::Box(BoxSpace::symmetric(&[1.0; 2]).expect("bounds are positive"))
    }

    fn reset(&mut self, rng: &mut Stream) -> [f32; 8] {
        self.episode.reset(rng)
    }

    fn step(
        &mut self,
        action: &[f32; 2],
        rng: &mut Stream,
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        let throttle = self.throttle(*action)?;
        Ok(self.episode.running()?.step(throttle, draw_dispersion(rng)))
    }
}
