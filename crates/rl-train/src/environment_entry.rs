//! Environments with names, one by one and in families.

use std::sync::Arc;

use rl_core::finite_mdp::{FiniteMdp, TableError};
use rl_core::{
    BatchEnvironment, EnvironmentError, EnvironmentSource, FlatEnvironment, Policy, Stream,
};
use rl_envs::EnvironmentId;
use rl_envs::draw::Drawable;
use rl_envs::toy_text::GridMap;

use crate::filmed::Filmed;
use crate::usage::UsageError;

/// An environment with a name.
#[derive(Clone)]
pub struct EnvironmentEntry {
    name: String,
    aliases: Vec<String>,
    description: String,
    remark: Option<String>,
    solved_at: Option<f64>,
    source: Arc<dyn EnvironmentSource>,
    drawable: Option<Arc<MakeDrawable>>,
    filmed: Option<Arc<MakeFilmed>>,
    heuristic: Option<Arc<MakePolicy>>,
    map: Option<GridMap>,
}

type MakeDrawable = dyn Fn() -> Result<Box<dyn Drawable>, EnvironmentError> + Send + Sync;
type MakeFilmed = dyn Fn() -> Result<Box<dyn Filmed>, EnvironmentError> + Send + Sync;
type MakePolicy = dyn Fn() -> Box<dyn Policy + Send> + Send + Sync;

/// Environments without number, by names that begin alike, as in `gym:CartPole-v1`.
#[derive(Clone)]
pub struct EnvironmentFamily {
    prefix: String,
    make: Arc<MakeEntry>,
}

type MakeEntry = dyn Fn(&str) -> Result<EnvironmentEntry, UsageError> + Send + Sync;

impl EnvironmentFamily {
    /// A family; `make` is given what comes after the prefix, such as `gym:`.
    pub fn new(
        prefix: impl Into<String>,
        make: impl Fn(&str) -> Result<EnvironmentEntry, UsageError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            prefix: prefix.into(),
            make: Arc::new(make),
        }
    }

    /// The entry of what comes after the prefix.
    pub(crate) fn entry(&self, rest: &str) -> Result<EnvironmentEntry, UsageError> {
        (self.make)(rest)
    }

    /// Returns `true` if both have one prefix.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.prefix == other.prefix
    }

    /// The part of a name after the prefix; `None` for one that is not of the family.
    pub(crate) fn rest<'a>(&self, name: &'a str) -> Option<&'a str> {
        let (start, rest) = name.split_at_checked(self.prefix.len())?;
        start.eq_ignore_ascii_case(&self.prefix).then_some(rest)
    }
}

/// A source under the name of its entry.
struct Named {
    name: String,
    source: Arc<dyn EnvironmentSource>,
}

impl EnvironmentSource for Named {
    fn name(&self) -> &str {
        &self.name
    }

    fn make(&self) -> Result<Box<dyn FlatEnvironment>, EnvironmentError> {
        self.source.make()
    }

    fn batch(&self, rngs: Vec<Stream>) -> Result<Box<dyn BatchEnvironment>, EnvironmentError> {
        self.source.batch(rngs)
    }

    fn finite_mdp(&self, gamma: f64) -> Option<Result<FiniteMdp, TableError>> {
        self.source.finite_mdp(gamma)
    }

    fn time_limit(&self) -> Option<usize> {
        self.source.time_limit()
    }
}

impl EnvironmentEntry {
    /// Environments from a source, under a name in lower case.
    pub fn new(name: impl Into<String>, source: impl EnvironmentSource + 'static) -> Self {
        let name = name.into();
        Self {
            description: name.clone(),
            source: Arc::new(Named {
                name: name.clone(),
                source: Arc::new(source),
            }),
            name,
            aliases: Vec::new(),
            remark: None,
            solved_at: None,
            drawable: None,
            filmed: None,
            heuristic: None,
            map: None,
        }
    }

    /// Sets a line about it.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets a remark about what learns in it, and what cannot.
    #[must_use]
    pub fn remarked(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    /// Adds another name.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>) -> Self {
        self.aliases.push(name.into());
        self
    }

    /// Sets the mean return over 100 episodes at which it counts as solved.
    #[must_use]
    pub fn solved_at(mut self, mean_return: f64) -> Self {
        self.solved_at = Some(mean_return);
        self
    }

    /// Sets how to make one that draws itself, for pictures.
    #[must_use]
    pub fn drawn_by<D: Drawable + 'static>(
        mut self,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Self {
        self.drawable = Some(Arc::new(move || Ok(Box::new(make()))));
        self
    }

    /// Sets how to make one that draws itself, where that may fail.
    #[must_use]
    pub fn drawn_by_attempt(
        mut self,
        make: impl Fn() -> Result<Box<dyn Drawable>, EnvironmentError> + Send + Sync + 'static,
    ) -> Self {
        self.drawable = Some(Arc::new(make));
        self
    }

    /// Sets how to make one that has pictures in pixels alone.
    #[must_use]
    pub fn filmed_by(
        mut self,
        make: impl Fn() -> Result<Box<dyn Filmed>, EnvironmentError> + Send + Sync + 'static,
    ) -> Self {
        self.filmed = Some(Arc::new(make));
        self
    }

    /// Sets a rule of thumb to compare policies with.
    #[must_use]
    pub fn heuristic(
        mut self,
        make: impl Fn() -> Box<dyn Policy + Send> + Send + Sync + 'static,
    ) -> Self {
        self.heuristic = Some(Arc::new(make));
        self
    }

    /// Sets the map that its states lie on, for pictures of a greedy policy.
    #[must_use]
    pub fn mapped_by(mut self, map: GridMap) -> Self {
        self.map = Some(map);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A line about it.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// A remark about what learns in it, and what cannot.
    pub fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// Mean return at which it counts as solved.
    pub fn solved(&self) -> Option<f64> {
        self.solved_at
    }

    /// Its source.
    pub fn source(&self) -> &Arc<dyn EnvironmentSource> {
        &self.source
    }

    /// One that draws itself; `None` if there is no such form.
    ///
    /// # Errors
    /// The environment's own.
    pub fn make_drawable(&self) -> Option<Result<Box<dyn Drawable>, EnvironmentError>> {
        self.drawable.as_ref().map(|make| make())
    }

    /// One with pictures in pixels alone; `None` if there is no such form.
    ///
    /// # Errors
    /// The environment's own.
    pub fn make_filmed(&self) -> Option<Result<Box<dyn Filmed>, EnvironmentError>> {
        self.filmed.as_ref().map(|make| make())
    }

    /// Its rule of thumb, if there is one.
    pub fn make_heuristic(&self) -> Option<Box<dyn Policy + Send>> {
        self.heuristic.as_ref().map(|make| make())
    }

    /// The map that its states lie on, if there is one.
    pub fn grid_map(&self) -> Option<&GridMap> {
        self.map.as_ref()
    }

    /// Returns `true` for its name or an alias, whatever the case.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let names = self.aliases.iter().chain([&self.name]);
        names
            .into_iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The entry of an environment of this project.
    pub(crate) fn of(id: EnvironmentId) -> Self {
        let mut entry = Self {
            drawable: Some(Arc::new(move || Ok(id.make_drawable()))),
            solved_at: id.solved_at(),
            map: id.grid_map(),
            ..Self::new(id.name(), id)
        };
        for alias in [id.id(), id.gymnasium_id()] {
            if !entry.is_called(alias) {
                entry = entry.alias(alias);
            }
        }
        let entry = entry.described(id.id()).heuristic(move || id.heuristic());
        match id {
            EnvironmentId::MountainCar => entry.remarked(
                "vpg with weighting = total-return cannot learn: until chance finds the goal, every \
                 return is -200 and every gradient 0",
            ),
            _ => entry,
        }
    }
}
